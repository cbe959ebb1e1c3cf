"""Histogram gradient boosting of scikit-learn as flat arrays, with missing values and categorical splits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.forest import Forest, Grown
from causalmed.explanation.trees.from_sklearn import labels_of, sign_of
from causalmed.explanation.trees.growing import Views
from causalmed.explanation.trees.links import LINKS
from causalmed.explanation.trees.views import View

__all__ = ["histogram"]

IDENTITY = ("squared_error", "absolute_error", "quantile")


def histogram(model: Any, positive: int | None) -> Forest:
    """Read HistGradientBoostingClassifier (two classes) or HistGradientBoostingRegressor.

    Parameters
    ----------
    model : fitted histogram gradient boosting
        Numbers and numeric levels; missing values go where it learned to send them.
    positive : int or None
        Place of the class whose probability is wanted.

    Returns
    -------
    Forest
        Its sum is on the scale of the log odds, its risk the probability.
    """
    if positive is None and model.loss not in IDENTITY:
        raise InvalidArgument(
            f"loss={model.loss!r} takes the exponential of a sum of trees. Give a model with one of: "
            + ", ".join(IDENTITY)
        )
    sign = sign_of(model, positive)
    order, levels = _columns(model)
    views = Views()
    trees = [_grown(stage[0], views, order, levels, sign) for stage in model._predictors]
    return views.forest(
        trees,
        columns=int(model.n_features_in_),
        start=sign * float(np.ravel(model._baseline_prediction)[0]),
        link=LINKS["identity" if positive is None else "logistic"],
    )


def _columns(model: Any) -> tuple[NDArray[np.int64], dict[int, tuple[float, ...]]]:
    """Return which column each input of the trees is, and the levels of those that were coded."""
    known = getattr(model, "_preprocessor", None)
    if known is None:
        return np.arange(int(model.n_features_in_)), {}
    coded = np.flatnonzero(np.asarray(model.is_categorical_))
    others = np.setdiff1d(np.arange(int(model.n_features_in_)), coded)
    categories = known.named_transformers_["encoder"].categories_
    levels = {place: labels_of(each.tolist(), int(coded[place])) for place, each in enumerate(categories)}
    return np.concatenate([coded, others]), levels


def _grown(
    tree: Any, views: Views, order: NDArray[np.int64], levels: dict[int, tuple[float, ...]], sign: float
) -> Grown:
    nodes = tree.nodes
    split = nodes["is_leaf"] == 0
    cut = np.array(nodes["num_threshold"], dtype=np.float64)
    view = np.zeros(len(nodes), dtype=np.int64)
    by_number = split & (nodes["is_categorical"] == 0)
    if by_number.any():
        column = order[nodes["feature_idx"][by_number]]
        view[by_number] = views.by_side(column, nodes["missing_go_to_left"][by_number], single=False)
    for node in np.flatnonzero(split & (nodes["is_categorical"] == 1)):
        view[node] = views.number(_by_level(nodes[node], tree.raw_left_cat_bitsets, order, levels))
        cut[node] = 0.5
    return Grown(
        left=np.where(split, nodes["left"].astype(np.int64), -1),
        right=np.where(split, nodes["right"].astype(np.int64), -1),
        view=view,
        cut=cut,
        value=sign * np.array(nodes["value"], dtype=np.float64),
        cover=np.array(nodes["count"], dtype=np.float64),
    )


def _by_level(
    node: Any, bitsets: Any, order: NDArray[np.int64], levels: dict[int, tuple[float, ...]]
) -> View:
    """Return the view of a split on levels; one that was not seen in learning counts as missing."""
    place = int(node["feature_idx"])
    words = np.asarray(bitsets)[int(node["bitset_idx"])]
    codes = [code for code in range(256) if int(words[code // 32]) >> (code % 32) & 1]
    known = tuple(level for level in levels[place] if not np.isnan(level))
    return View(
        column=int(order[place]),
        missing="left" if node["missing_go_to_left"] else "right",
        levels=tuple(known[code] for code in codes),
        known=known,
    )
