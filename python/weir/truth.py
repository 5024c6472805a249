"""Labels of rows that have a time of their own, such as bursts and dialogs, from a file of labels.

The plugin `label` labels flows. A row of a table is a part of a flow or of a client's traffic, so it has the labels of
those lines of the file whose ends are those of the flow (in either orientation) or client, and whose interval shares a
time with that of the row.
"""

import ipaddress
from pathlib import Path

import numpy
import pandas

_ENDS = ["src_ip", "src_port", "dst_ip", "dst_port"]
_KNOWN = [*_ENDS, "l4_proto", "start", "end", "label"]
_PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1"}


class Truth:
    """The lines of a file of labels: CSV with a header, as the plugin `label` reads it, without subnets and ranges."""

    def __init__(self, lines):
        self.lines = lines

    @classmethod
    def read(cls, path):
        """Raises ValueError with the place for a line that cannot be used."""
        lines = pandas.read_csv(path, dtype="string", keep_default_na=False, skipinitialspace=True)
        if "label" not in lines:
            raise ValueError(f"file of labels `{path}`, line 1: there is no column `label`")
        for name in _KNOWN:
            if name not in lines:
                lines[name] = ""
        for name, number in (("start", -numpy.inf), ("end", numpy.inf)):
            lines[name] = _checked(lines, name, path, lambda text, number=number: _nanoseconds(text, number))
        for name in ("src_ip", "dst_ip"):
            lines[name] = _checked(lines, name, path, _address)
        for name in ("src_port", "dst_port"):
            lines[name] = _checked(lines, name, path, _port)
        lines["l4_proto"] = [_PROTOCOLS.get(text.lower(), text) for text in lines["l4_proto"]]
        return cls(lines)

    @property
    def further(self):
        """Names of further columns."""
        return [name for name in self.lines if name not in _KNOWN]

    def matches(self, ends, first, last):
        """For each row the places of the lines that mean it, in the order of the file.

        ends: a table with any of src_ip, src_port, dst_ip, dst_port, l4_proto as text; what it lacks matches nothing
            but what a line leaves out.
        first, last: the times of each row, as nanoseconds since 1970.
        """
        found = [[] for _ in range(len(first))]
        first, last = numpy.asarray(first, dtype=float), numpy.asarray(last, dtype=float)
        order = numpy.argsort(first, kind="stable")
        sorted_first = first[order]
        longest = float((last - first).max()) if len(first) else 0.0
        cells = {name: ends[name].to_numpy(dtype=object) for name in ends}
        for place, line in enumerate(self.lines[_KNOWN].itertuples(index=False)):
            low = numpy.searchsorted(sorted_first, line.start - longest, side="left")
            high = numpy.searchsorted(sorted_first, line.end, side="right")
            near = order[low:high]
            near = near[last[near] >= line.start]
            for row in near[_has_ends(cells, line, near)]:
                found[row].append(place)
        return found

    def label(self, ends, first, last):
        """For each row its label, absent if no line means it or lines with different labels do; and the row's places
        of lines as `matches` gives them."""
        found = self.matches(ends, first, last)
        names = self.lines["label"].to_numpy(dtype=object)
        labels = [{names[place] for place in places} for places in found]
        return pandas.Series([one.pop() if len(one) == 1 else None for one in labels], dtype="string"), found


def ends_of(flows, table):
    """The ends of each row of a table of flows' parts, by its `flow_index` (and `capture`, if there is one)."""
    keys = ["capture", "flow_index"] if "capture" in table else ["flow_index"]
    known = flows.drop_duplicates(keys)[[*keys, *_ENDS, "l4_proto"]]
    ends = table[keys].merge(known, on=keys, how="left", sort=False)[[*_ENDS, "l4_proto"]]
    return ends.astype("string").astype(object).where(ends.notna(), None)


def nanoseconds(times):
    """Points in time as whole nanoseconds since 1970."""
    return times.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[ns]").astype("int64").to_numpy()


def _has_ends(cells, line, near):
    forward, backward = numpy.ones(len(near), bool), numpy.ones(len(near), bool)
    for name in _ENDS:
        wanted = getattr(line, name)
        if wanted != "":
            other = name.replace("src", "dst") if name.startswith("src") else name.replace("dst", "src")
            forward &= _equal(cells, name, near, wanted)
            backward &= _equal(cells, other, near, wanted)
    either = forward | backward
    return either & _equal(cells, "l4_proto", near, line.l4_proto) if line.l4_proto != "" else either


def _equal(cells, name, near, wanted):
    return cells[name][near] == wanted if name in cells else numpy.zeros(len(near), bool)


def _checked(lines, name, path, read):
    values = []
    for number, text in enumerate(lines[name], start=2):
        try:
            values.append(read(text))
        except ValueError as error:
            raise ValueError(f"file of labels `{Path(path)}`, line {number}: `{text}` is no {name}: {error}") from None
    return values


def _nanoseconds(text, absent):
    if text == "":
        return absent
    try:
        return float(text) * 1e9
    except ValueError:
        moment = pandas.Timestamp(text)
    moment = moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
    return float(moment.as_unit("ns").value)


def _address(text):
    return text if text == "" else str(ipaddress.ip_address(text))


def _port(text):
    return text if text == "" else str(int(text))
