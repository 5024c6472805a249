"""Rows and their dictionary → tables.

Tables carry the dictionary of their columns: `rows.attrs["weir"]` is a `Dictionary`.
"""

import json
from pathlib import Path

import numpy
import pandas

#: How pandas holds each type; lists are objects. Floats keep their width: what was single precision must be widened,
#: not parsed as double precision, or models see other numbers than the exporter.
_TYPES = {
    "bool": "boolean",
    "u8": "UInt8",
    "u16": "UInt16",
    "u32": "UInt32",
    "u64": "UInt64",
    "i64": "Int64",
    "f32": "float32",
    "f64": "float64",
    "time": "Int64",
    "duration": "Int64",
}
_COMPRESSIONS = (".gz", ".zst")


class Dictionary:
    """What each column of a run means, by its name: `dictionary["duration_a"]["definition"]`."""

    def __init__(self, facts):
        self.facts = facts
        self.columns = {entry["name"]: entry for entry in facts["columns"]}

    def __getitem__(self, name):
        return self.columns[name]

    def __contains__(self, name):
        return name in self.columns

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return len(self.columns)

    def __deepcopy__(self, _memo):
        """Tables copy what they carry with every operation, and this never changes."""
        return self

    @property
    def rows(self):
        """What a row stands for: `conversation` or `direction`."""
        return self.facts["rows"]


def _bare(path):
    """The path without compression and extension, and the extension."""
    path = Path(path)
    bare = path.with_suffix("") if path.suffix in _COMPRESSIONS else path
    return bare.with_suffix(""), bare.suffix


def dictionary(path):
    """The dictionary of a file of rows: `x.columns.json` beside it, or `columns.json` of its folder.

    That of a table that has a file for each capture, `x.bursts.csv`, is `bursts.columns.json` of the folder.
    """
    stem, _ = _bare(path)
    if stem.suffix == ".flows":
        stem = stem.with_suffix("")
    of_table = [stem.parent / f"{stem.suffix[1:]}.columns.json"] if stem.suffix else []
    candidates = [stem.with_name(stem.name + ".columns.json"), *of_table, stem.parent / "columns.json"]
    for candidate in candidates:
        if candidate.exists():
            return Dictionary(json.loads(candidate.read_text(encoding="utf-8")))
    raise FileNotFoundError(f"rows `{path}` have no dictionary: there is no `{candidates[0]}`")


def read(path, columns=None):
    """The rows of a run, or of several, with the types that the dictionary tells; all columns, or only some.

    Times become UTC timestamps, spans of time timedeltas, lists Python lists; what is absent is NA, or NaN in columns
    of floats. Several paths make one table with a column `capture`, the name of each file without its extensions.
    """
    if not isinstance(path, (str, Path)):
        return _read_all([Path(one) for one in path], columns)
    meaning = dictionary(path)
    _, extension = _bare(path)
    if extension in (".csv", ".tsv"):
        frame = _read_text(path, "," if extension == ".csv" else "\t", meaning, columns)
    elif extension in (".parquet", ".arrow", ".jsonl"):
        table = read_arrow(path)
        frame = _of_arrow(table if columns is None else table.select(list(columns)), meaning)
    else:
        raise ValueError(f"`{path}` is none of csv, tsv, parquet, arrow, and jsonl")
    frame.attrs["weir"] = meaning
    return frame


def _read_all(paths, columns):
    frames = [read(path, columns).assign(capture=_bare(path)[0].name.removesuffix(".flows")) for path in paths]
    if not frames:
        raise ValueError("no file was named")
    meanings = [frame.attrs["weir"] for frame in frames]
    if any(list(meaning) != list(meanings[0]) for meaning in meanings):
        raise ValueError("the files have other columns: they are of runs with other plugins")
    for frame in frames:
        frame.attrs = {}
    whole = pandas.concat(frames, ignore_index=True)
    whole.attrs["weir"] = meanings[0]
    return whole


# From pandas 3.1 on, floats are parsed exactly.
def _read_text(path, separator, meaning, columns):
    kinds = {name: meaning[name]["type"] for name in (meaning if columns is None else columns)}
    frame = pandas.read_csv(
        path,
        sep=separator,
        usecols=list(kinds),
        dtype={name: _TYPES.get(kind, "string") for name, kind in kinds.items()},
        keep_default_na=False,
        na_values={name: [""] for name in kinds},
    )
    return pandas.DataFrame({name: _typed(column, kinds[name]) for name, column in frame.items()}, copy=False)


def _typed(column, kind):
    """Times, spans, and lists as what they are."""
    if kind.startswith("list<"):
        cells = [None if cell is pandas.NA else json.loads(cell) for cell in column]
        return pandas.Series(cells, index=column.index, dtype=object)
    if kind in ("time", "duration"):
        return _moments(column, kind)
    return column


def _moments(column, kind):
    numbers = column.to_numpy(dtype="int64", na_value=numpy.iinfo("int64").min)
    if kind == "duration":
        return pandas.Series(numbers.view("timedelta64[ns]"), index=column.index)
    return pandas.Series(numbers.view("datetime64[ns]"), index=column.index).dt.tz_localize("UTC")


def _of_arrow(table, meaning):
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns[name] = _of_arrow_column(column, meaning[name]["type"])
    return pandas.DataFrame(columns)


def _of_arrow_column(column, kind):
    from pyarrow import types

    if kind.startswith("list<"):
        return pandas.Series(column.to_pylist(), dtype=object)
    if kind in ("time", "duration"):
        if types.is_integer(column.type):
            return _moments(_whole(column, "Int64"), kind)
        return column.to_pandas().astype("datetime64[ns, UTC]" if kind == "time" else "timedelta64[ns]")
    dtype = _TYPES.get(kind, "string")
    return column.to_pandas().astype(dtype) if kind in ("f32", "f64") else _whole(column, dtype)


def _whole(column, dtype):
    """Without a detour over floats, which hold no number beyond 2^53 exactly."""
    return pandas.Series(pandas.array(column.to_pylist(), dtype=dtype))


def read_arrow(path):
    """The same rows as an Arrow table. Text formats go through `read` first."""
    import pyarrow
    from pyarrow import ipc, json as lines, parquet

    _, extension = _bare(path)
    if extension == ".parquet":
        return parquet.read_table(path)
    if extension == ".arrow":
        return ipc.open_file(path).read_all()
    if extension == ".jsonl":
        schema = _schema(dictionary(path))
        with pyarrow.input_stream(str(path), compression="detect") as stream:
            return lines.read_json(stream, parse_options=lines.ParseOptions(explicit_schema=schema))
    frame = read(path)
    return pyarrow.table({name: _arrow_column(column) for name, column in frame.items()})


def _arrow_column(column):
    import pyarrow

    return pyarrow.array(column.tolist() if column.dtype == object else column, from_pandas=True)


def _schema(meaning):
    import pyarrow

    simple = {"f32": pyarrow.float32(), "f64": pyarrow.float64(), "bool": pyarrow.bool_(), "i64": pyarrow.int64()}
    simple |= {f"u{bits}": getattr(pyarrow, f"uint{bits}")() for bits in (8, 16, 32, 64)}
    simple |= {"time": pyarrow.int64(), "duration": pyarrow.int64()}

    def of(kind):
        if kind.startswith("list<"):
            return pyarrow.list_(of(kind[5:-1]))
        return simple.get(kind, pyarrow.string())

    return pyarrow.schema([(name, of(meaning[name]["type"])) for name in meaning])
