"""Learners of scikit-learn and functions of one's own as mechanisms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, NotInvertible, NotSavable, RoleConflict
from causalmed.graph import Graph
from causalmed.scm import (
    FunctionMechanism,
    LearnedLevels,
    LearnedMean,
    LinearGaussian,
    LogisticBinary,
    MechanismSpec,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)

GRAPH = Graph.parse("dag { {age ward} -> {cost ssi}; cost -> ssi }")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    rng = np.random.default_rng(1)
    n = 3_000
    age, ward = rng.normal(size=n), rng.integers(0, 3, n)
    cost = 2 + age + np.array([0.0, 1.0, -1.0])[ward] + rng.standard_t(5, size=n)
    ssi = rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * cost - 0.5 * age))
    return Cohort.from_frame(
        pd.DataFrame({"age": age, "ward": np.array(list("abc"))[ward], "cost": cost, "ssi": ssi}),
        outcome="ssi",
    )


@pytest.fixture(scope="module")
def learned(cohort) -> StructuralCausalModel:
    learners = {"cost": LinearRegression(), "ssi": LogisticRegression(C=1e6, max_iter=1000)}
    return fit_scm(GRAPH, cohort, mechanisms=learners)


def test_a_regression_learned_is_the_regression(cohort, learned):
    plain = fit_scm(GRAPH, cohort)
    assert isinstance(learned.mechanisms["ssi"], LearnedLevels)
    assert isinstance(learned.mechanisms["cost"], LearnedMean)
    table = {name: cohort.values(name) for name in cohort.names}
    np.testing.assert_allclose(
        learned.mechanisms["ssi"].mean(table), plain.mechanisms["ssi"].mean(table), atol=1e-4
    )
    np.testing.assert_allclose(
        learned.mechanisms["cost"].mean(table), plain.mechanisms["cost"].mean(table), atol=0.25
    )
    drawn = learned.sample(20_000, seed=2)
    assert drawn["cost"].std() == pytest.approx(table["cost"].std(), rel=0.06)
    assert drawn["ssi"].mean() == pytest.approx(table["ssi"].mean(), abs=0.03)


def test_effect_and_counterfactual_answer(cohort, learned):
    effect = learned.effect(exposure="cost", outcome="ssi", contrast=(3.0, 2.0), draws=2, replicates=20)
    plain = fit_scm(GRAPH, cohort).effect(exposure="cost", outcome="ssi", contrast=(3.0, 2.0), replicates=20)
    both = [each.to_frame().iloc[0]["estimate"] for each in (effect, plain)]
    assert both[0] == pytest.approx(both[1], abs=2e-3)
    some = cohort.take(np.arange(5))
    found = learned.counterfactual_draws(some, do={"age": 0.0}, draws=1, nodes=["cost"])
    law = learned.mechanisms["cost"]
    before = {name: some.values(name) for name in ("age", "ward")}
    shift = law.predicted(before | {"age": np.zeros(5)}) - law.predicted(before)
    np.testing.assert_allclose(found["cost"][:, 0], some.values("cost") + shift, rtol=1e-12)


def test_saving_a_learner_or_a_function_is_refused_by_name(learned, tmp_path):
    with pytest.raises(NotSavable, match=r"'cost'.*LearnedMean|'ssi'.*LearnedLevels"):
        learned.save(tmp_path / "x.scm")
    model = by_hand(FunctionMechanism(function=lambda values, u: values["a"] + u, columns=("a",)))
    with pytest.raises(NotSavable, match=r"'b'.*FunctionMechanism"):
        model.save(tmp_path / "y.scm")


def test_a_seed_makes_a_learner_repeatable(cohort):
    tree = MechanismSpec(family="learned", learner=DecisionTreeClassifier(max_depth=4, max_features=1))
    table = {name: cohort.values(name) for name in cohort.names}
    one, two, other = (
        fit_scm(GRAPH, cohort, mechanisms={"ssi": tree}, seed=seed).mechanisms["ssi"].mean(table)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("stated", "error", "message"),
    [
        ({"ssi": LinearRegression()}, InvalidArgument, "classifier"),
        ({"cost": LogisticRegression()}, InvalidArgument, "regressor"),
        ({"age": DecisionTreeRegressor()}, InvalidArgument, "no causes"),
        ({"cost": LinearRegression}, InvalidArgument, "learner"),
        ({"cost": 3}, InvalidArgument, "int"),
        ({"ssi": "poisson"}, RoleConflict, "ssi"),
        ("boosted", InvalidArgument, "auto"),
    ],
)
def test_what_does_not_fit_is_refused(cohort, stated, error, message):
    with pytest.raises(error, match=message):
        fit_scm(GRAPH, cohort, mechanisms=stated)


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "learned"},
        {"family": "linear", "learner": LinearRegression()},
        {"family": "boosted", "depth": 7},
        {"family": "boosted", "trees": 0},
        {"family": "linear", "spread_terms": ("a",)},
    ],
)
def test_options_of_other_families_are_refused(wrong):
    with pytest.raises(InvalidArgument):
        MechanismSpec(**wrong)


def by_hand(b: object) -> StructuralCausalModel:
    return StructuralCausalModel.of(
        Graph.parse("dag { a -> b -> c }"),
        {
            "a": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "b": b,
            "c": LogisticBinary(predictor=Predictor.of(0.0, {"b": 1.0})),
        },
        outcome="c",
    )


def test_a_function_answers_as_the_mechanism_it_copies():
    copy = FunctionMechanism(
        function=lambda values, u: 1 + 2 * values["a"] + 0.5 * u,
        columns=("a",),
        inverse=lambda x, values: (x - 1 - 2 * values["a"]) / 0.5,
    )
    line = LinearGaussian(predictor=Predictor.of(1.0, {"a": 2.0}), sd=0.5)
    rng = np.random.default_rng(1)
    seen, u = {"a": rng.normal(size=30)}, rng.normal(size=30)
    x = line.value(seen, u)
    np.testing.assert_allclose(copy.value(seen, u), x)
    np.testing.assert_allclose(copy.mean(seen), line.mean(seen), atol=1e-12)
    np.testing.assert_allclose(copy.cdf(x, seen), line.cdf(x, seen))
    np.testing.assert_allclose(copy.log_density(x, seen), line.log_density(x, seen), atol=1e-6)
    np.testing.assert_allclose(copy.moved(x, seen, {"a": u}), line.moved(x, seen, {"a": u}))
    np.testing.assert_array_equal(copy.moved(x, seen, seen), x)
    one, two = by_hand(copy), by_hand(line)
    patients = Cohort.from_frame(two.sample(40, seed=1), outcome="c")
    drawn = [m.counterfactual_draws(patients, do={"a": 1.0}, draws=1, nodes=["b"])["b"] for m in (one, two)]
    np.testing.assert_allclose(*drawn, rtol=1e-9)


def test_without_an_inverse_a_counterfactual_is_refused_by_name():
    model = by_hand(FunctionMechanism(function=lambda values, u: values["a"] + u, columns=("a",)))
    patients = Cohort.from_frame(model.sample(30, seed=1), outcome="c")
    with pytest.raises(NotInvertible, match="'b'"):
        model.counterfactual(patients, do={"a": 1.0}, replicates=0)


def test_functions_that_are_none_are_refused():
    with pytest.raises(InvalidArgument, match="callable"):
        FunctionMechanism(function="x")
    with pytest.raises(InvalidArgument, match="noise"):
        FunctionMechanism(function=lambda values, u: u, noise="cauchy")
    broken = FunctionMechanism(function=lambda values, u: np.zeros(3), columns=())
    with pytest.raises(InvalidArgument, match="elementwise"):
        broken.value({}, np.zeros(5))
