"""Kinds of messages by the length of their notification.

Zhang et al. 2020 look the length up in a hash table. A length may have several labels: text of 58 to 73 characters is as
long as voice. What is asked about is not what the table was learnt from.
"""

from collections import Counter

import numpy
import pandas
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold
from weir.apns_table import learn, notifications
from weir.evaluation import draw_confusion
from weir.truth import Truth

from .bench import Scores

PLUGINS = "basic_flow,apns,bursts"
UNKNOWN = "(unknown)"


def run(bench):
    """The recipe."""
    work = bench.recipe("apns_types", "apns")
    truth = Truth.read(work.captures / "messages.csv")
    rows = work.export(PLUGINS)
    found = notifications(work.read(rows), work.read(rows, "bursts"), truth)
    found = found[found["label"].notna()].reset_index(drop=True)
    scores = Scores()
    said = _held_out(found, bench)
    _score(scores, f"{bench.rounds} folds", found["label"].to_numpy(dtype=str), said)
    _draw(work, found["label"].to_numpy(dtype=str), said)
    table = learn(found)
    path = work.folder / "lengths.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        table.write(file)
    _write_collisions(work, table)
    _write_steps(work, found)
    scores.add("all", "hash table", "lengths", float(len(table.counts)))
    scores.add("all", "hash table", "lengths with several labels", float(len(table.collisions())))
    equal = _looked_up(work, path, found, table)
    scores.add("looked up by weir", "hash table", "share of flows with equal counts", equal)
    return scores.write(work)


def _held_out(found, bench):
    """Labels of each notification by a table of the other folds."""
    said = [[] for _ in range(len(found))]
    folds = StratifiedKFold(bench.rounds, shuffle=True, random_state=bench.seed).split(found, found["label"])
    for training, test in folds:
        table = learn(found.iloc[training])
        for place in test:
            said[place] = table.labels(found["cipher"].iloc[place], found["length"].iloc[place])
    return said


def _score(scores, setup, true, said):
    first = numpy.array([labels[0] if labels else UNKNOWN for labels in said])
    names = numpy.unique(true)
    found = precision_recall_fscore_support(true, first, labels=names, average="macro", zero_division=0)
    scores.add(setup, "hash table", "accuracy of the first label", float((first == true).mean()))
    for measure, value in zip(("precision", "recall", "f1"), found[:3], strict=True):
        scores.add(setup, "hash table", f"{measure} of the first label", float(value))
    holds = [label in labels for label, labels in zip(true, said, strict=True)]
    alone = [labels == [label] for label, labels in zip(true, said, strict=True)]
    scores.add(setup, "hash table", "share with the true label among those of the length", float(numpy.mean(holds)))
    scores.add(setup, "hash table", "share with the true label alone", float(numpy.mean(alone)))
    scores.add(setup, "hash table", "share of unknown lengths", float((first == UNKNOWN).mean()))


def _draw(work, true, said):
    first = numpy.array([labels[0] if labels else UNKNOWN for labels in said])
    names = sorted(set(true) | set(first))
    counts = confusion_matrix(true, first, labels=names)
    counts = pandas.DataFrame(counts, index=pandas.Index(names, name="true"), columns=names)
    counts = counts.loc[[name for name in names if name != UNKNOWN]]
    counts.to_csv(work.folder / "types_confusion.csv")
    title = f"Kinds of messages, first label of the length\n{work.bench.origin}"
    draw_confusion(counts, work.folder / "types_confusion.png", title)


def _write_collisions(work, table):
    lines = [{"cipher": cipher, "length": length} | {"label": label, "count": count}
             for cipher, length, counts in table.collisions() for label, count in counts.most_common()]
    found = pandas.DataFrame(lines, columns=["cipher", "length", "label", "count"])
    found.to_csv(work.folder / "collisions.csv", index=False)


def _write_steps(work, found):
    """From how many to how many characters a text has each length, where the labels tell."""
    if "characters" not in found:
        return
    texts = found[(found["label"] == "text") & (found["characters"] != "")]
    counts = texts.assign(characters=texts["characters"].astype(int)).groupby("length")["characters"]
    counts.agg(["min", "max", "count"]).to_csv(work.folder / "text_steps.csv")


def _looked_up(work, path, found, table):
    """The same by the plugin `apns` with the table: the share of flows for which it counts each label as often as the
    notifications found here have it."""
    labelled = work.read(work.export(PLUGINS, [f"apns.table={path}"], name="labelled_by_weir"))
    labelled = labelled.set_index(["capture", "flow_index"])[["apns_labels", "apns_label_counts"]]
    equal = []
    for key, of_flow in found.groupby(["capture", "flow_index"]):
        expected = Counter(label for row in of_flow.itertuples() for label in table.labels(row.cipher, row.length))
        equal.append(expected == Counter(dict(zip(*labelled.loc[key], strict=True))))
    return float(numpy.mean(equal))
