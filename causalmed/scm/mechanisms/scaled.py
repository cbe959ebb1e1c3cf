"""A continuous node whose spread depends on its inputs, as well as its mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import ndtr

from causalmed.errors import DataError
from causalmed.scm.mechanisms.newton import Step, maximise
from causalmed.scm.mechanisms.task import Task, standardised
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["ScaledGaussian", "fit_scaled", "scaled_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledGaussian:
    r"""A node with linear mean and log-linear standard deviation (Harvey 1976).

    .. math:: x = \eta + e^{\gamma} u, \qquad u \sim N(0, 1)

    Parameters
    ----------
    predictor : Predictor
        :math:`\eta`, in the unit of the node.
    spread : Predictor
        :math:`\gamma`, the logarithm of the standard deviation.

    References
    ----------
    Harvey AC (1976). Estimating regression models with multiplicative heteroscedasticity. Econometrica
    44(3):461-465.

    Examples
    --------
    >>> mean, spread = Predictor.of(5.0, {"asa": 2.0}), Predictor.of(0.0, {"asa": 0.5})
    >>> stay = ScaledGaussian(predictor=mean, spread=spread)
    >>> stay.value({"asa": np.array([0.0, 2.0])}, np.array([1.0, 1.0])).round(3).tolist()
    [6.0, 11.718]
    """

    predictor: Predictor
    spread: Predictor

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return tuple(dict.fromkeys((*self.predictor.columns, *self.spread.columns)))

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return standard normal noise, shape (rows,)."""
        return random.standard_normal(rows)

    def sd(self, inputs: Values) -> FloatArray:
        """Return the standard deviation given the inputs."""
        return np.asarray(np.exp(self.spread(inputs)))

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the line plus the noise."""
        return np.asarray(self.predictor(inputs) + self.sd(inputs) * noise)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean."""
        return self.predictor(inputs)

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        return np.asarray((values - self.predictor(inputs)) / self.sd(inputs))

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs.

        Where the inputs are the same, so are the values, to the last bit.
        """
        eta = self.predictor(before)
        stretch = np.exp(self.spread(after) - self.spread(before)) - 1.0
        return np.asarray(values + (self.predictor(after) - eta) + stretch * (values - eta))

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return np.asarray(ndtr(self.noise_of(values, inputs)))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed."""
        z = self.noise_of(values, inputs)
        return np.asarray(-0.5 * z**2 - self.spread(inputs) - 0.5 * np.log(2 * np.pi))

    @property
    def parameters(self) -> FloatArray:
        """The coefficients of the mean, then of the spread, each with its intercept first."""
        return np.concatenate([self.predictor.coefficients, self.spread.coefficients])

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other numbers."""
        numbers, first = [float(value) for value in parameters], 1 + len(self.predictor.terms)
        return replace(
            self,
            predictor=self.predictor.with_coefficients(numbers[:first]),
            spread=self.spread.with_coefficients(numbers[first:]),
        )

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on the coefficients of mean and spread, shape (n, p + q)."""
        x, z = (part.design(inputs, len(values)) for part in (self.predictor, self.spread))
        step = scaled_step(self.parameters, x=x, z=z, values=values)
        return np.asarray(step.scores @ np.linalg.inv(step.information))


def scaled_step(parameters: FloatArray, *, x: FloatArray, z: FloatArray, values: FloatArray) -> Step:
    """Return log likelihood, scores and expected information of a normal law with modelled spread.

    Parameters
    ----------
    parameters : ndarray, shape (p + q,)
        Coefficients of the mean, then of the log standard deviation.
    x, z : ndarray, shapes (n, p) and (n, q)
        Designs of mean and spread, each with its intercept.
    values : ndarray, shape (n,)
        What was observed.
    """
    p, size = x.shape[1], len(parameters)
    spread = np.clip(z @ parameters[p:], -300.0, 300.0)
    precision = np.exp(-spread)
    u = (values - x @ parameters[:p]) * precision
    information = np.zeros((size, size))
    weighted = x * precision[:, np.newaxis]
    information[:p, :p] = weighted.T @ weighted
    information[p:, p:] = 2.0 * z.T @ z
    log_likelihood = float(np.sum(-0.5 * u**2 - spread) - 0.5 * len(u) * np.log(2 * np.pi))
    scores = np.column_stack([weighted * u[:, np.newaxis], z * (u**2 - 1.0)[:, np.newaxis]])
    if not np.isfinite(log_likelihood):
        return Step.impossible()
    return Step(log_likelihood=log_likelihood, scores=scores, information=information)


def fit_scaled(task: Task) -> ScaledGaussian:
    """Fit by Fisher scoring, from least squares and one spread.

    Raises
    ------
    DataError
        The node is an exact function of its causes.
    """
    inner, centre, scale = standardised(task.design()[:, 1:])
    outer, middle, size = standardised(task.design(task.spread)[:, 1:])
    x, z = (np.column_stack([np.ones(len(part)), part]) for part in (inner, outer))
    unit = float(task.values.std()) or 1.0
    y = task.values / unit
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    sd = float(np.std(y - x @ beta))
    if not sd > 1e-9:
        raise DataError("It is an exact function of its causes: there is no noise to fit.")
    start = np.concatenate([beta, [np.log(sd)], np.zeros(z.shape[1] - 1)])
    found = maximise(lambda at: scaled_step(at, x=x, z=z, values=y), start, what=repr(task.node))
    slopes = found[1 : x.shape[1]] / scale * unit
    bends = found[x.shape[1] + 1 :] / size
    first = found[0] * unit - centre @ slopes
    second = found[x.shape[1]] + np.log(unit) - middle @ bends
    return ScaledGaussian(
        predictor=task.predictor.with_coefficients([float(first), *slopes.tolist()]),
        spread=task.spread.with_coefficients([float(second), *bends.tolist()]),
    )
