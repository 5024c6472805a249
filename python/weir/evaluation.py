"""How well a model tells classes apart: scores, confusion matrix, and a picture of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy
import pandas
from sklearn.base import clone
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold

from .splits import equal_counts

#: Averages are macro averages: each class counts as much as any other.
SCORES = ["accuracy", "precision", "recall", "f1"]


def k_fold(labels, *, folds=10, seed=0):
    """Stratified folds in random order; see `weir.by_group` for flows that resemble each other."""
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    yield from splitter.split(numpy.zeros((len(labels), 1)), numpy.asarray(labels))


#: Rounds of random parts with equal training counts per class.
monte_carlo = equal_counts


@dataclass
class Evaluation:
    """What `evaluate` found."""

    #: A row for each round: accuracy, and macro precision, recall, and F1.
    rounds: pandas.DataFrame
    #: Rows are the true classes, columns the predicted ones; counts of the test rows of all rounds.
    confusion: pandas.DataFrame

    @property
    def mean(self):
        """The mean of each score over the rounds."""
        return self.rounds[SCORES].mean()

    @property
    def std(self):
        """The standard deviation of each score over the rounds, divided by n."""
        return self.rounds[SCORES].std(ddof=0)

    def __str__(self):
        return ", ".join(f"{name} {self.mean[name]:.4f} +- {self.std[name]:.4f}" for name in SCORES)

    def write(self, folder, name="evaluation"):
        """Writes `NAME_scores.csv`, `NAME_confusion.csv`, and `NAME_confusion.png`; gives their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{name}_{what}" for what in ("scores.csv", "confusion.csv", "confusion.png")]
        self.rounds.to_csv(paths[0], index=False)
        self.confusion.to_csv(paths[1])
        draw_confusion(self.confusion, paths[2], str(self).replace(", recall", ",\nrecall"))
        return paths


def evaluate(estimator, inputs, labels, splits, *, progress=None):
    """Fits a fresh copy of the estimator in each split and scores what it says of the test rows.

    splits: pairs of training and test places, such as `weir.k_fold(labels)`, `weir.monte_carlo(labels)`, or
        `weir.by_group(labels, captures)`.
    progress: called with the scores of each round.
    """
    inputs, labels = _indexed(inputs), numpy.asarray(labels)
    names = numpy.unique(labels)
    rounds, total = [], numpy.zeros((len(names), len(names)), dtype=int)
    for number, (training, test) in enumerate(splits):
        fitted = clone(estimator).fit(inputs.iloc[training], labels[training])
        said = fitted.predict(inputs.iloc[test])
        rounds.append({"round": number, "train": len(training), "test": len(test)} | score(labels[test], said))
        total += confusion_matrix(labels[test], said, labels=names)
        if progress is not None:
            progress(rounds[-1])
    if not rounds:
        raise ValueError("there are no splits to evaluate")
    confusion = pandas.DataFrame(total, index=pandas.Index(names, name="true"), columns=names)
    return Evaluation(pandas.DataFrame(rounds), confusion)


def _indexed(inputs):
    return inputs if isinstance(inputs, pandas.DataFrame) else pandas.DataFrame(numpy.asarray(inputs))


def score(true, said):
    """Accuracy, and macro precision, recall, and F1."""
    precision, recall, f1, _ = precision_recall_fscore_support(true, said, average="macro", zero_division=0)
    scores = [accuracy_score(true, said), precision, recall, f1]
    return {name: float(score) for name, score in zip(SCORES, scores, strict=True)}


def draw_confusion(confusion, path, title=""):
    """A picture of a confusion matrix: shares of each true class, with the counts written in."""
    from matplotlib.figure import Figure

    counts = confusion.to_numpy()
    shares = counts / numpy.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.6 * len(counts)
    figure = Figure(figsize=(side + 1.5, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(counts.shape[1]), confusion.columns, rotation=45, ha="right")
    axes.set_yticks(range(len(counts)), confusion.index)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(title, fontsize="small", wrap=True)
    for (row, column), share in numpy.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize="small")
    figure.colorbar(image, label="share of the true class")
    figure.savefig(path, dpi=120)
