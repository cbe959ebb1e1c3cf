"""What can be seen, without outcomes, of whether a threshold may be carried over."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort, Column
from causalmed.prediction.transported import Evidence, transported_moments
from causalmed.results import Check, State

__all__ = ["adaptation_checks"]

_OUTSIDE: Final = (0.02, 0.10)
_EFFECTIVE: Final = (500.0, 100.0)
_UNUSUAL: Final = 2.576
_LIKELY: Final = 0.01

Array = NDArray[np.float64]


def adaptation_checks(
    evidence: Evidence, source: list[Column], target: list[Column], labelled: Cohort, *, threshold: float
) -> tuple[Check, ...]:
    """Return the checks of an adaptation.

    Parameters
    ----------
    evidence : Evidence
        Both samples.
    source, target : list of Column
        The features on either side.
    labelled : Cohort
        The source patients.
    threshold : float
        The threshold that was found.

    Returns
    -------
    tuple of Check
    """
    checks = [_outside(source, target), _overlap(evidence), _balance(evidence)]
    checks.append(_calibrated_there(evidence, threshold))
    if labelled.cluster_codes is not None:
        checks += _between(evidence, labelled.cluster_codes, labelled.cluster or "cluster")
    return tuple(checks)


def _outside(source: list[Column], target: list[Column]) -> Check:
    """Count new patients with a value that no calibration patient has, or beyond the range of all."""
    out = np.zeros(len(target[0].values), dtype=bool)
    worst: tuple[float, str] = (0.0, "")
    for here, there in zip(source, target, strict=True):
        if here.is_discrete:
            beyond = ~np.isin(there.values, here.values)
        else:
            beyond = (there.values < here.values.min()) | (there.values > here.values.max())
        worst = max(worst, (float(beyond.mean()), here.name))
        out |= beyond
    share = float(out.mean())
    most = f", most in {worst[1]!r}" if worst[1] and share else ""
    state = State.FAIL if share > _OUTSIDE[1] else State.WARN if share > _OUTSIDE[0] else State.PASS
    return Check(
        name="outside what was seen",
        state=state,
        sentence=f"{100 * share:.1f} % of the new patients have a value beyond those of the calibration "
        f"patients{most}.",
        value=share,
        threshold=_OUTSIDE[0],
        advice="For them the risk is an extrapolation. Leave them out and say so, or learn from some.",
    )


def _overlap(evidence: Evidence) -> Check:
    left = evidence.balance.effective
    state = State.FAIL if left < _EFFECTIVE[1] else State.WARN if left < _EFFECTIVE[0] else State.PASS
    return Check(
        name="patients like the new ones",
        state=state,
        sentence=f"Weighted to look like the new patients, the {len(evidence.risk):,} with known outcomes "
        f"are worth {left:,.0f}.",
        value=left,
        threshold=_EFFECTIVE[0],
        advice="The new hospital differs much from those the model knows; little is known of such patients.",
    )


def _balance(evidence: Evidence) -> Check:
    worst = evidence.balance.imbalance
    return Check(
        name="balance",
        state=State.PASS if worst < 0.1 else State.FAIL,
        sentence=f"After weighting, the means of the features differ by at most {worst:.2g} SD.",
        value=worst,
        threshold=0.1,
        advice="No weights make the two alike: the new patients lie outside what the model knows.",
    )


def _calibrated_there(evidence: Evidence, threshold: float) -> Check:
    """Among weighted calibration patients: do the risks err below and above the threshold?"""
    at = np.array([threshold])
    here, there = evidence.risk[:, None] >= at, evidence.target_risk[:, None] >= at
    both = np.hstack([here, ~here]).astype(np.float64), np.hstack([there, ~there]).astype(np.float64)
    moments = transported_moments(evidence, *both)
    z = moments.correction / np.maximum(moments.std_error_of_correction(), 1e-300)
    worst = float(z[np.argmax(np.abs(z))])
    return Check(
        name="calibration in patients like these",
        state=State.PASS if abs(worst) < _UNUSUAL else State.WARN,
        sentence="Among calibration patients weighted to look like the new ones, the risks "
        + ("agree with the outcomes" if abs(worst) < _UNUSUAL else "do not agree with the outcomes")
        + f" ({abs(worst):.1f} standard errors).",
        value=abs(worst),
        threshold=_UNUSUAL,
        advice="The threshold was corrected for it; the risks themselves were not.",
    )


def _between(evidence: Evidence, cluster: NDArray[np.intp], name: str) -> list[Check]:
    """Do the training hospitals themselves have the outcome as often as their features say?"""
    from scipy.special import chdtrc

    _, codes = np.unique(cluster, return_inverse=True)
    excess = np.bincount(codes, weights=evidence.outcome - evidence.fitted)
    chance = np.bincount(codes, weights=evidence.fitted * (1 - evidence.fitted))
    usable = chance >= 3
    groups = int(usable.sum())
    if groups < 3:
        return []
    statistic = float((excess[usable] ** 2 / chance[usable]).sum())
    p_value = float(chdtrc(groups - 1, statistic))
    same = p_value >= _LIKELY
    return [
        Check(
            name="the same risk here",
            state=State.PASS if same else State.WARN,
            sentence=f"Given the features, {groups} clusters ({name}) with known outcomes "
            + ("have it equally often" if same else "do not have it equally often")
            + f" (p = {p_value:.2g}).",
            value=p_value,
            threshold=_LIKELY,
            advice="If the risk given the features differs between these, it will differ in the new one too: "
            "expect the specificity to be off by more than the interval says.",
        )
    ]
