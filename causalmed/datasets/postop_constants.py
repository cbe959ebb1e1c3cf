"""The constants of ``postop`` in one list: who, what happens, what follows, and the plan of the causes.

Everything here was fixed before any screen or model saw the cohort; only marginal prevalences and
the published marginal effects of the evidence table were looked at while it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from causalmed.datasets.mechanism import Node
from causalmed.datasets.postop_after import AFTER
from causalmed.datasets.postop_before import BEFORE, HOSPITALS, HOSPITALS_APART
from causalmed.datasets.postop_during import DURING, OUTCOME

__all__ = [
    "CANDIDATES",
    "CAUSES",
    "HOSPITALS",
    "HOSPITALS_APART",
    "NODES",
    "OUTCOME_NAME",
    "PATIENTS",
    "SEED",
    "Plan",
]

PATIENTS: Final = 20_000
"""Rows of the shipped cohort."""

SEED: Final = 20_250_101
"""Seed of the shipped cohort; chosen once, never searched."""

NODES: Final[tuple[Node, ...]] = (*BEFORE, *DURING, OUTCOME, *AFTER)
"""Every node, causes before effects."""

OUTCOME_NAME: Final = OUTCOME.name

CANDIDATES: Final = tuple(node.name for node in NODES if node.candidate)
"""The 26 binary candidate exposures of the question graph, in time order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was planned for one true cause before the coefficients were written.

    Parameters
    ----------
    prevalence : float
        Share of patients exposed.
    odds_ratio : float
        Marginal odds ratio aimed at, inside what has been published.
    published : str
        The published effects.
    """

    prevalence: float
    odds_ratio: float
    published: str


CAUSES: Final[dict[str, Plan]] = {
    "smoking": Plan(
        prevalence=0.26,
        odds_ratio=1.80,
        published="OR 1.79 (1.57–2.04), Sørensen 2012",
    ),
    "obesity": Plan(
        prevalence=0.34,
        odds_ratio=1.65,
        published="OR 1.51 (1.39–1.63) colorectal, Gurunathan 2017; RR 1.92 (1.53–2.40) hips, knees",
    ),
    "diabetes": Plan(
        prevalence=0.24,
        odds_ratio=1.70,
        published="OR 1.53 (prediction interval 1.11–2.12), cardiac 2.03, Martin 2016",
    ),
    "staph_aureus_carriage": Plan(
        prevalence=0.28,
        odds_ratio=1.80,
        published="RR 1/0.42 to 1/0.59 from decolonisation trials, Bode 2010 and meta-analysis",
    ),
    "anaemia": Plan(
        prevalence=0.33,
        odds_ratio=1.75,
        published="1.93 (1.17–3.18), Fowler 2015",
    ),
    "hypoalbuminaemia": Plan(
        prevalence=0.21,
        odds_ratio=1.80,
        published="RR 2.39 (1.57–3.64) orthopaedic, Yuwen 2017; hip fracture OR 1.25",
    ),
    "open_approach": Plan(
        prevalence=0.53,
        odds_ratio=1.65,
        published="NHSN 2022 OR 1.90; RR 1/0.76 in trials, Kulkarni 2020",
    ),
    "razor_hair_removal": Plan(
        prevalence=0.31,
        odds_ratio=2.00,
        published="RR 2.09 (1.15–3.80), Tanner 2011",
    ),
    "late_prophylaxis": Plan(
        prevalence=0.25,
        odds_ratio=1.85,
        published="OR 1.89 (1.05–3.40), de Jonge 2017",
    ),
    "contaminated_wound": Plan(
        prevalence=0.21,
        odds_ratio=1.80,
        published="RR 2.65 (1.52–4.61); NHSN 2022 OR 1.19",
    ),
    "loose_glucose_control": Plan(
        prevalence=0.42,
        odds_ratio=1.75,
        published="tight v loose: OR 0.43 (0.29–0.64), de Vries 2017; RR 0.63 (0.50–0.80), Lai 2022",
    ),
    "hypothermia": Plan(
        prevalence=0.37,
        odds_ratio=1.65,
        published="OR 1.60 (1.14–2.23) in trials, Bu 2019",
    ),
}
"""The 12 candidates that truly cause infection, with what was planned for each."""
