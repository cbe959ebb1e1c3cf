from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from scipy.special import expit

from causalmed.explanation.shap_adapter import by_permutations
from causalmed.explanation.shapley import exact


def logistic(players: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=players)
    return lambda rows: expit(rows @ slope + 0.7 * rows[:, 0] * rows[:, -1] - 1.0)


def data(rows: int, players: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, players))


def brute(risk, patient: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Average the step of every player over every order, row by row, as the definition says."""
    players = len(patient)
    total = np.zeros(players)
    orders = list(itertools.permutations(range(players)))
    for order in orders:
        rows = background.copy()
        before = risk(rows).mean()
        for player in order:
            rows[:, player] = patient[player]
            after = risk(rows).mean()
            total[player] += after - before
            before = after
    return total / len(orders)


def test_equal_to_the_average_over_all_orders() -> None:
    risk, background, patients = logistic(5), data(23, 5), data(3, 5, seed=2)
    found = exact(risk, patients=patients, background=background)
    expected = [brute(risk, patient, background) for patient in patients]
    np.testing.assert_allclose(found.values, expected, atol=1e-13)


def test_equal_to_shap() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    risk, background, patients = logistic(6), data(150, 6), data(4, 6, seed=2)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    theirs = shap.explainers.ExactExplainer(risk, masker)(patients)
    found = exact(risk, patients=patients, background=background)
    np.testing.assert_allclose(found.values, theirs.values, atol=1e-10)
    assert found.start == pytest.approx(float(theirs.base_values[0]), abs=1e-12)


def test_closed_form_of_a_linear_model() -> None:
    slope = np.array([0.02, -0.01, 0.03])
    background, patients = data(40, 3), data(2, 3, seed=5)
    found = exact(lambda rows: 0.3 + rows @ slope, patients=patients, background=background)
    np.testing.assert_allclose(found.values, slope * (patients - background.mean(axis=0)), atol=1e-14)
    error = np.abs(slope) * background.std(axis=0, ddof=1) / np.sqrt(len(background))
    np.testing.assert_allclose(found.background_error, np.tile(error, (2, 1)), atol=1e-14)


def test_a_column_the_model_ignores_gets_nothing() -> None:
    found = exact(lambda rows: expit(rows[:, 0]), patients=data(5, 4), background=data(60, 4, seed=3))
    assert np.all(found.values[:, 1:] == 0)
    assert np.all(found.background_error[:, 1:] == 0)


def test_two_columns_used_alike_share_alike() -> None:
    background = np.zeros((5, 2))
    found = exact(
        lambda rows: expit(rows[:, 0] * rows[:, 1]), patients=np.array([[2.0, 2.0]]), background=background
    )
    assert found.values[0, 0] == pytest.approx(found.values[0, 1], abs=1e-15)


def test_error_of_the_background_is_that_of_other_backgrounds() -> None:
    risk, patients = logistic(3), data(1, 3, seed=7)
    rng = np.random.default_rng(8)
    draws = np.array(
        [exact(risk, patients=patients, background=rng.normal(size=(80, 3))).values[0] for _ in range(400)]
    )
    error = exact(risk, patients=patients, background=rng.normal(size=(4000, 3))).background_error[0]
    np.testing.assert_allclose(draws.std(axis=0), error * np.sqrt(4000 / 80), rtol=0.15)


def test_one_row_of_background_has_no_error() -> None:
    found = exact(logistic(3), patients=data(2, 3), background=data(1, 3, seed=4))
    assert np.isnan(found.background_error).all()


def test_permutations_agree_with_all_coalitions_within_their_error() -> None:
    risk, background, patients = logistic(6), data(150, 6), data(4, 6, seed=2)
    truth = exact(risk, patients=patients, background=background)
    found = by_permutations(risk, patients=patients, background=background, seed=3)
    z = (found.values - truth.values) / found.monte_carlo_error
    assert np.sqrt(np.mean(z**2)) < 1.8
    assert found.monte_carlo_error.max() < 0.02
    np.testing.assert_allclose(found.values.sum(axis=1) + found.start, risk(patients), atol=1e-10)


def test_permutations_use_every_row_of_the_background() -> None:
    """A linear model shows the mean of the background: a background cut at 100 rows would not give it."""
    background = np.zeros((1000, 13))
    background[900:, 0] = 1.0
    found = by_permutations(
        lambda rows: 0.5 + 0.1 * rows[:, 0], patients=np.ones((1, 13)), background=background, seed=0
    )
    assert found.values[0, 0] == pytest.approx(0.1 * 0.9, abs=1e-12)


def test_permutations_are_seeded_and_leave_the_global_generator_alone() -> None:
    risk, background, patients = logistic(4), data(50, 4), data(2, 4, seed=2)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = by_permutations(risk, patients=patients, background=background, seed=3)
    two = by_permutations(risk, patients=patients, background=background, seed=3)
    other = by_permutations(risk, patients=patients, background=background, seed=4)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert np.array_equal(one.values, two.values)
    assert not np.array_equal(one.values, other.values)
