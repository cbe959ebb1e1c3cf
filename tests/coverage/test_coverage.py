"""Bias, standard errors and coverage: a short version by default, longer ones when asked."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, GComputation, estimate
from causalmed.errors import CausalmedWarning, PositivityViolation
from tests.coverage import cards
from tests.coverage.designs import Design, draw, grid, shift, truth
from tests.coverage.page import RESTS_ON, below, lowest, page, table
from tests.coverage.simulate import ESTIMATORS, QUESTION, Card, answers, simulate


def judge(card, *, slack=0.0):
    low, high = card.bounds()
    assert abs(card.bias) < 3.9 * card.bias_error + slack * abs(card.truth), card
    assert low - slack <= card.coverage <= high + slack, card
    assert abs(card.error_ratio - 1) < 4 / np.sqrt(2 * card.draws) + 0.05, card


@pytest.mark.parametrize(
    ("design", "draws", "some"),
    [
        (Design(n=400), 150, ("GComputation", "IPW", "IPWRA", "AIPW", "TMLE")),
        (Design(n=1200, hospitals=12), 60, ("IPWRA", "AIPW")),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_short_look(design, draws, some):
    chosen = {name: ESTIMATORS[name] for name in some}
    for card in simulate(design, draws=draws, seed=5, estimators=chosen):
        judge(card)


def test_the_bounds_catch_a_standard_error_that_is_too_small():
    """The check itself must be able to fail: intervals that ignore twelve hospitals."""
    rng = np.random.default_rng(9)
    found, only = [], {"GComputation": GComputation()}
    for _ in range(60):
        # hospitals differ three times as much as in the cards
        habit, quality = rng.normal(0, 1.2, (2, 12))
        h = rng.integers(0, 12, 1200)
        u, v = rng.normal(size=1200), rng.random(1200) < 0.4
        a = rng.random(1200) < 1 / (1 + np.exp(0.4 - u - habit[h]))
        y = rng.random(1200) < 1 / (1 + np.exp(1.3 - u - quality[h]))
        answer = answers(pd.DataFrame({"u": u, "v": v, "a": a, "y": y}), only)["GComputation"]
        found.append(answer.low <= 0 <= answer.high)
    low, _ = Card(
        estimator="",
        draws=60,
        refused=0,
        withheld=0,
        truth=0.0,
        bias=0,
        bias_error=1,
        error_ratio=1,
        coverage=0,
        coverage_ratio=0,
        coverage_odds=0,
    ).bounds()
    assert np.mean(found) < low


@pytest.mark.parametrize("design", [Design(n=800), Design(n=600, hospitals=8), Design(n=800, hospitals=50)])
def test_shared_nuisances_give_the_answers_of_estimate(design):
    frame = draw(design, np.random.default_rng(2))
    cohort = Cohort.from_frame(frame, cluster="h" if design.hospitals else None)
    for name, answer in answers(frame).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CausalmedWarning)
            effect = estimate(QUESTION, cohort, ESTIMATORS[name])
        interval = effect.difference
        assert (answer.estimate, answer.error) == (interval.estimate, interval.std_error)
        assert (answer.low, answer.high) == (interval.low, interval.high)
        assert answer.reported == effect.reported


def test_a_refusal_of_one_estimator_is_not_one_of_all():
    frame = draw(Design(n=400), np.random.default_rng(3))
    frame["a"] = np.where(np.random.default_rng(4).random(400) < 0.05, 1 - (frame.u > 0), frame.u > 0)
    with pytest.raises(PositivityViolation):
        estimate(QUESTION, Cohort.from_frame(frame), ESTIMATORS["AIPW"])
    found = answers(frame)
    assert found["GComputation"] is not None
    assert found["AIPW"] is found["TMLE"] is found["IPW"] is None


def test_the_designs_are_what_they_say():
    assert len(set(grid())) == len(grid()) == 86
    for design in (Design(prevalence=0.02, n=20_000), Design(prevalence=0.08, n=20_000, wrong="outcome")):
        frame = draw(design, np.random.default_rng(1))
        assert frame.y.mean() == pytest.approx(design.prevalence, rel=0.15)
    assert truth(Design())[0] > truth(Design(prevalence=0.02))[0] > 0
    assert truth(Design())[2] < 0.5  # the marginal odds ratio is nearer to 1 than the conditional one
    assert shift(Design(prevalence=0.02)) < shift(Design())


def rows():
    """Two lines of a table, the first with too little coverage."""
    common = {"prevalence": "0.02", "n": "500", "hospitals": "0", "wrong": "", "confounding": "0.6"}
    common["exposed_by"] = "patient"
    numbers = {"draws": "3990", "refused": "10", "withheld": "399", "truth": "0.01", "bias": "0.001"}
    more = {"bias_error": "0.0002", "error_ratio": "0.9", "seed": "1", "made_with": "causalmed 0"}
    low = {
        **common,
        "estimator": "IPW",
        **numbers,
        **more,
        "coverage": "0.93",
        "coverage_ratio": "0.94",
        "coverage_odds": "0.95",
    }
    return [low, {**low, "estimator": "TMLE", "coverage": "0.951"}]


def test_the_page_says_where_coverage_is_too_low():
    text = page(rows(), designs=86)
    assert "**2 % events, n = 500**: IPW 93.0 %. (Withheld by the gate: 100 in 1,000.)" in text
    assert "1 of the 86 designs" in text
    low, fine = table(rows()).splitlines()[2:]
    assert low.endswith("93.0 % **▼** | 94.0 % | 95.0 % |")
    assert "| 4,000 | 2.5 | 100 | +1.00 (± 0.39) | 0.900 |" in low
    assert "▼" not in fine
    assert "Nowhere" in below(rows()[1:])
    assert lowest(4000) == pytest.approx(0.9397, abs=1e-4)


def test_the_published_page_is_of_the_stored_table():
    published = cards.PAGE.read_text()
    assert published == page(cards.stored(), designs=len(grid()))
    told = {cards.key(row) for row in cards.stored()}
    assert len(told) * len(ESTIMATORS) == len(cards.stored())


def test_bias_of_a_wrong_model_is_expected_only_where_nothing_else_holds():
    wrong = {**rows()[0], "wrong": "propensity"}
    assert "93.0 % expected | 94.0 %" in table([wrong])
    assert "**▼**" in table([{**wrong, "estimator": "AIPW"}])


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        Design(n=500),
        Design(prevalence=0.08),
        Design(hospitals=60),
        Design(hospitals=12),
        Design(wrong="propensity"),
        Design(wrong="outcome"),
    ],
    ids=lambda design: design.name,
)
def test_cards(design):
    draws = 500 if design.hospitals == 12 else 2000
    for card in simulate(design, draws=draws, seed=2):
        if RESTS_ON.get(design.wrong) == card.estimator:
            assert abs(card.bias) > 3.9 * card.bias_error, card
        else:
            judge(card, slack=0.005)
