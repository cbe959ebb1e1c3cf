"""Worlds like that of the surgical cohort whose effects were drawn anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from causalmed.datasets import power, redraw_postop, true_effects
from causalmed.datasets.postop_constants import CAUSES, NODES, OUTCOME_NAME
from causalmed.datasets.postop_published import PUBLISHED
from causalmed.datasets.postop_redraw import limits
from causalmed.errors import InvalidArgument


def test_effects_lie_within_what_was_published_and_can_be_shown() -> None:
    world = redraw_postop(911)
    assert list(world.odds_ratios) == list(CAUSES) == list(PUBLISHED)
    for name, ratio in world.odds_ratios.items():
        low, high = limits(PUBLISHED[name])
        assert low <= ratio <= high, name
        assert power(prevalence=CAUSES[name].prevalence, odds_ratio=ratio) >= 0.999, name


def test_the_mechanisms_have_the_effects_that_were_drawn() -> None:
    world = redraw_postop(911)
    names = ["diabetes", "contaminated_wound", "hypothermia", "transfusion"]
    *causes, none = true_effects(draws=1, candidates=names, nodes=world.nodes)
    for effect in causes:
        error = math.log(effect.odds_ratio / world.odds_ratios[effect.candidate])
        assert abs(error) < 0.04, effect.candidate  # four Monte-Carlo errors of 200,000 pairs of lives
    assert none.risk_difference == 0.0
    assert abs(none.risk_natural - 0.108) < 0.004


def test_nothing_but_the_outcome_is_redrawn_and_seeds_tell_worlds_apart() -> None:
    one, same, other = redraw_postop(911), redraw_postop(911), redraw_postop(912)
    assert one.nodes == same.nodes != other.nodes
    changed = [new.name for new, old in zip(one.nodes, NODES, strict=True) if new != old]
    assert changed == [OUTCOME_NAME]


def test_cohorts_of_a_world_are_its_seed_and_hold_no_unmeasured_column() -> None:
    world = redraw_postop(911)
    one, again = world.cohort(300), world.cohort(300)
    assert one.fingerprint == again.fingerprint
    assert "frailty" not in one.names
    assert "frailty" in world.graph().latent
    assert 0.03 < np.mean(one.values(OUTCOME_NAME)) < 0.22


@pytest.mark.parametrize("seed", [-1, 1.5, "901", None])
def test_a_seed_that_is_none_is_refused(seed: object) -> None:
    with pytest.raises(InvalidArgument):
        redraw_postop(seed)  # type: ignore[arg-type]
