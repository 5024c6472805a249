"""Each recipe goes from captures to scores and pictures, with little synthetic traffic.

Needs `weir`, its plugins, and `weir-traffic`; `cargo build --release`, and the same with `-p weir-traffic`, makes them.
"""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import pandas
from recipes.__main__ import RECIPES, main
from weir.apns_table import main as apns_table

#: Enough that each class is in each fold.
SIZES = {"mmtls": 140, "apns_bursts": 200, "apns_types": 400, "cumma": 240, "ima": 240, "biflow": 240}


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = Path(folder.name)
        cls.scores = {name: cls.recipe(name, SIZES[name]) for name in RECIPES}

    @classmethod
    def recipe(cls, name, size):
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            status = main([name, "--out", str(cls.out), "--size", str(size), "--rounds", "2"])
        if status != 0:
            raise AssertionError(told.getvalue())
        return pandas.read_csv(cls.out / name / "scores.csv")

    def figure(self, name, setup, model, measure):
        table = self.scores[name]
        found = table[(table["setup"] == setup) & (table["model"] == model) & (table["measure"] == measure)]
        self.assertEqual(len(found), 1, (name, setup, model, measure))
        return found["ours"].iloc[0]

    def test_synthetic_traffic_is_called_so_in_each_table(self):
        for name, table in self.scores.items():
            self.assertEqual(set(table["data"]), {"synthetic traffic"}, name)

    def test_each_recipe_draws_its_confusion(self):
        for name in RECIPES:
            pictures = list((self.out / name).glob("*_confusion.png"))
            self.assertTrue(pictures, name)
            self.assertTrue(all(path.read_bytes().startswith(b"\x89PNG") for path in pictures), name)

    def test_models_tell_more_than_chance(self):
        self.assertGreater(self.figure("mmtls", "2 folds", "random forest", "f1"), 2 / 7)
        self.assertGreater(self.figure("apns_bursts", "2 folds", "Gaussian naive Bayes", "accuracy"), 0.9)
        self.assertGreater(self.figure("cumma", "usages, 2 folds", "random forest", "accuracy"), 0.7)
        self.assertGreater(self.figure("ima", "size_timing, IMA or not", "random forest", "f1"), 0.6)
        self.assertGreater(self.figure("biflow", "20 packets, 2 folds", "random forest", "accuracy"), 0.4)

    def test_no_class_is_given_away(self):
        for name, setup, model in (("mmtls", "2 folds", "random forest"), ("ima", "all, which IMA", "random forest"),
                                   ("biflow", "20 packets, 2 folds", "random forest")):
            self.assertLess(self.figure(name, setup, model, "f1"), 0.97, name)

    def test_weir_says_what_python_says(self):
        measure = "share of equal labels"
        self.assertEqual(self.figure("mmtls", "exported to weir", "random forest", measure), 1)
        self.assertEqual(self.figure("biflow", "exported to weir", "random forest", measure), 1)
        self.assertEqual(self.figure("ima", "chain exported to weir", "random forest", measure), 1)
        self.assertEqual(
            self.figure("apns_types", "looked up by weir", "hash table", "share of flows with equal counts"), 1)

    def test_voice_collides_with_texts_of_58_to_73_characters(self):
        steps = pandas.read_csv(self.out / "apns_types" / "text_steps.csv", index_col="length")
        collisions = pandas.read_csv(self.out / "apns_types" / "collisions.csv")
        voice = collisions[collisions["label"] == "voice"]["length"].unique()
        self.assertEqual(len(voice), 1)
        of_texts = steps.loc[voice[0]]
        self.assertTrue(58 <= of_texts["min"] and of_texts["max"] <= 73, of_texts)

    def test_a_table_is_learnt_by_the_command(self):
        rows = self.out / "apns_types" / "rows"
        out, told = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            status = apns_table([str(rows / "phone01.csv"), str(rows / "phone01.bursts.csv"),
                                 str(self.out / "captures" / "apns" / "messages.csv")])
        self.assertEqual(status, 0, told.getvalue())
        self.assertTrue(out.getvalue().startswith("length,label,cipher\n"))
        self.assertIn("with several labels", told.getvalue())

    def test_a_folder_of_captures_is_read_as_it_is(self):
        with contextlib.redirect_stdout(io.StringIO()):
            status = main(["biflow", "--captures", str(self.out / "captures" / "ima"), "--out", str(self.out / "given"),
                           "--rounds", "2"])
        self.assertEqual(status, 0)
        found = pandas.read_csv(self.out / "given" / "biflow" / "scores.csv")
        self.assertEqual(set(found["data"]), {"captures in ima"})

    def test_faults_are_one_sentence(self):
        for arguments, sentence in ((["applications"], "name their folder with --captures"),
                                    (["mmtls", "--captures", str(self.out / "biflow")], "holds no capture"),
                                    (["all", "--captures", "x"], "name one recipe")):
            told = io.StringIO()
            with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
                self.assertNotEqual(main([*arguments, "--out", str(self.out / "none")]), 0)
            self.assertIn(sentence, told.getvalue())


if __name__ == "__main__":
    unittest.main()
