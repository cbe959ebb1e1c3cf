"""A misclassified outcome corrected: exact in expectation, and its interval covers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed import AIPW, Cohort, Estimand, estimate
from causalmed.errors import DataError, InvalidArgument, ScaleNotDefined
from causalmed.estimation.fragility import Surveillance, correct_outcome
from tests.estimation.fragility.wards import QUESTION, ward

KNOWN = Surveillance(sensitivity=0.7, specificity=0.98)


def recorded(true, known, rng):
    return np.where(
        true, rng.random(len(true)) < known.sensitivity, rng.random(len(true)) > known.specificity
    )


def seen_effect(seed, n=4000, exposed=KNOWN, unexposed=KNOWN):
    frame = ward(n, seed)
    rng = np.random.default_rng(seed + 10_000)
    seen = np.where(
        frame.late,
        recorded(frame.ssi.to_numpy(), exposed, rng),
        recorded(frame.ssi.to_numpy(), unexposed, rng),
    )
    return frame, estimate(QUESTION, Cohort.from_frame(frame.assign(ssi=seen)), AIPW())


def test_the_inverse_of_the_recording():
    _, effect = seen_effect(1)
    fixed = correct_outcome(effect, KNOWN)
    back = fixed.functionals.values * 0.7 + 0.02 * (1 - fixed.functionals.values)
    assert np.allclose(back, effect.functionals.values, atol=1e-12)
    assert fixed.risk_difference.estimate == pytest.approx(effect.risk_difference.estimate / 0.68, abs=1e-12)
    assert fixed.risk_difference.std_error == pytest.approx(effect.risk_difference.std_error / 0.68, rel=1e-9)
    assert fixed.attributable_fraction.estimate > 0
    assert any("sensitivity 0.7" in words for words in fixed.overrides)


def test_a_validation_study_adds_its_own_uncertainty():
    _, effect = seen_effect(1)
    known = Surveillance(sensitivity=0.7, specificity=0.98, validated_with=60, validated_without=400)
    wider = correct_outcome(effect, known)
    rng = np.random.default_rng(1)
    parts = effect.functionals
    arms = rng.multivariate_normal(parts.values[:2], parts.covariance[:2, :2], 200_000)
    se = rng.normal(0.7, np.sqrt(0.21 / 60), 200_000)
    sp = rng.normal(0.98, np.sqrt(0.0196 / 400), 200_000)
    draws = (arms + sp[:, None] - 1) / (se + sp - 1)[:, None]
    spread = (draws[:, 0] - draws[:, 1]).std()
    assert wider.risk_difference.std_error == pytest.approx(spread, rel=0.03)


def test_different_surveillance_by_arm():
    exposed = Surveillance(sensitivity=0.9, specificity=0.99)
    frame, effect = seen_effect(3, n=60_000, exposed=exposed)
    truth = estimate(QUESTION, Cohort.from_frame(frame), AIPW()).risk_difference
    fixed = correct_outcome(effect, exposed, KNOWN).risk_difference
    assert abs(effect.risk_difference.estimate - truth.estimate) > 4 * truth.std_error
    assert abs(fixed.estimate - truth.estimate) < 3 * fixed.std_error
    with pytest.raises(ScaleNotDefined):
        _ = correct_outcome(effect, exposed, KNOWN).attributable_fraction


def test_the_corrected_interval_covers():
    everybody = ward(400_000, 99)
    truth = float((everybody.risk1 - everybody.risk0).mean())
    held = 0
    for seed in range(120):
        _, effect = seen_effect(seed, n=1500)
        interval = correct_outcome(effect, KNOWN).risk_difference
        held += interval.low <= truth <= interval.high
    assert binom.ppf(0.0005, 120, 0.95) <= held <= binom.ppf(0.9995, 120, 0.95)


@pytest.mark.parametrize(
    "given",
    [
        {"sensitivity": 0},
        {"specificity": 1.1},
        {"sensitivity": 0.5, "specificity": 0.5},
        {"validated_with": 0},
    ],
)
def test_impossible_surveillance(given):
    with pytest.raises(InvalidArgument):
        Surveillance(**{"sensitivity": 0.7, "specificity": 0.98, **given})


def test_an_impossible_risk_is_refused():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"late": rng.random(500) < 0.5, "ssi": rng.random(500) < 0.05})
    effect = estimate(Estimand.given(exposure="late", outcome="ssi"), Cohort.from_frame(frame))
    with pytest.raises(DataError, match="impossible"):
        correct_outcome(effect, Surveillance(sensitivity=0.9, specificity=0.8))
