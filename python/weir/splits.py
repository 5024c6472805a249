"""Parts for training and testing that do not leak into each other.

Flows of one capture, one client, or one moment resemble each other for reasons that a model must not learn. Each
function gives pairs of arrays: places of training rows, places of test rows.
"""

import numpy
from sklearn.model_selection import StratifiedGroupKFold


def by_group(labels, groups, *, folds=5, seed=0):
    """Folds in which no group (capture, client address) has rows in both parts; classes are spread evenly."""
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    yield from splitter.split(numpy.zeros((len(labels), 1)), numpy.asarray(labels), numpy.asarray(groups))


def by_time(times, *, train=0.6, gap=None):
    """One split: trains on the earliest share of the rows, tests on later ones.

    gap: a span of time after the last training row whose rows are left out, such as `pandas.Timedelta("10min")`.
    """
    moments = numpy.asarray(times)
    order = numpy.argsort(moments, kind="stable")
    count = int(len(order) * train)
    if not 0 < count < len(order):
        raise ValueError(f"a share of {train} of {len(order)} rows leaves one part empty")
    last = times.iloc[order[count - 1]] if hasattr(times, "iloc") else moments[order[count - 1]]
    later = [place for place in order[count:] if gap is None or _at(times, place) - last > gap]
    yield numpy.sort(order[:count]), numpy.sort(numpy.array(later, dtype=int))


def _at(times, place):
    return times.iloc[place] if hasattr(times, "iloc") else times[place]


def equal_counts(labels, *, rounds=10, train=0.6, seed=0):
    """Monte Carlo: in each round as many training rows of each class, the share `train` of the smallest one; all other
    rows test."""
    labels = numpy.asarray(labels)
    names, counts = numpy.unique(labels, return_counts=True)
    each = int(counts.min() * train)
    if each == 0:
        raise ValueError(f"class {names[counts.argmin()]!r} has too few rows for a share of {train}")
    random = numpy.random.default_rng(seed)
    for _ in range(rounds):
        of_class = [numpy.flatnonzero(labels == name) for name in names]
        chosen = numpy.concatenate([random.choice(places, each, replace=False) for places in of_class])
        is_training = numpy.zeros(len(labels), dtype=bool)
        is_training[chosen] = True
        yield numpy.flatnonzero(is_training), numpy.flatnonzero(~is_training)
