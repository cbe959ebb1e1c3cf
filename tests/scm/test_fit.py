"""Fitting: the district's factors, mechanisms by kind, speed of thought about bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import (
    CausalmedError,
    ColumnNotFound,
    DataError,
    InvalidArgument,
    NotConverged,
    NotEnoughEvents,
    NotIdentified,
    RoleConflict,
    UnknownNode,
)
from causalmed.graph import Graph
from causalmed.scm import (
    Categorical,
    Empirical,
    LinearGaussian,
    LogisticBinary,
    MechanismSpec,
    Ordinal,
    Predictor,
    fit_scm,
)


def expit(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def rated() -> pd.DataFrame:
    """A rating and an infection share frailty; late prophylaxis causes infection, the rating does not."""
    rng = np.random.default_rng(11)
    n = 20_000
    frailty, age = rng.normal(size=n), rng.normal(size=n)
    rating = rng.random(n) < expit(-0.3 + 0.9 * frailty + 0.3 * age)
    late = rng.random(n) < expit(-1.0 + 0.5 * age)
    infection = rng.random(n) < expit(-2.3 + 0.8 * frailty + 0.3 * age + 0.7 * late)
    return pd.DataFrame({"age": age, "rating": rating, "late": late, "infection": infection})


CAUSES_ONLY = "dag { age -> {rating late infection}; late -> infection; rating -> infection }"
FRAIL = "dag { frailty [latent]; frailty -> {rating infection}; age -> {rating late infection}; "
HIDDEN = FRAIL + "late -> infection }"
BOW = FRAIL + "{late rating} -> infection }"


def test_a_rating_without_an_effect_gets_none_where_its_latent_cause_is_drawn(rated):
    cohort = Cohort.from_frame(rated, outcome="infection")
    naive = fit_scm(Graph.parse(CAUSES_ONLY), cohort).effect(exposure="rating").risk_difference
    assert naive.estimate > 0.03
    assert 0.0 not in naive
    honest = fit_scm(Graph.parse(HIDDEN), cohort).effect(exposure="rating").risk_difference
    assert honest.estimate == 0.0
    with pytest.raises(NotIdentified, match="rating <-> infection"):
        fit_scm(Graph.parse(BOW), cohort).effect(exposure="rating")


@pytest.mark.parametrize("text", [HIDDEN, BOW])
def test_the_late_effect_is_right_beside_the_rating(rated, text):
    cohort = Cohort.from_frame(rated, outcome="infection")
    effect = fit_scm(Graph.parse(text), cohort).effect(exposure="late", seed=1)
    rng = np.random.default_rng(1)
    frailty, age = rng.normal(size=(2, 2_000_000))
    base = -2.3 + 0.8 * frailty + 0.3 * age
    truth = float(np.mean(expit(base + 0.7) - expit(base)))
    assert effect.risk_difference.estimate == pytest.approx(truth, abs=3 * effect.risk_difference.std_error)
    assert effect.risk_difference.std_error < 0.01


def test_pillows_are_tians(rated):
    scm = fit_scm(Graph.parse(BOW), Cohort.from_frame(rated, outcome="infection"))
    assert scm.factors.pillows["infection"] == ("age", "rating", "late") or set(
        scm.factors.pillows["infection"]
    ) == {"age", "rating", "late"}
    assert set(scm.factors.pillows["rating"]) == {"age"}
    after = fit_scm(Graph.parse(HIDDEN), Cohort.from_frame(rated, outcome="infection"))
    assert set(after.factors.pillows["infection"]) == {"age", "late"}
    assert set(after.factors.pillows["rating"]) == {"age", "late", "infection"}
    assert after.order.index("infection") < after.order.index("rating")


@pytest.fixture(scope="module")
def mixed() -> Cohort:
    rng = np.random.default_rng(5)
    n = 3_000
    age = rng.normal(60, 12, n)
    wound = np.digitize(0.02 * age + rng.logistic(size=n), [0.5, 2.0])
    ward = np.array(["a", "b", "c"])[
        np.argmax(rng.gumbel(size=(n, 3)) + wound[:, None] * [0, 0.4, -0.4], axis=1)
    ]
    stay = np.exp(1 + 0.2 * wound + 0.5 * rng.normal(size=n))
    visits = rng.poisson(2 + wound)
    ssi = rng.random(n) < expit(-2 + 0.5 * wound)
    frame = pd.DataFrame(
        {"age": age, "wound": wound, "ward": ward, "stay": stay, "visits": visits, "ssi": ssi}
    )
    return Cohort.from_frame(frame, outcome="ssi", kinds={"wound": (0, 1, 2), "visits": "count"})


def test_mechanisms_follow_the_kind_of_the_column(mixed):
    graph = Graph.parse("dag { age -> wound -> {ward stay visits ssi} }")
    scm = fit_scm(graph, mixed, mechanisms={"stay": "lognormal"})
    kinds = {node: type(mechanism) for node, mechanism in scm.mechanisms.items()}
    assert kinds == {
        "age": Empirical,
        "wound": Ordinal,
        "ward": Categorical,
        "stay": LinearGaussian,
        "visits": LinearGaussian,
        "ssi": LogisticBinary,
    }
    assert scm.mechanisms["stay"].log
    drawn = scm.sample(2_000, seed=3)
    assert set(drawn["ward"]) == {"a", "b", "c"}
    assert set(drawn["wound"]) == {"0", "1", "2"}
    assert (drawn["stay"] > 0).all()


def test_a_spec_states_terms_and_a_mechanism_is_taken_as_it_is(mixed):
    graph = Graph.parse("dag { age -> wound -> ssi <- age }")
    by_hand = LogisticBinary(predictor=Predictor.of(-2.0, {"age": 0.01}))
    scm = fit_scm(graph, mixed, mechanisms={"ssi": by_hand})
    assert scm.mechanisms["ssi"] is by_hand
    spec = MechanismSpec(family="logistic", terms=("age", "age**2", "wound:age"))
    names = fit_scm(graph, mixed, mechanisms={"ssi": spec}).mechanisms["ssi"].predictor.names
    assert names == ("Intercept", "age", "age**2", "wound=1:age", "wound=2:age")


def test_n_jobs_changes_no_bit(mixed):
    graph = Graph.parse("dag { age -> wound -> {ward stay visits ssi} }")
    one, two = (fit_scm(graph, mixed, n_jobs=n) for n in (1, 2))
    assert dict(one.mechanisms) == dict(two.mechanisms)
    effects = [one.effect(exposure="wound", contrast=(2, 0), n_jobs=n).functionals for n in (1, 2)]
    assert np.array_equal(effects[0].covariance, effects[1].covariance)
    assert np.array_equal(effects[0].values, effects[1].values)


def test_the_order_of_rows_changes_no_bit(rated):
    frame = rated.assign(id=np.arange(len(rated)))
    graph = Graph.parse(BOW)
    cohorts = [
        Cohort.from_frame(f, unit="id", outcome="infection")
        for f in (frame, frame.sample(frac=1, random_state=1))
    ]
    one, two = (fit_scm(graph, cohort) for cohort in cohorts)
    assert dict(one.mechanisms) == dict(two.mechanisms)


def test_the_callers_table_is_not_changed(rated):
    before = rated.copy(deep=True)
    fit_scm(Graph.parse(BOW), Cohort.from_frame(rated, outcome="infection")).effect(
        exposure="late", replicates=20
    )
    pd.testing.assert_frame_equal(rated, before)


def frame(**columns):
    n = 400
    rng = np.random.default_rng(2)
    base = {"x": rng.random(n) < 0.5, "z": rng.normal(size=n), "y": rng.random(n) < 0.3}
    return pd.DataFrame(base | columns)


GRAPH = Graph.parse("dag { z -> {x y}; x -> y }")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"y": np.zeros(400, dtype=bool)}, NotEnoughEvents, "Mechanism of 'y'"),
        ({"z": np.ones(400)}, CausalmedError, "'z'"),
        ({"y": frame()["x"].to_numpy()}, NotConverged, "'y'"),
    ],
)
def test_what_cannot_be_fitted_names_the_node(change, error, words):
    with pytest.raises(error, match=words):
        fit_scm(GRAPH, Cohort.from_frame(frame(**change)))


def test_a_number_that_is_a_function_of_its_cause_is_refused():
    base = frame()
    cohort = Cohort.from_frame(base.assign(w=2 * base["z"] + 1))
    with pytest.raises(DataError, match="exact function"):
        fit_scm(Graph.parse("dag { z -> w }"), cohort)


def test_names_and_options_that_do_not_exist():
    cohort = Cohort.from_frame(frame())
    with pytest.raises(ColumnNotFound, match="mark hidden ones"):
        fit_scm(Graph.parse("dag { frailty -> y; x -> y }"), cohort)
    with pytest.raises(UnknownNode, match="'q'"):
        fit_scm(GRAPH, cohort, mechanisms={"q": "linear"})
    with pytest.raises(InvalidArgument, match="family='probit' is not understood"):
        fit_scm(GRAPH, cohort, mechanisms={"y": "probit"})
    with pytest.raises(RoleConflict, match="cannot produce 'y'"):
        fit_scm(GRAPH, cohort, mechanisms={"y": "linear"})
    with pytest.raises(InvalidArgument, match="must be one of"):
        fit_scm(GRAPH, cohort, mechanisms={"y": 3})
    with pytest.raises(ColumnNotFound, match="terms of 'y'"):
        fit_scm(GRAPH, cohort, mechanisms={"y": MechanismSpec(family="logistic", terms=("age",))})
    with pytest.raises(InvalidArgument, match="seed"):
        fit_scm(GRAPH, cohort, seed=-1)
    with pytest.raises(InvalidArgument, match="must be a Graph"):
        fit_scm("dag { x -> y }", cohort)
    with pytest.raises(RoleConflict, match="identifier"):
        fit_scm(Graph.parse("dag { x -> id }"), Cohort.from_frame(frame(id=np.arange(400)), unit="id"))


@pytest.mark.parametrize("name", ["inf", "<b>late</b>", "a:b=c**2", "läte"])
def test_strange_names_of_columns_work(name):
    cohort = Cohort.from_frame(frame().rename(columns={"x": name}), outcome="y")
    scm = fit_scm(Graph.of([("z", name), ("z", "y"), (name, "y")]), cohort)
    assert scm.mechanisms["y"].columns == ("z", name) or set(scm.mechanisms["y"].columns) == {"z", name}
    assert "<b>" not in (scm.effect(exposure=name, replicates=20)._repr_html_())


def test_sampling_weights_are_refused_and_not_ignored():
    cohort = Cohort.from_frame(frame(w=np.linspace(0.5, 2, 400)), weights="w")
    with pytest.raises(InvalidArgument, match="sampling weights"):
        fit_scm(GRAPH, cohort)


def test_one_patient_and_too_many_levels_are_refused_in_words():
    with pytest.raises(CausalmedError):
        fit_scm(
            GRAPH,
            Cohort.from_frame(frame().iloc[[0]], kinds={"x": "binary", "y": "binary", "z": "continuous"}),
        )
    many = frame(z=[f"level {k}" for k in range(400)])
    with pytest.raises(CausalmedError, match=r"'z'|'x'"):
        fit_scm(GRAPH, Cohort.from_frame(many, kinds={"z": "categorical"}))
    with pytest.raises(CausalmedError):
        fit_scm(
            GRAPH,
            Cohort.from_frame(frame(copy=frame()["z"])).assign("x", frame()["z"].to_numpy(), "continuous"),
        )
