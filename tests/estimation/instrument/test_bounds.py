"""Bounds by linear programme against the closed form of Balke and Pearl and against simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Estimand, Graph, identify
from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation.instrument import instrument_bounds

GRAPH = Graph.parse("dag { z -> a -> y; a <-> y }")
ESTIMAND = identify(GRAPH, exposure="a", outcome="y")


def patients(rng, n, types):
    """Draw from frequencies of the 16 ways to answer; return the truth too."""
    ways = np.array([(i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1) for i in range(16)])
    drawn = ways[rng.choice(16, size=n, p=types)]
    z = rng.integers(0, 2, n)
    a = np.where(z == 1, drawn[:, 1], drawn[:, 0])
    y = np.where(a == 1, drawn[:, 3], drawn[:, 2])
    truth = float(types @ (ways[:, 3] - ways[:, 2]))
    return pd.DataFrame({"z": z, "a": a, "y": y}), truth


def closed_form(frame):
    """The eight terms on each side, with p[y, a, z]."""
    p = np.zeros((2, 2, 2))
    for z in (0, 1):
        inside = frame[frame.z == z]
        for y in (0, 1):
            for a in (0, 1):
                p[y, a, z] = ((inside.y == y) & (inside.a == a)).mean()
    low = [
        p[1, 1, 1] + p[0, 0, 0] - 1,
        p[1, 1, 0] + p[0, 0, 1] - 1,
        p[1, 1, 0] - p[1, 1, 1] - p[1, 0, 1] - p[0, 1, 0] - p[1, 0, 0],
        p[1, 1, 1] - p[1, 1, 0] - p[1, 0, 0] - p[0, 1, 1] - p[1, 0, 1],
        -p[0, 1, 1] - p[1, 0, 1],
        -p[0, 1, 0] - p[1, 0, 0],
        p[0, 0, 1] - p[0, 1, 1] - p[1, 0, 1] - p[0, 1, 0] - p[0, 0, 0],
        p[0, 0, 0] - p[0, 1, 0] - p[1, 0, 0] - p[0, 1, 1] - p[0, 0, 1],
    ]
    high = [
        1 - p[0, 1, 1] - p[1, 0, 0],
        1 - p[0, 1, 0] - p[1, 0, 1],
        -p[0, 1, 0] + p[0, 1, 1] + p[0, 0, 1] + p[1, 1, 0] + p[0, 0, 0],
        -p[0, 1, 1] + p[1, 1, 1] + p[0, 0, 1] + p[0, 1, 0] + p[0, 0, 0],
        p[1, 1, 1] + p[0, 0, 1],
        p[1, 1, 0] + p[0, 0, 0],
        -p[1, 0, 1] + p[1, 1, 1] + p[0, 0, 1] + p[1, 1, 0] + p[1, 0, 0],
        -p[1, 0, 0] + p[1, 1, 0] + p[0, 0, 0] + p[1, 1, 1] + p[1, 0, 1],
    ]
    return max(low), min(high)


@pytest.mark.parametrize("seed", range(12))
def test_the_programme_is_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    frame, truth = patients(rng, 4000, rng.dirichlet(np.full(16, 0.4)))
    found = instrument_bounds(ESTIMAND, Cohort.from_frame(frame))
    assert found.risk_difference == pytest.approx(closed_form(frame), abs=1e-6)
    assert found.limits[0] <= truth <= found.limits[1]
    assert found.limits[0] <= found.risk_difference[0] <= found.risk_difference[1] <= found.limits[1]


def test_limits_hold_the_truth():
    hits = []
    for seed in range(40):
        rng = np.random.default_rng([3, seed])
        frame, truth = patients(rng, 300, rng.dirichlet(np.full(16, 0.3)))
        low, high = instrument_bounds(ESTIMAND, Cohort.from_frame(frame)).limits
        hits.append(low <= truth <= high)
    assert np.mean(hits) >= 0.95


def test_a_perfect_instrument_leaves_nothing_open():
    frame, truth = patients(
        np.random.default_rng(1), 3000, np.eye(16)[0b0101] * 0.3 + np.eye(16)[0b0100] * 0.7
    )
    found = instrument_bounds(ESTIMAND, Cohort.from_frame(frame))
    means = frame.groupby("z").y.mean()
    assert found.risk_difference == pytest.approx((means[1] - means[0],) * 2, abs=1e-6)
    assert abs(found.risk_difference[0] - truth) < 0.05


def test_frequencies_that_no_instrument_could_give():
    rng = np.random.default_rng(2)
    z = rng.integers(0, 2, 3000)
    a = (rng.random(3000) < 0.97).astype(int)
    y = (rng.random(3000) < 0.1 + 0.8 * z).astype(int)
    with pytest.raises(DataError, match="No instrument without another way"):
        instrument_bounds(ESTIMAND, Cohort.from_frame(pd.DataFrame({"z": z, "a": a, "y": y})))


def test_words_and_what_is_refused():
    frame, _ = patients(np.random.default_rng(4), 800, np.full(16, 1 / 16))
    found = instrument_bounds(ESTIMAND, Cohort.from_frame(frame))
    assert all(len(line) <= 80 for line in str(found).splitlines())
    assert set(found.to_dict()) >= {"risk_difference", "limits", "assumptions"}
    assert not any("same for everybody" in one for one in found.assumptions)
    with pytest.raises(InvalidArgument, match="identified by 'backdoor' given c"):
        instrument_bounds(
            Estimand.given(exposure="a", outcome="y", adjustment_set=["c"]), Cohort.from_frame(frame)
        )
    with pytest.raises(InvalidArgument, match="independent"):
        instrument_bounds(ESTIMAND, Cohort.from_frame(frame.assign(h=frame.z), cluster="h"))
    numbers = frame.assign(y=np.random.default_rng(1).normal(size=len(frame)))
    with pytest.raises(DataError, match="all yes/no"):
        instrument_bounds(ESTIMAND, Cohort.from_frame(numbers))
    with pytest.raises(InvalidArgument):
        instrument_bounds(ESTIMAND, Cohort.from_frame(frame), level=95)
