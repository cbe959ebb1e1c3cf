"""Is the outcome, given the features, as likely in the new hospital? A few outcomes from there can tell."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.prediction.calibration import logit
from causalmed.prediction.influence import normal_interval
from causalmed.prediction.roles import observed_outcome, refuse_weights
from causalmed.prediction.transported import Evidence, transported_moments
from causalmed.results import Check, Interval, State

if TYPE_CHECKING:
    from causalmed.prediction.adaptation import Adaptation

__all__ = ["TransportCheck", "check_transport"]

_LIKELY: Final = 0.05
_POWER: Final = 1.959964 + 0.841621

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportCheck:
    """What a few outcomes of the new hospital say about the assumption behind an adapted threshold.

    Parameters
    ----------
    patients, events : int
        Patients with outcomes, and with the outcome.
    excess : Interval
        Outcomes per patient beyond what the features lead one to expect; 0 where the assumption holds.
    p_value : float
        Of the joint test of level and slope, two degrees of freedom.
    detectable : float
        The factor on the odds of the outcome that so many patients would show with a power of 80 %.
    specificity, expected : Interval
        At the adapted threshold: in these patients, and as the adaptation expected it.

    Examples
    --------
    >>> half = Interval(estimate=0.0, low=-0.02, high=0.02, std_error=0.01)
    >>> TransportCheck(patients=200, events=20, excess=half, p_value=0.4, detectable=2.0, specificity=half,
    ...                expected=half).state.name
    'PASS'
    """

    patients: int
    events: int
    excess: Interval
    p_value: float
    detectable: float
    specificity: Interval
    expected: Interval

    @property
    def state(self) -> State:
        """FAIL where the assumption is contradicted, else PASS; what could be missed stands beside it."""
        return State.FAIL if self.p_value < _LIKELY else State.PASS

    def as_check(self) -> Check:
        """Return it as a check of a gate."""
        found = "is contradicted" if self.state is State.FAIL else "is not contradicted"
        return Check(
            name="transport",
            state=self.state,
            sentence=f"That the outcome given the features is as likely there as here {found} by "
            f"{self.patients:,} patients with outcomes, {self.events:,} of them with it "
            f"(p = {self.p_value:.2g}). "
            f"A change of the odds by less than a factor of {self.detectable:.2g} would probably be missed.",
            value=self.p_value,
            threshold=_LIKELY,
            advice="Do not use the adapted threshold; set one from outcomes of the new hospital.",
        )

    def summary(self) -> str:
        """Return the test and what it could have missed, in at most 80 columns."""
        lines = [
            str(self.as_check()),
            f"Outcomes beyond expectation, per patient: {self.excess}.",
            f"Specificity in these patients: {self.specificity}; expected: {self.expected}.",
        ]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the test as plain JSON types."""
        return {
            "patients": self.patients,
            "events": self.events,
            "excess": self.excess.to_dict(),
            "p_value": self.p_value,
            "detectable": self.detectable,
            "specificity": self.specificity.to_dict(),
            "expected": self.expected.to_dict(),
            "state": str(self.state),
        }


def check_transport(adapted: Adaptation, labelled: Cohort, *, outcome: str | None = None) -> TransportCheck:
    r"""Hold the assumption against labelled patients of the new hospital; see :meth:`Adaptation.check`.

    With b = (1, logit of the risk), the mean of :math:`(y - p) b` among the labelled patients L is compared
    with its mean among the weighted source patients:

    .. math:: d = \frac1l \sum_{i \in L} (y_i - p_i) b_i - \frac1n \sum_{i \in S} w_i (y_i - p_i) b_i,
        \qquad d^\top V^{-1} d \sim \chi^2_2,

    so that a p that is wrong alike on both sides is no alarm.

    Parameters
    ----------
    adapted : Adaptation
        What is to be checked.
    labelled : Cohort
        Patients of the new hospital, with outcomes.
    outcome : str, optional
        Its column.

    Returns
    -------
    TransportCheck
    """
    require_instance("labelled", labelled, Cohort, how="Cohort.from_frame(frame, …)")
    refuse_weights(labelled, "check()")
    evidence = _kept(adapted)
    y = labelled.values(observed_outcome(labelled, outcome or adapted.model.outcome or labelled.outcome))
    if not 0 < y.sum() < len(y):
        raise InvalidArgument(
            f"Of the {len(y):,} labelled patients {int(y.sum()):,} have the outcome; both kinds are needed."
        )
    risk = adapted.model.risk(labelled)
    p = _recalibrated(evidence, risk)
    line = np.column_stack([np.ones_like(risk), logit(risk)])
    difference, covariance = _difference(evidence, y=y, p=p, line=line)
    statistic = float(difference @ np.linalg.solve(covariance, difference))
    spared, below = y == 0, risk < adapted.threshold
    share = float(below[spared].mean())
    return TransportCheck(
        patients=len(y),
        events=int(y.sum()),
        excess=normal_interval(float(difference[0]), math.sqrt(covariance[0, 0]), level=adapted.level),
        p_value=math.exp(-statistic / 2),
        detectable=math.exp(_POWER * math.sqrt(covariance[0, 0]) / float((p * (1 - p)).mean())),
        specificity=_wilson(share, int(spared.sum()), adapted.level),
        expected=adapted.adapted.specificity,
    )


def _difference(evidence: Evidence, *, y: Array, p: Array, line: Array) -> tuple[Array, Array]:
    """Return d and its covariance: chance there, the weighted residuals and the recalibration here."""
    here = (y - p)[:, None] * line
    moments = transported_moments(evidence, evidence.line, evidence.target_line)
    n = len(evidence.risk)
    difference = here.mean(axis=0) - moments.correction
    covariance = (line.T * (p * (1 - p))) @ line / len(y) ** 2 + moments.source.T @ moments.source / n**2
    return difference, covariance


def _kept(adapted: Adaptation) -> Evidence:
    if adapted.evidence is None:
        raise InvalidArgument("This adaptation does not carry its evidence; make it again with .adapt.")
    return adapted.evidence


def _recalibrated(evidence: Evidence, risk: Array) -> Array:
    """Apply the recalibration that the evidence was made with: it is linear in the log odds."""
    from scipy.special import expit

    low, high = int(np.argmin(evidence.risk)), int(np.argmax(evidence.risk))
    x, y = logit(evidence.risk), logit(evidence.fitted)
    slope = (y[high] - y[low]) / (x[high] - x[low])
    return np.asarray(expit(y[low] + slope * (logit(risk) - x[low])))


def _wilson(share: float, n: int, level: float) -> Interval:
    from causalmed.prediction.proportions import proportion

    return proportion(share * n, n, level=level)
