"""A count: whole numbers from 0, with a log-linear mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.special import digamma, gammaln, polygamma, xlog1py, xlogy

from causalmed.errors import DataError, InvalidArgument
from causalmed.scm.mechanisms.newton import Step, maximise
from causalmed.scm.mechanisms.task import Task, standardised
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["Count", "count_step", "fit_negative_binomial", "fit_poisson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    r"""A node with a Poisson or a negative binomial law (Cameron and Trivedi's NB2).

    .. math:: E X = \mu = e^{\eta}, \qquad \operatorname{Var} X = \mu + \alpha \mu^2, \qquad
              x = F^{-1}(u), \quad u \sim U(0, 1)

    Parameters
    ----------
    predictor : Predictor
        :math:`\eta`, the logarithm of the mean.
    dispersion : float
        :math:`\alpha`, at least 0; 0 is the Poisson law.

    Raises
    ------
    InvalidArgument
        The dispersion is negative.

    References
    ----------
    Cameron AC, Trivedi PK (2013). Regression analysis of count data, 2nd ed., section 3.3.1.

    Examples
    --------
    >>> visits = Count(predictor=Predictor.of(0.0, {"asa": 0.5}), dispersion=0.5)
    >>> visits.value({"asa": np.array([2.0, 2.0])}, np.array([0.2, 0.9])).tolist()
    [1.0, 6.0]
    """

    predictor: Predictor
    dispersion: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.dispersion) and self.dispersion >= 0):
            raise InvalidArgument(f"dispersion={self.dispersion!r} must be a number, at least 0.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.predictor.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """No list: any whole number from 0 is possible."""
        return ()

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the quantile at the noise."""
        return np.asarray(self._law(inputs).ppf(noise), dtype=np.float64)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean."""
        return np.asarray(np.exp(self.predictor(inputs)))

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return np.asarray(self._law(inputs).cdf(values))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed; minus infinity for what is no count."""
        mu = self.mean(inputs)
        whole = (values >= 0) & (values == np.floor(values))
        y = np.where(whole, values, 0.0)
        return np.where(whole, _log_probability(y, mu, self.dispersion), -np.inf)

    @property
    def parameters(self) -> FloatArray:
        """The coefficients, the intercept first, then the log of the dispersion, if there is any."""
        more = [np.log(self.dispersion)] if self.dispersion > 0 else []
        return np.append(self.predictor.coefficients, more)

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other numbers."""
        numbers, size = [float(value) for value in parameters], 1 + len(self.predictor.terms)
        predictor = self.predictor.with_coefficients(numbers[:size])
        if self.dispersion == 0:
            return replace(self, predictor=predictor)
        return replace(self, predictor=predictor, dispersion=float(np.exp(np.clip(numbers[size], -50, 50))))

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on the parameters, shape (n, p)."""
        x = self.predictor.design(inputs, len(values))
        step = count_step(self.parameters, x=x, values=values, dispersed=self.dispersion > 0)
        return np.asarray(step.scores @ np.linalg.inv(step.information))

    def _law(self, inputs: Values) -> Any:
        from scipy import stats

        mu = self.mean(inputs)
        if self.dispersion == 0:
            return stats.poisson(mu)
        size = 1 / self.dispersion
        return stats.nbinom(size, size / (size + mu))


def _log_probability(y: FloatArray, mu: FloatArray, dispersion: float) -> FloatArray:
    if dispersion == 0:
        return np.asarray(xlogy(y, mu) - mu - gammaln(y + 1))
    size = 1 / dispersion
    shape = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
    return np.asarray(shape - xlog1py(size, mu / size) + xlogy(y, mu / (size + mu)))


def count_step(parameters: FloatArray, *, x: FloatArray, values: FloatArray, dispersed: bool) -> Step:
    """Return log likelihood, scores and information of a count with a log-linear mean.

    Parameters
    ----------
    parameters : ndarray, shape (p,) or (p + 1,)
        Coefficients; with ``dispersed`` the log of the dispersion at the end.
    x : ndarray, shape (n, p)
        With its intercept.
    values : ndarray, shape (n,)
        Whole numbers from 0.
    dispersed : bool
        Whether the law is negative binomial.
    """
    p = x.shape[1]
    mu = np.exp(np.clip(x @ parameters[:p], -700, 50))
    alpha = float(np.exp(np.clip(parameters[p], -50, 50))) if dispersed else 0.0
    share = 1 + alpha * mu
    log_likelihood = float(_log_probability(values, mu, alpha).sum())
    if not np.isfinite(log_likelihood):
        return Step.impossible()
    scores = x * ((values - mu) / share)[:, np.newaxis]
    information = (x.T * (mu / share)) @ x
    if not dispersed:
        return Step(log_likelihood=log_likelihood, scores=scores, information=information)
    slope, bend = _on_log_dispersion(values, mu, 1 / alpha)
    whole = np.zeros((p + 1, p + 1))
    whole[:p, :p], whole[p, p] = information, bend if bend > 0 else float(slope @ slope)
    return Step(log_likelihood=log_likelihood, scores=np.column_stack([scores, slope]), information=whole)


def _on_log_dispersion(y: FloatArray, mu: FloatArray, size: float) -> tuple[FloatArray, float]:
    """Return each derivative by the log of the dispersion, and minus the sum of second derivatives."""
    first = digamma(y + size) - digamma(size) + np.log(size / (size + mu)) + (mu - y) / (size + mu)
    second = polygamma(1, y + size) - polygamma(1, size) + 1 / size - 1 / (size + mu)
    second = second - (mu - y) / (size + mu) ** 2
    return np.asarray(-size * first), float(-np.sum(size**2 * second + size * first))


def fit_poisson(task: Task) -> Count:
    """Fit a Poisson law by maximum likelihood.

    Raises
    ------
    DataError
        A value is no whole number from 0, or all are 0.
    """
    x, centre, scale = _design(task)
    return Count(predictor=task.predictor.with_coefficients(_unscaled(_poisson(task, x), centre, scale)))


def fit_negative_binomial(task: Task) -> Count:
    """Fit a negative binomial law by maximum likelihood; the Poisson law where nothing is overdispersed."""
    x, centre, scale = _design(task)
    start, y = _poisson(task, x), task.values
    mu = np.exp(x @ start)
    over = float(np.sum((y - mu) ** 2 - y) / np.sum(mu**2))
    if over <= 0:
        return Count(predictor=task.predictor.with_coefficients(_unscaled(start, centre, scale)))
    found = maximise(
        lambda at: count_step(at, x=x, values=y, dispersed=True),
        np.append(start, np.log(max(over, 1e-4))),
        what=repr(task.node),
    )
    predictor = task.predictor.with_coefficients(_unscaled(found[:-1], centre, scale))
    return Count(predictor=predictor, dispersion=float(np.exp(found[-1])))


def _design(task: Task) -> tuple[FloatArray, FloatArray, FloatArray]:
    inner, centre, scale = standardised(task.design()[:, 1:])
    return np.column_stack([np.ones(len(inner)), inner]), centre, scale


def _poisson(task: Task, x: FloatArray) -> FloatArray:
    y = task.values
    if np.any(y < 0) or np.any(y != np.floor(y)) or not np.any(y > 0):
        raise DataError("A count needs whole numbers from 0, not all of them 0.")
    start = np.zeros(x.shape[1])
    start[0] = np.log(y.mean())
    return maximise(lambda at: count_step(at, x=x, values=y, dispersed=False), start, what=repr(task.node))


def _unscaled(found: FloatArray, centre: FloatArray, scale: FloatArray) -> list[float]:
    slopes = found[1:] / scale
    return [float(found[0] - centre @ slopes), *slopes.tolist()]
