"""The way back: a model that was trained here labels captures in the exporter."""

import weir


def agreement(work, model, columns, rows, plugins, options=()):
    """Exports a fitted model, lets weir label the captures with it, and compares with what the model says of these rows.

    rows: those that the model is asked about here, as `work.read` gave them. Gives how many labels are equal, and of how
    many rows.
    """
    path = weir.export(model, columns, work.folder / "model.json", rows=rows, missing="skip")
    exported = work.export(f"{plugins},classifier", [*options, f"classifier.model={path}"], name="labelled_by_weir")
    theirs = work.read(exported).set_index(["capture", "flow_index"])["class_label"]
    said = model.predict(weir.matrix(rows, columns))
    places = list(zip(rows["capture"], rows["flow_index"], strict=True))
    return int((theirs.loc[places].to_numpy(dtype=str) == said).sum()), len(said)
