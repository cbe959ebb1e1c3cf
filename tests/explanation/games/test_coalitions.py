from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from causalmed.errors import InvalidArgument
from causalmed.explanation.games.coalitions import asymmetric, sampled, symmetric


def game(players: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=1 << players)


def brute(worth: np.ndarray, players: int, before: list[int] | None = None) -> tuple[np.ndarray, int]:
    """Average the step of every player over every order in which causes come first."""
    total, orders = np.zeros(players), 0
    for order in itertools.permutations(range(players)):
        inside, steps = 0, np.zeros(players)
        for player in order:
            if before is not None and before[player] & ~inside:
                break
            steps[player] = worth[inside | 1 << player] - worth[inside]
            inside |= 1 << player
        else:
            total, orders = total + steps, orders + 1
    return total / orders, orders


def random_order(players: int, seed: int, density: float) -> list[int]:
    """Draw a transitive relation: of each player, those that come before it."""
    rng = np.random.default_rng(seed)
    before = [0] * players
    for k in range(players):
        for j in range(k):
            if rng.random() < density:
                before[k] |= before[j] | 1 << j
    return before


def gains(shares, worth: np.ndarray) -> np.ndarray:
    return worth[shares.stop] - worth[shares.start]


@pytest.mark.parametrize("players", [1, 2, 3, 4, 5, 6])
def test_symmetric_shares_are_the_average_over_all_orders(players: int) -> None:
    worth, shares = game(players), symmetric(players)
    np.testing.assert_allclose(shares.add_up(gains(shares, worth)), brute(worth, players)[0], atol=1e-13)


@pytest.mark.parametrize("density", [0.15, 0.4, 0.8])
@pytest.mark.parametrize("players", [2, 3, 4, 5, 6])
def test_asymmetric_shares_are_the_average_over_orders_with_causes_first(
    players: int, density: float
) -> None:
    before = random_order(players, 7 * players, density)
    worth, shares = game(players, 1), asymmetric(before)
    expected, _ = brute(worth, players, before)
    np.testing.assert_allclose(shares.add_up(gains(shares, worth)), expected, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_asymmetric_shares_of_seven(seed: int) -> None:
    before = random_order(7, seed, 0.1 + 0.06 * seed)
    worth, shares = game(7, seed), asymmetric(before)
    np.testing.assert_allclose(shares.add_up(gains(shares, worth)), brute(worth, 7, before)[0], atol=1e-13)


def test_without_an_order_both_are_the_same_and_in_a_chain_there_is_one_order() -> None:
    worth = game(5, 3)
    free, all_ = asymmetric([0] * 5), symmetric(5)
    np.testing.assert_allclose(free.add_up(gains(free, worth)), all_.add_up(gains(all_, worth)), atol=1e-13)
    chain = asymmetric([0, 0b1, 0b11, 0b111, 0b1111])
    assert len(chain.start) == 5
    np.testing.assert_array_equal(chain.weight, 1.0)


@pytest.mark.parametrize(
    "shares", [symmetric(6), asymmetric(random_order(6, 2, 0.3)), sampled(15, pairs=9, seed=1)]
)
def test_shares_sum_to_what_there_is_to_share(shares) -> None:
    worth = game(shares.players, 4)
    assert shares.add_up(gains(shares, worth)).sum() == pytest.approx(worth[-1] - worth[0], abs=1e-12)
    runs = shares.add_up(gains(shares, worth), each_run=True)
    np.testing.assert_allclose(runs.mean(axis=0), shares.add_up(gains(shares, worth)), atol=1e-12)
    np.testing.assert_allclose(np.bincount(shares.joins, shares.weight), 1.0, atol=1e-12)


def test_sampled_orders_agree_with_all_of_them_within_their_spread() -> None:
    worth, shares = game(8, 5), sampled(8, pairs=400, seed=2)
    runs = shares.add_up(gains(shares, worth), each_run=True)
    error = runs.std(axis=0, ddof=1) / math.sqrt(shares.runs)
    truth = symmetric(8)
    z = (runs.mean(axis=0) - truth.add_up(gains(truth, worth))) / error
    assert np.abs(z).max() < 3.5
    assert np.sqrt(np.mean(z**2)) > 0.2


def test_too_many_sets_of_causes_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="fewer features"):
        asymmetric([0] * 14)
