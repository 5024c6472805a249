"""Android's tables of sockets, which name the user id of each; every application has one.

    while :; do date +%s; tail -n +1 /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6; sleep 1; done

Names come from `pm list packages -U`, or from /data/system/packages.list. Applications that share a user id cannot be
told apart: their label names all of them.
"""

import re
import socket as sockets

from .addresses import address
from .rows import TCP, UDP, LogError
from .snapshots import Lives, Owner, Socket, time_of

_TABLE = re.compile(r"==> .*/(tcp|udp)6? <==")
_ENTRY = re.compile(r"\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) ")
_PM_LINE = re.compile(r"package:(\S+)\s+uid:(\d+(?:,\d+)*)")
#: Sockets that listen have no flow of their own; those that only wait for late segments, or are not accepted yet, belong
#: to root, whoever has them.
_LISTEN, _TIME_WAIT, _SYN_RECV = "0A", "06", "03"
#: User ids of the second user of a phone begin here, and so on.
_PER_USER = 100_000


def read(lines, packages=None):
    """The rows of a log. `packages` gives names by user id."""
    lives, packages, protocol = Lives(), packages or {}, None
    for number, line in enumerate(lines, 1):
        try:
            time = time_of(line)
            if time is not None:
                lives.begin(time, number)
                continue
            if table := _TABLE.match(line):
                protocol = TCP if table[1] == "tcp" else UDP
                continue
            found = _entry(line, protocol, packages)
        except ValueError as error:
            raise LogError(f"line {number}: {error}") from error
        if found:
            lives.see(*found, number)
    return lives.end()


def read_packages(lines):
    """Names of packages by user id, in order, those of one id joined by `+`."""
    names = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if found := _PM_LINE.match(line.strip()):
            name, uids = found[1], found[2].split(",")
        elif len(words) >= 2 and words[1].isdigit():
            name, uids = words[0], words[1:2]
        elif not words:
            continue
        else:
            raise LogError(f"line {number}: it names no package with its user id; take `pm list packages -U`")
        for uid in uids:
            names.setdefault(int(uid), set()).add(name)
    return {uid: "+".join(sorted(known)) for uid, known in names.items()}


def _entry(line, protocol, packages):
    found = _ENTRY.match(line)
    if not found:
        return None
    if protocol is None:
        raise ValueError("an entry before the name of its table; take the tables with `tail -n +1`")
    if protocol == TCP and found[5] in (_LISTEN, _TIME_WAIT, _SYN_RECV):
        return None
    words = line.split()
    if len(words) < 8 or not words[7].isdigit():
        raise ValueError("the entry has no user id")
    uid = int(words[7])
    ends = [(_hex_address(found[n]), int(found[n + 1], 16) or None) for n in (1, 3)]
    name = packages.get(uid) or packages.get(uid % _PER_USER) or f"uid-{uid}"
    return Socket(*ends, protocol), Owner(name, uid=uid)


def _hex_address(text):
    """Words of 32 bits as the processor has them, little endian on every Android."""
    if len(text) not in (8, 32):
        raise ValueError(f"`{text}` is no address")
    data = bytes.fromhex(text)
    data = b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
    family = sockets.AF_INET if len(data) == 4 else sockets.AF_INET6
    return address(sockets.inet_ntop(family, data))
