"""Models to and from dowhy.gcm and networkx."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import GraphError, InvalidArgument
from causalmed.graph import Graph
from causalmed.scm import (
    Categorical,
    Empirical,
    LinearGaussian,
    LogisticBinary,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)
from causalmed.scm.dowhy_adapter import from_gcm, to_gcm
from causalmed.scm.networkx_door import from_networkx, to_networkx

pytest.importorskip("dowhy")


@pytest.fixture(scope="module")
def gcm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dowhy import gcm

        gcm.config.disable_progress_bars()
        return gcm


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def line(intercept, slopes=None, sd=1.0, *, log=False):
    return LinearGaussian(predictor=Predictor.of(intercept, slopes), sd=sd, log=log)


GRAPH = Graph.parse("dag { y [outcome]; z -> {x m y}; x -> {m y}; m -> y }")


def lines() -> StructuralCausalModel:
    return StructuralCausalModel.of(
        GRAPH,
        {
            "z": line(0.0),
            "x": line(0.0, {"z": 0.5}),
            "m": line(0.0, {"x": 0.3, "z": 0.2}, sd=0.2, log=True),
            "y": line(0.0, {"m": 1.2, "x": -0.4, "z": 0.7, "z:x": 0.5}),
        },
    )


def mixed() -> StructuralCausalModel:
    return StructuralCausalModel.of(
        Graph.parse("dag { ward -> {late ssi}; late -> ssi; age -> {late ssi} }"),
        {
            "age": Empirical(support=(40.0, 60.0, 80.0), weights=(0.2, 0.5, 0.3)),
            "ward": Categorical(predictors=(Predictor.of(0.2), Predictor.of(-0.5))),
            "late": LogisticBinary(predictor=Predictor.of(-1.5, {"age": 0.02, "ward=2": 0.8})),
            "ssi": LogisticBinary(predictor=Predictor.of(-2.5, {"late": 0.9, "age": 0.01, "ward=1": -0.4})),
        },
        levels={"ward": ("general", "vascular", "cardiac")},
        outcome="ssi",
    )


def test_what_was_sent_comes_back_the_same():
    for scm in (lines(), mixed()):
        back = from_gcm(to_gcm(scm), outcome=scm.outcome)
        assert dict(back.mechanisms) == dict(scm.mechanisms)
        assert back.graph.directed == scm.graph.directed
        assert {n: i.levels for n, i in back.nodes.items()} == {n: i.levels for n, i in scm.nodes.items()}


def test_counterfactuals_there_are_those_here(gcm):
    """All noise is recoverable: the same patients, the same intervention, to rounding."""
    scm = lines()
    there = to_gcm(scm)
    assert isinstance(there, gcm.InvertibleStructuralCausalModel)
    patients = scm.sample(50, seed=3)
    theirs = gcm.counterfactual_samples(there, {"x": lambda x: 1.0}, observed_data=patients)
    ours = scm.counterfactual(Cohort.from_frame(patients), do={"x": 1.0}, coupling="monotone", replicates=0)
    assert np.allclose(ours.low, theirs["y"], rtol=1e-9)


def test_interventions_there_are_those_here(gcm):
    scm = mixed()
    there = to_gcm(scm)
    assert not isinstance(there, gcm.InvertibleStructuralCausalModel)
    gcm.util.general.set_random_seed(1)
    theirs = gcm.interventional_samples(there, {"late": lambda _: 1.0}, num_samples_to_draw=20_000)
    ours = scm.sample(20_000, do={"late": 1}, seed=1)
    for mean in (
        lambda t: t["ssi"].mean(),
        lambda t: (t["ward"] == "cardiac").mean(),
        lambda t: t["age"].mean(),
    ):
        assert mean(theirs) == pytest.approx(
            mean(ours), abs=4 * np.sqrt(0.5 / 20_000) * (1 + 30 * (mean(ours) > 1))
        )
    again = [
        (gcm.util.general.set_random_seed(7), gcm.draw_samples(there, 20))[1]["ssi"].tolist()
        for _ in range(2)
    ]
    assert again[0] == again[1]


def observed(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = 0.5 * z + rng.normal(size=n)
    m = 0.8 * x + 0.3 * z + rng.normal(size=n)
    y = 1.2 * m - 0.4 * x + 0.7 * z + rng.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "m": m, "y": y})


def fitted_there(gcm, frame, make):
    import networkx

    there = gcm.InvertibleStructuralCausalModel(networkx.DiGraph(sorted(GRAPH.directed)))
    there.set_causal_mechanism("z", gcm.EmpiricalDistribution())
    for node in ("x", "m", "y"):
        there.set_causal_mechanism(node, make())
    gcm.fit(there, frame)
    return there


def test_a_model_fitted_there_answers_here(gcm):
    from scipy import stats

    frame = observed(1_500, 2)

    def normal():
        return gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor(), gcm.ScipyDistribution(stats.norm))

    scm = from_gcm(fitted_there(gcm, frame, normal), outcome="y")
    own = fit_scm(GRAPH, Cohort.from_frame(frame), mechanisms=dict.fromkeys(("x", "m", "y"), "linear"))
    for node in ("x", "m", "y"):
        assert isinstance(scm.mechanisms[node], LinearGaussian)
        slopes = {t.text: t.coefficient for t in scm.mechanisms[node].predictor.terms}
        expected = {t.text: t.coefficient for t in own.mechanisms[node].predictor.terms}
        assert slopes == pytest.approx(expected, rel=1e-9)
        assert scm.mechanisms[node].sd == pytest.approx(own.mechanisms[node].sd, rel=1e-6)
    assert scm.mechanisms["z"] == own.mechanisms["z"]
    assert scm.effect(exposure="x", draws=2).difference.estimate == pytest.approx(
        own.effect(exposure="x", draws=2, replicates=20).difference.estimate, rel=1e-6
    )


def test_observed_noise_and_any_regressor(gcm):
    """Noise as observed becomes its quantiles; a counterfactual keeps the patient's own noise exactly."""
    frame = observed(1_500, 2)
    there = fitted_there(
        gcm, frame, lambda: gcm.AdditiveNoiseModel(gcm.ml.create_polynom_regressor(degree=2))
    )
    scm = from_gcm(there, outcome="y")
    patients = frame.head(40)
    theirs = gcm.counterfactual_samples(there, {"x": lambda x: 0.0}, observed_data=patients)
    ours = scm.counterfactual(Cohort.from_frame(patients), do={"x": 0.0}, coupling="monotone", replicates=0)
    assert np.allclose(ours.low, theirs["y"], rtol=1e-9)
    gcm.util.general.set_random_seed(1)
    drawn, again = gcm.draw_samples(there, 20_000), scm.sample(20_000, seed=1)
    assert again["y"].std() == pytest.approx(drawn["y"].std(), rel=0.04)


def test_classifiers_and_scipy_laws(gcm):
    import networkx
    from scipy import stats

    rng = np.random.default_rng(4)
    dose = rng.gamma(3.0, 2.0, size=3_000)
    ssi = np.where(rng.random(3_000) < 1 / (1 + np.exp(2 - 0.3 * dose)), "yes", "no")
    there = gcm.StructuralCausalModel(networkx.DiGraph([("dose", "ssi")]))
    there.set_causal_mechanism("dose", gcm.ScipyDistribution(stats.gamma))
    there.set_causal_mechanism("ssi", gcm.ClassifierFCM(gcm.ml.create_logistic_regression_classifier()))
    gcm.fit(there, pd.DataFrame({"dose": dose, "ssi": ssi}))
    scm = from_gcm(there)
    drawn = scm.sample(20_000, seed=1)
    assert drawn["dose"].mean() == pytest.approx(dose.mean(), rel=0.03)
    assert (drawn["ssi"] == "yes").mean() == pytest.approx((ssi == "yes").mean(), abs=0.02)
    done = scm.sample(20_000, do={"dose": 8.0}, seed=1)
    learner = there.causal_mechanism("ssi").classifier_model.sklearn_model
    assert (done["ssi"] == "yes").mean() == pytest.approx(learner.predict_proba([[8.0]])[0, 1], abs=0.012)


def test_hidden_causes_are_not_dropped_in_silence():
    scm = StructuralCausalModel.of(
        Graph.parse("dag { x -> y; x <-> y }"), {"x": line(0.0), "y": line(0.0, {"x": 1.0})}
    )
    with pytest.raises(GraphError, match="x <-> y"):
        to_gcm(scm)


def test_what_has_no_counterpart_is_refused_by_name(gcm):
    import networkx

    there = gcm.InvertibleStructuralCausalModel(networkx.DiGraph([("x", "n")]))
    there.set_causal_mechanism("x", gcm.EmpiricalDistribution())
    with pytest.raises(InvalidArgument, match="'x'"):
        from_gcm(there)
    there.set_causal_mechanism("n", gcm.DiscreteAdditiveNoiseModel(gcm.ml.create_linear_regressor()))
    gcm.fit(there, pd.DataFrame({"x": np.arange(50.0), "n": np.arange(50) % 7}))
    with pytest.raises(InvalidArgument, match="'n' has a DiscreteAdditiveNoiseModel"):
        from_gcm(there)
    with pytest.raises(InvalidArgument, match="not a model"):
        from_gcm({"x": 1})


def test_a_kept_mechanism_is_not_fitted_again_there(gcm):
    there = to_gcm(mixed())
    with pytest.raises(InvalidArgument, match="fitted by causalmed"):
        gcm.fit(there, mixed().sample(100))


def test_networkx_and_back():
    for scm in (lines(), mixed()):
        back = from_networkx(to_networkx(scm))
        assert dict(back.mechanisms) == dict(scm.mechanisms)
        assert back.outcome == scm.outcome
        pd.testing.assert_frame_equal(back.sample(20, seed=1), scm.sample(20, seed=1))


def test_hidden_causes_survive_networkx():
    scm = StructuralCausalModel.of(
        Graph.parse("dag { x -> m -> y; x <-> y }"),
        {"x": line(0.0), "m": line(0.0, {"x": 1.0}), "y": line(0.0, {"m": 1.0, "x": 0.5})},
    )
    back = from_networkx(to_networkx(scm))
    assert back.factors.graph.bidirected == scm.factors.graph.bidirected
    assert dict(back.mechanisms) == dict(scm.mechanisms)


def test_a_node_without_a_mechanism_is_named():
    networkx = pytest.importorskip("networkx")
    network = networkx.DiGraph([("x", "y")])
    with pytest.raises(GraphError, match="x"):
        from_networkx(network)
    network.nodes["x"]["mechanism"] = "linear"
    with pytest.raises(InvalidArgument, match="'x'"):
        from_networkx(network)
