"""What a patient's future looks like under a plan, asked of a structural causal model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.explanation.plans import Outlook
from causalmed.explanation.players import Players
from causalmed.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CausalModel", "Future", "future", "outlook"]

Draws = NDArray[np.float64]
ROUNDING = 1e-12


class CausalModel(Protocol):
    """What recourse asks of a structural causal model."""

    @property
    def graph(self) -> Graph:
        """What is assumed to cause what."""
        ...

    def sample(self, n: int, *, seed: int = 0) -> pd.DataFrame:
        """Draw patients from the population."""
        ...

    def counterfactual_draws(
        self, patients: Cohort, *, do: Mapping[str, object], draws: int, seed: int, outcome: str
    ) -> Mapping[str, Any]:
        """Draw what the patients would have been: node → (patients, draws); the outcome as its risk."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """Draws of one patient's future.

    Parameters
    ----------
    outcome : ndarray, shape (draws,)
        The risk of the outcome, given the rest of the draw.
    model_risk : ndarray, shape (draws,)
        The model's risk with downstream columns recomputed.
    """

    outcome: Draws
    model_risk: Draws


def future(
    scm: CausalModel,
    players: Players,
    patient: Cohort,
    *,
    outcome: str,
    do: Mapping[str, float],
    draws: int,
    seed: int,
) -> Future:
    """Recompute everything downstream of the changes: abduction, action, prediction.

    Every plan is asked with the same seed, so that plans share their noise and differ only by what they
    change.
    """
    drawn = scm.counterfactual_draws(
        patient, do=_as_written(patient, do), draws=draws, seed=seed, outcome=outcome
    )
    rows = np.repeat(players.matrix(patient), draws, axis=0)
    for place, name in enumerate(players.names):
        if name in drawn:
            rows[:, place] = np.asarray(drawn[name], dtype=np.float64).reshape(-1)
    return Future(
        outcome=np.asarray(drawn[outcome], dtype=np.float64).reshape(-1), model_risk=players.risk(rows)
    )


def _as_written(patient: Cohort, do: Mapping[str, float]) -> dict[str, object]:
    """Return the values as the table has them: levels for codes."""
    written: dict[str, object] = {}
    for name, value in do.items():
        levels = patient.column(name).levels
        written[name] = levels[int(value)] if levels else value
    return written


def outlook(found: Future, *, now: Future | None, threshold: float | None) -> Outlook:
    """Return the means, with the error of the risk, or of its difference from ``now``."""
    compared = found.outcome if now is None else found.outcome - now.outcome
    error = 0.0 if np.ptp(compared) < ROUNDING else float(compared.std(ddof=1)) / math.sqrt(len(compared))
    below = None if threshold is None else float(np.mean(found.model_risk < threshold))
    return Outlook(
        risk=float(found.outcome.mean()),
        monte_carlo_error=error,
        model_risk=float(found.model_risk.mean()),
        below_threshold=below,
    )
