"""On disk and back: the same bits; anything foreign is refused by name."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, NotSavable
from causalmed.graph import Graph
from causalmed.scm import LogisticBinary, MechanismSpec, Predictor, StructuralCausalModel, fit_scm


@pytest.fixture(scope="module")
def scm():
    rng = np.random.default_rng(2)
    n = 600
    age = rng.normal(60, 10, n)
    wound = np.digitize(0.03 * age + rng.logistic(size=n), [1.0, 3.0])
    ward = rng.choice(list("abc"), size=n)
    stay = np.exp(rng.normal(size=n) + 0.1 * wound)
    ssi = rng.random(n) < 0.2 + 0.1 * wound
    frame = pd.DataFrame({"age": age, "wound": wound, "ward": ward, "stay": stay, "ssi": ssi, "läte": ssi})
    cohort = Cohort.from_frame(frame.drop(columns="läte"), outcome="ssi", kinds={"wound": (0, 1, 2)})
    graph = Graph.parse(
        "dag { u [latent]; u -> {wound ssi}; age -> wound -> {ward stay}; {ward age} -> ssi }"
    )
    spec = MechanismSpec(family="logistic", terms=("age", "age**2", "ward:age"))
    return fit_scm(graph, cohort, mechanisms={"stay": "lognormal", "ssi": spec})


def test_round_trip_is_exact(scm, tmp_path):
    scm.save(tmp_path / "model.scm")
    again = StructuralCausalModel.load(tmp_path / "model.scm")
    assert dict(again.mechanisms) == dict(scm.mechanisms)
    assert again.factors == scm.factors
    assert again.graph == scm.graph
    assert dict(again.nodes) == dict(scm.nodes)
    assert dict(again.specs) == dict(scm.specs)
    assert again.provenance == scm.provenance
    assert again.cohort is None
    pd.testing.assert_frame_equal(again.sample(500, seed=3), scm.sample(500, seed=3), check_exact=True)
    again.save(tmp_path / "again.scm")
    assert (tmp_path / "again.scm").read_bytes() == (tmp_path / "model.scm").read_bytes()


def test_unit_answers_survive(scm, tmp_path):
    scm.save(tmp_path / "model.scm")
    again = StructuralCausalModel.load(tmp_path / "model.scm")
    some = scm.cohort.take(range(9))
    one, two = (
        m.counterfactual(some, do={"age": 50.0}, outcome="stay", coupling="monotone", replicates=0)
        for m in (scm, again)
    )
    assert np.array_equal(one.low, two.low)


class Foreign(LogisticBinary):
    """Looks like one of ours, is not."""


def test_foreign_mechanisms_are_named(tmp_path):
    graph = Graph.parse("dag { x -> ssi }")
    ours = LogisticBinary(predictor=Predictor.of(0.0))
    scm = StructuralCausalModel.of(
        graph, {"x": ours, "ssi": Foreign(predictor=Predictor.of(0.0, {"x": 1.0}))}
    )
    with pytest.raises(NotSavable, match="'ssi' has a mechanism of type Foreign"):
        scm.save(tmp_path / "model.scm")
    assert not (tmp_path / "model.scm").exists()


def changed(source, target, **values):
    with zipfile.ZipFile(source) as archive:
        described = json.loads(archive.read("model.json")) | values
        arrays = archive.read("arrays.npz")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("model.json", json.dumps(described))
        archive.writestr("arrays.npz", arrays)


def test_files_that_are_no_model(scm, tmp_path):
    load = StructuralCausalModel.load
    with pytest.raises(DataError, match="There is no file"):
        load(tmp_path / "absent")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(DataError, match="not a saved model"):
        load(tmp_path / "text")
    scm.save(tmp_path / "model.scm")
    changed(tmp_path / "model.scm", tmp_path / "newer", schema=2)
    with pytest.raises(DataError, match="schema 2"):
        load(tmp_path / "newer")
    changed(tmp_path / "model.scm", tmp_path / "damaged", nodes=[{"name": "x"}])
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path / "damaged")
    with zipfile.ZipFile(tmp_path / "empty", "w") as archive:
        archive.writestr("model.json", "[]")
    with pytest.raises(DataError, match="not a saved model"):
        load(tmp_path / "empty")


def test_a_loaded_model_says_that_its_mechanisms_are_taken_as_exact(scm, tmp_path):
    scm.save(tmp_path / "model.scm")
    again = StructuralCausalModel.load(tmp_path / "model.scm")
    assert "taken as exact" in again.effect(exposure="age", contrast=(70, 50), draws=2).functionals.source
    with pytest.raises(InvalidArgument):
        again.effect(exposure="age", contrast=(70, 50), population="exposed")
