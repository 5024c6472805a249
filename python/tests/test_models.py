"""What `weir.export` writes and what it refuses; that the classifier reads it is tested with weir itself."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy
import pandas
import weir
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.svm import SVC

RANDOM = numpy.random.default_rng(3)
INPUTS = pandas.DataFrame(RANDOM.normal(size=(60, 3)), columns=["a", "b", "c"])
LABELS = numpy.where(INPUTS["a"] > 0, "yes", "no")


def written(estimator, columns=("a", "b", "c"), **options):
    with tempfile.TemporaryDirectory() as folder:
        path = weir.export(estimator, columns, Path(folder) / "x.json", **options)
        return json.loads(path.read_text())


class Export(unittest.TestCase):
    def refused(self, reason, *arguments, **options):
        with self.assertRaisesRegex(ValueError, reason):
            written(*arguments, **options)

    def test_a_pipeline_becomes_steps_and_an_estimator(self):
        model = make_pipeline(SimpleImputer(), StandardScaler(), SelectKBest(k=2), LogisticRegression())
        file = written(model.fit(INPUTS, LABELS), about="a test")
        self.assertEqual([step["kind"] for step in file["steps"]], ["impute", "standard", "select"])
        self.assertEqual((file["weir_model"], file["missing"], file["about"]), (1, "impute", "a test"))
        self.assertEqual(file["classes"], ["no", "yes"])
        self.assertEqual(len(file["estimator"]["vectors"][0]), 2)

    def test_a_rule_for_absent_values_must_be_there(self):
        model = LogisticRegression().fit(INPUTS, LABELS)
        self.refused("no rule for absent values", model)
        self.assertEqual(written(model, missing="skip")["missing"], "skip")
        self.assertEqual(written(model, missing=-1)["missing"], {"constant": -1.0})
        self.refused("neither", model, missing="drop")
        forest = RandomForestClassifier(3).fit(INPUTS, LABELS)
        self.assertEqual(written(forest)["missing"], "native")
        boosting = GradientBoostingClassifier(n_estimators=2).fit(INPUTS, LABELS)
        self.refused("no rule for absent values", boosting)

    def test_other_columns_are_refused(self):
        model = RandomForestClassifier(2).fit(INPUTS, LABELS)
        self.refused("another order", model, ["b", "a", "c"])
        unnamed = RandomForestClassifier(2).fit(INPUTS.to_numpy(), LABELS)
        self.refused("fitted with 3 columns, but 2 are named", unnamed, ["a", "b"])

    def test_what_the_format_cannot_hold_is_refused(self):
        self.refused("PowerTransformer is not known", make_pipeline(PowerTransformer(), SVC()).fit(INPUTS, LABELS))
        self.refused("break_ties", SVC(break_ties=True).fit(INPUTS, LABELS))
        self.refused("metric 'cosine'", KNeighborsClassifier(metric="cosine").fit(INPUTS, LABELS))
        self.refused("not fitted", RandomForestClassifier())
        self.refused("DummyClassifier is not known", DummyClassifier().fit(INPUTS, LABELS))

    def test_trees_tell_thresholds_of_splits_and_values_of_leaves(self):
        tree = written(RandomForestClassifier(1, random_state=1).fit(INPUTS, LABELS))["estimator"]["trees"][0]
        for left, threshold, values in zip(tree["left"], tree["thresholds"], tree["values"], strict=True):
            self.assertEqual(left == -1, threshold is None)
            self.assertEqual(sum(values), 1.0 if left == -1 else 0)


if __name__ == "__main__":
    unittest.main()
