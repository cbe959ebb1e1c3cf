"""Bias, standard errors and coverage: a short version by default, the full cards when asked."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, GComputation


def _load():
    spec = importlib.util.spec_from_file_location(
        "coverage_simulate", Path(__file__).with_name("simulate.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


simulation = _load()


def judge(card, *, error_tolerance):
    low, high = card.bounds()
    assert abs(card.bias) < 3.9 * card.bias_error, card
    assert low <= card.coverage <= high, card
    assert abs(card.error_ratio - 1) < error_tolerance, card


@pytest.mark.parametrize(("name", "draws"), [("small", 150), ("12 hospitals", 60)])
def test_a_short_look(name, draws):
    cards = simulation.simulate({"AIPW": AIPW()}, simulation.DESIGNS[name], draws=draws, seed=5)
    for card in cards:
        judge(card, error_tolerance=4 / np.sqrt(2 * draws) + 0.05)


def test_the_bounds_catch_a_standard_error_that_is_too_small():
    """The check itself must be able to fail: intervals that ignore twelve hospitals."""
    design = simulation.Design(name="strong", n=1200, hospitals=12, between=1.2)

    frames = [simulation.draw(design, np.random.default_rng([9, k])) for k in range(60)]
    from causalmed import Cohort, Estimand, estimate

    # adjusted for both confounders, so centred on the truth, but as if patients were independent
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
    right = simulation.truth(design)
    covered = [
        right in estimate(question, Cohort.from_frame(frame), GComputation()).difference for frame in frames
    ]
    low, _ = simulation.Card(
        estimator="", design="", draws=60, refused=0, bias=0, bias_error=1, error_ratio=1, coverage=0
    ).bounds()
    assert np.mean(covered) < low


RIGHT = {
    "propensity wrong": ("GComputation", "AIPW", "TMLE"),
    "outcome wrong": ("IPW", "AIPW", "TMLE"),
}
"""Who must still be right when one model is wrong."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(simulation.DESIGNS))
def test_cards(name):
    design = simulation.DESIGNS[name]
    draws = 2000
    for card in simulation.simulate(simulation.estimators(), design, draws=draws, seed=1):
        if card.estimator in RIGHT.get(name, (card.estimator,)):
            low, high = card.bounds()
            assert abs(card.bias) < 3.9 * card.bias_error + 5e-4, card
            assert low - 0.005 <= card.coverage <= max(high, 0.985), card
            assert 0.94 < card.error_ratio < 1.15, card
        else:
            assert abs(card.bias) > 3.9 * card.bias_error, card


def test_the_estimators_that_are_simulated():
    assert set(simulation.estimators().values()) == {GComputation(), IPW(), AIPW(), TMLE()}
