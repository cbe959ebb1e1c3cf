"""COMPAS, Berkeley and right heart catheterisation, audited and decomposed end to end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.fairness import DisparityAIPW, Evidence, audit, decompose_disparity
from causalmed.graph import Graph
from causalmed.prediction import fit_risk_model
from causalmed.regression import Logistic

PARTS = ("direct", "indirect", "spurious")


def adds_up(found, of="outcome"):
    parts = [found.part(name, of=of).interval.estimate for name in PARTS]
    return found.part("total", of=of).interval.estimate == pytest.approx(sum(parts), abs=1e-12)


def test_berkeley_is_a_gap_through_departments(table, printed):
    """The gap in all is 14 in 100; the direct part is the printed gap at women's mix of departments."""
    case = printed("berkeley")
    counts = table("berkeley.csv")
    frame = counts.loc[counts.index.repeat(counts["Freq"]), ["Admit", "Gender", "Dept"]].reset_index(
        drop=True
    )
    frame["admitted"] = (frame.pop("Admit") == "Admitted").astype(int)
    cohort = Cohort.from_frame(frame, outcome="admitted", protected="Gender")
    graph = Graph.parse("dag { Gender -> Dept -> admitted; Gender -> admitted }")
    saturated = DisparityAIPW(propensity=Logistic(formula="Dept"), regression=Logistic(formula="Dept"))
    found = decompose_disparity(cohort, graph=graph, reference="Female", estimator=saturated)
    men, women, _, female_mix, _ = case["value"]
    assert found.part("total").interval.estimate == pytest.approx(men - women, abs=case["tol"])
    assert found.part("direct").interval.estimate == pytest.approx(female_mix, abs=1e-3)
    assert found.part("indirect").interval.low > 0.1
    assert adds_up(found)


def test_compas_gap_of_score_and_of_outcome(table):
    frame = table("compas_two_years_noid.csv")
    frame = frame[frame["race"].isin(["African-American", "Caucasian"])].reset_index(drop=True)
    data = frame[["age", "sex", "race", "priors_count", "c_charge_degree", "juv_fel_count"]].assign(
        high=(frame["score_text"] != "Low").astype(float), again=frame["two_year_recid"]
    )
    cohort = Cohort.from_frame(data, outcome="again", protected="race")
    graph = Graph.parse(
        """dag { {age sex} -> {race priors_count c_charge_degree juv_fel_count again high}
        race -> {priors_count c_charge_degree juv_fel_count again high}
        juv_fel_count -> priors_count -> c_charge_degree
        {priors_count c_charge_degree juv_fel_count} -> {again high} }"""
    )
    found = decompose_disparity(cohort, graph=graph, reference="Caucasian", model="high")
    gap = data.groupby("race")["high"].mean()
    total = found.part("total", of="prediction").interval
    assert total.estimate == pytest.approx(gap["African-American"] - gap["Caucasian"], abs=1e-12)
    assert adds_up(found)
    assert adds_up(found, of="prediction")
    assert found.part("indirect", of="prediction").interval.low > 0
    assert found.part("direct", of="prediction").interval.low > 0
    judged = audit("high", cohort, threshold=0.5)
    shown = {one.measure for one in judged.comparisons if one.state is Evidence.SHOWN}
    assert {"missed", "false_alarms"} <= shown


def test_right_heart_catheterisation_model_by_race(table):
    """A model fitted on half of the patients, audited and decomposed on the other half."""
    frame = table("rhc.csv")
    columns = ["age", "sex", "edu", "race", "carcinoma", "rhc", "death_d30"]
    data = frame[columns].assign(id=[f"p{at}" for at in frame["patient"]]).dropna()
    half = np.random.default_rng(1).random(len(data)) < 0.5
    roles = {"outcome": "death_d30", "unit": "id", "protected": "race"}
    train, test = (Cohort.from_frame(data[rows], **roles) for rows in (half, ~half))
    model = fit_risk_model(train, features=["age", "sex", "edu", "carcinoma"], specificity=0.8)
    graph = Graph.parse(
        """dag { {age sex} -> {carcinoma rhc death_d30 edu}; race -> {edu carcinoma rhc death_d30}
        edu -> {carcinoma rhc death_d30}; carcinoma -> {rhc death_d30}; rhc -> death_d30 }"""
    )
    judged = audit(model, test)
    assert {row.group for row in judged.groups} == set(data["race"])
    assert all(row.missed_pooled is not None for row in judged.groups)
    found = decompose_disparity(test, graph=graph, model=model)
    assert set(found.groups) == set(data["race"]) - {"White"}
    assert all(one.interval is not None for one in found.parts if one.part in PARTS)
    assert found.part("direct", of="prediction").interval.estimate == pytest.approx(0.0, abs=1e-12)
    assert adds_up(found)
    pd.testing.assert_frame_equal(
        found.to_frame(), decompose_disparity(test, graph=graph, model=model, n_jobs=2).to_frame()
    )
