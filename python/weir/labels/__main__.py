"""`python -m weir.labels`: a log in, a file of labels out."""

import argparse
import re
import sys
from datetime import date, timedelta

from . import android, listings
from .rows import LogError, write
from .strace import Trace


def main(arguments=None, out=None):
    """Runs the command; gives its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        with _open(chosen.log) as lines:
            rows = chosen.read(lines, chosen)
        if not rows:
            raise LogError(f"no socket with an owner was found; see `python -m weir.labels {chosen.kind} --help`")
    except (LogError, OSError, UnicodeDecodeError) as error:
        print(f"error: {chosen.log}: {error}", file=sys.stderr)
        return 1
    write(rows, out or sys.stdout)
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m weir.labels", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    strace = _kind(kinds, "strace", "system calls: strace -f -ttt -yy -e trace=%%network,%%process,close", _strace)
    strace.add_argument("--label", help="the label of all rows, rather than the name of each program")
    strace.add_argument("--date", type=date.fromisoformat, help="the day on which a log with times of day begins")
    strace.add_argument("--utc-offset", type=_offset, default=timedelta(0), metavar="+HH:MM",
                        help="the offset of these times from UTC")
    _kind(kinds, "ss", "listings of ss -tunp, each behind its time", _listing(listings.read_ss))
    _kind(kinds, "netstat", "listings of netstat -tunp, each behind its time", _listing(listings.read_netstat))
    proc = _kind(kinds, "proc", "Android's tables of sockets, each behind its time", _proc)
    proc.add_argument("--packages", help="names of applications, from pm list packages -U")
    return parser


def _kind(kinds, name, text, read):
    kind = kinds.add_parser(name, help=text, description=text.replace("%%", "%"))
    kind.add_argument("log", help="the log, - for standard input")
    kind.set_defaults(read=read)
    return kind


def _strace(lines, chosen):
    return Trace(chosen.label, chosen.date, chosen.utc_offset).read(lines)


def _listing(read):
    return lambda lines, _: _told(*read(lines))


def _proc(lines, chosen):
    packages = {}
    if chosen.packages:
        with _open(chosen.packages) as names:
            try:
                packages = android.read_packages(names)
            except LogError as error:
                raise LogError(f"packages `{chosen.packages}`, {error}") from error
    return android.read(lines, packages)


def _told(rows, unowned):
    if unowned:
        print(f"note: {unowned} sockets without an owner were left out; only root sees those of others",
              file=sys.stderr)
    return rows


def _open(name):
    if name == "-":
        return open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)
    return open(name, encoding="utf-8", errors="replace")


def _offset(text):
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"`{text}` is no offset such as +02:00")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset


if __name__ == "__main__":
    sys.exit(main())
