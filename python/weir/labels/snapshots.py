"""What was there at some moments in, from when to when it was there out."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from .rows import LogError, Row

_SECONDS = re.compile(r"\d{9,11}(\.\d+)?")


@dataclass(frozen=True)
class Socket:
    """Both ends as (address, port), each perhaps None, and the IP protocol."""

    local: tuple
    peer: tuple
    l4_proto: int


@dataclass(frozen=True)
class Owner:
    """Whose a socket is."""

    label: str
    pid: int | None = None
    uid: int | None = None


def time_of(line):
    """Seconds since 1970 if a line is a time: those seconds, or a date with its offset as `date -Is` writes it."""
    text = line.strip()
    if _SECONDS.fullmatch(text):
        return Decimal(text)
    if not re.match(r"\d{4}-\d\d-\d\d[T ]", text):
        return None
    try:
        date = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    if date.tzinfo is None:
        raise ValueError(f"the time `{text}` has no offset from UTC; write it with `date -Is` or `date +%s.%N`")
    since = date - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return Decimal(since.days * 86400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


class Lives:
    """Snapshots, one after the other.

    A socket lived from some time after the snapshot before the first that has it until some time before the snapshot
    after the last that has it: the interval of its row is that, so that it holds the whole life.
    """

    def __init__(self):
        self._time = None
        self._before = None
        self._line = 0
        self._now = {}
        self._living = {}
        self.rows = []
        #: Sockets that were never seen with an owner.
        self.unowned = 0

    def begin(self, time, line):
        """A snapshot begins, which a line of the log says."""
        if self._time is not None:
            if time < self._time:
                raise LogError(f"line {line}: its time is before that of line {self._line}; the log must be in order")
            self._close()
        self._before, self._time, self._line = self._time, time, line

    def see(self, socket, owner, line):
        """The snapshot has a socket; its owner may be None."""
        if self._time is None:
            raise LogError(f"line {line}: a socket before the first time; write the time before each listing, "
                           "as with `date +%s.%N`")
        self._now[socket] = owner or self._now.get(socket)

    def end(self):
        """The log ends; gives the rows."""
        if self._time is not None:
            self._close()
        for socket, (start, owner) in self._living.items():
            self._add(socket, start, None, owner)
        self._living = {}
        return self.rows

    def _close(self):
        for socket in [socket for socket in self._living if socket not in self._now]:
            start, owner = self._living.pop(socket)
            self._add(socket, start, self._time, owner)
        for socket, owner in self._now.items():
            start, known = self._living.get(socket, (self._before, None))
            if known and owner and known != owner:
                self._add(socket, start, self._time, known)
                start = self._before
            self._living[socket] = (start, owner or known)
        self._now = {}

    def _add(self, socket, start, end, owner):
        if owner is None:
            self.unowned += 1
            return
        self.rows.append(Row(*socket.local, *socket.peer, socket.l4_proto, start, end, *_parts(owner)))


def _parts(owner):
    return owner.label, owner.pid, owner.uid
