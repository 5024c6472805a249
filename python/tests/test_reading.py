"""Rows and their dictionary become tables, and columns become inputs."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy
import pandas
import weir

TYPES = {
    "flow_index": ("u64", ["identifier"]),
    "time_first": ("time", ["time"]),
    "duration": ("duration", ["statistical"]),
    "src_ip": ("ip", ["address"]),
    "mean": ("f32", ["statistical", "packet_size_timing"]),
    "bytes": ("u64", ["statistical", "packet_size_timing", "counter"]),
    "bins": ("list<u16>", ["statistical", "packet_size_timing"]),
    "names": ("list<text>", []),
    "lengths": ("list<u16>", []),
    "is_odd": ("bool", []),
    "class_label": ("text", []),
}
CSV = """\
flow_index,time_first,duration,src_ip,mean,bytes,bins,names,lengths,is_odd,class_label
1,1704067200105957837,-5,10.0.0.1,0.1,18446744073709551615,"[1,2]","[""a,b""]",[7],true,NA
2,1704067200105957838,,,,,"[3,4]",,"[]",,
"""


def entry(name, kind, tags):
    plugin = "classifier" if name.startswith("class_") else "test"
    return {"name": name, "type": kind, "tags": tags, "plugin": plugin, "definition": f"What {name} is."}


class Rows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        columns = [entry(name, kind, tags) for name, (kind, tags) in TYPES.items()]
        facts = {"weir": "0.1.0", "rows": "conversation", "columns": columns}
        (self.folder / "x.columns.json").write_text(json.dumps(facts))
        (self.folder / "x.flows.csv").write_text(CSV)
        self.rows = weir.read(self.folder / "x.flows.csv")

    def test_cells_have_their_types(self):
        first, second = self.rows.iloc[0], self.rows.iloc[1]
        self.assertEqual(first["bytes"], 2**64 - 1)
        self.assertEqual(first["time_first"], pandas.Timestamp(1704067200105957837, tz="UTC"))
        self.assertEqual(first["duration"], pandas.Timedelta(-5))
        self.assertEqual(self.rows["mean"].dtype, numpy.float32)
        self.assertEqual((first["bins"], first["names"], first["class_label"]), ([1, 2], ["a,b"], "NA"))
        self.assertIs(bool(first["is_odd"]), True)
        for name in ("duration", "src_ip", "mean", "bytes", "is_odd", "class_label"):
            self.assertTrue(pandas.isna(second[name]), name)
        self.assertIsNone(second["names"])
        self.assertEqual(second["lengths"], [])

    def test_the_dictionary_comes_along(self):
        meaning = self.rows.head(1).attrs["weir"]
        self.assertEqual((meaning.rows, meaning["mean"]["definition"]), ("conversation", "What mean is."))

    def test_some_columns_can_be_read_alone(self):
        rows = weir.read(self.folder / "x.flows.csv", ["bytes", "bins"])
        self.assertEqual(list(rows), ["bytes", "bins"])

    def test_several_files_are_told_apart(self):
        (self.folder / "y.csv").write_text(CSV)
        (self.folder / "y.columns.json").write_text((self.folder / "x.columns.json").read_text())
        rows = weir.read([self.folder / "x.flows.csv", self.folder / "y.csv"])
        self.assertEqual(rows["capture"].tolist(), ["x", "x", "y", "y"])
        self.assertEqual(rows["bytes"].dtype, "UInt64")

    def test_a_table_with_a_file_for_each_capture_has_a_dictionary_of_its_own(self):
        facts = {"weir": "0.1.0", "rows": "conversation", "columns": [entry("burst_index", "u64", ["identifier"])]}
        (self.folder / "columns.json").write_text((self.folder / "x.columns.json").read_text())
        (self.folder / "bursts.columns.json").write_text(json.dumps(facts))
        (self.folder / "phone.bursts.csv").write_text("burst_index\n1\n")
        self.assertEqual(list(weir.read(self.folder / "phone.bursts.csv")), ["burst_index"])

    def test_rows_without_dictionary_are_refused(self):
        (self.folder / "z.csv").write_text(CSV)
        with self.assertRaisesRegex(FileNotFoundError, "z.columns.json"):
            weir.read(self.folder / "z.csv")

    def test_arrow_has_the_same_cells(self):
        table = weir.read_arrow(self.folder / "x.flows.csv")
        self.assertEqual(table["bytes"].to_pylist(), [2**64 - 1, None])
        self.assertEqual(table["bins"].to_pylist(), [[1, 2], [3, 4]])

    def test_features_are_chosen_by_tag(self):
        self.assertEqual(weir.features(self.rows), ["duration", "mean", "bytes", "bins.0", "bins.1", "is_odd"])
        self.assertEqual(weir.features(self.rows, "statistical"), ["duration", "mean", "bytes", "bins.0", "bins.1"])
        self.assertEqual(weir.features(self.rows, "size_timing", without=["bins"]), ["mean", "bytes"])
        with self.assertRaisesRegex(ValueError, "no set of features `most`"):
            weir.features(self.rows, "most")

    def test_a_matrix_has_the_numbers_that_the_classifier_sees(self):
        numbers = weir.matrix(self.rows, ["mean", "duration", "bins.1", "lengths.0", "is_odd", "time_first"])
        expected = [float(numpy.float32(0.1)), -5.0, 2.0, 7.0, 1.0, float(1704067200105957837)]
        self.assertEqual(numbers.iloc[0].tolist(), expected)
        self.assertEqual(numbers.iloc[1].isna().tolist(), [True, True, False, True, True, False])
        self.assertTrue((numbers.dtypes == float).all())


if __name__ == "__main__":
    unittest.main()
