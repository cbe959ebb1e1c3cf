"""Means of an outcome that was not seen, in patients whose features were."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.prediction.calibration import logit
from causalmed.prediction.recalibration import recalibrate
from causalmed.prediction.transport_weights import BalancingWeights, balancing_weights

__all__ = ["Evidence", "Moments", "gather_evidence", "transported_moments"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Patients with known outcomes, the new patients, and the weights between them.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Of the source patients, none of whom the model was trained on.
    risk, target_risk : ndarray, shape (n,) and (m,)
        The model's risks.
    fitted, target_fitted : ndarray, shape (n,) and (m,)
        p, the risks recalibrated on the source patients.
    line, target_line : ndarray, shape (n, 2) and (m, 2)
        One and the log odds of the model's risk: what the recalibration is linear in.
    balance : BalancingWeights
        The weights.
    """

    outcome: Array
    risk: Array
    target_risk: Array
    fitted: Array
    target_fitted: Array
    line: Array
    target_line: Array
    balance: BalancingWeights

    def of_the_spared(self) -> Evidence:
        """Return the same evidence about not having the outcome."""
        return replace(
            self, outcome=1 - self.outcome, fitted=1 - self.fitted, target_fitted=1 - self.target_fitted
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    r"""Estimates of :math:`E_T[Y h]`, with the influence of every patient.

    Parameters
    ----------
    plain, correction : ndarray, shape (k,)
        Mean of p h among the new patients, and what the weighted residuals add to it.
    source, target : ndarray, shape (n, k) and (m, k)
        Influence values, mean 0.
    chance : ndarray, shape (k,)
        Variance of the mean of Y h over the outcomes of these very patients, their features held.
    """

    plain: Array
    correction: Array
    source: Array
    target: Array
    chance: Array

    @property
    def estimate(self) -> Array:
        """The estimates, shape (k,)."""
        return self.plain + self.correction

    def std_error(self, *, of_these: bool = False) -> Array:
        """Standard errors, shape (k,), for patients like the new ones or for these very patients."""
        there = self.chance if of_these else _squares(self.target)
        return np.sqrt(_squares(self.source) + there)

    def std_error_of_correction(self) -> Array:
        """Standard errors of what the weighted residuals add, shape (k,)."""
        return np.sqrt(_squares(self.source))


def gather_evidence(
    *, outcome: Array, risk: Array, target_risk: Array, features: Array, target_features: Array
) -> Evidence:
    """Recalibrate on the source patients, and weigh them to look like the new ones.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1, of the source patients.
    risk, target_risk : ndarray, shape (n,) and (m,)
        Risks that neither sample helped to make.
    features, target_features : ndarray, shape (n, d) and (m, d)
        What is balanced, beside the log odds of the risk.

    Returns
    -------
    Evidence

    Raises
    ------
    InvalidArgument
        If the risks do not rise with the outcome.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, z = rng.normal(size=2000), rng.normal(0.5, 1, size=1000)
    >>> risk, there = 1 / (1 + np.exp(2 - x)), 1 / (1 + np.exp(2 - z))
    >>> y = (rng.random(2000) < risk).astype(float)
    >>> found = gather_evidence(outcome=y, risk=risk, target_risk=there, features=x[:, None],
    ...                         target_features=z[:, None])
    >>> ones = transported_moments(found, np.ones((2000, 1)), np.ones((1000, 1)))
    >>> ones.estimate.round(2).tolist(), round(float(there.mean()), 2)
    ([0.21], 0.22)
    """
    recalibration = recalibrate(risk, outcome)
    if recalibration is None:
        raise InvalidArgument(
            "Among the calibration patients the risks do not rise with the outcome: no threshold on them "
            "means anything. Fit another model."
        )
    line, target_line = _line(risk), _line(target_risk)
    return Evidence(
        outcome=outcome,
        risk=risk,
        target_risk=target_risk,
        fitted=recalibration.apply(risk),
        target_fitted=recalibration.apply(target_risk),
        line=line,
        target_line=target_line,
        balance=balancing_weights(
            np.hstack([features, line[:, 1:]]), np.hstack([target_features, target_line[:, 1:]])
        ),
    )


def transported_moments(evidence: Evidence, h_source: Array, h_target: Array) -> Moments:
    r"""Estimate the mean of Y h in patients whose outcomes are unknown.

    .. math:: \widehat{E_T[Yh]} = \frac1m \sum_{j \in T} p_j h_j
        + \frac1n \sum_{i \in S} w_i (y_i - p_i) h_i,

    right if P(Y | X) is the same on both sides and either p is P(Y | X) or w is the ratio of the densities
    of X (Bang and Robins 2005, Biometrics 61:962-973; for transport Dahabreh et al. 2020, Statistics in
    Medicine 39:1999-2014). The influence values carry the estimation of the weights and of the
    recalibration, by stacking their equations.

    Parameters
    ----------
    evidence : Evidence
        Both samples.
    h_source, h_target : ndarray, shape (n, k) and (m, k)
        k functions of the features, on either side.

    Returns
    -------
    Moments
    """
    balance, p, q = evidence.balance, evidence.fitted, evidence.target_fitted
    n, m = len(p), len(q)
    residual = evidence.outcome - p
    weighted = (balance.weights * residual)[:, None] * h_source
    plain, correction = (q @ h_target) / m, weighted.mean(axis=0)
    by_weights = np.linalg.solve(balance.curvature, balance.source.T @ weighted / n)
    pulled = balance.weights[:, None] * balance.source
    source = weighted - correction - (pulled - pulled.mean(axis=0)) @ by_weights
    source += (evidence.line * residual[:, None]) @ _line_slopes(evidence, h_source, h_target)
    drawn = balance.target - balance.target.mean(axis=0)
    return Moments(
        plain=plain,
        correction=correction,
        source=source,
        target=q[:, None] * h_target - plain + drawn @ by_weights,
        chance=(q * (1 - q)) @ h_target**2 / m**2,
    )


def _line_slopes(evidence: Evidence, h_source: Array, h_target: Array) -> Array:
    """Return, per function, how its moment follows the two numbers of the recalibration, times J^-1."""
    p, q = evidence.fitted, evidence.target_fitted
    spread, target_spread = p * (1 - p), q * (1 - q)
    information = (evidence.line.T * spread) @ evidence.line / len(p)
    slopes = (evidence.target_line.T * target_spread) @ h_target / len(q)
    slopes -= (evidence.line.T * (spread * evidence.balance.weights)) @ h_source / len(p)
    return np.asarray(np.linalg.solve(information, slopes))


def _line(risk: Array) -> Array:
    return np.column_stack([np.ones_like(risk), logit(risk)])


def _squares(influence: Array) -> Array:
    return np.asarray((influence**2).sum(axis=0) / len(influence) ** 2)
