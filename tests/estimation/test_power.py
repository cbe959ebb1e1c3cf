"""Equipoise and the smallest effect that could have been seen, against simulation and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from causalmed import IPW, Cohort, Estimand, estimate
from causalmed.errors import PositivityViolation
from causalmed.estimation.pictures import overlap_counts
from causalmed.estimation.power import equipoise_check
from causalmed.results import State
from causalmed.results.pictures import Overlap

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])


def ward(n, seed, pull=0.7, shift=0.0, base=-1.6, effect=0.0):
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    late = rng.random(n) < expit(pull * age + shift)
    return pd.DataFrame(
        {"age": age, "late": late, "ssi": rng.random(n) < expit(base + effect * late + 0.3 * age)}
    )


@pytest.mark.parametrize("pull", [0.5, 1.5, 3.0])
def test_equipoise_is_the_share_of_middling_preference_scores(pull):
    rng = np.random.default_rng(1)
    e = expit(pull * rng.normal(size=100_000) - 0.7)
    exposed = (rng.random(100_000) < e).astype(float)
    counts = overlap_counts(e, exposed)
    picture = Overlap(
        title="x", edges=tuple(np.linspace(0, 1, 21)), exposed=tuple(counts[0]), unexposed=tuple(counts[1])
    )
    preference = expit(logit(e) - logit(exposed.mean()))
    exact = np.mean((preference > 0.3) & (preference < 0.7))
    assert equipoise_check(picture).value == pytest.approx(exact, abs=0.012)


def test_a_strong_indication_warns():
    frame = ward(20_000, 2, pull=0.4)
    rng = np.random.default_rng(2)
    clear = rng.random(20_000) < 0.9
    side = rng.random(20_000) < 0.5
    frame["late"] = np.where(clear, rng.random(20_000) < np.where(side, 0.94, 0.06), frame.late)
    frame["group"] = np.where(clear, np.where(side, "for", "against"), "either")
    question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "group"])
    check = estimate(question, Cohort.from_frame(frame)).diagnostics.check("equipoise")
    assert check.state is State.WARN
    assert check.value == pytest.approx(0.1, abs=0.02)


def test_the_detectable_ratio_is_found_four_times_in_five():
    """At the stated ratio, about 80 % of studies reject no effect."""
    first = estimate(QUESTION, Cohort.from_frame(ward(3000, 1, pull=0.0, base=-2.6)), IPW())
    ratio = first.diagnostics.check("detectable effect").value
    assert 1.2 < ratio < 2
    found = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        late = rng.random(3000) < 0.5
        base = 0.072 * 2 / (1 + ratio)
        frame = pd.DataFrame({"late": late, "ssi": rng.random(3000) < np.where(late, ratio * base, base)})
        effect = estimate(Estimand.given(exposure="late", outcome="ssi"), Cohort.from_frame(frame), IPW())
        found += effect.risk_ratio.low > 1
    assert 0.68 <= found / 150 <= 0.91


def test_few_events_warn():
    frame = ward(60, 3, pull=0.0, base=-2.9)
    frame.loc[:1, "ssi"], frame.loc[0, "late"], frame.loc[1, "late"] = True, True, False
    effect = estimate(Estimand.given(exposure="late", outcome="ssi"), Cohort.from_frame(frame), IPW())
    check = effect.diagnostics.check("detectable effect")
    assert (check.state is State.WARN) == (check.value > 10)
    assert f"{int(frame.ssi.sum())} events" in check.sentence


@pytest.mark.parametrize(
    ("shift", "rescue"), [(-5.0, 'population="exposed"'), (5.0, 'population="unexposed"')]
)
def test_the_refusal_names_the_population_that_can_be_answered(shift, rescue):
    frame = ward(3000, 4, pull=2.0, shift=shift)
    with pytest.raises(PositivityViolation, match=rescue):
        estimate(QUESTION, Cohort.from_frame(frame))
