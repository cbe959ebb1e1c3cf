"""The same numbers to the last bit: for any number of threads, any order of rows, any library of tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import causalmed as cm
from causalmed.engine import BLOCK_ROWS, Local
from causalmed.regression import fit_linear, fit_logistic

GRAPH = cm.Graph.parse(
    "dag { late [exposure]; cold [exposure]; infected [outcome]; ward [unstable]; "
    "{age sex asa} -> {late cold infected}; ward -> late; late -> cold; {late cold} -> infected }"
)
QUESTION = cm.identify(GRAPH, exposure="late", outcome="infected")
PARAMETRIC = (cm.GComputation(), cm.IPW(), cm.AIPW(), cm.TMLE())
LEARNED = (
    cm.AIPW(propensity=LogisticRegression(), outcome=HistGradientBoostingClassifier(max_iter=20)),
    cm.TMLE(propensity=HistGradientBoostingClassifier(max_iter=20), outcome=LogisticRegression()),
)


def make(n=1500, seed=5, hospitals=12):
    """A cohort whose ids are in no order, so that a sorted table differs from the one given."""
    rng = np.random.default_rng(seed)
    hospital = rng.integers(0, hospitals, n)
    habit = rng.normal(0, 0.4, hospitals)[hospital]
    age, sex = rng.normal(60, 10, n).round(1), rng.random(n) < 0.5
    asa = 1 + (rng.random(n) < 0.6) + (rng.random(n) < 0.2)
    ward = rng.choice(["east", "north", "west"], n)
    late = rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 30 - 0.3 * sex - habit - 0.4 * (ward == "east")))
    cold = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * late - (asa - 2) / 3))
    risk = 1 / (1 + np.exp(2.2 - 0.7 * late - 0.4 * cold - (age - 60) / 20 - 0.3 * asa))
    return pd.DataFrame(
        {
            "id": rng.permutation(10 * n)[:n],
            "age": age,
            "sex": np.where(sex, "F", "M"),
            "asa": asa,
            "ward": ward,
            "late": late.astype(int),
            "cold": cold.astype(int),
            "infected": (rng.random(n) < risk).astype(int),
            "hospital": [f"H{k:02}" for k in hospital],
        }
    )


def shuffled(frame):
    return frame.sample(frac=1, random_state=3)


SOURCES = {
    "as it is": lambda frame: frame,
    "shuffled": shuffled,
    "polars": lambda frame: pl.from_pandas(shuffled(frame)),
    "arrow": lambda frame: pl.from_pandas(frame.iloc[::-1]).to_arrow(),
    "columns turned": lambda frame: frame[frame.columns[::-1]],
}
"""The same table in other clothes; 'as it is' is run twice, with another number of threads."""
COLUMNS_IN_PLACE = tuple(name for name in SOURCES if name != "columns turned")
"""A risk model has its columns in the order of the table, and its last bit with it."""


@cache
def cohort(source="as it is", cluster="hospital"):
    return cm.Cohort.from_frame(
        SOURCES[source](make()),
        unit="id",
        outcome="infected",
        cluster=cluster,
        protected="sex",
        kinds={"asa": (1, 2, 3)},
    )


def bits(value):
    """A value as bytes: arrays, numbers, tables, texts."""
    if isinstance(value, pd.DataFrame):
        return b"|".join(bits(value[name].to_numpy()) for name in value)
    if isinstance(value, np.ndarray):
        return repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
    if isinstance(value, tuple | list):
        return b"|".join(map(bits, value))
    return np.float64(value).tobytes() if isinstance(value, float) else repr(value).encode()


def effect_bits(effect):
    f = effect.functionals
    crude = effect.crude.values if effect.crude is not None else ()
    checks = [
        (check.name, check.state.value, check.value, check.sentence) for check in effect.diagnostics.checks
    ]
    influence = () if f.influence is None else f.influence
    return bits([f.values, f.covariance, influence, crude, checks, effect.to_dict()])


def same_everywhere(compute, *, sources=tuple(SOURCES)):
    """Compute from every source, with one thread and with two, and compare the bytes."""
    first = compute("as it is", 1)
    assert len(first) > 50, "nothing was compared"
    for source in sources:
        assert compute(source, 2) == first, source


def test_the_sources_differ_and_the_cohorts_do_not():
    tables = {name: source(make()) for name, source in SOURCES.items()}
    assert tables["shuffled"]["id"].tolist() != tables["as it is"]["id"].tolist()
    assert len({cohort(source).fingerprint for source in SOURCES}) == 1


@pytest.mark.parametrize("cluster", ["hospital", None])
@pytest.mark.parametrize("spec", PARAMETRIC, ids=lambda one: type(one).__name__)
def test_effects(spec, cluster):
    same_everywhere(
        lambda source, n_jobs: effect_bits(
            cm.estimate(QUESTION, cohort(source, cluster), spec, seed=4, n_jobs=n_jobs)
        )
    )


@pytest.mark.parametrize("spec", LEARNED, ids=["AIPW", "TMLE"])
def test_effects_with_learners(spec):
    same_everywhere(
        lambda source, n_jobs: effect_bits(
            cm.estimate(QUESTION, cohort(source, None), spec, seed=4, n_jobs=n_jobs)
        )
    )


def test_screens():
    same_everywhere(
        lambda source, n_jobs: bits(cm.screen_risks(GRAPH, cohort(source), seed=4, n_jobs=n_jobs).to_dict())
    )


def test_structural_models(tmp_path):
    def compute(source, n_jobs):
        scm = cm.fit_scm(GRAPH, cohort(source), n_jobs=n_jobs)
        scm.save(tmp_path / "model.zip")
        effect = scm.effect(exposure="late", replicates=20, draws=3, seed=4, n_jobs=n_jobs)
        patient = cohort(source).patient(cohort(source).unit_ids[0])
        twin = scm.counterfactual(patient, do={"late": 0}, replicates=5, draws=50, seed=4)
        drawn = scm.sample(300, do={"late": 1}, seed=4)
        return b"|".join(
            (
                effect_bits(effect),
                bits(drawn),
                bits(twin.to_dict()),
                bits(scm.diagnose(cohort(source), n_jobs=n_jobs).to_dict()),
                (tmp_path / "model.zip").read_bytes(),
            )
        )

    same_everywhere(compute)


def test_risk_models_their_explanation_and_their_audit(tmp_path):
    def compute(source, _):
        patients = cohort(source)
        model = cm.fit_risk_model(patients, graph=GRAPH, specificity=0.8, seed=4)
        model.save(tmp_path / "model.json")
        few = patients.take(np.arange(5))
        return b"|".join(
            (
                bits([model.risk(patients), model.alert(patients)]),
                bits(model.performance(patients, seed=4).to_dict()),
                bits(cm.explain(model, few, background=patients.take(np.arange(60)), seed=4).to_dict()),
                bits(cm.explain(model, few, graph=GRAPH, seed=4).to_dict()),
                bits(cm.audit(model, patients, graph=GRAPH).to_dict()),
                (tmp_path / "model.json").read_bytes(),
            )
        )

    same_everywhere(compute, sources=COLUMNS_IN_PLACE)


def test_recourse():
    def compute(source, n_jobs):
        patients = cohort(source)
        model = cm.fit_risk_model(patients, graph=GRAPH, specificity=0.8, seed=4)
        scm = cm.fit_scm(GRAPH, patients, n_jobs=n_jobs)
        ill = patients.where("late == 1 and cold == 1", reason="both").unit_ids[0]
        plan = cm.recourse(model, patients.patient(ill), scm=scm, actionable=["late", "cold"], seed=4)
        return bits(plan.to_dict())

    same_everywhere(compute, sources=COLUMNS_IN_PLACE)


def test_risks_of_a_table_follow_its_rows():
    """A table that is no cohort keeps its order: the risk belongs to the row."""
    model = cm.fit_risk_model(cohort(), graph=GRAPH, seed=4)
    frame = make()
    turned = frame.iloc[::-1]
    expected = model.risk(frame)[::-1].tobytes()
    assert model.risk(turned).tobytes() == expected
    assert model.risk(pl.from_pandas(turned)).tobytes() == expected


PROTOCOL = """
schema = 1
title = "Late"
[population]
data = "cohort.csv"
unit = "id"
cluster = "hospital"
[population.kinds]
asa = ["1", "2", "3"]
[graph]
file = "graph.dagitty"
[question]
outcome = "infected"
[prediction]
specificity = 0.8
[audit]
protected = ["sex"]
[recourse]
actionable = ["late", "cold"]
"""


def test_whole_reports(tmp_path):
    def compute(source, n_jobs):
        SOURCES[source](make()).to_csv(tmp_path / "cohort.csv", index=False)
        (tmp_path / "graph.dagitty").write_text(GRAPH.to_dagitty())
        dossier = cm.run(cm.Protocol.parse(PROTOCOL, folder=str(tmp_path)), n_jobs=n_jobs)
        assert not dossier.refusals
        page, record = dossier.write(tmp_path / "report.html")
        return page.read_bytes() + record.read_bytes()

    first = compute("as it is", 1)
    assert compute("shuffled", 2) == first


def test_regressions_over_more_than_one_block():
    """Statistics of 65,536 rows at a time, added exactly, whoever computes them."""
    n = BLOCK_ROWS + 1000
    rng = np.random.default_rng(6)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 4))])
    eta = X @ [-1.0, 0.5, 0.3, 0.0, -0.2]
    y, z = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float), eta + rng.normal(size=n)
    for fit, response in ((fit_logistic, y), (fit_linear, z)):
        one, two = (fit(X, response, executor=Local(n_jobs=n_jobs)) for n_jobs in (1, 2))
        for name in ("coefficients", "covariance", "linear_predictor", "mean"):
            assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
        assert one.log_likelihood == two.log_likelihood


def test_an_effect_over_more_than_one_block():
    frame = make(n=BLOCK_ROWS + 1000)
    found = []
    for table, n_jobs in ((frame, 1), (frame, 2), (pl.from_pandas(shuffled(frame)), 2)):
        patients = cm.Cohort.from_frame(table, unit="id", outcome="infected", kinds={"asa": (1, 2, 3)})
        effect = cm.estimate(QUESTION, patients, cm.AIPW(), n_jobs=n_jobs)
        found.append(effect_bits(effect))
    assert found[0] == found[1] == found[2]
