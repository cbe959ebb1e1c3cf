"""Dose-response curves: the spline, the standardisation, the band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from causalmed import Cohort, Estimand
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.estimation import dose_response
from causalmed.estimation.exposures.dose import spline
from causalmed.results import State

QUESTION = Estimand.given(exposure="glucose", outcome="ssi", adjustment_set=["age"])
AT = np.array([90.0, 110, 130, 150, 170])


def ward(n, seed):
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    glucose = 130 + 10 * age + 22 * rng.normal(size=n)
    ssi = rng.random(n) < expit(-2.0 + 0.015 * (glucose - 130) + 0.6 * age)
    return pd.DataFrame({"age": age, "glucose": glucose, "ssi": ssi})


def truth(n=1_000_000):
    age = np.random.default_rng(5).normal(size=n)
    return np.array([expit(-2.0 + 0.015 * (dose - 130) + 0.6 * age).mean() for dose in AT])


def test_the_spline_is_linear_beyond_its_outer_knots():
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    outside = np.concatenate([np.linspace(-3, 1, 5), np.linspace(7, 11, 5)])
    basis = spline(outside, knots)
    assert basis.shape == (10, 3)
    assert np.allclose(np.diff(basis[:5], n=2, axis=0), 0, atol=1e-12)
    assert np.allclose(np.diff(basis[5:], n=2, axis=0), 0, atol=1e-9)
    inside = spline(np.linspace(0.99, 7.01, 4001), knots)
    second = np.diff(inside, n=2, axis=0)
    assert np.abs(np.diff(second, axis=0)).max() < 1e-7  # no jump of the second derivative at a knot


def test_a_linear_model_has_a_straight_curve():
    frame = ward(3000, 1)
    frame["stay"] = 4 + 0.05 * frame.glucose + frame.age
    question = Estimand.given(exposure="glucose", outcome="stay", adjustment_set=["age"])
    curve = dose_response(question, Cohort.from_frame(frame), at=list(AT))
    assert np.allclose(curve.estimate, 4 + 0.05 * AT + frame.age.mean(), atol=1e-7)


def test_pointwise_limits_and_the_whole_band_cover():
    true, points, whole = truth(), 0, 0
    for seed in range(150):
        curve = dose_response(QUESTION, Cohort.from_frame(ward(1500, seed)), at=list(AT), knots=3)
        inside = (curve.low <= true) & (true <= curve.high)
        points += inside[2]
        whole += ((curve.uniform_low <= true) & (true <= curve.uniform_high)).all()
    low, high = binom.ppf(0.0005, 150, 0.95), binom.ppf(0.9999, 150, 0.95)
    assert low <= points <= high
    assert low <= whole <= high


def test_the_error_is_that_of_the_bootstrap():
    frame = ward(2000, 3)
    curve = dose_response(QUESTION, Cohort.from_frame(frame), at=list(AT), knots=3)
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(150):
        again = frame.iloc[rng.integers(0, 2000, 2000)].reset_index(drop=True)
        again.loc[0, "glucose"], again.loc[1, "glucose"] = frame.glucose.min(), frame.glucose.max()
        draws.append(dose_response(QUESTION, Cohort.from_frame(again), at=list(AT), knots=3).estimate)
    spread = np.std(draws, axis=0)
    error = (curve.high - curve.low) / 2 / 1.959964
    assert np.allclose(error, spread, rtol=0.25)


def test_hospitals_widen_the_band():
    frame = ward(2400, 4)
    frame["hospital"] = np.arange(2400) % 12
    plain = dose_response(QUESTION, Cohort.from_frame(frame), at=list(AT))
    clustered = dose_response(QUESTION, Cohort.from_frame(frame, cluster="hospital"), at=list(AT))
    assert (plain.estimate == clustered.estimate).all()
    assert not np.allclose(plain.low, clustered.low)


def test_the_gate_of_a_curve():
    frame = ward(1500, 1)
    plain = dose_response(QUESTION, Cohort.from_frame(frame), at=list(AT)).diagnostics
    assert [check.state for check in plain.checks] == [State.PASS] * 3
    ends = [float(frame.glucose.min()), 130.0, float(frame.glucose.max())]
    far = dose_response(QUESTION, Cohort.from_frame(frame), at=ends)
    assert far.diagnostics.check("support").state is State.WARN
    assert "support" in far.summary()


def test_a_cluster_that_cannot_be_left_out_is_said():
    """All events but one hospital's are taken away: without it nothing can be fitted."""
    frame = ward(1200, 2)
    frame["hospital"] = np.arange(1200) % 6
    frame.loc[frame.hospital != 0, "ssi"] = False
    curve = dose_response(QUESTION, Cohort.from_frame(frame, cluster="hospital"), at=[120.0, 140.0], knots=3)
    check = curve.diagnostics.check("clusters")
    assert check.state is State.WARN
    assert "Without 1 of them no model could be fitted" in check.sentence


def test_text_and_picture():
    curve = dose_response(QUESTION, Cohort.from_frame(ward(1500, 1)))
    assert len(curve) == 25
    assert max(map(len, curve.summary().split("\n"))) <= 80
    assert "per 100 patients" in curve.picture().alt
    assert list(curve.to_frame().columns)[:3] == ["x", "estimate", "conf_low"]
    axes = curve.plot()
    assert axes.get_xlabel() == "glucose"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"at": [10.0, 20.0]}, InvalidArgument),
        ({"at": [120.0, 110.0]}, InvalidArgument),
        ({"at": "high"}, InvalidArgument),
        ({"knots": 9}, InvalidArgument),
        ({"level": 1.5}, InvalidArgument),
        ({"estimand": Estimand.given(exposure="sick", outcome="ssi")}, DataError),
        ({"estimand": Estimand.given(exposure="few", outcome="ssi")}, DataError),
        ({"estimand": Estimand.given(exposure="glucosee", outcome="ssi")}, ColumnNotFound),
    ],
)
def test_refusals(change, error):
    frame = ward(400, 1).assign(sick=np.arange(400) % 2 == 0, few=(np.arange(400) % 2 + 0.5))
    cohort = Cohort.from_frame(frame, kinds={"few": "continuous"})
    with pytest.raises(error):
        dose_response(**{"estimand": QUESTION, "cohort": cohort, **change})
