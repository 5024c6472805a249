"""Listings of sockets, `ss -tunp` or `netstat -tunp`, each behind a line with its time.

    while :; do date +%s.%N; ss -tunp; sleep 1; done > sockets.log

Only root sees the programs of others. TCP sockets that listen have no flow of their own, and those that only wait for
late segments no owner; both are left out.
"""

import re

from .addresses import endpoint
from .rows import TCP, UDP, LogError
from .snapshots import Lives, Owner, Socket, time_of

_LEFT_OUT = {"LISTEN", "TIME-WAIT", "TIME_WAIT", "SYN-RECV", "SYN_RECV"}
_PROTOCOLS = {"tcp": TCP, "tcp6": TCP, "udp": UDP, "udp6": UDP}
_SS_USER = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=(\d+)')
_NETSTAT = re.compile(
    r"\w+\s+\d+\s+\d+\s+(?P<local>\S+)\s+(?P<peer>\S+)\s+(?:(?P<state>[A-Z][A-Z0-9_]+)\s+)?"
    r"(?P<program>-|\d+/.*)?\s*"
)


def read_ss(lines):
    """The rows of a log of `ss -tunp`, and how many sockets had no owner."""
    return _read(lines, _ss_line)


def read_netstat(lines):
    """The rows of a log of `netstat -tunp`, and how many sockets had no owner."""
    return _read(lines, _netstat_line)


def _read(lines, parse):
    lives = Lives()
    for number, line in enumerate(lines, 1):
        try:
            time = time_of(line)
            if time is not None:
                lives.begin(time, number)
                continue
            words = line.split(None, 1)
            if not words or words[0] not in _PROTOCOLS:
                continue
            found = parse(line, _PROTOCOLS[words[0]])
        except ValueError as error:
            raise LogError(f"line {number}: {error}") from error
        if found:
            lives.see(*found, number)
    return lives.end(), lives.unowned


def _ss_line(line, l4_proto):
    words = line.split(None, 6)
    if len(words) < 6:
        raise ValueError("it has fewer columns than a line of `ss -tun`")
    if words[1] in _LEFT_OUT:
        return None
    user = _SS_USER.search(words[6]) if len(words) > 6 else None
    owner = Owner(user[1], int(user[2])) if user else None
    return Socket(endpoint(words[4]), endpoint(words[5]), l4_proto), owner


def _netstat_line(line, l4_proto):
    found = _NETSTAT.fullmatch(line.strip() + " ")
    if not found:
        raise ValueError("it is no line of `netstat -tunp`")
    if found["state"] in _LEFT_OUT:
        return None
    pid, _, name = (found["program"] or "-").strip().partition("/")
    # Titles of processes may follow the name: `1234/sshd: user`.
    name = name.split(": ")[0].strip()
    owner = Owner(name, int(pid)) if name else None
    return Socket(endpoint(found["local"]), endpoint(found["peer"]), l4_proto), owner
