"""The shipped cohort, whose truth is known: effects of the model beside it."""

from __future__ import annotations

import pytest

from causalmed.datasets import load_dataset
from causalmed.errors import NotIdentified
from causalmed.graph import Graph
from causalmed.scm import fit_scm

RATINGS = {"asa_3_plus", "mrsa_screened"}


@pytest.fixture(scope="module")
def postop():
    return load_dataset("postop")


@pytest.fixture(scope="module")
def scm(postop):
    return fit_scm(postop.graph, postop.cohort)


def off(scm, postop, exposure: str) -> float:
    """Distance from the truth in standard errors."""
    found = scm.effect(exposure=exposure, draws=4, replicates=40).risk_difference
    return (found.estimate - postop.truth.loc[exposure, "risk_difference"]) / found.std_error


@pytest.mark.parametrize("exposure", ["late_prophylaxis", "hypothermia", "smoking", "statin"])
def test_effects_are_near_the_truth(scm, postop, exposure):
    assert abs(off(scm, postop, exposure)) < 3.5


@pytest.mark.slow
def test_all_effects_are_near_the_truth(scm, postop):
    distances = [off(scm, postop, name) for name in postop.truth.index if name not in RATINGS]
    assert max(map(abs, distances)) < 4
    assert sum(abs(z) > 2 for z in distances) <= 5


@pytest.mark.parametrize("rating", sorted(RATINGS))
def test_ratings_that_share_frailty_with_infection_are_refused(scm, rating):
    with pytest.raises(NotIdentified, match=f"{rating} <-> infection_30d"):
        scm.effect(exposure=rating)


def test_on_causes_alone_the_rating_would_seem_to_cause_infection(postop):
    """The truth is no effect; without the latent cause the model finds about two points."""
    keep = set(postop.graph.nodes) - {"frailty"}
    edges = [(a, b) for a, b in postop.graph.directed if {a, b} <= keep]
    wanted = Graph.of(edges).ancestors("infection_30d")
    naive = Graph.of([(a, b) for a, b in edges if {a, b} <= wanted], outcome="infection_30d")
    found = (
        fit_scm(naive, postop.cohort).effect(exposure="asa_3_plus", draws=4, replicates=40).risk_difference
    )
    assert found.estimate > 0.015
    assert found.low > 0


def test_one_patient_of_the_cohort(scm, postop):
    sick = postop.cohort.where(
        "infection_30d == 1 and late_prophylaxis == 1", reason="infected after late dose"
    )
    found = scm.counterfactual(sick.take([0, 1, 2]), do={"late_prophylaxis": 0}, replicates=20)
    assert (found.high < 1).all()
    assert (found.low < found.high).all()
    assert "it would have happened to between" in " ".join(found.summary().split())
