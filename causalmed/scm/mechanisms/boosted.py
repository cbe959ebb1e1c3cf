"""Gradient-boosted nodes: probabilities of levels, a mean with added noise, or a whole distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, softmax

from causalmed.errors import InvalidArgument
from causalmed.scm.mechanism import by_quantile, log_of_chosen
from causalmed.scm.mechanisms.quantiles import QuantileLaw
from causalmed.scm.mechanisms.trees import Trees
from causalmed.scm.terms import FloatArray, Values

__all__ = ["BoostedBinary", "BoostedLevels", "BoostedMean", "BoostedQuantiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedBinary:
    r"""A node that is 1 with a risk from boosted trees, recalibrated (Platt 1999).

    .. math:: P(X = 1) = \operatorname{expit}(a + b f), \qquad x = 1[\,u \ge P(X = 0)\,], \quad u \sim U(0, 1)

    Parameters
    ----------
    trees : Trees
        f, in logits.
    intercept, slope : float
        a and b, fitted on patients kept out of the growing.

    References
    ----------
    Friedman JH (2001). Greedy function approximation: a gradient boosting machine. Ann Stat 29(5):1189-1232.
    Platt JC (1999). Probabilistic outputs for support vector machines. Advances in large margin classifiers.

    Examples
    --------
    >>> f = Trees(columns=("age",), start=-2.0, features=[[0]], thresholds=[[60.0]], leaves=[[0.0, 2.0]])
    >>> BoostedBinary(trees=f).mean({"age": np.array([50.0, 70.0])}).round(3).tolist()
    [0.119, 0.5]
    """

    trees: Trees
    intercept: float = 0.0
    slope: float = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.trees.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """No and yes."""
        return (0.0, 1.0)

    def eta(self, inputs: Values) -> FloatArray:
        """Return the recalibrated logit."""
        return np.asarray(self.intercept + self.slope * self.trees(inputs))

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return 1 where the noise reaches 1 − risk."""
        return np.asarray(noise >= expit(-self.eta(inputs)), dtype=np.float64)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the risk."""
        return np.asarray(expit(self.eta(inputs)))

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return P(0), P(1), shape (…, 2)."""
        eta = self.eta(inputs)
        return np.stack([expit(-eta), expit(eta)], axis=-1)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        eta = self.eta(inputs)
        return np.asarray(log_expit(np.where(values == 1, eta, -eta)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedLevels:
    r"""A node with levels whose probabilities come from boosted trees, one sum a level.

    .. math:: P(X = k) = \frac{e^{b f_k}}{\sum_j e^{b f_j}}

    Parameters
    ----------
    trees : tuple of Trees
        :math:`f_k`, one a level, all on the same inputs.
    codes : tuple of float
        Codes of the levels, ascending.
    slope : float
        b, fitted on patients kept out of the growing (temperature scaling).

    Raises
    ------
    InvalidArgument
        Levels and sums do not fit.

    References
    ----------
    Guo C, Pleiss G, Sun Y, Weinberger KQ (2017). On calibration of modern neural networks. ICML 70:1321-1330.
    """

    trees: tuple[Trees, ...]
    codes: tuple[float, ...]
    slope: float = 1.0

    def __post_init__(self) -> None:
        if len(self.trees) != len(self.codes) or len({each.columns for each in self.trees}) != 1:
            raise InvalidArgument("Boosted levels need one sum of trees a level, all on the same inputs.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.trees[0].columns

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the level whose piece of (0, 1) the noise falls into."""
        return by_quantile(self.probabilities(inputs), noise, self.codes)

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return the probability of each level, shape (…, K)."""
        eta = self.slope * np.stack([each(inputs) for each in self.trees], axis=-1)
        return np.asarray(softmax(eta, axis=-1))

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean code."""
        return np.asarray(self.probabilities(inputs) @ np.asarray(self.codes))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        return log_of_chosen(self.probabilities(inputs), values, self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedMean:
    r"""A number: boosted trees plus noise of one law for all.

    .. math:: x = f + Q(u), \qquad u \sim U(0, 1)

    Parameters
    ----------
    trees : Trees
        f, in the unit of the node.
    residuals : tuple of float
        Quantiles of the noise.
    law : QuantileLaw
        Their levels, and the tails.
    """

    trees: Trees
    residuals: tuple[float, ...]
    law: QuantileLaw

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.trees.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    @property
    def grid(self) -> FloatArray:
        """Quantiles of the noise as an array."""
        return np.asarray(self.residuals)

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the sum of the trees plus the quantile at the noise."""
        return np.asarray(self.trees(inputs) + self.law.quantile(self.grid, noise))

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean."""
        return np.asarray(self.trees(inputs) + self.law.mean(self.grid))

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return self.law.cdf(self.grid, np.asarray(values - self.trees(inputs)))

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        return self.cdf(values, inputs)

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs."""
        return np.asarray(values + (self.trees(after) - self.trees(before)))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed."""
        return self.law.log_density(self.grid, np.asarray(values - self.trees(inputs)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedQuantiles:
    r"""A number whose quantiles are boosted trees each, with levels that held on patients kept out.

    .. math:: x = Q(u \mid q_1, …, q_K), \qquad q_k = f_k(\mathrm{inputs}), \quad u \sim U(0, 1)

    Parameters
    ----------
    trees : tuple of Trees
        :math:`f_k`, one a quantile, all on the same inputs.
    law : QuantileLaw
        The level of each, and the tails.

    Raises
    ------
    InvalidArgument
        Quantiles and levels do not fit.

    References
    ----------
    Koenker R, Bassett G (1978). Regression quantiles. Econometrica 46(1):33-50.
    Romano Y, Patterson E, Candès E (2019). Conformalized quantile regression. NeurIPS 32.
    """

    trees: tuple[Trees, ...]
    law: QuantileLaw

    def __post_init__(self) -> None:
        if len(self.trees) != len(self.law.levels) or len({each.columns for each in self.trees}) != 1:
            raise InvalidArgument("Boosted quantiles need one sum of trees a level, all on the same inputs.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.trees[0].columns

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    def grid(self, inputs: Values) -> FloatArray:
        """Return the predicted quantiles, shape (…, K)."""
        return np.stack([each(inputs) for each in self.trees], axis=-1)

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the quantile at the noise."""
        return self.law.quantile(self.grid(inputs), noise)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean."""
        return self.law.mean(self.grid(inputs))

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return self.law.cdf(self.grid(inputs), values)

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        return self.cdf(values, inputs)

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs.

        Where the predicted quantiles are the same, so are the values, to the last bit.
        """
        old, new = self.grid(before), self.grid(after)
        there = self.law.quantile(new, self.law.cdf(old, values))
        return np.where(np.all(old == new, axis=-1), values, there)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed."""
        return self.law.log_density(self.grid(inputs), values)
