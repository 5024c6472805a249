"""Columns of a run as inputs of a model."""

import numpy
import pandas

#: What tells who or when instead of what.
_LEFT_OUT = {"address", "port", "time", "identifier"}
_NUMBERS = {"bool", "u8", "u16", "u32", "u64", "i64", "f32", "f64", "duration"}
#: A set of features: the tag that its columns carry; none for any.
_SETS = {"all": None, "statistical": "statistical", "size_timing": "packet_size_timing"}


def features(rows, which="all", *, plugins=None, without=()):
    """Names of columns that can be inputs of a model, in the order of the header.

    which: "all" for every column of numbers or truth values that the dictionary does not tag as `address`, `port`,
        `time`, or `identifier`; "statistical" for those of them with the tag `statistical`, which can be computed
        with; "size_timing" for those with the tag `packet_size_timing`.
    plugins: only columns of these plugins.
    without: names to leave out.

    A list whose length is the same in all rows counts as so many columns, `name.0` and so on; other lists are left
    out. Columns of the plugins `classifier` and `label` are never inputs.
    """
    if which not in _SETS:
        raise ValueError(f"there is no set of features `{which}`; there are {', '.join(_SETS)}")
    meaning = rows.attrs["weir"]
    names = []
    for name in meaning:
        if _is_wanted(meaning[name], _SETS[which], plugins) and name not in without:
            names.extend(_inputs(name, meaning[name]["type"], rows))
    return [name for name in names if name not in without]


def _is_wanted(entry, tag, plugins):
    tags = set(entry["tags"])
    if entry["plugin"] in ("classifier", "label") or tags & _LEFT_OUT:
        return False
    return (tag is None or tag in tags) and (plugins is None or entry["plugin"] in plugins)


def _inputs(name, kind, rows):
    if kind in _NUMBERS:
        return [name]
    if not kind.startswith("list<") or kind[5:-1] not in _NUMBERS:
        return []
    lengths = {len(cell) for cell in rows[name] if cell is not None}
    return [f"{name}.{at}" for at in range(lengths.pop())] if len(lengths) == 1 else []


def matrix(rows, columns):
    """These columns as double precision numbers, as the exporter's classifier sees them; what is absent is NaN.

    Spans of time are nanoseconds, points in time nanoseconds since 1970, truth values 0 and 1.
    """
    return pandas.DataFrame({name: _numbers(rows, name) for name in columns}, index=rows.index)


def _numbers(rows, name):
    if name not in rows.columns:
        base, _, element = name.rpartition(".")
        at = int(element)
        cells = (numpy.nan if cell is None or len(cell) <= at else cell[at] for cell in rows[base])
        return numpy.fromiter((numpy.nan if cell is None else cell for cell in cells), float, len(rows))
    column = rows[name]
    if column.dtype.kind in "mM":
        numbers = column.astype("int64").to_numpy().astype(float)
        return numpy.where(column.isna(), numpy.nan, numbers)
    return column.to_numpy(dtype=float, na_value=numpy.nan)
