"""Patients whose every world is known: two mediators, one of which causes the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Graph, identify

GRAPH = Graph.parse(
    "dag { age -> {late icu drop ssi}; late -> {icu drop ssi}; icu -> {drop ssi}; drop -> ssi }"
)


def expit(x):
    return 1 / (1 + np.exp(-x))


class Wards:
    """Draws patients, and means in any world: exposure a with the mediators of b."""

    def mediators(self, a, age, noise):
        icu = (noise[0] < expit(-0.5 + 0.8 * a + 0.4 * age)).astype(int)
        return icu, 0.3 * a + 0.4 * icu + 0.3 * age + noise[1]

    def risk(self, a, age, m):
        return expit(-2.2 + 0.5 * a + 0.9 * m[0] + 0.3 * m[1] + 0.3 * age + 0.4 * a * m[0])

    def noise(self, rng, n):
        return rng.normal(0, 1, n), (rng.random(n), rng.normal(size=n))

    def mean(self, a, b, n=1_000_000):
        age, noise = self.noise(np.random.default_rng(0), n)
        return float(self.risk(a, age, self.mediators(b, age, noise)).mean())

    def draw(self, rng, n):
        age, noise = self.noise(rng, n)
        late = (rng.random(n) < expit(0.5 * age)).astype(int)
        worlds = [self.mediators(a, age, noise) for a in (0, 1)]
        icu, drop = (np.where(late == 1, one, zero) for zero, one in zip(*worlds, strict=True))
        ssi = (rng.random(n) < self.risk(late, age, (icu, drop))).astype(int)
        return pd.DataFrame({"age": age, "late": late, "icu": icu, "drop": drop, "ssi": ssi})


def binary_wards(rng, n, *, interaction=0.0):
    """Everything yes or no, so that a saturated model is a count; l is changed by the exposure."""
    c = (rng.random(n) < 0.4).astype(int)
    a = (rng.random(n) < 0.3 + 0.35 * c).astype(int)
    ell = (rng.random(n) < 0.2 + 0.3 * a + 0.2 * c).astype(int)
    m = (rng.random(n) < 0.25 + 0.3 * a + 0.2 * ell - 0.1 * c).astype(int)
    y = (rng.random(n) < 0.1 + 0.1 * a + 0.2 * m + 0.15 * c + 0.1 * ell + interaction * a * m).astype(int)
    return pd.DataFrame({"c": c, "a": a, "l": ell, "m": m, "y": y})


@pytest.fixture
def wards():
    return Wards()


@pytest.fixture
def direct():
    return identify(GRAPH, exposure="late", outcome="ssi", effect="natural_direct", mediators=["icu", "drop"])


@pytest.fixture
def binary():
    return binary_wards


@pytest.fixture
def cohort():
    return lambda frame, **roles: Cohort.from_frame(frame, **roles)
