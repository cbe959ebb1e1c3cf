"""Scales are arithmetic on functionals: closed forms, published numbers, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from causalmed.errors import ScaleNotDefined
from causalmed.results import Check, Effect, Functionals, Gate, Interval, Provenance, State, e_value
from causalmed.results.scales import attributable_fraction, difference, number_needed, odds_ratio, ratio


def two_by_two(a, n1, c, n0):
    """Functionals of a randomised 2 × 2 table, from its influence functions."""
    exposed = np.r_[np.ones(n1), np.zeros(n0)]
    outcome = np.r_[np.ones(a), np.zeros(n1 - a), np.ones(c), np.zeros(n0 - c)]
    n, p1, p0, p = n1 + n0, a / n1, c / n0, (a + c) / (n1 + n0)
    influence = np.column_stack(
        [
            exposed * (outcome - p1) * n / n1,
            (1 - exposed) * (outcome - p0) * n / n0,
            outcome - p,
        ]
    )
    return Functionals(
        labels=("exposed", "unexposed", "natural"),
        values=np.array([p1, p0, p]),
        covariance=influence.T @ influence / n**2,
        source="influence function",
    )


def effect_of(arms, **changes):
    fields = dict(
        exposure="late",
        outcome="infection",
        contrast=(1, 0),
        population="all",
        outcome_kind="binary",
        question="Late against timely prophylaxis.",
        adjustment_set=("age",),
        functionals=arms,
        crude=None,
        diagnostics=Gate(),
        estimator="TMLE()",
        n=602,
        events=79,
        clusters=None,
        assumptions=(),
        overrides=(),
        provenance=Provenance.collect(data_fingerprint="", spec="", seed=0),
    )
    return Effect(**(fields | changes))


def test_indomethacin_trial_on_every_scale(printed):
    case = printed("indo_rct")
    effect = effect_of(two_by_two(27, 295, 52, 307))
    found = [effect.risk_difference.estimate, effect.risk_ratio.estimate, effect.odds_ratio.estimate]
    assert found == pytest.approx(case["value"], abs=case["tol"])
    assert abs(effect.number_needed_to_treat.estimate) == pytest.approx(12.84, abs=0.01)  # printed: 13


def test_limits_are_the_textbook_ones():
    a, n1, c, n0 = 27, 295, 52, 307
    arms = two_by_two(a, n1, c, n0)
    z = stats.norm.ppf(0.975)
    log_rr_error = math.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
    assert math.log(ratio(arms).high / ratio(arms).estimate) == pytest.approx(z * log_rr_error, rel=1e-12)
    log_or_error = math.sqrt(1 / a + 1 / (n1 - a) + 1 / c + 1 / (n0 - c))
    assert math.log(odds_ratio(arms).high / odds_ratio(arms).estimate) == pytest.approx(
        z * log_or_error, rel=1e-12
    )
    p1, p0 = a / n1, c / n0
    wald = math.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
    assert difference(arms).std_error == pytest.approx(wald, rel=1e-12)


def test_t_distribution_is_used_where_degrees_of_freedom_are_finite():
    arms = two_by_two(27, 295, 52, 307)
    few = Functionals(
        labels=arms.labels,
        values=arms.values,
        covariance=arms.covariance,
        source="delete-one-cluster jackknife",
        degrees_of_freedom=5,
    )
    widened = (difference(few).high - difference(few).low) / (difference(arms).high - difference(arms).low)
    assert widened == pytest.approx(stats.t.ppf(0.975, 5) / stats.norm.ppf(0.975), rel=1e-12)


def test_attributable_fraction_matches_its_definition():
    arms = two_by_two(60, 200, 40, 400)
    assert attributable_fraction(arms).estimate == pytest.approx(1 - (40 / 400) / (100 / 600))


def test_number_needed_runs_through_infinity_where_the_difference_may_be_zero():
    arms = two_by_two(30, 300, 27, 300)
    rd, nnt = difference(arms), number_needed(arms)
    assert rd.low < 0 < rd.high
    assert nnt.through_infinity
    assert math.isnan(nnt.std_error)
    assert nnt.low == pytest.approx(1 / rd.low)
    assert 1e6 in nnt
    assert nnt.estimate in nnt
    assert "∞" in str(nnt)


@pytest.mark.parametrize("scale", ["risk_difference", "risk_ratio", "odds_ratio", "number_needed_to_treat"])
def test_risk_scales_are_refused_for_a_continuous_outcome(scale):
    effect = effect_of(two_by_two(27, 295, 52, 307), outcome_kind="continuous", outcome_unit="kg")
    with pytest.raises(ScaleNotDefined, match="binary outcome"):
        getattr(effect, scale)
    assert effect.to_frame()["term"].tolist() == ["mean difference"]


def test_a_ratio_to_no_risk_is_refused_not_infinite():
    arms = two_by_two(5, 100, 0, 100)
    with pytest.raises(ScaleNotDefined, match="unexposed is 0"):
        ratio(arms)
    assert "risk ratio" not in effect_of(arms).to_frame()["term"].tolist()


def test_attributable_fraction_is_only_about_everybody():
    with pytest.raises(ScaleNotDefined, match="population='all'"):
        _ = effect_of(two_by_two(27, 295, 52, 307), population="exposed").attributable_fraction


def test_e_values_as_printed(printed):
    case = printed("evalues")
    given = [(3.9, 1.8, 8.7, 1.0), (0.80, 0.71, 0.91, 1.0), (10.73, 8.02, 14.36, 1.0), (2.5, 2.5, 2.5, 1.5)]
    for (estimate, low, high, null), (point, limit) in zip(given, case["value"], strict=True):
        found = e_value(Interval(estimate=estimate, low=low, high=high, std_error=math.nan), null=null)
        assert found.estimate == pytest.approx(point, abs=case["tol"])
        if limit is not None:
            assert found.limit == pytest.approx(limit, abs=case["tol"])


def test_e_value_limit_is_one_where_no_effect_is_inside():
    assert e_value(Interval(estimate=1.2, low=0.9, high=1.6, std_error=math.nan)).limit == 1.0


def test_a_failed_gate_withholds_the_numbers_until_asked():
    failed = Gate(
        checks=(
            Check(
                name="overlap",
                state=State.FAIL,
                sentence="Two patients carry half the weight.",
                advice="Use population='overlap'.",
            ),
        )
    )
    effect = effect_of(two_by_two(27, 295, 52, 307), diagnostics=failed)
    assert "Not reported, because a check failed (overlap)" in str(effect).replace("\n", " ")
    assert "risk ratio" not in str(effect)
    assert "0.54" not in effect._repr_html_()
    assert "risk ratio" in effect.summary(show_failed=True)
    assert not effect.to_frame()["reported"].any()


def test_summary_fits_eighty_columns_and_to_dict_is_json():
    effect = effect_of(two_by_two(27, 295, 52, 307))
    assert max(len(line) for line in str(effect).splitlines()) <= 80
    assert json.loads(json.dumps(effect.to_dict(), allow_nan=False))["events"] == 79


def test_names_from_data_are_escaped_in_html():
    html = effect_of(two_by_two(27, 295, 52, 307), question="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in html


def test_functionals_are_read_only():
    arms = two_by_two(27, 295, 52, 307)
    with pytest.raises(ValueError, match="read-only"):
        arms.values[0] = 1.0
