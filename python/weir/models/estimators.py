"""Fitted classifiers → the `estimator` of a model file.

The key `_knows_absent` says whether the estimator itself knows what to do with an absent value; it is not written.
"""

import json

import numpy

from . import trees


def classes(estimator):
    """The classes that it was fitted with."""
    found = getattr(estimator, "classes_", None)
    if not isinstance(found, numpy.ndarray) or found.ndim != 1:
        raise ValueError("the estimator is not fitted, or to more than one label a row")
    return found.tolist()


def parts(estimator, columns):
    """What a model file says of it."""
    classes(estimator)
    for kind in type(estimator).__mro__:
        write = _WRITERS.get(kind.__name__)
        if write is not None:
            return write(estimator, columns)
    known = ", ".join(sorted(_WRITERS))
    raise ValueError(f"{type(estimator).__name__} is not known; known are {known}")


def _rows(matrix):
    return numpy.asarray(matrix, dtype=float).tolist()


def _linear(vectors, intercepts, link):
    return {"kind": "linear", "vectors": _rows(vectors), "intercepts": _rows(intercepts), "link": link}


def _logistic_regression(estimator, _columns):
    is_binary = len(estimator.classes_) == 2
    is_ovr = getattr(estimator, "solver", "") == "liblinear" or getattr(estimator, "multi_class", "") == "ovr"
    link = "logistic" if is_binary else "one_vs_rest" if is_ovr else "softmax"
    return _linear(estimator.coef_, numpy.ravel(estimator.intercept_), link)


def _linear_svc(estimator, _columns):
    intercepts = numpy.broadcast_to(numpy.ravel(estimator.intercept_), (estimator.coef_.shape[0],))
    return _linear(estimator.coef_, intercepts, "none")


def _one_vs_rest(estimator, columns):
    """Every class has a linear model of its own."""
    each = [parts(one, columns) for one in estimator.estimators_]
    if any(part["kind"] != "linear" for part in each):
        raise ValueError("OneVsRestClassifier is known with linear estimators only")
    link = each[0]["link"]
    if len(each) > 1 and link == "logistic":
        link = "one_vs_rest"
    vectors = [vector for part in each for vector in part["vectors"]]
    intercepts = [intercept for part in each for intercept in part["intercepts"]]
    return _linear(vectors, intercepts, link)


def _gaussian_nb(estimator, _columns):
    return {
        "kind": "gaussian_naive_bayes",
        "priors": _rows(estimator.class_prior_),
        "means": _rows(estimator.theta_),
        "variances": _rows(estimator.var_),
    }


def _kernel(estimator):
    gamma = {"gamma": float(estimator._gamma)}
    coef0 = {"coef0": float(estimator.coef0)}
    settings = {
        "linear": {},
        "rbf": gamma,
        "sigmoid": gamma | coef0,
        "poly": gamma | coef0 | {"degree": int(estimator.degree)},
    }
    if estimator.kernel not in settings:
        raise ValueError(f"an SVC with the kernel {estimator.kernel!r} is not known")
    return {"name": estimator.kernel} | settings[estimator.kernel]


def _svc(estimator, _columns):
    if estimator._sparse:
        raise ValueError("an SVC that was fitted with sparse rows is not known")
    if estimator.break_ties:
        raise ValueError("an SVC with `break_ties` is not known")
    has_platt = estimator.probability is True
    platt = {"a": _rows(estimator._probA), "b": _rows(estimator._probB)} if has_platt else None
    return {
        "kind": "svm",
        "kernel": _kernel(estimator),
        "vectors": _rows(estimator.support_vectors_),
        "counts": [int(count) for count in estimator.n_support_],
        # Those that LIBSVM itself works with: for two classes the public ones have the other sign.
        "weights": _rows(estimator._dual_coef_),
        "intercepts": _rows(estimator._intercept_),
        "platt": platt,
    }


def _nearest_neighbours(estimator, _columns):
    metrics = {1: "manhattan", 2: "euclidean", numpy.inf: "chebyshev"}
    metric = estimator.effective_metric_
    if metric == "minkowski":
        metric = metrics.get(estimator.effective_metric_params_.get("p", 2))
    if metric not in metrics.values():
        raise ValueError(f"nearest neighbours by the metric {estimator.metric!r} are not known")
    if estimator.weights not in (None, "uniform", "distance"):
        raise ValueError("nearest neighbours with weights of their own are not known")
    return {
        "kind": "nearest_neighbours",
        "neighbours": int(estimator.n_neighbors),
        "weights": estimator.weights or "uniform",
        "metric": metric,
        "points": _rows(estimator._fit_X),
        "labels": [int(label) for label in numpy.ravel(estimator._y)],
    }


def _mlp(estimator, _columns):
    if estimator.out_activation_ not in ("logistic", "softmax"):
        raise ValueError("a perceptron of more than one label a row is not known")
    layers = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    return {
        "kind": "mlp",
        "activation": estimator.activation,
        "link": estimator.out_activation_,
        "layers": [{"weights": _rows(weights), "bias": _rows(bias)} for weights, bias in layers],
    }


def _xgboost(estimator, _columns):
    if estimator.missing is not None and not numpy.isnan(estimator.missing):
        raise ValueError("a booster that takes some number for an absent value is not known")
    booster = estimator.get_booster()
    best = booster.attr("best_iteration")
    if best is not None:
        booster = booster[: int(best) + 1]
    model = json.loads(booster.save_raw("json"))
    return {"kind": "xgboost", "model": model, "_knows_absent": True}


def _lightgbm(estimator, _columns):
    text = estimator.booster_.model_to_string(num_iteration=estimator.best_iteration_)
    return {"kind": "lightgbm", "text": text, "_knows_absent": True}


#: By the name of the class, so that XGBoost and LightGBM need not be there.
_WRITERS = {
    "DecisionTreeClassifier": trees.tree,
    "RandomForestClassifier": trees.forest,
    "ExtraTreesClassifier": trees.forest,
    "GradientBoostingClassifier": trees.gradient_boosting,
    "HistGradientBoostingClassifier": trees.hist_gradient_boosting,
    "GaussianNB": _gaussian_nb,
    "LogisticRegression": _logistic_regression,
    "LinearSVC": _linear_svc,
    "OneVsRestClassifier": _one_vs_rest,
    "SVC": _svc,
    "KNeighborsClassifier": _nearest_neighbours,
    "MLPClassifier": _mlp,
    "XGBClassifier": _xgboost,
    "LGBMClassifier": _lightgbm,
}
