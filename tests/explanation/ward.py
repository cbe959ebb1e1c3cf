"""A ward whose mechanisms are known: every risk under every plan has a closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from causalmed.cohort import Cohort
from causalmed.engine import generator
from causalmed.graph import Graph

GRAPH = Graph.parse(
    """dag {
    skill [latent]; infection [outcome]
    diabetes -> glucose -> infection
    late -> infection
    drug -> infection
    diabetes -> infection
    skill -> infection; skill -> rating
    infection -> stay
    }"""
)
DRUGS = ("none", "cefazolin", "vancomycin")
KINDS = {"glucose": "continuous", "rating": "continuous", "stay": "continuous", "drug": "categorical"}


class Ward:
    """The structural model, by hand: linear glucose with its own noise, logistic infection."""

    graph = GRAPH

    def sample(self, n: int, *, seed: int = 0) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        diabetes = rng.integers(0, 2, n)
        glucose = 110 + 50 * diabetes + 15 * rng.standard_normal(n)
        late, drug = rng.integers(0, 2, n), rng.integers(0, 3, n)
        infection = rng.random(n) < risk(diabetes, glucose, late, drug)
        return pd.DataFrame(
            {
                "diabetes": diabetes,
                "glucose": glucose,
                "late": late,
                "drug": np.array(DRUGS)[drug],
                "rating": rng.standard_normal(n),
                "allergy": rng.integers(0, 2, n),
                "stay": 3 + 5.0 * infection + rng.random(n),
                "infection": infection.astype(int),
            }
        )

    def counterfactual_draws(
        self, patients: Cohort, *, do: Mapping[str, object], draws: int, seed: int, outcome: str
    ) -> Mapping[str, Any]:
        do = {name: float(DRUGS.index(v)) if v in DRUGS else float(v) for name, v in do.items()}  # type: ignore
        now = {name: float(patients.values(name)[0]) for name in ("diabetes", "glucose", "late", "drug")}
        after = {**now, **do}
        if "glucose" not in do:
            after["glucose"] = now["glucose"] + 50 * (after["diabetes"] - now["diabetes"])
        chance = risk(after["diabetes"], after["glucose"], after["late"], after["drug"])
        noise = generator(seed, "noise", "infection").random(draws)
        found = {name: np.full((1, draws), value) for name, value in after.items()}
        return {**found, "infection": (noise < chance).astype(float)[None, :]}


def risk(diabetes: Any, glucose: Any, late: Any, drug: Any) -> Any:
    """P(infection | its causes)."""
    effect = np.array([0.0, -0.5, -0.2])[np.asarray(drug, dtype=int)]
    return expit(logit(0.08) + 0.4 * diabetes + 0.012 * (glucose - 110) + 0.9 * late + effect)


class Score:
    """A risk model that also reads the rating, which causes nothing."""

    features = ("glucose", "late", "rating")

    def __init__(self, threshold: float | None = 0.15) -> None:
        self.threshold = threshold

    def risk(self, patients: Cohort) -> np.ndarray:
        late, rating = patients.values("late"), patients.values("rating")
        return expit(-2.2 + 0.01 * (patients.values("glucose") - 110) + 0.8 * late + 0.5 * rating)


def patient(**values: object) -> Cohort:
    """A patient of the ward, with changes from the usual."""
    usual: dict[str, object] = {
        "diabetes": 1,
        "glucose": 190.0,
        "late": 1,
        "drug": "none",
        "rating": 0.3,
        "allergy": 0,
        "stay": 4.0,
        "infection": 0,
    }
    table = pd.DataFrame([usual | values])
    kinds = KINDS | {name: "binary" for name in ("diabetes", "late", "allergy", "infection")}
    return Cohort.from_frame(table, outcome="infection", kinds=kinds | {"drug": DRUGS})
