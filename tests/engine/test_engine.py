"""The engine's promise: the same bits, whoever computes and in whatever order."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalmed.engine import BLOCK_ROWS, Local, block_slices, exact_sum, fold_of, generator, unit_keys
from causalmed.engine.hashing import splitmix64
from causalmed.errors import InvalidArgument

finite = st.floats(-1e12, 1e12, allow_subnormal=False)


@pytest.mark.parametrize("rows", [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS + 7])
def test_blocks_cover_every_row_once(rows):
    covered = [index for block in block_slices(rows) for index in range(block.start, block.stop)]
    assert covered == list(range(rows))
    assert all(block.stop - block.start == BLOCK_ROWS for block in block_slices(rows)[:-1])


@given(st.lists(finite, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_exact_sum_is_correctly_rounded_in_any_order(values, random):
    exact = float(sum(Fraction(value) for value in values))
    shuffled = list(values)
    random.shuffle(shuffled)
    assert exact_sum([np.array([value]) for value in shuffled])[0] == exact


def test_exact_sum_keeps_shape_and_refuses_nothing_and_mixtures():
    parts = [np.ones((2, 3)), np.full((2, 3), 0.5)]
    assert exact_sum(parts).tolist() == np.full((2, 3), 1.5).tolist()
    with pytest.raises(ValueError, match="at least one part"):
        exact_sum([])
    with pytest.raises(ValueError, match="one shape"):
        exact_sum([np.ones(2), np.ones(3)])


def test_exact_sum_does_not_hand_back_its_argument():
    part = np.ones(2)
    total = exact_sum([part])
    total[0] = 9.0
    assert part[0] == 1.0


def test_total_is_the_same_for_any_number_of_threads():
    rng = np.random.default_rng(7)
    values = rng.lognormal(sigma=8, size=3 * BLOCK_ROWS + 11)

    def moments(block):
        return np.array([values[block].sum(), (values[block] ** 2).sum()])

    one, two = Local(n_jobs=1).total(moments, values.size), Local(n_jobs=2).total(moments, values.size)
    assert one.tobytes() == two.tobytes()
    assert one[0] == pytest.approx(math.fsum(values), rel=1e-13)


def test_map_keeps_the_order_and_passes_errors_on():
    assert Local(n_jobs=2).map(lambda item: item * item, range(50)) == [item * item for item in range(50)]
    with pytest.raises(ZeroDivisionError):
        Local(n_jobs=2).map(lambda item: 1 / item, [1, 0, 2])


@pytest.mark.parametrize("n_jobs", [0, -1, 1.5, True, "2"])
def test_n_jobs_must_be_a_number_of_threads(n_jobs):
    with pytest.raises(InvalidArgument, match="n_jobs"):
        Local(n_jobs=n_jobs)


def test_splitmix64_gives_the_published_first_output():
    # Java's SplittableRandom and the reference C code agree on the first output for seed 0
    assert splitmix64(np.array([0], dtype=np.uint64), 0)[0] == 0xE220A8397B1DCDAF


def test_folds_follow_the_id_not_the_row():
    ids = np.array([f"patient {number}" for number in range(1000)])
    order = np.random.default_rng(1).permutation(1000)
    folds = fold_of(unit_keys(ids), folds=5, seed=3)
    assert np.array_equal(folds[order], fold_of(unit_keys(ids[order]), folds=5, seed=3))
    counts = np.bincount(folds, minlength=5)
    assert counts.min() > 150
    assert not np.array_equal(folds, fold_of(unit_keys(ids), folds=5, seed=4))


def test_keys_of_integers_do_not_depend_on_their_width():
    wide, narrow = np.array([1, 2, 3], dtype=np.int64), np.array([1, 2, 3], dtype=np.int16)
    assert np.array_equal(unit_keys(wide), unit_keys(narrow))


def test_streams_are_addressed_by_purpose():
    first = generator(1, "noise", "age").standard_normal(4)
    generator(1, "noise", "bmi").standard_normal(100)
    assert np.array_equal(first, generator(1, "noise", "age").standard_normal(4))
    # a path is more than its concatenation
    assert generator(1, "ab", "c").random() != generator(1, "a", "bc").random()
    assert generator(1, 2).random() != generator(1, "2").random()
