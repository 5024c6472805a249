"""Activities of WeChat's users by the lengths of MMTLS flows.

Hou et al., *Classifying User Activities in the Encrypted WeChat Traffic* (IPCCC 2018): 26 features of a flow, five
classifiers over standardised features, half of the data held out, and tenfold cross-validation.
"""

import weir
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from .bench import Scores
from .loop import agreement, labelled_by

PLUGINS = "basic_flow,mmtls,lengths"
NUMBERS = ["packets_out", "packets_in", "bytes_out", "bytes_in", "min", "max", "mean", "std", "p25", "p50", "p75"]
FEATURES = [f"lengths_{name}" for name in NUMBERS] + [f"lengths_bins.{place}" for place in range(15)]
DEPTH = len(FEATURES) * 2 // 3
#: Precision and recall.
PAPER = {
    "random forest": (0.92, 0.92),
    "decision tree": (0.92, 0.92),
    "SVM": (0.90, 0.89),
    "logistic regression": (0.63, 0.61),
    "Gaussian naive Bayes": (0.50, 0.47),
}


def models(seed):
    """With the paper's parameters; where it names none, scikit-learn's."""
    plain = {
        "random forest": RandomForestClassifier(10, max_features="sqrt", max_depth=DEPTH, random_state=seed),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "SVM": SVC(kernel="rbf", C=2**17, gamma=2**8, cache_size=1000),
        "logistic regression": LogisticRegression(C=100, solver="newton-cholesky"),
        "Gaussian naive Bayes": GaussianNB(),
    }
    return {name: make_pipeline(StandardScaler(), model) for name, model in plain.items()}


def run(bench):
    """The recipe."""
    work = bench.recipe("mmtls", "mmtls")
    rows = work.read(work.export(PLUGINS))
    is_ours = rows["mmtls_verdict"].isin(["http", "tcp"]) & ~rows["mmtls_is_failed"].fillna(False)
    rows = rows[is_ours & rows["label"].notna() & rows["lengths_min"].notna()].reset_index(drop=True)
    labels = rows["label"].to_numpy(dtype=str)
    inputs = weir.matrix(rows, FEATURES)
    scores = Scores()
    for name, model in models(bench.seed).items():
        halves = StratifiedShuffleSplit(1, test_size=0.5, random_state=bench.seed).split(inputs, labels)
        found = weir.evaluate(model, inputs, labels, halves)
        scores.add_all("half held out", name, found, dict(zip(("precision", "recall"), PAPER[name], strict=True)))
        work.write(found, name.replace(" ", "_").lower(), f"Activities over MMTLS, {name}, half held out")
    forest = models(bench.seed)["random forest"]
    folds = weir.k_fold(labels, folds=bench.rounds, seed=bench.seed)
    found = weir.evaluate(forest, inputs, labels, folds)
    scores.add_all(f"{bench.rounds} folds", "random forest", found, {"f1": 0.925})
    splits = weir.by_group(labels, rows["capture"], seed=bench.seed)
    scores.add_all("other captures held out", "random forest", weir.evaluate(forest, inputs, labels, splits))
    work.rank(inputs, labels, "features", "Activities over MMTLS")
    path = weir.export(forest.fit(inputs, labels), FEATURES, work.folder / "model.json", rows=rows, missing="skip")
    theirs = labelled_by(work, path, rows, PLUGINS)
    scores.add("exported to weir", "random forest", "share of equal labels", agreement(theirs, forest.predict(inputs)))
    scores.add("all", "flows", "count", float(len(rows)), 7937.0)
    scores.add("all", "flows", "share below 0.25 s", _share(rows, 0.25), 0.70)
    scores.add("all", "flows", "share below 2 s", _share(rows, 2.0))
    scores.add("all", "flows", "share that sends below 1 KB", float((rows["lengths_bytes_out"] < 1000).mean()), 0.80)
    return scores.write(work)


def _share(rows, seconds):
    first = rows[["time_first_a", "time_first_b"]].min(axis=1)
    last = rows[["time_last_a", "time_last_b"]].max(axis=1)
    return float(((last - first).dt.total_seconds() < seconds).mean())
