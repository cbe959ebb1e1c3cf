"""Patients whose risks are known: for coverage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed import Cohort, Estimand, Matching, estimate

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "sex", "depth"])


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A design: n patients, about ``base`` of them infected, of ``clusters`` hospitals (0: independent).

    The exposure adds more risk to older patients, so that the exposed and the unexposed differ in effect.
    ``practice`` is the spread between hospitals in how readily they expose, on the logit scale.
    """

    n: int
    base: float
    clusters: int = 0
    exposed: float = 0.4
    practice: float = 0.0

    def risks(self, age: Any, sex: Any, depth: Any, hospital: Any) -> tuple[Any, Any]:
        eta = np.log(self.base / (1 - self.base)) + 0.6 * age - 0.4 * sex + 0.5 * depth + 0.5 * hospital
        return expit(eta + 0.5 + 0.3 * age), expit(eta)

    def draw(self, rng: np.random.Generator) -> tuple[pd.DataFrame, tuple[Any, Any]]:
        where = rng.integers(self.clusters, size=self.n) if self.clusters else np.arange(self.n)
        hospital = rng.normal(size=self.clusters)[where] if self.clusters else np.zeros(self.n)
        age, depth = rng.normal(size=(2, self.n))
        age = age + 0.3 * hospital
        sex = (rng.random(self.n) < 0.5).astype(float)
        habit = self.practice * rng.normal(size=self.clusters)[where] if self.clusters else 0.0
        usual = np.log(self.exposed / (1 - self.exposed)) + habit
        score = expit(usual + 0.5 * age - 0.3 * sex + 0.4 * depth)
        late = rng.random(self.n) < score
        m1, m0 = self.risks(age, sex, depth, hospital)
        ssi = rng.random(self.n) < np.where(late, m1, m0)
        frame = pd.DataFrame(
            {"age": age, "sex": sex, "depth": depth, "late": late, "ssi": ssi, "hospital": where}
        )
        return frame, (m1, m0)

    def cohort(self, frame: pd.DataFrame, *, ignore_clusters: bool = False) -> Cohort:
        columns = [*QUESTION.adjustment_set, "late", "ssi"]
        cluster = {"cluster": "hospital"} if self.clusters and not ignore_clusters else {}
        return Cohort.from_frame(frame[columns + list(cluster.values())], outcome="ssi", **cluster)

    def truth(self, population: str, rng: np.random.Generator) -> float:
        """Effect in the population that the patients are drawn from."""
        big = replace(self, n=1_000_000, clusters=100_000 if self.clusters else 0)
        frame, (m1, m0) = big.draw(rng)
        who = {"all": slice(None), "exposed": frame.late, "unexposed": ~frame.late}[population]
        return float((m1 - m0)[who].mean())


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a simulation found."""

    draws: int
    bias: float
    noise: float
    ratio: float
    cover: float


def simulate(
    ward: Ward, spec: Matching, population: str, *, draws: int, seed: int, ignore_clusters: bool = False
) -> Card:
    """Estimate again and again.

    ``noise`` is the Monte-Carlo error of ``bias``; ``ratio`` the mean standard error by the spread of the
    estimates.
    """
    rng = np.random.default_rng(seed)
    truth = ward.truth(population, rng)
    found = []
    for _ in range(draws):
        frame, _ = ward.draw(rng)
        cohort = ward.cohort(frame, ignore_clusters=ignore_clusters)
        interval = estimate(QUESTION, cohort, spec, population=population).difference
        found.append((interval.estimate, interval.std_error, interval.low <= truth <= interval.high))
    value, error, inside = np.array(found).T
    return Card(
        draws=draws,
        bias=float(value.mean() - truth),
        noise=float(value.std(ddof=1) / np.sqrt(draws)),
        ratio=float(error.mean() / value.std(ddof=1)),
        cover=float(inside.mean()),
    )
