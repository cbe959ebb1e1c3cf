"""The interpreter against distributions of SciPy and hand computation."""

import numpy as np
import pytest
from scipy import stats

from causalmed.datasets.mechanism import Bernoulli, Choice, Habit, LogNormal, Node, Normal, Ordered, term
from causalmed.datasets.simulate import draw, linear_predictor, offsets, simulate
from causalmed.errors import InvalidArgument, UnknownNode

NOISE = (np.arange(20_000) + 0.5) / 20_000


def node(name, law, **options):
    return Node(name=name, meaning="", kind="continuous", tier="before", law=law, **options)


def test_bernoulli_has_the_logistic_share():
    share = draw(Bernoulli(), np.full(20_000, -1.2), NOISE).mean()
    assert share == pytest.approx(1 / (1 + np.exp(1.2)), abs=1e-4)


def test_normal_is_the_truncated_normal():
    law = Normal(sd=2.0, low=-1.0, high=3.0, decimals=9)
    expected = stats.truncnorm(-1.0, 1.0, loc=1.0, scale=2.0).ppf(NOISE)
    np.testing.assert_allclose(draw(law, np.ones(20_000), NOISE), expected, atol=1e-8)


def test_lognormal_is_clipped_and_rounded():
    values = draw(LogNormal(sd=0.5, low=10.0, high=200.0, decimals=0), np.full(20_000, 4.0), NOISE)
    expected = np.round(np.clip(stats.lognorm(0.5, scale=np.exp(4.0)).ppf(NOISE), 10, 200))
    np.testing.assert_array_equal(values, expected)


def test_ordered_follows_proportional_odds():
    values = draw(Ordered(cuts=(-1.0, 0.5, 2.0)), np.full(20_000, 0.7), NOISE)
    for level, cut in enumerate((-1.0, 0.5, 2.0)):
        assert (values > level).mean() == pytest.approx(1 / (1 + np.exp(cut - 0.7)), abs=1e-4)


def test_choice_has_its_probabilities():
    values = draw(Choice(probabilities=(0.5, 0.2, 0.3)), np.zeros(20_000), NOISE)
    np.testing.assert_allclose(np.bincount(values.astype(int)) / 20_000, [0.5, 0.2, 0.3], atol=1e-4)


def test_an_unknown_law_is_refused():
    with pytest.raises(TypeError, match="no quantile function"):
        draw("gamma", np.zeros(1), np.zeros(1))


def test_the_linear_predictor_by_hand():
    nodes = {
        "age": node("age", Normal(sd=1.0, low=0.0, high=100.0), centre=60.0, step=10.0),
        "time": node("time", LogNormal(sd=1.0, low=0.0, high=9.0), centre=120.0, log=True),
        "sex": node("sex", Bernoulli(), levels=("female", "male")),
        "y": node(
            "y",
            Bernoulli(),
            intercept=-2.0,
            terms=(
                term(0.1, "age"),
                term(0.2, "age^65"),
                term(0.3, "time"),
                term(0.5, "sex=male", "time>200"),
                term(0.7, "sex=female"),
            ),
        ),
    }
    values = {"age": np.array([50.0, 85.0]), "time": np.array([60.0, 240.0]), "sex": np.array([0.0, 1.0])}
    np.testing.assert_allclose(
        linear_predictor(nodes["y"], values, nodes, 2),
        [-2.0 - 0.1 - 0.3 + 0.7, -2.0 + 0.25 + 0.4 + 0.3 + 0.5],
    )


def test_offsets_average_zero_over_ordinary_hospitals_and_end_with_those_written_out():
    habit = offsets(node("x", Bernoulli(), habit=Habit(sd=0.8, apart=(1.0, -2.0))), 24)
    assert habit[:22].mean() == pytest.approx(0.0, abs=1e-12)
    assert habit[:22].std() == pytest.approx(0.8, rel=0.08)
    assert habit[22:].tolist() == [1.0, -2.0]
    assert offsets(node("x", Bernoulli()), 3).tolist() == [0.0, 0.0, 0.0]


CHAIN = (
    node("a", Bernoulli()),
    node("b", Normal(sd=1.0, low=-9.0, high=9.0, decimals=6), terms=(term(2.0, "a"),)),
    node("c", Bernoulli(), intercept=0.3),
    node("d", Bernoulli(), terms=(term(1.0, "b"), term(1.0, "c"))),
)


def test_an_intervention_keeps_the_noise_and_moves_only_descendants():
    natural, forced = simulate(CHAIN, 500, seed=3), simulate(CHAIN, 500, seed=3, do={"a": 1})
    already = natural["a"] == 1
    assert 100 < already.sum() < 400
    np.testing.assert_array_equal(natural["c"], forced["c"])
    np.testing.assert_array_equal(natural["d"][already], forced["d"][already])
    np.testing.assert_allclose(forced["b"][~already] - natural["b"][~already], 2.0, atol=1e-5)


def test_reusing_the_natural_world_gives_the_same_bits():
    natural = simulate(CHAIN, 500, seed=3)
    fresh = simulate(CHAIN, 500, seed=3, do={"b": 0.5})
    reused = simulate(CHAIN, 500, seed=3, do={"b": 0.5}, given=natural)
    assert all(np.array_equal(fresh[name], reused[name]) for name in fresh)
    assert reused["c"] is natural["c"]


def test_blocks_and_seeds_are_other_patients():
    one = simulate(CHAIN, 50, seed=3)["b"]
    assert not np.array_equal(one, simulate(CHAIN, 50, seed=3, block=1)["b"])
    assert not np.array_equal(one, simulate(CHAIN, 50, seed=4)["b"])
    np.testing.assert_array_equal(one, simulate(CHAIN, 50, seed=3)["b"])


def test_what_cannot_be_drawn_is_refused():
    for rows in (0, -1, 2.5, True):
        with pytest.raises(InvalidArgument, match="at least 1"):
            simulate(CHAIN, rows, seed=1)
    with pytest.raises(UnknownNode, match="'e'"):
        simulate(CHAIN, 5, seed=1, do={"e": 1})
    with pytest.raises(InvalidArgument, match="must be a number"):
        simulate(CHAIN, 5, seed=1, do={"a": "yes"})
    with pytest.raises(InvalidArgument, match="must be a number"):
        simulate(CHAIN, 5, seed=1, do={"a": float("nan")})
