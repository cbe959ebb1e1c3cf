"""Chord steps: the same maximum as Newton's method, and no harm where they do not help."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.linalg import cho_factor

from causalmed.engine import Local
from causalmed.errors import DataError, NotConverged
from causalmed.regression import chord, fit_logistic, fit_logistic_folds, newton
from causalmed.regression.chord import Guess
from causalmed.regression.moments import Problem, pose

Array = NDArray[np.float64]
ROWS, COLUMNS = 12_000, 11


def cohort(rows: int = ROWS, columns: int = COLUMNS, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) + rng.normal(size=(rows, 1))
    x[:, 0] = x[:, 0] > 1.5
    x[:, 1] = np.exp(4 + 0.5 * x[:, 1])
    eta = -2 + x[:, 2:] @ rng.normal(size=columns - 2) * 0.2 + x[:, 0] + x[:, 1] / 200
    return np.column_stack([np.ones(rows), x]), (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)


def posed(matrix: Array, outcome: Array) -> Problem:
    return pose(matrix, outcome, weights=None, offset=None, names=None, executor=Local())


def counted(monkeypatch: pytest.MonkeyPatch, rows: int) -> dict[str, int]:
    calls = {"moments": 0, "score": 0}
    for name in calls:
        original = getattr(Problem, name)

        def counting(self: Problem, b: Array, *, name: str = name, original: object = original) -> object:
            calls[name] += len(self.outcome) == rows
            return original(self, b)  # type: ignore[operator]

        monkeypatch.setattr(Problem, name, counting)
    return calls


def apart(left: Array, right: Array) -> float:
    """Largest difference of two covariances, a correlation being one."""
    errors = np.sqrt(np.diagonal(right))
    return float(np.max(np.abs(left - right) / np.outer(errors, errors)))


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_statsmodels(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, outcome = cohort()
    calls = counted(monkeypatch, ROWS)
    rng = np.random.default_rng(2)
    weights = rng.exponential(size=ROWS) * (rng.random(ROWS) < 0.9) if weighted else None
    offset = rng.normal(size=ROWS) if weighted else None
    fit = fit_logistic(matrix, outcome, weights=weights, offset=offset)
    model = sm.GLM(outcome, matrix, family=sm.families.Binomial(), freq_weights=weights, offset=offset)
    oracle = model.fit(tol=1e-14)
    assert fit.coefficients == pytest.approx(oracle.params, rel=1e-8, abs=1e-8)
    assert apart(fit.covariance, oracle.normalized_cov_params) < 2e-7
    assert fit.log_likelihood == pytest.approx(oracle.llf, rel=1e-12)
    assert calls["moments"] <= 3
    assert calls["score"] >= 2


def test_covariance_is_the_inverse_information_at_the_answer() -> None:
    matrix, outcome = cohort(40_000, 30)
    fit = fit_logistic(matrix, outcome)
    info = (matrix * (fit.mean * (1 - fit.mean))[:, None]).T @ matrix
    assert apart(fit.covariance, np.linalg.inv(info)) < 2e-7
    score = matrix.T @ (outcome - fit.mean)
    assert np.sqrt(score @ fit.covariance @ score) < 1e-9


def test_folds_agree_with_fits_on_the_complements() -> None:
    matrix, outcome = cohort()
    fold = np.random.default_rng(4).integers(0, 3, ROWS)
    for k, fit in enumerate(fit_logistic_folds(matrix, outcome, fold, 3)):
        alone = fit_logistic(matrix[fold != k], outcome[fold != k])
        assert fit.coefficients == pytest.approx(alone.coefficients, rel=1e-8, abs=1e-10)
        assert apart(fit.covariance, alone.covariance) < 4e-7


def test_threads_do_not_change_a_bit() -> None:
    matrix, outcome = cohort(140_000)
    one, two = (fit_logistic(matrix, outcome, executor=Local(n_jobs=jobs)) for jobs in (1, 2))
    for name in ("coefficients", "covariance", "mean"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("factor", [1e-6, 0.05, 0.5, 3.0, 1e6])
def test_a_wrong_guess_of_the_information_does_no_harm(factor: float) -> None:
    problem = posed(*cohort())
    zero = np.zeros(problem.p)
    right = newton.maximise(problem, Guess(b=zero), tolerance=1e-10, max_iterations=50)
    guess = Guess(b=zero, information=factor * problem.moments(zero).information, curvature=1e-9)
    found = newton.maximise(problem, guess, tolerance=1e-10, max_iterations=50)
    assert found.b == pytest.approx(right.b, rel=1e-9, abs=1e-11)
    assert apart(found.covariance, right.covariance) < 4e-7


def test_a_guess_that_has_no_inverse_is_not_used() -> None:
    problem = posed(*cohort())
    flat = Guess(b=np.zeros(problem.p), information=np.zeros((problem.p, problem.p)))
    assert chord.draw_near(problem, flat).steps == 0


def test_few_rows_take_newton_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, 2_000)
    fit_logistic(*cohort(2_000))
    assert calls["score"] == 0


def test_steps_shrink_and_the_likelihood_does_not_fall() -> None:
    problem = posed(*cohort())
    here = problem.moments(np.zeros(problem.p))
    b, likelihoods = np.zeros(problem.p), [here.log_likelihood]
    factor = cho_factor(here.information, lower=True)
    for passes in range(1, 6):
        trail = chord.approach(problem, b, here, factor, enough=0.0, wary=False, passes=passes, slow=1.0)
        assert trail.steps == passes + 1
        likelihoods.append(problem.moments(trail.b).log_likelihood)
    assert np.all(np.diff(likelihoods) >= -1e-9)
    best = newton.maximise(problem, Guess(b=b), tolerance=1e-10, max_iterations=50)
    assert likelihoods[-1] == pytest.approx(best.log_likelihood, abs=1e-3)


def test_a_far_row_stops_the_wary() -> None:
    matrix, outcome = cohort()
    matrix[0, 2] = 1e4
    problem = posed(matrix, outcome)
    zero = np.zeros(problem.p)
    here = problem.moments(zero)
    factor = cho_factor(here.information, lower=True)
    assert problem.score(np.ones(problem.p)).far_rows
    here = replace(here, score=here.information @ np.ones(problem.p), log_likelihood=-np.inf)
    assert chord.approach(problem, zero, here, factor, enough=0.0, wary=True).steps == 0
    assert chord.approach(problem, zero, here, factor, enough=0.0, wary=False).steps > 0


def test_a_falling_likelihood_stops() -> None:
    problem = posed(*cohort())
    zero = np.zeros(problem.p)
    here = problem.moments(zero)
    factor = cho_factor(here.information / 1e4, lower=True)
    trail = chord.approach(problem, zero, here, factor, enough=0.0, wary=False)
    assert trail.steps == 0
    assert trail.b is zero


def test_separation_is_named_among_many_columns() -> None:
    matrix, outcome = cohort()
    outcome = np.where(matrix[:, 1] == 1, 1.0, outcome)
    with pytest.raises(NotConverged, match="separated by 'x1'"):
        fit_logistic(matrix, outcome)


def test_a_value_that_is_not_finite_is_named_among_many_columns() -> None:
    matrix, outcome = cohort()
    matrix[5, 3] = np.nan
    with pytest.raises(DataError, match=r"NaN or infinite values in 'x3' \(1 rows\)"):
        fit_logistic(matrix, outcome)


def test_an_order_of_rows_that_misleads_the_sample() -> None:
    matrix, outcome = cohort()
    outcome[::8] = matrix[::8, 3] > 2
    fit = fit_logistic(matrix, outcome)
    oracle = sm.GLM(outcome, matrix, family=sm.families.Binomial()).fit(tol=1e-14)
    assert fit.coefficients == pytest.approx(oracle.params, rel=1e-8, abs=1e-8)
