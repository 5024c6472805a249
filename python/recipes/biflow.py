"""Which application a biflow belongs to, by sizes, times, and directions of its first packets.

Hussey et al., *Data Collection for ML Classification of Encrypted Messaging Applications*, after MIRAGE-2019: arrays of a
biflow, headers only, addresses and ports left out. Labels may come from socket logs: `python -m weir.labels`.
"""

import weir
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .bench import Scores
from .loop import agreement, labelled_by

PLUGINS = "basic_flow,first_packets"
ARRAYS = ["payload_len", "direction", "iat"]
COUNTS = [5, 10, 20]
OPTIONS = [f"first_packets.count={max(COUNTS)}", "first_packets.with_empty=false"]


def models(seed):
    """Forests know absent values; the neighbours are told that a packet that is not there has no size and no pause."""
    return {
        "random forest": RandomForestClassifier(random_state=seed),
        "extra trees": ExtraTreesClassifier(random_state=seed),
        "nearest neighbours": make_pipeline(
            SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True), StandardScaler(),
            KNeighborsClassifier()),
    }


def columns(count):
    """Names of the elements of the arrays for so many packets. No packet comes before the first."""
    names = [f"first_packets_{array}.{place}" for array in ARRAYS for place in range(count)]
    return [name for name in names if name != "first_packets_iat.0"]


def run(bench):
    """The recipe."""
    work = bench.recipe("biflow", "ima")
    rows = work.read(work.export(PLUGINS, OPTIONS))
    has_packets = rows["first_packets_payload_len"].map(lambda cell: cell is not None and len(cell) > 0)
    rows = rows[rows["label"].notna() & has_packets].reset_index(drop=True).copy()
    labels = rows["label"].to_numpy(dtype=str)
    scores = Scores()
    for count in COUNTS:
        inputs = weir.matrix(rows, columns(count))
        for name, model in models(bench.seed).items():
            folds = weir.k_fold(labels, folds=bench.rounds, seed=bench.seed)
            found = weir.evaluate(model, inputs, labels, folds)
            scores.add_all(f"{count} packets, {bench.rounds} folds", name, found)
            title = f"Arrays of {count} packets, {name}, {bench.rounds} folds"
            work.write(found, f"{name}_{count}".replace(" ", "_"), title)
    inputs = weir.matrix(rows, columns(max(COUNTS)))
    forest = models(bench.seed)["random forest"]
    splits = weir.by_group(labels, rows["capture"], seed=bench.seed)
    scores.add_all(f"{max(COUNTS)} packets, other captures held out", "random forest",
                   weir.evaluate(forest, inputs, labels, splits))
    work.rank(inputs, labels, "features", "Arrays of packets")
    path = weir.export(forest.fit(inputs, labels), list(inputs), work.folder / "model.json", rows=rows)
    theirs = labelled_by(work, path, rows, PLUGINS, OPTIONS)
    scores.add("exported to weir", "random forest", "share of equal labels", agreement(theirs, forest.predict(inputs)))
    scores.add("all", "flows", "count", float(len(rows)))
    return scores.write(work)
