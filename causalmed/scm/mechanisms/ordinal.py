"""An ordinal node: proportional odds between neighbouring levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import expit

from causalmed.errors import InvalidArgument
from causalmed.scm.mechanism import by_quantile, log_of_chosen, positions
from causalmed.scm.mechanisms.newton import Step
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["Ordinal", "ordinal_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinal:
    r"""A node with ordered levels (McCullagh 1980).

    .. math:: P(X > k) = \operatorname{expit}(\eta - c_k), \qquad
              x = \#\{k : u \ge \operatorname{expit}(c_k - \eta)\}, \quad u \sim U(0, 1)

    Parameters
    ----------
    predictor : Predictor
        :math:`\eta`; its intercept is 0, for the cuts hold it.
    cuts : tuple of float
        :math:`c_0 < c_1 < …`, one fewer than levels.
    codes : tuple of float
        Codes of the levels, ascending; 0, 1, … unless stated.

    Raises
    ------
    InvalidArgument
        The cuts do not ascend, or do not fit the codes.

    References
    ----------
    McCullagh P (1980). J R Stat Soc B 42(2):109-142, equation 2.1.

    Examples
    --------
    >>> asa = Ordinal(predictor=Predictor.of(0.0, {"age": 0.05}), cuts=(1.0, 3.0))
    >>> asa.probabilities({"age": np.array([60.0])}).round(3).tolist()
    [[0.119, 0.381, 0.5]]
    """

    predictor: Predictor
    cuts: tuple[float, ...]
    codes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.codes:
            object.__setattr__(self, "codes", tuple(float(k) for k in range(len(self.cuts) + 1)))
        if not self.cuts or np.any(np.diff(self.cuts) <= 0) or np.any(np.diff(self.codes) <= 0):
            raise InvalidArgument(f"cuts={self.cuts!r} and codes={self.codes!r} must be ascending.")
        if len(self.codes) != len(self.cuts) + 1:
            raise InvalidArgument(f"{len(self.codes)} levels need {len(self.codes) - 1} cuts.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.predictor.columns

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the level whose piece of (0, 1) the noise falls into."""
        return by_quantile(self.probabilities(inputs), noise, self.codes)

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return the probability of each level, shape (…, K)."""
        below = expit(np.asarray(self.cuts) - self.predictor(inputs)[..., np.newaxis])
        edges = np.zeros((*below.shape[:-1], 1))
        return np.diff(np.concatenate([edges, below, edges + 1.0], axis=-1), axis=-1)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean code."""
        return np.asarray(self.probabilities(inputs) @ np.asarray(self.codes))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        return log_of_chosen(self.probabilities(inputs), values, self.codes)

    @property
    def parameters(self) -> FloatArray:
        """The cuts, then the coefficients."""
        return np.concatenate([self.cuts, self.predictor.coefficients[1:]])

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other numbers."""
        numbers = [float(value) for value in parameters]
        cuts = np.maximum.accumulate(numbers[: len(self.cuts)] + np.arange(len(self.cuts)) * 1e-9)
        predictor = self.predictor.with_coefficients([0.0, *numbers[len(self.cuts) :]])
        return replace(self, predictor=predictor, cuts=tuple(cuts.tolist()))

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on cuts and coefficients, shape (n, p)."""
        x = self.predictor.design(inputs, len(values))[:, 1:]
        step = ordinal_step(self.parameters, x=x, level=positions(values, self.codes), levels=len(self.codes))
        return np.asarray(step.scores @ np.linalg.inv(step.information))


def ordinal_step(parameters: FloatArray, *, x: FloatArray, level: np.ndarray, levels: int) -> Step:
    """Return log likelihood, scores and observed information of a proportional odds model.

    Parameters
    ----------
    parameters : ndarray, shape (levels - 1 + p,)
        Cuts, then coefficients.
    x : ndarray, shape (n, p)
        Without an intercept.
    level : ndarray of int, shape (n,)
        0 … levels - 1.
    levels : int
        At least 2.
    """
    n, inner = len(level), levels - 1
    cuts, eta = parameters[:inner], x @ parameters[inner:]
    if np.any(np.diff(cuts) <= 0):
        return Step.impossible()
    upper = expit(np.append(cuts, np.inf)[level] - eta)
    lower = expit(np.append(-np.inf, cuts)[level] - eta)
    chance = np.maximum(upper - lower, 1e-300)
    du, dl = upper * (1 - upper), lower * (1 - lower)
    at_upper, at_lower = np.zeros((n, inner + x.shape[1])), np.zeros((n, inner + x.shape[1]))
    rows = np.arange(n)
    has_upper, has_lower = level < inner, level > 0
    at_upper[rows[has_upper], level[has_upper]] = 1.0
    at_lower[rows[has_lower], level[has_lower] - 1] = 1.0
    at_upper[:, inner:] = at_lower[:, inner:] = -x
    gu, gl = du / chance, dl / chance
    scores = at_upper * gu[:, None] - at_lower * gl[:, None]
    bend = (at_upper.T * (gu * (1 - 2 * upper))) @ at_upper - (at_lower.T * (gl * (1 - 2 * lower))) @ at_lower
    return Step(
        log_likelihood=float(np.log(chance).sum()), scores=scores, information=scores.T @ scores - bend
    )
