"""The most probable sequence of states is the one that trying all of them finds."""

import itertools
import unittest

import numpy
from recipes.hmm import WindowModel, viterbi, windows_of


def best_of_all(start, transition, seen):
    def logarithm(states):
        steps = sum(transition[one, next_one] for one, next_one in itertools.pairwise(states))
        return start[states[0]] + steps + sum(seen[step][state] for step, state in enumerate(states))

    return max(itertools.product(range(len(start)), repeat=len(seen)), key=logarithm)


class Sequences(unittest.TestCase):
    def test_viterbi_finds_what_trying_all_finds(self):
        random = numpy.random.default_rng(3)
        for _ in range(20):
            start, transition, seen = (numpy.log(random.random(shape)) for shape in ((3,), (3, 3), (6, 3)))
            self.assertEqual(tuple(viterbi(start, transition, seen)), best_of_all(start, transition, seen))

    def test_a_sequence_is_cut_where_its_windows_change(self):
        random = numpy.random.default_rng(4)
        windows = numpy.concatenate([random.normal(0, 1, (60, 2)), random.normal(8, 1, (60, 2))])
        model = WindowModel(clusters=4).fit(windows, numpy.repeat(["a", "b"], 60))
        asked = numpy.concatenate([windows[:5], windows[60:66]])
        self.assertEqual(list(model.predict(asked)), ["a"] * 5 + ["b"] * 6)


class Windows(unittest.TestCase):
    def test_the_last_window_may_hold_fewer_packets(self):
        rows, place = windows_of([100, 300, 50], [False, True, True], [0, 1_000_000, 3_000_000], 2)
        self.assertEqual(list(place), [0, 0, 1])
        one, half, two = numpy.log1p([1, 0.5, 2])
        expected = [[0.5, 100, 300, 300, half, one], [1, 0, 50, 50, two, two]]
        numpy.testing.assert_allclose(rows, expected)


if __name__ == "__main__":
    unittest.main()
