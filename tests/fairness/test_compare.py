"""The judgement of differences: Holm, the four states, and no false alarms where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from causalmed.fairness import Comparison, Counts, Evidence, Pair, Tolerance, compare, holm
from causalmed.prediction import newcombe

TOLERANCE = Tolerance(value=0.05, stated_by="B. Member", reason="changes no decision")


def pair(group, reference, *, measure="missed", confirmatory=True):
    def counts(given):
        return (
            None
            if given is None
            else Counts(count=given[0], total=given[1], cases=given[0], patients=given[1])
        )

    blank = Comparison(attribute="sex", group="F", reference="M", measure=measure, confirmatory=confirmatory)
    return Pair(blank=blank, group=counts(group), reference=counts(reference))


def judge(*pairs, tolerance=None):
    return compare(pairs, alpha=0.05, level=0.95, tolerance=tolerance)


def test_holm_equals_statsmodels():
    p = np.random.default_rng(1).uniform(0, 0.2, 12)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    assert holm(np.array([])).tolist() == []


def test_a_clear_difference_is_shown():
    found = judge(pair((150, 300), (90, 300)))[0]
    assert found.state is Evidence.SHOWN
    assert found.difference == newcombe(150, 300, 90, 300)
    assert found.p_adjusted < 1e-5
    assert "sex F: 20 more missed per 100 with the outcome than M" in found.sentence


def test_without_a_tolerance_nothing_is_immaterial():
    found = judge(pair((50_000, 100_000), (50_000, 100_000)))[0]
    assert found.state is Evidence.CANNOT_TELL
    assert "no tolerance set by a person" in found.note


def test_inside_a_tolerance_is_no_material_difference():
    found = judge(pair((5_000, 10_000), (5_050, 10_000)), tolerance=TOLERANCE)[0]
    assert found.state is Evidence.IMMATERIAL
    shown = judge(pair((50_000, 100_000), (51_500, 100_000)), tolerance=TOLERANCE)[0]
    assert shown.state is Evidence.IMMATERIAL
    assert shown.p_adjusted < 0.05
    assert "a difference is shown" in shown.note


def test_a_small_group_cannot_tell_and_says_what_it_could_have_seen():
    found = judge(pair((3, 6), (120, 300)), tolerance=TOLERANCE)[0]
    assert found.state is Evidence.CANNOT_TELL
    assert found.detectable > 0.4
    assert "3 of 6; a difference of" in found.note


def test_detectable_difference_has_power_eighty():
    """Simulate at the gap that is said to be seen with probability 0.8."""
    rng = np.random.default_rng(2)
    n, m, base = 400, 2000, 0.4
    gap = judge(pair((round(base * n), n), (round(base * m), m)))[0].detectable
    shown = [
        judge(pair((int(rng.binomial(n, base + gap)), n), (int(rng.binomial(m, base)), m)))[0].state
        for _ in range(400)
    ]
    assert 0.72 < np.mean([state is Evidence.SHOWN for state in shown]) < 0.88


def test_one_without_patients_is_not_measured_and_does_not_count():
    missing, other = judge(pair(None, (90, 300)), pair((150, 300), (120, 300)))
    assert missing.state is Evidence.NOT_MEASURED
    assert "no patient with the outcome" in missing.sentence
    assert other.p_adjusted == judge(pair((150, 300), (120, 300)))[0].p_adjusted


def test_the_family_makes_each_comparison_stricter():
    alone = judge(pair((60, 300), (40, 300)))[0]
    among = judge(pair((60, 300), (40, 300)), *[pair((45, 300), (40, 300))] * 9)[0]
    assert alone.state is Evidence.SHOWN
    assert among.state is Evidence.CANNOT_TELL
    assert among.p_adjusted == pytest.approx(10 * alone.p_adjusted)
    assert among.difference == alone.difference
    assert among.simultaneous.low < alone.simultaneous.low


def test_exploratory_comparisons_of_few_are_not_tested():
    found = judge(pair((9, 9), (30, 300), confirmatory=False))[0]
    assert found.state is Evidence.CANNOT_TELL
    assert found.p_adjusted is None
    assert "fewer than 10" in found.note


def test_relabelling_the_groups_turns_the_sign():
    one, other = judge(pair((60, 300), (40, 280)))[0], judge(pair((40, 280), (60, 300)))[0]
    assert one.difference.low == pytest.approx(-other.difference.high)
    assert one.p_adjusted == pytest.approx(other.p_adjusted)


def null_family(rng, share=0.08):
    """Five groups (4,000 to 80 patients), 8 % events by default, no true difference in any measure."""
    sizes = (4000, 1200, 400, 160, 80)
    events = rng.binomial(sizes, share)
    missed, alarms = rng.binomial(events, 0.6), rng.binomial(np.subtract(sizes, events), 0.07)

    def counts(k, n):
        return Counts(count=int(k), total=int(n), cases=int(k), patients=int(n)) if n else None

    for k, n in ((missed, events), (alarms, np.subtract(sizes, events)), (events, sizes)):
        for at in range(1, 5):
            blank = Comparison(attribute="g", group=str(at), reference="0", measure="missed")
            yield Pair(blank=blank, group=counts(k[at], n[at]), reference=counts(k[0], n[0]))


def test_family_wise_error_where_nothing_differs():
    """Twelve comparisons, 600 audits: at most 5 % of them (and Monte-Carlo error) show any difference."""
    rng = np.random.default_rng(3)
    shown = [any(one.state is Evidence.SHOWN for one in judge(*null_family(rng))) for _ in range(600)]
    assert np.mean(shown) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 600)


def test_the_largest_gap_is_large_where_nothing_differs():
    """Why the largest minus the smallest group is no measure: it is far from 0 without any difference."""
    rng = np.random.default_rng(4)
    gaps = []
    for _ in range(300):
        events = np.maximum(rng.binomial((4000, 1200, 400, 160, 80), 0.08), 1)
        share = rng.binomial(events, 0.6) / events
        gaps.append(share.max() - share.min())
    assert np.mean(gaps) > 0.2


@pytest.mark.slow
def test_family_wise_error_at_length():
    rng = np.random.default_rng(5)
    shown = [any(one.state is Evidence.SHOWN for one in judge(*null_family(rng))) for _ in range(6000)]
    assert np.mean(shown) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 6000)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_family_wise_error_with_rare_and_frequent_outcomes(share):
    rng = np.random.default_rng(7)
    shown = [any(one.state is Evidence.SHOWN for one in judge(*null_family(rng, share))) for _ in range(1500)]
    assert np.mean(shown) <= 0.05
