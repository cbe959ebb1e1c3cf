"""A binary node: yes or no, with a logistic risk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import expit, log_expit

from causalmed.scm.terms import FloatArray, Predictor, Values

__all__ = ["LogisticBinary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticBinary:
    r"""A node that is 1 with risk :math:`\operatorname{expit}(\eta)`.

    .. math:: x = 1[\,u \ge 1 - \operatorname{expit}(\eta)\,], \qquad u \sim U(0, 1)

    Parameters
    ----------
    predictor : Predictor
        :math:`\eta`, in logits.
    penalty : tuple of float
        What was added to the information of each coefficient, the intercept first, where some were shrunk;
        empty for none.

    Examples
    --------
    >>> late = LogisticBinary(predictor=Predictor.of(-1.0, {"emergency": 1.0}))
    >>> late.mean({"emergency": np.array([0.0, 1.0])}).round(3).tolist()
    [0.269, 0.5]
    """

    predictor: Predictor
    penalty: tuple[float, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.predictor.columns

    @property
    def codes(self) -> tuple[float, ...]:
        """No and yes."""
        return (0.0, 1.0)

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return 1 where the noise reaches 1 − risk."""
        return np.asarray(noise >= expit(-self.predictor(inputs)), dtype=np.float64)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the risk."""
        return np.asarray(expit(self.predictor(inputs)))

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return P(0), P(1), shape (…, 2)."""
        eta = self.predictor(inputs)
        return np.stack([expit(-eta), expit(eta)], axis=-1)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        eta = self.predictor(inputs)
        return np.asarray(log_expit(np.where(values == 1, eta, -eta)))

    @property
    def parameters(self) -> FloatArray:
        """The coefficients, the intercept first."""
        return self.predictor.coefficients

    def with_parameters(self, parameters: Iterable[float]) -> Self:
        """Return the same terms with other coefficients."""
        return replace(self, predictor=self.predictor.with_coefficients(parameters))

    def influence(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return influence on the coefficients, shape (n, p)."""
        x = self.predictor.design(inputs, len(values))
        risk = np.broadcast_to(self.mean(inputs), values.shape)
        information = x.T @ (x * (risk * (1 - risk))[:, np.newaxis]) + np.diag(self.penalty or [0.0])
        return np.asarray((x * (values - risk)[:, np.newaxis]) @ np.linalg.inv(information))
