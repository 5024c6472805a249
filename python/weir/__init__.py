"""The Python side of weir, an exporter of flows.

    rows = weir.read("flows.csv")                      # a table with types, and what each column means
    columns = weir.features(rows, "statistical")       # no addresses, ports, or times
    model.fit(weir.matrix(rows, columns), labels)      # any classifier of scikit-learn
    weir.export(model, columns, "model.json", rows=rows)  # weir -p +classifier -o classifier.model=model.json

What stands behind a name is imported when it is first used, so that a part needs only what it needs itself.
"""

import importlib

#: Where each public name lives.
_HOMES = {
    "read": "reading",
    "read_arrow": "reading",
    "dictionary": "reading",
    "features": "selection",
    "matrix": "selection",
    "export": "models",
    "by_group": "splits",
    "by_time": "splits",
    "equal_counts": "splits",
    "evaluate": "evaluation",
    "k_fold": "evaluation",
    "monte_carlo": "evaluation",
    "rank": "ranking",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module `weir` has no `{name}`; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"weir.{_HOMES[name]}"), name)


def __dir__():
    return __all__
