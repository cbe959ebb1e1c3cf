"""The headline: the twelve causes and none of the others; a specificity that travels to other hospitals."""

from __future__ import annotations

import numpy as np
import pytest

import causalmed as cm

DECOYS = ("asa_3_plus", "insurance", "transfusion")
"""Candidates whose crude association is large and whose effect is none."""


@pytest.fixture(scope="module")
def postop():
    return cm.load_dataset("postop")


@pytest.fixture(scope="module")
def risks(postop):
    return cm.screen_risks(postop.graph, postop.cohort, outcome="infection_30d", seed=1, n_jobs=2)


@pytest.fixture(scope="module")
def specificities(postop):
    """Specificity by hospital of the stable model, and of the same learner given every pre-outcome column."""
    cohort = postop.development
    before = [
        name
        for tier in list(cohort.tiers)[: list(cohort.tiers).index(cohort.tier_of("infection_30d"))]
        for name in cohort.tiers[tier]
        if name not in ("hospital", "age_group")
    ]
    stable = cm.fit_risk_model(cohort, graph=postop.graph, specificity=0.93, seed=1)
    tempted = cm.fit_risk_model(
        cohort, graph=postop.graph, features=before, specificity=0.93, allow_unstable=True, seed=1
    )
    found = {}
    for hospital in postop.held_apart:
        patients = postop.cohort.where(f"hospital == '{hospital}'", reason=f"hospital {hospital}")
        found[hospital] = tuple(
            model.performance(patients, seed=1).specificity for model in (stable, tempted)
        )
    return found


def test_the_twelve_causes_and_none_of_the_others(postop, risks):
    truth = set(postop.truth.index[postop.truth["cause"]])
    assert len(truth) == 12
    assert set(risks.identified) == truth


@pytest.mark.parametrize("decoy", DECOYS)
def test_decoys_are_not_taken_for_causes(postop, risks, decoy):
    row = risks.candidate(decoy)
    assert row.verdict in ("not identifiable", "cannot tell", "no material effect")
    exposed = postop.cohort.values(decoy) == 1
    outcome = postop.cohort.values("infection_30d")
    assert outcome[exposed].mean() / outcome[~exposed].mean() > 1.35
    assert row.crude == pytest.approx(outcome[exposed].mean() - outcome[~exposed].mean(), abs=1e-12)


def test_simultaneous_intervals_hold_the_truth(postop, risks):
    truth = postop.truth["risk_difference"]
    estimated = [row for row in risks.candidates if row.risk_difference is not None]
    assert len(estimated) >= 24
    assert all(truth[row.name] in row.risk_difference for row in estimated)


def test_the_guaranteed_specificity_travels_where_that_of_every_column_falls(specificities):
    assert len(specificities) == 3
    for stable, tempted in specificities.values():
        assert stable.high >= 0.93
        assert stable.estimate > tempted.estimate
    together = np.mean([stable.estimate for stable, _ in specificities.values()])
    assert together >= 0.93
