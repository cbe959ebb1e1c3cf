"""Another valid adjustment set: the same effect, another precision."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import AIPW, TMLE, Cohort, Estimand, GComputation, Graph, estimate, identify
from causalmed.estimation import IPWRA

GRAPH = Graph.parse(
    "dag { frailty [latent]; frailty -> {anaemia ssi}; age -> {late ssi}; {late diabetes depth} -> ssi }"
)
"""A hidden cause of the outcome and of a column: no set is known to be the most precise one."""


def ward(seed, n=4000):
    """Patients whose outcome depends mostly on what has nothing to do with the exposure."""
    rng = np.random.default_rng(seed)
    frailty, age, depth = rng.normal(size=(3, n))
    diabetes = rng.random(n) < 0.3
    anaemia = rng.random(n) < expit(frailty - 1)
    late = rng.random(n) < expit(0.6 * age - 0.3)
    base = -1.2 + 0.5 * age + 1.8 * depth + 1.5 * diabetes + 0.5 * frailty
    ssi = rng.random(n) < expit(base + 0.4 * late)
    columns = {"age": age, "depth": depth, "diabetes": diabetes, "anaemia": anaemia, "late": late, "ssi": ssi}
    return pd.DataFrame(columns), float(np.mean(expit(base + 0.4) - expit(base)))


@pytest.fixture(scope="module")
def estimand():
    return identify(GRAPH, exposure="late", outcome="ssi")


@pytest.mark.parametrize("spec", [GComputation(), IPWRA(), AIPW(), TMLE()], ids=repr)
def test_a_wider_valid_set_gives_the_same_effect_more_precisely(estimand, spec):
    assert not estimand.is_optimal
    assert estimand.adjustment_set == ("age",)
    wide = max(estimand.alternatives, key=len)
    assert {"age", "depth", "diabetes"} <= set(wide)
    stated = Estimand.given(exposure="late", outcome="ssi", adjustment_set=wide)
    errors = {"narrow": [], "wide": []}
    for seed in range(6):
        frame, truth = ward(seed)
        cohort = Cohort.from_frame(frame)
        for name, question in (("narrow", estimand), ("wide", stated)):
            interval = estimate(question, cohort, spec).difference
            errors[name].append(interval.std_error)
            assert abs(interval.estimate - truth) < 4 * interval.std_error
    assert np.mean(errors["wide"]) < 0.85 * np.mean(errors["narrow"])


def test_the_report_says_that_the_set_was_stated(estimand):
    frame, _ = ward(1)
    stated = Estimand.given(exposure="late", outcome="ssi", adjustment_set=estimand.alternatives[0])
    effect = estimate(stated, Cohort.from_frame(frame))
    assert any("stated by the user" in sentence for sentence in effect.overrides)
    assert effect.adjustment_set == estimand.alternatives[0]
