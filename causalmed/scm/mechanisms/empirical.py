"""A node without causes: the distribution that was observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalmed.errors import InvalidArgument
from causalmed.scm.mechanism import by_quantile, log_of_chosen
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Empirical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Empirical:
    r"""A root of the graph with the observed distribution, through its quantile function.

    .. math:: x = \hat F^{-1}(u), \qquad u \sim U(0, 1)

    Parameters
    ----------
    support : tuple of float
        The distinct values, ascending.
    weights : tuple of float
        Their probabilities; they sum to 1.

    Raises
    ------
    InvalidArgument
        The support is not ascending, or the weights are not probabilities.

    Examples
    --------
    >>> sex = Empirical(support=(0.0, 1.0), weights=(0.45, 0.55))
    >>> sex.value({}, np.array([0.2, 0.5])).tolist(), float(sex.mean({}))
    ([0.0, 1.0], 0.55)
    """

    support: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        support, weights = np.asarray(self.support), np.asarray(self.weights)
        if support.shape != weights.shape or not len(support) or np.any(np.diff(support) <= 0):
            raise InvalidArgument("support must be ascending distinct values, with one weight each.")
        if np.any(weights < 0) or not np.isclose(weights.sum(), 1.0, rtol=0, atol=1e-9):
            raise InvalidArgument(f"weights must be probabilities that sum to 1, not {weights.sum():g}.")

    @classmethod
    def of(cls, values: FloatArray) -> Empirical:
        """Return the observed distribution of ``values``, shape (n,)."""
        support, counts = np.unique(values, return_counts=True)
        return cls(support=tuple(support.tolist()), weights=tuple((counts / len(values)).tolist()))

    @property
    def columns(self) -> tuple[str, ...]:
        """It reads none."""
        return ()

    @property
    def codes(self) -> tuple[float, ...]:
        """The observed values."""
        return self.support

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the quantile at the noise."""
        if len(self.support) <= 8:
            return by_quantile(np.asarray(self.weights), noise, self.support)
        edges = np.cumsum(self.weights)[:-1]
        return np.asarray(self.support)[np.searchsorted(edges, noise, side="right")]

    def mean(self, inputs: Values) -> FloatArray:
        """Return the observed mean, an array of no dimension."""
        return np.asarray(np.dot(self.support, self.weights))

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return the weights, shape (K,)."""
        return np.asarray(self.weights)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log weight of each value."""
        return log_of_chosen(np.asarray(self.weights), values, self.support)
