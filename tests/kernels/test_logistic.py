"""The compiled logistic kernel against its NumPy twin, and at its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from causalmed._kernels import logistic, reference


def arguments(n: int, p: int, *, groups: int = 1, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "matrix": rng.normal(size=(n, p)),
        "outcome": (rng.random(n) < 0.3).astype(float),
        "weights": rng.exponential(size=n),
        "offset": rng.normal(size=n),
        "coefficients": rng.normal(size=(groups, p)) * 0.3,
        "centre": rng.normal(size=p),
        "scale": rng.exponential(size=p),
        "rows": rng.permutation(n).astype(np.intp),
        "starts": np.linspace(0, n, groups + 1).astype(np.intp),
    }


def agree(given: dict[str, Any], *, portable: bool = False, tolerance: float = 1e-12) -> NDArray[np.float64]:
    compiled = logistic.statistics(**given, portable=portable)
    slow = reference.logistic_statistics(**given)
    assert compiled.shape == slow.shape
    agree_without_information(given, slow, portable=portable, tolerance=tolerance)
    p = given["matrix"].shape[1]
    # Sums cancel, so the error is relative to the sums of absolute values: n here bounds their order.
    size = np.maximum(np.abs(slow), np.abs(slow[:, 2 + p :]).max(axis=1, keepdims=True))
    assert np.all(np.abs(compiled - slow) <= tolerance * np.maximum(size, 1e-280))
    return compiled


def agree_without_information(
    given: dict[str, Any], full: NDArray[np.float64], *, portable: bool, tolerance: float
) -> None:
    compiled = logistic.statistics(**given, portable=portable, information=False)
    slow = reference.logistic_statistics(**given, information=False)
    p = given["matrix"].shape[1]
    assert compiled.shape == slow.shape == (len(full), 2 + p)
    assert np.array_equal(slow, full[:, : 2 + p])
    size = np.maximum(np.abs(slow), np.abs(full[:, 2 + p :]).max(axis=1, keepdims=True))
    assert np.all(np.abs(compiled - slow) <= tolerance * np.maximum(size, 1e-280))


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize(("n", "p"), [(1, 1), (2, 3), (63, 7), (64, 8), (65, 9), (1000, 31), (300, 70)])
def test_agrees_with_the_twin(n: int, p: int, portable: bool) -> None:
    agree(arguments(n, p, groups=min(n, 3)), portable=portable)


def test_optional_arrays_may_be_absent() -> None:
    given = arguments(200, 4) | {"weights": None, "offset": None, "rows": None}
    plain = agree(given)
    spelt = agree(given | {"weights": np.ones(200), "offset": np.zeros(200), "rows": np.arange(200)})
    assert np.array_equal(plain, spelt)


def test_groups_have_their_own_coefficients() -> None:
    given = arguments(300, 5, groups=3)
    together = agree(given)
    for g in range(3):
        rows = given["rows"][given["starts"][g] : given["starts"][g + 1]]
        alone = given | {
            "coefficients": given["coefficients"][[g]],
            "rows": rows,
            "starts": np.array([0, len(rows)]),
        }
        assert np.array_equal(agree(alone)[0], together[g])


def test_no_rows_give_zero_sums() -> None:
    assert not agree(arguments(0, 3)).any()


def test_an_empty_group_gives_zero_sums() -> None:
    given = arguments(10, 2, groups=2) | {"starts": np.array([0, 0, 10])}
    compiled = agree(given)
    assert not compiled[0].any()
    assert compiled[1].any()


@pytest.mark.parametrize("portable", [False, True])
def test_extreme_linear_predictors(portable: bool) -> None:
    eta = np.array([700.0, -700, 36, -36, 37.5, 800, -800, 0, -0.0, 1e-9])
    for outcome in (np.zeros(10), np.ones(10)):
        given = {
            "matrix": np.ones((10, 1)), "outcome": outcome, "weights": None, "offset": eta,
            "coefficients": np.zeros((1, 1)), "centre": np.zeros(1), "scale": np.ones(1), "rows": None,
            "starts": np.array([0, 10]),
        }  # fmt: skip
        line = agree(given, portable=portable)[0]
        assert line[1] == 7
        assert np.isfinite(line).all()
        for i in range(10):
            agree(given | {"rows": np.array([i]), "starts": np.array([0, 1])}, portable=portable)


def test_far_rows_keep_their_relative_accuracy() -> None:
    given = arguments(1, 1) | {
        "matrix": np.ones((1, 1)), "outcome": np.ones(1), "weights": None, "offset": np.array([50.0]),
        "coefficients": np.zeros((1, 1)), "centre": np.zeros(1), "scale": np.ones(1), "rows": None,
    }  # fmt: skip
    likelihood, _, score, information = logistic.statistics(**given)[0]
    small = np.exp(-50.0)
    assert [-likelihood, score, information] == pytest.approx([small] * 3, rel=1e-15)


def test_rows_of_weight_zero_do_not_count() -> None:
    given = arguments(100, 3)
    dropped = given["weights"] * (np.arange(100) % 2)
    kept = np.arange(1, 100, 2)
    full = agree(given | {"weights": dropped, "rows": None})
    half = agree(given | {"rows": kept, "starts": np.array([0, 50])})
    assert full == pytest.approx(half, rel=1e-13)


def test_not_a_number_is_not_swallowed() -> None:
    given = arguments(20, 2) | {"rows": None}
    given["matrix"][3, 1] = np.nan
    for information in (False, True):
        assert not np.isfinite(logistic.statistics(**given, information=information)[0, 0])


def test_read_only_arrays_are_accepted_and_left_alone() -> None:
    given = arguments(50, 4)
    before = {name: array.tobytes() for name, array in given.items()}
    for array in given.values():
        array.setflags(write=False)
    agree(given)
    assert {name: array.tobytes() for name, array in given.items()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"matrix": np.asfortranarray(np.ones((50, 4)))},
        {"outcome": np.ones(100)[::2]},
    ],
)
def test_arrays_that_are_not_contiguous_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not C-contiguous"):
        logistic.statistics(**(arguments(50, 4) | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": np.ones(49)}, "50 rows"),
        ({"weights": np.ones(49)}, "50 rows"),
        ({"offset": np.ones(51)}, "50 rows"),
        ({"coefficients": np.ones((1, 3))}, r"shape \(1, 4\)"),
        ({"coefficients": np.ones((2, 4))}, r"shape \(1, 4\)"),
        ({"centre": np.ones(3)}, "4 columns"),
        ({"starts": np.array([0, 51])}, "starts must rise"),
        ({"starts": np.array([20, 10])}, "starts must rise"),
        ({"starts": np.array([-1, 10])}, "starts must rise"),
        ({"starts": np.array([0])}, "shape"),
        ({"rows": np.full(50, 50)}, "outside the block of 50 rows"),
        ({"rows": np.full(50, -1)}, "outside the block of 50 rows"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logistic.statistics(**(arguments(50, 4) | change))


@pytest.mark.parametrize("change", [{"matrix": None}, {"matrix": np.ones((50, 4), dtype=np.float32)}])
def test_wrong_types_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        logistic.statistics(**(arguments(50, 4) | change))
