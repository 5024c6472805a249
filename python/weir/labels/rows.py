"""A line of a file of labels."""

import csv
from dataclasses import dataclass, fields
from decimal import Decimal

TCP, UDP = 6, 17


class LogError(Exception):
    """A log that cannot be used; its text is one sentence with the place."""


@dataclass(frozen=True)
class Row:
    """A socket and whose it was. What is None is not known, and matches any flow."""

    src_ip: str | None
    src_port: int | None
    dst_ip: str | None
    dst_port: int | None
    l4_proto: int
    #: Seconds since 1970.
    start: Decimal | None
    end: Decimal | None
    label: str
    pid: int | None = None
    uid: int | None = None


def write(rows, file):
    """Writes rows as CSV, in the order of their beginnings; columns that no row has are left out."""
    rows = sorted(rows, key=lambda row: (row.start is not None, row.start or 0))
    names = [field.name for field in fields(Row)]
    further = [name for name in ("pid", "uid") if all(getattr(row, name) is None for row in rows)]
    names = [name for name in names if name not in further]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = (getattr(row, name) for name in names)
        writer.writerow("" if cell is None else cell for cell in cells)
