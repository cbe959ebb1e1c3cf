"""Simultaneous tests and intervals against closed forms and a slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalmed.engine import generator
from causalmed.estimation import critical_value, max_draws
from causalmed.screening.simultaneous import step_down


def slow_step_down(statistics, drawn):
    order = sorted(range(len(statistics)), key=lambda j: -abs(statistics[j]))
    answer, worst = np.empty(len(statistics)), 0.0
    for k, j in enumerate(order):
        largest = drawn[:, order[k:]].max(axis=1)
        worst = max(worst, (1 + np.sum(largest >= abs(statistics[j]))) / (1 + len(drawn)))
        answer[j] = worst
    return answer


def test_step_down_is_its_definition():
    rng = np.random.default_rng(1)
    drawn = np.abs(rng.normal(size=(500, 7)))
    statistics = rng.normal(size=7) * 2
    assert np.allclose(step_down(statistics, drawn), slow_step_down(statistics, drawn), rtol=0, atol=0)


@pytest.mark.parametrize("m", [1, 5, 26])
def test_independent_normals_have_the_sidak_value(m):
    drawn = max_draws(np.eye(m), degrees_of_freedom=np.inf, random=generator(1, "test"))
    exact = stats.norm.ppf(0.5 + 0.5 * 0.95 ** (1 / m))
    assert critical_value(drawn, 0.05) == pytest.approx(exact, abs=0.03)


def test_one_comparison_with_few_hospitals_is_the_t_test():
    drawn = max_draws(np.eye(1), degrees_of_freedom=11, random=generator(2, "test"))
    assert critical_value(drawn, 0.05) == pytest.approx(stats.t.ppf(0.975, 11), abs=0.04)
    p = step_down(np.array([2.5]), drawn)[0]
    assert p == pytest.approx(2 * stats.t.sf(2.5, 11), abs=0.002)


def test_perfectly_correlated_effects_cost_nothing():
    drawn = max_draws(np.ones((6, 6)), degrees_of_freedom=np.inf, random=generator(3, "test"))
    assert critical_value(drawn, 0.05) == pytest.approx(1.96, abs=0.03)


def test_the_seed_decides():
    one, two = (
        max_draws(np.eye(2), degrees_of_freedom=5, random=generator(s, "test"), draws=10) for s in (1, 1)
    )
    other = max_draws(np.eye(2), degrees_of_freedom=5, random=generator(2, "test"), draws=10)
    assert (one == two).all()
    assert not (one == other).any()
