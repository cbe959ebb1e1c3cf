"""Which reader takes which model."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.forest import Forest

__all__ = ["read_trees", "readable"]

HERE: Final = "causalmed.explanation.trees"
READERS: Final = {
    "sklearn": {
        "DecisionTreeClassifier": "from_sklearn:averaged",
        "DecisionTreeRegressor": "from_sklearn:averaged",
        "ExtraTreeClassifier": "from_sklearn:averaged",
        "ExtraTreeRegressor": "from_sklearn:averaged",
        "RandomForestClassifier": "from_sklearn:averaged",
        "RandomForestRegressor": "from_sklearn:averaged",
        "ExtraTreesClassifier": "from_sklearn:averaged",
        "ExtraTreesRegressor": "from_sklearn:averaged",
        "GradientBoostingClassifier": "from_sklearn:boosted",
        "GradientBoostingRegressor": "from_sklearn:boosted",
        "HistGradientBoostingClassifier": "from_histograms:histogram",
        "HistGradientBoostingRegressor": "from_histograms:histogram",
    },
    "lightgbm": {
        "LGBMClassifier": "from_lightgbm:lightgbm",
        "LGBMRegressor": "from_lightgbm:lightgbm",
        "Booster": "from_lightgbm:lightgbm",
    },
}
"""Library → class → module and function that reads it."""


def readable(model: object) -> bool:
    """Say whether a model is a tree ensemble that can be read.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> readable(DecisionTreeRegressor()), readable("a letter")
    (True, False)
    """
    return _reader(model) is not None


def read_trees(model: object, *, positive: object = 1) -> Forest:
    r"""Read a fitted tree ensemble into flat arrays.

    The sum :math:`m(x) = c + \sum_t v_t(x)` of its leaves is what the model adds up: the probability itself
    where trees are averaged, the log odds where they are boosted.

    Parameters
    ----------
    model : fitted model
        Of scikit-learn: decision trees, random forests, extremely randomised trees, gradient boosting and
        histogram gradient boosting. Of LightGBM: classifier, regressor, booster. One outcome, two classes.
    positive : object
        For a classifier, the class whose probability is the risk.

    Returns
    -------
    Forest

    Raises
    ------
    InvalidArgument
        Another model, not fitted, more than two classes of boosting, an outcome that is no sum of trees.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> rows = np.random.default_rng(0).normal(size=(80, 3))
    >>> model = RandomForestClassifier(20, random_state=0).fit(rows, rows[:, 0] > 0)
    >>> forest = read_trees(model, positive=True)
    >>> bool(np.allclose(forest.risk(rows), model.predict_proba(rows)[:, 1], atol=1e-12))
    True
    """
    reader = _reader(model)
    if reader is None:
        names = ", ".join(name for library in READERS.values() for name in library)
        raise InvalidArgument(
            f"The trees of a {type(model).__name__} cannot be read. Give one of: {names}. Any other model is "
            "explained without its trees, by explain()."
        )
    if not (hasattr(model, "n_features_in_") or type(model).__name__ == "Booster"):
        raise InvalidArgument(f"This {type(model).__name__} is not fitted, so it has no trees.")
    module, function = reader.split(":")
    read: Callable[[Any, int | None], Forest] = getattr(import_module(f"{HERE}.{module}"), function)
    return read(model, _place(model, positive))


def _reader(model: object) -> str | None:
    kind = type(model)
    return READERS.get(kind.__module__.split(".")[0], {}).get(kind.__name__)


def _place(model: Any, positive: object) -> int | None:
    """Return the place of the class, or ``None`` where the model is no classifier."""
    if not hasattr(model, "classes_"):
        return None
    classes = list(model.classes_)
    if positive not in classes:
        raise InvalidArgument.option(
            "positive", positive, [getattr(each, "item", lambda e=each: e)() for each in classes]
        )
    return classes.index(positive)
