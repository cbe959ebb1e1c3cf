"""Logistic and linear regression in the clothes of a machine learner, so that they can be cross-fitted."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.regression import GLMFit, Linear, Logistic, fit_linear, fit_logistic

__all__ = ["ParametricClassifier", "ParametricRegressor", "as_learner"]

Array = NDArray[np.float64]


class ParametricRegressor:
    """A linear model with the methods of a scikit-learn regressor.

    Parameters
    ----------
    spec : Linear or Logistic
        What is fitted; a formula is read where the columns of the table are at hand.

    Examples
    --------
    >>> model = ParametricRegressor(Linear()).fit(np.array([[0.0], [1], [2]]), np.array([1.0, 3, 5]))
    >>> model.predict(np.array([[10.0]])).round(6).tolist()
    [21.0]
    """

    takes_names = True

    def __init__(self, spec: Linear | Logistic) -> None:
        self.spec = spec

    def __repr__(self) -> str:
        return repr(self.spec)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what the model was made with."""
        return {"spec": self.spec}

    def set_params(self, *, spec: Linear | Logistic | None = None) -> Self:
        """Replace what the model is made with."""
        self.spec = self.spec if spec is None else spec
        return self

    def fit(self, X: Array, y: Array, names: tuple[str, ...] = ()) -> Self:
        """Fit the model; columns that do not vary are one intercept. Names are for messages."""
        self.varying_ = np.asarray(X.max(axis=0) != X.min(axis=0))
        matrix, response = self._design(X), np.asarray(y, dtype=np.float64)
        kept = [name for name, varies in zip(names, self.varying_, strict=False) if varies]
        told = ("Intercept", *kept) if names else None
        self.fit_: GLMFit
        if isinstance(self.spec, Linear):
            self.fit_ = fit_linear(matrix, response, names=told)
        else:
            self.fit_ = fit_logistic(matrix, response, firth=self.spec.firth, names=told)
        return self

    def predict(self, X: Array) -> Array:
        """Return fitted means."""
        return self.fit_.predict(self._design(X))

    def _design(self, X: Array) -> Array:
        return np.ascontiguousarray(np.column_stack([np.ones(len(X)), X[:, self.varying_]]))


class ParametricClassifier(ParametricRegressor):
    """A logistic or linear model of a 0/1 response with the methods of a scikit-learn classifier.

    Examples
    --------
    >>> X, y = np.array([[0.0], [0], [1], [1]]), np.array([0, 1, 1, 0])
    >>> ParametricClassifier(Logistic()).fit(X, y).predict_proba(X)[:, 1].round(6).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """

    classes_ = (0, 1)

    def predict_proba(self, X: Array) -> Array:
        """Return the probabilities of 0 and of 1; a linear model is cut at them."""
        p = np.clip(self.fit_.predict(self._design(X)), 0.0, 1.0)
        return np.column_stack([1 - p, p])

    def predict(self, X: Array) -> Array:
        """Return the likelier class."""
        return np.asarray(self.predict_proba(X)[:, 1] > 0.5, dtype=np.float64)


def as_learner(model: Any, *, binary: bool) -> Any:
    """Return a regression spec as a learner, and a learner as it is; None: main effects.

    Parameters
    ----------
    model : Logistic, Linear, learner or None
        What was asked for.
    binary : bool
        Whether the response is 0/1.

    Raises
    ------
    InvalidArgument
        A logistic model of a number.
    """
    if model is None:
        model = Logistic() if binary else Linear()
    if not isinstance(model, Logistic | Linear):
        return model
    if isinstance(model, Logistic) and not binary:
        raise InvalidArgument(f"{model!r} cannot describe a number. Use Linear() or a regressor.")
    return ParametricClassifier(model) if binary else ParametricRegressor(model)
