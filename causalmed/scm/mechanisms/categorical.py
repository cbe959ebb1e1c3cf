"""A categorical node: multinomial logistic against its first level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import softmax

from causalmed.errors import InvalidArgument
from causalmed.scm.mechanism import by_quantile, log_of_chosen, positions
from causalmed.scm.mechanisms.newton import Step
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["Categorical", "categorical_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    r"""A node with unordered levels.

    .. math:: P(X = k) = \frac{e^{\eta_k}}{\sum_j e^{\eta_j}}, \qquad \eta_0 = 0

    Its noise is uniform and picks a level by the cumulated probabilities in the order of the codes; that
    order carries no meaning, which matters for couplings (see the page on counterfactuals).

    Parameters
    ----------
    predictors : tuple of Predictor
        :math:`\eta_1, \eta_2, …`; all with the same terms.
    codes : tuple of float
        Codes of the levels, ascending; 0, 1, … unless stated.

    Raises
    ------
    InvalidArgument
        Levels and predictors do not fit, or the predictors have different terms.

    References
    ----------
    McCullagh P, Nelder JA (1989). Generalized linear models, 2nd ed., section 5.2.4.

    Examples
    --------
    >>> ward = Categorical(predictors=(Predictor.of(0.0), Predictor.of(np.log(2.0))))
    >>> ward.probabilities({}).round(2).tolist()
    [0.25, 0.25, 0.5]
    """

    predictors: tuple[Predictor, ...]
    codes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.codes:
            object.__setattr__(self, "codes", tuple(float(k) for k in range(len(self.predictors) + 1)))
        if len(self.codes) != len(self.predictors) + 1 or np.any(np.diff(self.codes) <= 0):
            raise InvalidArgument(
                f"{len(self.codes)} ascending codes need {len(self.codes) - 1} predictors, the first level "
                f"being the reference; there are {len(self.predictors)}."
            )
        if len({predictor.names for predictor in self.predictors}) != 1:
            raise InvalidArgument("The predictors of a categorical node must have the same terms.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.predictors[0].columns

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the level whose piece of (0, 1) the noise falls into."""
        return by_quantile(self.probabilities(inputs), noise, self.codes)

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return the probability of each level, shape (…, K)."""
        first, *others = np.broadcast_arrays(0.0, *(predictor(inputs) for predictor in self.predictors))
        return np.asarray(softmax(np.stack([first, *others], axis=-1), axis=-1))

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean code (of use for two levels only)."""
        return np.asarray(self.probabilities(inputs) @ np.asarray(self.codes))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        return log_of_chosen(self.probabilities(inputs), values, self.codes)

    @property
    def parameters(self) -> FloatArray:
        """The coefficients of level 1, of level 2, …, each with its intercept first."""
        return np.concatenate([predictor.coefficients for predictor in self.predictors])

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other coefficients."""
        rows = np.reshape([float(value) for value in parameters], (len(self.predictors), -1))
        moved = tuple(
            predictor.with_coefficients(row) for predictor, row in zip(self.predictors, rows, strict=True)
        )
        return replace(self, predictors=moved)

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on the coefficients, shape (n, p)."""
        x = self.predictors[0].design(inputs, len(values))
        place = positions(values, self.codes)
        step = categorical_step(self.parameters, x=x, level=place, levels=len(self.codes))
        return np.asarray(step.scores @ np.linalg.inv(step.information))


def categorical_step(parameters: FloatArray, *, x: FloatArray, level: np.ndarray, levels: int) -> Step:
    """Return log likelihood, scores and information of a multinomial logistic model.

    Parameters
    ----------
    parameters : ndarray, shape ((levels - 1) * p,)
        Coefficients of level 1, of level 2, …
    x : ndarray, shape (n, p)
        With its intercept.
    level : ndarray of int, shape (n,)
        0 … levels - 1.
    levels : int
        At least 2.
    """
    n, p = x.shape
    eta = np.column_stack([np.zeros(n), x @ parameters.reshape(levels - 1, p).T])
    chance = np.asarray(softmax(eta, axis=1))
    happened = level[:, None] == np.arange(1, levels)
    scores = ((happened - chance[:, 1:])[:, :, None] * x[:, None, :]).reshape(n, -1)
    information = np.empty((levels - 1, p, levels - 1, p))
    for j in range(levels - 1):
        for k in range(levels - 1):
            weight = chance[:, j + 1] * (float(j == k) - chance[:, k + 1])
            information[j, :, k, :] = (x.T * weight) @ x
    log_likelihood = float(np.log(np.maximum(chance[np.arange(n), level], 1e-300)).sum())
    size = (levels - 1) * p
    return Step(log_likelihood=log_likelihood, scores=scores, information=information.reshape(size, size))
