from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Estimand, FollowUp, GComputation, estimate
from causalmed.cohort import Discharge
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.estimation.survival import landmark

SPEC = FollowUp("days", "status")


@pytest.fixture
def ventilated():
    """Ventilation that starts on a random day and does nothing; infection at a constant rate."""
    rng = np.random.default_rng(6)
    infection, death, start = rng.exponential(25, 6000), rng.exponential(40, 6000), rng.exponential(12, 6000)
    days = np.minimum(infection, death)
    return pd.DataFrame(
        {
            "days": days,
            "status": np.where(infection < death, 1, 2),
            "started": np.where(start < days, start, 999.0),
            "ever": (start < days).astype(int),
        }
    )


def test_an_exposure_without_effect_protects_if_read_as_baseline_and_not_at_a_landmark(ventilated):
    cohort = Cohort.from_frame(ventilated, follow_up=SPEC)
    naive = estimate(Estimand.given(exposure="ever", outcome="infection"), cohort, GComputation(), horizon=15)
    assert naive.risk_difference.high < -0.1
    later = landmark(cohort, at=5, exposure_time="started", name="by_5")
    fair = estimate(Estimand.given(exposure="by_5", outcome="infection"), later, GComputation(), horizon=15)
    assert 0 in fair.risk_difference
    assert fair.n == int((ventilated.days > 5).sum())


def test_the_clock_moves(ventilated):
    cohort = Cohort.from_frame(ventilated, follow_up=SPEC)
    later = landmark(cohort, at=5, exposure_time="started", name="by_5")
    kept = ventilated[ventilated.days > 5]
    assert np.allclose(later.values("days"), kept.days - 5)
    assert later.attrition[-1].reason == "followed without event beyond 5"
    assert cohort.values("days").max() == ventilated.days.max()


def test_discharge_moves_with_it(ventilated):
    left = Discharge(code=3, means="still followed", until=30)
    cohort = Cohort.from_frame(ventilated, follow_up=FollowUp("days", "status", discharge=left))
    later = landmark(cohort, at=5, exposure_time="started", name="by_5")
    assert later.follow_up.discharge.until == 25
    with pytest.raises(InvalidArgument, match="lies beyond"):
        landmark(cohort, at=31, exposure_time="started", name="by_31")


def test_bad_input(ventilated):
    cohort = Cohort.from_frame(ventilated, follow_up=SPEC)
    with pytest.raises(InvalidArgument, match="needs a cohort with times"):
        landmark(Cohort.from_frame(ventilated), at=5, exposure_time="started", name="x")
    with pytest.raises(InvalidArgument, match="at=0"):
        landmark(cohort, at=0, exposure_time="started", name="x")
    with pytest.raises(InvalidArgument, match="of its own"):
        landmark(cohort, at=5, exposure_time="days", name="x")
    with pytest.raises(ColumnNotFound):
        landmark(cohort, at=5, exposure_time="begun", name="x")
    early = Cohort.from_frame(ventilated.assign(started=-1.0), follow_up=SPEC)
    with pytest.raises(DataError, match="negative"):
        landmark(early, at=5, exposure_time="started", name="x")
    with pytest.raises(DataError, match="remains"):
        landmark(cohort, at=10_000, exposure_time="started", name="x")
