r"""What every mechanism can do, and the arithmetic that the discrete ones share.

A mechanism is :math:`x = h(\mathrm{inputs}, u)` with noise :math:`u` of a fixed law, independent of the
inputs and monotone: the larger u, the larger x. So two worlds that differ by an intervention can share
the noise of every node.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self, runtime_checkable

import numpy as np

from causalmed.scm.terms import FloatArray, Values

__all__ = [
    "Discrete",
    "Invertible",
    "Mechanism",
    "Numeric",
    "Regressed",
    "by_quantile",
    "cumulative",
    "is_invertible",
    "positions",
]

_SMALLEST = 1e-300


@runtime_checkable
class Mechanism(Protocol):
    """How one node comes about from its inputs and its own noise."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        ...

    @property
    def codes(self) -> tuple[float, ...]:
        """The values it can take; empty where any number is possible."""
        ...

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return noise for ``rows`` patients, shape (rows,)."""
        ...

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return h(inputs, noise)."""
        ...

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean given the inputs (the risk, for a 0/1 node)."""
        ...

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log of the probability (or density) of values given inputs."""
        ...


@runtime_checkable
class Discrete(Mechanism, Protocol):
    """A mechanism with a closed list of values."""

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return P(value = codes[k] | inputs), shape (…, K)."""
        ...


@runtime_checkable
class Numeric(Mechanism, Protocol):
    """A mechanism of numbers with a distribution function."""

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return P(X <= values | inputs)."""
        ...


@runtime_checkable
class Invertible(Numeric, Protocol):
    """A continuous mechanism: the noise behind an observed value is known."""

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        ...

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs."""
        ...


@runtime_checkable
class Regressed(Mechanism, Protocol):
    """A mechanism with coefficients that were, or could have been, fitted."""

    @property
    def parameters(self) -> FloatArray:
        """All parameters, shape (p,)."""
        ...

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same mechanism with other numbers."""
        ...

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on the parameters, shape (n, p): score times inverse information."""
        ...


def is_invertible(mechanism: Mechanism) -> bool:
    """Say whether the noise behind an observed value is known; a mechanism may deny it by ``invertible``."""
    return isinstance(mechanism, Invertible) and bool(getattr(mechanism, "invertible", True))


def cumulative(probabilities: FloatArray) -> FloatArray:
    """Return P(X ≤ codes[k]), the last exactly 1."""
    total = np.cumsum(probabilities, axis=-1)
    total[..., -1] = 1.0
    return np.minimum(total, 1.0)


def by_quantile(probabilities: FloatArray, noise: FloatArray, codes: tuple[float, ...]) -> FloatArray:
    """Return the value whose piece of (0, 1) the noise falls into."""
    below = cumulative(probabilities)[..., :-1]
    place = np.sum(noise[..., np.newaxis] >= below, axis=-1)
    return np.asarray(np.asarray(codes)[place], dtype=np.float64)


def positions(values: FloatArray, codes: tuple[float, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return the place of each value in ``codes`` (ascending), -1 where it has none."""
    known = np.asarray(codes)
    place = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
    return np.where(known[place] == values, place, -1)


def log_of_chosen(probabilities: FloatArray, values: FloatArray, codes: tuple[float, ...]) -> FloatArray:
    """Return log P(value), minus infinity for a value that cannot occur."""
    place = positions(values, codes)
    full = np.broadcast_to(probabilities, (*values.shape, len(codes)))
    chosen = np.take_along_axis(full, np.maximum(place, 0)[..., np.newaxis], axis=-1)[..., 0]
    return np.where(place < 0, -np.inf, np.log(np.maximum(chosen, _SMALLEST)))
