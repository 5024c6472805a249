"""The sockets in a log of strace.

    strace -f -ttt -yy -e trace=%network,%process,close,dup,dup2,dup3,fcntl -o trace.log PROGRAM

`-yy` shows local addresses; without it they are known only where the program binds or asks for them. With `-tt` a log
has times of day, so the date must be given. Without the calls that make processes (`%process`), all processes of the
log are taken for threads of one.

A row is a socket with one peer: from the call that first named the peer (connect, send, receive, accept) to the end of
the socket. A UDP socket that was bound but names no peer has a row with its own end alone.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from .addresses import address, endpoint
from .rows import TCP, UDP, LogError, Row

_LINE = re.compile(
    r"(?:\[pid\s+(?P<pid>\d+)(?:<(?P<name>[^>]*)>)?\]\s+|(?P<plain>\d+)(?:<(?P<plain_name>[^>]*)>)?\s+)?"
    r"(?:(?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?)|(?P<seconds>\d{9,11}\.\d+))\s+(?P<call>.*)"
)
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?)(?P<rest>.*)")
_UNFINISHED = re.compile(r"(?P<begin>\w+\(.*?),?\s*<unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>,?\s*(?P<rest>.*)")
_FD = re.compile(r"\s*(\d+)(?:<(.*?)>(?=,|$|\s))?")
_SHOWN = re.compile(r"(TCP|UDP)(?:v6)?:\[(.*?)(?:->(.*?))?\]$")
_IPV4 = re.compile(r'sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_IPV6 = re.compile(r'sa_family=AF_INET6, sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')

_SENDING = {"sendto", "sendmsg", "sendmmsg"}
_RECEIVING = {"recvfrom", "recvmsg", "recvmmsg"}
_FORKS = {"fork", "vfork", "clone", "clone3"}
#: Errors of connect after which nothing was sent.
_NOT_SENT = ("EBADF", "EINVAL", "EFAULT", "ENOTSOCK", "EAFNOSUPPORT", "ENETUNREACH", "EADDRNOTAVAIL", "EACCES")


@dataclass
class _Socket:
    l4_proto: int
    opened: Decimal
    pid: int
    local: tuple = (None, None)
    #: When each peer was first named.
    peers: dict = field(default_factory=dict)
    #: How many descriptors there are of it.
    held: int = 0
    is_listening: bool = False

    def meet(self, peer, time):
        if peer and peer != (None, None):
            self.peers.setdefault(peer, time)


class Trace:
    """A log, line by line."""

    def __init__(self, label=None, date=None, offset=timedelta(0)):
        self._label = label
        self._date = date
        self._zone = timezone(offset)
        self._last = None
        self._tables = {}
        self._knows_processes = False
        self._names = {}
        self._begun = {}
        self.rows = []

    def read(self, lines):
        """Takes all lines; gives the rows."""
        for number, line in enumerate(lines, 1):
            try:
                self._line(line.rstrip("\n"))
            except ValueError as error:
                raise LogError(f"line {number}: {error}") from error
        for table in self._distinct_tables():
            for fd in list(table):
                self._release(table.pop(fd), None)
        return self.rows

    def _line(self, line):
        found = _LINE.match(line)
        if not found:
            return
        pid = int(found["pid"] or found["plain"] or 0)
        name = found["name"] or found["plain_name"]
        if name:
            self._names.setdefault(pid, name)
        time, text = self._time(found), found["call"]
        if begun := _UNFINISHED.match(text):
            self._begun[pid] = (time, begun["begin"])
            return
        if resumed := _RESUMED.match(text):
            time, begin = self._begun.pop(pid, (time, None))
            if begin is None:
                return
            text = f"{begin}, {resumed['rest']}" if not resumed["rest"].startswith(")") else begin + resumed["rest"]
        if text.startswith("+++ "):
            self._end_of(pid, time)
        elif call := _CALL.match(text):
            self._call(pid, time, call)

    def _time(self, found):
        if found["seconds"]:
            return Decimal(found["seconds"])
        if self._date is None:
            raise ValueError(f"`{found['clock']}` is a time without a date; give it with `--date YYYY-MM-DD`")
        clock, _, fraction = found["clock"].partition(".")
        hours, minutes, seconds = map(int, clock.split(":"))
        midnight = datetime.combine(self._date, datetime.min.time(), self._zone)
        since = midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        time = Decimal(int(since.timestamp())) + Decimal("0." + (fraction or "0"))
        # Lines are nearly in order; half a day back means that midnight was passed.
        if self._last is not None and time < self._last - 43_200:
            self._date += timedelta(days=1)
            time += 86_400
        self._last = time
        return time

    def _call(self, pid, time, call):
        name, arguments, result = call["name"], call["arguments"], call["result"]
        table = self._table(pid)
        if name == "execve" and result == "0":
            self._exec(pid, arguments)
        elif name in _FORKS and result not in ("?", "-1"):
            self._fork(name, table, pid, int(result), arguments)
        elif name in ("exit_group", "exit"):
            return
        elif name == "socket":
            self._open(table, pid, time, arguments, result, call["rest"])
        elif descriptor := _FD.match(arguments):
            self._on_socket(table, int(descriptor[1]), descriptor[2], pid, time, call)

    def _exec(self, pid, arguments):
        if path := re.match(r'"((?:[^"\\]|\\.)*)"', arguments):
            self._names[pid] = path[1].rsplit("/", 1)[-1]

    def _fork(self, name, table, pid, child, arguments):
        self._knows_processes = True
        is_thread = name.startswith("clone") and "CLONE_FILES" in arguments
        self._names.setdefault(child, self._names.get(pid))
        if child in self._tables:
            return
        if not is_thread:
            table = dict(table)
            for socket in table.values():
                socket.held += 1
        self._tables[child] = table

    def _table(self, pid):
        if pid not in self._tables:
            first = next(iter(self._tables.values()), None)
            is_thread = first is not None and not self._knows_processes
            self._tables[pid] = first if is_thread else {}
        return self._tables[pid]

    def _distinct_tables(self):
        return list({id(table): table for table in self._tables.values()}.values())

    def _end_of(self, pid, time):
        table = self._tables.pop(pid, None)
        # Threads share a table, which ends with the last of them.
        if table is not None and not any(other is table for other in self._tables.values()):
            for fd in list(table):
                self._release(table.pop(fd), time)

    def _open(self, table, pid, time, arguments, result, rest):
        kinds = {"SOCK_STREAM": TCP, "SOCK_DGRAM": UDP}
        l4_proto = next((proto for kind, proto in kinds.items() if kind in arguments), None)
        if arguments.startswith(("AF_INET", "PF_INET")) and l4_proto and result.isdigit():
            self._put(table, int(result), _Socket(l4_proto, time, pid), time)

    def _on_socket(self, table, fd, shown, pid, time, call):
        name, arguments, result, rest = call["name"], call["arguments"], call["result"], call["rest"]
        if shown and fd not in table and name != "close" and (opened := _SHOWN.match(shown)):
            # It was opened before the log begins, or by someone who is not in it.
            self._put(table, fd, _Socket(TCP if opened[1] == "TCP" else UDP, None, pid), time)
        socket = table.get(fd)
        if socket is None:
            return
        if shown:
            self._show(socket, shown, time)
        succeeded = result not in ("-1", "?")
        if name == "close" and succeeded:
            self._release(table.pop(fd), time)
        elif name in ("dup", "dup2", "dup3") and succeeded or name == "fcntl" and "F_DUPFD" in arguments and succeeded:
            self._put(table, int(result), socket, time)
        elif name == "listen" and succeeded:
            socket.is_listening = True
        elif name in ("bind", "getsockname") and succeeded:
            socket.local = _known(_address_in(arguments), socket.local)
        elif name == "connect" and not any(error in rest for error in _NOT_SENT):
            socket.meet(_address_in(arguments), time)
        elif name in _SENDING or name in _RECEIVING or name == "getpeername":
            self._exchange(socket, name, arguments, succeeded, time)
        elif name in ("accept", "accept4") and succeeded:
            self._accept(table, socket, arguments, int(result), rest, pid, time)

    def _exchange(self, socket, name, arguments, succeeded, time):
        if succeeded and socket.l4_proto == UDP:
            for peer in _addresses_in(arguments):
                socket.meet(peer, time)
        elif succeeded and name == "getpeername":
            socket.meet(_address_in(arguments), time)

    def _accept(self, table, listener, arguments, fd, rest, pid, time):
        socket = _Socket(listener.l4_proto, time, pid, local=listener.local)
        socket.meet(_address_in(arguments), time)
        self._put(table, fd, socket, time)
        if shown := re.match(r"<(.*)>", rest):
            self._show(socket, shown[1], time)

    def _show(self, socket, shown, time):
        ends = _SHOWN.match(shown)
        if not ends or ":" not in ends[2]:
            return
        socket.local = _known(endpoint(ends[2]), socket.local)
        if ends[3]:
            socket.meet(endpoint(ends[3]), time)

    def _put(self, table, fd, socket, time):
        if table.get(fd) is socket:
            return
        if fd in table:
            self._release(table.pop(fd), time)
        socket.held += 1
        table[fd] = socket

    def _release(self, socket, time):
        socket.held -= 1
        if socket.held > 0:
            return
        label = self._label or self._names.get(socket.pid) or f"pid-{socket.pid}"
        peers = list(socket.peers.items())
        if not peers and socket.l4_proto == UDP and socket.local[1]:
            peers = [((None, None), socket.opened)]
        for peer, start in peers:
            self.rows.append(Row(*socket.local, *peer, socket.l4_proto, start, time, label, socket.pid or None))


def _addresses_in(text):
    found = [(at.start(), address(at[2]), int(at[1])) for kind in (_IPV4, _IPV6) for at in kind.finditer(text)]
    return [(host, port or None) for _, host, port in sorted(found, key=lambda one: one[0])]


def _address_in(text):
    return next(iter(_addresses_in(text)), None)


def _known(new, old):
    """The parts of an end that are known now."""
    return tuple(part if part is not None else before for part, before in zip(new or (None, None), old))
