"""Standard errors of matching: the printed formulas, written out by comparing everybody with everybody."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import Cohort, Estimand, Logistic, Matching, estimate
from causalmed.engine import Local
from causalmed.estimation.covariance import independent
from causalmed.estimation.matching import clusters
from causalmed.estimation.matching.abadie_imbens import covariance_of, spread_of
from causalmed.estimation.matching.estimated_score import added_covariance, derivative
from causalmed.estimation.matching.matched_effect import compare, matched_of
from causalmed.estimation.models import fit_propensity
from causalmed.estimation.problem import pose_problem

DIFFERENCE = np.array([1.0, -1.0, 0.0])
QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])


def posed(population, *, n=400, seed=0, binary=False):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=(2, n))
    a = rng.random(n) < expit(0.7 * u)
    y = 1 + u + 2 * v + a * (1 + 0.5 * u) + rng.normal(size=n)
    frame = pd.DataFrame({"u": u, "v": v, "a": a, "y": y > 1 if binary else y})
    return pose_problem(
        QUESTION, Cohort.from_frame(frame, outcome="y"), contrast=(1, 0), population=population
    )


def fitted(problem):
    return fit_propensity(problem, Logistic(), executor=Local())


def formula_of_2006(score, A, Y, M, J, population):
    """Theorem 7 and section 4 of Abadie and Imbens (2006), without ties."""
    n = len(Y)
    away = np.abs(score[:, None] - score)
    away[np.diag_indices(n)] = np.inf
    other = np.argsort(np.where(A[:, None] != A, away, np.inf), axis=1)[:, :M]
    same = np.argsort(np.where(A[:, None] == A, away, np.inf), axis=1)[:, :J]
    sigma2 = J / (J + 1) * (Y - Y[same].mean(axis=1)) ** 2
    imputed = Y[other].mean(axis=1)
    effect = np.where(A == 1, Y - imputed, imputed - Y)
    asks = np.ones(n) if population == "all" else ((population == "exposed") == A).astype(float)
    K = np.zeros(n)
    np.add.at(K, other.ravel(), np.repeat(asks, M))
    tau = effect @ asks / asks.sum()
    if population == "all":
        noise = ((K / M) ** 2 + (2 * M - 1) / M * (K / M)) @ sigma2
    else:
        noise = (1 - asks) * K * (K - 1) / M**2 @ sigma2
    return tau, np.sqrt(asks @ (effect - tau) ** 2 + noise) / asks.sum()


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
@pytest.mark.parametrize(("M", "J"), [(1, 1), (1, 2), (4, 3)])
@pytest.mark.parametrize("on", ["propensity", "logit"])
def test_the_formula_of_2006(population, M, J, on):
    problem = posed(population)
    propensity = fitted(problem)
    spec = Matching(on=on, neighbours=M, variance_neighbours=J, variance="known")
    found = compare(problem, spec, propensity, executor=Local())
    p = propensity.fit.mean
    score = p if on == "propensity" else np.log(p / (1 - p))
    tau, error = formula_of_2006(score, problem.exposed, problem.outcome, M, J, population)
    assert DIFFERENCE @ found.psi == pytest.approx(tau, rel=1e-9)
    assert np.sqrt(DIFFERENCE @ found.covariance @ DIFFERENCE) == pytest.approx(error, rel=1e-9)


def test_the_correction_of_2016_in_all_patients():
    """c' I^-1 c of theorem 1, with covariances among peers of the same arm, weighted as outcomes are."""
    problem = posed("all")
    propensity = fitted(problem)
    known = compare(problem, Matching(variance="known"), propensity, executor=Local())
    found = compare(problem, Matching(), propensity, executor=Local())
    X, p = propensity.matrix, propensity.fit.mean
    A, Y, n = problem.exposed, problem.outcome, problem.n
    away = np.abs(p[:, None] - p)
    away[np.diag_indices(n)] = np.inf
    peers = np.argsort(np.where(A[:, None] == A, away, np.inf), axis=1)[:, :2]
    local = 2 / 3 * (X - X[peers].mean(axis=1)) * (Y - Y[peers].mean(axis=1))[:, None]
    # p-weighted: (1 - p) Cov(X, Y | 1, p) + p Cov(X, Y | 0, p)
    c = (known.weights * np.where(A == 1, 1 - p, p)) @ local / n
    information = (X * (p * (1 - p))[:, None]).T @ X / n
    expected = DIFFERENCE @ known.covariance @ DIFFERENCE - c @ np.linalg.solve(information, c) / n
    assert DIFFERENCE @ found.covariance @ DIFFERENCE == pytest.approx(expected, rel=1e-9)
    assert np.array_equal(found.psi, known.psi)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
def test_observed_means_do_not_depend_on_the_score(population):
    problem = posed(population)
    propensity = fitted(problem)
    matched, search, _ = matched_of(problem, Matching(), propensity)
    psi, covariance = covariance_of(matched, spread_of(matched), executor=Local())
    C, G = derivative(matched, psi, search, propensity, population)
    added = added_covariance(C, G, propensity)
    assert added[2, 2] == 0
    own = {"all": None, "exposed": 0, "unexposed": 1}[population]
    if own is not None:
        assert not G[own].any()
        inside = problem.outcome[problem.exposed == (population == "exposed")]
        assert covariance[own, own] == pytest.approx(inside.var() / len(inside), rel=1e-9)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
def test_the_terms_of_clusters_agree_with_the_formula(population):
    """For independent patients both estimate the same covariance, of all three means."""
    problem = posed(population, n=20_000, binary=True)
    propensity = fitted(problem)
    found = compare(problem, Matching(), propensity, executor=Local())
    matched, search, design = matched_of(problem, Matching(), propensity)
    _, G = derivative(matched, found.psi, search, propensity, population)
    phi = clusters.terms(matched, found.psi, clusters.score_design(design[:, 1]), G, propensity)
    assert np.allclose(independent(phi), found.covariance, rtol=0.06, atol=0.02 * found.covariance.max())


def test_an_estimated_score_makes_the_effect_more_precise():
    """Simulation: v moves the outcome but not the exposure; balancing it by chance is worth knowing."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(150):
        problem = posed("all", n=500, seed=int(rng.integers(2**31)))
        propensity = fitted(problem)
        pair = []
        for variance in ("estimated", "known"):
            each = compare(problem, Matching(variance=variance), propensity, executor=Local())
            pair.append(np.sqrt(DIFFERENCE @ each.covariance @ DIFFERENCE))
        found.append([DIFFERENCE @ each.psi, *pair])
    value, estimated, known = np.array(found).T
    spread = value.std(ddof=1)
    assert 0.88 < estimated.mean() / spread < 1.12
    assert known.mean() / spread > 1.15


def test_a_patient_alone_in_arm_and_stratum_gets_the_spread_of_the_arm():
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame({"u": rng.normal(size=n), "v": np.arange(n) // 20, "a": rng.random(n) < 0.5})
    frame.loc[frame.v == 2, "a"] = False
    frame.loc[45, "a"] = True
    frame["y"] = rng.normal(size=n)
    cohort = Cohort.from_frame(frame, outcome="y", kinds={"v": "categorical"})
    for on in ("propensity", "covariates"):
        effect = estimate(QUESTION, cohort, Matching(on=on, exact=["v"]))
        assert 0.1 < effect.difference.std_error < 1
