"""Gaps of made-up talks, and flow files of a few rows."""

import contextlib
import io
import random
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from weir import gaps

HEADER = "flow_index,src_ip,dst_ip,flow_status_a,first_packets_start,first_packets_time,first_packets_payload_len\n"


def lognormal(generator, middle, count):
    return [generator.lognormvariate(0, 0.4) * middle for _ in range(count)]


class Thresholds(unittest.TestCase):
    def test_two_valleys_lie_between_three_modes(self):
        generator = random.Random(7)
        drawn = [gap for middle, count in ((0.3, 4000), (8, 900), (400, 300)) for gap in lognormal(generator, middle, count)]
        dialog, session = gaps.thresholds(drawn)
        self.assertTrue(1 < dialog < 3, dialog)
        self.assertTrue(30 < session < 120, session)

    def test_one_valley_is_that_of_dialogs(self):
        generator = random.Random(7)
        dialog, session = gaps.thresholds(lognormal(generator, 0.3, 900) + lognormal(generator, 30, 900))
        self.assertTrue(1 < dialog < 9, dialog)
        self.assertIsNone(session)

    def test_one_mode_has_no_valley(self):
        self.assertEqual(gaps.thresholds(lognormal(random.Random(7), 1, 900)), (None, None))
        self.assertEqual(gaps.thresholds([]), (None, None))
        self.assertEqual(gaps.thresholds([0.001, 0.0]), (None, None))

    def test_short_gaps_are_left_out(self):
        drawn = lognormal(random.Random(7), 1, 900)
        self.assertEqual(gaps.thresholds(drawn + [0.01] * 5000), (None, None))

    def test_the_middle_of_a_flat_valley_counts(self):
        self.assertEqual(gaps.valleys([0, 9, 1, 1, 1, 6, 0]), [(3.0, 5)])
        self.assertEqual(gaps.valleys([9, 4, 9, 2, 7]), [(1.0, 5), (3.0, 5)])
        self.assertEqual(gaps.valleys([]), [])


class FlowFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "x.flows.csv"
        second = gaps.NANOSECONDS
        rows = [
            f'1,10.0.0.1,10.0.0.2,0x0,{second},"[0,{second},{3 * second}]","[5,0,7]"\n',
            f'2,10.0.0.9,10.0.0.1,0x1,{2 * second},"[0]","[1]"\n',
            "3,10.0.0.1,10.0.0.3,0x0,,,\n",
        ]
        self.path.write_text(HEADER + "".join(rows), encoding="utf-8")

    def test_gaps_are_those_of_packets_with_payload(self):
        self.assertEqual(gaps.gaps_of(self.path), [3.0])

    def test_flows_of_a_client_are_one_stream(self):
        self.assertEqual(gaps.gaps_of(self.path, "client"), [1.0, 2.0])

    def test_the_command_prints_options(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertEqual(gaps.main([str(self.path)]), "no valley in 1 gaps: one threshold is as good as another")
        rows = [f'{at},10.0.0.1,10.0.0.2,0x0,0,"[0,{10 ** (9 + 2 * (at % 2))}]","[1,1]"\n' for at in range(40)]
        self.path.write_text(HEADER + "".join(rows), encoding="utf-8")
        with contextlib.redirect_stdout(said):
            self.assertEqual(gaps.main([str(self.path)]), 0)
        self.assertEqual(said.getvalue(), "-o dialogs.by=flow -o dialogs.dialog=11.2\n")


if __name__ == "__main__":
    unittest.main()
