"""Nodes that a learner of scikit-learn predicts. They stay in memory: a learner has no safe form on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from causalmed.engine import generator
from causalmed.errors import DataError
from causalmed.scm.mechanism import Mechanism, by_quantile, log_of_chosen
from causalmed.scm.mechanisms.quantiles import QuantileLaw, residual_law
from causalmed.scm.mechanisms.task import Task, observed_codes
from causalmed.scm.mechanisms.trees import one_thread
from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["LearnedLevels", "LearnedMean", "fit_learned"]

_RAREST: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedLevels:
    """A node with levels: probabilities as a fitted classifier gives them, none below one in a million.

    Parameters
    ----------
    learner : classifier
        Fitted, with ``predict_proba``.
    design : Predictor
        Its terms are the columns that the learner sees; the coefficients are of no account.
    codes : tuple of float
        Codes of the levels, ascending, as the learner has them.
    """

    learner: Any
    design: Predictor
    codes: tuple[float, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.design.columns

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the level whose piece of (0, 1) the noise falls into."""
        return by_quantile(self.probabilities(inputs), noise, self.codes)

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return the probability of each level, shape (…, K)."""
        x, shape = _seen(self.design, inputs)
        with one_thread():
            p = np.maximum(np.asarray(self.learner.predict_proba(x), dtype=np.float64), _RAREST)
        return np.asarray((p / p.sum(axis=1, keepdims=True)).reshape(*shape, len(self.codes)))

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean code (the risk, for a binary node)."""
        return np.asarray(self.probabilities(inputs) @ np.asarray(self.codes))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        return log_of_chosen(self.probabilities(inputs), values, self.codes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedMean:
    r"""A number: what a fitted regressor predicts, plus noise of one law for all.

    .. math:: x = f + Q(u), \qquad u \sim U(0, 1)

    Parameters
    ----------
    learner : regressor
        Fitted.
    design : Predictor
        Its terms are the columns that the learner sees.
    residuals : tuple of float
        Quantiles of the noise.
    law : QuantileLaw
        Their levels, and the tails.
    """

    learner: Any
    design: Predictor
    residuals: tuple[float, ...]
    law: QuantileLaw

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.design.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """Any number is possible."""
        return ()

    @property
    def grid(self) -> FloatArray:
        """Quantiles of the noise as an array."""
        return np.asarray(self.residuals)

    def predicted(self, inputs: Values) -> FloatArray:
        """Return what the learner predicts."""
        x, shape = _seen(self.design, inputs)
        with one_thread():
            return np.asarray(self.learner.predict(x), dtype=np.float64).reshape(shape)

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the prediction plus the quantile at the noise."""
        return np.asarray(self.predicted(inputs) + self.law.quantile(self.grid, noise))

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean."""
        return np.asarray(self.predicted(inputs) + self.law.mean(self.grid))

    def cdf(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the probability of at most each value."""
        return self.law.cdf(self.grid, np.asarray(values - self.predicted(inputs)))

    def noise_of(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the noise behind observed values (abduction)."""
        return self.cdf(values, inputs)

    def moved(self, values: FloatArray, before: Values, after: Values) -> FloatArray:
        """Return the observed values as the same noise makes them under other inputs."""
        return np.asarray(values + (self.predicted(after) - self.predicted(before)))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density of what was observed."""
        return self.law.log_density(self.grid, np.asarray(values - self.predicted(inputs)))


def fit_learned(task: Task) -> Mechanism:
    """Fit a clone of the learner; a regressor on four fifths of the patients, its noise on the others.

    Raises
    ------
    DataError
        The learner failed; its own words are in the message.
    """
    x = task.design()[:, 1:]
    if task.kind not in {"continuous", "count"}:
        codes = observed_codes(task)
        return LearnedLevels(learner=_fitted(task, x, task.values), design=task.predictor, codes=codes)
    out = task.calibrating()
    learner = _fitted(task, x[~out], task.values[~out])
    with one_thread():
        residuals, law = residual_law(task.values[out] - np.asarray(learner.predict(x[out])))
    return LearnedMean(learner=learner, design=task.predictor, residuals=residuals, law=law)


def _fitted(task: Task, x: FloatArray, y: FloatArray) -> Any:
    from sklearn.base import clone

    learner = clone(task.learner)
    names = sorted(name for name in learner.get_params() if name.rpartition("__")[2] == "random_state")
    draw = generator(task.seed, "learner", task.node)
    learner.set_params(**{name: int(draw.integers(2**31)) for name in names})
    try:
        with one_thread():
            return learner.fit(x, y)
    except Exception as error:
        raise DataError(f"{type(learner).__name__} could not be fitted: {error}.") from error


def _seen(design: Predictor, inputs: Values) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the matrix that a learner sees, a row a cell of the inputs, and the shape of the inputs."""
    names = design.columns
    columns = np.broadcast_arrays(*(inputs[name] for name in names))
    shape = columns[0].shape
    flat = {name: column.reshape(-1) for name, column in zip(names, columns, strict=True)}
    return design.design(flat, columns[0].size)[:, 1:], shape
