"""A continuous node: a straight line with normal noise of one size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import ndtr

from causalmed.errors import InvalidArgument
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["LinearGaussian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearGaussian:
    r"""A node with linear mean and constant variance, as it is or on the logarithm.

    .. math:: x = \eta + \sigma u \quad\text{or}\quad \log x = \eta + \sigma u, \qquad u \sim N(0, 1)

    Parameters
    ----------
    predictor : Predictor
        :math:`\eta`.
    sd : float
        :math:`\sigma`, positive, in the unit of the node (of its logarithm, with ``log``).
    log : bool
        Whether the logarithm of the node is what is linear.
    penalty : tuple of float
        What was added to the information of each coefficient, the intercept first, where some were shrunk;
        empty for none.

    Raises
    ------
    InvalidArgument
        ``sd`` is not positive.

    Examples
    --------
    >>> glucose = LinearGaussian(predictor=Predictor.of(110.0, {"diabetes": 45.0}), sd=20.0)
    >>> glucose.value({"diabetes": np.array([1.0])}, np.array([-0.5])).tolist()
    [145.0]
    """

    predictor: Predictor
    sd: float
    log: bool = False
    penalty: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sd) and self.sd > 0):
            raise InvalidArgument(f"sd={self.sd!r} must be a positive number.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.predictor.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return standard normal noise, shape (rows,)."""
        return random.standard_normal(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the line plus the noise."""
        return self._back(self.predictor(inputs) + self.sd * noise)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean; that of a lognormal law, with ``log``."""
        eta = self.predictor(inputs)
        return np.asarray(np.exp(eta + self.sd**2 / 2)) if self.log else eta

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        return np.asarray((self.scale(values) - self.predictor(inputs)) / self.sd)

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return np.asarray(ndtr(self.noise_of(values, inputs)))

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs.

        Where the inputs are the same, so are the values, to the last bit.
        """
        shift = self.predictor(after) - self.predictor(before)
        return np.asarray(values * np.exp(shift) if self.log else values + shift)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed."""
        z = self.noise_of(values, inputs)
        jacobian = np.log(values) if self.log else 0.0
        return np.asarray(-0.5 * z**2 - np.log(self.sd) - 0.5 * np.log(2 * np.pi) - jacobian)

    @property
    def parameters(self) -> FloatArray:
        """The coefficients, the intercept first, then the standard deviation."""
        return np.append(self.predictor.coefficients, self.sd)

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other numbers."""
        *coefficients, sd = (float(value) for value in parameters)
        smallest = self.sd / 100
        return replace(self, predictor=self.predictor.with_coefficients(coefficients), sd=max(sd, smallest))

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on coefficients and standard deviation, shape (n, p + 1)."""
        x = self.predictor.design(inputs, len(values))
        residual = self.scale(values) - self.predictor(inputs)
        on_line = (x * residual[:, np.newaxis]) @ np.linalg.inv(x.T @ x + np.diag(self.penalty or [0.0]))
        on_sd = (residual**2 - self.sd**2) / (2 * self.sd * len(values))
        return np.column_stack([on_line, on_sd])

    def scale(self, values: FloatArray) -> FloatArray:
        """Return the values on the scale on which the mechanism is linear."""
        return np.asarray(np.log(values) if self.log else values, dtype=np.float64)

    def _back(self, linear: FloatArray) -> FloatArray:
        return np.asarray(np.exp(linear) if self.log else linear)
