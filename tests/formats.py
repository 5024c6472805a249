"""Compares every cell of `rows.parquet`, `rows.arrow`, and `rows.jsonl` in a folder with `rows.csv` of the same run.

Says what it compared, or ends with the first cell that differs.
"""

import json
import sys
from pathlib import Path

import numpy
import pandas
import pyarrow
from pyarrow import csv, ipc, parquet, types

#: What the dictionary calls a type, and what it must be here.
TYPES = {
    "bool": pyarrow.bool_(),
    "u8": pyarrow.uint8(),
    "u16": pyarrow.uint16(),
    "u32": pyarrow.uint32(),
    "u64": pyarrow.uint64(),
    "i64": pyarrow.int64(),
    "f32": pyarrow.float32(),
    "f64": pyarrow.float64(),
    "time": pyarrow.timestamp("ns", tz="UTC"),
    "duration": pyarrow.duration("ns"),
    "mac": pyarrow.string(),
    "ip": pyarrow.string(),
    "text": pyarrow.string(),
}


def read_csv(path):
    """All cells as text; null is an empty field, an empty text is a quoted one."""
    header = path.read_text().splitlines()[0].split(",")
    table = csv.read_csv(
        path,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={name: pyarrow.string() for name in header},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    assert table.column_names == header
    return table.to_pydict()


def arrow_type(name):
    if name.startswith("list<"):
        return pyarrow.list_(pyarrow.field("item", TYPES[name[5:-1]], nullable=False))
    return TYPES[name]


def element(value, kind):
    """A value as Python compares it: whole numbers, floats of their width with one NaN, texts."""
    if types.is_floating(kind):
        value = numpy.float32(value) if kind == pyarrow.float32() else numpy.float64(value)
        return "NaN" if numpy.isnan(value) else float(value)
    if types.is_boolean(kind):
        assert value in (True, False, "true", "false"), value
        return value in (True, "true")
    return str(value) if types.is_string(kind) else int(value)


def cell(value, kind):
    if value is None:
        return None
    if types.is_list(kind):
        values = json.loads(value) if isinstance(value, str) else value
        # JSON has no other word for what is no number.
        return [element("nan" if one is None else one, kind.value_type) for one in values]
    return element(value, kind)


def as_integers(kind):
    """Times and durations as the whole numbers that CSV has of them."""
    if types.is_list(kind):
        return pyarrow.list_(as_integers(kind.value_type))
    return pyarrow.int64() if types.is_timestamp(kind) or types.is_duration(kind) else kind


def check_columns(name, columns, expected, kinds):
    assert list(columns) == list(expected), f"{name}: columns differ"
    for column, values in columns.items():
        kind = kinds[column]
        assert len(values) == len(expected[column]), f"{name}: {len(values)} rows"
        for row, (value, text) in enumerate(zip(values, expected[column])):
            found, wanted = cell(value, kind), cell(text, kind)
            assert found == wanted, f"{name}, row {row}, {column}: {found!r} instead of {wanted!r}"


def check_table(name, table, expected, dictionary):
    kinds = {}
    for field, entry in zip(table.schema, dictionary["columns"], strict=True):
        assert field.name == entry["name"] and field.nullable
        assert field.type == arrow_type(entry["type"]), f"{name}: {field}"
        facts = {key.decode(): text.decode() for key, text in field.metadata.items()}
        for key in ("plugin", "type", "unit", "scope", "definition", "source"):
            assert facts[key] == entry[key], f"{name}, {field.name}: {key}"
        for key in ("tags", "bits"):
            assert json.loads(facts.get(key, "[]")) == entry[key], f"{name}, {field.name}: {key}"
        kinds[field.name] = as_integers(field.type)
    columns = {name: column.cast(kinds[name]).to_pylist() for name, column in zip(table.column_names, table.columns)}
    check_columns(name, columns, expected, kinds)
    said = table.schema.metadata
    assert said[b"weir.version"].decode() == dictionary["weir"]
    assert said[b"weir.rows"].decode() == dictionary["rows"]
    assert json.loads(said[b"weir.inputs"])[0].endswith("sample.pcap")
    plugins = {plugin["name"]: plugin for plugin in json.loads(said[b"weir.plugins"])}
    assert {entry["plugin"] for entry in dictionary["columns"]} <= plugins.keys()
    return kinds


def check_json(path, expected, kinds):
    def finite(column):
        floats = types.is_floating(kinds[column])
        return [None if floats and text in ("NaN", "inf", "-inf") else text for text in expected[column]]

    wanted = {column: finite(column) for column in expected}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(list(row) == list(wanted) for row in rows)
    check_columns(path.name, {column: [row[column] for row in rows] for column in wanted}, wanted, kinds)
    frame = pandas.read_json(path, lines=True, dtype=False, precise_float=True)
    assert list(frame.columns) == list(wanted) and len(frame) == len(rows)
    for column, texts in wanted.items():
        kind = kinds[column]
        for row, (value, text) in enumerate(zip(frame[column].tolist(), texts)):
            missing = not isinstance(value, list) and pandas.isna(value)
            found, wanted_here = cell(None if missing else value, kind), cell(text, kind)
            if types.is_integer(kind) and isinstance(value, float) and not missing:
                # pandas makes floats of whole numbers where a column has nulls, too.
                wanted_here = int(float(wanted_here))
            assert found == wanted_here, f"pandas, row {row}, {column}: {found!r} instead of {wanted_here!r}"


def main(folder):
    expected = read_csv(folder / "rows.csv")
    dictionary = json.loads((folder / "rows.columns.json").read_text())
    kinds = check_table("parquet", parquet.read_table(folder / "rows.parquet"), expected, dictionary)
    check_table("arrow", ipc.open_file(folder / "rows.arrow").read_all(), expected, dictionary)
    check_json(folder / "rows.jsonl", expected, kinds)
    frame = pandas.read_parquet(folder / "rows.parquet")
    assert list(frame.columns) == list(expected)
    rows = len(next(iter(expected.values())))
    nulls = sum(text is None for texts in expected.values() for text in texts)
    print(f"{rows} rows of {len(expected)} columns, {nulls} cells null, {len(set(map(str, kinds.values())))} types")


main(Path(sys.argv[1]))
