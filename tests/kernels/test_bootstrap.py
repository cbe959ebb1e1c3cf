"""The kernel of the weighted bootstrap against its NumPy twin, in single precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from causalmed._kernels import bootstrap as kernel
from causalmed._kernels.reference_bootstrap import bootstrap_totals, bootstrap_weights
from causalmed.engine.hashing import splitmix64

N, EXPOSED = 700, 260
KEYS = splitmix64(np.arange(N, dtype=np.uint64), 5)


def inputs(*, apart=False, propensity=True, outcome=True, scale=0.05):
    rng = np.random.default_rng(4)
    matrices = [
        rng.normal(size=(N, 8)) if propensity else None,
        rng.normal(size=(N, 12)) if outcome and apart else None,
        rng.normal(size=(N, 12)) if outcome else None,
    ]
    matrices = [None if z is None else z.astype(np.float32) for z in matrices]
    steps = [
        None if z is None else rng.normal(0, scale, (z.shape[1], 64)).astype(np.float32) for z in matrices
    ]
    return {
        "keys": KEYS,
        "group": 3,
        "exposed": EXPOSED,
        "outcome": (rng.random(N) < 0.2).astype(np.float32),
        "base": rng.normal(0, 0.7, (3, N)).astype(np.float32),
        "residuals": rng.normal(size=(2, N)).astype(np.float32),
        "matrices": matrices,
        "steps": steps,
        "lift": np.exp(rng.normal(0, 0.1, (3, 64))).astype(np.float32),
        "arms": np.array([[1, 0.5, 0.3, 4, 1], [0, 1, 0.2, 3, 0.5]], dtype=np.float32),
        "first": 0,
        "last": N,
        "logistic": True,
        "weighted": False,
        "targeted": False,
        "bound": 1e-6,
    }


CASES = {
    "one matrix for both arms": {},
    "two matrices": {"apart": True},
    "no outcome model": {"outcome": False},
    "no propensity model": {"propensity": False},
}
OPTIONS = {
    "plain": {},
    "linear": {"logistic": False},
    "weighted": {"weighted": True},
    "targeted": {"targeted": True},
    "linear, targeted": {"logistic": False, "targeted": True, "bound": 0.1},
    "some rows": {"first": 37, "last": 512},
    "rows of one arm": {"first": 300, "last": 450},
}


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("case", CASES)
def test_a_pass_is_its_twin(case, option, portable):
    given = inputs(**CASES[case]) | OPTIONS[option] | {"residuals": None}
    expected = bootstrap_totals(**given)
    assert_close(kernel.totals(**given, portable=portable), expected)


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_first_pass_is_its_twin(case, portable):
    given = inputs(**CASES[case]) | {"steps": None}
    assert_close(kernel.totals(**given, portable=portable), bootstrap_totals(**given))


def assert_close(found, expected):
    """Sums of some hundred terms of single precision."""
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 10
    size = np.maximum(np.abs(expected), np.abs(expected).mean(axis=1, keepdims=True))
    assert np.abs(found - expected).max() < 3e-4
    assert (np.abs(found - expected) <= 2e-5 * size + 2e-5).all()


@pytest.mark.parametrize("portable", [False, True])
def test_weights_are_their_twin_and_exponential(portable):
    keys = splitmix64(np.arange(4000, dtype=np.uint64), 1)
    weights = kernel.weights(keys, 7, portable)
    expected = bootstrap_weights(keys, 7)
    assert np.abs(weights - expected).max() < 2e-6
    assert weights.min() > 0
    for replicate in (0, 1, 63):
        assert kstest(weights[:, replicate], "expon").pvalue > 1e-4
    for row in (0, 1999):
        many = np.concatenate([kernel.weights(keys[row : row + 1], group)[0] for group in range(40)])
        assert kstest(many, "expon").pvalue > 1e-4


def test_weights_of_rows_and_of_replicates_are_uncorrelated():
    weights = kernel.weights(splitmix64(np.arange(20_000, dtype=np.uint64), 1), 0).astype(float)
    away = np.corrcoef(weights.T)[np.triu_indices(64, 1)]
    assert np.abs(away).max() < 4.9 / np.sqrt(20_000)  # 2,016 correlations
    assert abs(away.mean()) < 5 / np.sqrt(20_000 * len(away))


def test_a_row_keeps_its_weights_in_any_company():
    alone = kernel.weights(KEYS[13:14], 2)
    assert np.array_equal(kernel.weights(KEYS, 2)[13], alone[0])


def test_blocks_add_up():
    given = inputs(apart=True) | {"residuals": None}
    whole = kernel.totals(**given)
    parts = [kernel.totals(**given | {"first": a, "last": b}) for a, b in ((0, 250), (250, 290), (290, N))]
    assert np.allclose(sum(parts), whole, rtol=1e-5, atol=1e-4)


def test_linear_predictors_far_out_stay_finite():
    given = inputs(apart=True, scale=40.0) | {"residuals": None, "targeted": True}
    assert np.isfinite(kernel.totals(**given)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 5, "last": 5},
        {"last": N + 1},
        {"outcome": np.zeros(N - 1, dtype=np.float32)},
        {"base": np.zeros((2, N), dtype=np.float32)},
        {"matrices": [np.zeros((N, 7), dtype=np.float32), None, None]},
        {"matrices": [np.zeros((N - 1, 8), dtype=np.float32), None, None]},
        {"steps": [np.zeros((4, 64), dtype=np.float32), None, np.zeros((12, 64), dtype=np.float32)]},
        {"lift": np.zeros((3, 63), dtype=np.float32)},
        {"residuals": np.zeros((2, N), dtype=np.float32)},
        {"exposed": N + 1},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match=r"rows|matri|steps|lift|belong"):
        kernel.totals(**inputs() | {"residuals": None} | wrong)
