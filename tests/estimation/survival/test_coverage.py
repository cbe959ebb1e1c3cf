"""Bias and coverage where censoring and death depend on exposure and covariates, against a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, GComputation, estimate
from tests.estimation.survival.designs import HORIZON, QUESTION, Design, cohort, draw, truth

ROBUST = (TMLE(), AIPW())
EVERY = (TMLE(), AIPW(), IPW(), GComputation())


def studies(design, spec, draws):
    """Estimates and whether the interval holds the truth: infection, death, time lost; shape (draws, 3)."""
    estimates, covered = [], []
    for seed in range(draws):
        patients = cohort(draw(design, seed), clustered=design.hospitals > 0)
        effect = estimate(QUESTION, patients, spec, horizon=HORIZON)
        each = [effect.difference, *(other.difference for other in effect.beside.values())]
        estimates.append([one.estimate for one in each])
        covered.append([value in one for one, value in zip(each, truth(design), strict=True)])
    return np.array(estimates), np.array(covered)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_default_covers_the_truth():
    """50 studies: 95 % of the intervals hold it, up to four errors of such a count."""
    design = Design(n=500)
    estimates, covered = studies(design, None, 50)
    error = estimates.std(axis=0) / np.sqrt(50)
    assert (np.abs(estimates.mean(axis=0) - truth(design)) < 3.5 * error).all()
    assert (covered.mean(axis=0) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 50)).all()


@pytest.mark.slow
@pytest.mark.parametrize("spec", EVERY, ids=repr)
@pytest.mark.parametrize("design", [Design(), Design(daily=True)], ids=["continuous", "daily"])
def test_coverage(design, spec):
    estimates, covered = studies(design, spec, 500)
    error = estimates.std(axis=0) / np.sqrt(500)
    assert (np.abs(estimates.mean(axis=0) - truth(design)) < 3.5 * error + 0.03 * estimates.std(axis=0)).all()
    assert ((covered.mean(axis=0) >= 0.925) & (covered.mean(axis=0) <= 0.975)).all(), covered.mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("spec", ROBUST, ids=repr)
@pytest.mark.parametrize("wrong", ["censoring", "events"])
def test_one_wrong_model_is_forgiven(wrong, spec):
    design = Design(wrong=wrong)
    estimates, covered = studies(design, spec, 300)
    assert (np.abs(estimates.mean(axis=0) - truth(design)) < 0.2 * estimates.std(axis=0)).all()
    assert (covered.mean(axis=0) >= 0.92).all(), covered.mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("hospitals", [20, 60])
def test_hospitals(hospitals):
    design = Design(hospitals=hospitals)
    _, covered = studies(design, TMLE(), 300)
    assert ((covered.mean(axis=0) >= 0.92) & (covered.mean(axis=0) <= 0.98)).all(), covered.mean(axis=0)
