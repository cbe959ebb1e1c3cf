"""The ways in which the simulated cohorts come about, and what is true in each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

EFFECT = 0.5
"""Log odds ratio of the exposure given the confounders."""
BETWEEN = 0.4
"""Standard deviation of the hospitals' log odds, of the exposure and of the outcome apart."""
BEND = 0.4
"""Weight of the squared confounder where a model is wrong."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """One way in which data may come about.

    ``prevalence`` is that of the outcome; ``hospitals`` 0 means independent patients; ``wrong`` names the
    model ("propensity" or "outcome") that truly has the square of u, which the fitted main effects miss.
    ``exposed_by`` "hospital" gives all patients of a hospital the same exposure, in half of the hospitals.
    """

    prevalence: float = 0.30
    n: int = 2000
    hospitals: int = 0
    wrong: str = ""
    confounding: float = 0.6
    exposed_by: str = "patient"

    @property
    def name(self) -> str:
        """The design in words."""
        parts = [f"{100 * self.prevalence:g} % events", f"n = {self.n:,}"]
        parts += [f"{self.hospitals} hospitals"] if self.hospitals else []
        parts += [f"{self.wrong} wrong"] if self.wrong else []
        parts += ["exposure by hospital"] if self.exposed_by == "hospital" else []
        parts += ["strong confounding"] if self.confounding > 0.9 else []
        return ", ".join(parts)

    @property
    def draws(self) -> int:
        """How many cohorts the full cards draw: fewer where one takes tenths of a second."""
        slow = (self.n > 10_000) + (0 < self.hospitals < 40) + (self.wrong != "")
        return 4000 if slow <= 1 else 1000


def grid() -> tuple[Design, ...]:
    """Every design, those first that say most."""
    everything = [
        Design(prevalence=prevalence, n=n, hospitals=hospitals, wrong=wrong)
        for prevalence, n, hospitals, wrong in product(
            (0.02, 0.08, 0.30), (500, 2000, 20_000), (0, 12, 60), ("", "propensity", "outcome")
        )
    ]
    everything.append(Design(confounding=1.0))
    everything += [
        Design(prevalence=prevalence, hospitals=hospitals, exposed_by="hospital")
        for prevalence, hospitals in product((0.08, 0.30), (12, 60))
    ]
    return tuple(sorted(everything, key=_rank))


def _rank(design: Design) -> tuple[int, int, int, int, float]:
    """One departure from 2,000 independent patients and right models before two."""
    away = (design.n != 2000) + (design.hospitals > 0) + (design.wrong != "")
    bent = (design.wrong != "") + 2 * (design.confounding > 0.9)
    return (max(away, 1), bent, design.hospitals, design.n, -design.prevalence)


def draw(design: Design, rng: np.random.Generator) -> pd.DataFrame:
    """One cohort."""
    n = design.n
    u, v = rng.normal(size=n), (rng.random(n) < 0.4).astype(float)
    habit = quality = np.zeros(n)
    if design.hospitals:
        h = rng.integers(0, design.hospitals, n)
        habit = rng.normal(0, BETWEEN, design.hospitals)[h]
        quality = rng.normal(0, BETWEEN, design.hospitals)[h]
    a = (rng.random(n) < expit(_exposure(design, u, v, habit))).astype(int)
    if design.exposed_by == "hospital":
        a = rng.permutation(np.arange(design.hospitals) % 2)[h]
    base = shift(design) + _outcome(design, u, v, quality)
    y = (rng.random(n) < expit(base + EFFECT * a)).astype(int)
    frame = pd.DataFrame({"u": u, "v": v.astype(int), "a": a, "y": y})
    return frame.assign(h=[f"H{k:02d}" for k in h]) if design.hospitals else frame


def truth(design: Design) -> tuple[float, float, float]:
    """Risk difference, log risk ratio and log odds ratio in the population, by a million fixed draws."""
    u, v, _, quality = _population(design.hospitals > 0)
    base = shift(design) + _outcome(design, u, v, quality)
    high, low = float(np.mean(expit(base + EFFECT))), float(np.mean(expit(base)))
    return high - low, float(np.log(high / low)), float(np.log(high / (1 - high) * (1 - low) / low))


@lru_cache(maxsize=128)
def shift(design: Design) -> float:
    """The intercept that gives the outcome its prevalence."""
    u, v, habit, quality = (column[:200_000] for column in _population(design.hospitals > 0))
    e, base = expit(_exposure(design, u, v, habit)), _outcome(design, u, v, quality)

    def excess(intercept: float) -> float:
        risk = e * expit(intercept + base + EFFECT) + (1 - e) * expit(intercept + base)
        return float(risk.mean()) - design.prevalence

    return float(brentq(excess, -12, 4, xtol=1e-6))


@lru_cache(maxsize=2)
def _population(in_hospitals: bool, draws: int = 1_000_000) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(987)
    u, v = rng.normal(size=draws), (rng.random(draws) < 0.4).astype(float)
    habit, quality = rng.normal(0, BETWEEN * in_hospitals, (2, draws))
    return u, v, habit, quality


def _exposure(design, u, v, habit):
    odds = -0.4 + design.confounding * u - 0.4 * v + habit
    return odds + BEND * (u**2 - 1) if design.wrong == "propensity" else odds


def _outcome(design, u, v, quality):
    odds = design.confounding * u + 0.4 * v + quality
    return odds + BEND * (u**2 - 1) if design.wrong == "outcome" else odds
