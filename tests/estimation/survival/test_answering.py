from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, FollowUp, GComputation, Logistic, estimate
from causalmed.cohort import Discharge
from causalmed.errors import DataError, ImmortalTime, InvalidArgument, NotEnoughEvents, RoleConflict
from causalmed.estimation import IPWRA
from tests.estimation.survival.designs import HORIZON, QUESTION, SPEC, Design, cohort, draw

LOST = "restricted mean time lost"


@pytest.fixture(scope="module")
def frame():
    return draw(Design(n=1200, hospitals=50), 5)


@pytest.fixture(scope="module")
def patients(frame):
    return cohort(frame)


@pytest.fixture(scope="module")
def effect(patients):
    return estimate(QUESTION, patients, AIPW(), horizon=HORIZON)


def complete(frame):
    """The same patients, followed to the end."""
    seen = frame.assign(status=np.where(frame.status == 0, 2, frame.status))
    return seen.assign(infected=(seen.days <= HORIZON) & (seen.status == 1))


SPECS = [TMLE(), AIPW(), IPW(), IPW(stabilised=False), GComputation(by_arm=True), IPWRA()]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("population", ["all", "exposed"])
def test_without_censoring_it_is_the_estimator_of_a_yes_or_no_outcome(frame, spec, population):
    everybody = cohort(complete(frame))
    plain = Estimand.given(exposure="late", outcome="infected", adjustment_set=["frailty", "open"])
    timed = estimate(plain, everybody, spec, horizon=HORIZON, population=population)
    usual = estimate(plain, everybody, spec, population=population)
    assert np.array_equal(timed.functionals.values[:3], usual.functionals.values)
    assert np.array_equal(timed.functionals.covariance[:3, :3], usual.functionals.covariance)
    assert timed.risk_ratio == usual.risk_ratio
    assert timed.crude_difference.estimate == pytest.approx(usual.crude_difference.estimate, abs=1e-12)


def test_with_few_hospitals_too(frame):
    table = complete(frame).query("hospital < 12")
    everybody = cohort(table, clustered=True)
    plain = Estimand.given(exposure="late", outcome="infected", adjustment_set=["frailty", "open"])
    timed, usual = (estimate(plain, everybody, horizon=horizon) for horizon in (HORIZON, None))
    assert timed.risk_difference == usual.risk_difference
    assert "jackknife" in timed.functionals.source


def test_what_stands_beside(effect, frame):
    assert list(effect.beside) == ["death", LOST]
    assert effect.beside[LOST].outcome_kind == "continuous"
    assert effect.beside[LOST].outcome_unit == "days"
    assert effect.question == (
        "The total effect of late on infection within 30 days, death not eliminated. Asked about all "
        "patients."
    )
    assert effect.beside["death"].question.startswith(
        "The total effect of late on death without infection before it"
    )
    assert "Beside it, death" in effect.summary()
    assert any("those lost to follow-up" in sentence for sentence in effect.assumptions)
    assert effect.events == int(((frame.days <= HORIZON) & (frame.status == 1)).sum())


def test_one_covariance_for_all_means(effect, patients):
    joint = effect.functionals
    assert joint.labels[:4] == ("exposed", "unexposed", "natural", "death exposed")
    assert f"{LOST} unexposed" in joint.labels
    assert np.linalg.eigvalsh(joint.covariance).min() > -1e-18
    for name, start in (("death", 3), (LOST, 6)):
        own = effect.beside[name].functionals
        assert np.array_equal(joint.values[start : start + 3], own.values)
        assert np.array_equal(joint.covariance[start : start + 3, start : start + 3], own.covariance)
    phi = joint.influence
    assert np.allclose(joint.covariance, phi.T @ phi / len(phi) ** 2, rtol=1e-9)
    # infection and death exclude each other
    assert joint.covariance[0, 3] < 0


@pytest.mark.parametrize("spec", [TMLE(), AIPW(by_arm=True), IPW(), GComputation(), IPWRA()], ids=repr)
def test_estimators_agree(effect, patients, spec):
    other = estimate(QUESTION, patients, spec, horizon=HORIZON)
    assert other.risk_difference.estimate == pytest.approx(effect.risk_difference.estimate, abs=0.012)
    assert other.risk_difference.std_error == pytest.approx(effect.risk_difference.std_error, rel=0.05)
    assert other.beside[LOST].difference.estimate == pytest.approx(
        effect.beside[LOST].difference.estimate, abs=0.25
    )


def test_the_default_is_the_usual_one(patients):
    assert estimate(QUESTION, patients, horizon=HORIZON).estimator == "TMLE()"


def test_the_order_of_rows_and_threads_change_nothing(frame):
    table = frame.assign(id=np.arange(len(frame)))
    mixed = table.sample(frac=1, random_state=1)
    first, second = (Cohort.from_frame(one, unit="id", follow_up=SPEC) for one in (table, mixed))
    a = estimate(QUESTION, first, horizon=HORIZON)
    b = estimate(QUESTION, second, horizon=HORIZON, n_jobs=2)
    assert np.array_equal(a.functionals.values, b.functionals.values)
    assert np.array_equal(a.functionals.covariance, b.functionals.covariance)


def test_hospitals_widen_the_interval(frame, effect):
    clustered = estimate(QUESTION, cohort(frame, clustered=True), AIPW(), horizon=HORIZON)
    assert clustered.clusters == 50
    assert clustered.functionals.degrees_of_freedom == 49
    assert clustered.functionals["exposed"] == effect.functionals["exposed"]
    assert clustered.risk_difference.std_error != effect.risk_difference.std_error


def test_learners(frame, effect):
    few = cohort(frame.iloc[:600])
    with pytest.raises(InvalidArgument, match="classifier"):
        estimate(QUESTION, few, AIPW(outcome=HistGradientBoostingClassifier()), horizon=HORIZON)
    with pytest.raises(InvalidArgument, match="firth"):
        estimate(QUESTION, few, AIPW(outcome=Logistic(firth=True)), horizon=HORIZON)
    straight = estimate(QUESTION, few, AIPW(outcome=LinearRegression(), folds=3), horizon=HORIZON)
    assert straight.risk_difference.estimate == pytest.approx(effect.risk_difference.estimate, abs=0.05)


def test_within_levels(patients):
    groups = estimate(QUESTION, patients, AIPW(), horizon=HORIZON, by="open")
    assert len(groups.effects) == 2


def test_discharge_is_what_it_is_said_to_be(frame):
    """In hospital, discharge ends the risk; for 30-day infection it hides it; followed at home, it tells."""
    rng = np.random.default_rng(1)
    home = np.ceil(rng.exponential(12, len(frame)))
    leaves = home < frame.days
    table = frame.assign(days=np.where(leaves, home, frame.days), status=np.where(leaves, 3, frame.status))

    def risk(means, **more):
        left = Discharge(code=3, means=means, **more)
        spec = FollowUp("days", "status", competing={"death": 2}, discharge=left)
        return estimate(QUESTION, cohort(table, spec), IPW(trim=0.001), horizon=20)

    in_hospital, hidden, followed = risk("competing"), risk("censored"), risk("still followed", until=30)
    truth = estimate(QUESTION, cohort(frame), IPW(), horizon=20)
    assert list(in_hospital.beside) == ["death", "discharge", LOST]
    assert "death and discharge not eliminated" in in_hospital.question
    assert in_hospital.functionals["natural"] < 0.6 * truth.functionals["natural"]
    assert hidden.functionals["natural"] == pytest.approx(truth.functionals["natural"], abs=0.06)
    # nobody in this table was infected after discharge, and the follow-up says so
    assert followed.functionals["natural"] < 0.7 * truth.functionals["natural"]
    with pytest.raises(DataError, match="If it is discharge, choose"):
        cohort(table)


def test_the_outcome_may_have_any_name_but_not_another_meaning(frame, patients, effect):
    by_code = Estimand.given(exposure="late", outcome="status", adjustment_set=["frailty", "open"])
    assert estimate(by_code, patients, AIPW(), horizon=HORIZON).outcome == "infection"
    other = cohort(frame.assign(readmitted=np.arange(len(frame)) % 2))
    stranger = Estimand.given(exposure="late", outcome="readmitted", adjustment_set=["frailty"])
    with pytest.raises(RoleConflict, match="a column of its own"):
        estimate(stranger, other, horizon=HORIZON)


@pytest.mark.parametrize("name", ["days", "status"])
def test_the_follow_up_is_not_adjusted_for(patients, name):
    question = Estimand.given(exposure="late", outcome="infection", adjustment_set=["frailty", name])
    with pytest.raises(RoleConflict, match="belongs to the follow-up"):
        estimate(question, patients, horizon=HORIZON)


def test_immortal_time_is_refused(frame):
    tiers = {"before": ["frailty", "open"], "surgery": ["late"], "ward": ["days", "status"]}
    fine = Cohort.from_frame(frame, follow_up=SPEC, tiers=tiers)
    assert estimate(QUESTION, fine, AIPW(), horizon=HORIZON).reported
    started = FollowUp("days", "status", competing={"death": 2}, time_zero="before")
    with pytest.raises(
        ImmortalTime, match=r"exposure 'late' was recorded in 'surgery', after the clock started"
    ):
        estimate(QUESTION, Cohort.from_frame(frame, follow_up=started, tiers=tiers), horizon=HORIZON)
    moved = {"before": ["frailty", "late"], "surgery": ["open"]}
    with pytest.raises(ImmortalTime, match="'open' of the adjustment set"):
        estimate(QUESTION, Cohort.from_frame(frame, follow_up=started, tiers=moved), horizon=HORIZON)
    unknown = FollowUp("days", "status", competing={"death": 2}, time_zero="admission")
    with pytest.raises(InvalidArgument, match="time_zero='admission'"):
        estimate(QUESTION, Cohort.from_frame(frame, follow_up=unknown, tiers=tiers), horizon=HORIZON)


def test_late_entry_is_refused(frame):
    spec = FollowUp("days", "status", competing={"death": 2}, entry="entry")
    late = cohort(frame.assign(entry=frame.days / 2), spec)
    with pytest.raises(ImmortalTime, match="enter after time zero"):
        estimate(QUESTION, late, horizon=HORIZON)


def test_a_horizon_nobody_reaches_is_refused(frame):
    short = frame.assign(status=np.where(frame.days > 20, 0, frame.status), days=np.minimum(frame.days, 20))
    with pytest.raises(DataError, match="followed to the horizon 30"):
        estimate(QUESTION, cohort(short), horizon=HORIZON)
    with pytest.raises(NotEnoughEvents):
        estimate(QUESTION, cohort(frame), horizon=1e-9)


def test_a_horizon_needs_times(frame):
    with pytest.raises(InvalidArgument, match="FollowUp"):
        estimate(QUESTION, Cohort.from_frame(frame.assign(infection=frame.status == 1)), horizon=HORIZON)


def test_heavy_censoring_is_said(frame):
    table = frame.assign(lost=np.random.default_rng(2).exponential(14, len(frame)))
    gone = table.assign(
        status=np.where(table.lost < table.days, 0, table.status), days=table[["lost", "days"]].min(axis=1)
    )
    found = estimate(QUESTION, cohort(gone.drop(columns="lost")), AIPW(), horizon=HORIZON)
    check = next(one for one in found.diagnostics.checks if one.name == "censoring")
    assert check.state.name in ("WARN", "FAIL")
    assert "lost before the horizon" in check.sentence


def test_one_event_only_means_no_competing_effect(frame):
    single = frame.assign(status=(frame.status == 1).astype(int))
    found = estimate(
        QUESTION, cohort(single, FollowUp("days", "status", competing=())), AIPW(), horizon=HORIZON
    )
    assert list(found.beside) == [LOST]
    assert isinstance(found.to_frame(), pd.DataFrame)
    assert found.to_dict()["beside"][LOST]["outcome"] == "time lost to infection"
