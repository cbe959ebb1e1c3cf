"""Intervals of matching cover: simulations with a known effect."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from causalmed import Matching
from tests.estimation.matching.wards import Ward, simulate

pytestmark = pytest.mark.filterwarnings("ignore::causalmed.errors.CausalmedWarning")


def covers(card):
    """Whether the count lies where 95 % would put all but one in two thousand."""
    low, high = binom.interval(0.9995, card.draws, 0.95)
    return low <= card.cover * card.draws <= high


@pytest.mark.parametrize(
    ("ward", "spec", "population"),
    [
        (Ward(n=800, base=0.06), Matching(), "all"),
        (Ward(n=800, base=0.25), Matching(), "exposed"),
        (Ward(n=500, base=0.25), Matching(on="covariates"), "all"),
        (Ward(n=1200, base=0.15, clusters=40, practice=1.2), Matching(), "all"),
    ],
    ids=str,
)
def test_intervals_cover(ward, spec, population):
    card = simulate(ward, spec, population, draws=100, seed=5)
    assert covers(card)
    assert 0.85 < card.ratio < 1.15
    assert abs(card.bias) < 4 * card.noise


@pytest.mark.slow
@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
@pytest.mark.parametrize("base", [0.06, 0.25])
@pytest.mark.parametrize(
    "spec",
    [
        Matching(),
        Matching(on="logit", neighbours=3),
        Matching(bias_corrected=True),
        Matching(exact=["sex"]),
        Matching(on="covariates"),
        Matching(on="covariates", neighbours=3),
    ],
    ids=repr,
)
def test_intervals_cover_in_many_draws(spec, base, population):
    card = simulate(Ward(n=1000, base=base), spec, population, draws=1000, seed=6)
    assert covers(card)
    assert 0.92 < card.ratio < 1.08


@pytest.mark.slow
@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
@pytest.mark.parametrize(("clusters", "practice"), [(12, 0.0), (40, 0.0), (40, 1.2), (100, 1.2)])
def test_intervals_cover_with_clusters(clusters, practice, population):
    ward = Ward(n=max(1200, 40 * clusters), base=0.15, clusters=clusters, practice=practice)
    card = simulate(ward, Matching(), population, draws=600, seed=7)
    assert card.cover > (0.93 if clusters >= 40 else 0.90)


@pytest.mark.slow
def test_independent_errors_would_not_cover_with_clusters():
    """The same patients without their hospitals: what ignoring them costs."""
    ward = Ward(n=2000, base=0.15, clusters=40, practice=1.2)
    blind = simulate(ward, Matching(), "all", draws=200, seed=8, ignore_clusters=True)
    assert blind.cover < 0.9
