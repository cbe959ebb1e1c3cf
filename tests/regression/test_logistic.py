"""Logistic fits against statsmodels, printed answers, and the data that no regression can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from causalmed.engine import Local
from causalmed.errors import CausalmedError, DataError, InvalidArgument, NotConverged, NotEnoughEvents
from causalmed.regression import GLMFit, fit_logistic, fit_logistic_folds

Array = NDArray[np.float64]


def ward(n: int, *, seed: int = 1) -> tuple[Array, Array]:
    """Columns as a ward has them: raw units, skewed, rare, and a square."""
    rng = np.random.default_rng(seed)
    age = rng.normal(62, 14, size=n)
    glucose = np.exp(rng.normal(4.8, 0.3, size=n))
    rare = (rng.random(n) < 0.04).astype(float)
    matrix = np.column_stack([np.ones(n), age, age**2, glucose, rare, rng.integers(0, 2, n)])
    eta = -6 + 0.03 * age + 1e-4 * age**2 + 0.01 * glucose + rare
    return matrix, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)


def oracle(matrix: Array, outcome: Array, **options: Any) -> Any:
    # On raw units its Newton iteration stalls early; on standardised columns it does not.
    centre = np.where(np.ptp(matrix, axis=0) > 0, matrix.mean(axis=0), 0.0)
    scale = np.where(np.ptp(matrix, axis=0) > 0, matrix.std(axis=0), 1.0)
    fit = sm.GLM(outcome, (matrix - centre) / scale, family=sm.families.Binomial(), **options).fit(tol=1e-14)
    back = np.diag(1 / scale)
    back[0] -= centre / scale
    return back @ fit.params, back @ fit.normalized_cov_params @ back.T, fit.llf


def test_agrees_with_statsmodels() -> None:
    matrix, outcome = ward(3_000)
    fit = fit_logistic(matrix, outcome)
    coefficients, covariance, likelihood = oracle(matrix, outcome)
    assert fit.coefficients == pytest.approx(coefficients, rel=1e-8)
    assert fit.covariance == pytest.approx(covariance, rel=1e-7)
    assert fit.log_likelihood == pytest.approx(likelihood, rel=1e-12)
    score = matrix.T @ (outcome - fit.mean)
    assert np.all(np.abs(score) < 1e-9 * (np.abs(matrix).T @ np.abs(outcome - fit.mean)))


def test_agrees_with_statsmodels_with_weights_and_offset() -> None:
    matrix, outcome = ward(2_000)
    rng = np.random.default_rng(3)
    weights, offset = rng.exponential(size=2_000) * 7, rng.normal(size=2_000)
    weights[::10] = 0
    fit = fit_logistic(matrix, outcome, weights=weights, offset=offset)
    coefficients, covariance, _ = oracle(matrix, outcome, freq_weights=weights, offset=offset)
    assert fit.coefficients == pytest.approx(coefficients, rel=1e-8)
    assert fit.covariance == pytest.approx(covariance, rel=1e-7)
    assert fit.predict(matrix, offset) == pytest.approx(fit.mean, rel=1e-12)


def test_without_intercept() -> None:
    matrix, outcome = ward(2_000)
    own = matrix[:, 3:]
    fit = fit_logistic(own, outcome)
    assert fit.coefficients == pytest.approx(sm.Logit(outcome, own).fit(disp=0, tol=1e-14).params, rel=1e-8)


def test_a_proportion_is_a_pair_of_weighted_rows() -> None:
    matrix, _ = ward(200)
    matrix = matrix[:, [0, 1, 3]]
    share = np.random.default_rng(5).random(200)
    split = fit_logistic(
        np.vstack([matrix, matrix]), np.repeat([1.0, 0.0], 200), weights=np.concatenate([share, 1 - share])
    )
    assert fit_logistic(matrix, share).coefficients == pytest.approx(split.coefficients, rel=1e-9)


def test_caesar_printed(printed: Callable[[str], Any], table: Callable[[str], pd.DataFrame]) -> None:
    case, rows = printed("caesar_logit"), table("caesar_7rows.csv")
    total = (rows.n_infected + rows.n_not).to_numpy(float)
    design = np.column_stack([np.ones(len(rows)), rows[["noplan", "risk", "antib"]].to_numpy(float)])
    fit = fit_logistic(design, rows.n_infected.to_numpy() / total, weights=total)
    assert fit.coefficients == pytest.approx(case["value"], abs=case["tol"])
    assert fit.std_errors == pytest.approx([0.412, 0.425, 0.455, 0.481], abs=1.5e-3)


def test_santiago(printed: Callable[[str], Any], table: Callable[[str], pd.DataFrame]) -> None:
    case, rows = printed("santiago_logit"), table("postop_infect_santiago.csv")
    rows = rows.assign(male=(rows.sex == 1).astype(float), diabetes=(rows.diab == 1).astype(float)).dropna()
    names = ["age", "male", "linf", "gluc", "diabetes"]
    design = np.column_stack([np.ones(len(rows)), rows[names].to_numpy(float)])
    fit = fit_logistic(design, (rows.inf == 1).to_numpy(float), names=["Intercept", *names])
    ratios = dict(zip(fit.names, np.exp(fit.coefficients), strict=True))
    assert {name: ratios[name] for name in names} == pytest.approx(case["value"], abs=case["tol"])


def test_many_rows_start_from_a_sample_and_end_at_the_same_place() -> None:
    matrix, outcome = ward(70_000)
    fit = fit_logistic(matrix, outcome)
    assert fit.coefficients == pytest.approx(oracle(matrix, outcome)[0], rel=1e-7)
    assert fit.iterations <= 6


def test_threads_do_not_change_a_bit() -> None:
    matrix, outcome = ward(140_000)
    one, two = (fit_logistic(matrix, outcome, executor=Local(n_jobs=jobs)) for jobs in (1, 2))
    for name in ("coefficients", "covariance", "linear_predictor", "mean"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_units_of_measurement_do_not_matter() -> None:
    matrix, outcome = ward(2_000)
    factor = np.array([1, 1e6, 1e-9, 1e3, 1, 1])
    scaled = fit_logistic(matrix * factor, outcome)
    assert scaled.coefficients * factor == pytest.approx(fit_logistic(matrix, outcome).coefficients, rel=1e-8)


def test_shifted_columns_are_fitted_as_well() -> None:
    matrix, outcome = ward(2_000)
    design = matrix[:, [0, 1, 3]]
    shifted = design + np.array([0, 1e6, 0])
    fit, base = fit_logistic(shifted, outcome), fit_logistic(design, outcome)
    assert fit.coefficients[1:] == pytest.approx(base.coefficients[1:], rel=1e-7)
    assert fit.mean == pytest.approx(base.mean, rel=1e-7)


def test_folds_agree_with_fits_on_the_complements() -> None:
    matrix, outcome = ward(3_000)
    weights = np.random.default_rng(2).exponential(size=3_000)
    fold = np.random.default_rng(4).integers(0, 4, 3_000)
    fits = fit_logistic_folds(matrix, outcome, fold, 4, weights=weights)
    for k, fit in enumerate(fits):
        rest = fold != k
        alone = fit_logistic(matrix[rest], outcome[rest], weights=weights[rest])
        assert fit.coefficients == pytest.approx(alone.coefficients, rel=1e-8)
        assert fit.covariance == pytest.approx(alone.covariance, rel=1e-7)
        assert fit.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-12)
        assert fit.mean == pytest.approx(alone.predict(matrix), rel=1e-8)


@pytest.mark.parametrize("n", [5_000, 70_000])
def test_threads_do_not_change_a_bit_by_fold(n: int) -> None:
    matrix, outcome = ward(n)
    fold = np.arange(n) % 3
    one, two = (fit_logistic_folds(matrix, outcome, fold, 3, executor=Local(n_jobs=jobs)) for jobs in (1, 2))
    for left, right in zip(one, two, strict=True):
        assert np.array_equal(left.coefficients, right.coefficients)
        assert np.array_equal(left.covariance, right.covariance)


def test_folds_that_do_not_fit() -> None:
    matrix, outcome = ward(100)
    with pytest.raises(DataError, match="number from 0 to 1"):
        fit_logistic_folds(matrix, outcome, np.full(100, 2), 2)
    with pytest.raises(NotEnoughEvents, match="folds other than fold 0"):
        fit_logistic_folds(matrix, outcome, np.where(outcome > 0, 0, 1), 2)


def named(matrix: Array, outcome: Array, **options: Any) -> GLMFit:
    names = ["Intercept", "age", "age²", "glucose", "rare", "mesh"][: matrix.shape[1]]
    return fit_logistic(matrix, outcome, names=names, **options)


def test_separation_is_named() -> None:
    matrix, outcome = ward(2_000)
    outcome = np.where(matrix[:, 4] == 1, 1.0, outcome)
    count = int(matrix[:, 4].sum())
    with pytest.raises(NotConverged, match=f"separated by 'rare': for {count} of 2,000.*quasi.*firth=True"):
        named(matrix, outcome)


def test_complete_separation_is_named() -> None:
    matrix, _ = ward(500)
    with pytest.raises(
        NotConverged, match=r"separated by 'glucose': for 500 of 500 .*\(complete separation\)"
    ):
        named(matrix, (matrix[:, 3] > 120).astype(float))


def test_separation_in_many_rows_is_named() -> None:
    matrix, outcome = ward(70_000)
    outcome = np.where(matrix[:, 4] == 1, 0.0, outcome)
    with pytest.raises(NotConverged, match="separated by 'rare'"):
        named(matrix, outcome)


def test_a_strong_predictor_is_not_called_separation() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=3_000) * 40
    outcome = (rng.random(3_000) < 1 / (1 + np.exp(-x))).astype(float)
    fit = fit_logistic(np.column_stack([np.ones(3_000), x]), outcome)
    assert np.abs(fit.linear_predictor).max() > 30
    assert fit.coefficients[1] == pytest.approx(1.0, abs=0.3)


def test_separation_outside_a_fold_is_named() -> None:
    matrix, outcome = ward(2_000)
    fold = np.arange(2_000) % 4
    outcome = np.where((matrix[:, 4] == 1) & (fold != 2), 1.0, outcome)
    outcome[np.flatnonzero((matrix[:, 4] == 1) & (fold == 2))[0]] = 0.0
    with pytest.raises(NotConverged, match=r"'x4'.*outside fold 2"):
        fit_logistic_folds(matrix, outcome, fold, 4)


def test_collinear_columns_are_named() -> None:
    matrix, outcome = ward(500)
    matrix[:, 5] = 2 * matrix[:, 1] - matrix[:, 3]
    with pytest.raises(DataError, match="'mesh' is determined by 'age', 'glucose'"):
        named(matrix, outcome)
    with pytest.raises(DataError, match="'rare' is zero on every row"):
        named(np.where(np.arange(6) == 4, 0.0, ward(500)[0]), outcome)
    with pytest.raises(DataError, match="'mesh' is determined by 'Intercept'"):
        named(np.where(np.arange(6) == 5, 3.0, ward(500)[0]), outcome)


def test_nearly_collinear_columns_are_named() -> None:
    matrix, outcome = ward(500)
    matrix[:, 5] = matrix[:, 3] + 1e-9 * np.random.default_rng(1).normal(size=500)
    with pytest.raises(DataError, match="'mesh' is determined by"):
        named(matrix, outcome)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(value: float) -> None:
    matrix, outcome = ward(500)
    matrix[7, 3] = value
    with pytest.raises(DataError, match=r"NaN or infinite values in 'glucose' \(1 rows\)"):
        named(matrix, outcome)


@pytest.mark.parametrize("firth", [False, True])
@pytest.mark.parametrize(("value", "words"), [(0.0, "none has"), (1.0, "every one has")])
def test_no_events_or_nothing_else(value: float, words: str, firth: bool) -> None:
    with pytest.raises(NotEnoughEvents, match=words):
        named(ward(50)[0], np.full(50, value), firth=firth)


def test_events_of_weight_zero_are_no_events() -> None:
    matrix, outcome = ward(100)
    with pytest.raises(NotEnoughEvents, match="none has"):
        named(matrix, outcome, weights=1 - outcome)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"matrix": np.ones((0, 2)), "outcome": np.ones(0)}, DataError),
        ({"matrix": np.ones((3, 0)), "outcome": np.ones(3)}, DataError),
        ({"matrix": np.ones(3), "outcome": np.ones(3)}, DataError),
        ({"matrix": np.ones((1, 1)), "outcome": np.ones(1)}, NotEnoughEvents),
        ({"outcome": np.ones(49)}, DataError),
        ({"outcome": np.full(50, 2.0)}, DataError),
        ({"outcome": np.full(50, np.nan)}, DataError),
        ({"weights": -np.ones(50)}, DataError),
        ({"weights": np.zeros(50)}, DataError),
        ({"weights": np.full(50, np.inf)}, DataError),
        ({"offset": np.full(50, np.nan)}, DataError),
        ({"offset": np.ones(3)}, DataError),
        ({"names": ["a"]}, InvalidArgument),
        ({"tolerance": 0.0}, InvalidArgument),
        ({"max_iterations": 0}, InvalidArgument),
        ({"matrix": np.full((50, 6), 1e200) * np.arange(1, 51)[:, None]}, CausalmedError),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    matrix, outcome = ward(50)
    with pytest.raises(error):
        fit_logistic(**({"matrix": matrix, "outcome": outcome} | change))


def test_too_few_iterations_are_an_error() -> None:
    with pytest.raises(NotConverged, match="did not converge in 2 iterations"):
        named(*ward(2_000), max_iterations=2)


def test_more_columns_than_rows() -> None:
    matrix, outcome = ward(5)
    with pytest.raises(DataError, match="collinear"):
        named(matrix, np.array([0, 1.0, 0, 1, 1]))
    assert outcome.shape == (5,)


def test_inputs_are_left_alone_and_results_are_read_only() -> None:
    matrix, outcome = ward(300)
    before = matrix.tobytes(), outcome.tobytes()
    fit = named(matrix, outcome)
    assert (matrix.tobytes(), outcome.tobytes()) == before
    for name in ("coefficients", "covariance", "linear_predictor", "mean"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(fit, name)[0] = 0


def test_a_level_that_no_sample_of_the_rows_holds() -> None:
    matrix, outcome = ward(70_000)
    matrix[:, 5] = 0
    matrix[1:18:2, 5] = 1
    outcome[1:18:2] = [0, 1, 1, 0, 0, 1, 0, 0, 1]
    fit = named(matrix, outcome)
    assert fit.coefficients == pytest.approx(oracle(matrix, outcome)[0], rel=1e-6)


def test_an_order_of_rows_that_misleads_the_sample() -> None:
    matrix, outcome = ward(40_000)
    outcome[::8] = matrix[::8, 3] > 125
    fit = named(matrix, outcome)
    assert fit.coefficients == pytest.approx(oracle(matrix, outcome)[0], rel=1e-6)
