"""The way back: a model that was trained here labels captures in the exporter."""


def labelled_by(work, model, rows, plugins, options=()):
    """What weir says of these rows with the model (or chain) in a file, in their order.

    rows: some of those that `work.read` gave of a run with the same plugins and options.
    """
    exported = work.export(f"{plugins},classifier", [*options, f"classifier.model={model}"], name="labelled_by_weir")
    theirs = work.read(exported).set_index(["capture", "flow_index"])["class_label"]
    places = list(zip(rows["capture"], rows["flow_index"], strict=True))
    return theirs.loc[places].to_numpy(dtype=str)


def agreement(theirs, ours):
    """The share of equal labels."""
    return float((theirs == ours).mean())
