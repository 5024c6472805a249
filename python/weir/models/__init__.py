"""Fitted estimators → model files that the plugin `classifier` reads. `docs/models.md` describes the format."""

import json
import math
from pathlib import Path

from . import estimators, steps

__all__ = ["export"]

#: The version of the format that is written.
VERSION = 1


def export(estimator, columns, path, *, rows=None, classes=None, missing=None, about=None):
    """Writes a model file, and gives its path back.

    estimator: a fitted classifier, or a pipeline of scalers, imputers, and selectors with one at its end.
    columns: the names of its inputs, in order, as the header of the rows has them; `name.3` is an element of a list.
    rows: the table that `weir.read` gave, so that the file also says the type of each column.
    classes: names of the classes, if not those that the estimator was fitted with.
    missing: what an absent value means, if neither the estimator nor an imputer has a rule for it: "skip" (the row
        gets no label) or a number that takes its place.
    about: anything that JSON can hold, for whoever reads the file.

    Raises ValueError with a sentence for what the format cannot hold.
    """
    names = [str(name) for name in columns]
    final, transforms = steps.taken_apart(estimator)
    _check_columns(estimator, names)
    kept, prepared = steps.steps(transforms, len(names))
    parts = estimators.parts(final, kept)
    file = {
        "weir_model": VERSION,
        "about": about,
        "columns": [_column(name, rows) for name in names],
        "classes": [str(name) for name in (estimators.classes(final) if classes is None else classes)],
        "missing": _missing(parts, prepared, missing),
        "steps": prepared,
        "estimator": parts,
    }
    path = Path(path)
    path.write_text(_json(file) + "\n", encoding="utf-8")
    return path


def _check_columns(estimator, names):
    """The estimator was fitted with these columns in this order, as far as it knows."""
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None and list(known) != names:
        raise ValueError("the estimator was fitted with other columns, or with these in another order")
    count = getattr(estimator, "n_features_in_", len(names))
    if count != len(names):
        raise ValueError(f"the estimator was fitted with {count} columns, but {len(names)} are named")


def _column(name, rows):
    column = {"name": name}
    if rows is None:
        return column
    meaning = rows.attrs["weir"]
    base, dot, element = name.rpartition(".")
    whole = base if dot and element.isdigit() else name
    if whole not in meaning:
        raise ValueError(f"the rows have no column `{whole}`")
    column["type"] = meaning[whole]["type"].removeprefix("list<").removesuffix(">")
    return column


def _missing(parts, prepared, missing):
    if any(step["kind"] == "impute" for step in prepared):
        return "impute"
    if missing is not None:
        return missing if missing == "skip" else {"constant": _number(missing)}
    if parts.pop("_knows_absent", False):
        return "native"
    raise ValueError(
        'this estimator has no rule for absent values: put an imputer in front, or say missing="skip" or a number'
    )


def _number(value):
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(f'missing={value!r} is neither "skip" nor a number')
    return float(value)


def _json(file):
    file["estimator"].pop("_knows_absent", None)
    try:
        return json.dumps(file, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ValueError("the estimator holds numbers that are not finite; it was not fitted well") from error
