"""A folder of captures with labels → rows; results → files. What all recipes share."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas
import weir
from weir.evaluation import draw_confusion

ROOT = Path(__file__).resolve().parents[2]
#: What weir says when rows were written, but a capture could not be read to its end.
PARTIAL = 3
CAPTURES = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz")


class RecipeError(Exception):
    """What a recipe cannot go on without; its text is one sentence."""


def program(name, variable, package):
    """The path of one of our programs: what the variable says, or the build in `target/release`, or on PATH."""
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / name
    path = os.environ.get(variable) or (built if built.exists() else shutil.which(name))
    if not path:
        raise RecipeError(f"there is no `{name}`; build it with `cargo build --release -p {package}`, "
                          f"or name it in the variable {variable}")
    return str(path)


@dataclass
class Bench:
    """Where captures come from, and results go to."""

    #: Results go here, in a folder of the recipe's name.
    out: Path
    #: A folder of captures; None for synthetic ones.
    captures: Path | None = None
    #: The file of labels, if it is not `labels.csv` beside the captures.
    labels: Path | None = None
    #: Of what is drawn: synthetic captures, splits, and models.
    seed: int = 1
    #: How much synthetic traffic; None for as much as the generator finds usual.
    size: int | None = None
    #: Folds of a cross-validation, or rounds.
    rounds: int = 10

    @property
    def is_synthetic(self):
        """No captures were given."""
        return self.captures is None

    @property
    def origin(self):
        """For titles."""
        return "synthetic traffic" if self.is_synthetic else f"captures in {self.captures.name}"

    def recipe(self, name, system):
        """Captures, and a folder for results, of a recipe."""
        folder = self.out / name
        folder.mkdir(parents=True, exist_ok=True)
        captures = self.captures or self._made(system)
        return Work(self, folder, captures, self.labels or captures / "labels.csv")

    def _made(self, system):
        folder = self.out / "captures" / system
        size = [] if self.size is None else [str(self.size)]
        shutil.rmtree(folder, ignore_errors=True)
        traffic = program("weir-traffic", "WEIR_TRAFFIC", "weir-traffic")
        _run([traffic, "labelled", system, folder, str(self.seed), *size])
        return folder


@dataclass
class Work:
    """One recipe at work."""

    bench: Bench
    #: Where results go.
    folder: Path
    #: Where captures are.
    captures: Path
    #: The file of labels for flows; None if the recipe knows them otherwise.
    labels: Path | None
    #: Some of the captures; None for all in the folder.
    only: list | None = None

    def files(self):
        """The captures, in the order of their names."""
        found = self.only or sorted(path for path in self.captures.iterdir() if path.name.endswith(CAPTURES))
        if not found:
            raise RecipeError(f"the folder `{self.captures}` holds no capture")
        return found

    def export(self, plugins, options=(), name="rows"):
        """Runs weir over each capture; gives the folder with its rows.

        plugins: as behind `-p`. options: as behind `-o`, each. The flows are labelled if there is a file of labels.
        """
        rows = self.folder / name
        shutil.rmtree(rows, ignore_errors=True)
        rows.mkdir(parents=True)
        if self.labels:
            plugins, options = f"{plugins},label", [f"label.file={self.labels}", *options]
        chosen = [part for option in options for part in ("-o", option)]
        _run([program("weir", "WEIR", "weir"), "-q", "-p", plugins, *chosen, "--per-file", *self.files(),
              "-w", rows / "{}.csv"])
        return rows

    def read(self, rows, table=None):
        """Flows of all captures, or the rows of a table; with a column `capture`."""
        ending = f".{table}.csv" if table else ".csv"
        names = [self._bare(path) for path in self.files()]
        found = weir.read([rows / f"{name}{ending}" for name in names])
        if table:
            found["capture"] = found["capture"].str.removesuffix(f".{table}")
        return found

    @staticmethod
    def _bare(path):
        name = path.name.removesuffix(".gz")
        return name.rpartition(".")[0]

    def write(self, found, name, title):
        """Writes what `weir.evaluate` found: scores of rounds, confusion matrix, a picture of it."""
        found.rounds.to_csv(self.folder / f"{name}_rounds.csv", index=False)
        found.confusion.to_csv(self.folder / f"{name}_confusion.csv")
        title = f"{title}\n{self.bench.origin}\nF1 {found.mean['f1']:.4f}, accuracy {found.mean['accuracy']:.4f}"
        draw_confusion(found.confusion, self.folder / f"{name}_confusion.png", title)

    def rank(self, inputs, labels, name, title):
        """Writes how much each feature tells, as a table and as a picture."""
        title = f"{title}, {self.bench.origin}"
        weir.rank(inputs, labels, folder=self.folder, name=name, seed=self.bench.seed, title=title)


class Scores:
    """A table of scores, with the paper's figures beside ours."""

    def __init__(self):
        self.lines = []

    def add(self, setup, model, measure, ours, paper=None, std=None):
        """One figure; `paper`, a number or a range as text, where one was published."""
        paper = f"{paper:g}" if isinstance(paper, float) else paper or ""
        self.lines.append(
            {"setup": setup, "model": model, "measure": measure, "ours": ours, "ours_std": std, "paper": paper}
        )

    def add_all(self, setup, model, found, paper=None):
        """Each score of an evaluation; `paper` by the name of the score."""
        for measure in ("accuracy", "precision", "recall", "f1"):
            std = found.std[measure] if len(found.rounds) > 1 else None
            self.add(setup, model, measure, found.mean[measure], (paper or {}).get(measure), std)

    def write(self, work, name="scores"):
        """Writes `scores.csv`, prints it, and gives it as a table."""
        table = pandas.DataFrame(self.lines)
        table.insert(0, "data", work.bench.origin)
        table.to_csv(work.folder / f"{name}.csv", index=False, float_format="%.4f")
        print(table.to_string(index=False, float_format=lambda number: f"{number:.4f}", na_rep=""), flush=True)
        return table


def _run(command):
    done = subprocess.run([str(part) for part in command], stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, PARTIAL):
        raise RecipeError(f"`{Path(command[0]).name}` failed: {done.stderr.strip()}")
    return done
