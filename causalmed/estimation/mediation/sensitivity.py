r"""What an unmeasured common cause of mediator and outcome could do to natural effects.

Let U affect M and Y, not be affected by the exposure, and be unmeasured. With the ratios

* :math:`RR_{UY}`: the largest risk ratio of Y between two values of U at the same exposure, mediators and
  covariates, and
* :math:`RR_{AU}`: the largest ratio of a value's frequency of U between the exposures at the same mediators
  and covariates,

the risk under one exposure with the mediators of the other lies between :math:`\psi / B` and :math:`\psi B`,

.. math:: B = \frac{RR_{UY} RR_{AU}}{RR_{UY} + RR_{AU} - 1} .

Ding P, VanderWeele TJ (2016). Biometrika 103:483-490, theorems 1 and 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from causalmed.arguments import require_instance
from causalmed.errors import InvalidArgument, ScaleNotDefined
from causalmed.results import Effect, EValue, Functionals, Interval, e_value

__all__ = ["MediationSensitivity", "mediation_sensitivity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediationSensitivity:
    """A natural effect if an unmeasured common cause of mediator and outcome were this strong.

    Attributes
    ----------
    effect : str
        ``"direct"`` or ``"indirect"``.
    outcome_ratio, exposure_ratio : float
        The two ratios that were supposed.
    bound : float
        B, the largest factor by which the risk between the two effects can be off.
    risk_difference, risk_ratio : tuple of float
        Between which values the estimate could lie.
    risk_difference_limits, risk_ratio_limits : tuple of float
        Lower confidence limit of the lowest, upper of the highest.
    e_value : EValue
        The strength both ratios would need for no effect at all, at the estimate and at the limit.
    """

    effect: str
    outcome_ratio: float
    exposure_ratio: float
    bound: float
    risk_difference: tuple[float, float]
    risk_ratio: tuple[float, float]
    risk_difference_limits: tuple[float, float]
    risk_ratio_limits: tuple[float, float]
    e_value: EValue

    def __str__(self) -> str:
        low, high = self.risk_ratio
        return (
            "If an unmeasured cause of mediator and outcome changed the risk at most "
            f"{self.outcome_ratio:g}-fold and were at most {self.exposure_ratio:g} times as frequent in one "
            "exposure group among patients with the same mediators, the natural "
            f"{self.effect} risk ratio would lie between {low:.2f} and {high:.2f}."
        )


def mediation_sensitivity(
    effect: Effect, *, outcome_ratio: float, exposure_ratio: float
) -> MediationSensitivity:
    """Bound a natural effect under an unmeasured common cause of mediator and outcome.

    Parameters
    ----------
    effect : Effect
        A natural direct or indirect effect on a binary outcome.
    outcome_ratio : float
        Largest risk ratio of the outcome between two values of the unmeasured cause, at least 1.
    exposure_ratio : float
        Largest ratio of its frequency between the exposures at the same mediators, at least 1.

    Returns
    -------
    MediationSensitivity

    Raises
    ------
    InvalidArgument
        A ratio below 1.
    ScaleNotDefined
        Not a natural effect, or not on a binary outcome.

    References
    ----------
    Ding P, VanderWeele TJ (2016). Biometrika 103:483-490. Smith LH, VanderWeele TJ (2019). Epidemiology
    30:835-837 (the E-value of a direct effect).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Graph, estimate, identify
    >>> rng = np.random.default_rng(1)
    >>> late = rng.integers(0, 2, 4000)
    >>> icu = (rng.random(4000) < 0.2 + 0.3 * late).astype(int)
    >>> ssi = (rng.random(4000) < 0.1 + 0.1 * late + 0.2 * icu).astype(int)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"late": late, "icu": icu, "ssi": ssi}))
    >>> graph = Graph.parse("dag { late -> icu -> ssi; late -> ssi }")
    >>> direct = identify(graph, exposure="late", outcome="ssi", effect="natural_direct", mediators=["icu"])
    >>> found = mediation_sensitivity(estimate(direct, cohort), outcome_ratio=2, exposure_ratio=1.5)
    >>> round(found.bound, 2), [round(ratio, 2) for ratio in found.risk_ratio]
    (1.2, [1.43, 2.05])
    """
    require_instance("effect", effect, Effect, how="estimate(…)")
    outcome_ratio = _ratio("outcome_ratio", outcome_ratio)
    exposure_ratio = _ratio("exposure_ratio", exposure_ratio)
    moved = "exposed" if "both" in effect.functionals else "unexposed"
    if moved == "unexposed" and "neither" not in effect.functionals:
        raise ScaleNotDefined(
            "mediation_sensitivity is about natural direct and indirect effects; this effect is another one."
        )
    if effect.outcome_kind != "binary":
        raise ScaleNotDefined(f"The bound is about risks; {effect.outcome!r} is {effect.outcome_kind}.")
    bound = outcome_ratio * exposure_ratio / (outcome_ratio + exposure_ratio - 1)
    ends = [_with(effect, moved, factor) for factor in (1 / bound, bound)]
    if moved == "unexposed":
        ends.reverse()
    differences = [end.risk_difference for end in ends]
    ratios = [end.risk_ratio for end in ends]
    return MediationSensitivity(
        effect="direct" if moved == "exposed" else "indirect",
        outcome_ratio=outcome_ratio,
        exposure_ratio=exposure_ratio,
        bound=bound,
        risk_difference=_outer(differences, "estimate", "estimate"),
        risk_ratio=_outer(ratios, "estimate", "estimate"),
        risk_difference_limits=_outer(differences, "low", "high"),
        risk_ratio_limits=_outer(ratios, "low", "high"),
        e_value=e_value(effect.risk_ratio),
    )


def _with(effect: Effect, label: str, factor: float) -> Effect:
    """Multiply one of the means, at most to a risk of 1."""
    f = effect.functionals
    factor = min(factor, 1 / f[label])
    scale = np.ones(len(f.labels))
    scale[f.index(label)] = factor
    changed = Functionals(
        labels=f.labels,
        values=f.values * scale,
        covariance=f.covariance * np.outer(scale, scale),
        source=f.source,
        degrees_of_freedom=f.degrees_of_freedom,
    )
    return replace(effect, functionals=changed)


def _outer(pair: list[Interval], low: str, high: str) -> tuple[float, float]:
    return float(getattr(pair[0], low)), float(getattr(pair[1], high))


def _ratio(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 1 <= given < math.inf:
        raise InvalidArgument(f"{name}={given!r} must be a ratio of at least 1; 1 means no such cause.")
    return float(given)
