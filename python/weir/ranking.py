"""Which columns tell the classes apart: information gain, mutual information, and chi-squared."""

from pathlib import Path

import numpy
import pandas
from sklearn.feature_selection import chi2, mutual_info_classif

#: By which a ranking is sorted, the best first.
MEASURES = ["information_gain", "mutual_information", "chi2"]


def rank(inputs, labels, *, bins=10, seed=0, folder=None, name="ranking", top=20, title=""):
    """A row for each column, the best first by information gain.

    information_gain: in bits, the entropy of the labels less that within the bins of the column: at most `bins` bins
        of equally many rows; equal values share a bin, and absent ones have a bin of their own.
    mutual_information: in bits, by scikit-learn's estimate from nearest neighbours.
    chi2: the statistic of scikit-learn's `chi2` over values scaled to [0, 1].
    For the last two an absent value counts as the median of its column.

    folder: where to write `NAME.csv` and `NAME.png`, a picture of the `top` columns by each measure, with a title.
    """
    labels = numpy.asarray(labels)
    filled = inputs.fillna(inputs.median()).fillna(0.0)
    spread = (filled.max() - filled.min()).replace(0.0, 1.0)
    gains = [information_gain(inputs[column].to_numpy(), labels, bins) for column in inputs]
    # The estimate is in nats.
    mutual = mutual_info_classif(filled, labels, random_state=seed) / numpy.log(2)
    statistics, _ = chi2((filled - filled.min()) / spread, labels)
    measures = dict(zip(MEASURES, [gains, mutual, numpy.nan_to_num(statistics)], strict=True))
    table = pandas.DataFrame({"column": list(inputs)} | measures)
    table = table.sort_values(MEASURES, ascending=False, kind="stable", ignore_index=True)
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        table.to_csv(Path(folder) / f"{name}.csv", index=False)
        draw_ranking(table, Path(folder) / f"{name}.png", top, title)
    return table


def information_gain(values, labels, bins):
    """How many bits the bin of a value tells of its label."""
    values = numpy.asarray(values, dtype=float)
    is_there = ~numpy.isnan(values)
    places = numpy.full(len(values), -1)
    if is_there.any():
        bounds = numpy.unique(numpy.quantile(values[is_there], numpy.linspace(0, 1, bins + 1)[1:-1]))
        places[is_there] = numpy.searchsorted(bounds, values[is_there], side="left")
    within = sum(entropy(labels[places == place]) * (places == place).mean() for place in numpy.unique(places))
    return max(0.0, entropy(labels) - within)


def entropy(labels):
    """In bits."""
    _, counts = numpy.unique(labels, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * numpy.log2(shares)).sum())


def draw_ranking(table, path, top, title=""):
    """Bars of the best columns by each measure."""
    from matplotlib.figure import Figure

    count = min(top, len(table))
    figure = Figure(figsize=(15, 1.5 + 0.25 * count), layout="constrained")
    for axes, measure in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        best = table.nlargest(count, measure)[::-1]
        axes.barh(best["column"], best[measure])
        axes.set_title(measure.replace("_", " "))
        axes.tick_params(labelsize="x-small")
    if title:
        figure.suptitle(title)
    figure.savefig(path, dpi=120)
