"""Firth's method against a closed form, brute-force maximisation, and where likelihood fails."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from causalmed.engine import Local
from causalmed.errors import DataError, NotConverged
from causalmed.regression import fit_logistic, fit_logistic_folds

Array = NDArray[np.float64]


def penalised(beta: Array, x: Array, y: Array, w: Array) -> float:
    eta = x @ beta
    mu = 1 / (1 + np.exp(-eta))
    sign, determinant = np.linalg.slogdet((x * (w * mu * (1 - mu))[:, None]).T @ x)
    assert sign == 1
    return float(w @ (y * eta - np.logaddexp(0, eta)) + determinant / 2)


def small(seed: int = 1, n: int = 60) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(0, 2, n)])
    return x, (rng.random(n) < 1 / (1 + np.exp(1.5 - x[:, 1]))).astype(float)


def expand(cells: tuple[int, int, int, int]) -> tuple[Array, Array]:
    a, b, c, d = cells
    exposure = np.repeat([1.0, 1, 0, 0], [a, b, c, d])
    return np.column_stack([np.ones(len(exposure)), exposure]), np.repeat([1.0, 0, 1, 0], [a, b, c, d])


@pytest.mark.parametrize("cells", [(7, 3, 4, 12), (5, 0, 4, 12), (0, 9, 3, 20), (6, 0, 0, 9)])
def test_two_by_two_table_is_half_a_patient_in_every_cell(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = (cell + 0.5 for cell in cells)
    fit = fit_logistic(*expand(cells), firth=True)
    assert fit.coefficients == pytest.approx([np.log(c / d), np.log(a * d / (b * c))], rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_is_the_maximum_of_the_penalised_likelihood(weighted: bool) -> None:
    x, y = small()
    w = np.random.default_rng(2).integers(1, 4, len(y)).astype(float) if weighted else np.ones(len(y))
    fit = fit_logistic(x, y, weights=w, firth=True)
    brute = minimize(lambda b: -penalised(b, x, y, w), np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    assert fit.coefficients == pytest.approx(brute.x, abs=1e-6)
    reported = penalised(fit.coefficients, x, y, w)
    assert reported == pytest.approx(-brute.fun, rel=1e-12)


def test_frequency_weights_repeat_rows() -> None:
    x, y = small()
    w = np.random.default_rng(2).integers(1, 4, len(y))
    repeated = fit_logistic(np.repeat(x, w, axis=0), np.repeat(y, w), firth=True)
    fit = fit_logistic(x, y, weights=w.astype(float), firth=True)
    assert fit.coefficients == pytest.approx(repeated.coefficients, rel=1e-9)
    assert fit.covariance == pytest.approx(repeated.covariance, rel=1e-9)


def test_invariant_to_units_and_origin() -> None:
    x, y = small()
    moved = x @ np.array([[1.0, 130, 0], [0, 40, 0], [0, 0, 1]])
    base, fit = (fit_logistic(each, y, firth=True) for each in (x, moved))
    assert fit.mean == pytest.approx(base.mean, rel=1e-8)


def test_finite_under_separation_where_likelihood_is_not() -> None:
    x, y = small()
    y = np.where(x[:, 2] == 1, 1.0, y)
    with pytest.raises(NotConverged, match="firth=True"):
        fit_logistic(x, y)
    fit = fit_logistic(x, y, firth=True)
    assert np.isfinite(fit.coefficients).all()
    assert 0 < fit.coefficients[2] < 10


def test_less_biased_than_likelihood_in_small_samples() -> None:
    rng = np.random.default_rng(9)
    estimates = []
    while len(estimates) < 400:
        x = np.column_stack([np.ones(50), rng.normal(size=50)])
        y = (rng.random(50) < 1 / (1 + np.exp(-x[:, 1]))).astype(float)
        estimates.append([fit_logistic(x, y, firth=firth).coefficients[1] for firth in (False, True)])
    plain, firth = np.mean(estimates, axis=0) - 1.0
    error = np.std(estimates, axis=0) / 20
    assert plain > 2 * error[0]
    assert abs(firth) < 3 * error[1]


def test_folds_and_threads() -> None:
    x, y = small(n=300)
    fold = np.arange(300) % 3
    one, two = (fit_logistic_folds(x, y, fold, 3, firth=True, executor=Local(n_jobs=jobs)) for jobs in (1, 2))
    for k in range(3):
        alone = fit_logistic(x[fold != k], y[fold != k], firth=True)
        assert one[k].coefficients == pytest.approx(alone.coefficients, rel=1e-8)
        assert np.array_equal(one[k].coefficients, two[k].coefficients)


def test_collinear_columns_are_named() -> None:
    x, y = small()
    with pytest.raises(DataError, match="'c' is determined by 'a', 'b'"):
        fit_logistic(
            np.column_stack([x, x[:, 1] + x[:, 2]]), y, firth=True, names=["Intercept", "a", "b", "c"]
        )
