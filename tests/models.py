"""Trains every kind of model anew, and compares what weir says of rows with what the model's own library says.

    models.py train ROWS FOLDER    writes into FOLDER, for each model, NAME.json or NAME.txt and NAME.expected.npz
    models.py compare FOLDER       reads NAME.said.csv beside them

The rows are synthetic, and so are their labels: sizes and times with noise, cut into classes.
"""

import sys
import warnings
from pathlib import Path

import numpy
import pandas
import weir
from lightgbm import LGBMClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

#: Few rows to learn from, so that training takes seconds.
TRAINING = 1200
SEED = 11
#: What the classifier says.
SAID = ["class_label", "class_probability", "class_candidates", "class_probabilities"]
#: How far a probability may be from the library's.
NEAR = 1e-5


def imputed(*steps, strategy="median"):
    fill = {"fill_value": 0.0} if strategy == "constant" else {}
    return make_pipeline(SimpleImputer(strategy=strategy, **fill), *steps)


def scaled(estimator, scaler=None):
    return imputed(scaler or StandardScaler(), estimator)


def one_vs_rest(estimator):
    return OneVsRestClassifier(estimator)


#: Each with the number of classes that it is trained for.
MODELS = {
    "tree": (3, lambda: DecisionTreeClassifier(max_depth=8, random_state=SEED)),
    "forest": (3, lambda: RandomForestClassifier(30, random_state=SEED)),
    "forest_deep": (2, lambda: RandomForestClassifier(100, min_samples_leaf=2, random_state=SEED)),
    "forest_scaled": (3, lambda: scaled(RandomForestClassifier(20, random_state=SEED))),
    "extra_trees": (3, lambda: ExtraTreesClassifier(30, random_state=SEED)),
    "boosting": (3, lambda: imputed(GradientBoostingClassifier(n_estimators=20, random_state=SEED))),
    "boosting_two": (2, lambda: imputed(GradientBoostingClassifier(n_estimators=30, random_state=SEED), strategy="mean")),
    "boosting_exponential": (
        2,
        lambda: imputed(GradientBoostingClassifier(loss="exponential", n_estimators=20, random_state=SEED)),
    ),
    "hist": (3, lambda: HistGradientBoostingClassifier(max_iter=30, random_state=SEED)),
    "hist_two": (2, lambda: HistGradientBoostingClassifier(max_iter=40, random_state=SEED)),
    "bayes": (3, lambda: scaled(GaussianNB(var_smoothing=1e-3))),
    "bayes_unscaled": (3, lambda: imputed(GaussianNB(), strategy="constant")),
    "logistic": (3, lambda: scaled(LogisticRegression(max_iter=500))),
    "logistic_two": (2, lambda: scaled(LogisticRegression(max_iter=500), MinMaxScaler())),
    "logistic_rest": (3, lambda: scaled(one_vs_rest(LogisticRegression(max_iter=500)), RobustScaler())),
    "logistic_of_few": (3, lambda: imputed(SelectKBest(k=6), StandardScaler(), LogisticRegression())),
    "linear_svc": (3, lambda: scaled(LinearSVC(max_iter=5000))),
    "linear_svc_two": (2, lambda: scaled(LinearSVC(max_iter=5000), MaxAbsScaler())),
    "svc_linear": (3, lambda: scaled(SVC(kernel="linear", C=0.1))),
    "svc_rbf": (3, lambda: scaled(SVC())),
    "svc_rbf_two": (2, lambda: scaled(SVC(C=2.0), MinMaxScaler(clip=True))),
    "svc_poly": (3, lambda: scaled(SVC(kernel="poly", degree=2, coef0=1.0))),
    "svc_sigmoid": (3, lambda: scaled(SVC(kernel="sigmoid", coef0=0.5, gamma=0.01))),
    "svc_platt": (3, lambda: scaled(SVC(probability=True, random_state=SEED))),
    "svc_platt_two": (2, lambda: scaled(SVC(kernel="linear", probability=True, random_state=SEED))),
    "neighbours": (3, lambda: scaled(KNeighborsClassifier(5))),
    "neighbours_distance": (3, lambda: scaled(KNeighborsClassifier(7, weights="distance"))),
    "neighbours_manhattan": (3, lambda: scaled(KNeighborsClassifier(4, p=1, weights="distance"))),
    "perceptron": (3, lambda: scaled(MLPClassifier((20, 10), max_iter=60, random_state=SEED))),
    "perceptron_two": (2, lambda: scaled(MLPClassifier((15,), "tanh", max_iter=60, random_state=SEED))),
    "perceptron_logistic": (3, lambda: scaled(MLPClassifier((15,), "logistic", max_iter=60, random_state=SEED))),
    "xgboost": (3, lambda: XGBClassifier(n_estimators=20, max_depth=5, n_jobs=2)),
    "xgboost_two": (2, lambda: XGBClassifier(n_estimators=30, max_depth=4, n_jobs=2)),
    "lightgbm": (3, lambda: LGBMClassifier(n_estimators=20, n_jobs=2, verbose=-1)),
    "lightgbm_two": (2, lambda: LGBMClassifier(n_estimators=30, n_jobs=2, verbose=-1)),
}
#: Those whose own files are read, too.
OWN_FILES = {"xgboost": ".own.json", "xgboost_two": ".own.json", "lightgbm": ".own.txt", "lightgbm_two": ".own.txt"}


def columns_of(rows):
    """Inputs with nulls, of whole numbers, both widths of floats, times, spans of time, and elements of lists.

    The time of the first packet makes rows differ that would otherwise be equal, so that few neighbours are tied.
    """
    wanted = [name for name in weir.features(rows, "size_timing") if not name.startswith("rtt_")]
    return [*wanted, "time_first_a", "duration_a", "duration_b", "l4_proto"]


def labels_of(inputs, classes):
    random = numpy.random.default_rng(SEED)
    size = numpy.log1p(inputs["l7_bytes_sent_a"].fillna(0) + 3 * inputs["l7_bytes_sent_b"].fillna(0))
    time = numpy.log1p(inputs["duration_a"].abs() / 1e6)
    score = size + 0.3 * time + random.normal(0, 1.0, len(inputs))
    names = numpy.array(["file transfer", "message", "voice"])[:classes]
    return names[pandas.qcut(score, classes, labels=False).to_numpy()]


def ties_of(fitted, inputs):
    """Rows whose last neighbour is as near as the first that has no vote: which of the two votes is anyone's guess."""
    voters = fitted[-1] if hasattr(fitted, "steps") else fitted
    if not isinstance(voters, KNeighborsClassifier):
        return numpy.zeros(len(inputs), dtype=bool)
    distances, _ = voters.kneighbors(fitted[:-1].transform(inputs), voters.n_neighbors + 1)
    return distances[:, -1] - distances[:, -2] <= 1e-6 * (1 + distances[:, -1])


def train(rows_path, folder):
    rows = weir.read(rows_path)
    columns = columns_of(rows)
    inputs = weir.matrix(rows, columns)
    part = numpy.random.default_rng(SEED).permutation(len(inputs))[:TRAINING]
    for name, (classes, make) in MODELS.items():
        labels = labels_of(inputs, classes)
        is_numbered = name.startswith("xgboost")
        names, numbers = numpy.unique(labels, return_inverse=True)
        fitted = make().fit(inputs.iloc[part], (numbers if is_numbered else labels)[part])
        weir.export(fitted, columns, folder / f"{name}.json", rows=rows, classes=names if is_numbered else None)
        said = fitted.predict(inputs)
        said = names[said] if is_numbered else said
        sure = fitted.predict_proba(inputs) if hasattr(fitted, "predict_proba") else numpy.empty((len(inputs), 0))
        tied = ties_of(fitted, inputs)
        expected = {"labels": said.astype(str), "probabilities": sure, "classes": names, "tied": tied}
        numpy.savez(folder / f"{name}.expected.npz", **expected)
        if name in OWN_FILES:
            booster = fitted.get_booster() if is_numbered else fitted.booster_
            booster.save_model(str(folder / f"{name}{OWN_FILES[name]}"))
            numpy.savez(
                folder / f"{name}.own.expected.npz",
                labels=numpy.searchsorted(names, said).astype(str),
                probabilities=sure,
                classes=numpy.arange(classes).astype(str),
                tied=tied,
            )
    print(f"{len(list(folder.glob('*.expected.npz')))} models of {len(columns)} columns for {len(rows)} rows")


def compare(folder):
    worst = 0.0
    for path in sorted(folder.glob("*.expected.npz")):
        name = path.name.removesuffix(".expected.npz")
        expected = numpy.load(path)
        rows = weir.read(folder / f"{name}.said.csv", SAID)
        assert len(rows) == len(expected["labels"]), f"{name}: {len(rows)} rows"
        far = compare_probabilities(name, rows, expected)
        differ = compare_labels(name, rows, expected)
        worst, tied = max(worst, far), int(expected["tied"].sum())
        assert tied < len(rows) / 100, f"{name}: with {tied} rows tied there is little to compare"
        print(f"{name}: {len(rows)} rows, {tied} tied, {differ} other labels, probabilities within {far:.1e}")
    print(f"all equal, probabilities within {worst:.1e}")


def compare_probabilities(name, rows, expected):
    sure = expected["probabilities"]
    if sure.shape[1] == 0:
        assert rows["class_probability"].isna().all(), f"{name} has no probabilities"
        return 0.0
    assert all(cell == list(expected["classes"]) for cell in rows["class_candidates"]), name
    said = numpy.array(rows["class_probabilities"].tolist())
    far = float(numpy.abs(said - sure)[~expected["tied"]].max())
    assert far <= NEAR, f"{name}: a probability is {far} from the library's"
    own = numpy.array([list(expected["classes"]).index(label) for label in rows["class_label"]])
    assert numpy.array_equal(rows["class_probability"], said[numpy.arange(len(said)), own]), name
    return far


def compare_labels(name, rows, expected):
    """Labels are equal, but where two classes are equally probable."""
    differ = numpy.flatnonzero(rows["class_label"].to_numpy(dtype=str) != expected["labels"])
    for row in differ[~expected["tied"][differ]]:
        best = numpy.sort(expected["probabilities"][row])[-2:]
        assert len(best) == 2 and best[1] - best[0] < 1e-9, f"{name}, row {row}: another label"
    return len(differ)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "train":
        train(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        compare(Path(sys.argv[2]))
