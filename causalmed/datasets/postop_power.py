"""Could the planned causes be found at all? Power in closed form, from the plan alone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PowerDesign", "exposed_risks", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDesign:
    """The design under which the power is computed.

    Parameters
    ----------
    patients : int
        Patients analysed.
    risk : float
        Risk of the outcome in everybody.
    inflation : float
        Factor by which adjustment and hospitals inflate the variance of a crude risk difference.
    clusters : int
        Hospitals; the test uses ``clusters − 1`` degrees of freedom.
    alpha : float
        Family-wise error, two-sided.
    candidates : int
        Tests in the family; Holm's first step is the hardest, ``alpha / candidates``.
    """

    patients: int = 20_000
    risk: float = 0.108
    inflation: float = 1.5
    clusters: int = 24
    alpha: float = 0.01
    candidates: int = 26


def exposed_risks(*, prevalence: float, odds_ratio: float, risk: float) -> tuple[float, float]:
    """Solve ``p r₁ + (1 − p) r₀ = risk`` with ``odds(r₁)/odds(r₀) = odds_ratio``; return (r₁, r₀).

    Examples
    --------
    >>> r1, r0 = exposed_risks(prevalence=0.25, odds_ratio=1.85, risk=0.11)
    >>> round(r1, 4), round(r0, 4)
    (0.16, 0.0933)
    """
    from scipy.optimize import brentq

    def exposed(unexposed: float) -> float:
        odds = odds_ratio * unexposed / (1.0 - unexposed)
        return odds / (1.0 + odds)

    unexposed = float(
        brentq(lambda r0: prevalence * exposed(r0) + (1.0 - prevalence) * r0 - risk, 1e-12, 1.0 - 1e-9)
    )
    return exposed(unexposed), unexposed


def power(*, prevalence: float, odds_ratio: float, design: PowerDesign | None = None) -> float:
    """Probability that one true cause is found at the first step of Holm's procedure.

    With exposed share p, risks r₁ and r₀ and variance inflation v,

    ``se² = v [ r₁(1 − r₁)/(n p) + r₀(1 − r₀)/(n (1 − p)) ]``, ``δ = (r₁ − r₀)/se``,
    ``power = P(T(δ) > t*)``,

    where T(δ) is noncentral t with (clusters − 1) degrees of freedom and t* its central
    ``1 − α/(2m)`` quantile. The other tail is left out.

    Parameters
    ----------
    prevalence : float
        p, in (0, 1).
    odds_ratio : float
        Marginal odds ratio, above 1.
    design : PowerDesign, optional
        n, v, α, m and the hospitals.

    Returns
    -------
    float

    References
    ----------
    Holm S (1979). Scand J Statist 6:65-70, p. 67.

    Examples
    --------
    >>> power(prevalence=0.30, odds_ratio=1.80) > 0.999
    True
    >>> round(power(prevalence=0.035, odds_ratio=1.65), 2) < 0.5
    True
    """
    from scipy.stats import nct, t

    plan = design or PowerDesign()
    exposed, unexposed = exposed_risks(prevalence=prevalence, odds_ratio=odds_ratio, risk=plan.risk)
    variance = exposed * (1 - exposed) / prevalence + unexposed * (1 - unexposed) / (1 - prevalence)
    noncentrality = (exposed - unexposed) / (plan.inflation * variance / plan.patients) ** 0.5
    freedom = plan.clusters - 1
    critical = t.ppf(1.0 - plan.alpha / (2.0 * plan.candidates), freedom)
    return float(nct.sf(critical, freedom, noncentrality))
