"""Effects of the model against closed forms, simulation, other estimators and dowhy."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, NotEnoughEvents, UnknownNode
from causalmed.graph import Graph
from causalmed.results import State
from causalmed.scm import (
    LinearGaussian,
    LogisticBinary,
    MechanismSpec,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)


def expit(x):
    return 1 / (1 + np.exp(-x))


def linear_cohort(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = 0.5 * z + rng.normal(size=n)
    m = 0.8 * x + 0.3 * z + rng.normal(size=n)
    y = 1.2 * m - 0.4 * x + 0.7 * z + rng.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "m": m, "y": y})


LINEAR = Graph.parse("dag { y [outcome]; z -> {x m y}; x -> {m y}; m -> y }")


def test_a_linear_model_gives_the_product_of_coefficients():
    cohort = Cohort.from_frame(linear_cohort(2_000, 3))
    scm = fit_scm(LINEAR, cohort)
    slope = {t.text: t.coefficient for t in scm.mechanisms["y"].predictor.terms}
    through = {t.text: t.coefficient for t in scm.mechanisms["m"].predictor.terms}
    effect = scm.effect(exposure="x", contrast=(1.5, -0.5))
    assert effect.difference.estimate == pytest.approx(2 * (slope["x"] + slope["m"] * through["x"]), rel=1e-9)
    assert effect.outcome_kind == "continuous"
    assert effect.n == 2_000


def test_the_standard_error_is_that_of_the_adjusted_regression():
    """All linear: the total effect is the coefficient of x given z, with its sandwich standard error."""
    import statsmodels.api as sm

    frame = linear_cohort(1_000, 8)
    total = sm.OLS(frame["y"], sm.add_constant(frame[["x", "z"]])).fit(cov_type="HC0")
    effect = fit_scm(LINEAR, Cohort.from_frame(frame)).effect(exposure="x", replicates=1_000)
    assert effect.difference.estimate == pytest.approx(total.params["x"], abs=0.1 * total.bse["x"])
    assert effect.difference.std_error == pytest.approx(total.bse["x"], rel=0.10)


def test_dowhy_gcm_agrees_on_a_linear_model():
    networkx = pytest.importorskip("networkx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gcm = pytest.importorskip("dowhy.gcm")
        frame = linear_cohort(2_000, 4)
        other = gcm.StructuralCausalModel(networkx.DiGraph(sorted(LINEAR.directed)))
        gcm.util.general.set_random_seed(1)
        other.set_causal_mechanism("z", gcm.EmpiricalDistribution())
        for node in ("x", "m", "y"):
            other.set_causal_mechanism(node, gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()))
        gcm.fit(other, frame)
        drawn = [
            gcm.interventional_samples(other, {"x": lambda _, v=value: v}, num_samples_to_draw=40_000)
            for value in (1.0, 0.0)
        ]
    scm = fit_scm(LINEAR, Cohort.from_frame(frame))
    theirs = drawn[0]["y"].mean() - drawn[1]["y"].mean()
    error = 3 * np.sqrt(sum(each["y"].var() / len(each) for each in drawn))
    assert scm.effect(exposure="x").difference.estimate == pytest.approx(theirs, abs=error)
    ours = scm.sample(40_000, do={"x": 1.0}, seed=1)
    assert ours["y"].std() == pytest.approx(drawn[0]["y"].std(), rel=0.03)
    assert np.corrcoef(ours["m"], ours["y"])[0, 1] == pytest.approx(
        np.corrcoef(drawn[0]["m"], drawn[0]["y"])[0, 1], abs=0.02
    )


def infected(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, u = rng.normal(size=(2, n))
    late = rng.random(n) < expit(-1 + 0.6 * age)
    warm = rng.random(n) < expit(0.5 - 0.8 * late)
    glucose = 140 + 12 * late + 6 * age + 18 * u
    ssi = rng.random(n) < expit(-2.5 + 0.5 * late - 0.5 * warm + 0.012 * (glucose - 140) + 0.3 * age)
    return pd.DataFrame({"age": age, "late": late, "warm": warm, "glucose": glucose, "ssi": ssi})


INFECTED = Graph.parse(
    "dag { ssi [outcome]; age -> {late glucose ssi}; late -> {warm glucose ssi}; {warm glucose} -> ssi }"
)


def truth_of_infected() -> float:
    rng = np.random.default_rng(0)
    age, u = rng.normal(size=(2, 300_000))
    risks = []
    for late in (1.0, 0.0):
        warm, glucose = expit(0.5 - 0.8 * late), 12 * late + 6 * age + 18 * u
        base = -2.5 + 0.5 * late + 0.012 * glucose + 0.3 * age
        risks.append(np.mean(warm * expit(base - 0.5) + (1 - warm) * expit(base)))
    return float(risks[0] - risks[1])


def test_binary_mediators_and_noise_between_are_averaged_over():
    effect = fit_scm(INFECTED, Cohort.from_frame(infected(20_000, 6))).effect(exposure="late")
    interval = effect.risk_difference
    assert interval.estimate == pytest.approx(truth_of_infected(), abs=3 * interval.std_error)
    check = effect.diagnostics.check("Monte-Carlo error")
    assert check.state is State.PASS
    assert 0 < check.value < 0.2


def covered(simulations: int) -> int:
    truth = truth_of_infected()
    inside = 0
    for seed in range(simulations):
        scm = fit_scm(INFECTED, Cohort.from_frame(infected(800, 100 + seed)))
        inside += truth in scm.effect(exposure="late", draws=4, replicates=100, seed=seed).risk_difference
    return inside


def test_intervals_cover_in_a_short_run():
    assert covered(20) >= 16  # 95 % coverage gives 15 or fewer with probability 0.3 %


@pytest.mark.slow
def test_intervals_cover():
    assert 0.92 <= covered(400) / 400 <= 0.98


def test_more_draws_do_not_touch_the_covariance():
    scm = fit_scm(INFECTED, Cohort.from_frame(infected(1_000, 6)))
    few, many = (scm.effect(exposure="late", draws=d, replicates=50).functionals for d in (2, 30))
    assert np.array_equal(few.covariance, many.covariance)


def test_the_exposed_are_those_who_were_exposed():
    frame = infected(20_000, 6)
    scm = fit_scm(INFECTED, Cohort.from_frame(frame))
    exposed, other = (scm.effect(exposure="late", population=p) for p in ("exposed", "unexposed"))
    assert exposed.functionals["natural"] == pytest.approx(frame.loc[frame["late"], "ssi"].mean(), rel=1e-12)
    assert exposed.functionals["exposed"] == pytest.approx(exposed.functionals["natural"], abs=0.01)
    assert other.functionals["unexposed"] == pytest.approx(frame.loc[~frame["late"], "ssi"].mean(), abs=0.01)


def test_without_anything_between_it_is_g_computation():
    from causalmed.estimation import GComputation, estimate
    from causalmed.identification import identify

    graph = Graph.parse("dag { ssi [outcome]; age -> {late ssi}; late -> ssi }")
    cohort = Cohort.from_frame(infected(2_000, 6)[["age", "late", "ssi"]], outcome="ssi")
    theirs = estimate(identify(graph, exposure="late", outcome="ssi"), cohort, GComputation()).functionals
    ours = fit_scm(graph, cohort).effect(exposure="late", replicates=1_000)
    assert ours.functionals.values == pytest.approx(theirs.values, rel=1e-8)
    width = theirs.std_error(np.array([1.0, -1.0, 0.0]))
    assert ours.risk_difference.std_error == pytest.approx(width, rel=0.1)


def copied(hospitals: int) -> pd.DataFrame:
    """Return 600 patients, each four times in one hospital: four times the rows, no more information."""
    once = infected(600, 6)
    return pd.concat([once.assign(hospital=np.arange(600) % hospitals)] * 4, ignore_index=True)


@pytest.mark.parametrize(("hospitals", "degrees"), [(20, 19), (60, np.inf)])
def test_copies_within_hospitals_do_not_count_as_patients(hospitals, degrees):
    frame = copied(hospitals)
    found = fit_scm(INFECTED, Cohort.from_frame(frame, cluster="hospital")).effect(exposure="late")
    plain = fit_scm(INFECTED, Cohort.from_frame(frame)).effect(exposure="late")
    assert (found.clusters, plain.clusters) == (hospitals, None)
    assert found.functionals.degrees_of_freedom == degrees
    assert ("jackknife" in found.functionals.source) == (hospitals < 40)
    ratio = found.risk_difference.std_error / plain.risk_difference.std_error
    assert 1.4 < ratio < 2.9  # 2, but for chance


def test_the_jackknife_is_the_one_done_by_hand():
    frame = linear_cohort(600, 3).assign(hospital=np.repeat(np.arange(12), 50))
    graph = Graph.parse("dag { z -> {x y}; x -> y }")
    found = fit_scm(graph, Cohort.from_frame(frame, cluster="hospital")).effect(exposure="x", outcome="y")
    slopes = [
        fit_scm(graph, Cohort.from_frame(frame[frame["hospital"] != g]))
        .effect(exposure="x", outcome="y", replicates=20)
        .difference.estimate
        for g in range(12)
    ]
    error = np.sqrt(11 / 12 * np.sum((np.array(slopes) - np.mean(slopes)) ** 2))
    assert found.difference.std_error == pytest.approx(error, rel=1e-8)


def test_mechanisms_by_hand_are_taken_as_exact():
    graph = Graph.parse("dag { y [outcome]; z -> {x y}; x -> y }")
    scm = StructuralCausalModel.of(
        graph,
        {
            "z": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "x": LogisticBinary(predictor=Predictor.of(0.0, {"z": 1.0})),
            "y": LogisticBinary(predictor=Predictor.of(-1.0, {"z": 1.0, "x": 0.8, "x:z": 0.2})),
        },
    )
    effect = scm.effect(exposure="x", draws=5)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    truth = weights @ (expit(-0.2 + 1.2 * nodes) - expit(-1.0 + nodes))
    assert effect.risk_difference.estimate == pytest.approx(truth, abs=4 * effect.risk_difference.std_error)
    assert effect.risk_difference.std_error < 0.002
    assert "mechanisms are taken as exact" in effect.functionals.source
    assert effect.diagnostics.check("parameter uncertainty").state is State.WARN
    with pytest.raises(InvalidArgument, match="needs patients"):
        scm.effect(exposure="x", population="exposed")


def test_a_value_outside_what_was_seen_warns():
    effect = fit_scm(LINEAR, Cohort.from_frame(linear_cohort(500, 3))).effect(exposure="x", contrast=(90, 0))
    assert effect.diagnostics.check("observed range").state is State.WARN


def test_an_effect_that_the_graph_assumes_away_says_so():
    graph = Graph.parse("dag { ssi [outcome]; age -> {late ssi} }")
    effect = fit_scm(graph, Cohort.from_frame(infected(500, 1)[["age", "late", "ssi"]])).effect(
        exposure="late"
    )
    assert effect.risk_difference.estimate == 0
    assert effect.diagnostics.check("directed path").state is State.WARN
    assert "assumed, not found" in effect.summary().replace("\n      ", " ")


@pytest.mark.parametrize(("slope", "state"), [(1.0, State.PASS), (3.0, State.WARN), (25.0, State.FAIL)])
def test_patients_who_could_hardly_have_had_the_other_value_are_counted(slope, state):
    rng = np.random.default_rng(1)
    age = rng.normal(size=4_000)
    late = rng.random(4_000) < expit(slope * age)
    ssi = rng.random(4_000) < expit(-1 + 0.3 * age + 0.5 * late)
    graph = Graph.parse("dag { ssi [outcome]; age -> {late ssi}; late -> ssi }")
    cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "ssi": ssi}))
    effect = fit_scm(graph, cohort).effect(exposure="late", replicates=20)
    check = effect.diagnostics.check("overlap")
    expected = np.mean(np.minimum(expit(slope * age), expit(-slope * age)) < 0.01)
    assert check.value == pytest.approx(expected, abs=0.03)
    assert check.state is state
    assert effect.reported == (state is not State.FAIL)


def test_questions_that_make_no_sense():
    scm = fit_scm(INFECTED, Cohort.from_frame(infected(500, 1)))
    for arguments, error, words in [
        ({"exposure": "late", "population": "everyone"}, InvalidArgument, "population"),
        ({"exposure": "late", "contrast": (1, 2)}, InvalidArgument, "cannot be set to 2"),
        ({"exposure": "late", "contrast": (1,)}, InvalidArgument, "two values"),
        ({"exposure": "late", "contrast": ("yes", 0)}, InvalidArgument, "cannot be set to 'yes'"),
        ({"exposure": "late", "draws": 0}, InvalidArgument, "draws"),
        ({"exposure": "late", "replicates": 3}, InvalidArgument, "replicates"),
        ({"exposure": "late", "level": 95}, InvalidArgument, "level"),
        ({"exposure": "ssi"}, InvalidArgument, "both"),
        ({"exposure": "lat"}, UnknownNode, "late"),
        ({"exposure": "late", "outcome": "died"}, UnknownNode, "died"),
        (
            {"exposure": "glucose", "contrast": (1.23, 200), "population": "exposed"},
            NotEnoughEvents,
            "No patient",
        ),
        ({"exposure": "glucose", "contrast": (float("inf"), 0)}, InvalidArgument, "finite"),
    ]:
        with pytest.raises(error, match=words):
            scm.effect(**arguments)


def one_sided(n=900):
    rng = np.random.default_rng(3)
    late = rng.random(n) < 0.4
    ssi = ~late & (rng.random(n) < 0.3)
    return pd.DataFrame({"late": late, "ssi": ssi, "ward": ["only"] * n})


def test_an_arm_without_outcomes_is_not_reported():
    """A penalised mechanism would give a risk ratio with a tiny interval."""
    mechanisms = {"ssi": MechanismSpec(family="logistic", firth=True)}
    scm = fit_scm(Graph.parse("dag { late -> ssi }"), Cohort.from_frame(one_sided()), mechanisms=mechanisms)
    effect = scm.effect(exposure="late", outcome="ssi", replicates=20)
    assert [check.name for check in effect.diagnostics.failed()] == ["outcomes in each arm"]


def test_one_cluster_alone_says_nothing_about_clusters():
    cohort = Cohort.from_frame(one_sided().assign(ssi=np.arange(900) % 3 == 0), cluster="ward")
    scm = fit_scm(Graph.parse("dag { late -> ssi }"), cohort)
    with pytest.raises(DataError, match="one cluster"):
        scm.effect(exposure="late", outcome="ssi")
