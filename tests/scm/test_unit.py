"""Single patients: abduction, consistency, hidden causes, draws for recourse, bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import (
    ColumnNotFound,
    DataError,
    InvalidArgument,
    NotIdentified,
    NotInvertible,
    UnknownNode,
)
from causalmed.graph import Graph
from causalmed.scm import (
    LinearGaussian,
    LogisticBinary,
    Predictor,
    Set,
    Shift,
    StructuralCausalModel,
    fit_scm,
)


def expit(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def ward():
    """Late prophylaxis raises glucose and infection; the wound class has labels."""
    rng = np.random.default_rng(9)
    n = 3_000
    age = rng.normal(60, 10, n)
    late = np.where(rng.random(n) < 0.3, "yes", "no")
    is_late = late == "yes"
    glucose = 100 + 15 * is_late + 0.5 * age + 10 * rng.normal(size=n)
    cold = rng.random(n) < expit(-0.5 + 0.9 * is_late)
    ssi = rng.random(n) < expit(-5 + 0.02 * glucose + 0.4 * is_late + 0.5 * cold)
    frame = pd.DataFrame(
        {"id": np.arange(n), "age": age, "late": late, "glucose": glucose, "cold": cold, "ssi": ssi}
    )
    cohort = Cohort.from_frame(frame, unit="id", outcome="ssi")
    graph = Graph.parse("dag { age -> glucose; late -> {glucose cold ssi}; {glucose cold} -> ssi }")
    return cohort, fit_scm(graph, cohort)


def test_a_numeric_node_keeps_its_noise(ward):
    cohort, scm = ward
    some = cohort.take(range(40))
    drawn = scm.counterfactual_draws(some, do={"late": "yes"}, draws=3)
    slope = {t.text: t.coefficient for t in scm.mechanisms["glucose"].predictor.terms}["late"]
    expected = some.values("glucose") + slope * (1 - some.values("late"))
    assert drawn["glucose"] == pytest.approx(np.tile(expected[:, None], 3), abs=1e-10)
    assert (drawn["late"] == 1).all()
    assert drawn["ssi"].shape == (40, 3)


def test_what_is_set_as_it_was_changes_nothing_to_the_last_bit(ward):
    cohort, scm = ward
    some = cohort.take(range(200))
    same = {"late": some.to_frame()["late"].tolist()}
    for coupling in ("bounds", "monotone", "independent", "gumbel"):
        found = scm.counterfactual(some, do=same, coupling=coupling, replicates=0)
        assert np.array_equal(found.low, some.values("ssi"))
        assert np.array_equal(found.high, some.values("ssi"))
    drawn = scm.counterfactual_draws(some, do=same, draws=2)
    assert np.array_equal(drawn["glucose"][:, 0], some.values("glucose"))
    assert np.array_equal(drawn["cold"][:, 1], some.values("cold"))


def test_averaging_a_coupling_over_patients_gives_the_intervention(ward):
    """do, then observe: the mean of unit counterfactuals over everybody is the effect's arm."""
    cohort, scm = ward
    arm = scm.effect(exposure="late").functionals["unexposed"]
    for coupling in ("monotone", "independent", "gumbel"):
        found = scm.counterfactual(cohort, do={"late": "no"}, coupling=coupling, draws=50, replicates=0)
        error = 3 * np.sqrt(0.25 / cohort.n)
        assert found.low.mean() == pytest.approx(arm, abs=error)
    bounds = scm.counterfactual(cohort, do={"late": "no"}, replicates=0)
    assert bounds.low.mean() < arm < bounds.high.mean()


def test_one_patients_answer_does_not_depend_on_the_others(ward):
    cohort, scm = ward
    alone = scm.counterfactual(cohort.patient(17), do={"late": "no"}, coupling="monotone")
    among = scm.counterfactual(cohort.take(range(40)), do={"late": "no"}, coupling="monotone")
    assert alone.low[0] == among.low[17]
    assert alone.units == ("17",)


def test_mechanisms_uncertainty_widens_the_bounds(ward):
    cohort, scm = ward
    some = cohort.take(np.flatnonzero(cohort.values("late") == 1)[:20])
    found = scm.counterfactual(some, do={"late": "no"}, replicates=60)
    assert np.all(found.conf_low <= found.low + 1e-12)
    assert np.all(found.conf_high >= found.high - 1e-12)
    assert np.any(found.conf_high > found.high)
    without = scm.counterfactual(some, do={"late": "no"}, replicates=0)
    assert np.isnan(without.conf_low).all()
    assert "not shown" in without.summary()


def test_the_result_reads_well_and_is_plain_json(ward):
    cohort, scm = ward
    found = scm.counterfactual(cohort.take(range(12)), do={"late": "no"}, replicates=20)
    text = found.summary()
    assert max(map(len, text.splitlines())) <= 80
    assert "in 100" in text
    assert "2 more" in text
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["do"] == {"late": "no"}
    assert list(found.to_frame()["unit"]) == [str(k) for k in range(12)]
    assert found.outcome_risk[0] == (found.low[0], found.high[0])
    assert "<table" in found._repr_html_()
    assert len(found.picture().rows) == 12
    with pytest.raises(ValueError, match="read-only"):
        found.low[0] = 1


def test_a_numeric_outcome_is_a_point_where_nothing_discrete_lies_between(ward):
    cohort, scm = ward
    found = scm.counterfactual(cohort.take(range(5)), do={"late": "yes"}, outcome="glucose")
    assert np.array_equal(found.low, found.high)
    assert "glucose" in found.summary()


def test_hidden_causes_elsewhere_do_not_spoil_the_answer(world):
    """A rating shares frailty with the outcome; the exposure does not."""
    graph = Graph.parse("dag { u [latent]; y [outcome]; u -> {r y}; x -> y; r -> y }")
    truth = world.random(graph, seed=3)
    scm = truth.fitted("y")
    frame = pd.DataFrame({"r": [0, 1, 1], "x": [1, 1, 0], "y": [1, 0, 1]})
    cohort = Cohort.from_frame(frame, kinds=dict.fromkeys(frame, "binary"))
    found = scm.counterfactual(cohort, do={"x": 0})
    law = truth.marginal(("r", "x", "y"))
    risk = {(r, x): law[(r, x, 1)] / (law[(r, x, 0)] + law[(r, x, 1)]) for r in (0, 1) for x in (0, 1)}
    assert found.high[0] == pytest.approx(min(1, risk[0, 0] / risk[0, 1]))
    assert found.low[1] == pytest.approx(max(0, 1 - (1 - risk[1, 0]) / (1 - risk[1, 1])))
    assert found.low[2] == found.high[2] == 1


def test_front_door_bounds_hold_for_the_enumerated_truth(world):
    """x and y share a hidden cause: the patient's own x stays in the outcome's factor."""
    for seed in range(10):
        truth = world.random(Graph.parse("dag { u [latent]; u -> {x y}; x -> m -> y }"), seed)
        scm = truth.fitted("y")
        law = truth.marginal(("x", "m", "y"))
        frame = pd.DataFrame({"x": [1], "m": [1], "y": [1]})
        cohort = Cohort.from_frame(frame, kinds=dict.fromkeys(frame, "binary"))
        found = scm.counterfactual(cohort, do={"x": 0}, coupling="independent", draws=4000)
        tables = truth.tables
        p_u = {}
        for u in (0, 1):
            pu = tables["u"][()] if u else 1 - tables["u"][()]
            p_u[u] = pu * tables["x"][(u,)] * tables["y"][_parents(truth, "y", u=u, m=1)]
        weight = sum(p_u.values())
        assert weight * tables["m"][(1,)] == pytest.approx(law[(1, 1, 1)])
        stay = tables["m"][(0,)]
        other = sum(p_u[u] * tables["y"][_parents(truth, "y", u=u, m=0)] for u in (0, 1)) / weight
        bounds = scm.counterfactual(cohort, do={"x": 0})
        assert bounds.low[0] - 1e-9 <= stay + (1 - stay) * other <= bounds.high[0] + 1e-9
        assert bounds.low[0] - 0.03 <= found.low[0] <= bounds.high[0] + 0.03


def _parents(truth, node, **values):
    return tuple(values[name] for name in truth.graph.parents(node))


def test_what_hidden_causes_leave_open_is_refused(world):
    bow = world.random(Graph.parse("dag { u [latent]; y [outcome]; u -> {x y}; x -> y }"), seed=1).fitted("y")
    frame = pd.DataFrame({"x": [1], "m": [0], "y": [1]})
    cohort = Cohort.from_frame(frame, kinds=dict.fromkeys(frame, "binary"))
    with pytest.raises(NotIdentified, match="x <-> y"):
        bow.counterfactual(cohort, do={"x": 0})
    tied = Graph.parse("dag { u [latent]; y [outcome]; u -> {m y}; x -> m -> y }")
    scm = world.random(tied, seed=1).fitted("y")
    scm.effect(exposure="x", replicates=20)
    with pytest.raises(NotIdentified, match="m and y share a hidden cause"):
        scm.counterfactual(cohort, do={"x": 0})


class Black:
    """A mechanism of somebody else that draws, but cannot be inverted."""

    columns = ("x",)
    codes = ()

    def draw_noise(self, random, rows):
        return random.random(rows)

    def value(self, inputs, noise):
        return inputs["x"] + noise

    def mean(self, inputs):
        return inputs["x"] + 0.5

    def log_density(self, values, inputs):
        return np.zeros_like(values)


def test_a_node_that_cannot_be_inverted_is_named():
    graph = Graph.parse("dag { y [outcome]; x -> m -> y }")
    scm = StructuralCausalModel.of(
        graph,
        {
            "x": LogisticBinary(predictor=Predictor.of(0.0)),
            "m": Black(),
            "y": LinearGaussian(predictor=Predictor.of(0.0, {"m": 1.0}), sd=1.0),
        },
    )
    frame = pd.DataFrame({"x": [1, 0], "m": [1.3, 0.2], "y": [0.5, 0.6]})
    with pytest.raises(NotInvertible, match="'m'"):
        scm.counterfactual(Cohort.from_frame(frame, kinds={"x": "binary"}), do={"x": 0})


def test_questions_that_make_no_sense(ward):
    cohort, scm = ward
    one = cohort.take([0])
    for arguments, error, words in [
        ({"do": {"lat": 1}}, UnknownNode, "late"),
        ({"do": {"late": "never"}}, InvalidArgument, "'no', 'yes'"),
        ({"do": {"late": 2}}, InvalidArgument, "cannot be set to 2"),
        ({"do": {"glucose": float("nan")}}, InvalidArgument, "finite"),
        ({"do": {"glucose": "high"}}, InvalidArgument, "It is a number"),
        ({"do": {"late": ["yes", "no"]}}, InvalidArgument, "2 values"),
        ({"do": [("late", 1)]}, InvalidArgument, "maps nodes to values"),
        ({"do": {"late": 1}, "coupling": "magic"}, InvalidArgument, "coupling"),
        ({"do": {"late": 1}, "draws": 0}, InvalidArgument, "draws"),
        ({"do": {"late": 1}, "outcome": "died"}, UnknownNode, "died"),
    ]:
        with pytest.raises(error, match=words):
            scm.counterfactual(one, **arguments)


def test_patients_must_look_like_those_of_the_fit(ward):
    _, scm = ward
    base = {"age": [60.0, 50.0], "late": ["yes", "no"], "glucose": [120.0, 130.0], "cold": [True, False]}
    with pytest.raises(ColumnNotFound):
        scm.counterfactual(Cohort.from_frame(pd.DataFrame(base)), do={"late": "no"})
    strange = base | {"late": ["yes", "perhaps"], "ssi": [True, False]}
    with pytest.raises(DataError, match="'perhaps'"):
        scm.counterfactual(Cohort.from_frame(pd.DataFrame(strange)), do={"late": "no"})
    single = pd.DataFrame({k: v[:1] for k, v in base.items()} | {"ssi": [True]})
    kinds = {
        "late": "categorical",
        "cold": "binary",
        "ssi": "binary",
        "age": "continuous",
        "glucose": "continuous",
    }
    one = Cohort.from_frame(single, kinds=kinds)
    assert 0 <= scm.counterfactual(one, do={"late": "no"}, replicates=0).high[0] <= 1


def test_recourse_draws_do_not_use_the_patients_own_outcome(ward):
    cohort, scm = ward
    one = cohort.take([3])
    flipped = one.assign("ssi", 1 - one.values("ssi"), "binary")
    for do in ({}, {"late": "no"}, {"glucose": 110.0, "late": "no"}):
        a, b = (scm.counterfactual_draws(each, do=do, draws=20, seed=2) for each in (one, flipped))
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[name], b[name]) for name in a)
        assert np.all((a["ssi"] > 0) & (a["ssi"] < 1))


def test_the_figure_is_drawn(ward):
    cohort, scm = ward
    found = scm.counterfactual(cohort.take(range(3)), do={"late": "no"}, replicates=0)
    axes = found.plot()
    assert axes.figure is not None
    assert "What would ssi have been" in found.picture().title
    assert len(found.picture().table()) == 3


def test_recourse_speaks_in_codes_and_readers_in_labels():
    frame = pd.DataFrame({"asa": np.tile(["1", "2", "3"], 200), "y": np.arange(600) % 7 < 3})
    cohort = Cohort.from_frame(frame, outcome="y", kinds={"asa": ("1", "2", "3")})
    scm = fit_scm(Graph.parse("dag { asa -> y }"), cohort)
    some = cohort.take([0, 1, 2])
    assert (scm.counterfactual_draws(some, do={"asa": 2.0}, draws=2)["asa"] == 2.0).all()
    assert (scm.counterfactual_draws(some, do={"asa": "2"}, draws=2)["asa"] == 1.0).all()
    assert scm.sample(3, do={"asa": 2})["asa"].tolist() == ["2", "2", "2"]
    with pytest.raises(InvalidArgument):
        scm.counterfactual_draws(some, do={"asa": 3.0})


def test_regimes_of_single_patients():
    """Who meets the condition is set; a shift moves what was observed; the rest stays what it was."""
    scm = StructuralCausalModel.of(
        Graph.parse("dag { z -> x -> y; z -> y }"),
        {
            "z": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "x": LinearGaussian(predictor=Predictor.of(0.0, {"z": 1.0}), sd=1.0),
            "y": LinearGaussian(predictor=Predictor.of(0.0, {"x": 2.0, "z": 1.0}), sd=1.0),
        },
        outcome="y",
    )
    seen = scm.sample(50, seed=1)
    cohort = Cohort.from_frame(seen)
    met = scm.counterfactual(cohort, do={"x": Set(1.0, where="z > 0")})
    moved = scm.counterfactual(cohort, do={"x": Shift(by=0.5)})
    expected = seen["y"] + np.where(seen["z"] > 0, 2.0 * (1.0 - seen["x"]), 0.0)
    assert np.allclose(met.low, expected)
    assert np.allclose(moved.low, seen["y"] + 1.0)
    assert "set to 1.0 where z > 0" in met.question
    for do, words in [
        ({"x": Set(1.0, share=0.5)}, "by chance"),
        ({"z": 1.0, "x": Shift(by=1.0)}, "changes"),
        ({"z": 1.0, "x": Set(1.0, where="z > 0")}, "changes"),
    ]:
        with pytest.raises(InvalidArgument, match=words):
            scm.counterfactual(cohort, do=do)


def test_bounds_say_that_they_are_valid_and_not_sharp():
    graph = Graph.parse("dag { a -> {b c}; {b c} -> y }")
    scm = StructuralCausalModel.of(
        graph,
        {
            "a": LogisticBinary(predictor=Predictor.of(0.0)),
            "b": LogisticBinary(predictor=Predictor.of(0.0, {"a": 1.0})),
            "c": LogisticBinary(predictor=Predictor.of(0.0, {"a": 1.0})),
            "y": LogisticBinary(predictor=Predictor.of(0.0, {"b": 1.0, "c": 1.0})),
        },
        outcome="y",
    )
    cohort = Cohort.from_frame(scm.sample(5, seed=1))
    several = scm.counterfactual(cohort, do={"a": 0})
    single = scm.counterfactual(cohort, do={"b": 0})
    coupled = scm.counterfactual(cohort, do={"a": 0}, coupling="monotone")
    assert "valid, not sharp" in several.summary().replace("\n", " ")
    assert not several.to_dict()["sharp"]
    assert "not sharp" not in single.summary().replace("\n", " ")
    assert single.to_dict()["sharp"]
    assert "coupled by itself" in coupled.summary().replace("\n", " ")
