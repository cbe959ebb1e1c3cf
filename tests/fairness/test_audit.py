"""The audit as a whole: counts by hand, the states, what is hidden, what is never said."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument, NotEnoughEvents
from causalmed.fairness import Evidence, Tolerance, audit
from causalmed.graph import Graph
from causalmed.prediction import RiskModel, fit_risk_model, proportion
from causalmed.results import State


def make(n=6000, seed=1, *, gap=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(-2.6, 1.0, n)
    sex = rng.choice(["F", "M"], n, p=[0.45, 0.55])
    risk = 1 / (1 + np.exp(-x))
    infection = (rng.random(n) < 1 / (1 + np.exp(-(x + gap * (sex == "F"))))).astype(int)
    insurance = rng.choice(["public", "private", "none"], n, p=[0.6, 0.38, 0.02])
    return pd.DataFrame({"risk": risk, "infection": infection, "sex": sex, "insurance": insurance})


def cohort_of(frame, **roles):
    return Cohort.from_frame(frame, outcome="infection", protected=["sex", "insurance"], **roles)


@pytest.fixture(scope="module")
def cohort():
    return cohort_of(make())


@pytest.fixture(scope="module")
def found(cohort):
    return audit("risk", cohort, threshold=0.15)


def test_every_number_of_a_group_by_hand(found, cohort):
    frame = cohort.to_frame()
    for row in found.groups:
        part = frame[frame[row.attribute] == row.group]
        alert, event = part["risk"] >= 0.15, part["infection"] == 1
        assert (row.n, row.events) == (len(part), int(event.sum()))
        assert row.sensitivity == proportion(int((alert & event).sum()), int(event.sum()))
        assert row.missed.estimate == pytest.approx(1 - row.sensitivity.estimate)
        assert row.false_alarms == proportion(int((alert & ~event).sum()), int((~event).sum()))
        assert row.alerts.estimate == pytest.approx(alert.mean())
        assert row.calibration.estimate == pytest.approx(event.mean() - part["risk"].mean())
        assert row.brier.estimate == pytest.approx(((part["risk"] - part["infection"]) ** 2).mean())


def test_the_family_is_three_measures_for_every_other_group(found):
    assert len(found.comparisons) == 3 * (1 + 2)
    assert {one.reference for one in found.comparisons} == {"M", "public"}


def test_a_true_gap_in_calibration_is_shown_and_told():
    unfair = audit("risk", cohort_of(make(gap=0.8)), threshold=0.15)
    shown = [one for one in unfair.comparisons if one.state is Evidence.SHOWN]
    assert ("sex", "calibration") in {(one.attribute, one.measure) for one in shown}
    assert "outcomes per 100 beyond the predicted than M" in unfair.headline


def test_it_never_says_fair(found):
    said = json.dumps(
        [found.to_dict()["headline"], found.summary(), found.picture().title, found.picture().alt]
    )
    assert not re.search(r"\b(un)?fair", said, re.IGNORECASE)
    assert "No tolerance was set by a person" in found.headline


def test_a_tolerance_needs_its_author(cohort):
    with pytest.raises(InvalidArgument, match="a number without its author"):
        audit("risk", cohort, threshold=0.15, tolerance=0.05)
    with pytest.raises(InvalidArgument, match="stated_by"):
        audit("risk", cohort, threshold=0.15, tolerance={"value": 0.05, "stated_by": " ", "reason": "x"})
    wide = Tolerance(value=0.4, stated_by="B. Member", reason="for the test")
    calm = audit("risk", cohort, threshold=0.15, tolerance=wide)
    assert calm.counted(Evidence.IMMATERIAL) > 4
    assert "stated by B. Member" in calm.headline


def test_a_model_its_column_and_its_wrapped_function_agree(cohort, found):
    model = RiskModel.wrap(lambda rows: rows["risk"], features=["risk"], threshold=0.15)
    assert audit(model, cohort).to_frame().equals(found.to_frame())


def test_without_a_threshold_only_calibration_is_measured(cohort):
    bare = audit("risk", cohort)
    states = {(one.measure, one.state) for one in bare.comparisons}
    assert ("missed", Evidence.NOT_MEASURED) in states
    assert all(measure == "calibration" or state is Evidence.NOT_MEASURED for measure, state in states)
    assert bare.diagnostics.check("threshold").state is State.WARN


def test_a_group_without_events_is_not_measured_and_stays_in_the_table():
    frame = make()
    frame.loc[frame["insurance"] == "none", "infection"] = 0
    found = audit("risk", cohort_of(frame), threshold=0.15)
    row = next(one for one in found.groups if one.group == "none")
    assert row.events == 0
    assert row.sensitivity is None
    state = {one.measure: one.state for one in found.comparisons if one.group == "none"}
    assert state["missed"] is Evidence.NOT_MEASURED
    assert state["false_alarms"] is not Evidence.NOT_MEASURED


def test_small_cells_are_flagged_and_so_is_the_one_that_would_give_them_away():
    frame = make()
    frame.loc[frame.index[:5], "insurance"] = "military"
    found = audit("risk", cohort_of(frame), threshold=0.15)
    hidden = {one.group for one in found.groups if one.attribute == "insurance" and one.suppressed}
    sizes = frame.groupby("insurance")["infection"].agg(["size", "sum"])
    small = {name for name, row in sizes.iterrows() if 0 < row["sum"] < 11 or row["size"] < 11}
    assert small <= hidden
    assert len(hidden) >= 2
    picture = found.picture()
    for row in picture.rows:
        if row.label in hidden and row.attribute == "insurance":
            assert row.interval is None
            assert row.n is None


def test_patients_left_out_are_tabulated():
    frame = make(800)
    frame["bmi"] = np.where(np.arange(800) < 37, np.nan, 27.0)
    found = audit("risk", cohort_of(frame, missing="complete"), threshold=0.15)
    assert sum(one.patients for one in found.excluded) == 37
    assert "Not audited: 37 patients" in found.summary()


def test_the_graph_is_told_in_words(cohort):
    graph = Graph.parse("dag { insurance -> late -> infection; sex -> infection; infection [outcome] }")
    notes = {one.attribute: one for one in audit("risk", cohort, threshold=0.15, graph=graph).paths}
    assert notes["sex"].direct
    assert notes["insurance"].causal == ("insurance", "->", "late", "->", "infection")


def test_crossings_are_exploratory_and_corrected_apart(cohort, found):
    crossed = audit("risk", cohort, threshold=0.15, pairs=[("sex", "insurance")])
    assert crossed.confirmatory == found.confirmatory
    assert {one.attribute for one in crossed.exploratory} == {"sex × insurance"}
    with pytest.raises(InvalidArgument, match="two of the protected"):
        audit("risk", cohort, threshold=0.15, pairs=[("sex", "age")])


def test_clusters_widen_what_differs_between_them():
    frame = make(4000, seed=2)
    rng = np.random.default_rng(0)
    hospital = rng.integers(20, size=4000)
    frame["risk"] = np.clip(frame["risk"] * np.exp(rng.normal(0, 0.7, 20))[hospital], 0.001, 0.99)
    frame["hospital"] = hospital
    alone = audit("risk", cohort_of(frame.drop(columns="hospital")), threshold=0.15)
    together = audit(
        "risk", cohort_of(frame, cluster="hospital", kinds={"hospital": "categorical"}), threshold=0.15
    )
    one, other = alone.groups[0].false_alarms, together.groups[0].false_alarms
    assert one.estimate == other.estimate
    assert other.high - other.low > 1.5 * (one.high - one.low)
    assert together.clusters == 20


def test_training_patients_are_recognised(cohort):
    model = fit_risk_model(cohort, features=["risk"], specificity=0.9)
    assert "fitted on" in audit(model, cohort).diagnostics.check("patients seen before").sentence


def test_order_of_rows_changes_nothing(found):
    shuffled = make().sample(frac=1.0, random_state=3)
    again = audit("risk", cohort_of(shuffled), threshold=0.15).to_frame()
    numbers = [name for name in again.columns if again[name].dtype.kind == "f"]
    np.testing.assert_allclose(again[numbers], found.to_frame()[numbers], rtol=1e-9)


def test_frames_dict_and_summary_are_complete(found):
    assert len(found.to_frame()) == len(found.comparisons)
    assert len(found.groups_frame()) == len(found.groups)
    json.dumps(found.to_dict(), allow_nan=False)
    assert max(map(len, found.summary().splitlines())) <= 80
    assert "<table" in found._repr_html_()
    with pytest.raises(InvalidArgument, match="accuracy"):
        found.picture("accuracy")


def test_html_in_a_group_name_is_escaped():
    frame = make(1000)
    frame["insurance"] = frame["insurance"].replace("none", "<script>alert(1)</script>")
    assert "<script>" not in audit("risk", cohort_of(frame), threshold=0.15)._repr_html_()


def test_bad_input_is_refused_in_words(cohort):
    with pytest.raises(InvalidArgument, match=r"RiskModel\.wrap"):
        audit(object(), cohort)
    with pytest.raises(CausalmedError, match="'risks'"):
        audit("risks", cohort)
    with pytest.raises(CausalmedError, match="a risk is a probability"):
        audit("z", cohort_of(make().assign(z=lambda f: f["risk"] * 9)))
    with pytest.raises(NotEnoughEvents, match="0 of"):
        audit("risk", cohort_of(make().assign(infection=0), kinds={"infection": "binary"}))
    with pytest.raises(InvalidArgument, match="alpha"):
        audit("risk", cohort, alpha=5)
    with pytest.raises(InvalidArgument, match="threshold"):
        audit("risk", cohort, threshold=float("nan"))


def test_compas_rates_as_published(printed, table):
    case = printed("compas_rates")
    frame = table("compas_two_years_noid.csv")
    data = pd.DataFrame(
        {
            "risk": (frame["score_text"] != "Low").astype(float),
            "infection": frame["two_year_recid"],
            "race": frame["race"],
        }
    )
    found = audit("risk", Cohort.from_frame(data, outcome="infection", protected="race"), threshold=0.5)
    rows = {one.group: one for one in found.groups}
    for group, (fpr, fnr, ppv) in zip(("African-American", "Caucasian"), case["value"], strict=True):
        assert 100 * rows[group].false_alarms.estimate == pytest.approx(fpr, abs=case["tol"])
        assert 100 * rows[group].missed.estimate == pytest.approx(fnr, abs=case["tol"])
        assert 100 * rows[group].predictive_value.estimate == pytest.approx(ppv, abs=case["tol"])
    shown = {(one.group, one.measure) for one in found.comparisons if one.state is Evidence.SHOWN}
    assert {("Caucasian", "missed"), ("Caucasian", "false_alarms")} <= shown


def test_inputs_are_not_changed():
    frame = make(500)
    before = frame.copy(deep=True)
    audit("risk", cohort_of(frame), threshold=0.15)
    pd.testing.assert_frame_equal(frame, before)


def test_patients_without_a_recorded_attribute_are_a_group_of_their_own():
    frame = make(3000)
    frame.loc[:399, "sex"] = None
    found = audit("risk", cohort_of(frame, missing="impute"), protected="sex", threshold=0.15)
    rows = {one.group: one for one in found.groups}
    assert rows["not recorded"].n == 400
    assert not rows["not recorded"].reference
    assert "not recorded" in {one.group for one in found.confirmatory}
    assert sum(one.n for one in found.groups) == 3000
    dropped = audit("risk", cohort_of(frame, missing="complete"), protected="sex", threshold=0.15)
    assert "sex 400" in dropped.excluded[0].reason


def test_any_classifier_is_audited_as_it_comes():
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(5)
    frame = make(1500).drop(columns="risk").assign(age=rng.normal(60, 10, 1500), dose=rng.normal(size=1500))
    cohort = Cohort.from_frame(frame, outcome="infection", protected="sex")
    X = frame[["age", "dose"]]
    linear = LogisticRegression().fit(X, frame["infection"])
    trees = LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, frame["infection"])
    for model in (linear, trees, lambda f: 1 / (1 + np.exp(-(f["age"] - 80) / 5))):
        found = audit(model, cohort, threshold=0.1)
        assert len(found.groups) == 2
    wrapped = audit(RiskModel.wrap(linear, features=["age", "dose"]), cohort, threshold=0.1)
    assert audit(linear, cohort, threshold=0.1).groups == wrapped.groups


def test_pooled_estimates_stand_beside_the_raw_ones(found):
    for row in found.groups:
        for measure in ("missed", "false_alarms", "calibration"):
            raw, pooled = getattr(row, measure), getattr(row, f"{measure}_pooled")
            assert (raw is None) == (pooled is None)
    small = min(found.groups, key=lambda row: row.n)
    mean = np.mean([row.missed.estimate for row in found.groups if row is not small])
    assert abs(small.missed_pooled.estimate - mean) < abs(small.missed.estimate - mean)


def test_with_a_graph_the_gap_is_split_and_small_groups_stay_hidden():
    rng = np.random.default_rng(6)
    frame = make(3000).assign(glucose=rng.normal(size=3000))
    frame.loc[:7, "insurance"] = "other"
    graph = Graph.parse("dag { sex -> glucose -> infection; sex -> infection; insurance -> infection }")
    found = audit("risk", cohort_of(frame), graph=graph, threshold=0.15)
    assert [one.attribute for one in found.disparities] == ["sex", "insurance"]
    assert found.disparities[0].part("indirect").interval is not None
    hidden = {one.group for one in found.groups if one.suppressed}
    assert hidden
    written = json.dumps(found.to_dict()["disparities"])
    assert not any(f'"group": "{group}"' in written for group in hidden)
    assert audit("risk", cohort_of(frame), threshold=0.15).disparities == ()
