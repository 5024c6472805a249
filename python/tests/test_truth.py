"""Rows with a time of their own have the labels of the lines that mean them; tables of lengths say what collides."""

import io
import tempfile
import unittest
from pathlib import Path

import pandas
from weir.apns_table import LengthTable, report
from weir.truth import Truth

LINES = """src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label,number
10.0.0.1,1000,10.0.0.2,443,tcp,10,20,text,1
10.0.0.1,1000,10.0.0.2,443,6,2024-05-01T12:00:00Z,,voice,2
10.0.0.1,,,,,30,40,picture,3
10.0.0.1,,,,,35,45,video,4
"""


def truth(text=LINES):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_text(text, encoding="utf-8")
        return Truth.read(path)


def flow(src="10.0.0.1", src_port="1000", dst="10.0.0.2", dst_port="443", l4_proto="6"):
    cells = {"src_ip": src, "src_port": src_port, "dst_ip": dst, "dst_port": dst_port, "l4_proto": l4_proto}
    return pandas.DataFrame({name: [cell] for name, cell in cells.items()})


class Matching(unittest.TestCase):
    def check(self, ends, seconds, expected):
        first, last = ([int(second * 1e9)] for second in seconds)
        self.assertEqual(truth().matches(ends, first, last)[0], expected)

    def test_intervals_that_touch_match(self):
        self.check(flow(), (20, 25), [0])
        self.check(flow(), (5, 10), [0])
        self.check(flow(), (21, 25), [])

    def test_a_line_may_name_the_ends_the_other_way_round(self):
        self.check(flow("10.0.0.2", "443", "10.0.0.1", "1000"), (12, 13), [0])

    def test_what_a_line_names_must_be_equal(self):
        self.check(flow(src_port="1001"), (12, 13), [])
        self.check(flow(l4_proto="17"), (12, 13), [])

    def test_a_line_of_a_client_means_all_its_rows_and_several_may(self):
        self.check(pandas.DataFrame({"src_ip": ["10.0.0.1"]}), (36, 37), [2, 3])
        self.check(pandas.DataFrame({"src_ip": ["10.0.0.1"]}), (41, 42), [3])
        self.check(pandas.DataFrame({"src_ip": ["10.0.0.3"]}), (36, 37), [])

    def test_an_end_that_is_left_out_is_open(self):
        self.check(flow(), (1_714_564_801, 1_714_564_802), [1])

    def test_a_short_row_after_a_long_one_is_found(self):
        ends = pandas.DataFrame({"src_ip": ["10.0.0.1"] * 3})
        first, last = [[int(second * 1e9) for second in seconds] for seconds in ([0, 31, 50], [100, 32, 51])]
        self.assertEqual(truth().matches(ends, first, last), [[2, 3], [2], []])

    def test_rows_that_lines_with_different_labels_mean_have_none(self):
        ends = pandas.DataFrame({"src_ip": ["10.0.0.1"] * 2})
        labels, _ = truth().label(ends, [int(31e9), int(36e9)], [int(32e9), int(37e9)])
        self.assertEqual(labels.to_list(), ["picture", pandas.NA])


class Reading(unittest.TestCase):
    def test_further_columns_are_kept(self):
        self.assertEqual(truth().further, ["number"])

    def test_wrong_lines_are_named(self):
        for text, place in (("src_ip\n1.2.3.4\n", "line 1"), ("label,start\na,1\nb,soon\n", "line 3"),
                            ("label,src_ip\na,1.2.3\n", "line 2"), ("label,src_port\na,x\n", "line 2")):
            with self.assertRaisesRegex(ValueError, place):
                truth(text)


class Lengths(unittest.TestCase):
    def test_a_table_has_a_line_for_each_length_and_label_and_tells_collisions(self):
        table = LengthTable()
        for length, label in ((485, "text"), (485, "voice"), (485, "voice"), (421, "text")):
            table.add("cbc", length, label)
        out, told = io.StringIO(), io.StringIO()
        table.write(out)
        report(table, told)
        self.assertEqual(out.getvalue(), "length,label,cipher\n421,text,cbc\n485,voice,cbc\n485,text,cbc\n")
        self.assertEqual(told.getvalue(), "2 lengths, 1 of them with several labels\n  485 cbc: voice (2), text (1)\n")
        self.assertEqual(table.labels("gcm", 485), [])


if __name__ == "__main__":
    unittest.main()
