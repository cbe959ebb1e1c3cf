from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, Estimand, GComputation, estimate
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.estimation.survival import incidence_curves
from tests.estimation.survival.designs import HORIZON, QUESTION, Design, cohort, draw


@pytest.fixture(scope="module")
def patients():
    return cohort(draw(Design(n=900), 2))


@pytest.fixture(scope="module")
def curves(patients):
    return incidence_curves(QUESTION, patients, AIPW(), horizon=HORIZON, points=6)


def test_curves_rise_from_nothing_to_the_effect(curves, patients):
    effect = estimate(QUESTION, patients, AIPW(), horizon=HORIZON)
    for curve, name in ((curves.exposed, "exposed"), (curves.unexposed, "unexposed")):
        assert curve.x[0] == curve.estimate[0] == 0
        assert (np.diff(curve.estimate) >= 0).all()
        assert curve.x[-1] == HORIZON
        assert curve.estimate[-1] == pytest.approx(effect.functionals[name], abs=2e-4)
        assert ((curve.low >= 0) & (curve.high <= 1)).all()
    assert curves.difference.estimate[-1] == pytest.approx(effect.risk_difference.estimate, abs=2e-4)
    assert curves.difference.low[-1] == pytest.approx(effect.risk_difference.low, abs=3e-4)


def test_the_band_is_wider_than_the_limits_of_a_point_and_narrower_than_bonferronis(curves):
    for curve in (curves.exposed, curves.unexposed, curves.difference):
        inner = curve.x > 0
        assert (curve.uniform_low < curve.low)[inner].all()
        assert (curve.uniform_high > curve.high)[inner].all()
    line = curves.difference
    ratio = (line.uniform_high - line.estimate)[1:] / (line.high - line.estimate)[1:]
    assert np.allclose(ratio, ratio[0])
    assert 1.1 < ratio[0] < 2.87 / 1.96


def test_words_and_picture(curves):
    assert curves.title.startswith("late: +")
    picture = curves.picture()
    assert "late = 1" in picture.alt
    assert len(picture.table()) == 2 * len(curves.exposed)
    assert curves.plot().get_xlabel() == "days"
    assert set(curves.to_dict()) == {"exposed", "unexposed", "difference"}
    assert "infection" in curves.summary()


def test_the_same_seed_gives_the_same_band(curves, patients):
    again = incidence_curves(QUESTION, patients, AIPW(), horizon=HORIZON, points=6, n_jobs=2)
    assert np.array_equal(again.exposed.uniform_low, curves.exposed.uniform_low)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"points": 1}, "points=1"),
        ({"horizon": 0}, "horizon=0"),
        ({"estimator": "AIPW"}, "not an estimator"),
    ],
)
def test_bad_input(patients, change, match):
    with pytest.raises(InvalidArgument, match=match):
        incidence_curves(**({"estimand": QUESTION, "cohort": patients, "horizon": HORIZON} | change))


def test_too_few_infections(patients):
    with pytest.raises(NotEnoughEvents, match="a curve needs 10"):
        incidence_curves(QUESTION, patients, horizon=0.5)
    with pytest.raises(InvalidArgument, match="cohort with times"):
        incidence_curves(QUESTION, None, horizon=3)


@pytest.mark.slow
def test_the_band_covers_the_whole_curve():
    """Simultaneous coverage over 300 studies of 800 patients, without covariates to keep it quick."""
    design, question = Design(n=800), Estimand.given(exposure="late", outcome="infection")
    inside = []
    for seed in range(300):
        table = draw(design, seed)
        table["late"] = np.random.default_rng([seed, 1]).integers(0, 2, len(table))
        table["status"], table["days"] = _given(table, seed)
        found = incidence_curves(question, cohort(table), GComputation(), horizon=HORIZON, points=10)
        truth = _truth(found.exposed.x)
        inside.append(
            bool(((found.exposed.uniform_low <= truth) & (truth <= found.exposed.uniform_high)).all())
        )
    assert 0.915 <= np.mean(inside) <= 0.985


def _given(table, seed):
    rng = np.random.default_rng([seed, 2])
    infection, death, lost = (rng.exponential(scale, len(table)) for scale in (60, 30, 70))
    event = np.minimum(infection, death)
    return np.where(lost < event, 0, np.where(infection < death, 1, 2)), np.minimum(event, lost)


def _truth(x):
    rate = 1 / 60 + 1 / 30
    return (1 / 60) / rate * -np.expm1(-rate * x)
