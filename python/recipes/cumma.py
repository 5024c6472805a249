"""What a user of a messenger does, dialog by dialog.

Fu et al., *Service Usage Classification with Encrypted Internet Traffic in Mobile Messaging Apps* (IEEE TMC 2016): lengths
and delays of a dialog tell its usage; a dialog of which the classifier is not sure is an outlier; an outlier may be a mixed
dialog, which a hidden Markov model over windows of packets cuts into parts of one usage each.
"""

from dataclasses import dataclass

import numpy
import pandas
import weir
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from weir.evaluation import draw_confusion
from weir.truth import Truth, nanoseconds

from .bench import Scores
from .hmm import WindowModel, windows_of

PLUGINS = "basic_flow,first_packets,dialogs"
OPTIONS = ["first_packets.count=0", "first_packets.with_empty=false", "dialogs.by=client"]
#: Usages that a classifier is not trained with.
OUTSIDE = "other"
MIXED = "mixed"
#: So many of the dialogs of one usage may be taken for outliers.
FALSE_ALARMS = 0.05
WINDOW = 6


@dataclass
class Dialogs:
    """Dialogs with their truth."""

    #: The table of the plugin.
    table: pandas.DataFrame
    #: A usage, `other`, or `mixed`.
    kinds: numpy.ndarray
    inputs: pandas.DataFrame


def run(bench):
    """The recipe."""
    work = bench.recipe("cumma", "cumma")
    rows = work.export(PLUGINS, OPTIONS)
    truth = Truth.read(work.labels)
    dialogs = _dialogs(work.read(rows, "dialogs"), truth)
    scores = Scores()
    for kind, count in zip(*numpy.unique(dialogs.kinds, return_counts=True), strict=True):
        scores.add("dialogs", kind, "count", float(count))
    is_pure = ~numpy.isin(dialogs.kinds, [OUTSIDE, MIXED])
    _usages(scores, work, dialogs, is_pure)
    _outliers(scores, work, dialogs, is_pure)
    _mixed(scores, work, dialogs, is_pure, _Packets(work.read(rows)), truth)
    return scores.write(work)


def _dialogs(table, truth):
    first = nanoseconds(table["dialog_first_time"])
    last = first + table["dialog_duration"].astype("int64").to_numpy()
    ends = pandas.DataFrame({"src_ip": table["client_ip"].astype(object)})
    found = truth.matches(ends, first, last)
    names = truth.lines["label"].to_numpy(dtype=object)
    kinds = numpy.array([_kind([names[line] for line in lines]) for lines in found], dtype=object)
    is_there = kinds != None  # noqa: E711, elementwise
    meaning = table.attrs
    table = table[is_there].reset_index(drop=True).copy()
    table["lines"] = [lines for lines in found if lines]
    table.attrs = meaning
    inputs = weir.matrix(table, weir.features(table, "size_timing")).fillna(-1.0)
    return Dialogs(table, kinds[is_there].astype(str), inputs)


def _kind(usages):
    if not usages:
        return None
    return usages[0] if len(usages) == 1 else MIXED


def forest(seed):
    """The classifier of usages."""
    return RandomForestClassifier(random_state=seed)


def _usages(scores, work, dialogs, is_pure):
    inputs, labels = dialogs.inputs[is_pure], dialogs.kinds[is_pure]
    seed = work.bench.seed
    found = weir.evaluate(forest(seed), inputs, labels, weir.k_fold(labels, folds=work.bench.rounds, seed=seed))
    scores.add_all(f"usages, {work.bench.rounds} folds", "random forest", found, {"accuracy": "> 0.96"})
    work.write(found, "usages", f"Usages of dialogs, random forest, {work.bench.rounds} folds")
    captures = dialogs.table["capture"][is_pure]
    found = weir.evaluate(forest(seed), inputs, labels, weir.by_group(labels, captures, seed=seed))
    scores.add_all("usages, other captures held out", "random forest", found)
    work.rank(inputs, labels, "features", "Usages of dialogs")


def _outliers(scores, work, dialogs, is_pure):
    """Trained with all folds but one of the dialogs of one usage, asked about that one and all others. The threshold is that
    below which the share FALSE_ALARMS of the training dialogs lies when each is asked of a forest that has not seen it."""
    seed = work.bench.seed
    rounds = []
    splitter = StratifiedKFold(work.bench.rounds, shuffle=True, random_state=seed)
    pure, rest = numpy.flatnonzero(is_pure), numpy.flatnonzero(~is_pure)
    for training, test in splitter.split(pure, dialogs.kinds[pure]):
        given = dialogs.inputs.iloc[pure[training]], dialogs.kinds[pure[training]]
        unseen = cross_val_predict(forest(seed), *given, cv=3, method="predict_proba").max(axis=1)
        threshold = numpy.quantile(unseen, FALSE_ALARMS)
        fitted = forest(seed).fit(*given)
        asked = numpy.concatenate([pure[test], rest])
        chances = fitted.predict_proba(dialogs.inputs.iloc[asked])
        sure, said = chances.max(axis=1), fitted.classes_[chances.argmax(axis=1)]
        kinds = dialogs.kinds[asked]
        is_one = numpy.isin(kinds, fitted.classes_)
        is_flagged = sure < threshold
        rounds.append({
            "threshold": threshold,
            "area under the curve": roc_auc_score(~is_one, -sure),
            "flagged of one usage": is_flagged[is_one].mean(),
            "flagged of others": _mean(is_flagged[kinds == OUTSIDE]),
            "flagged of mixed": _mean(is_flagged[kinds == MIXED]),
            "accuracy of what is not flagged, one usage": (said == kinds)[is_one & ~is_flagged].mean(),
        })
    table = pandas.DataFrame(rounds)
    table.to_csv(work.folder / "outliers_rounds.csv", index=False)
    setup = f"outliers, {work.bench.rounds} folds"
    for name, column in table.items():
        scores.add(setup, "random forest", name, column.mean(), std=column.std(ddof=0))


def _mean(values):
    return float(values.mean()) if len(values) else numpy.nan


class _Packets:
    """Payload packets of each client of a capture, in the order of time."""

    def __init__(self, flows):
        self.streams = {}
        for row in flows.itertuples():
            if row.first_packets_time is None:
                continue
            start = row.first_packets_start.value
            stream = self.streams.setdefault((row.capture, row.src_ip), [])
            stream.extend(zip((start + since for since in row.first_packets_time), row.first_packets_payload_len,
                              row.first_packets_direction, strict=True))
        self.streams = {client: numpy.array(sorted(stream)) for client, stream in self.streams.items()}

    def of(self, dialog):
        """Times, lengths, and directions of a dialog's packets."""
        stream = self.streams[dialog.capture, dialog.client_ip]
        first = dialog.dialog_first_time.value
        low = numpy.searchsorted(stream[:, 0], first, side="left")
        high = numpy.searchsorted(stream[:, 0], first + dialog.dialog_duration.value, side="right")
        return stream[low:high]


def _windows(packets):
    return windows_of(packets[:, 1], packets[:, 2], packets[:, 0], WINDOW)


def _mixed(scores, work, dialogs, is_pure, packets, truth):
    """Learns from dialogs of one usage, and cuts mixed ones."""
    rows = list(dialogs.table.itertuples())
    given, usages = [], []
    for row, kind, wanted in zip(rows, dialogs.kinds, is_pure, strict=True):
        if wanted:
            windows, _ = _windows(packets.of(row))
            given.append(windows)
            usages.extend([kind] * len(windows))
    model = WindowModel(seed=work.bench.seed).fit(numpy.concatenate(given), numpy.array(usages))
    mixed = [row for row, kind in zip(rows, dialogs.kinds, strict=True) if kind == MIXED]
    cut = [_cut(model, row, packets.of(row), truth) for row in mixed]
    if not cut:
        return
    table = pandas.DataFrame(cut)
    true = numpy.concatenate([one["true_packets"] for one in cut])
    said = numpy.concatenate([one["said_packets"] for one in cut])
    table.drop(columns=["true_packets", "said_packets"]).to_csv(work.folder / "mixed_dialogs.csv", index=False)
    same_set = [set(one["true_packets"]) == set(one["said_packets"]) for one in cut]
    for measure, equal in (("share of packets with the right usage", true == said),
                           ("share with the right set of usages", same_set),
                           ("share with the right sequence of usages", table["true"] == table["said"])):
        scores.add("mixed dialogs", "hidden Markov model", measure, float(numpy.mean(equal)))
    _draw(work, true, said)


def _cut(model, row, stream, truth):
    """One mixed dialog: usages of its packets, and the sequence of its parts."""
    lines = truth.lines.iloc[row.lines]
    starts = lines["start"].to_numpy(dtype=float)
    true = lines["label"].to_numpy(dtype=object)[numpy.searchsorted(starts, stream[:, 0], side="right").clip(1) - 1]
    windows, place = _windows(stream)
    said = model.predict(windows)[place]
    return {"capture": row.capture, "dialog_first_time": row.dialog_first_time.value, "true": _sequence(true),
            "said": _sequence(said), "true_packets": true, "said_packets": said}


def _sequence(usages):
    return " > ".join(usage for place, usage in enumerate(usages) if place == 0 or usages[place - 1] != usage)


def _draw(work, true, said):
    names = sorted(set(true) | set(said))
    counts = confusion_matrix(true, said, labels=names)
    counts = pandas.DataFrame(counts, index=pandas.Index(names, name="true"), columns=names)
    counts.to_csv(work.folder / "mixed_confusion.csv")
    draw_confusion(counts, work.folder / "mixed_confusion.png",
                   f"Packets of mixed dialogs, hidden Markov model\n{work.bench.origin}")
