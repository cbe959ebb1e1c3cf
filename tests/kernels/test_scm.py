"""The kernel of structural causal models against its NumPy twin, and its numbers against their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from causalmed._kernels import reference_scm as reference
from causalmed._kernels import scm
from causalmed.scm import (
    BoostedBinary,
    BoostedLevels,
    BoostedMean,
    BoostedQuantiles,
    Categorical,
    Empirical,
    Factor,
    LinearGaussian,
    LogisticBinary,
    Ordinal,
    Predictor,
    QuantileLaw,
    ScaledGaussian,
    Term,
    Trees,
)
from causalmed.scm.compiling import Assembler, Op
from causalmed.scm.program import Program, stream_key

ROWS = 1000
NONE = [np.zeros((0, width), dtype=np.int32) for width in (3, 4, 3)]


def predictor() -> Predictor:
    """An intercept, a square, an indicator, a product, and a column with enough levels for a table."""
    wards = {f"ward={k}": 0.3 * k for k in range(1, 5)}
    return Predictor.of(-0.4, {"a": 0.7, "a**2": -0.1, "b": 0.5, "a:b": 0.2, "a:ward=2": -0.6, **wards})


def everything() -> Assembler:
    """Every step there is."""
    made, eta, log = Assembler(), predictor(), LinearGaussian(predictor=predictor(), sd=0.4, log=True)
    reads = {name: ("", name) for name in ("a", "b", "ward")}
    before = {name: ("was", name) for name in reads}
    line = LinearGaussian(predictor=eta, sd=0.8)
    ordinal = Ordinal(predictor=Predictor(terms=eta.terms), cuts=(-1.0, 0.2, 1.5), codes=(0.0, 1.0, 2.0, 5.0))
    categorical = Categorical(
        predictors=(
            eta,
            eta.with_coefficients(-eta.coefficients),
            eta.with_coefficients(3 * eta.coefficients),
        )
    )
    binary = LogisticBinary(predictor=eta)
    support = tuple(np.random.default_rng(4).normal(size=301).cumsum().round(3))
    root = Empirical.of(np.sort(np.array(support)))
    laws = {"line": line, "log": log, "binary": binary, "ordinal": ordinal, "categorical": categorical}
    for name, law in laws.items():
        made.draw(name, law, target=("", name), reads=reads)
    made.draw("root", root, target=("", "root"), reads={})
    for name in ("line", "log"):
        made.move(laws[name], target=("", name + "*"), observed=("", name), before=before, after=reads)
        made.mean(laws[name], target=("mean", name), reads=reads)
    made.mean(binary, target=("mean", "binary"), reads=reads)
    made.draw("binary", binary, target=("was", "binary"), reads=before)
    uniform = made.noise("flipped", binary)
    how = {"observed": ("was", "binary"), "uniform": uniform, "before": before, "after": reads}
    made.flip(binary, target=("flipped", "binary"), **how)
    for name in ("binary", "ordinal", "categorical"):
        seen = ("was", name)
        made.draw(name, laws[name], target=seen, reads=before)
        uniform = made.noise("again " + name, binary)
        made.posterior(laws[name], target=("u", name), observed=seen, uniform=uniform, before=before)
        made.draw(name, laws[name], target=("same", name), reads=before, noise=("u", name))
        made.draw(name, laws[name], target=("", name + "*"), reads=reads, noise=("u", name))
        made.keep(laws[name], target=("", name + "*"), observed=seen, before=before, after=reads)
    boosted(made, reads, before)
    return made


def trees(seed: int, depth: int) -> Trees:
    """Trees with splits at ends, at values that occur, and some that are not there."""
    rng = np.random.default_rng(seed)
    shape = (7, 2**depth - 1)
    cuts = np.where(rng.random(shape) < 0.1, np.inf, rng.normal(size=shape).round(1))
    leaves = rng.normal(size=(7, 2**depth)) / 5
    return Trees(
        columns=("a", "b", "ward"),
        start=0.3,
        features=rng.integers(0, 3, shape),
        thresholds=cuts,
        leaves=leaves,
    )


def boosted(made: Assembler, reads: Any, before: Any) -> None:
    """Steps of boosted mechanisms and of modelled spread."""
    scaled = ScaledGaussian(predictor=predictor(), spread=Predictor.of(-0.5, {"a": 0.3, "b": -0.2}))
    made.draw("scaled", scaled, target=("", "scaled"), reads=reads)
    law = QuantileLaw(levels=(0.1, 0.4, 0.5, 0.8), low_tail=0.2, high_tail=0.3, gap=1e-3)
    mean = BoostedMean(trees=trees(1, 5), residuals=(-1.0, -0.2, 0.1, 1.5), law=law)
    whole = BoostedQuantiles(trees=tuple(trees(k, 1 + k) for k in range(4)), law=law)
    binary = BoostedBinary(trees=trees(9, 6), intercept=0.2, slope=0.7)
    levels = BoostedLevels(trees=tuple(trees(20 + k, 3) for k in range(3)), codes=(0.0, 1.0, 4.0), slope=0.8)
    for name, law_of in {"mean": mean, "whole": whole, "boosted": binary, "levels": levels}.items():
        made.draw(name, law_of, target=("", name), reads=reads)
        made.draw(name, law_of, target=("was", name), reads=before)
    for name, law_of in {"mean": mean, "boosted": binary, "scaled": scaled}.items():
        made.mean(law_of, target=("mean", name), reads=reads)
    made.move(mean, target=("", "mean*"), observed=("was", "mean"), before=before, after=reads)
    made.rank(whole, target=("u", "whole"), observed=("was", "whole"), before=before)
    made.draw("whole", whole, target=("same", "whole"), reads=before, noise=("u", "whole"))
    made.draw("whole", whole, target=("", "whole*"), reads=reads, noise=("u", "whole"))


def columns(rows: int) -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(1)
    found = {
        ("", "a"): rng.normal(size=rows),
        ("", "b"): (rng.random(rows) < 0.4).astype(float),
        ("", "ward"): rng.integers(0, 6, rows).astype(float),
        ("was", "a"): rng.normal(size=rows),
        ("was", "ward"): rng.integers(0, 6, rows).astype(float),
        ("was", "b"): np.ones(1),
    }
    found["was", "a"][:100] = found["", "a"][:100]
    return found


def run(
    program: Program, what: Any, *, rows: int = ROWS, first: int = 0, part: slice = slice(None), **more: Any
):
    keys = np.array([stream_key(3, name) for name in program.noises])
    given = {program.slots[s]: c if len(c) == 1 else c[part].copy() for s, c in columns(rows).items()}
    n = len(range(*part.indices(rows)))
    outputs = {slot: np.full(n, np.nan) for slot in program.slots.values() if slot not in given}
    what(
        program.steps, program.predictors, program.pieces, program.factors, program.numbers, keys, given,
        outputs, first, n, len(program.slots), forest=program.forest, **more,
    )  # fmt: skip
    return {name: outputs[slot] for name, slot in program.slots.items() if slot in outputs}


@pytest.mark.parametrize("portable", [False, True])
def test_every_step_agrees_with_its_twin(portable):
    program = everything().finished()
    assert set(program.steps[:, 0]) == set(Op)
    found, expected = run(program, scm.run, portable=portable), run(program, reference.run)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-13, err_msg=str(name))


def test_a_posterior_gives_back_what_was_observed():
    found = run(everything().finished(), scm.run)
    for name in ("binary", "ordinal", "categorical"):
        np.testing.assert_array_equal(found["same", name], found["was", name])
        assert len(set(found["was", name])) > 1


def test_a_part_of_the_rows_is_the_part_of_the_whole():
    program = everything().finished()
    whole = run(program, scm.run)
    for start, stop in [(0, 256), (256, 1000), (512, 513), (768, 1000)]:
        piece = run(program, scm.run, first=start, part=slice(start, stop))
        for name, values in piece.items():
            np.testing.assert_array_equal(values, whole[name][start:stop], err_msg=str(name))


def test_known_answers_of_philox():
    first, second = reference.uniforms(np.zeros(2, dtype=np.uint32), np.zeros(1, dtype=np.uint64))
    # Salmon et al., Random123, known answers of philox4x32 with 7 rounds, counter and key zero
    words = (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)
    expected = [((high << 20) | (low >> 12)) * 2.0**-52 + 2.0**-53 for high, low in (words[:2], words[2:])]
    assert [first[0, 0], second[0, 0]] == expected


def test_noise_follows_its_law_and_streams_are_independent():
    steps = np.array([[0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0], [1, 2, 2, 0, 0, 0, 0, 0]])
    keys = np.array([stream_key(1, name) for name in "abc"])
    rows = 400_000
    out = {slot: np.empty(rows) for slot in range(3)}
    scm.run(steps.astype(np.int32), *NONE, np.zeros(1), keys, {}, out, 256 * 2**32 - 256, rows, 3)
    assert stats.kstest(out[0], "uniform").pvalue > 1e-3
    assert stats.kstest(out[1], "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(out[1])) < 4 * np.sqrt(24 / rows)
    pairs = [(out[1], out[2]), (out[0], out[1]), (out[1][:-1], out[1][1:]), (out[1][:-128], out[1][128:])]
    for one, two in pairs:
        assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(rows)
    halves = out[1][: rows // 256 * 256].reshape(-1, 256)
    assert abs(np.corrcoef(halves[:, :128].ravel() ** 2, halves[:, 128:].ravel() ** 2)[0, 1]) < 0.01


@pytest.mark.parametrize("kind", ["<f8", "<f4", "|i1", "<i8"])
def test_outputs_of_every_type(kind):
    made = Assembler()
    law = LogisticBinary(predictor=Predictor.of(0.3))
    made.draw("x", law, target=("", "x"), reads={})
    program, out = made.finished(), np.zeros(1001, dtype=kind)
    program.run(rows=1001, keys={"x": stream_key(1)}, given={}, outputs={("", "x"): out}, n_jobs=2)
    plain = np.empty(1001)
    program.run(rows=1001, keys={"x": stream_key(1)}, given={}, outputs={("", "x"): plain})
    np.testing.assert_array_equal(out, plain)
    assert 0 < plain.mean() < 1


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 2.0, np.nan, np.inf])
def test_noise_from_outside_never_leads_out_of_the_support(value):
    made = Assembler()
    root = Empirical(support=(1.0, 2.0, 4.0), weights=(0.2, 0.3, 0.5))
    made.draw("x", root, target=("", "x"), reads={}, noise=("", "u"))
    out = np.empty(3)
    made.finished().run(rows=3, keys={}, given={("", "u"): np.array([value])}, outputs={("", "x"): out})
    assert set(out) <= {1.0, 2.0, 4.0}


def test_odd_inputs_do_not_reach_outside_a_table():
    made = Assembler()
    ward = Predictor.of(0.0, {f"ward={k}": 1.0 for k in range(1, 5)})
    made.mean(LinearGaussian(predictor=ward, sd=1.0), target=("", "y"), reads={"ward": ("", "ward")})
    wards, out = np.array([-1.0, 0.0, 1.0, 4.0, 5.0, 1e300, 1.5, -np.inf, np.inf, np.nan]), np.empty(10)
    made.finished().run(rows=10, keys={}, given={("", "ward"): wards}, outputs={("", "y"): out})
    assert out.tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]


def test_extreme_predictors_are_finite():
    for eta in (-1e5, -709.0, 709.0, 1e5):
        made = Assembler()
        made.mean(LogisticBinary(predictor=Predictor.of(eta)), target=("", "p"), reads={})
        made.draw("x", LogisticBinary(predictor=Predictor.of(eta)), target=("", "x"), reads={})
        out = {("", name): np.empty(300) for name in "px"}
        made.finished().run(rows=300, keys={"x": stream_key(1)}, given={}, outputs=out)
        assert set(out["", "x"]) == {float(eta > 0)}
        assert out["", "p"] == pytest.approx(float(eta > 0), abs=1e-300)


@pytest.mark.parametrize("column", range(8))
@pytest.mark.parametrize("value", [-1, 10**6])
def test_programs_that_reach_outside_are_refused(column, value):
    program = everything().finished()
    used = {
        0: [0], 1: list(Op), 2: [0, 1, 2, 3, 4, 5, 6, 8, 12], 3: [7, 8, 9, 12],
        4: [2, 3, 4, 5, 7, 8, 9, 10, 11, 12],
        5: [4, 5, 6, 8, 9], 6: [2, 4, 5, 6, 8, 11], 7: [6],
    }[column]  # fmt: skip
    for at, step in enumerate(program.steps):
        if step[0] not in used:
            continue
        steps = program.steps.copy()
        steps[at, column] = value
        keys = np.zeros((len(program.noises), 2), dtype=np.uint32)
        with pytest.raises(ValueError, match="reads or writes"):
            scm.run(
                steps, program.predictors, program.pieces, program.factors, program.numbers, keys, {}, {}, 0,
                10, len(program.slots),
            )  # fmt: skip


@pytest.mark.parametrize(("name", "column"), [("predictors", c) for c in range(3)]
                         + [("pieces", c) for c in (1, 2, 3)] + [("factors", c) for c in (0, 2)])  # fmt: skip
def test_predictors_that_reach_outside_are_refused(name, column):
    program = everything().finished()
    arrays = {each: getattr(program, each).copy() for each in ("predictors", "pieces", "factors")}
    keys = np.zeros((len(program.noises), 2), dtype=np.uint32)
    for value in (-1, 10**6):
        arrays[name][0, column] = value
        with pytest.raises(ValueError, match="not there"):
            scm.run(program.steps, *arrays.values(), program.numbers, keys, {}, {}, 0, 10, len(program.slots))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="multiple"):
        scm.run(np.zeros((0, 8), np.int32), *NONE, np.zeros(1), np.zeros((0, 2), np.uint32), {}, {}, 1, 1, 1)
    into = np.zeros((1, 8), np.int32), *NONE, np.zeros(1), np.zeros((1, 2), np.uint32)
    for outputs in ({}, {0: np.zeros(3)}):  # columns that were given are never written
        with pytest.raises(ValueError, match="cannot be written"):
            scm.run(*into, {0: np.zeros(3)}, outputs, 0, 3, 1)
    with pytest.raises(ValueError, match="cells"):
        scm.run(np.zeros((0, 7), np.int32), *NONE, np.zeros(1), np.zeros((0, 2), np.uint32), {}, {}, 0, 1, 1)
    with pytest.raises(ValueError, match="slot 0"):
        scm.run(
            np.zeros((0, 8), np.int32), *NONE, np.zeros(1), np.zeros((0, 2), np.uint32), {0: np.zeros(3)}, {},
            0, 2, 1,
        )  # fmt: skip


def test_products_of_three_factors():
    made = Assembler()
    factors = (Factor(column="a", power=3), Factor(column="b"), Factor(column="a", code=2.0))
    eta = Predictor(intercept=1.0, terms=(Term(coefficient=0.5, factors=factors),))
    made.mean(LinearGaussian(predictor=eta, sd=1.0), target=("", "y"), reads={n: ("", n) for n in "ab"})
    a, b, out = np.array([2.0, 2.0, 3.0]), np.array([1.0, -3.0, 1.0]), np.empty(3)
    made.finished().run(rows=3, keys={}, given={("", "a"): a, ("", "b"): b}, outputs={("", "y"): out})
    assert out.tolist() == [5.0, -11.0, 1.0]
