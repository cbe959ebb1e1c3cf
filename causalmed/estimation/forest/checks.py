"""The gate of a causal forest: what may be said about single patients."""

from __future__ import annotations

from causalmed.estimation.forest.spec import CausalForest
from causalmed.results import Check, Heterogeneity, State

__all__ = ["heterogeneity_check", "slope_check", "trees_check"]

_ENOUGH = 200


def heterogeneity_check(found: Heterogeneity) -> Check:
    """Say whether the forest orders unseen patients rightly."""
    return Check(
        name="heterogeneity",
        state=State.PASS if found.shown else State.WARN,
        sentence=found.sentence,
        value=found.area.low,
        threshold=0.0,
        advice="The average effect is not touched by this.",
    )


def slope_check(found: Heterogeneity) -> Check:
    """Say whether predicted differences are as large as real ones."""
    low, high, stretched = found.slope.low, found.slope.high, found.stretch > 1.0
    fine = low > 0 and high >= 1 and (low <= 1 or stretched)
    return Check(
        name="calibration of the effects",
        state=State.PASS if fine or not found.shown else State.WARN,
        sentence=found.slope_sentence,
        value=None if found.slope.estimate != found.slope.estimate else found.slope.estimate,
        threshold=1.0,
        advice="Read differences between patients as an order, not as sizes.",
    )


def trees_check(spec: CausalForest, noise: float) -> Check:
    """Say how much of the standard errors is there because the trees are few."""
    return Check(
        name="trees",
        state=State.PASS if spec.trees >= _ENOUGH else State.WARN,
        sentence=(
            f"There are {spec.trees:,} trees; effects of single patients spread with a standard error of "
            f"{noise:.2g} (median)."
        ),
        value=float(spec.trees),
        threshold=float(_ENOUGH),
        advice="With few trees intervals of single patients are rough: grow more (trees=).",
    )
