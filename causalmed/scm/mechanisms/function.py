"""A node that a function of one's own computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from causalmed.errors import InvalidArgument, NotInvertible
from causalmed.scm.terms import FloatArray, Values

__all__ = ["FunctionMechanism"]

_LAWS: Final = ("normal", "uniform")
_POINTS: Final = (np.arange(200) + 0.5) / 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionMechanism:
    r"""A node computed by a function that was given: :math:`x = h(\mathrm{inputs}, u)`.

    Parameters
    ----------
    function : callable
        (values by name, noise) → numbers, elementwise, the arrays broadcasting against each other; the larger
        the noise, the larger the number.
    columns : tuple of str
        The nodes it reads.
    noise : {"normal", "uniform"}
        Law of u: standard normal, or uniform on (0, 1).
    inverse : callable, optional
        (numbers, values by name) → noise. Without it the noise of a patient cannot be recovered, and unit
        counterfactuals are refused.

    Raises
    ------
    InvalidArgument
        The function cannot be called, or the law is not known.

    Notes
    -----
    The mean is taken over 200 equally likely pieces of the noise. A function cannot be saved.

    Examples
    --------
    >>> dose = FunctionMechanism(
    ...     function=lambda values, u: np.maximum(0.0, 0.1 * values["weight"] + u), columns=("weight",))
    >>> dose.value({"weight": np.array([70.0, 5.0])}, np.array([1.0, -1.0])).tolist()
    [8.0, 0.0]
    """

    function: Callable[[Values, FloatArray], FloatArray]
    columns: tuple[str, ...] = ()
    noise: str = "normal"
    inverse: Callable[[FloatArray, Values], FloatArray] | None = None

    def __post_init__(self) -> None:
        if not callable(self.function) or not (self.inverse is None or callable(self.inverse)):
            raise InvalidArgument("function= and inverse= must be callable.")
        if self.noise not in _LAWS:
            raise InvalidArgument.option("noise", self.noise, _LAWS)
        object.__setattr__(self, "columns", tuple(self.columns))

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    @property
    def invertible(self) -> bool:
        """Whether an inverse was given."""
        return self.inverse is not None

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return noise of the stated law, shape (rows,)."""
        return random.standard_normal(rows) if self.noise == "normal" else random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return what the function makes of inputs and noise."""
        seen = {name: inputs[name] for name in self.columns}
        shape = np.broadcast_shapes(np.shape(noise), *(np.shape(column) for column in seen.values()))
        answer = np.asarray(self.function(seen, noise), dtype=np.float64)
        try:
            return np.broadcast_to(answer, shape)
        except ValueError:
            raise InvalidArgument(
                f"The function of {self.columns!r} returned an array of shape {answer.shape} for inputs "
                f"and noise of shape {shape}; it must work elementwise."
            ) from None

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean over equally likely pieces of the noise."""
        noise = ndtri(_POINTS) if self.noise == "normal" else _POINTS
        seen = {name: np.asarray(inputs[name])[..., np.newaxis] for name in self.columns}
        return np.asarray(self.value(seen, noise).mean(axis=-1))

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction).

        Raises
        ------
        NotInvertible
            No inverse was given.
        """
        return np.asarray(self._inverted()(values, {name: inputs[name] for name in self.columns}))

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs."""
        there = self.value(after, self.noise_of(values, before))
        same = np.ones(1, dtype=bool)
        for name in self.columns:
            same = same & (np.asarray(before[name]) == after[name])
        return np.where(same, values, there)

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        from scipy.special import ndtr

        u = self.noise_of(values, inputs)
        return np.asarray(ndtr(u) if self.noise == "normal" else np.clip(u, 0.0, 1.0))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed, by a difference quotient of the inverse."""
        size = 1e-5 * np.maximum(1.0, np.abs(values))
        rise = self.cdf(values + size, inputs) - self.cdf(values - size, inputs)
        return np.asarray(np.log(np.maximum(rise / (2 * size), 1e-300)))

    def _inverted(self) -> Callable[[FloatArray, Values], FloatArray]:
        if self.inverse is None:
            raise NotInvertible(
                f"The function of {', '.join(self.columns) or 'no inputs'} has no inverse=, so the noise "
                "behind an observed value is not known. Give FunctionMechanism its inverse=."
            )
        return self.inverse
