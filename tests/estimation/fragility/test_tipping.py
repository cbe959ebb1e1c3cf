"""Tipping points: with the confounder enumerated, the formula is exact."""

from __future__ import annotations

import math

import pytest

from causalmed.errors import InvalidArgument
from causalmed.estimation.fragility import adjust_for_confounder, tipping_point
from causalmed.results import Interval


def observed_ratio(true_ratio, gamma, p1, p0, base=0.05):
    """Risk ratio that is seen when U is not: P(U=1|A) enumerated."""
    exposed = base * true_ratio * (p1 * gamma + 1 - p1)
    unexposed = base * (p0 * gamma + 1 - p0)
    return exposed / unexposed


@pytest.mark.parametrize(
    ("true_ratio", "gamma", "p1", "p0"), [(1.0, 3, 0.5, 0.1), (0.7, 2, 0.2, 0.6), (2, 5, 0.3, 0)]
)
def test_the_confounder_is_taken_out_exactly(true_ratio, gamma, p1, p0):
    seen = observed_ratio(true_ratio, gamma, p1, p0)
    ratio = Interval(estimate=seen, low=seen / 1.3, high=seen * 1.3, std_error=0.1)
    left = adjust_for_confounder(ratio, risk_ratio=gamma, prevalence_exposed=p1, prevalence_unexposed=p0)
    assert left.estimate == pytest.approx(true_ratio, rel=1e-12)
    assert left.high / left.low == pytest.approx(1.69)


@pytest.mark.parametrize(("seen", "p1", "p0"), [(1.5, 0.6, 0.2), (0.6, 0.1, 0.5), (1.4, 0.2, 0.0)])
def test_the_tipping_confounder_tips(seen, p1, p0):
    ratio = Interval(estimate=seen, low=seen / 1.1, high=seen * 1.1, std_error=0.1)
    tip = tipping_point(ratio, prevalence_exposed=p1, prevalence_unexposed=p0)
    for gamma, end in ((tip.risk_ratio, seen), (tip.risk_ratio_limit, ratio.low if seen > 1 else ratio.high)):
        left = adjust_for_confounder(
            Interval(estimate=end, low=end, high=end, std_error=0.0),
            risk_ratio=gamma,
            prevalence_exposed=p1,
            prevalence_unexposed=p0,
        )
        assert left.estimate == pytest.approx(1.0, rel=1e-12)


def test_too_small_an_imbalance_cannot_explain():
    ratio = Interval(estimate=3.0, low=2.0, high=4.5, std_error=0.5)
    tip = tipping_point(ratio, prevalence_exposed=0.5, prevalence_unexposed=0.4)
    assert math.isinf(tip.risk_ratio)
    assert "could not explain" in str(tip)
    assert tip.to_dict()["risk_ratio"] is None


def test_an_interval_that_holds_one_is_tipped_already():
    ratio = Interval(estimate=1.1, low=0.9, high=1.4, std_error=0.1)
    assert tipping_point(ratio, prevalence_exposed=0.5, prevalence_unexposed=0.1).risk_ratio_limit == 1


@pytest.mark.parametrize("shares", [(1.2, 0.1), (0.3, 0.3), ("a", 0.1), (True, 0.1)])
def test_refusals(shares):
    ratio = Interval(estimate=1.5, low=1.2, high=1.9, std_error=0.2)
    with pytest.raises(InvalidArgument):
        tipping_point(ratio, prevalence_exposed=shares[0], prevalence_unexposed=shares[1])
