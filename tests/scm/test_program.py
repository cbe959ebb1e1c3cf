"""What the compiled program answers, against the mechanisms one by one in NumPy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.scm import (
    Categorical,
    Empirical,
    LinearGaussian,
    LogisticBinary,
    Ordinal,
    Predictor,
    StructuralCausalModel,
)
from causalmed.scm.abducting import can_be_compiled
from causalmed.scm.couplings import coupled_draws, interpreted_draws
from causalmed.scm.program import stream_key
from causalmed.scm.running import Drawing, inputs_of
from causalmed.scm.terms import FloatArray, Values
from causalmed.scm.unit import _facts

GRAPH = Graph.parse(
    "dag { age -> {asa late cost}; ward -> {asa late}; asa -> {late cost}; late -> {level cost ssi}; "
    "level -> {unit ssi}; unit -> ssi; cost -> ssi; age -> ssi }"
)


def model() -> StructuralCausalModel:
    units = (Predictor.of(0.1, {"level": 0.8}), Predictor.of(-0.3, {"level": -0.5}))
    return StructuralCausalModel.of(
        GRAPH,
        {
            "age": Empirical.of(np.random.default_rng(1).normal(60, 10, 500).round(1)),
            "ward": Categorical(predictors=(Predictor.of(0.2), Predictor.of(-0.4))),
            "asa": Ordinal(
                predictor=Predictor.of(0.0, {"age": 0.04, "ward=2": 0.5, "age:ward=1": 0.01}), cuts=(1.5, 3.0)
            ),
            "late": LogisticBinary(predictor=Predictor.of(-3.0, {"age": 0.03, "asa": 0.4, "ward": 0.2})),
            "cost": LinearGaussian(
                predictor=Predictor.of(6.0, {"late": 0.4, "asa": 0.2, "age": 0.01}), sd=0.4, log=True
            ),
            "level": Ordinal(predictor=Predictor.of(0.0, {"late": 1.2}), cuts=(-0.5, 1.0)),
            "unit": Categorical(predictors=units),
            "ssi": LogisticBinary(
                predictor=Predictor.of(
                    -5.0, {"late": 0.7, "level": 0.4, "unit=1": 0.6, "cost": 1e-4, "age**2": 2e-4}
                )
            ),
        },
        outcome="ssi",
    )


def noise(node: str, rows: int, *, seed: int, normal: bool) -> FloatArray:
    """The same streams, from the twin of the kernel."""
    from causalmed._kernels.reference_scm import TILE, uniforms

    tiles = np.arange(-(-rows // TILE), dtype=np.uint64)
    u, v = uniforms(stream_key(seed, "noise", node), tiles)
    if normal:
        radius = np.sqrt(-2 * np.log(u))
        u, v = radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)
    return np.hstack([u, v]).ravel()[:rows]


@pytest.mark.parametrize("do", [{}, {"late": 1.0}, {"late": 0.0, "level": 2.0}])
def test_a_sample_is_what_the_mechanisms_make_of_the_noise(do):
    scm, rows = model(), 70_001
    drawn = scm.sample(rows, do=do, seed=5)
    plan = scm.plan(exposures=tuple(do), targets=scm.order)
    fixed: Values = {name: np.full(rows, value) for name, value in do.items()}
    values: dict[str, FloatArray] = {}
    for node in plan.needed:
        law = scm.mechanisms[node]
        u = noise(node, rows, seed=5, normal=isinstance(law, LinearGaussian))
        values[node] = law.value(inputs_of(plan, node, natural=values, fixed=fixed), u)
    for node, expected in (values | fixed).items():
        np.testing.assert_allclose(drawn[node].astype(float), expected, rtol=1e-12, err_msg=node)


def test_threads_and_the_number_of_patients_change_no_bit():
    scm = model()
    plan = scm.plan(exposures=(), targets=scm.order)
    drawing = Drawing(plan=plan, mechanisms=scm.mechanisms, rows=150_000, seed=2)
    one, two = drawing.run({}), drawing.run({}, n_jobs=2)
    few = Drawing(plan=plan, mechanisms=scm.mechanisms, rows=1000, seed=2).run({})
    later = Drawing(plan=plan, mechanisms=scm.mechanisms, rows=1000, seed=2, first=65_536).run({})
    for node, values in one.items():
        np.testing.assert_array_equal(values, two[node])
        np.testing.assert_array_equal(values[:1000], few[node])
        np.testing.assert_array_equal(values[65_536:66_536], later[node])


@dataclass(frozen=True)
class Foreign:
    """A mechanism that the kernel does not know: exponential noise added to a line."""

    predictor: Predictor

    @property
    def columns(self) -> tuple[str, ...]:
        return self.predictor.columns

    @property
    def codes(self) -> tuple[float, ...]:
        return ()

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        return random.standard_exponential(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        return np.asarray(self.predictor(inputs) + noise)

    def mean(self, inputs: Values) -> FloatArray:
        return np.asarray(self.predictor(inputs) + 1)

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        return np.asarray(self.predictor(inputs) - values)

    def parameters_of(self) -> Iterable[float]:
        return self.predictor.coefficients


def test_foreign_mechanisms_stand_between_runs_of_the_kernel():
    scm = model()
    laws = dict(scm.mechanisms) | {
        "cost": Foreign(predictor=Predictor.of(100.0, {"late": 50.0, "asa": 9.0, "age": 1.0}))
    }
    mixed = StructuralCausalModel.of(GRAPH, laws, outcome="ssi")
    drawn, plain = mixed.sample(70_000, do={"late": 1}, seed=5), scm.sample(70_000, do={"late": 1}, seed=5)
    others = [name for name in drawn if name not in {"cost", "ssi"}]
    pd.testing.assert_frame_equal(drawn[others], plain[others])
    residual = drawn["cost"] - 150 - 9 * drawn["asa"] - drawn["age"]
    assert residual.min() >= -1e-9
    assert residual.mean() == pytest.approx(1.0, abs=0.02)
    effect = mixed.effect(exposure="late", outcome="cost", draws=2)
    assert effect.to_frame().iloc[0]["estimate"] == pytest.approx(50.0, abs=1.0)


@pytest.mark.parametrize("coupling", ["monotone", "independent"])
@pytest.mark.parametrize(("rows", "draws"), [(300, 7), (3, 400), (1, 1)])
@pytest.mark.parametrize("do", [{"late": 1}, {"age": 75.0}, {"asa": 2, "level": 0}])
def test_counterfactual_draws_agree_with_numpy(coupling, rows, draws, do):
    scm = model()
    kinds = {"asa": "ordinal", "ward": "categorical", "level": "ordinal", "unit": "categorical"}
    patients = Cohort.from_frame(scm.sample(300, seed=8), outcome="ssi", kinds=kinds).take(np.arange(rows))
    facts = _facts(scm, patients, do=do, targets=("ssi",))
    for means in (frozenset(), frozenset({"ssi"})):
        assert can_be_compiled(facts, coupling=coupling, means=means)
        found = coupled_draws(facts, coupling=coupling, draws=draws, seed=3, means=means)
        expected = interpreted_draws(facts, coupling=coupling, draws=draws, seed=3, means=means)
        assert set(found) == set(expected) == set(facts.path)
        for node, values in expected.items():
            assert found[node].shape == (rows, draws)
            np.testing.assert_allclose(found[node], values, rtol=1e-11, err_msg=node)


def test_a_patient_to_whom_nothing_happens_stays_the_same():
    scm = model()
    drawn = scm.sample(500, seed=8)
    kinds = {"asa": "ordinal", "ward": "categorical", "level": "ordinal", "unit": "categorical"}
    patients = Cohort.from_frame(drawn, outcome="ssi", kinds=kinds)
    facts = _facts(scm, patients, do={"late": drawn["late"].tolist()}, targets=("ssi",))
    for coupling in ("monotone", "independent"):
        found = coupled_draws(facts, coupling=coupling, draws=3, seed=1)
        for node, values in found.items():
            np.testing.assert_array_equal(values, np.repeat(facts.observed[node], 3, axis=1), err_msg=node)
