"""Power in closed form against simulation of the test statistic and of its ingredients."""

import numpy as np
import pytest
from scipy import stats

from causalmed.datasets.postop_constants import CANDIDATES, CAUSES
from causalmed.datasets.postop_power import PowerDesign, exposed_risks, power


@pytest.mark.parametrize("cause", CAUSES)
def test_every_planned_cause_is_found_with_near_certainty(cause):
    plan = CAUSES[cause]
    assert power(prevalence=plan.prevalence, odds_ratio=plan.odds_ratio) >= 0.999


def test_the_design_is_that_of_the_cohort():
    design = PowerDesign()
    assert (design.candidates, design.clusters, design.patients) == (len(CANDIDATES), 24, 20_000)
    assert (design.inflation, design.alpha) == (1.5, 0.01)


def test_risks_solve_their_two_equations():
    exposed, unexposed = exposed_risks(prevalence=0.3, odds_ratio=1.8, risk=0.108)
    assert 0.3 * exposed + 0.7 * unexposed == pytest.approx(0.108, abs=1e-12)
    assert exposed / (1 - exposed) * (1 - unexposed) / unexposed == pytest.approx(1.8, abs=1e-9)


def test_power_agrees_with_simulation():
    design = PowerDesign(patients=4_000, inflation=1.0, clusters=1_000_000, candidates=1, alpha=0.05)
    exposed, unexposed = exposed_risks(prevalence=0.25, odds_ratio=1.4, risk=design.risk)
    rng = np.random.default_rng(5)
    n1, n0, draws = 1_000, 3_000, 40_000
    p1, p0 = rng.binomial(n1, exposed, draws) / n1, rng.binomial(n0, unexposed, draws) / n0
    z = (p1 - p0) / np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
    assert power(prevalence=0.25, odds_ratio=1.4, design=design) == pytest.approx(
        (z > stats.norm.ppf(0.975)).mean(), abs=0.01
    )


def test_few_hospitals_cost_power():
    few = power(prevalence=0.05, odds_ratio=1.8, design=PowerDesign(clusters=5))
    many = power(prevalence=0.05, odds_ratio=1.8, design=PowerDesign(clusters=500))
    assert few < many - 0.2
