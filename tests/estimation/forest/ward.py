"""Patients whose effects are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from causalmed import Cohort, Estimand

COLUMNS = ("age", "bmi", "depth", "frail", "wound")
QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=list(COLUMNS))
STAY = Estimand.given(exposure="late", outcome="stay_days", adjustment_set=list(COLUMNS))


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A table and its truth."""

    frame: pd.DataFrame
    risk_effect: NDArray[np.float64]
    stay_effect: NDArray[np.float64]
    propensity: NDArray[np.float64]

    def cohort(self, **given: object) -> Cohort:
        return Cohort.from_frame(self.frame, **given)


def ward(n: int, seed: int, *, differs: bool = True, hospitals: int = 0) -> Ward:
    rng = np.random.default_rng(seed)
    age, bmi, depth = rng.normal(size=(3, n))
    frail = rng.random(n) < 0.4
    wound = rng.integers(0, 3, n)
    hospital = rng.integers(0, hospitals, n) if hospitals else np.zeros(n, dtype=int)
    shift = 0.5 * rng.normal(size=max(hospitals, 1))[hospital] if hospitals else np.zeros(n)
    e = expit(0.5 * age - 0.3 * frail + 0.2 * (wound == 2) - 0.1)
    tau = 1.0 + (1.5 * np.tanh(age) + 0.5 * frail if differs else 0.0) * np.ones(n)
    base = expit(-1.2 + 0.5 * age + 0.3 * (wound == 1) + shift)
    risk = np.clip(base + 0.1 * tau, 0.01, 0.99)
    late = rng.random(n) < e
    frame = pd.DataFrame(
        {
            "patient": [f"p{k:05d}" for k in range(n)],
            "age": age,
            "bmi": bmi,
            "depth": depth,
            "frail": frail.astype(int),
            "wound": pd.Categorical(np.array(["clean", "mixed", "dirty"])[wound]),
            "late": late.astype(int),
            "ssi": (rng.random(n) < np.where(late, risk, base)).astype(int),
            "stay_days": 5 + age + shift + late * tau + rng.normal(size=n),
            "hospital": [f"h{k}" for k in hospital],
        }
    )
    if not hospitals:
        frame = frame.drop(columns="hospital")
    return Ward(frame=frame, risk_effect=risk - base, stay_effect=tau, propensity=e)
