"""What a rule would be worth."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_share
from causalmed.cohort import Cohort, evaluate
from causalmed.errors import InvalidArgument
from causalmed.policy.features import Known
from causalmed.policy.scores import Scores, scores_of
from causalmed.results import Effect, Interval
from causalmed.results.words import in_patients, number, signed

__all__ = ["PolicyValue", "mean_interval", "policy_value", "value_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """The outcome under a rule, and against care as it was.

    Parameters
    ----------
    rule : str
        Who is exposed, in words.
    exposure, outcome : str
        What the rule gives, and what is counted.
    value : Interval
        Mean outcome if the rule were followed.
    against_care : Interval
        That less the mean as observed: negative where the rule avoids outcomes.
    share : float
        Share of the patients whom the rule exposes.
    n : int
        Patients on whom it was valued.
    """

    rule: str
    exposure: str
    outcome: str
    value: Interval
    against_care: Interval
    share: float
    n: int

    def summary(self) -> str:
        """Describe the value in at most 80 columns."""
        change = self.against_care
        text = (
            f"{self.exposure} where {self.rule} ({in_patients(self.share)} patients): "
            f"{in_patients(self.value.estimate)} would have {self.outcome} "
            f"({number(100 * self.value.low)} to {number(100 * self.value.high)}). Against care as it was: "
            f"{signed(100 * change.estimate)} in 100 ({signed(100 * change.low)} to "
            f"{signed(100 * change.high)}). {self.n:,} patients; it holds if the graph is right and a "
            "patient's outcome does not depend on who else is exposed."
        )
        return "\n".join(textwrap.wrap(text, 80))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "rule": self.rule,
            "exposure": self.exposure,
            "outcome": self.outcome,
            "value": self.value.to_dict(),
            "against_care": self.against_care.to_dict(),
            "share": self.share,
            "n": self.n,
        }

    def __str__(self) -> str:
        return self.summary()


def policy_value(
    effect: Effect, cohort: Cohort, *, expose: str | NDArray[np.bool_], level: float = 0.95
) -> PolicyValue:
    r"""Say what the mean outcome would be if a rule decided who is exposed.

    .. math:: \hat V(\pi) = \frac1n \sum_i \hat\Gamma_i\{\pi(X_i)\}

    with an interval from the scores, added up within clusters. The rule must have been made without these
    patients' outcomes; for one that is to be learned see :func:`pareto` and :func:`policy_tree`.

    Parameters
    ----------
    effect : Effect
        Of AIPW or TMLE; see :func:`scores_of`.
    cohort : Cohort
        The same patients.
    expose : str or ndarray of bool, shape (n,)
        Who is exposed: a condition on columns as :meth:`Cohort.where` reads it, or a mark a patient.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    PolicyValue

    Raises
    ------
    InvalidArgument
        The rule reads the outcome or the exposure, or has another length.

    References
    ----------
    Athey S, Wager S (2021). Policy learning with observational data. Econometrica 89:133-161.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import AIPW, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"old": rng.random(4000) < 0.4, "oxygen": rng.random(4000) < 0.5})
    >>> table["ssi"] = rng.random(4000) < 0.2 - 0.12 * table["old"] * table["oxygen"]
    >>> cohort = Cohort.from_frame(table)
    >>> question = Estimand.given(exposure="oxygen", outcome="ssi", adjustment_set=["old"])
    >>> found = policy_value(estimate(question, cohort, AIPW()), cohort, expose="old == 1")
    >>> print(found.against_care)
    −0.021 (95 % CI −0.033 to −0.0099)
    """
    require_share("level", level, example=0.95)
    scores = scores_of(effect, cohort)
    return value_of(scores, *_rule(scores, cohort, expose), level=level)


def value_of(
    scores: Scores, rule: NDArray[np.bool_], words: str, *, level: float, on: NDArray[np.bool_] | None = None
) -> PolicyValue:
    """Value a rule on some of the patients."""
    chosen = np.ones(len(rule), dtype=bool) if on is None else on
    clusters = None if scores.clusters is None else scores.clusters[chosen]
    under, seen = scores.under(rule)[chosen], scores.observed[chosen]
    return PolicyValue(
        rule=words,
        exposure=scores.effect.exposure,
        outcome=scores.effect.outcome,
        value=mean_interval(under, clusters, level=level),
        against_care=mean_interval(under - seen, clusters, level=level),
        share=float(rule[chosen].mean()),
        n=int(chosen.sum()),
    )


def mean_interval(values: Array, clusters: NDArray[np.intp] | None, *, level: float) -> Interval:
    """Return the mean with its interval: t with sums within clusters, where there are any."""
    from scipy.stats import norm, t

    n, mean = len(values), float(values.mean())
    away = values - mean
    if clusters is None:
        error, reach = float(np.sqrt(away @ away) / n), float(norm.ppf(0.5 + level / 2))
    else:
        _, codes = np.unique(clusters, return_inverse=True)
        sums = np.bincount(codes, weights=away)
        groups = len(sums)
        error = float(np.sqrt(sums @ sums * groups / (groups - 1)) / n)
        reach = float(t.ppf(0.5 + level / 2, groups - 1))
    return Interval(
        estimate=mean, low=mean - reach * error, high=mean + reach * error, std_error=error, level=level
    )


def _rule(scores: Scores, cohort: Cohort, expose: str | NDArray[np.bool_]) -> tuple[NDArray[np.bool_], str]:
    if isinstance(expose, str):
        later = (scores.effect.outcome, scores.effect.exposure)
        return evaluate(expose, Known(cohort=cohort, later=later)), expose
    rule = np.asarray(expose)
    if rule.dtype != bool or rule.shape != (cohort.n,):
        raise InvalidArgument(f"expose= must be a condition, or {cohort.n:,} truth values, one a patient.")
    return rule, "marked"
