"""Infection of dialysis catheters (tables not shipped).

The gamma frailty model of the McGilchrist and Aisbett data ([-1.587, 0.0052], variance 0.412) is not
computed: no maintained Python library fits one, and a frailty ratio is conditional on what nobody measured.
Patients with several catheters are a cluster here.
"""

from __future__ import annotations

import pytest
from statsmodels.duration.survfunc import survdiff

from causalmed import Cohort, Estimand, FollowUp, estimate


def test_logrank(table, printed):
    case, frame = printed("kidney_cath_logrank"), table("kidney_kmsurv.csv")
    assert survdiff(frame.time, frame.delta, frame.type)[0] == pytest.approx(case["value"], abs=case["tol"])


def test_catheters_as_a_risk(table):
    """The curves cross: percutaneous catheters have more early infections and fewer late ones."""
    frame = table("kidney_kmsurv.csv").assign(percutaneous=lambda rows: rows.type == 2)
    cohort = Cohort.from_frame(frame.drop(columns="type"), follow_up=FollowUp("time", "delta", competing=()))
    question = Estimand.given(exposure="percutaneous", outcome="infection")
    early, late = (estimate(question, cohort, horizon=months) for months in (3, 20))
    assert early.risk_difference.estimate > 0 > late.risk_difference.estimate


def test_patients_with_two_catheters_are_clusters(table):
    frame = table("kidney_mcgilchrist.csv").assign(female=lambda rows: rows.sex == 2)
    cohort = Cohort.from_frame(
        frame.drop(columns=["sex", "frail"]), cluster="id", follow_up=FollowUp("time", "status", competing=())
    )
    question = Estimand.given(exposure="female", outcome="infection", adjustment_set=["age"])
    effect = estimate(question, cohort, horizon=60)
    assert effect.clusters == frame.id.nunique()
    assert effect.risk_difference.high < 0.05
