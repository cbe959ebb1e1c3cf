"""Charts and limits over time: the recursion by hand, false signals, coverage at every look."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from causalmed.errors import DataError, InvalidArgument
from causalmed.monitoring import confidence_sequence, gap_sequence, risk_adjusted_cusum


def patients(rng, n=400, ratio=1.0):
    risk = rng.uniform(0.03, 0.3, n)
    odds = ratio * risk / (1 - risk)
    return (rng.random(n) < odds / (1 + odds)).astype(int), risk


def test_the_chart_is_the_recursion():
    y, p = patients(np.random.default_rng(1))
    w, by_hand = 0.0, []
    for outcome, risk in zip(y, p, strict=True):
        w = max(0.0, w + outcome * np.log(2) - np.log(1 - risk + 2 * risk))
        by_hand.append(w)
    np.testing.assert_allclose(risk_adjusted_cusum(y, p, runs=100).values, by_hand, atol=1e-12)


@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_false_signals_are_as_rare_as_said(ratio):
    rng, charts = np.random.default_rng(2), 150
    signals = sum(
        risk_adjusted_cusum(*patients(rng, n=200), odds_ratio=ratio, runs=500, seed=at).signal is not None
        for at in range(charts)
    )
    low, high = binom.ppf([0.0005, 0.9995], charts, 0.05)
    assert low <= signals <= high


def test_a_change_is_seen_soon_after_it():
    rng = np.random.default_rng(3)
    (y, p), (later, risk) = patients(rng), patients(rng, ratio=3.0)
    chart = risk_adjusted_cusum(np.concatenate([y, later]), np.concatenate([p, risk]))
    assert 400 < chart.signal < 650
    assert f"patient {chart.signal + 1:,}" in chart.summary()
    assert len(chart.to_frame()) == 800
    assert risk_adjusted_cusum(y, p).signal is None


def test_limits_hold_at_every_look():
    rng, sequences = np.random.default_rng(4), 300
    missed = sum(
        confidence_sequence(rng.random(1500) < 0.1, lowest=0, highest=1).first_outside(0.1) is not None
        for _ in range(sequences)
    )
    assert missed <= binom.ppf(0.999, sequences, 0.05)


def test_a_gap_is_found_and_none_is_not():
    rng = np.random.default_rng(5)
    women, wrong = rng.random(5000) < 0.4, 0
    y, p = patients(rng, n=5000)
    found = gap_sequence(y - p - 0.2 * women, women, lowest=-1.2, highest=1)
    assert found.first_outside(0.0) is not None
    assert found.low[-1] < -0.2 < found.high[-1]
    for _ in range(100):
        y, p = patients(rng, n=800)
        wrong += gap_sequence(y - p, women[:800], lowest=-1, highest=1).first_outside(0.0) is not None
    assert wrong <= binom.ppf(0.999, 100, 0.05)


def test_limits_shrink_and_start_as_wide_as_the_range():
    found = confidence_sequence(np.tile([0.0, 1.0], 5000), lowest=0, highest=1)
    assert (found.low[0], found.high[0]) == (0.0, 1.0)
    assert found.high[-1] - found.low[-1] < 0.06
    assert not found.low.flags.writeable


@pytest.mark.parametrize(
    ("y", "p", "error"),
    [
        ([0, 2], [0.1, 0.1], DataError),
        ([0, 1], [0.1, 1.0], DataError),
        ([0, 1], [0.1], DataError),
        ([], [], DataError),
        (["a"], [0.1], DataError),
        ([0, np.nan], [0.1, 0.1], DataError),
    ],
)
def test_bad_patients_are_refused(y, p, error):
    with pytest.raises(error):
        risk_adjusted_cusum(y, p)


def test_bad_settings_are_refused():
    for wrong in ({"odds_ratio": 1}, {"odds_ratio": -2}, {"runs": 5}, {"alpha": 2}):
        with pytest.raises(InvalidArgument):
            risk_adjusted_cusum([0, 1], [0.1, 0.2], **wrong)
    with pytest.raises(InvalidArgument, match="no range"):
        confidence_sequence([0.1], lowest=1, highest=0)
    with pytest.raises(DataError):
        confidence_sequence([2.0], lowest=0, highest=1)
    with pytest.raises(DataError, match="both must exist"):
        gap_sequence([0.0, 1.0], [True, True], lowest=0, highest=1)
