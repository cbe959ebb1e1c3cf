"""Truncation, refusal and holes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, Cohort, Estimand, GComputation, estimate
from causalmed.errors import PositivityViolation
from causalmed.estimation.positivity import default_bound, structural_holes, truncate
from causalmed.estimation.problem import pose_problem
from causalmed.estimation.strata import strata_of


def problem(population="all", n=1000, **columns):
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"u": rng.normal(size=n), "a": rng.random(n) < 0.4, "y": rng.random(n) < 0.3, **columns}
    )
    names = [name for name in frame if name not in ("a", "y")]
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=names)
    return pose_problem(question, Cohort.from_frame(frame), contrast=(1, 0), population=population)


def test_the_sample_size_rule():
    assert default_bound(1000) == pytest.approx(5 / (np.sqrt(1000) * np.log(1000)))
    assert default_bound(50) == 0.1 == default_bound(1)


@pytest.mark.parametrize(
    ("population", "moved"), [("all", 10), ("exposed", 4), ("unexposed", 6), ("overlap", 0)]
)
def test_only_the_sides_that_weigh_are_bounded(population, moved):
    raw = np.full(1000, 0.4)
    raw[:6], raw[6:10] = 0.001, 0.999
    found = truncate(raw, problem(population), trim=None)
    assert found.moved.sum() == moved
    assert (found.e[~found.moved] == raw[~found.moved]).all()
    bound = default_bound(1000)
    assert set(np.round(found.e[found.moved], 12)) <= {round(bound, 12), round(1 - bound, 12)}


def test_more_than_one_in_a_hundred_is_refused_with_the_place():
    posed = problem(wound=np.where(np.arange(1000) < 60, "dirty", "clean"))
    raw = np.full(1000, 0.4)
    raw[:14] = 0.0021
    message = r"14 of 1,000 patients \(wound = dirty\) have a propensity score of 'a' below 0.023"
    with pytest.raises(PositivityViolation, match=message):
        truncate(raw, posed, trim=None)
    assert truncate(raw, posed, trim=0.01).moved.sum() == 14
    assert truncate(raw, posed, trim=None, refuse=False).moved.sum() == 14
    assert truncate(raw, posed, trim=0).moved.sum() == 0


def test_a_hole_beyond_chance_is_found_and_one_by_chance_is_not():
    n = 1000
    ward = np.where(np.arange(n) < 40, "burns", np.where(np.arange(n) < 43, "eye", "general"))
    rng = np.random.default_rng(8)
    a = rng.random(n) < 0.4
    a[:43] = False
    found = structural_holes(problem(a=a, ward=ward))
    assert [(hole.stratum, hole.patients, hole.missing) for hole in found] == [
        ("ward = burns", 40, "exposed")
    ]


def test_a_hole_between_two_columns_is_found():
    rng = np.random.default_rng(9)
    p, q = rng.random(1000) < 0.5, rng.random(1000) < 0.5
    a = (rng.random(1000) < 0.4) | (p & q)
    found = structural_holes(problem(a=a, p=p, q=q))
    assert len(found) == 1
    assert found[0].stratum == "p = 1, q = 1"
    assert (found[0].patients, found[0].missing) == (int((p & q).sum()), "unexposed")


def test_a_learner_is_not_asked_to_bridge_a_hole():
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(10)
    p = rng.random(1000) < 0.1
    frame = pd.DataFrame({"p": p, "a": ~p & (rng.random(1000) < 0.4), "y": rng.random(1000) < 0.3})
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["p"])
    trees = HistGradientBoostingClassifier()
    with pytest.raises(PositivityViolation, match="with p = 1 none is exposed"):
        estimate(question, Cohort.from_frame(frame), AIPW(propensity=trees, outcome=trees))


def test_no_covariate_has_no_hole():
    exposed = np.array([0.0, 1.0])
    problem = SimpleNamespace(strata=strata_of((), exposed), n=2, arm_size=lambda arm: 1)
    assert structural_holes(problem) == ()


def test_standardisation_across_arms_that_do_not_overlap_is_not_reported():
    """g-computation needs no propensity score, but it must not extrapolate in silence."""
    rng = np.random.default_rng(8)
    a, y = rng.random(900) < 0.4, rng.random(900) < 0.3
    cohort = Cohort.from_frame(pd.DataFrame({"a": a, "y": y, "u": 2.0 * a + rng.random(900)}))
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u"])
    failed = estimate(question, cohort, GComputation()).diagnostics.failed()
    assert [check.name for check in failed] == ["overlap"]
    assert "without error" in failed[0].sentence
