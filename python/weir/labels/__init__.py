"""Files of labels for weir's plugin `label`, from records of which program owned which socket when.

    python -m weir.labels strace trace.log > labels.csv
    weir -p +label -o label.file=labels.csv capture.pcap

| module | what it reads |
| --- | --- |
| `strace` | system calls of a program, `strace -f -ttt -yy` |
| `listings` | `ss -tunp` and `netstat -tunp`, again and again |
| `android` | `/proc/net/tcp`, `tcp6`, `udp`, `udp6` with user ids, again and again |

What they find are `Row`s. Nothing beyond Python's own library is needed.
"""

from .rows import LogError, Row, write

__all__ = ["LogError", "Row", "write"]
