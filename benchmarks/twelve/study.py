"""One cohort of the study: what each way of screening names in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pandas as pd

from benchmarks.twelve import peers
from causalmed.cohort import Cohort
from causalmed.datasets import redraw_postop, true_effects
from causalmed.datasets.postop_constants import CANDIDATES, CAUSES, OUTCOME_NAME
from causalmed.screening import RiskScreen, TierScreen, screen_from_tiers, screen_risks

T = TypeVar("T")

ALPHA = 0.01
GRAPH, TIERS = "screen_risks, question graph", "screen_from_tiers, order in time only"
PEERS = {
    "univariate tests, Holm": peers.univariate,
    "one logistic regression, Holm": peers.multivariable,
    "lasso, cross-validated": peers.lasso,
}
SHAP = ("SHAP, top 12 of all columns", "SHAP, top 12 of the candidates")
METHODS = (GRAPH, TIERS, *PEERS, *SHAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one method named in one cohort.

    ``covered`` counts the causes whose simultaneous interval holds the true effect, of ``judged`` ones.
    """

    seed: int
    method: str
    named: tuple[str, ...]
    seconds: float
    covered: int | None = None
    judged: int | None = None

    @property
    def hits(self) -> int:
        """Causes among the named."""
        return sum(name in CAUSES for name in self.named)

    @property
    def false(self) -> tuple[str, ...]:
        """Named, but no cause."""
        return tuple(name for name in self.named if name not in CAUSES)

    def row(self) -> dict[str, object]:
        """Return one line of the table of all cohorts."""
        return {
            "seed": self.seed,
            "method": self.method,
            "hits": self.hits,
            "false": len(self.false),
            "missed_names": " ".join(name for name in CAUSES if name not in self.named),
            "false_names": " ".join(self.false),
            "covered": self.covered,
            "judged": self.judged,
            "seconds": round(self.seconds, 1),
        }


def answers(seed: int) -> Iterator[tuple[Answer, dict[str, str]]]:
    """Yield what each method names in the cohort of a seed, with why the others cannot be told."""
    world = redraw_postop(seed)
    cohort = world.cohort()
    truth = {
        effect.candidate: effect.risk_difference
        for effect in true_effects(draws=200_000, candidates=list(CAUSES), nodes=world.nodes)
    }
    seconds, screen = timed(lambda: screen_risks(world.graph(), cohort, alpha=ALPHA))
    yield of_screen(seed, GRAPH, screen, screen, truth, seconds), {}
    seconds, found = timed(
        lambda: screen_from_tiers(
            cohort, candidates=CANDIDATES, environment="hospital", columns=usable(cohort), alpha=ALPHA
        )
    )
    yield of_screen(seed, TIERS, found, found.screen, truth, seconds), reasons(found)
    frame = table(cohort)
    for method, peer in PEERS.items():
        seconds, named = timed(partial(peer, frame, CANDIDATES, OUTCOME_NAME))
        yield Answer(seed=seed, method=method, named=tuple(named), seconds=seconds), {}
    seconds, tops = timed(partial(peers.shap_tops, frame, CANDIDATES, OUTCOME_NAME))
    for method, top in zip(SHAP, tops, strict=True):
        yield Answer(seed=seed, method=method, named=tuple(top), seconds=seconds), {}


def of_screen(
    seed: int,
    method: str,
    found: RiskScreen | TierScreen,
    screen: RiskScreen,
    truth: dict[str, float],
    seconds: float,
) -> Answer:
    """Return what a screen named, and how many of its intervals of causes hold the truth."""
    judged = [row for row in screen.candidates if row.risk_difference is not None and row.name in truth]
    held = [
        row.risk_difference.low <= truth[row.name] <= row.risk_difference.high
        for row in judged
        if row.risk_difference is not None
    ]
    return Answer(
        seed=seed, method=method, named=found.identified, seconds=seconds, covered=sum(held), judged=len(held)
    )


def reasons(found: TierScreen) -> dict[str, str]:
    """Return why each candidate that was not named could not be told."""
    named = set(found.identified)
    finding = {row.name: row.finding for row in found.orientations}
    return {
        name: "effect not shown in the other half" if finding[name] == "arrow" else finding[name]
        for name in finding
        if name not in named
    }


def usable(cohort: Cohort) -> list[str]:
    """Return the columns before the outcome and the outcome; a label made from another column is left out."""
    return [
        name
        for period in ("before", "during", "outcome")
        for name in cohort.tiers[period]
        if name != "age_group"
    ]


def table(cohort: Cohort) -> pd.DataFrame:
    """Return what the usual methods see: the same columns."""
    return cohort.to_frame()[usable(cohort)].drop(columns="hospital")


def timed(task: Callable[[], T]) -> tuple[float, T]:
    """Return the CPU time of a task in seconds, and its answer."""
    begin = time.process_time()
    answer = task()
    return time.process_time() - begin, answer
