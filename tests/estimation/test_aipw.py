"""The efficient score and its model-based covariance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from causalmed.estimation import aipw
from causalmed.estimation.targets import Working


def known(n=400_000, seed=14, population="all"):
    """Patients with the true nuisances."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=n)
    e = expit(0.7 * u - 0.5)
    m1, m0 = expit(-1.2 + 0.8 * u), expit(-2 + 0.6 * u)
    A = (rng.random(n) < e).astype(float)
    Y = (rng.random(n) < np.where(A == 1, m1, m0)).astype(float)
    return Working(population=population, exposed=A, outcome=Y, m1=m1, m0=m0, e=e)


def test_the_model_covariance_is_that_of_the_influence():
    working = known()
    psi = aipw.values(working)
    phi = aipw.influence(working, psi)
    empirical = phi.T @ phi / len(phi)
    assert np.allclose(aipw.model_covariance(working, psi), empirical, rtol=0.03, atol=2e-3)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed", "overlap"])
def test_with_the_true_nuisances_it_finds_the_truth(population):
    working = known(population=population)
    e, tau = working.score, working.regression(1) - working.regression(0)
    tilt = {"all": np.ones_like(e), "exposed": e, "unexposed": 1 - e, "overlap": e * (1 - e)}[population]
    truth = tilt @ tau / tilt.sum()
    psi = aipw.values(working)
    phi = aipw.influence(working, psi)
    error = np.sqrt(np.mean((phi[:, 0] - phi[:, 1]) ** 2) / len(phi))
    assert abs(psi[0] - psi[1] - truth) < 4 * error
    assert abs(phi.mean(axis=0)).max() < 1e-10


def test_small_errors_of_the_propensity_do_not_matter_to_first_order():
    working = known(population="overlap")
    base = aipw.values(working)
    wrong = {}
    for size in (0.02, 0.04):
        bent = expit(np.log(working.score / (1 - working.score)) + size)
        moved = Working(
            population="overlap",
            exposed=working.exposed,
            outcome=working.outcome,
            m1=working.m1,
            m0=working.m0,
            e=bent,
        )
        wrong[size] = np.abs(aipw.values(moved)[:2] - base[:2]).max()
    # with true outcome regressions even a large error of e moves little
    assert wrong[0.04] < 1e-3
