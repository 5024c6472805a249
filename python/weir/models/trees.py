"""Trees of scikit-learn → the `trees` of a model file."""

import numpy

LEAF = -1


def _trees(trees, precision, combine, base, link, knows_absent):
    return {
        "kind": "trees",
        "precision": precision,
        "combine": combine,
        "base": numpy.asarray(base, dtype=float).tolist(),
        "link": link,
        "trees": trees,
        "_knows_absent": knows_absent,
    }


def _nodes(columns, thresholds, left, right, absent_left, values, output=0):
    """A tree; only leaves have values, only other nodes a threshold: null where no number is above it."""
    is_leaf = numpy.asarray(left) == LEAF
    is_plain = ~is_leaf & numpy.isfinite(thresholds)
    rows = zip(is_leaf, values, strict=True)
    return {
        "output": output,
        "columns": [int(column) for column in numpy.where(is_leaf, 0, columns)],
        "thresholds": [float(t) if plain else None for t, plain in zip(thresholds, is_plain, strict=True)],
        "left": [int(child) for child in left],
        "right": [int(child) for child in right],
        "absent_left": [bool(goes) for goes in absent_left],
        "values": [[float(value) for value in row] if leaf else [] for leaf, row in rows],
    }


def _of_scikit(tree, values, output=0):
    absent_left = tree.__getstate__()["nodes"]["missing_go_to_left"]
    return _nodes(
        tree.feature, tree.threshold, tree.children_left, tree.children_right, absent_left, values, output
    )


def _shares(tree):
    """For each node the share of each class."""
    values = tree.value[:, 0, :]
    return values / values.sum(axis=1, keepdims=True)


def _allows_absent(estimator):
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def _mean(estimator, trees):
    one_by_one = [_of_scikit(tree, _shares(tree)) for tree in trees]
    base = numpy.zeros(len(estimator.classes_))
    return _trees(one_by_one, "single", "mean", base, "identity", _allows_absent(estimator))


def tree(estimator, _columns):
    """A decision tree is a forest of one."""
    return _mean(estimator, [estimator.tree_])


def forest(estimator, _columns):
    """Random forests and extra trees."""
    return _mean(estimator, [one.tree_ for one in estimator.estimators_])


def gradient_boosting(estimator, columns):
    """Trees of regression, scaled by the learning rate, on top of the prior."""
    if estimator.init is not None and estimator.init != "zero":
        raise ValueError("gradient boosting on top of an estimator of one's own is not known")
    # The exponential loss stands for twice the logarithm of the odds.
    scale = 2.0 if estimator.loss == "exponential" else 1.0
    width = estimator.n_features_in_
    base = scale * estimator._raw_predict_init(numpy.zeros((1, width)))[0]
    rate = scale * estimator.learning_rate
    boosted = [
        _of_scikit(one.tree_, rate * one.tree_.value[:, 0, :], output)
        for stage in estimator.estimators_
        for output, one in enumerate(stage)
    ]
    link = "logistic" if len(base) == 1 else "softmax"
    return _trees(boosted, "single", "sum", base, link, False)


def hist_gradient_boosting(estimator, _columns):
    """Trees that compare double precision numbers and know where absent ones go."""
    categories = estimator.is_categorical_
    if categories is not None and numpy.any(categories):
        raise ValueError("histogram gradient boosting with categories is not known")
    base = numpy.ravel(estimator._baseline_prediction)
    boosted = []
    for stage in estimator._predictors:
        for output, predictor in enumerate(stage):
            nodes = predictor.nodes
            is_leaf = nodes["is_leaf"].astype(bool)
            left = numpy.where(is_leaf, LEAF, nodes["left"].astype(int))
            right = numpy.where(is_leaf, LEAF, nodes["right"].astype(int))
            thresholds, absent = nodes["num_threshold"], nodes["missing_go_to_left"]
            values = nodes["value"].reshape(-1, 1)
            boosted.append(_nodes(nodes["feature_idx"], thresholds, left, right, absent, values, output))
    link = "logistic" if len(base) == 1 else "softmax"
    return _trees(boosted, "double", "sum", base, link, True)
