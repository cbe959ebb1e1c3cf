"""Separation found by constraint generation against one large program, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from causalmed.regression import fit_logistic
from causalmed.regression.separation import find_separation


def separated_rows(matrix: NDArray[np.float64], outcome: NDArray[np.float64]) -> int:
    """Count them by one program: maximise sum t with s x'd >= t, 0 <= t <= 1, d free."""
    signed = np.where(outcome > 0, 1, -1)[:, None] * matrix
    n, p = signed.shape
    answer = linprog(
        np.concatenate([np.zeros(p), -np.ones(n)]),
        A_ub=np.hstack([-signed, np.eye(n)]),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * p + [(0, 1)] * n,
    )
    return round(-answer.fun)


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_one_large_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(6, 40)), int(rng.integers(1, 5))
    matrix = np.column_stack([np.ones(n), rng.integers(0, 3, (n, p)).astype(float)])
    outcome = (rng.random(n) < 0.25).astype(float)
    found = find_separation(matrix, outcome, [f"x{j}" for j in range(p + 1)])
    expected = separated_rows(matrix, outcome)
    assert (0 if found is None else found.rows) == expected
    if found is not None:
        assert found.complete == (expected == n)


def test_small_cohorts_are_both_separated_and_not() -> None:
    counts = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(6, 40)), int(rng.integers(1, 5))
        matrix = np.column_stack([np.ones(n), rng.integers(0, 3, (n, p)).astype(float)])
        counts.add(find_separation(matrix, (rng.random(n) < 0.25).astype(float), "abcde"[: p + 1]) is None)
    assert counts == {True, False}


def test_the_columns_that_separate_only_together_are_named() -> None:
    rng = np.random.default_rng(3)
    noise, a, b = rng.normal(size=(3, 400))
    found = find_separation(
        np.column_stack([np.ones(400), noise, a, b]),
        (a + b > 0.1).astype(float),
        ["Intercept", "noise", "a", "b"],
    )
    assert found is not None
    assert (found.columns, found.rows, found.complete) == (("a", "b"), 400, True)


def test_rows_are_added_until_none_is_violated() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=30_000)
    outcome = (x > 0).astype(float)
    outcome[np.argmin(np.abs(x + 0.01))] = 1.0
    matrix = np.column_stack([np.ones(30_000), x])
    assert find_separation(matrix, outcome, ["Intercept", "x"]) is None
    assert find_separation(matrix, (x > 0).astype(float), ["Intercept", "x"]) is not None


def test_a_fractional_outcome_forbids_separation_of_its_row() -> None:
    matrix = np.array([[1.0, 0], [1, 0], [1, 1], [1, 1]])
    assert find_separation(matrix, np.array([0, 1, 1, 0.5]), ["Intercept", "x"]) is None
    assert find_separation(matrix, np.array([0, 1, 1, 1.0]), ["Intercept", "x"]) is not None


@pytest.mark.parametrize("seed", range(20))
def test_a_fit_returns_only_where_a_maximum_exists(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([np.ones(40), rng.integers(0, 2, (40, 3)).astype(float)])
    outcome = (rng.random(40) < 0.12).astype(float)
    outcome[0], outcome[1] = 0, 1
    try:
        fit_logistic(matrix, outcome)
        finite = True
    except ArithmeticError as error:
        assert "separated by" in str(error)  # noqa: PT017
        finite = False
    assert finite == (separated_rows(matrix, outcome) == 0)
