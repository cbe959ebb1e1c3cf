"""The door: what is accepted, what is refused and how, and that nothing else moves the number."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Graph, Logistic, estimate, identify
from causalmed.errors import (
    CausalmedError,
    ColumnNotFound,
    DataError,
    InvalidArgument,
    NotConverged,
    NotEnoughEvents,
    PositivityViolation,
    PositivityWarning,
    RareEventWarning,
    RoleConflict,
    ScaleNotDefined,
)
from causalmed.estimation import IPWRA

SPECS = (GComputation(), IPW(), IPWRA(), AIPW(), TMLE())
IDS = (
    *("no-exposed", "all-exposed", "no-events", "all-events", "no-covariate", "no-outcome"),
    *("numeric-exposure", "three-exposures", "three-outcomes", "date", "collinear"),
    *("one-row", "three-rows", "constant"),
)


def surgery(n=2000, seed=1, shift=-1.5, effect=0.6):
    """Patients with two confounders; the risk difference is known."""
    rng = np.random.default_rng(seed)
    age, sick = rng.normal(60, 12, n), rng.random(n) < 0.3
    late = rng.random(n) < 1 / (1 + np.exp(0.6 - 0.02 * (age - 60) - 0.7 * sick))
    base = shift + 0.03 * (age - 60) + 0.8 * sick
    risk = 1 / (1 + np.exp(-base - effect * late))
    frame = pd.DataFrame(
        {"id": np.arange(n), "age": age, "sick": sick, "late": late, "ssi": rng.random(n) < risk}
    )
    return frame


QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "sick"])


@pytest.fixture(scope="module")
def frame():
    return surgery()


@pytest.fixture(scope="module")
def cohort(frame):
    return Cohort.from_frame(frame, unit="id", outcome="ssi")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_no_order_library_or_thread_moves_a_bit(frame, spec):
    import polars as pl

    hospitals = frame.assign(hospital=frame.id % 12)
    shuffled = hospitals.sample(frac=1, random_state=3)
    variants = [
        (hospitals, 1),
        (shuffled, 1),
        (shuffled, 2),
        (pl.from_pandas(shuffled), 2),
    ]
    found = [
        estimate(QUESTION, Cohort.from_frame(table, unit="id", cluster="hospital"), spec, n_jobs=n_jobs)
        for table, n_jobs in variants
    ]
    for effect in found[1:]:
        assert (effect.functionals.values == found[0].functionals.values).all()
        assert (effect.functionals.covariance == found[0].functionals.covariance).all()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_the_callers_frame_is_untouched(spec):
    frame = surgery(400)
    before = frame.copy(deep=True)
    estimate(QUESTION, Cohort.from_frame(frame, unit="id"), spec)
    pd.testing.assert_frame_equal(frame, before)


def test_swapping_the_contrast_swaps_the_arms(cohort):
    forward = estimate(QUESTION, cohort)
    backward = estimate(QUESTION, cohort, contrast=(0, 1))
    assert backward.difference.estimate == pytest.approx(-forward.difference.estimate, abs=1e-12)
    assert backward.difference.std_error == pytest.approx(forward.difference.std_error, rel=1e-9)
    exposed = estimate(QUESTION, cohort, population="exposed")
    others = estimate(QUESTION, cohort, population="unexposed", contrast=(0, 1))
    assert others.difference.estimate == pytest.approx(-exposed.difference.estimate, abs=1e-12)


def test_the_effect_among_all_is_the_mix_of_the_two_groups(cohort, frame):
    for spec in (GComputation(), AIPW()):
        by = {
            who: estimate(QUESTION, cohort, spec, population=who) for who in ("all", "exposed", "unexposed")
        }
        share = frame.late.mean()
        mixed = share * by["exposed"].difference.estimate + (1 - share) * by["unexposed"].difference.estimate
        assert by["all"].difference.estimate == pytest.approx(mixed, abs=1e-10)


def test_the_natural_course_is_the_observed_mean(cohort, frame):
    assert estimate(QUESTION, cohort).functionals["natural"] == pytest.approx(frame.ssi.mean(), abs=1e-12)
    exposed = estimate(QUESTION, cohort, population="exposed").functionals
    assert exposed["natural"] == pytest.approx(frame.ssi[frame.late].mean(), abs=1e-12)
    assert exposed["exposed"] == pytest.approx(exposed["natural"], abs=1e-9)


def test_the_default_is_tmle_and_the_spec_is_printed(cohort):
    effect = estimate(QUESTION, cohort, seed=3)
    assert effect.estimator == repr(TMLE())
    assert effect.provenance.seed == 3
    assert effect.provenance.data_fingerprint == cohort.fingerprint
    assert max(map(len, effect.summary().splitlines())) <= 80


def test_an_estimand_from_a_graph_is_taken_as_it_is(cohort):
    graph = Graph.parse("dag { age -> {late ssi}; sick -> {late ssi}; late -> ssi }")
    estimand = identify(graph, exposure="late", outcome="ssi", observed=cohort.names)
    effect = estimate(estimand, cohort)
    assert effect.adjustment_set == ("age", "sick")
    assert effect.difference.estimate == estimate(QUESTION, cohort).difference.estimate
    assert set(estimand.assumptions) < set(effect.assumptions)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"population": "everyone"}, InvalidArgument, "population='everyone'"),
        ({"contrast": (2, 0)}, InvalidArgument, "two-valued"),
        ({"contrast": 1}, InvalidArgument, "two values"),
        ({"by": 3}, InvalidArgument, "must be the name of one column"),
        ({"horizon": 30}, InvalidArgument, "needs a cohort with times"),
        ({"level": 95}, InvalidArgument, "between 0 and 1"),
        ({"seed": -1}, InvalidArgument, "seed=-1"),
        ({"n_jobs": 0}, InvalidArgument, "n_jobs=0"),
        ({"estimator": "TMLE"}, InvalidArgument, "is not an estimator"),
        ({"estimator": TMLE}, InvalidArgument, "is not an estimator"),
        ({"estimator": GComputation(), "population": "overlap"}, InvalidArgument, "'overlap'"),
        ({"estimator": IPW(stabilised=False), "population": "overlap"}, InvalidArgument, "stabilised"),
    ],
)
def test_arguments_are_checked(cohort, change, error, words):
    with pytest.raises(error, match=re.escape(words)):
        estimate(QUESTION, cohort, **change)


def test_wrong_things_in_the_first_places(cohort, frame):
    with pytest.raises(InvalidArgument, match="needs an Estimand, not str"):
        estimate("late", cohort)
    with pytest.raises(InvalidArgument, match="needs a Cohort, not DataFrame"):
        estimate(QUESTION, frame)


def test_kinds_of_estimand_it_cannot_evaluate(cohort):
    graph = Graph.parse("dag { sick [latent]; sick -> {late ssi}; age -> late; late -> ssi }")
    estimand = identify(graph, exposure="late", outcome="ssi", observed=["late", "ssi", "age"])
    assert estimand.kind == "instrument"
    with pytest.raises(InvalidArgument, match="TMLE cannot evaluate an effect identified by 'instrument'"):
        estimate(estimand, cohort, TMLE())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda frame: frame.assign(late=False), NotEnoughEvents),
        (lambda frame: frame.assign(late=True), NotEnoughEvents),
        (lambda frame: frame.assign(ssi=False), NotEnoughEvents),
        (lambda frame: frame.assign(ssi=True), NotEnoughEvents),
        (lambda frame: frame.drop(columns="age"), ColumnNotFound),
        (lambda frame: frame.drop(columns="ssi"), ColumnNotFound),
        (lambda frame: frame.assign(late=frame.age), DataError),
        (
            lambda frame: frame.assign(late=np.where(frame.age > 60, "a", np.where(frame.sick, "b", "c"))),
            InvalidArgument,
        ),
        (
            lambda frame: frame.assign(ssi=np.where(frame.age > 60, "a", np.where(frame.sick, "b", "c"))),
            DataError,
        ),
        (lambda frame: frame.assign(age=pd.Timestamp("2026-01-01")), RoleConflict),
        (lambda frame: frame.assign(sick=frame.age), DataError),
        (lambda frame: frame.head(1), CausalmedError),
        (lambda frame: frame.head(3), CausalmedError),
        (lambda frame: frame.assign(age=1.0), DataError),
    ],
    ids=[
        "no-exposed",
        "all-exposed",
        "no-events",
        "all-events",
        "no-covariate",
        "no-outcome",
        "numeric-exposure",
        "three-exposures",
        "three-outcomes",
        "date",
        "collinear",
        "one-row",
        "three-rows",
        "constant",
    ],
)
def test_bad_data_is_refused_in_words(spec, change, error):
    frame = change(surgery(300))
    with pytest.raises(error) as caught:
        estimate(QUESTION, Cohort.from_frame(frame, unit="id"), spec)
    assert len(str(caught.value)) > 40


def test_separation_names_the_column():
    frame = surgery(600)
    frame["ssi"] = frame.ssi | frame.sick
    with pytest.raises(NotConverged, match=r"separated by 'sick\[?"):
        estimate(QUESTION, Cohort.from_frame(frame), GComputation())
    firth = estimate(QUESTION, Cohort.from_frame(frame), GComputation(outcome=Logistic(firth=True)))
    assert np.isfinite(firth.risk_difference.std_error)


@pytest.mark.parametrize("name", ["inf", "<b>age</b>", "a ~ b", "ålder"])
def test_odd_column_names_are_only_names(name):
    frame = surgery(600).rename(columns={"age": name})
    estimand = Estimand.given(exposure="late", outcome="ssi", adjustment_set=[name, "sick"])
    effect = estimate(estimand, Cohort.from_frame(frame))
    assert effect.difference.estimate == pytest.approx(
        estimate(QUESTION, Cohort.from_frame(surgery(600))).difference.estimate, abs=1e-12
    )
    assert "<b>" not in effect._repr_html_()


def test_failed_overlap_is_refused_with_the_place():
    frame = surgery(3000)
    rng = np.random.default_rng(5)
    frame["dirty"] = rng.random(3000) < 0.05
    frame.loc[frame.dirty, "late"] = rng.random(int(frame.dirty.sum())) < 0.985
    estimand = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "dirty"])
    with pytest.raises(PositivityViolation, match=r"of 3,000 patients \(dirty = 1\) have a propensity"):
        estimate(estimand, Cohort.from_frame(frame))
    assert estimate(estimand, Cohort.from_frame(frame), population="overlap").n == 3000
    with pytest.warns(PositivityWarning, match="were moved to the bound"):
        trimmed = estimate(estimand, Cohort.from_frame(frame), TMLE(trim=0.05))
    assert any("trim=0.05" in sentence for sentence in trimmed.overrides)


def test_rare_outcomes_warn_and_take_the_larger_variance():
    frame = surgery(4000, shift=-5.0)
    assert frame.ssi.mean() < 0.03
    with pytest.warns(RareEventWarning, match="Intervals for rare outcomes"):
        effect = estimate(QUESTION, Cohort.from_frame(frame))
    from causalmed.estimation.covariance import independent

    phi = effect.functionals.influence
    contrast = np.array([1.0, -1.0, 0.0])
    assert effect.difference.std_error**2 >= contrast @ independent(phi) @ contrast - 1e-18


def test_adjustment_removes_the_confounding(cohort, frame):
    effect = estimate(QUESTION, cohort)
    base = -1.5 + 0.03 * (frame.age - 60) + 0.8 * frame.sick
    truth = float(np.mean(1 / (1 + np.exp(-base - 0.6)) - 1 / (1 + np.exp(-base))))
    assert truth in effect.risk_difference
    assert abs(effect.crude_difference.estimate - truth) > abs(effect.difference.estimate - truth)


@pytest.mark.parametrize("all_or_none", [0, 1])
@pytest.mark.parametrize(
    "spec",
    [IPW(), GComputation(outcome=Logistic(firth=True)), AIPW(outcome=Logistic(firth=True))],
    ids=lambda one: type(one).__name__,
)
def test_an_arm_without_outcomes_is_not_reported(spec, all_or_none):
    """Its risk has no estimable variance; a penalised model would give a ratio with a tiny interval."""
    rng = np.random.default_rng(3)
    age, a = rng.normal(size=900), rng.random(900) < 0.4
    y = np.where(a, all_or_none, rng.random(900) < 0.3)
    cohort = Cohort.from_frame(pd.DataFrame({"age": age, "a": a, "y": y.astype(int)}))
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["age"])
    effect = estimate(question, cohort, spec)
    assert "outcomes in each arm" in [check.name for check in effect.diagnostics.failed()]
    if isinstance(spec, IPW):
        with pytest.raises(ScaleNotDefined):
            _ = effect.odds_ratio
