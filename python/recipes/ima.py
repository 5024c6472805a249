"""Which messenger a flow belongs to.

Erdenebaatar, *Generating and Analyzing Encrypted Traffic of Instant Messaging Applications* (Dalhousie 2023): three sets of
features, eight classifiers with scikit-learn's defaults, as many training rows of each class, ten rounds of Monte Carlo with
60 % of the rows; first whether it is a messenger, then which, and a third model for three that are alike.
"""

import json
import warnings

import numpy
import pandas
import weir
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from weir.evaluation import Evaluation, score

from .bench import Scores
from .loop import agreement, labelled_by

PLUGINS = "basic_flow,basic_stats,tcp_flags,tcp_states"
SETS = ["all", "statistical", "size_timing"]
OTHER = "non-IMA"
ALIKE = ["Discord", "Telegram", "WhatsApp"]
#: The share of the rows, or of the smallest class, that trains.
TRAINING = 0.6
#: F1 of the random forest. For the first two sets one range was published for both tasks.
PAPER = {
    ("all", "IMA or not"): "0.997-0.999",
    ("all", "which IMA"): "0.997-0.999",
    ("statistical", "IMA or not"): "0.984-0.999",
    ("statistical", "which IMA"): "0.984-0.999",
    ("size_timing", "IMA or not"): "0.927-0.934",
    ("size_timing", "which IMA"): "0.812-0.819",
}


def models(seed):
    """Eight kinds with their defaults. Absent values and scales are seen to first, as some cannot do without."""
    plain = {
        "random forest": RandomForestClassifier(random_state=seed),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "AdaBoost": AdaBoostClassifier(random_state=seed),
        "nearest neighbours": KNeighborsClassifier(),
        "SVM": SVC(random_state=seed),
        "logistic regression": LogisticRegression(random_state=seed),
        "Gaussian naive Bayes": GaussianNB(),
        "multilayer perceptron": MLPClassifier(random_state=seed),
    }
    return {name: make_pipeline(SimpleImputer(), StandardScaler(), model) for name, model in plain.items()}


def run(bench):
    """The recipe."""
    # The defaults of two kinds end before they converge; that is how they were evaluated.
    warnings.simplefilter("ignore", ConvergenceWarning)
    work = bench.recipe("ima", "ima")
    rows = work.read(work.export(PLUGINS))
    rows = rows[rows["label"].notna()].reset_index(drop=True).copy()
    labels = rows["label"].to_numpy(dtype=str)
    if not (labels == OTHER).any():
        raise ValueError(f"no flow is labelled `{OTHER}`; the first stage tells messengers from such flows")
    scores = Scores()
    for name in SETS:
        inputs = _inputs(rows, name)
        scores.add(name, "features", "count", float(inputs.shape[1]))
        is_ima = labels != OTHER
        tasks = {"IMA or not": (inputs, _is_ima(labels)), "which IMA": (inputs[is_ima], labels[is_ima])}
        for task, (of_task, wanted) in tasks.items():
            _task(scores, work, name, task, of_task, wanted)
    _stages(scores, work, rows, labels)
    return scores.write(work)


def _inputs(rows, name):
    """Columns that hold something, and more than one value."""
    inputs = weir.matrix(rows, weir.features(rows, name))
    return inputs.loc[:, inputs.nunique() > 1]


def _is_ima(labels):
    return numpy.where(labels == OTHER, OTHER, "IMA")


def _task(scores, work, name, task, inputs, labels):
    for model_name, model in models(work.bench.seed).items():
        rounds = weir.monte_carlo(labels, rounds=work.bench.rounds, train=TRAINING, seed=work.bench.seed)
        found = weir.evaluate(model, inputs, labels, rounds)
        is_forest = model_name == "random forest"
        scores.add_all(f"{name}, {task}", model_name, found, {"f1": PAPER[name, task]} if is_forest else None)
        if is_forest:
            title = f"{task}, random forest, features {name}, {work.bench.rounds} rounds"
            work.write(found, _file_name(name, task), title)
    if name == "statistical":
        work.rank(inputs, labels, f"{_file_name(name, task)}_features", task)


def _file_name(name, task):
    return f"{name}_{task}".replace(" ", "_").lower()


class Stages:
    """Models in a row: is it a messenger, which, and once more among those that are alike."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.first, self.second, self.third = (models(seed)["random forest"] for _ in range(3))

    def fit(self, inputs, labels):
        """Each model with the rows that concern it, as many of each of its classes."""
        _fit_equally(self.first, inputs, _is_ima(labels), self.random)
        _fit_equally(self.second, inputs[labels != OTHER], labels[labels != OTHER], self.random)
        is_alike = numpy.isin(labels, ALIKE)
        self.has_third = len(set(labels[is_alike])) > 1
        if self.has_third:
            _fit_equally(self.third, inputs[is_alike], labels[is_alike], self.random)
        return self

    def predict(self, inputs, with_third=True):
        """Labels by the stages."""
        said = self.first.predict(inputs).astype(object)
        is_ima = said != OTHER
        if is_ima.any():
            said[is_ima] = self.second.predict(inputs[is_ima])
        is_alike = numpy.isin(said.astype(str), ALIKE)
        if with_third and self.has_third and is_alike.any():
            said[is_alike] = self.third.predict(inputs[is_alike])
        return said.astype(str)

    def export(self, folder, columns, rows):
        """A chain for the plugin `classifier`; gives its path."""
        names = ["is_ima", "which_ima", "alike"]
        for name, model in zip(names, [self.first, self.second, self.third], strict=True):
            weir.export(model, columns, folder / f"{name}.json", rows=rows)
        chain = [{"file": "is_ima.json"}, {"file": "which_ima.json", "when": {"is_ima": ["IMA"]}},
                 {"file": "alike.json", "when": {"which_ima": ALIKE}}]
        path = folder / "chain.json"
        path.write_text(json.dumps({"weir_chain": 1, "models": chain}, indent=1) + "\n", encoding="utf-8")
        return path


def _fit_equally(model, inputs, labels, random):
    """Fits with as many rows of each class as the smallest one has."""
    names, counts = numpy.unique(labels, return_counts=True)
    chosen = [random.choice(numpy.flatnonzero(labels == name), counts.min(), replace=False) for name in names]
    chosen = numpy.sort(numpy.concatenate(chosen))
    return model.fit(inputs.iloc[chosen], labels[chosen])


def _stages(scores, work, rows, labels):
    """Messengers and the rest at once, in two stages, and in three."""
    inputs = _inputs(rows, "statistical")
    seed = work.bench.seed
    names = numpy.unique(labels)
    ways = ["at once", "two stages", "with a third model"]
    found = {way: ([], numpy.zeros((len(names), len(names)), dtype=int)) for way in ways}
    splitter = StratifiedShuffleSplit(work.bench.rounds, train_size=TRAINING, random_state=seed)
    for number, (training, test) in enumerate(splitter.split(inputs, labels)):
        given, wanted, asked = inputs.iloc[training], labels[training], inputs.iloc[test]
        stages = Stages(seed).fit(given, wanted)
        at_once = _fit_equally(models(seed)["random forest"], given, wanted, stages.random)
        said = [at_once.predict(asked), stages.predict(asked, with_third=False), stages.predict(asked)]
        for way, of_way in zip(ways, said, strict=True):
            rounds, total = found[way]
            rounds.append({"round": number, "train": len(training), "test": len(test)} | score(labels[test], of_way))
            total += confusion_matrix(labels[test], of_way, labels=names)
    for way, (rounds, total) in found.items():
        confusion = pandas.DataFrame(total, index=pandas.Index(names, name="true"), columns=names)
        evaluation = Evaluation(pandas.DataFrame(rounds), confusion)
        scores.add_all(f"statistical, {way}", "random forest", evaluation)
        title = f"Messengers and others, {way}, random forest, {work.bench.rounds} rounds"
        work.write(evaluation, _file_name("stages", way), title)
    stages = Stages(seed).fit(inputs, labels)
    if stages.has_third:
        chain = stages.export(work.folder, list(inputs), rows)
        theirs = labelled_by(work, chain, rows, PLUGINS)
        scores.add("chain exported to weir", "random forest", "share of equal labels",
                   agreement(theirs, stages.predict(inputs)))
