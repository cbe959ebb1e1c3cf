"""A machine learner fitted on some patients and asked about others, for the rooms above."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.learners import check_kind, fitted, predictions

__all__ = ["learned"]

Array = NDArray[np.float64]


def learned(
    learner: Any,
    X: Array,
    y: Array,
    asked: Array,
    *,
    classify: bool,
    seed: int,
    path: tuple[str | int, ...],
) -> Array:
    """Fit a clone of a learner and return its predictions for other patients.

    Parameters
    ----------
    learner : scikit-learn estimator
        Cloned, never changed; a classifier exactly where ``classify``.
    X, y : ndarray, shapes (n, p) and (n,)
        Rows to learn from.
    asked : ndarray, shape (m, p)
        Rows to predict.
    classify : bool
        Whether y is 0/1 and its probability is wanted.
    seed, path
        The user's seed and what the learner is for.

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    InvalidArgument
        A learner of the wrong kind.
    DataError
        The learner failed; its own words are in the message.
    NotEnoughEvents
        y does not vary.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.arange(4.0)[:, None]
    >>> learned(LinearRegression(), X, 2 * X[:, 0], X[:1] + 9, classify=False, seed=1, path=("doubled",))
    array([18.])
    """
    check_kind(learner, classify)
    model = fitted(learner, X, y, classify=classify, seed=seed, path=path)
    return predictions(model, asked, probability=classify)
