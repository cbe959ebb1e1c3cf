"""Standardised differences and effective sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, Cohort, Estimand, GComputation, estimate
from causalmed.estimation.balance import effective_size
from causalmed.results import State

QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "wound"])


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(12)
    n = 3000
    u, wound = rng.normal(size=n), rng.choice(["clean", "dirty", "soiled"], n)
    a = rng.random(n) < 1 / (1 + np.exp(0.5 - u - (wound == "dirty")))
    y = rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * u))
    return pd.DataFrame({"u": u, "wound": wound, "a": a, "y": y})


def test_differences_by_hand(frame):
    effect = estimate(QUESTION, Cohort.from_frame(frame), IPW())
    rows = {row.label: row for row in effect.balance.rows}
    one, none = frame.u[frame.a], frame.u[~frame.a]
    spread = np.sqrt((one.var(ddof=0) + none.var(ddof=0)) / 2)
    assert rows["u"].before == pytest.approx((one.mean() - none.mean()) / spread, rel=1e-10)
    assert abs(rows["u"].after) < 0.1 < abs(rows["u"].before)
    assert set(rows) == {"u", "wound[dirty]", "wound[soiled]"}


def test_overlap_weights_balance_exactly(frame):
    effect = estimate(QUESTION, Cohort.from_frame(frame), AIPW(), population="overlap")
    assert max(abs(row.after) for row in effect.balance.rows) < 1e-10


def test_a_wrong_propensity_model_is_seen(frame):
    from causalmed import Logistic

    effect = estimate(QUESTION, Cohort.from_frame(frame), IPW(propensity=Logistic(formula="wound")))
    check = effect.diagnostics.check("balance")
    assert check.state is State.FAIL
    assert "differ most in u" in check.sentence
    assert effect.overrides[-1] == "The formula of the propensity model leaves out u."
    assert not effect.reported


def test_pictures_hold_everybody(frame):
    effect = estimate(QUESTION, Cohort.from_frame(frame))
    assert sum(effect.overlap.exposed) == frame.a.sum()
    assert sum(effect.overlap.unexposed) == (~frame.a).sum()
    plain = estimate(QUESTION, Cohort.from_frame(frame), GComputation())
    assert plain.overlap is None is plain.balance


def test_effective_size():
    assert effective_size(np.ones(7)) == 7
    assert effective_size(np.array([3.0, 0, 0])) == 1
    assert effective_size(np.zeros(3)) == 0


def test_few_events_fail_the_gate():
    rng = np.random.default_rng(13)
    frame = pd.DataFrame(rng.normal(size=(400, 6)), columns=list("bcdefg"))
    frame["a"] = rng.random(400) < 0.5
    frame["y"] = np.arange(400) % 25 == 0
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=list("bcdefg"))
    effect = estimate(question, Cohort.from_frame(frame), GComputation())
    check = effect.diagnostics.check("events per parameter")
    assert check.state is State.FAIL
    assert "16 patients with y for 8 numbers" in check.sentence
    assert "Not reported" in effect.summary()
    assert "risk difference" in effect.summary(show_failed=True)
