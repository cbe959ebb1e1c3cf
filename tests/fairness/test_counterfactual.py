"""Predicted risk had the patient been of another group, and what getting below the threshold takes."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.fairness import counterfactual_fairness, recourse_gap
from causalmed.graph import Graph
from causalmed.prediction import RiskModel
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel

GRAPH = Graph.parse("dag { sex -> {glucose smoker}; {glucose smoker} -> ssi; ssi [outcome] }")
SCM = StructuralCausalModel.of(
    GRAPH,
    {
        "sex": LogisticBinary(predictor=Predictor.of(0.0)),
        "glucose": LinearGaussian(predictor=Predictor.of(7.0, {"sex": 0.8}), sd=1.0),
        "smoker": LogisticBinary(predictor=Predictor.of(-1.0, {"sex": 1.2})),
        "ssi": LogisticBinary(predictor=Predictor.of(-4.0, {"glucose": 0.2, "smoker": 1.0})),
    },
)


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(SCM.sample(800, seed=2), outcome="ssi")


def expit(value):
    return 1 / (1 + np.exp(-value))


def test_a_column_of_numbers_moves_by_its_coefficient(cohort):
    """Glucose would be 0.8 lower: the gap of a linear risk is known without noise, under every coupling."""
    model = RiskModel.wrap(lambda f: np.clip(0.05 * f["glucose"] - 0.1, 0, 1), features=["glucose"])
    found = counterfactual_fairness(model, cohort, scm=SCM, protected="sex", reference="0", draws=20)
    for one in found.gaps:
        sign = 1 if one.group == "1" else -1
        assert one.mean.estimate == pytest.approx(sign * 0.04, abs=1e-9)
        assert one.size.estimate == pytest.approx(0.04, abs=1e-9)


def test_couplings_give_a_range_around_the_closed_forms(cohort):
    """With a yes/no column the monotone gap is its smallest and the independent one its largest."""
    model = RiskModel.wrap(lambda f: 0.1 + 0.4 * f["smoker"], features=["smoker"])
    found = counterfactual_fairness(model, cohort, scm=SCM, protected="sex", reference="0", draws=400)
    women = {one.coupling: one for one in found.gaps if one.group == "1"}
    p1, p0 = expit(0.2), expit(-1.0)
    share = cohort.values("smoker")[cohort.values("sex") == 1].mean()
    monotone = 0.4 * share * (1 - p0 / p1)  # smokers who would not have smoked
    independent = 0.4 * (share * (1 - p0) + (1 - share) * p0)
    assert women["monotone"].size.estimate == pytest.approx(monotone, abs=0.01)
    assert women["independent"].size.estimate == pytest.approx(independent, abs=0.01)
    low, high = found.coupling_range("1")
    assert low == pytest.approx(monotone, abs=0.01)
    assert high == women["independent"].size.estimate
    assert monotone in women["monotone"].size


def test_a_model_blind_to_all_that_follows_has_no_gap(cohort):
    model = RiskModel.wrap(lambda f: 0.1 + 0 * f["smoker"], features=["smoker"])
    tolerance = {"value": 0.01, "stated_by": "B. Member", "reason": "rounding"}
    found = counterfactual_fairness(
        model, cohort, scm=SCM, protected="sex", draws=10, tolerance=tolerance, couplings=["monotone"]
    )
    assert all(one.size.estimate == 0 and one.beyond == 0 for one in found.gaps)
    assert "in 100 patients like these" in found.summary()
    assert len(found.to_frame()) == 2


def test_recourse_costs_differ_where_one_group_has_further_to_go(cohort):
    """Stopping smoking brings men below the threshold, women not: the direct arrow keeps them above."""
    model = RiskModel.wrap(
        lambda f: 0.05 + 0.2 * f["smoker"] + 0.2 * f["sex"], features=["smoker", "sex"], threshold=0.2
    )
    found = recourse_gap(model, cohort, scm=SCM, protected="sex", actionable=["smoker"], most=5)
    costs = {one.group: one for one in found.groups}
    assert costs["0"].reached.estimate == 1.0
    assert costs["1"].reached.estimate == 0.0
    other = next(one for one in found.groups if one.group != found.reference)
    assert abs(other.reached_gap.estimate) == 1.0
    assert len(found.to_frame()) == 2
    assert "could be considered" in found.summary()


def test_bad_input_is_refused_in_words(cohort):
    model = RiskModel.wrap(lambda f: 0.1 + 0 * f["smoker"], features=["smoker"])
    with pytest.raises(InvalidArgument, match="levels"):
        counterfactual_fairness(model, cohort, scm=SCM, protected="glucose")
    with pytest.raises(InvalidArgument, match="couplings"):
        counterfactual_fairness(model, cohort, scm=SCM, protected="sex", couplings=["luck"])
    with pytest.raises(InvalidArgument, match="reference"):
        counterfactual_fairness(model, cohort, scm=SCM, protected="sex", reference="F")
    with pytest.raises(InvalidArgument, match="threshold"):
        recourse_gap(model, cohort, scm=SCM, protected="sex", actionable=["smoker"])
