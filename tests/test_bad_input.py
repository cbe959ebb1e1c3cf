"""Input nobody should give, at every public door: a clear error or a right answer, tables untouched."""

from __future__ import annotations

import json
import re
import time
import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import causalmed as cm
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument, NotSavable
from causalmed.reporting import verify_report

GRAPH_TEXT = (
    "dag { late [exposure]; infected [outcome]; age -> {late infected}; sex -> {late infected}; "
    "late -> infected }"
)
GRAPH = cm.Graph.parse(GRAPH_TEXT)
QUESTION = {"exposure": "late", "outcome": "infected"}
ESTIMATORS = (cm.GComputation(), cm.IPW(), cm.AIPW(), cm.TMLE())


def make(n=600, seed=1):
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, n).round(2)
    late = (rng.random(n) < 1 / (1 + np.exp(0.6 - (age - 60) / 20))).astype(int)
    infected = (rng.random(n) < 1 / (1 + np.exp(1.5 - late - (age - 60) / 15))).astype(int)
    sex, hospital = rng.choice(["F", "M"], n), rng.choice([f"H{k}" for k in range(6)], n)
    columns = {"age": age, "sex": sex, "hospital": hospital, "late": late, "infected": infected}
    return pd.DataFrame({"id": np.arange(n), **columns})


FRAME = make()


def cohort_of(frame=FRAME, **options):
    return cm.Cohort.from_frame(frame, **{"outcome": "infected", "unit": "id", **options})


COHORT = cohort_of(protected="sex")
PATIENT = COHORT.patient(3)
MODEL = cm.fit_risk_model(COHORT, features=["age", "sex"], specificity=0.8)
SCM = cm.fit_scm(GRAPH, COHORT)
CLASSIFIER = LogisticRegression().fit(FRAME[["age"]], FRAME["infected"])


def image(frame):
    """Every byte of a frame that a caller could see."""
    columns = [
        series.to_numpy().tobytes() if series.dtype.kind in "biuf" else series.tolist()
        for _, series in frame.items()
    ]
    return list(frame.columns), list(frame.dtypes), frame.index.tolist(), columns, dict(frame.attrs)


@pytest.fixture(autouse=True)
def untouched():
    """Whatever a test does, the caller's table, the cohort and the models stay as they are."""
    before, fingerprint, risks = image(FRAME), COHORT.fingerprint, MODEL.risk(FRAME).tobytes()
    yield
    assert image(FRAME) == before
    assert cohort_of(protected="sex").fingerprint == fingerprint == COHORT.fingerprint
    assert MODEL.risk(FRAME).tobytes() == risks


def refused(call, words):
    """Assert a CausalmedError whose message is a sentence that holds the words; return it."""
    with pytest.raises(CausalmedError) as caught:
        call()
    message = str(caught.value)
    assert re.search(words, message), f"{words!r} is not in: {message}"
    assert len(message) > 25
    return caught.value


def estimated(estimator=None, adjust=("age", "sex"), **options):
    table = {name: options.pop(name) for name in ("frame", "cluster", "kinds", "weights") if name in options}
    question = cm.Estimand.given(**QUESTION, adjustment_set=adjust)
    return cm.estimate(question, cohort_of(**table), estimator, **options)


DOORS = {
    "from_frame": cohort_of,
    "where": lambda expression="age > 1", reason="r": COHORT.where(expression, reason=reason),
    "patient": COHORT.patient,
    "table_one": COHORT.table_one,
    "take": COHORT.take,
    "column": COHORT.column,
    "parse": cm.Graph.parse,
    "of": cm.Graph.of,
    "from_networkx": cm.Graph.from_networkx,
    "separated": GRAPH.separated,
    "adjustment_sets": GRAPH.adjustment_sets,
    "parents": GRAPH.parents,
    "descendants": GRAPH.descendants,
    "identify": lambda graph=GRAPH, **more: cm.identify(graph, **{**QUESTION, **more}),
    "given": lambda **more: cm.Estimand.given(**{**QUESTION, **more}),
    "estimate": estimated,
    "estimate_bare": cm.estimate,
    "screen_risks": lambda graph=GRAPH, cohort=COHORT, **more: cm.screen_risks(graph, cohort, **more),
    "fit_scm": lambda graph=GRAPH, cohort=COHORT, **more: cm.fit_scm(graph, cohort, **more),
    "sample": lambda n=3, **more: SCM.sample(n, **more),
    "effect": lambda **more: SCM.effect(**{"exposure": "late", "replicates": 20, **more}),
    "counterfactual": lambda patients=PATIENT, **more: SCM.counterfactual(
        patients, **{"do": {"late": 0}, "replicates": 0, "draws": 20, **more}
    ),
    "diagnose": SCM.diagnose,
    "scm_save": SCM.save,
    "scm_load": cm.StructuralCausalModel.load,
    "fit_risk_model": lambda cohort=COHORT, **more: cm.fit_risk_model(cohort, **more),
    "wrap": lambda classifier=CLASSIFIER, **more: cm.RiskModel.wrap(
        classifier, **{"features": ["age"], **more}
    ).risk(FRAME),
    "risk": MODEL.risk,
    "alert": MODEL.alert,
    "performance": lambda cohort=COHORT, **more: MODEL.performance(cohort, **more),
    "model_save": MODEL.save,
    "model_load": cm.RiskModel.load,
    "explain": lambda model=MODEL, patients=PATIENT, **more: cm.explain(model, patients, **more),
    "recourse": lambda model=MODEL, patient=PATIENT, **more: cm.recourse(
        model, patient, **{"scm": SCM, "actionable": ["late"], **more}
    ),
    "audit": lambda model=MODEL, cohort=COHORT, **more: cm.audit(model, cohort, **more),
    "protocol": cm.Protocol.parse,
    "protocol_load": cm.Protocol.load,
    "run": cm.run,
    "verify": verify_report,
    "load_dataset": cm.load_dataset,
}
"""Every public entry, ready to be called wrongly."""

POSITIONAL = {
    "from_frame": [
        (None, "NoneType"),
        ([1], "list"),
        ({"age": [1]}, "dict"),
        (FRAME["age"], "Series"),
        (FRAME.to_numpy(), "ndarray"),
        (pl.DataFrame({"a": [1]}).lazy(), "collect"),
        (FRAME.iloc[:0], "no rows"),
        (pd.DataFrame(), "no columns"),
        (pd.concat([FRAME, FRAME["age"]], axis=1), "'age' occurs more than once"),
        (FRAME.rename(columns={"age": 7}), "7"),
        (FRAME.rename(columns={"age": " "}), "empty name"),
        (FRAME.assign(age=np.nan), "'age' 600"),
        (FRAME.assign(age=None), "'age' 600"),
        (FRAME.assign(age=FRAME["age"].where(FRAME["id"] > 3)), "'age' 4"),
        (FRAME.assign(age=np.inf), "Infinite values: 'age' 600"),
        (FRAME.assign(age=-np.inf), "Infinite values: 'age' 600"),
        (FRAME.assign(id=1), "'id'.*repeats 599"),
        (FRAME.assign(id=FRAME["id"].where(FRAME["id"] > 3)), "no id in 'id'"),
        (FRAME.assign(age=[1, "a"] * 300), "300 int, 300 str"),
        (FRAME.assign(age=[[1]] * 600), "600 list"),
        (FRAME.assign(age=1j), "complex"),
        (FRAME.assign(infected=["a", "b", "c"] * 200), "categorical"),
        (FRAME.assign(infected=FRAME["infected"] + 1), "1 and 2"),
    ],
    "where": [
        *[(bad, "condition") for bad in (None, 3, "", "age", "age >", "age in ()", "1 <", "not", "(age > 1")],
        ("__import__('os').system('x') == 1", "not understood"),
        ("age.real > 1", "not understood"),
        ("(" * 900, "condition"),
        ("zz > 1", "'zz'"),
        ("sex > 'F'", "no order"),
        ("sex == 'Q'", "'Q'"),
        ("age == 'old'", "numbers"),
        ("age > 1000", "None of the 600"),
    ],
    "patient": [(bad, "No unit") for bad in (None, -1, 600, "3", 3.5, np.nan, [3], True, "x" * 9999)],
    "take": [
        (bad, "rows|mask|remains") for bad in (None, "x", [0, 0], [1, 0], [-1], [600], [True], [0.5], [])
    ],
    "column": [(bad, "not in the table") for bad in (None, 3, "zz", ["age"], {})],
    "parse": [
        (None, "NoneType"),
        (b"dag {}", "bytes"),
        ("", "no graph"),
        ("dag {", "closing }"),
        ("dag { a -> }", "line 1, column 12"),
        ("dag { a -> b -> a }", "circle: a -> b -> a"),
        ("dag { a -> a }", "own cause"),
        ("dag { a -- b }", "which"),
        ("pag { a -> b }", "State the one"),
        ("dag { a [pos=x] }", "two numbers"),
        ("dag {" + "{" * 3000, "nested"),
        ("\0", "cannot stand"),
    ],
    "from_networkx": [(bad, "directed networkx graph") for bad in (None, 3, "x", {"a": ["b"]})],
    "parents": [(bad, "not in the graph|not text") for bad in ("zz", 3, None, ["a"])],
    "descendants": [("zz", "'zz'"), (3, "3"), ([["a"]], "not text")],
    "diagnose": [(None, "Cohort"), (FRAME, "Cohort"), (cohort_of(FRAME.drop(columns="age")), "'age'")],
    "risk": [
        (None, "NoneType"),
        ([1], "list"),
        (FRAME.iloc[:0], "no rows"),
        (FRAME.drop(columns="age"), "'age'"),
        (FRAME.assign(age=np.nan), "'age'"),
        (FRAME.assign(age=np.inf), "'age'"),
        (FRAME.assign(age="old"), "'age'"),
        (FRAME.assign(age=[1, "x"] * 300), "'age'"),
        (FRAME.assign(sex="Q"), "'Q'"),
        (FRAME.assign(sex=1), "'1'"),
        (pd.concat([FRAME, FRAME["age"]], axis=1), "'age' occurs more than once"),
        (cohort_of(FRAME.drop(columns="sex")), "'sex'"),
    ],
    "alert": [(None, "NoneType"), (FRAME[["age"]], "'sex'")],
    "protocol": [
        (None, "NoneType"),
        (b"schema = 1", "bytes"),
        ("", "schema"),
        ("x", "TOML"),
        ("schema = 2", "schema = 2"),
        ("schema = 1", "title"),
    ],
    "protocol_load": [(None, "None"), (3, "3"), (".", "cannot be read"), ("/nowhere/x.toml", "nowhere")],
    "run": [(None, "NoneType"), ("schema = 1", "str"), ({}, "dict")],
    "verify": [(None, "None"), (".", "."), ("/nowhere/x.json", "nowhere")],
    "load_dataset": [(bad, "'postop', 'caesarean'") for bad in (None, 3, "zz", "../x", ["postop"])],
    "scm_save": [(bad, "cannot be written") for bad in (None, 3, "", "/nowhere/x.zip")],
    "model_save": [(bad, "cannot be written") for bad in (None, 3, "", "/nowhere/x.json")],
    "scm_load": [(bad, "file|model") for bad in (None, 3, ".", "/nowhere/x.zip", __file__)],
    "model_load": [(bad, "read|model") for bad in (None, 3, ".", "/nowhere/x.json", __file__)],
}
"""Door → (argument, words of the message)."""

SEEDS = [{"seed": bad} for bad in (-1, 1.5, "1", None, True)]
JOBS = [{"n_jobs": bad} for bad in (0, -1, 1.5, "2", None)]


def shares(name):
    return [{name: bad} for bad in (0, 1, -0.1, np.nan, "x", [0.5])]


NAMED = {
    "from_frame": [
        *[{role: 3} for role in ("outcome", "unit", "cluster", "protected", "weights", "follow_up")],
        *[{role: "zz"} for role in ("outcome", "unit", "cluster", "protected", "weights")],
        *[{"tiers": bad} for bad in (3, {"a": "age"}, {"a": 3}, {"a": ["zz"]}, {"a": ["age"], "b": ["age"]})],
        *[{"kinds": bad} for bad in (3, {"zz": "binary"}, {"sex": None}, {"sex": "zz"}, {"age": "count"})],
        {"missing": "drop"},
        {"outcome": "sex", "cluster": "sex"},
        {"weights": "sex"},
    ],
    "where": [{"reason": bad} for bad in (None, 3, "", " ")],
    "table_one": [
        *[{"by": bad} for bad in ("zz", 3, ["sex"], "age", "id")],
        *[{"columns": bad} for bad in ("age", 3, ["zz"], [3])],
        *[{"weights": bad} for bad in ([1], "age", np.full(600, np.nan), np.zeros(600), -np.ones(600))],
        {"numbers": "mode"},
    ],
    "of": [{"edges": bad} for bad in (3, "ab", [3], [("a",)], [("a", 3)], [(None, "b")], [("a", "a")])],
    "separated": [
        {"x": "zz", "y": "age", "given": []},
        {"x": "age", "y": "age", "given": []},
        {"x": 3, "y": "age", "given": []},
        {"x": "age", "y": "sex", "given": 3},
    ],
    "adjustment_sets": [
        {"exposure": "zz", "outcome": "infected"},
        {"exposure": "late", "outcome": "late"},
        {**QUESTION, "kind": "best"},
    ],
    "identify": [
        *[{"graph": bad} for bad in (None, GRAPH_TEXT, cm.Graph.parse("dag {}"))],
        {"graph": cm.Graph.parse("pdag { late -- infected }")},
        {"graph": cm.Graph.parse("dag { late -> infected; u [latent]; u -> {late infected} }")},
        *[{role: bad} for role in QUESTION for bad in ("zz", 3, None, ["late"])],
        {"exposure": "infected"},
        *[{"effect": bad} for bad in ("direct", 3, ["total"])],
        *[{"mediators": bad} for bad in (3, ["age"])],
        *[{"observed": bad} for bad in (3, [], ["zz"])],
    ],
    "given": [
        *[{role: bad} for role in QUESTION for bad in (3, None, "")],
        *[{"adjustment_set": bad} for bad in (3, [3], ["late"])],
        {"exposure": "infected"},
    ],
    "estimate": [
        *[{"contrast": bad} for bad in (3, (1,), (1, 1), (2, 0), ("a", "b"), None, (np.nan, 0))],
        *[{"population": bad} for bad in ("everyone", 3, ["all"])],
        *[{"estimator": bad} for bad in ("TMLE", cm.TMLE, 3, CLASSIFIER)],
        *[{"adjust": bad} for bad in (["zz"], ["id"], ["late"])],
        *[*shares("level"), *SEEDS, *JOBS],
        *[{"by": bad} for bad in ("zz", 3, ["sex"], "late")],
        {"horizon": 30},
        {"weights": "age"},
    ],
    "screen_risks": [
        *[{"graph": bad} for bad in (None, GRAPH_TEXT, cm.Graph.parse("dag { late -> infected }"))],
        *[{"cohort": bad} for bad in (None, FRAME, cm.Cohort.from_frame(FRAME))],
        *[{"outcome": bad} for bad in ("zz", 3, ["infected"], "age")],
        *[{"candidates": bad} for bad in ("zz", 3, [], [3], [["late"]], ["infected"])],
        *[{"estimator": bad} for bad in ("TMLE", cm.TMLE, 3)],
        *[*shares("alpha"), *shares("margin"), *SEEDS, *JOBS],
    ],
    "fit_scm": [
        *[{"graph": bad} for bad in (None, GRAPH_TEXT, cm.Graph.parse("dag {}"))],
        *[{"graph": cm.Graph.parse(bad)} for bad in ("dag { zz -> infected }", "pdag { age -- late }")],
        *[{"cohort": bad} for bad in (None, FRAME, cohort_of(weights="age"))],
        *[{"mechanisms": bad} for bad in (3, "logistic", {"zz": "logistic"}, {"late": "zz"}, {"late": 3})],
        *[{"mechanisms": bad} for bad in ({"late": "linear"}, {"age": "logistic"}, {3: "logistic"})],
        *[*SEEDS, *JOBS],
    ],
    "sample": [
        *[{"n": bad} for bad in (0, -1, 1.5, "3", None, True)],
        *[{"do": bad} for bad in (3, "late", {"zz": 1}, {"late": 2}, {"late": "x"}, {"late": None}, {3: 1})],
        *[{"do": bad} for bad in ({"age": np.nan}, {"age": np.inf}, {"sex": "Q"}, {"late": [1, 0]})],
        *[{"nodes": bad} for bad in (3, ["zz"], [3])],
        *SEEDS,
    ],
    "effect": [
        *[{"exposure": bad} for bad in ("zz", 3, None, ["late"], "infected")],
        *[{"outcome": bad} for bad in ("zz", 3, ["infected"])],
        *[{"contrast": bad} for bad in (3, (1,), None, (1, 1), (2, 0), ("a", "b"))],
        *[{"population": bad} for bad in ("everyone", 3, ["all"], "overlap")],
        *[{"draws": 0}, {"draws": "x"}, {"replicates": 0}, {"replicates": "x"}],
        *[*shares("level"), *SEEDS, *JOBS],
    ],
    "counterfactual": [
        *[{"patients": bad} for bad in (None, FRAME, "x", cohort_of(FRAME.drop(columns="age")).patient(3))],
        {"patients": cohort_of(FRAME.iloc[:1].assign(sex="Q"), kinds={"sex": ("Q", "Z")})},
        *[{"do": bad} for bad in (None, 3, {"zz": 1}, {"late": 5}, {"late": [0, 1]}, {"age": "x"})],
        *[{"outcome": bad} for bad in ("zz", 3)],
        *[{"coupling": bad} for bad in ("best", 3, ["bounds"])],
        *[{"draws": 0}, {"replicates": -1}, *shares("level"), *SEEDS],
    ],
    "fit_risk_model": [
        *[{"cohort": bad} for bad in (None, FRAME, "x")],
        *[{"outcome": bad} for bad in ("zz", 3, ["infected"], "age")],
        *[{"graph": bad} for bad in ("x", 3, cm.Graph.parse("dag { zz -> yy }"))],
        *[{"features": bad} for bad in ("zz", 3, [], [3], [["age"]], ["infected"], ["id"])],
        *[{"learner": bad} for bad in ("x", 3, LinearRegression(), LogisticRegression, cm.Linear())],
        *[*shares("specificity"), {"specificity": 0.9999}, *shares("delta"), *SEEDS],
        {"allow_unstable": "yes"},
        {"learner": cm.Logistic(formula="nosuch")},
    ],
    "wrap": [
        *[{"classifier": bad} for bad in (None, 3, LinearRegression(), LogisticRegression)],
        {"classifier": LogisticRegression()},
        *[{"features": bad} for bad in (3, None, [], [3], ["age", "age"], ["late"])],
        *[{"threshold": bad} for bad in (2, -1, "x", np.nan, [0.5], True)],
        *[{"positive": bad} for bad in ("zz", [1], np.array([0, 1]))],
    ],
    "performance": [
        *[{"cohort": bad} for bad in (None, FRAME, cohort_of(FRAME.drop(columns="age")))],
        *[{"cohort": cohort_of(FRAME.assign(infected=y))} for y in (0, 1)],
        {"cohort": cohort_of(weights="age")},
        *[{"outcome": bad} for bad in ("zz", 3, "age", ["infected"])],
        *[*shares("level"), *SEEDS],
    ],
    "explain": [
        *[{"model": bad} for bad in (None, 3, "x", CLASSIFIER)],
        *[{"patients": bad} for bad in (None, FRAME, "x", cohort_of(FRAME.drop(columns="age")))],
        *[{"background": bad} for bad in (FRAME, "x", cohort_of(FRAME.drop(columns="age")))],
        {"background": cohort_of(weights="age")},
        *[{"questions": bad} for bad in (3, [], [3], "why", ["caused"])],
        *[{"graph": "x"}, {"graph": 3}, {"scm": "x"}, {"scm": 3}, *SEEDS],
    ],
    "recourse": [
        *[{"model": bad} for bad in (None, 3, "x", CLASSIFIER)],
        *[{"patient": bad} for bad in (None, FRAME, COHORT)],
        *[{"scm": bad} for bad in (None, "x", GRAPH)],
        *[{"actionable": bad} for bad in (3, "late", [], [3], ["zz"], ["infected"], ["late", "late"], None)],
        *[{"contraindicated": bad} for bad in (3, "x", ["x"])],
        *[{"max_changes": bad} for bad in (0, "x", 1.5, None)],
        *[{"levels": bad} for bad in (3, {"zz": [1]}, {"late": []}, {"late": 3}, {"late": ["x"]})],
        *SEEDS,
    ],
    "audit": [
        *[{"model": bad} for bad in (None, 3, "zz", "age", "sex")],
        *[{"cohort": bad} for bad in (None, FRAME, cohort_of(weights="age", protected="sex"), cohort_of())],
        *[{"cohort": cohort_of(FRAME.assign(infected=y), protected="sex")} for y in (0, 1)],
        *[{"protected": bad} for bad in ("zz", 3, [], [3], [["sex"]], ["id"], ["infected"])],
        *[{"protected": {"age": bad}} for bad in (3, ["x"], [np.nan], [60, 50])],
        *[{"tolerance": bad} for bad in (3, "x", {}, {"value": -1, "stated_by": "A", "reason": "b"})],
        *[{"threshold": bad} for bad in (2, "x", np.nan)],
        *[{"pairs": bad} for bad in (3, [3], "ab", [("zz", "sex")], [("sex", "sex")])],
        *[{"graph": "x"}, {"scm": "x"}, {"actionable": 3}, *shares("alpha"), *shares("level"), *SEEDS],
    ],
}
"""Door → keyword arguments, each of which must be refused."""


@pytest.mark.parametrize("door", sorted(POSITIONAL))
def test_what_is_given_first(door):
    for argument, words in POSITIONAL[door]:
        refused(lambda argument=argument: DOORS[door](argument), words)


@pytest.mark.parametrize("door", sorted(NAMED))
def test_named_arguments(door):
    for arguments in NAMED[door]:
        error = refused(lambda arguments=arguments: DOORS[door](**arguments), r"\w+ \w+")
        assert len(str(error).split()) > 4, f"{door}({arguments}): {error}"
        texts = [value for value in arguments.values() if isinstance(value, str) and len(value) < 20]
        told = [re.escape(word) for word in (*arguments, *texts, *map(repr, arguments.values()))]
        if texts:
            assert re.search("|".join(told), str(error), re.IGNORECASE), f"{door}({arguments}): {error}"


def test_every_door_is_tried():
    doors = {"estimate_bare"} | set(POSITIONAL) | set(NAMED)
    assert doors == set(DOORS)
    for call in ((None, COHORT), ("late", COHORT), (cm.Estimand.given(**QUESTION), FRAME), (GRAPH, COHORT)):
        refused(lambda call=call: cm.estimate(*call), "needs an? (Estimand|Cohort)")


UNANSWERABLE = {
    "one row": (FRAME.iloc[:1], "1 patients"),
    "no events": (FRAME.assign(infected=0), "[Nn]one"),
    "only events": (FRAME.assign(infected=1), "[Aa]ll|every one"),
    "nobody exposed": (FRAME.assign(late=0), "'late'"),
    "everybody exposed": (FRAME.assign(late=1), "'late'"),
    "constant": (FRAME.assign(age=2.5), "'age'"),
    "collinear": (FRAME.assign(sex=FRAME["age"] * 12.0), "'(age|sex)'"),
    "huge": (FRAME.assign(age=np.where(FRAME["id"] == 5, 1e300, FRAME["age"])), "overflow|Rescale"),
    "separated": (FRAME.assign(age=FRAME["infected"] * 2.0 + FRAME["age"] / 1e3), "'age'"),
}
"""Tables that are tables, but cannot answer: what the message must hold."""
KINDS = {"one row": {"sex": ("F", "M")}}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("name", UNANSWERABLE)
def test_estimates_that_cannot_be_had(name, estimator):
    frame, words = UNANSWERABLE[name]
    if name == "separated" and isinstance(estimator, cm.IPW):
        return  # only a model of the outcome is separated
    refused(lambda: estimated(estimator, frame=frame, kinds=KINDS.get(name)), words)


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_models_and_screens_that_cannot_be_had(name):
    frame, words = UNANSWERABLE[name]
    cohort = cohort_of(frame, kinds=KINDS.get(name))
    refused(lambda: cm.fit_scm(GRAPH, cohort), words + "|Mechanism of")
    if name not in ("nobody exposed", "everybody exposed", "huge"):  # the huge one is only calibrated on
        refused(lambda: cm.fit_risk_model(cohort, features=["age", "sex"]), words + "|with the outcome")
    (row,) = cm.screen_risks(GRAPH, cohort).candidates
    assert row.verdict == "cannot tell"
    assert row.effect is None or not np.isnan(row.effect.risk_difference.estimate)
    assert len(row.reason) > 30


def test_a_graph_of_other_columns():
    graph = cm.Graph.parse(
        "dag { zz [exposure]; late [exposure]; {zz late} -> infected; yy -> {late infected} }"
    )
    rows = cm.screen_risks(graph, COHORT).candidates
    assert [row.verdict for row in rows] == ["not identifiable"] * 2
    refused(lambda: cm.fit_scm(graph, COHORT), "'zz'.*'yy'|'yy'.*'zz'")


@pytest.mark.parametrize(
    "spelling", ["inf", "nan", "<script>alert(1)</script>", "=cmd()|'x'!A1", "`a` + 1", "é\u200b"]
)
def test_a_name_is_only_a_name(spelling):
    """The same numbers to the last bit, and nothing of it runs or is taken for a tag."""
    frame = FRAME.rename(columns={"age": spelling})
    assert estimated(frame=frame, adjust=[spelling, "sex"]).functionals.values.tobytes() == (
        estimated().functionals.values.tobytes()
    )
    cohort = cohort_of(frame, protected="sex")
    model = cm.fit_risk_model(cohort, features=[spelling, "sex"], specificity=0.8)
    assert model.risk(frame).tobytes() == MODEL.risk(FRAME).tobytes()
    effect = estimated(frame=frame, adjust=[spelling, "sex"])
    shown = [cohort, cohort.table_one(by="sex"), model, effect, cm.explain(model, cohort.patient(3))]
    shown += [cm.audit(model, cohort), cm.screen_risks(GRAPH, COHORT)]
    assert not any("<script" in one._repr_html_() for one in shown)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
def test_how_yes_and_no_are_written_does_not_matter(estimator):
    words = FRAME.assign(late=np.where(FRAME["late"] == 1, "yes", "no"), infected=FRAME["infected"] == 1)
    codes = FRAME.assign(late=FRAME["late"].astype("Int64"), sex=FRAME["sex"].astype("category"))
    one, two, three = (estimated(estimator, frame=f).functionals.values for f in (FRAME, words, codes))
    assert one.tobytes() == two.tobytes() == three.tobytes()


def test_a_million_levels():
    n = 1_000_000
    frame = pd.DataFrame({"id": np.arange(n), "ward": np.arange(n).astype(str), "infected": np.arange(n) % 2})
    start = time.process_time()
    refused(lambda: cohort_of(frame), "'ward'.*1,000,000")
    assert cohort_of(frame, cluster="ward").cluster_codes.max() == n - 1
    assert time.process_time() - start < 20


def odd_classifiers():
    def raises(frame):
        raise ZeroDivisionError("inside")

    return {
        "not a number": lambda frame: np.full(len(frame), np.nan),
        "one not a number": lambda frame: np.r_[np.nan, np.full(len(frame) - 1, 0.5)],
        "too few": lambda frame: np.full(3, 0.5),
        "margins": lambda frame: np.full(len(frame), 7.0),
        "text": lambda frame: ["a"] * len(frame),
        "complex": lambda frame: np.full(len(frame), 1j),
        "table": lambda frame: np.full((len(frame), 2), 0.5),
        "nothing": lambda frame: None,
        "fails": raises,
        "other columns": lambda frame: frame["zz"],
        "no argument": lambda: 0.5,
    }


@pytest.mark.parametrize("name", odd_classifiers())
def test_classifiers_that_misbehave(name):
    model = cm.RiskModel.wrap(odd_classifiers()[name], features=["age"], threshold=0.5)
    for use in (
        lambda: model.risk(FRAME),
        lambda: model.alert(FRAME),
        lambda: model.performance(COHORT),
        lambda: cm.audit(model, COHORT),
        lambda: cm.explain(model, PATIENT, background=COHORT),
    ):
        refused(use, "[Cc]lassifier")
    refused(lambda: model.save("nowhere.json"), "no safe form")


def test_a_classifier_that_writes_into_its_input():
    def writes(frame):
        frame["age"] = 0.0
        return np.full(len(frame), 0.5)

    model = cm.RiskModel.wrap(writes, features=["age"])
    model.risk(FRAME)
    model.risk(COHORT)
    cm.explain(model, PATIENT, background=COHORT)


class Broken(LogisticRegression):
    """A learner that fits and then predicts nonsense."""

    answer = staticmethod(lambda X: np.full((len(X), 2), np.nan))

    def predict_proba(self, X):
        return self.answer(X)


class Short(Broken):
    answer = staticmethod(lambda X: np.full((3, 2), 0.5))


class OneColumn(Broken):
    answer = staticmethod(lambda X: np.ones((len(X), 1)))


class NotFitted(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("inside")


@pytest.mark.parametrize(
    "learner", [Broken(), Short(), OneColumn(), NotFitted()], ids=lambda one: type(one).__name__
)
def test_learners_that_misbehave(learner):
    for spec in (cm.TMLE(propensity=learner), cm.AIPW(outcome=learner), cm.IPW(propensity=learner)):
        refused(lambda spec=spec: estimated(spec), type(learner).__name__ + "|learner")
    refused(lambda: cm.GComputation(outcome=learner), "GComputation")
    with pytest.raises((CausalmedError, RuntimeError)):
        cm.fit_risk_model(COHORT, features=["age"], learner=learner)


def changed(stored, **values):
    return json.dumps({**stored, **values})


def test_model_files_that_were_changed(tmp_path):
    path = tmp_path / "model.json"
    MODEL.save(path)
    stored = json.loads(path.read_text())
    changes = [{"coefficients": bad} for bad in ([1.0], "x", [None] * 3, [1e999] * 3)]
    changes += [
        {"features": 3},
        {"description": {}},
        {"recalibration": {"a": 1}},
        {"left_out": [3]},
        {"names": []},
    ]
    changes += [{"schema": "other"}, {"formula": "zz"}]
    for change in changes:
        path.write_text(changed(stored, **change))
        refused(lambda: cm.RiskModel.load(path), "model|'zz'")
    for text in ("", "{}", "[]", "not json"):
        path.write_text(text)
        refused(lambda: cm.RiskModel.load(path), "is not a risk model")


def test_structural_model_files_that_were_changed(tmp_path):
    path = tmp_path / "model.zip"
    SCM.save(path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        stored, arrays = json.loads(archive.read("model.json")), archive.read("arrays.npz")
    changes = [{"order": []}, {"nodes": 3}, {"mechanisms": {}}, {"mechanisms": "x"}, {"graph": "dag {"}]
    changes += [{"graph": "dag { a -> b -> a }"}, {"provenance": None}, {"specs": None}, {"what": "x"}]
    for change in changes:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.json", changed(stored, **change))
            archive.writestr("arrays.npz", arrays)
        refused(lambda: cm.StructuralCausalModel.load(path), "damaged|reads|saved model")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (b"", b"junk", whole[:300], bytes(flipped)):
        path.write_bytes(content)
        refused(lambda: cm.StructuralCausalModel.load(path), "saved model")


def protocol(folder, frame=FRAME, graph=GRAPH_TEXT, population="", question="", rest=""):
    frame.to_csv(folder / "cohort.csv", index=False)
    (folder / "graph.dagitty").write_text(graph)
    return (
        f'schema = 1\ntitle = "T"\n[population]\ndata = "cohort.csv"\nunit = "id"\n{population}\n'
        f'[graph]\nfile = "graph.dagitty"\n[question]\noutcome = "infected"\n{question}\n{rest}'
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": "alpha = 2"}, "alpha"),
        ({"question": "alpha = nan"}, "alpha"),
        ({"question": 'estimator = "OLS"'}, "'OLS'"),
        ({"question": "candidate = []"}, "Did you mean 'candidates'"),
        ({"question": 'candidates = "late"'}, "a list"),
        ({"population": "follow_up_days = inf"}, "follow_up_days"),
        ({"population": 'missing = "drop"'}, "missing"),
        ({"population": 'cluster = "zz"'}, "'zz'"),
        ({"population": 'eligibility = [{ where = "import os", reason = "r" }]'}, "import os"),
        ({"population": 'eligibility = [{ where = "age > 999", reason = "r" }]'}, "None of the 600"),
        ({"population": '[population.derive]\nage = "late == 1"'}, "age"),
        ({"question": 'candidates = ["zz"]'}, "'zz'"),
        ({"rest": '[prediction]\nheld_apart = ["H1"]'}, "population.cluster"),
        (
            {"population": 'cluster = "hospital"', "rest": '[prediction]\nheld_apart = ["H77"]'},
            "'H77'.*H0, H1",
        ),
        ({"rest": '[recourse]\nactionable = ["zz"]'}, "'zz' .recourse.actionable"),
        ({"rest": "[report]\nseed = -1"}, "seed"),
        ({"rest": "[prediction]\nspecificity = true"}, "specificity"),
        ({"rest": '[audit]\nprotected = ["zz"]'}, "'zz'"),
        ({"rest": '[statements.zz]\ntext = "a"\nstated_by = "b"\non = 2026-01-01'}, "statements.zz"),
        ({"graph": "dag { late -> "}, "line 1"),
        ({"frame": FRAME.iloc[:0]}, "no rows"),
        ({"frame": FRAME.assign(age=np.inf)}, "'age'"),
        ({"frame": FRAME.assign(age=np.nan)}, "'age'"),
        ({"frame": FRAME.assign(id=1)}, "'id'"),
        ({"frame": pd.concat([FRAME, FRAME["age"]], axis=1)}, "'age' more than once"),
        ({"frame": FRAME.drop(columns="infected")}, "'infected'"),
    ],
)
def test_protocols_that_cannot_be_run(tmp_path, change, words):
    text = protocol(tmp_path, **change)
    refused(lambda: cm.run(cm.Protocol.parse(text, folder=str(tmp_path))), words)


def test_a_file_with_more_values_than_names(tmp_path):
    text = protocol(tmp_path)
    (tmp_path / "cohort.csv").write_text("id,infected\n1,0,3\n2,1,4\n")
    refused(lambda: cm.run(cm.Protocol.parse(text, folder=str(tmp_path))), "2 column names but 3 values")


def test_a_report_is_written_whole_or_not_at_all(tmp_path):
    frame = FRAME.rename(columns={"age": "<script>age"})
    graph = GRAPH_TEXT.replace("age ->", '"<script>age" ->')
    text = protocol(
        tmp_path, frame, graph, rest='[prediction]\nspecificity = 0.8\n[audit]\nprotected = ["sex"]'
    )
    parsed = cm.Protocol.parse(text, folder=str(tmp_path))
    for arguments in ({"n_jobs": 0}, {"n_jobs": "x"}, {"progress": 3}):
        refused(lambda arguments=arguments: cm.run(parsed, **arguments), next(iter(arguments)))
    dossier = cm.run(parsed)
    before = set(tmp_path.iterdir())
    for bad in (None, 3, "", tmp_path, tmp_path / "report.pdf"):
        refused(lambda bad=bad: dossier.write(bad), "file|html")
    assert set(tmp_path.iterdir()) == before
    page, _ = dossier.write(tmp_path / "report.html")
    assert "<script" not in page.read_text()


def test_polars_and_arrow_tables_are_left_alone():
    table = pl.from_pandas(FRAME)
    before = table.clone()
    for frame in (table, table.to_arrow()):
        cohort = cm.Cohort.from_frame(frame, outcome="infected", unit="id")
        assert cohort.fingerprint == COHORT.fingerprint
        assert MODEL.risk(frame).tobytes() == MODEL.risk(FRAME).tobytes()
        refused(lambda frame=frame: cm.Cohort.from_frame(frame, outcome="zz"), "'zz'")
    assert table.equals(before)


def test_errors_are_of_the_kind_they_say():
    for error, call in (
        (ColumnNotFound, lambda: cohort_of(outcome="infectd")),
        (InvalidArgument, lambda: estimated(level=2)),
        (DataError, lambda: cohort_of(FRAME.iloc[:0])),
        (NotSavable, lambda: MODEL.save("/nowhere/x.json")),
    ):
        with pytest.raises(error):
            call()
    assert issubclass(InvalidArgument, ValueError)
    assert "Did you mean 'infected'" in str(refused(lambda: cohort_of(outcome="infectd"), "infectd"))


def test_hospitals_that_were_left_out_are_not_counted():
    cohort = cohort_of(cluster="hospital").where("hospital not in ('H0', 'H1')", reason="elsewhere")
    assert len(cohort.cluster_levels) == 6  # codes keep their meaning
    assert cohort.clusters == 4
    assert "hospital (4 levels)" in cohort.summary()
    effect = cm.fit_scm(GRAPH, cohort).effect(exposure="late", replicates=20)
    assert effect.clusters == 4 == cm.screen_risks(GRAPH, cohort).clusters
    assert cohort_of().clusters == 0
