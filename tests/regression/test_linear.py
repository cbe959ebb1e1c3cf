"""Linear fits against statsmodels and a printed answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from numpy.typing import NDArray

from causalmed.engine import Local
from causalmed.errors import DataError
from causalmed.regression import DesignRecipe, fit_linear
from tests.regression.columns import coded, number

Array = NDArray[np.float64]


def ward(n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    age = rng.normal(62, 14, size=n)
    matrix = np.column_stack([np.ones(n), age, age**2, rng.exponential(size=n)])
    return matrix, matrix @ [100, -2.0, 0.03, 5] + rng.normal(size=n) * 20


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_statsmodels(weighted: bool) -> None:
    matrix, outcome = ward(800)
    weights = np.random.default_rng(2).exponential(size=800) if weighted else None
    fit = fit_linear(matrix, outcome, weights=weights)
    peer = sm.WLS(outcome, matrix, weights=np.ones(800) if weights is None else weights).fit(method="qr")
    assert fit.coefficients == pytest.approx(peer.params, rel=1e-9)
    assert fit.covariance == pytest.approx(peer.cov_params(), rel=1e-8)
    assert fit.dispersion == pytest.approx(peer.scale, rel=1e-11)
    assert fit.log_likelihood == pytest.approx(peer.llf, rel=1e-11)
    assert fit.mean == pytest.approx(peer.fittedvalues, rel=1e-10)


def test_nhefs_printed(printed: Callable[[str], Any], table: Callable[[str], pd.DataFrame]) -> None:
    case, rows = printed("nhefs_outcome_reg"), table("nhefs.csv").dropna(subset=["wt82_71"])
    formula = (
        "qsmk + C(sex) + C(race) + age + I(age**2) + C(education) + smokeintensity + I(smokeintensity**2) "
        "+ smokeyrs + I(smokeyrs**2) + C(exercise) + C(active) + wt71 + I(wt71**2)"
    )
    names = [
        "qsmk", "sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71",
    ]  # fmt: skip
    columns = [number(name, rows[name]) for name in names]
    design = DesignRecipe.learn(columns, formula=formula).build(columns)
    fit = fit_linear(design.matrix, rows.wt82_71.to_numpy(), names=design.names)
    found = dict(zip(fit.names, fit.coefficients, strict=True))
    assert found["qsmk"] == pytest.approx(case["value"], abs=case["tol"])
    peer = smf.ols(f"wt82_71 ~ {formula}", rows).fit()
    assert found["qsmk"] == pytest.approx(peer.params["qsmk"], rel=1e-9)
    assert found["I(age ** 2)"] == pytest.approx(peer.params["I(age ** 2)"], rel=1e-8)
    assert np.sort(fit.std_errors) == pytest.approx(np.sort(peer.bse), rel=1e-8)


def test_as_accurate_as_orthogonal_factorisation() -> None:
    # Longley-like: powers of a year, whose raw Gram matrix is singular in double precision.
    year = np.arange(1947.0, 1963.0)
    matrix = np.column_stack([np.ones(16), year, year**2])
    outcome = matrix @ [3.0, 0.5, -1e-4] + np.sin(year)
    centred = year - 1954.5
    exact = np.polynomial.polynomial.polyfit(centred, outcome, 2)
    fit = fit_linear(matrix, outcome)
    assert fit.coefficients[2] == pytest.approx(exact[2], rel=1e-5)
    assert fit.mean == pytest.approx(np.polynomial.polynomial.polyval(centred, exact), rel=1e-9)


def test_threads_do_not_change_a_bit() -> None:
    matrix, outcome = ward(140_000)
    one, two = (fit_linear(matrix, outcome, executor=Local(n_jobs=jobs)) for jobs in (1, 2))
    assert np.array_equal(one.coefficients, two.coefficients)
    assert np.array_equal(one.covariance, two.covariance)


def test_rows_of_weight_zero_do_not_count() -> None:
    matrix, outcome = ward(200)
    keep = np.arange(200) % 2 == 0
    fit, half = (
        fit_linear(matrix, outcome, weights=keep.astype(float)),
        fit_linear(matrix[keep], outcome[keep]),
    )
    assert fit.coefficients == pytest.approx(half.coefficients, rel=1e-8)
    assert fit.dispersion == pytest.approx(half.dispersion, rel=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": np.full(50, np.nan)}, "missing or infinite"),
        ({"matrix": np.where(np.arange(4) == 3, np.inf, ward(50)[0])}, "'x3'"),
        ({"matrix": np.ones((50, 2))}, "'x1' is determined by 'x0'"),
        ({"weights": -np.ones(50)}, "weights"),
        ({"matrix": np.ones((0, 2)), "outcome": np.ones(0)}, "outcome for each row"),
        ({"matrix": np.ones((1, 1)), "outcome": np.ones(1)}, "cannot determine"),
        ({"weights": (np.arange(50) < 4).astype(float)}, "cannot determine"),
        ({"matrix": ward(50)[0] * np.array([1, 1e300, 1, 1])}, "overflow|collinear|infinite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, Any], message: str) -> None:
    matrix, outcome = ward(50)
    with pytest.raises(DataError, match=message):
        fit_linear(**({"matrix": matrix, "outcome": outcome} | change))


def test_a_constant_outcome_is_fitted() -> None:
    matrix, _ = ward(50)
    fit = fit_linear(matrix, np.full(50, 7.0))
    assert fit.mean == pytest.approx(np.full(50, 7.0))


def test_levels_and_interactions_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"wound": rng.integers(0, 3, 300), "site": rng.integers(0, 2, 300), "bmi": rng.normal(size=300)}
    )
    outcome = rng.normal(size=300) + frame.wound
    columns = [
        coded("wound", frame.wound, ("a", "b", "c")),
        coded("site", frame.site, ("x", "y")),
        number("bmi", frame.bmi),
    ]
    for ours, theirs in (
        ("wound * bmi", "C(wound) * bmi"),
        ("wound:site", "C(wound):C(site)"),
        ("0 + wound", "0 + C(wound)"),
        ("bmi + wound:bmi + site", "bmi + C(wound):bmi + C(site)"),
        ("wound:bmi", "C(wound):bmi"),
    ):
        design = DesignRecipe.learn(columns, formula=ours).build(columns)
        fit = fit_linear(design.matrix, outcome.to_numpy(), names=design.names)
        peer = smf.ols(f"y ~ {theirs}", frame.assign(y=outcome)).fit()
        assert design.p == len(peer.params), ours
        assert fit.mean == pytest.approx(peer.fittedvalues.to_numpy(), rel=1e-8), ours
