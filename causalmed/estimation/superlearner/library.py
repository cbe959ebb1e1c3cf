"""The candidates a super learner brings along, tamer where events are few."""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.parametric import as_learner
from causalmed.regression import Linear, Logistic

__all__ = ["Mean", "MeanRisk", "default_library", "named"]

Array = NDArray[np.float64]
_FEW_PER_COLUMN: Final = 10
_EVENTS_PER_LEAF: Final = 10
_LEAF: Final = 20


class Mean:
    """The mean, whatever the covariates.

    Examples
    --------
    >>> Mean().fit(np.zeros((2, 1)), np.array([1.0, 3.0])).predict(np.zeros((1, 1))).tolist()
    [2.0]
    """

    def __repr__(self) -> str:
        return "mean"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return nothing: a mean has no settings."""
        return {}

    def set_params(self) -> Self:
        """Change nothing."""
        return self

    def fit(self, X: Array, y: Array) -> Self:
        """Take the mean."""
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Array) -> Array:
        """Return the mean for every row."""
        return np.full(len(X), self.mean_)


class MeanRisk(Mean):
    """The share of events, whatever the covariates."""

    classes_ = (0, 1)

    def predict_proba(self, X: Array) -> Array:
        """Return the shares for every row."""
        risk = np.full(len(X), self.mean_)
        return np.column_stack([1 - risk, risk])


def default_library(*, n: int, columns: int, events: int, binary: bool) -> tuple[Any, ...]:
    """Return mean, regression, ridge regression and boosted trees.

    Parameters
    ----------
    n : int
        Patients to learn from.
    columns : int
        Covariates.
    events : int
        The rarer of the two outcomes; n for a number.
    binary : bool
        Whether the outcome is 0/1.

    Notes
    -----
    With fewer than ten events a column the logistic regression is Firth's. The penalty of the ridge does
    not grow with n, so it shrinks most where data are few. A leaf of the trees holds 20 patients and, at the
    mean risk, ten events.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    leaf = min(max(_LEAF, -(-_EVENTS_PER_LEAF * n // max(events, 1))), max(n // 4, 1))
    trees = {
        "learning_rate": 0.05,
        "max_iter": 100,
        "max_leaf_nodes": 8,
        "min_samples_leaf": leaf,
        "l2_regularization": 1.0,
        "early_stopping": False,
    }
    if binary:
        firth = events < _FEW_PER_COLUMN * columns
        ridge = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        boosted: Any = HistGradientBoostingClassifier(**trees)
        return MeanRisk(), as_learner(Logistic(firth=firth), binary=True), ridge, boosted
    ridge = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 4, 11)))
    return Mean(), as_learner(Linear(), binary=False), ridge, HistGradientBoostingRegressor(**trees)


def named(learners: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the class of each candidate, or of a pipeline's last step; numbered where needed."""
    plain = [_name(learner) for learner in learners]
    return tuple(
        name if plain.count(name) == 1 else f"{name} {plain[: at + 1].count(name)}"
        for at, name in enumerate(plain)
    )


def _name(learner: Any) -> str:
    if isinstance(learner, Mean):
        return "mean"
    if hasattr(learner, "spec"):
        return type(learner.spec).__name__
    steps = getattr(learner, "steps", None)
    return type(steps[-1][1]).__name__ if steps else type(learner).__name__
