"""The truth of ``postop``: every candidate set to 1 and to 0 in the same patients, millions of times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.datasets.mechanism import Node
from causalmed.datasets.postop_constants import CANDIDATES, CAUSES, NODES, OUTCOME_NAME
from causalmed.datasets.simulate import FloatArray, Values, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BLOCK", "DRAWS", "TRUTH_SEED", "TrueEffect", "subgroup_effects", "true_effects", "truth_frame"]

BLOCK: Final = 200_000
"""Patients simulated at once."""

DRAWS: Final = 4_000_000
"""Patients behind the shipped truth."""

TRUTH_SEED: Final = 1
"""Seed of the shipped truth; another stream than the cohort's."""


MODIFIERS: Final = (
    ("late_prophylaxis", "contaminated_wound", 0.0),
    ("late_prophylaxis", "obesity", 0.0),
    ("hypothermia", "duration_min", 120.0),
    ("loose_glucose_control", "diabetes", 0.0),
)
"""Exposure, modifier, and the value above which the modifier is present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEffect:
    """What one candidate does to the risk of the outcome, by simulation.

    Parameters
    ----------
    candidate : str
        The exposure.
    prevalence : float
        Share of patients exposed in the natural course.
    risk_exposed, risk_unexposed, risk_natural : float
        E[Y(1)], E[Y(0)], E[Y].
    covariance : tuple of float
        Monte-Carlo variances of E[Y(1)] and E[Y(0)] and their covariance.
    draws : int
        Patients simulated.
    """

    candidate: str
    prevalence: float
    risk_exposed: float
    risk_unexposed: float
    risk_natural: float
    covariance: tuple[float, float, float]
    draws: int

    @property
    def risk_difference(self) -> float:
        """E[Y(1)] − E[Y(0)]."""
        return self.risk_exposed - self.risk_unexposed

    @property
    def risk_ratio(self) -> float:
        """E[Y(1)] / E[Y(0)]."""
        return self.risk_exposed / self.risk_unexposed

    @property
    def odds_ratio(self) -> float:
        """The marginal odds ratio."""
        exposed, unexposed = self.risk_exposed, self.risk_unexposed
        return exposed / (1.0 - exposed) * (1.0 - unexposed) / unexposed

    def error(self, gradient: tuple[float, float]) -> float:
        """Monte-Carlo standard error of a scale with this gradient in (E[Y(1)], E[Y(0)])."""
        first, second = gradient
        of_exposed, of_unexposed, joint = self.covariance
        return math.sqrt(
            max(first**2 * of_exposed + second**2 * of_unexposed + 2 * first * second * joint, 0.0)
        )

    def to_dict(self) -> dict[str, object]:
        """One row of the truth table; errors of the ratios are of their logarithms."""
        exposed, unexposed = self.risk_exposed, self.risk_unexposed
        logits = (1.0 / (exposed * (1.0 - exposed)), -1.0 / (unexposed * (1.0 - unexposed)))
        return {
            "candidate": self.candidate,
            "cause": self.candidate in CAUSES,
            "prevalence": self.prevalence,
            "risk_exposed": exposed,
            "risk_unexposed": unexposed,
            "risk_natural": self.risk_natural,
            "risk_difference": self.risk_difference,
            "risk_difference_mc_error": self.error((1.0, -1.0)),
            "risk_ratio": self.risk_ratio,
            "log_risk_ratio_mc_error": self.error((1.0 / exposed, -1.0 / unexposed)),
            "odds_ratio": self.odds_ratio,
            "log_odds_ratio_mc_error": self.error(logits),
            "draws": self.draws,
        }


def true_effects(
    *,
    draws: int = DRAWS,
    seed: int = TRUTH_SEED,
    candidates: Sequence[str] = CANDIDATES,
    nodes: Sequence[Node] = NODES,
) -> tuple[TrueEffect, ...]:
    """Simulate every candidate under do(1) and do(0), with the noise of each patient kept.

    ``RD = E[Y(1) − Y(0)]``; since a patient has the same noise in both worlds, a candidate without a
    directed path to the outcome has a difference of exactly zero, not of zero on average.

    Parameters
    ----------
    draws : int
        Patients, rounded up to whole blocks of :data:`BLOCK`.
    seed : int
        Non-negative.
    candidates : sequence of str
        Binary nodes.
    nodes : sequence of Node
        The mechanisms.

    Returns
    -------
    tuple of TrueEffect
        In the order of the candidates.

    Examples
    --------
    >>> effect, = true_effects(draws=1, candidates=["transfusion"])
    >>> effect.draws, effect.risk_difference
    (200000, 0.0)
    """
    upstream = [node for node in nodes if node.tier != "after"]
    blocks = -(-draws // BLOCK)
    parts = [_block(upstream, block=block, seed=seed, candidates=candidates) for block in range(blocks)]
    total = np.sum(parts, axis=0)
    rows = blocks * BLOCK
    return tuple(_effect(name, counts, rows) for name, counts in zip(candidates, total, strict=True))


def subgroup_effects(*, draws: int = 1_000_000, seed: int = TRUTH_SEED) -> pd.DataFrame:
    """Return the true risk differences where the published effect differs between patients.

    ``E[Y(1) − Y(0) | M = m]`` for a modifier M that the exposure does not reach.

    Parameters
    ----------
    draws : int
        Patients, rounded up to whole blocks of :data:`BLOCK`.
    seed : int
        Non-negative.

    Returns
    -------
    pandas.DataFrame
        One row an exposure and modifier: risk differences without and with it, and Monte-Carlo errors.

    Examples
    --------
    >>> table = subgroup_effects(draws=200_000)
    >>> bool((table["with"] != table["without"]).all())
    True
    """
    import pandas as pd

    upstream = [node for node in NODES if node.tier != "after"]
    counts = np.zeros((len(MODIFIERS), 2, 3))
    for block in range(-(-draws // BLOCK)):
        natural = simulate(upstream, BLOCK, seed=seed, block=block)
        for row, (exposure, modifier, above) in enumerate(MODIFIERS):
            gain = _gain(upstream, exposure, natural=natural, seed=seed, block=block)
            for side, member in enumerate((natural[modifier] <= above, natural[modifier] > above)):
                counts[row, side] += member.sum(), gain[member].sum(), (gain[member] ** 2).sum()
    mean = counts[:, :, 1] / counts[:, :, 0]
    error = np.sqrt((counts[:, :, 2] / counts[:, :, 0] - mean**2) / counts[:, :, 0])
    names = [(exposure, f"{modifier} > {above:g}") for exposure, modifier, above in MODIFIERS]
    return pd.DataFrame(
        {
            "without": mean[:, 0],
            "with": mean[:, 1],
            "without_mc_error": error[:, 0],
            "with_mc_error": error[:, 1],
        },
        index=pd.MultiIndex.from_tuples(names, names=["exposure", "modifier"]),
    )


def truth_frame(effects: Sequence[TrueEffect]) -> pd.DataFrame:
    """Put the effects in a table, one row a candidate, indexed by its name."""
    import pandas as pd

    return pd.DataFrame([effect.to_dict() for effect in effects]).set_index("candidate")


def _gain(nodes: Sequence[Node], exposure: str, *, natural: Values, seed: int, block: int) -> FloatArray:
    """Return Y(1) − Y(0) of every patient of a block."""
    one, zero = (
        simulate(nodes, len(natural[exposure]), seed=seed, block=block, do={exposure: arm}, given=natural)
        for arm in (1.0, 0.0)
    )
    return one[OUTCOME_NAME] - zero[OUTCOME_NAME]


def _block(nodes: Sequence[Node], *, block: int, seed: int, candidates: Sequence[str]) -> FloatArray:
    """Count, for each candidate, [exposed, Y, Y(1), Y(0), Y(1)·Y(0)] in one block of patients."""
    natural = simulate(nodes, BLOCK, seed=seed, block=block)
    counts = np.empty((len(candidates), 5))
    for row, name in enumerate(candidates):
        one, zero = (
            simulate(nodes, BLOCK, seed=seed, block=block, do={name: arm}, given=natural)[OUTCOME_NAME]
            for arm in (1.0, 0.0)
        )
        counts[row] = natural[name].sum(), natural[OUTCOME_NAME].sum(), one.sum(), zero.sum(), one @ zero
    return counts


def _effect(name: str, counts: FloatArray, rows: int) -> TrueEffect:
    exposed, natural, one, zero, both = (float(count) / rows for count in counts)
    return TrueEffect(
        candidate=name,
        prevalence=exposed,
        risk_exposed=one,
        risk_unexposed=zero,
        risk_natural=natural,
        covariance=(one * (1 - one) / rows, zero * (1 - zero) / rows, (both - one * zero) / rows),
        draws=rows,
    )
