"""Protocols and applications of real captures, by statistics of their flows alone.

Needs a folder of captures with a list of flows as nDPI's published results have them, `labels.csv`: capture, l4, addr_a,
port_a, addr_b, port_b, ndpi_label (`TLS.WhatsApp` is an application over a protocol). These labels are what one version of
nDPI said, not ground truth; flows of one capture are of one user and one day, so that no capture is in both parts.
"""

import numpy
import pandas
import weir
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import precision_recall_fscore_support

from .bench import RecipeError, Scores

PLUGINS = "basic_flow,basic_stats,tcp_flags,tcp_states,lengths"
#: A class needs so many captures and flows.
LEAST_CAPTURES = 5
LEAST_FLOWS = 15
#: No more flows of a class from one capture, so that none stands for the class.
MOST_OF_CAPTURE = 20
FOLDS = 5
REPEATS = 5
ENDS = ["capture", "l4", "low", "high"]
#: What nDPI says where it knows nothing.
NOTHING = ["Unknown", ""]
#: Names that are asked for say nothing of the flow that asks.
ASKING = ["DNS", "MDNS", "LLMNR"]


def run(bench):
    """The recipe."""
    work = bench.recipe("applications", "")
    listed = pandas.read_csv(work.labels, dtype="string", keep_default_na=False)
    listed = listed[listed["l4"].isin(["TCP", "UDP"]) & (listed["addr_b"] != "")]
    work.only = sorted({work.captures / name for name in listed["capture"] if (work.captures / name).exists()})
    work.labels = None
    if not work.only:
        raise RecipeError(f"none of the captures that the labels name stand in `{work.captures}`")
    flows = _labelled(work.read(work.export(PLUGINS)), listed)
    scores = Scores()
    scores.add("all", "labels", "flows listed", float(len(listed)))
    scores.add("all", "labels", "flows found", float(len(flows)))
    for what in ("protocol", "application"):
        _task(scores, work, flows, what)
    return scores.write(work)


def _labelled(rows, listed):
    """The first row of each listed flow, with its labels."""
    listed = listed.assign(capture=[name.rpartition("/")[2].rpartition(".")[0] for name in listed["capture"]])
    listed = _with_ends(listed, "addr_a", "port_a", "addr_b", "port_b").drop_duplicates(ENDS)
    meaning = rows.attrs
    rows = rows[rows["l4_proto"].isin([6, 17])]
    rows = rows.assign(l4=rows["l4_proto"].map({6: "TCP", 17: "UDP"}))
    rows = _with_ends(rows, "src_ip", "src_port", "dst_ip", "dst_port").drop_duplicates(ENDS)
    found = rows.merge(listed[[*ENDS, "ndpi_label"]], on=ENDS, how="inner")
    names = found["ndpi_label"].str.split(".")
    found["protocol"] = names.str[0]
    found["application"] = names.map(lambda name: name[1] if len(name) > 1 and name[0] not in ASKING else "")
    found.attrs = meaning
    return found


def _with_ends(table, *names):
    """With both ends as text in an order that does not depend on who spoke first."""
    cells = [table[name].astype("string").fillna("") for name in names]
    one, other = cells[0] + " " + cells[1], cells[2] + " " + cells[3]
    return table.assign(low=one.where(one <= other, other), high=other.where(one <= other, one),
                        l4=table["l4"].astype("string"), capture=table["capture"].astype("string"))


def _chosen(flows, what, seed):
    """Flows of classes that have enough of them, no more of one capture than allowed."""
    flows = flows[~flows[what].isin(NOTHING)].sample(frac=1, random_state=seed)
    flows = flows[flows.groupby([what, "capture"]).cumcount() < MOST_OF_CAPTURE].sort_index()
    by_class = flows.groupby(what)
    has_captures = by_class["capture"].transform("nunique") >= LEAST_CAPTURES
    return flows[has_captures & (by_class[what].transform("size") >= LEAST_FLOWS)].reset_index(drop=True)


def _task(scores, work, flows, what):
    seed, meaning = work.bench.seed, flows.attrs
    flows = _chosen(flows, what, seed)
    flows.attrs = meaning
    labels, captures = flows[what].to_numpy(dtype=str), flows["capture"].to_numpy(dtype=str)
    scores.add(what, "classes", "count", float(len(set(labels))))
    scores.add(what, "flows", "count", float(len(labels)))
    for name in ("size_timing", "statistical"):
        inputs = weir.matrix(flows, weir.features(flows, name))
        splits = [pair for more in range(REPEATS)
                  for pair in weir.by_group(labels, captures, folds=FOLDS, seed=seed + more)]
        forest = RandomForestClassifier(class_weight="balanced", random_state=seed)
        found = weir.evaluate(forest, inputs, labels, splits)
        scores.add_all(f"{what}, {name}, other captures held out", "random forest", found)
        work.write(found, f"{what}_{name}", f"{what.capitalize()} of flows, {name}, other captures held out")
        _write_classes(work, found, f"{what}_{name}_classes", labels, captures)
        mixed = weir.evaluate(forest, inputs, labels, weir.k_fold(labels, folds=FOLDS, seed=seed))
        scores.add(f"{what}, {name}, captures in both parts (leaks)", "random forest", "f1", mixed.mean["f1"])
    guessed = weir.evaluate(DummyClassifier(), inputs, labels, splits)
    scores.add_all(f"{what}, other captures held out", "most frequent class", guessed)


def _write_classes(work, found, name, labels, captures):
    """Scores of each class over all rounds, and what they rest on."""
    counts = found.confusion
    true = numpy.repeat(counts.index, counts.sum(axis=1))
    said = numpy.concatenate([numpy.repeat(counts.columns, row) for row in counts.to_numpy()])
    precision, recall, f1, _ = precision_recall_fscore_support(true, said, labels=list(counts.index), zero_division=0)
    of_class = pandas.DataFrame({"label": labels, "capture": captures}).groupby("label")["capture"]
    table = pandas.DataFrame({"flows": of_class.size(), "captures": of_class.nunique()})
    table = table.loc[list(counts.index)].assign(precision=precision, recall=recall, f1=f1)
    table.to_csv(work.folder / f"{name}.csv", float_format="%.4f", index_label="class")
