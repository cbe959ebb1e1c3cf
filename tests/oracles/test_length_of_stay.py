"""Extra days in intensive care because of pneumonia, SIR-3 study."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.estimation.survival import extra_days


@pytest.fixture
def stays(table):
    frame = table("los_data.csv")
    return frame["j.01"], frame[["j.02", "j.03", "j.12", "j.13"]].min(axis=1)


def test_extra_days(stays, printed):
    case = printed("los_clos")
    found = extra_days(*stays)
    assert (found.n, found.infected) == (756, 124)
    assert found.interval.estimate == pytest.approx(case["value"], abs=case["tol"])
    assert found.interval.low < 0 < found.interval.high


def test_comparing_whole_stays_says_six_times_as_much(stays):
    """The days that the infected lived through before are counted: 12.5 instead of 2."""
    infected, left = stays
    found = extra_days(infected, left)
    ill = np.isfinite(infected)
    assert found.naive == pytest.approx(left[ill].mean() - left[~ill].mean())
    assert found.naive > 6 * found.interval.estimate
