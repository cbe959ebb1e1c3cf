"""The 2016 competition of the Atlantic Causal Inference Conference: real covariates, known effects."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import TMLE, Cohort, DoubleML, Estimand, estimate

SETS = (1, 2, 3)


@pytest.fixture
def simulated(table):
    """Read one set: the table as an analyst sees it, and the effects of its patients."""
    X = table("acic2016_x.csv")

    def read(k):
        made = table(f"acic2016_zymu_{k}.csv")
        seen = X.assign(z=made.z, y=np.where(made.z == 1, made.y1, made.y0))
        return seen, (made.mu1 - made.mu0).to_numpy()

    return read


def crude(seen):
    return seen.y[seen.z == 1].mean() - seen.y[seen.z == 0].mean()


def question(seen):
    return Estimand.given(exposure="z", outcome="y", adjustment_set=[n for n in seen if n not in ("z", "y")])


def test_the_truths_are_those_of_the_file(simulated, printed):
    case = printed("acic_1_3")
    found = [(effects.mean(), crude(seen)) for seen, effects in map(simulated, SETS)]
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"])


def test_adjustment_takes_away_most_of_the_confounding(simulated):
    seen, effects = simulated(2)
    effect = estimate(question(seen), Cohort.from_frame(seen), TMLE())
    assert effect.reported
    assert effect.crude_difference.estimate == pytest.approx(crude(seen))
    assert abs(effect.difference.estimate - effects.mean()) < 0.3 * abs(crude(seen) - effects.mean())
    assert effect.difference.low < effects.mean() < effect.difference.high


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
def test_boosted_trees_take_away_most_of_it_in_every_set(simulated):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    trees = {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 8, "early_stopping": False}
    spec = DoubleML(
        model="interactive",
        propensity=HistGradientBoostingClassifier(**trees),
        outcome=HistGradientBoostingRegressor(**trees),
        trim=0.01,
    )
    for seen, effects in map(simulated, SETS):
        found = estimate(question(seen), Cohort.from_frame(seen), spec, seed=1).difference.estimate
        assert abs(found - effects.mean()) < 0.45 * abs(crude(seen) - effects.mean())
