"""The cohort beside the official model: the comparison itself, and how close it comes."""

import numpy as np
import pytest
import statsmodels.api as sm

from causalmed.datasets.calibration import compare_with_official
from causalmed.datasets.nhsn import Operation, colon_logit
from causalmed.datasets.postop_constants import NODES
from causalmed.datasets.simulate import simulate


@pytest.fixture(scope="module")
def comparison():
    return compare_with_official(patients=200_000, seed=9)


def test_the_slope_is_that_of_statsmodels(comparison):
    values = simulate(NODES, 200_000, seed=9)
    chosen = values["procedure"] == 3
    logit = colon_logit(
        Operation(
            age=values["age"][chosen],
            duration_min=values["duration_min"][chosen],
            open=values["open_approach"][chosen],
            asa_3_plus=values["asa_3_plus"][chosen],
            contaminated=values["contaminated_wound"][chosen],
            emergency=values["emergency"][chosen],
            male=values["sex"][chosen],
            general_anaesthesia=1.0,
        )
    )
    fit = sm.Logit(values["infection_30d"][chosen], sm.add_constant(logit)).fit(disp=0)
    assert comparison.slope == pytest.approx(fit.params[1], abs=1e-6)
    assert comparison.patients == chosen.sum()


def test_the_direction_of_every_term_but_age_is_the_official(comparison):
    terms = comparison.terms[~comparison.terms.index.str.startswith("age")]
    clear = terms["cohort"] / terms["std_error"]
    assert (terms["cohort"] > 0).all()
    assert (clear > 0.5).all()
    assert terms.loc["open", "cohort"] == pytest.approx(0.64, abs=0.12)


def test_risk_rises_with_the_official_risk(comparison):
    assert (np.diff(comparison.fifths["cohort"]) > 0.01).all()
    assert 1.0 < comparison.slope < 1.6
    assert comparison.rank_correlation > 0.35
    assert comparison.mean_official == pytest.approx(0.022, abs=0.004)
