"""Replicates against brute force: the same weights, every model fitted to the end by other means."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate
from causalmed.engine import Local
from causalmed.estimation import IPWRA, Bootstrap
from causalmed.estimation.bootstrap.answering import answer_with_draws
from causalmed.estimation.bootstrap.exact import refit
from causalmed.estimation.bootstrap.replicating import replicate
from causalmed.estimation.bootstrap.weights import row_keys, weights_of
from causalmed.estimation.problem import pose_problem
from causalmed.estimation.solving import fit_nuisances, solve
from tests.estimation.bootstrap.wards import ADJUSTED, question, ward

SPECS = (
    GComputation(),
    GComputation(outcome=Logistic(formula="a * u + v + w")),
    IPW(),
    IPW(stabilised=False),
    IPW(trim=0.2),
    IPWRA(),
    IPWRA(by_arm=True),
    AIPW(),
    AIPW(by_arm=True),
    TMLE(),
    TMLE(by_arm=True, trim=0.2),
    TMLE(outcome=Linear()),
)


def posed(frame, spec, *, outcome="y", population="all", cluster=None):
    cohort = Cohort.from_frame(frame, unit="id", cluster=cluster)
    problem = pose_problem(question(outcome), cohort, contrast=(1, 0), population=population)
    nuisances = fit_nuisances(problem, spec, seed=0, executor=Local())
    return problem, nuisances, solve(problem, spec, nuisances)


@pytest.fixture(scope="module")
def frame():
    return ward()


@pytest.mark.parametrize("outcome", ["y", "z"])
@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_chords_arrive_where_exact_refits_do(frame, spec, population, outcome):
    if outcome == "z" and isinstance(getattr(spec, "outcome", None), Logistic):
        return
    problem, nuisances, solution = posed(frame, spec, outcome=outcome, population=population)
    draws = replicate(problem, spec, nuisances, solution, replicates=128, seed=3, executor=Local())
    assert draws.refitted == 0
    keys = row_keys(problem, 3)
    exact = np.array([refit(problem, spec, nuisances, weights_of(keys, r)) for r in range(6)])
    assert np.abs((draws.values[:6] - exact) / draws.values.std(axis=0)).max() < 2e-3


def test_an_exact_refit_is_that_of_statsmodels(frame):
    """AIPW by hand from two weighted statsmodels regressions."""
    spec = AIPW()
    problem, nuisances, solution = posed(frame, spec)
    draws = replicate(problem, spec, nuisances, solution, replicates=64, seed=3, executor=Local())
    L, a, y = sm.add_constant(frame[ADJUSTED].astype(float)), frame["a"], frame["y"]
    for r in (0, 1, 63):
        w = weights_of(row_keys(problem, 3), r)
        binomial = sm.families.Binomial()
        with np.errstate(all="ignore"):
            e = sm.GLM(a, L, family=binomial, var_weights=w).fit(tol=1e-12).fittedvalues
            model = sm.GLM(y, L.assign(a=a), family=binomial, var_weights=w).fit(tol=1e-12)
        m1, m0 = (model.predict(L.assign(a=value)) for value in (1.0, 0.0))
        by_hand = [
            np.average(m1 + a / e * (y - m1), weights=w),
            np.average(m0 + (1 - a) / (1 - e) * (y - m0), weights=w),
            np.average(y, weights=w),
        ]
        assert refit(problem, spec, nuisances, w) == pytest.approx(by_hand, rel=1e-9)
        assert np.abs((draws.values[r] - by_hand) / draws.values.std(axis=0)).max() < 1e-3


def test_a_mean_of_nothing_but_an_intercept_is_a_weighted_mean(frame):
    """Without covariates every estimator is the weighted mean of an arm."""
    cohort = Cohort.from_frame(frame, unit="id")
    asked = Estimand.given(exposure="a", outcome="y", adjustment_set=[])
    problem = pose_problem(asked, cohort, contrast=(1, 0), population="all")
    for spec in (GComputation(), IPW(), AIPW(), TMLE()):
        nuisances = fit_nuisances(problem, spec, seed=0, executor=Local())
        solution = solve(problem, spec, nuisances)
        draws = replicate(problem, spec, nuisances, solution, replicates=64, seed=1, executor=Local())
        w = np.column_stack([weights_of(row_keys(problem, 1), r) for r in range(64)])
        A, Y = problem.exposed, problem.outcome
        means = np.column_stack([(w.T @ (s * Y)) / (w.T @ s) for s in (A, 1 - A, np.ones_like(A))])
        assert np.abs(draws.values - means).max() < 1e-3 * means.std(axis=0).min()


@pytest.mark.parametrize("spec", [AIPW(), TMLE(), IPWRA()], ids=repr)
def test_rare_outcomes_lose_no_replicate(spec):
    """Thirty infections in three thousand: a resample would lose whole arms of them, a weight loses none."""
    frame = ward(seed=5, intercept=5.2)
    events = int(frame["y"].sum())
    assert 25 <= events <= 40
    problem, nuisances, solution = posed(frame, spec)
    draws = replicate(problem, spec, nuisances, solution, replicates=512, seed=1, executor=Local())
    assert not draws.separated
    assert np.isfinite(draws.values).all()
    keys = row_keys(problem, 1)
    worst = np.argsort(np.abs(draws.values[:, 0] - draws.values[:, 0].mean()))[-4:]
    for r in worst:
        exact = refit(problem, spec, nuisances, weights_of(keys, int(r)))
        assert np.abs((draws.values[r] - exact) / draws.values.std(axis=0)).max() < 2e-3


def test_stubborn_replicates_are_fitted_alone(frame, monkeypatch):
    from causalmed.estimation.bootstrap import chords, replicating

    spec = AIPW()
    problem, nuisances, solution = posed(frame.head(600), spec)
    usual = replicate(problem, spec, nuisances, solution, replicates=64, seed=1, executor=Local())
    monkeypatch.setattr(
        replicating, "approach", lambda equations, group: chords.approach(equations, group, passes=3)
    )
    found = replicate(problem, spec, nuisances, solution, replicates=64, seed=1, executor=Local())
    assert usual.refitted == 0
    assert 0 < found.refitted <= 64
    assert np.abs((usual.values - found.values) / usual.values.std(axis=0)).max() < 1e-3


def test_separated_replicates_are_counted_and_too_many_are_refused(frame, monkeypatch):
    from causalmed.errors import NotConverged
    from causalmed.estimation.bootstrap import replicating

    spec = AIPW(outcome=Logistic(firth=True))
    lost = {7, 11}
    genuine = replicating.refit
    numbers = iter(range(10_000))

    def refit_but_some(*arguments):
        return None if next(numbers) in lost else genuine(*arguments)

    monkeypatch.setattr(replicating, "refit", refit_but_some)
    cohort = Cohort.from_frame(frame.head(300), unit="id")
    effect = estimate(question(), cohort, Bootstrap(estimator=spec, replicates=50))
    check = next(check for check in effect.diagnostics.checks if check.name == "bootstrap")
    assert check.state.value == "warn"
    assert "replicates 7, 11" in check.sentence
    assert "firth=True" in check.advice
    assert effect.functionals.source == "bootstrap, 50 fractional replicates, 2 separated"
    lost |= set(range(52, 90))
    with pytest.raises(NotConverged, match="firth=True"):
        estimate(question(), cohort, Bootstrap(estimator=spec, replicates=50))


@pytest.mark.parametrize(
    "spec", [AIPW(outcome=Logistic(firth=True)), TMLE(fluctuation="covariate")], ids=repr
)
def test_what_the_kernel_lacks_is_fitted_one_by_one(frame, spec):
    small = frame.head(400)
    problem, nuisances, solution = posed(small, spec)
    draws = replicate(problem, spec, nuisances, solution, replicates=50, seed=1, executor=Local())
    assert draws.refitted == 50
    assert draws.passes == 0
    plain = AIPW()
    other = replicate(problem, plain, *posed(small, plain)[1:], replicates=50, seed=1, executor=Local())
    assert np.corrcoef(draws.values[:, 0], other.values[:, 0])[0, 1] > 0.97


def test_overlap_population_one_by_one(frame):
    cohort = Cohort.from_frame(frame.head(500), unit="id")
    for spec in (AIPW(), IPW()):
        plain = estimate(question(), cohort, spec, population="overlap")
        boot = estimate(question(), cohort, Bootstrap(estimator=spec, replicates=80), population="overlap")
        assert boot.difference.estimate == plain.difference.estimate
        assert boot.difference.std_error == pytest.approx(plain.difference.std_error, rel=0.3)


def test_draws_come_back_with_the_effect(frame):
    from causalmed.estimation.asked import Asked

    asked = Asked(
        estimand=question(),
        cohort=Cohort.from_frame(frame, unit="id"),
        spec=Bootstrap(replicates=100),
        contrast=(1, 0),
        population="all",
        horizon=None,
        level=0.95,
        seed=1,
        executor=Local(),
    )
    effect, draws = answer_with_draws(asked)
    assert draws.values.shape == (100, 3)
    assert np.array_equal(effect.functionals.covariance, draws.covariance)
