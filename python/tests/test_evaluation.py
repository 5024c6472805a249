"""Splits keep apart what belongs together; scores, pictures, and rankings say what was measured."""

import tempfile
import unittest
from pathlib import Path

import numpy
import pandas
import weir
from sklearn.dummy import DummyClassifier
from sklearn.tree import DecisionTreeClassifier
from weir.ranking import entropy, information_gain

RANDOM = numpy.random.default_rng(5)
LABELS = numpy.repeat(["a", "b", "c"], [60, 40, 20])
INPUTS = pandas.DataFrame(
    {
        "noise": RANDOM.normal(size=120),
        "sign": numpy.where(LABELS == "a", -1.0, 1.0),
        "exact": numpy.repeat([0.0, 5.0, 9.0], [60, 40, 20]),
        "constant": 3.0,
    }
)


def is_png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


class Splits(unittest.TestCase):
    def test_no_group_is_on_both_sides(self):
        groups = numpy.arange(120) // 5
        tested = []
        for training, test in weir.by_group(LABELS, groups, folds=4):
            self.assertFalse(set(groups[training]) & set(groups[test]))
            tested.extend(test)
        self.assertEqual(sorted(tested), list(range(120)))

    def test_what_is_tested_is_later_than_what_was_learned(self):
        times = pandas.Series(pandas.to_datetime(RANDOM.permutation(120), unit="s", utc=True))
        [(training, test)] = weir.by_time(times, train=0.5, gap=pandas.Timedelta("10s"))
        self.assertEqual((len(training), len(test)), (60, 50))
        self.assertGreater(times.iloc[test].min() - times.iloc[training].max(), pandas.Timedelta("10s"))

    def test_each_class_has_as_many_training_rows(self):
        rounds = list(weir.monte_carlo(LABELS, rounds=3, train=0.6))
        self.assertEqual(len(rounds), 3)
        for training, test in rounds:
            self.assertEqual([int((LABELS[training] == name).sum()) for name in "abc"], [12, 12, 12])
            self.assertEqual(len(training) + len(test), 120)
        self.assertFalse(numpy.array_equal(rounds[0][0], rounds[1][0]))


class Evaluation(unittest.TestCase):
    def test_a_perfect_model_has_a_diagonal(self):
        found = weir.evaluate(DecisionTreeClassifier(), INPUTS, LABELS, weir.k_fold(LABELS, folds=4))
        self.assertEqual(found.mean.tolist(), [1.0] * 4)
        self.assertEqual(found.confusion.to_numpy().tolist(), numpy.diag([60, 40, 20]).tolist())

    def test_averages_are_macro_averages(self):
        guess = DummyClassifier(strategy="constant", constant="a")
        found = weir.evaluate(guess, INPUTS, LABELS, weir.k_fold(LABELS, folds=4))
        expected = {"accuracy": 0.5, "precision": 0.5 / 3, "recall": 1 / 3, "f1": 2 / 9}
        for name, value in expected.items():
            self.assertAlmostEqual(found.mean[name], value)
        self.assertEqual(found.confusion["a"].tolist(), [60, 40, 20])

    def test_scores_and_pictures_are_files(self):
        found = weir.evaluate(DecisionTreeClassifier(), INPUTS, LABELS, weir.k_fold(LABELS, folds=2))
        with tempfile.TemporaryDirectory() as folder:
            scores, confusion, picture = found.write(Path(folder) / "deep", "tree")
            self.assertEqual(pandas.read_csv(scores)["f1"].tolist(), [1.0, 1.0])
            self.assertEqual(pandas.read_csv(confusion, index_col=0).loc["b", "b"], 40)
            self.assertTrue(is_png(picture))


class Ranking(unittest.TestCase):
    def test_gain_is_what_a_column_tells_of_the_label(self):
        whole = entropy(LABELS)
        self.assertAlmostEqual(information_gain(INPUTS["exact"], LABELS, 10), whole)
        self.assertAlmostEqual(information_gain(INPUTS["constant"], LABELS, 10), 0.0)
        self.assertAlmostEqual(information_gain(INPUTS["sign"], LABELS, 10), whole - 0.5 * entropy(LABELS[60:]))

    def test_absent_values_are_a_value_of_their_own(self):
        self.assertAlmostEqual(information_gain(numpy.where(LABELS == "a", numpy.nan, 1.0), LABELS == "a", 10), 1.0)

    def test_the_best_column_comes_first(self):
        with tempfile.TemporaryDirectory() as folder:
            table = weir.rank(INPUTS, LABELS, folder=folder)
            self.assertEqual(table["column"].tolist()[:2], ["exact", "sign"])
            self.assertEqual(list(pandas.read_csv(Path(folder) / "ranking.csv")), list(table))
            self.assertTrue(is_png(Path(folder) / "ranking.png"))


if __name__ == "__main__":
    unittest.main()
