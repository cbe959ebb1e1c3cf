"""The model as a value: samples, noise, labels, mechanisms by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalmed.cohort import Cohort
from causalmed.errors import GraphError, InvalidArgument, NotIdentified, UnknownNode
from causalmed.graph import Graph
from causalmed.scm import (
    Categorical,
    Empirical,
    LinearGaussian,
    LogisticBinary,
    Ordinal,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)

HIDDEN = "dag { y [outcome]; frailty [latent]; frailty -> {asa y}; late -> {glucose y}; glucose -> y }"


def hospital() -> StructuralCausalModel:
    """Frailty is an actual node here, with a mechanism."""
    return StructuralCausalModel.of(
        Graph.parse(HIDDEN),
        {
            "frailty": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "asa": Ordinal(predictor=Predictor.of(0.0, {"frailty": 1.5}), cuts=(-1.0, 1.0)),
            "late": Empirical(support=(0.0, 1.0), weights=(0.7, 0.3)),
            "glucose": LinearGaussian(predictor=Predictor.of(120.0, {"late": 20.0}), sd=15.0),
            "y": LogisticBinary(
                predictor=Predictor.of(-4.0, {"frailty": 1.0, "glucose": 0.015, "late": 0.5})
            ),
        },
        levels={"asa": ("1", "2", "3"), "late": ("no", "yes")},
    )


def test_latent_nodes_with_a_mechanism_are_simulated():
    drawn = hospital().sample(20_000, seed=1)
    assert list(drawn.columns) == list(hospital().order)
    assert set(drawn["late"]) == {"no", "yes"}
    assert drawn.groupby("asa")["frailty"].mean().is_monotonic_increasing


def test_fitting_what_was_drawn_recovers_the_mechanisms():
    drawn = hospital().sample(30_000, seed=1).drop(columns="frailty")
    cohort = Cohort.from_frame(drawn, outcome="y", kinds={"asa": ("1", "2", "3"), "y": "binary"})
    scm = fit_scm(Graph.parse(HIDDEN), cohort)
    glucose = scm.mechanisms["glucose"]
    assert glucose.predictor.coefficients == pytest.approx([120.0, 20.0], abs=0.7)
    assert glucose.sd == pytest.approx(15.0, abs=0.2)
    truth = hospital().effect(exposure="late", contrast=("yes", "no"), draws=3).risk_difference
    found = scm.effect(exposure="late", contrast=("yes", "no")).risk_difference
    assert found.estimate == pytest.approx(truth.estimate, abs=3 * found.std_error)


def test_a_node_more_leaves_the_noise_of_the_others_alone():
    scm = hospital()
    graph = Graph.parse(HIDDEN.replace("}", "}", 1).rstrip("} ") + "; late -> fever }")
    more = StructuralCausalModel.of(
        graph,
        dict(scm.mechanisms) | {"fever": LogisticBinary(predictor=Predictor.of(-1.0, {"late": 1.0}))},
        levels={"asa": ("1", "2", "3"), "late": ("no", "yes")},
    )
    pd.testing.assert_frame_equal(more.sample(300, seed=4)[list(scm.order)], scm.sample(300, seed=4))


def test_two_worlds_share_their_noise():
    scm = hospital()
    yes, no = (scm.sample(500, do={"late": value}, seed=2) for value in ("yes", "no"))
    assert np.allclose(yes["glucose"] - no["glucose"], 20.0)
    assert yes["frailty"].equals(no["frailty"])
    assert (yes["y"] >= no["y"]).all()


@given(seed=st.integers(0, 2**32), rows=st.integers(1, 50))
@settings(max_examples=20, deadline=None)
def test_what_is_set_is_seen_and_the_first_rows_stay(seed, rows):
    scm = hospital()
    drawn = scm.sample(rows, do={"late": "yes", "glucose": 150}, seed=seed)
    assert (drawn["late"] == "yes").all()
    assert (drawn["glucose"] == 150).all()
    longer = scm.sample(rows + 5, do={"late": "yes", "glucose": 150}, seed=seed)
    pd.testing.assert_frame_equal(longer.iloc[:rows], drawn)


def test_doing_what_was_drawn_changes_nothing():
    scm = hospital()
    plain = scm.sample(400, seed=6)
    again = scm.sample(400, do={"late": plain["late"].tolist()}, seed=6)
    pd.testing.assert_frame_equal(plain, again)


def test_blocks_have_their_own_noise():
    graph = Graph.of([], nodes=["x"])
    scm = StructuralCausalModel.of(graph, {"x": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0)})
    x = scm.sample(70_000, seed=1)["x"].to_numpy()
    assert not np.array_equal(x[:4_000], x[65_536 : 65_536 + 4_000])
    assert x.mean() == pytest.approx(0, abs=0.02)


def test_fewer_nodes_may_be_asked_for_where_all_are_not_identified():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.random(500) < 0.5, "c": rng.random(500) < 0.5, "y": rng.random(500) < 0.5})
    graph = Graph.parse("dag { y [outcome]; u [latent]; u -> {x c}; x -> {c y} }")
    scm = fit_scm(graph, Cohort.from_frame(frame))
    with pytest.raises(NotIdentified, match="would do to c "):
        scm.sample(10, do={"x": 1})
    assert list(scm.sample(10, do={"x": 1}, nodes=["y", "x"]).columns) == ["x", "y"]


def test_labels_come_before_codes():
    scm = StructuralCausalModel.of(
        Graph.of([], nodes=["asa"]),
        {"asa": Ordinal(predictor=Predictor.of(0.0), cuts=(0.0, 1.0))},
        levels={"asa": ("1", "2", "3")},
    )
    assert set(scm.sample(2, do={"asa": 1})["asa"]) == {"1"}
    assert set(scm.sample(2, do={"asa": "3"})["asa"]) == {"3"}
    with pytest.raises(InvalidArgument, match="'1', '2', '3'"):
        scm.sample(2, do={"asa": 4})


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_a_number_of_patients_is_a_number(n):
    with pytest.raises(InvalidArgument, match="n="):
        hospital().sample(n)


def test_mechanisms_must_fit_the_graph():
    graph = Graph.parse("dag { x -> y; z }")
    ours = LogisticBinary(predictor=Predictor.of(0.0))
    with pytest.raises(GraphError, match="'z' has no mechanism"):
        StructuralCausalModel.of(graph, {"x": ours, "y": ours})
    reads_z = LogisticBinary(predictor=Predictor.of(0.0, {"z": 1.0}))
    with pytest.raises(GraphError, match="mechanism of 'y' reads 'z'"):
        StructuralCausalModel.of(graph, {"x": ours, "y": reads_z, "z": ours})
    with pytest.raises(UnknownNode, match="'q'"):
        StructuralCausalModel.of(graph, {"x": ours, "y": ours, "z": ours, "q": ours})
    with pytest.raises(InvalidArgument, match="no single outcome"):
        StructuralCausalModel.of(graph, {"x": ours, "y": ours, "z": ours}).effect(exposure="x")
    with pytest.raises(UnknownNode):
        hospital().sample(3, nodes=["fever"])


def test_mechanisms_can_be_hashed_printed_and_compared():
    one, two = hospital(), hospital()
    assert dict(one.mechanisms) == dict(two.mechanisms)
    assert len({*one.mechanisms.values(), *two.mechanisms.values()}) == 5
    assert repr(one) == "StructuralCausalModel(5 nodes, by hand)"
    assert "late" in repr(one.mechanisms["y"])
    ward = Categorical(predictors=(Predictor.of(0.1),))
    assert eval(repr(ward)) == ward


def test_the_model_as_a_table_and_in_words():
    scm = hospital()
    frame = scm.to_frame().set_index("node")
    assert frame.loc["y", "conditioned_on"] == "frailty, late, glucose"
    assert frame.loc["glucose", "mechanism"] == "LinearGaussian"
    assert frame.loc["glucose", "parameters"] == 3
    text = scm.summary()
    assert max(map(len, text.splitlines())) <= 80
    assert "written by hand" in text
    drawn = scm.sample(800, seed=1).drop(columns="frailty")
    cohort = Cohort.from_frame(drawn, kinds={"asa": ("1", "2", "3"), "y": "binary"})
    fitted = fit_scm(Graph.parse(HIDDEN), cohort)
    assert "tie together: asa, y" in " ".join(fitted.summary().split())
    assert fitted.to_frame().set_index("node").loc["asa", "hidden_causes_shared_with"] == "y"
