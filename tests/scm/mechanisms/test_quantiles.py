"""Distributions by their quantiles: consistent with themselves, and right among new patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from causalmed.errors import InvalidArgument
from causalmed.scm import QuantileLaw
from causalmed.scm.mechanisms.quantiles import calibrated, residual_law

LAW = QuantileLaw(levels=(0.05, 0.3, 0.6, 0.9), low_tail=0.2, high_tail=0.5, gap=1e-3)
GRID = np.array([[-1.0, 0.5, 0.2, 2.0], [3.0, 3.0, 4.0, 9.0]])


def test_quantile_and_distribution_are_inverse():
    u = np.linspace(0.001, 0.999, 400)
    for row in GRID:
        x = LAW.quantile(row, u)
        assert np.all(np.diff(x) > 0)
        np.testing.assert_allclose(LAW.cdf(row, x), u, atol=1e-12)


@pytest.mark.parametrize("row", [0, 1])
def test_density_and_mean_are_those_of_the_distribution(row):
    ends = LAW.quantile(GRID[row], np.array([1e-9, 1 - 1e-9]))
    x = np.linspace(*ends, 400_001)
    density = np.exp(LAW.log_density(GRID[row], x))
    assert integrate.trapezoid(density, x) == pytest.approx(1.0, abs=0.02)
    assert integrate.trapezoid(density * x, x) == pytest.approx(float(LAW.mean(GRID[row])), abs=0.05)
    u = (np.arange(200_000) + 0.5) / 200_000
    assert LAW.quantile(GRID[row], u).mean() == pytest.approx(float(LAW.mean(GRID[row])), rel=1e-3)


def test_arrays_broadcast():
    x = np.array([[0.0], [5.0]])
    assert LAW.cdf(GRID, x[:, 0]).shape == (2,)
    assert LAW.quantile(GRID[:, np.newaxis, :], np.full((1, 7), 0.4)).shape == (2, 7)


def test_levels_are_right_among_new_patients_however_wrong_the_quantiles():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(300):
        seen, new = rng.standard_exponential((2, 60))
        grid = np.sort(rng.normal(size=5))  # guesses
        law = calibrated(np.broadcast_to(grid, (60, 5)), seen, gap=1e-3)
        edges = law.arranged(grid)
        inside.append([np.mean(new <= edge) - level for edge, level in zip(edges, law.levels, strict=True)])
    error = np.std(inside, axis=0) / np.sqrt(300)
    assert np.all(np.abs(np.mean(inside, axis=0)) < 4 * error + 1 / 61)


def test_residuals_keep_mean_spread_and_tails():
    rng = np.random.default_rng(4)
    residuals = rng.standard_t(5, size=4_000)
    grid, law = residual_law(residuals)
    u = rng.random(100_000)
    drawn = law.quantile(np.array(grid), u)
    assert drawn.mean() == pytest.approx(residuals.mean(), abs=0.05)
    assert drawn.std() == pytest.approx(residuals.std(), rel=0.06)
    assert np.quantile(np.abs(drawn), 0.995) == pytest.approx(np.quantile(np.abs(residuals), 0.995), rel=0.2)


@pytest.mark.parametrize(
    "wrong",
    [{"levels": (0.2,)}, {"levels": (0.5, 0.4)}, {"levels": (0.0, 0.5)}, {"low_tail": 0.0}, {"gap": -1.0}],
)
def test_what_is_no_law_is_refused(wrong):
    with pytest.raises(InvalidArgument):
        QuantileLaw(**({"levels": (0.2, 0.8), "low_tail": 0.1, "high_tail": 0.1, "gap": 1e-3} | wrong))
