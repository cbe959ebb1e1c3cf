"""A randomised trial: pancreatitis after ERCP with and without indomethacin."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, estimate


@pytest.fixture
def cohort(table):
    frame = table("indo_rct.csv")
    return Cohort.from_frame(
        frame.assign(indomethacin=frame.rx == "1_indomethacin", pancreatitis=frame.outcome == "1_yes")[
            ["id", "age", "risk", "gender", "indomethacin", "pancreatitis"]
        ],
        unit="id",
        outcome="pancreatitis",
    )


@pytest.mark.parametrize(
    "spec", [GComputation(), IPW(), AIPW(), TMLE()], ids=lambda spec: type(spec).__name__
)
def test_nothing_to_adjust_for_is_the_two_by_two_table(cohort, printed, spec):
    case = printed("indo_rct")
    effect = estimate(Estimand.given(exposure="indomethacin", outcome="pancreatitis"), cohort, spec)
    found = [effect.risk_difference.estimate, effect.risk_ratio.estimate, effect.odds_ratio.estimate]
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"])
    # printed: number needed to treat 13, benefit
    assert round(effect.number_needed_to_treat.estimate) == -13
    p, q = 27 / 295, 52 / 307
    assert effect.risk_difference.std_error == pytest.approx(
        np.sqrt(p * (1 - p) / 295 + q * (1 - q) / 307), rel=1e-9
    )
    assert effect.risk_ratio.std_error / effect.risk_ratio.estimate == pytest.approx(
        np.sqrt(1 / 27 - 1 / 295 + 1 / 52 - 1 / 307), rel=1e-9
    )


def test_adjusting_in_a_trial_changes_little(cohort):
    question = Estimand.given(
        exposure="indomethacin", outcome="pancreatitis", adjustment_set=["age", "risk", "gender"]
    )
    effect = estimate(question, cohort)
    assert abs(effect.risk_difference.estimate - effect.crude_difference.estimate) < 0.01
    assert effect.risk_difference.std_error <= effect.crude_difference.std_error
