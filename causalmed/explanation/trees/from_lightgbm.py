"""LightGBM boosters as flat arrays, from their own description in JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.forest import Forest, Grown
from causalmed.explanation.trees.from_sklearn import sign_of
from causalmed.explanation.trees.growing import Views
from causalmed.explanation.trees.links import LINKS, Link
from causalmed.explanation.trees.views import View

__all__ = ["lightgbm"]

SUMS = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")


def lightgbm(model: Any, positive: int | None) -> Forest:
    """Read an LGBMClassifier of two classes, an LGBMRegressor or a Booster.

    Parameters
    ----------
    model : fitted model or booster of LightGBM
        Missing values, zeros as missing and categorical splits are read as LightGBM reads them.
    positive : int or None
        Place of the class whose probability is wanted.

    Returns
    -------
    Forest
        Its sum is the raw score, its risk the probability.
    """
    told = getattr(model, "booster_", model).dump_model()
    if told["num_tree_per_iteration"] != 1:
        raise InvalidArgument(
            f"This LightGBM model tells {told['num_class']} classes apart. Give a model of two classes: the "
            "outcome, and everything else."
        )
    sign = sign_of(model, positive) if hasattr(model, "classes_") else 1.0
    trees = told["tree_info"]
    scale = sign / (len(trees) if told.get("average_output") else 1)
    views = Views()
    grown = [_grown(tree["tree_structure"], views, scale) for tree in trees]
    return views.forest(grown, columns=int(told["max_feature_idx"]) + 1, link=_link(str(told["objective"])))


def _link(objective: str) -> Link:
    name, *settings = objective.split()
    if name == "binary":
        slope = dict(setting.split(":") for setting in settings if ":" in setting).get("sigmoid", "1")
        return Link(name="logistic", slope=float(slope))
    if name == "cross_entropy":
        return LINKS["logistic"]
    if name in SUMS and "sqrt" not in settings:
        return LINKS["identity"]
    raise InvalidArgument(
        f"LightGBM's objective {objective!r} makes something else of the sum of its trees than a mean or a "
        "probability. Give a model of a binary outcome or of a mean."
    )


def _grown(root: dict[str, Any], views: Views, scale: float) -> Grown:
    nodes, waiting = [root], [0]
    left, right = [-1], [-1]
    while waiting:
        at = waiting.pop()
        if "split_feature" not in nodes[at]:
            continue
        left[at], right[at] = len(nodes), len(nodes) + 1
        waiting += [len(nodes), len(nodes) + 1]
        nodes += [nodes[at]["left_child"], nodes[at]["right_child"]]
        left += [-1, -1]
        right += [-1, -1]
    if any("leaf_coeff" in node for node in nodes):
        raise InvalidArgument(
            "The leaves of this LightGBM model are regressions. Fit with linear_tree=False."
        )
    seen = [_split(node, views) if "split_feature" in node else (0, 0.0) for node in nodes]
    return Grown(
        left=np.array(left),
        right=np.array(right),
        view=np.array([view for view, _ in seen]),
        cut=np.array([cut for _, cut in seen]),
        value=np.array([scale * node.get("leaf_value", 0.0) for node in nodes]),
        cover=np.array(
            [node.get("leaf_count", node.get("internal_count", 1.0)) for node in nodes], dtype=float
        ),
    )


def _split(node: dict[str, Any], views: Views) -> tuple[int, float]:
    """Return the number of the view of a split, and its cut."""
    column = int(node["split_feature"])
    if node["decision_type"] == "==":
        levels = tuple(float(level) for level in str(node["threshold"]).split("||"))
        return views.number(View(column=column, missing="right", levels=levels)), 0.5
    if node["missing_type"] == "None":
        return views.number(View(column=column, missing="zero")), float(node["threshold"])
    side: Any = "left" if node["default_left"] else "right"
    zero = node["missing_type"] == "Zero"
    return views.number(View(column=column, missing=side, zero_is_missing=zero)), float(node["threshold"])
