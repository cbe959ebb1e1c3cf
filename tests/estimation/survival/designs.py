"""Simulated follow-up with a known truth: censoring and death depend on the exposure and on covariates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed import Cohort, Estimand, FollowUp

HORIZON = 30.0
QUESTION = Estimand.given(exposure="late", outcome="infection", adjustment_set=["frailty", "open"])
SPEC = FollowUp("days", "status", competing={"death": 2})


@dataclass(frozen=True, kw_only=True)
class Design:
    """``wrong`` names what truly bends with the square of frailty: "censoring", "events", "" for neither."""

    n: int = 1000
    wrong: str = ""
    daily: bool = False
    hospitals: int = 0


def times(design: Design, rng: np.random.Generator, *, n: int, late: object = None) -> dict[str, np.ndarray]:
    """Draw covariates, exposure and the times to infection, death and censoring."""
    frailty, opened = rng.normal(size=n), (rng.random(n) < 0.4).astype(float)
    hospital = rng.integers(max(design.hospitals, 1), size=n)
    shift = 0.3 * rng.normal(size=max(design.hospitals, 1))[hospital] * (design.hospitals > 0)
    treated = rng.random(n) < expit(-0.3 + 0.6 * frailty + 0.4 * opened)
    a = treated.astype(float) if late is None else np.full(n, float(late))
    bend = 0.35 * (frailty**2 - 1)
    events, censoring = bend * (design.wrong == "events"), bend * (design.wrong == "censoring")
    infection = rng.exponential(60 * np.exp(-(0.5 * frailty + 0.4 * a + 0.3 * opened + events + shift)))
    death = rng.exponential(90 * np.exp(-(0.5 * frailty + 0.2 * a)))
    lost = rng.exponential(70 * np.exp(-(0.6 * frailty + 0.5 * a + censoring)))
    drawn = [np.ceil(t) if design.daily else t for t in (infection, death, lost)]
    return {
        "frailty": frailty,
        "open": opened,
        "late": a,
        "hospital": hospital,
        "infection": drawn[0],
        "death": drawn[1],
        "lost": drawn[2],
    }


def draw(design: Design, seed: int) -> pd.DataFrame:
    """Draw the table of one study."""
    found = times(design, np.random.default_rng([seed, 7]), n=design.n)
    event = np.minimum(found["infection"], found["death"])
    days = np.minimum(event, found["lost"])
    cause = np.where(found["infection"] <= found["death"], 1, 2)
    status = np.where(found["lost"] < event, 0, cause)
    table = {name: found[name] for name in ("frailty", "open", "late", "hospital")}
    return pd.DataFrame({**table, "days": days, "status": status})


def cohort(frame: pd.DataFrame, spec: FollowUp = SPEC, *, clustered: bool = False) -> Cohort:
    """The cohort of a table."""
    return Cohort.from_frame(frame, follow_up=spec, cluster="hospital" if clustered else None)


@lru_cache(maxsize=8)
def truth(design: Design) -> tuple[float, float, float]:
    """Effects on infection, on death, and on the time lost to infection, from a million patients an arm."""
    arms = []
    for late in (1, 0):
        found = times(design, np.random.default_rng(99), n=1_000_000, late=late)
        first = (found["infection"] <= found["death"]) & (found["infection"] <= HORIZON)
        dead = (found["death"] < found["infection"]) & (found["death"] <= HORIZON)
        lost = np.where(first, HORIZON - found["infection"], 0.0)
        arms.append([first.mean(), dead.mean(), lost.mean()])
    return tuple(np.subtract(*arms).tolist())
