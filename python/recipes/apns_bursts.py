"""Bursts of push notifications among background traffic.

Zhang et al., *Identifying WeChat Message Types without Using Traditional Traffic* (Information 2020, 11(1), 18): bursts end at a
gap of 0.6 s; five features of the payload lengths; four classifiers.
"""

import weir
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from .bench import Scores

PLUGINS = "basic_flow,bursts"
FEATURES = ["burst_bytes", "burst_len_mean", "burst_len_std", "burst_len_max", "burst_len_min"]
#: Accuracies at the paper's threshold, and those of naive Bayes at two thresholds.
PAPER = {
    "Gaussian naive Bayes": {"accuracy": 0.9996, "precision": 1.0, "recall": 0.9993},
    "nearest neighbours": {"accuracy": 0.9924},
    "SVM": {"accuracy": 0.9689},
    "random forest": {"accuracy": 0.9984},
}
PAPER_THRESHOLDS = {0.4: 0.9985, 0.6: 0.9996}
THRESHOLDS = [0.2, 0.4, 0.6, 0.8, 1.0]
BEST = 0.6


def models(seed):
    """With the paper's parameters."""
    return {
        "Gaussian naive Bayes": GaussianNB(),
        "nearest neighbours": KNeighborsClassifier(2),
        "SVM": SVC(kernel="rbf"),
        "random forest": RandomForestClassifier(5, random_state=seed),
    }


def bursts(work, threshold):
    """The bursts of the captures, with the label of their flow."""
    rows = work.export(PLUGINS, [f"bursts.threshold={threshold}"])
    keys = ["capture", "flow_index"]
    meaning = (table := work.read(rows, "bursts")).attrs
    labelled = table.merge(work.read(rows)[[*keys, "label"]], on=keys, how="left", sort=False)
    labelled = labelled[labelled["label"].notna()].reset_index(drop=True)
    labelled.attrs = meaning
    return labelled


def run(bench):
    """The recipe."""
    work = bench.recipe("apns_bursts", "apns")
    scores = Scores()
    for threshold in THRESHOLDS:
        found = _evaluate(bursts(work, threshold), GaussianNB(), bench)
        paper = PAPER_THRESHOLDS.get(threshold)
        scores.add(f"threshold {threshold} s", "Gaussian naive Bayes", "accuracy", found.mean["accuracy"], paper)
    table = bursts(work, BEST)
    for name, model in models(bench.seed).items():
        found = _evaluate(table, model, bench)
        scores.add_all(f"{bench.rounds} folds", name, found, PAPER[name])
        work.write(found, name.replace(" ", "_").lower(), f"Bursts of push notifications, {name}, {bench.rounds} folds")
    splits = weir.by_group(_labels(table), table["capture"], seed=bench.seed)
    found = weir.evaluate(GaussianNB(), weir.matrix(table, FEATURES), _labels(table), splits)
    scores.add_all("other captures held out", "Gaussian naive Bayes", found)
    work.rank(weir.matrix(table, FEATURES), _labels(table), "features", "Bursts of push notifications")
    scores.add("all", "bursts", "count", float(len(table)))
    return scores.write(work)


def _evaluate(table, model, bench):
    folds = weir.k_fold(_labels(table), folds=bench.rounds, seed=bench.seed)
    return weir.evaluate(model, weir.matrix(table, FEATURES), _labels(table), folds)


def _labels(table):
    return table["label"].to_numpy(dtype=str)
