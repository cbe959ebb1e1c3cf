"""The crude comparison against formulas and refits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Estimand
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.problem import pose_problem


def pose(frame, **roles):
    question = Estimand.given(exposure="a", outcome="y")
    return pose_problem(question, Cohort.from_frame(frame, **roles), contrast=(1, 0), population="all")


@pytest.fixture
def frame():
    rng = np.random.default_rng(16)
    h = rng.integers(0, 7, 500)
    return pd.DataFrame(
        {"a": rng.random(500) < 0.4, "y": rng.random(500) < 0.2 + 0.05 * h, "h": [f"H{k}" for k in h]}
    )


def test_two_by_two_table(frame):
    found = crude_functionals(pose(frame.drop(columns="h")))
    p, q = frame.y[frame.a].mean(), frame.y[~frame.a].mean()
    assert np.allclose(found.values, [p, q, frame.y.mean()])
    assert found.covariance[0, 0] == pytest.approx(p * (1 - p) / frame.a.sum())
    assert found.covariance[1, 1] == pytest.approx(q * (1 - q) / (~frame.a).sum())
    assert found.covariance[0, 1] == pytest.approx(0, abs=1e-18)


def test_hospitals_left_out_by_hand(frame):
    found = crude_functionals(pose(frame, cluster="h"))
    without = []
    for name in sorted(frame.h.unique()):
        rest = frame[frame.h != name]
        without.append([rest.y[rest.a].mean(), rest.y[~rest.a].mean(), rest.y.mean()])
    away = np.array(without) - found.values
    assert np.allclose(found.covariance, away.T @ away * 6 / 7, rtol=1e-9)
    assert found.degrees_of_freedom == 6
