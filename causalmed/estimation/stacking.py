r"""How much the coefficients of the nuisances move an estimate: the chain rule, from the end backwards.

An estimate :math:`\psi(v_1, v_2, …)` depends on predictions :math:`v_k = h(X_k \beta_k)`, and the response of
one regression may be the prediction of another. With :math:`G_{k,i} = \partial\psi / \partial v_{k,i}` and
:math:`c_k = \sum_i G_{k,i} h'_{k,i} x_{k,i}`, the fit of :math:`\beta_k` adds to the influence of patient i

.. math:: x_i (y_i - \mu_i)^\top I_k^{-1} c_k, \qquad \frac{\partial\psi}{\partial y_i} = \frac1n x_i^\top
          I_k^{-1} c_k

where the second says how to go on to the regression that y came from. The sum over all regressions is the
influence of the stacked estimating equations (Stefanski LA, Boos DD 2002. Am Stat 56:29-38), right whichever
of the models are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.predicting import ParametricPredictor
from causalmed.estimation.problem import Problem
from causalmed.results import Functionals

__all__ = ["Link", "WeightedMean", "functionals_of", "propagate", "weighted_mean", "whole_influence"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """A prediction and the regression it came from.

    Attributes
    ----------
    name : str
        Of the prediction.
    predictor : ParametricPredictor
        The fitted regression.
    override : mapping of str to float
        What was set when it was asked.
    response_of : str
        Name of the prediction that was its response; empty for data.
    """

    name: str
    predictor: ParametricPredictor
    override: Mapping[str, float]
    response_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedMean:
    r""":math:`t = \sum w d / \sum w` with its influence and its derivatives by each patient's d and w."""

    value: float
    influence: Array
    by_values: Array
    by_weights: Array


def weighted_mean(weights: Array | None, values: Array) -> WeightedMean:
    """Take a weighted mean; None: every patient counts as one.

    Examples
    --------
    >>> found = weighted_mean(np.array([1.0, 3.0]), np.array([0.0, 4.0]))
    >>> found.value, found.by_values.tolist(), found.by_weights.tolist()
    (3.0, [0.25, 0.75], [-0.75, 0.25])
    """
    w = np.ones(len(values)) if weights is None else weights
    total = float(w.sum())
    value = float((w @ values) / total)
    away = values - value
    return WeightedMean(
        value=value, influence=len(w) * w / total * away, by_values=w / total, by_weights=away / total
    )


def propagate(links: Sequence[Link], gradients: Mapping[str, Array], n: int) -> Array:
    """Return what the fitting of all regressions adds to the influence, shape (n, k).

    Parameters
    ----------
    links : sequence of Link
        In the order of fitting; gone through backwards.
    gradients : mapping of str to ndarray, shape (n, k)
        Derivatives of the k estimates by each prediction.
    n : int
        Patients.
    """
    waiting = {name: np.array(gradient) for name, gradient in gradients.items()}
    k = next(iter(waiting.values())).shape[1]
    added = np.zeros((n, k))
    for link in reversed(links):
        if link.name not in waiting:
            continue
        fit, X = link.predictor.fit, link.predictor.design(link.override)
        slope = fit.slope(fit.mean(X))
        along = fit.along(X.T @ (waiting[link.name] * slope[:, None]))
        added += fit.score_along(along)
        if link.response_of:
            onward = (fit.matrix * fit.rows[:, None]) @ along / n
            waiting[link.response_of] = waiting.get(link.response_of, np.zeros((n, k))) + onward
    return added


def whole_influence(
    influence: Array,
    gradients: Mapping[str, Array],
    links: Sequence[Link],
    fixed: Mapping[str, NDArray[np.bool_]],
) -> tuple[Array, str]:
    """Add to the influence what the fitting of parametric models adds, and say what it then is.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        With the nuisances taken as known.
    gradients : mapping of str to ndarray, shape (n, k)
        Derivatives by each prediction.
    links : sequence of Link
        The regressions; empty where a learner takes part, whose fitting adds nothing to first order.
    fixed : mapping of str to ndarray of bool, shape (n,)
        Predictions that were moved to a bound, and stay there whatever the coefficients do.
    """
    if not links:
        return influence, "influence function"
    kept = {name: np.array(gradient) for name, gradient in gradients.items()}
    for name, moved in fixed.items():
        kept[name][moved] = 0.0
    return influence + propagate(links, kept, len(influence)), "stacked sandwich"


def functionals_of(
    problem: Problem, labels: tuple[str, ...], psi: Array, influence: Array, *, source: str
) -> Functionals:
    """Put estimates and influence together, clusters allowed for by their sums."""
    if problem.clusters is None:
        covariance, degrees = independent(influence), float("inf")
    else:
        covariance = clustered(influence, problem.clusters, problem.groups)
        source, degrees = f"{source}, clustered", problem.groups - 1.0
    return Functionals(
        labels=labels,
        values=psi,
        covariance=covariance,
        source=source,
        degrees_of_freedom=degrees,
        influence=influence,
    )
