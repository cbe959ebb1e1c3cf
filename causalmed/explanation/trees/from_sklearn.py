"""Trees, forests and boosted trees of scikit-learn as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.forest import Forest, Grown
from causalmed.explanation.trees.growing import Views
from causalmed.explanation.trees.links import LINKS, Link

__all__ = ["averaged", "boosted"]


def averaged(model: Any, positive: int | None) -> Forest:
    """Read a decision tree, a random forest or extremely randomised trees: a mean over trees.

    Parameters
    ----------
    model : fitted tree or forest
        Classifier or regressor of scikit-learn.
    positive : int or None
        Place of the class whose probability is wanted; ``None`` for a regressor.

    Returns
    -------
    Forest
        Its sum is the probability or the mean.
    """
    if getattr(model, "n_outputs_", 1) != 1:
        raise InvalidArgument(f"{type(model).__name__} has {model.n_outputs_} outputs. Give a model of one.")
    members = list(getattr(model, "estimators_", [model]))
    views = Views()
    trees = [
        _grown(member.tree_, views, _values(member.tree_, positive) / len(members)) for member in members
    ]
    return views.forest(trees, columns=int(model.n_features_in_))


def boosted(model: Any, positive: int | None) -> Forest:
    """Read gradient boosting: log odds for a classifier of two classes, a mean for a regressor.

    Parameters
    ----------
    model : GradientBoostingClassifier or GradientBoostingRegressor
        Fitted, starting from a constant.
    positive : int or None
        Place of the class whose probability is wanted.

    Returns
    -------
    Forest
        Its sum is on the scale of the log odds, its risk the probability.
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor

    constant = model.init_ == "zero" or isinstance(model.init_, DummyClassifier | DummyRegressor)
    if not constant:
        raise InvalidArgument(
            f"The boosting starts from {type(model.init_).__name__}, which is no sum of trees. Boost from a "
            "constant (init=None)."
        )
    sign = sign_of(model, positive)
    columns = int(model.n_features_in_)
    start = np.asarray(model._raw_predict_init(np.zeros((1, columns)))).item()
    views = Views()
    scale = sign * float(model.learning_rate)
    trees = [_grown(row[0].tree_, views, _values(row[0].tree_, None) * scale) for row in model.estimators_]
    return views.forest(trees, columns=columns, start=sign * start, link=_link(model, positive))


def sign_of(model: Any, positive: int | None) -> float:
    """Return 1, or -1 where the wanted class is the first of two; refuse more classes."""
    if positive is None:
        return 1.0
    if len(model.classes_) != 2:
        raise InvalidArgument(
            f"{type(model).__name__} tells {len(model.classes_)} classes apart by as many sums of trees. "
            "Give a model of two classes: the outcome, and everything else."
        )
    return 1.0 if positive == 1 else -1.0


def _link(model: Any, positive: int | None) -> Link:
    if positive is None:
        return LINKS["identity"]
    return replace(LINKS["logistic"], slope=2.0 if model.loss == "exponential" else 1.0)


def _values(tree: Any, positive: int | None) -> NDArray[np.float64]:
    """Return a tree's values: of its only output, or the share of one class."""
    table = np.asarray(tree.value, dtype=np.float64)[:, 0, :]
    if positive is None:
        return np.asarray(table[:, 0])
    return np.asarray(table[:, positive] / table.sum(axis=1))


def _grown(tree: Any, views: Views, value: NDArray[np.float64]) -> Grown:
    left = np.asarray(tree.children_left, dtype=np.int64)
    split = left >= 0
    view = np.zeros(len(left), dtype=np.int64)
    side = np.asarray(getattr(tree, "missing_go_to_left", np.zeros(len(left))))[split]
    columns = np.asarray(tree.feature)[split]
    if split.any():
        view[split] = views.by_side(columns, side, single=True)
    return Grown(
        left=left,
        right=np.asarray(tree.children_right, dtype=np.int64),
        view=view,
        cut=np.minimum(tree.threshold, np.finfo(np.float64).max),  # infinite where only the missing go right
        value=value,
        cover=np.asarray(tree.weighted_n_node_samples, dtype=np.float64),
    )


def labels_of(levels: Sequence[Any], column: int) -> tuple[float, ...]:
    """Return the levels of a categorical column as numbers; refuse others by name."""
    try:
        return tuple(float(level) for level in levels)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(
            f"Column {column} has levels that are no numbers ({levels[0]!r}, …). Code them as numbers before "
            "the model is fitted."
        ) from error
