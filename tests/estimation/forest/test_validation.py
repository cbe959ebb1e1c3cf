"""Whether differing effects may be believed: slope, area, fifths."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import binom

from causalmed import CausalForest, estimate
from causalmed.estimation.forest.ranking import area, fifth_of, half_sample_error, scores
from causalmed.estimation.forest.slope import Slope, fit_slope, stretched
from causalmed.estimation.forest.validating import halves
from causalmed.results import Heterogeneity, Interval
from tests.estimation.forest.ward import STAY, ward


def residuals(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    w, tau = rng.normal(size=n), rng.normal(1, 0.5, size=n)
    return w, w * (1 + 1.4 * (tau - 1)) + rng.normal(size=n) * (1 + np.abs(w)), tau


def test_the_slope_is_the_regression_that_statsmodels_fits() -> None:
    w, y, tau = residuals(1)
    X = np.column_stack([w, w * (tau - tau.mean())])
    peer = sm.OLS(y, X).fit(cov_type="HC3")
    found = fit_slope(exposure=w, outcome=y, effects=tau, clusters=None, count=0)
    assert found is not None
    np.testing.assert_allclose((found.level, found.slope), peer.params, rtol=1e-10)
    np.testing.assert_allclose((found.level_error, found.slope_error), peer.bse, rtol=1e-10)


def test_clustered_slope_is_that_of_statsmodels() -> None:
    w, y, tau = residuals(2)
    group = np.arange(400) // 8
    X = np.column_stack([w, w * (tau - tau.mean())])
    kept = {"groups": group, "use_correction": False}
    peer = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds=kept)
    found = fit_slope(exposure=w, outcome=y, effects=tau, clusters=group, count=50)
    assert found is not None
    np.testing.assert_allclose(found.slope_error, peer.bse[1] * np.sqrt(50 / 49), rtol=1e-10)


def test_equal_predictions_have_no_slope() -> None:
    w, y, _ = residuals(3)
    assert fit_slope(exposure=w, outcome=y, effects=np.ones(400), clusters=None, count=0) is None


@pytest.mark.parametrize(
    ("slope", "error", "factor"), [(0.4, 0.1, 1), (1.2, 0.3, 1), (2, 0.5, 1.75), (1.5, 0, 1.5)]
)
def test_effects_are_stretched_as_far_as_chance_does_not_explain(
    slope: float, error: float, factor: float
) -> None:
    one = Slope(centre=1.0, level=1.0, level_error=0.1, slope=slope, slope_error=error)
    assert one.factor == pytest.approx(factor)
    effects, errors = stretched(np.array([1.0, 3.0]), np.array([0.2, 0.2]), one)
    assert effects.tolist() == pytest.approx([1.0, 1 + 2 * factor])
    assert errors[1] == pytest.approx(np.hypot(0.2 * factor, 2 * error * (factor > 1)))


def test_the_area_is_the_mean_of_the_curve() -> None:
    gamma = np.random.default_rng(4).normal(size=57)
    curve = [gamma[:k].mean() - gamma.mean() for k in range(1, 58)]
    assert area(gamma) == pytest.approx(np.mean(curve), rel=1e-12)


def test_the_standard_error_of_the_area_is_its_spread() -> None:
    rng = np.random.default_rng(5)
    score = rng.normal(size=(300, 500))
    gamma = score + 2 * rng.normal(size=(300, 500))
    found = [area(g[np.argsort(-s)]) for s, g in zip(score, gamma, strict=True)]
    told = [
        half_sample_error(g[np.argsort(-s)], None, seed=1, path=(k,))
        for k, (s, g) in enumerate(zip(score[:20], gamma[:20], strict=True))
    ]
    assert np.mean(told) == pytest.approx(np.std(found), rel=0.12)  # sd of 300: 4 %; of 200 halves: 5 %


def test_scores_average_to_the_augmented_estimate() -> None:
    rng = np.random.default_rng(6)
    e = rng.uniform(0.2, 0.8, 500)
    A = (rng.random(500) < e) * 1.0
    m, tau = rng.normal(size=(2, 500))
    Y = m + (A - e) * tau + rng.normal(size=500)
    gamma = scores(exposed=A, propensity=e, residual=Y - m, effects=tau)
    m1, m0 = m + (1 - e) * tau, m - e * tau
    classic = m1 - m0 + A * (Y - m1) / e - (1 - A) * (Y - m0) / (1 - e)
    np.testing.assert_allclose(gamma, classic, rtol=1e-10)


def test_fifths_are_even_and_halves_keep_clusters() -> None:
    assert np.ptp(np.bincount(fifth_of(np.random.default_rng(7).normal(size=103)))) <= 1
    keys = np.repeat(np.arange(9, dtype=np.uint64), 7)
    half = halves(keys, seed=1)
    assert all(np.ptp(half[keys == key]) == 0 for key in range(9))
    assert sorted(np.bincount(half[::7])) == [4, 5]


def interval(estimate: float, error: float) -> Interval:
    away = 2 * error
    return Interval(estimate=estimate, low=estimate - away, high=estimate + away, std_error=error)


@pytest.mark.parametrize(
    ("slope", "says"),
    [
        (interval(1.0, 0.1), "fine"),
        (interval(1.5, 0.1), "too little"),
        (interval(0.5, 0.1), "exaggerates"),
        (interval(0.2, 0.2), "nothing at all"),
        (interval(np.nan, np.nan), "same effect for everybody"),
    ],
)
def test_the_slope_in_words(slope: Interval, says: str) -> None:
    found = Heterogeneity(slope=slope, area=interval(0.1, 0.01), fifths=())
    assert says in found.slope_sentence
    assert found.to_dict()["shown"]


def test_differences_are_seen_where_they_are_and_not_where_they_are_not() -> None:
    spec, draws, wrong = CausalForest(trees=80), 14, 0
    for seed in range(draws):
        same = estimate(STAY, ward(400, seed, differs=False).cohort(unit="patient"), spec, seed=seed)
        wrong += same.conditional.heterogeneity.shown
        if seed < 4:
            differs = estimate(STAY, ward(400, seed).cohort(unit="patient"), spec, seed=seed)
            assert differs.conditional.heterogeneity.shown
            assert differs.diagnostics.check("heterogeneity").state == "pass"
    assert wrong <= binom.ppf(0.999, draws, 0.025)
