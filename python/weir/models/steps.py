"""What stands in front of an estimator in a pipeline → the steps of a model file."""

import numpy
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler


def taken_apart(estimator):
    """The classifier itself, and the transformers in front of it."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        return estimator, []
    transforms = [transform for _, transform in estimator.steps[:-1]]
    inner, more = taken_apart(estimator.steps[-1][1])
    return inner, transforms + more


def steps(transforms, columns):
    """How many columns come out, and the steps."""
    prepared = []
    for transform in transforms:
        if transform is None or transform == "passthrough":
            continue
        step = _step(transform)
        prepared.append(step)
        if step["kind"] == "select":
            columns = len(step["columns"])
    return columns, prepared


def _step(transform):
    for kind, write in _STEPS.items():
        if isinstance(transform, kind):
            return write(transform)
    known = ", ".join(kind.__name__ for kind in _STEPS)
    raise ValueError(f"a step {type(transform).__name__} is not known; known are {known}")


def _list(numbers):
    return None if numbers is None else numpy.asarray(numbers, dtype=float).tolist()


def _impute(imputer):
    if not numpy.isnan(imputer.missing_values):
        raise ValueError("the imputer replaces other values than absent ones")
    if imputer.add_indicator:
        raise ValueError("the imputer adds columns (`add_indicator`), which is not known")
    values = numpy.asarray(imputer.statistics_, dtype=float)
    if numpy.isnan(values).any():
        raise ValueError("the imputer met a column without any value; leave that column out")
    return {"kind": "impute", "values": values.tolist()}


def _standard(scaler):
    mean = scaler.mean_ if scaler.with_mean else None
    return {"kind": "standard", "mean": _list(mean), "scale": _list(scaler.scale_)}


def _robust(scaler):
    return {"kind": "robust", "center": _list(scaler.center_), "scale": _list(scaler.scale_)}


def _minmax(scaler):
    clip = [float(bound) for bound in scaler.feature_range] if scaler.clip else None
    return {"kind": "minmax", "scale": _list(scaler.scale_), "min": _list(scaler.min_), "clip": clip}


def _maxabs(scaler):
    if getattr(scaler, "clip", False):
        raise ValueError("MaxAbsScaler with `clip` is not known")
    return {"kind": "maxabs", "scale": _list(scaler.scale_)}


def _select(selector):
    return {"kind": "select", "columns": [int(place) for place in selector.get_support(indices=True)]}


_STEPS = {
    SimpleImputer: _impute,
    StandardScaler: _standard,
    RobustScaler: _robust,
    MinMaxScaler: _minmax,
    MaxAbsScaler: _maxabs,
    SelectorMixin: _select,
}
