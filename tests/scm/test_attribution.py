"""Shapley values against their definition."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from causalmed.scm.attribution import permutation_pairs, shapley_by_permutations, shapley_exact


def random_game(players: int, seed: int):
    values = np.random.default_rng(seed).normal(size=(2**players, 3))
    return lambda bits: values[bits]


@pytest.mark.parametrize("players", [1, 2, 3, 5])
def test_subsets_and_all_orders_of_entry_agree(players):
    game = random_game(players, seed=players)
    exact = shapley_exact(game, players)
    all_orders = shapley_by_permutations(game, permutations(range(players)))
    assert exact == pytest.approx(all_orders.mean(axis=0), abs=1e-12)
    assert exact.sum(axis=0) == pytest.approx(game(2**players - 1) - game(0), abs=1e-12)


def test_a_player_without_influence_gets_nothing_and_equals_get_the_same():
    found = shapley_exact(lambda bits: np.array(float((bits & 0b011) == 0b011)), 3)
    assert found.tolist() == [0.5, 0.5, 0.0]


def test_every_order_of_entry_sums_to_the_whole():
    game, orders = random_game(9, seed=4), permutation_pairs(9, pairs=3, seed=2)
    parts = shapley_by_permutations(game, orders)
    assert parts.sum(axis=1) == pytest.approx(np.tile(game(511) - game(0), (6, 1)), abs=1e-12)
    assert orders == permutation_pairs(9, pairs=3, seed=2)
    assert orders != permutation_pairs(9, pairs=3, seed=3)


def test_a_subset_is_asked_for_once():
    asked: list[int] = []

    def game(bits):
        asked.append(bits)
        return np.array(float(bits))

    shapley_by_permutations(game, permutations(range(4)))
    assert sorted(asked) == list(range(16))
