"""Right mechanisms are stopped no more often than stated, wrong ones are, and an effect carries it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.results import State
from causalmed.scm import (
    FunctionMechanism,
    LinearGaussian,
    MechanismSpec,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)

GRAPH = Graph.parse("dag { {age late} -> {line wide days level ssi} }")
RIGHT = {"line": "linear", "wide": "scaled", "days": "negative_binomial"}


def made(n: int, seed: int) -> Cohort:
    rng = np.random.default_rng(seed)
    age, late = rng.normal(size=n), rng.random(n) < 0.4
    mu = np.exp(0.3 + 0.4 * age + 0.3 * late)
    frame = pd.DataFrame(
        {
            "age": age,
            "late": late,
            "line": age + late + rng.normal(size=n),
            "wide": age + late + np.exp(0.5 * age) * rng.normal(size=n),
            "days": rng.poisson(mu * rng.gamma(2, 0.5, n)),
            "level": np.digitize(age + late + rng.logistic(size=n), [-0.5, 1.5]),
            "ssi": rng.random(n) < 1 / (1 + np.exp(1 - 0.8 * age - 0.5 * late)),
        }
    )
    return Cohort.from_frame(frame, outcome="ssi", kinds={"days": "count", "level": (0, 1, 2)})


def p_values(seeds: range, n: int) -> tuple[np.ndarray, np.ndarray]:
    found = [fit_scm(GRAPH, made(n, seed), mechanisms=RIGHT).diagnostics.rows for seed in seeds]
    p = np.array([[(row.gap_p, row.relation_p) for row in rows] for rows in found])
    return p, np.array([[row.state is not State.PASS for row in rows] for rows in found])


def most(level: float, tries: int) -> float:
    """The share that is exceeded by chance once in a thousand."""
    return float(stats.binom.ppf(0.999, tries, level)) / tries


def test_right_mechanisms_are_stopped_at_most_at_the_nominal_rate():
    p, stopped = p_values(range(16), 300)
    for level in (0.05, 0.2):
        assert np.all((p < level).mean(axis=0) <= most(level, 16))
    assert stopped.mean() <= most(0.02, stopped.size)


@pytest.mark.slow
def test_right_mechanisms_are_stopped_at_most_at_the_nominal_rate_over_many_cohorts():
    p, stopped = p_values(range(400), 500)
    for level in (0.01, 0.05, 0.2):
        assert np.all((p < level).mean(axis=0) <= most(level, 400))
    binary = p[:, 0, 0]  # tenths of a logistic risk: neither more nor less often
    assert stats.binomtest(int((binary < 0.2).sum()), 400, 0.2).pvalue > 1e-3
    assert stopped.mean() <= most(0.02, stopped.size)


WRONG = {
    "wide": ({"wide": "linear"}, "age"),
    "days": ({"days": "poisson"}, ""),
    "line": ({"line": MechanismSpec(family="linear", terms=("late",))}, "age"),
    "level": ({"level": MechanismSpec(family="ordinal", terms=("late",))}, "age"),
    "ssi": ({"ssi": MechanismSpec(family="logistic", terms=("late",))}, "age"),
}


@pytest.mark.parametrize("node", WRONG)
def test_wrong_mechanisms_are_stopped(node):
    stated, cause = WRONG[node]
    for seed in range(2):
        found = fit_scm(GRAPH, made(2_500, seed), mechanisms=RIGHT | stated).diagnostics
        row = found.of(node)
        assert row.state is not State.PASS
        assert not cause or row.related_to == cause
        others = [
            row for row in fit_scm(GRAPH, made(2_500, seed), mechanisms=RIGHT | stated).diagnostics.rows
        ]
        assert sum(each.state is not State.PASS for each in others) <= 2


def curved(n: int = 2_000) -> Cohort:
    rng = np.random.default_rng(1)
    age, late = rng.normal(size=n), rng.random(n) < 0.4
    stay = 5 + late + 2 * age**2 + rng.normal(size=n)
    return Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "stay": stay}))


def test_an_effect_carries_a_mechanism_that_fails_and_is_withheld():
    graph = Graph.parse("dag { age -> {late stay}; late -> stay }")
    scm = fit_scm(graph, curved())
    effect = scm.effect(exposure="late", outcome="stay", replicates=20)
    names = [check.name for check in effect.diagnostics.failed()]
    assert any(name.startswith("stay: ") for name in names)
    assert "FAIL" in scm.summary()
    terms = ("age", "age**2", "late")
    cured = fit_scm(graph, curved(), mechanisms={"stay": MechanismSpec(family="linear", terms=terms)})
    effect = cured.effect(exposure="late", outcome="stay", replicates=20)
    assert not effect.diagnostics.failed()
    assert effect.diagnostics.check("mechanisms").state is State.PASS
    assert "they were not fitted on" in cured.summary()


def test_the_table_and_the_picture_say_the_same():
    scm = fit_scm(GRAPH, made(600, 1), mechanisms=RIGHT)
    found = scm.diagnostics
    table = found.to_frame()
    assert list(table["node"]) == [node for node in scm.order if node not in {"age", "late"}]
    np.testing.assert_allclose(table["gain"], table["log_score"] - table["own_score"])
    picture = found.picture("days")
    line = picture.curves[0]
    assert picture.title == "Values of days occur as often as it says"
    assert line.estimate[-1] == 1.0
    assert np.all(line.uniform_low[1:-1] <= line.x[1:-1] + 0.02)
    assert len(picture.alt) > 40
    assert found.plot("days") is not None
    assert "<table" in found._repr_html_()
    with pytest.raises(UnknownNode, match="dayz"):
        found.picture("dayz")


def test_log_scores_are_those_of_the_held_out_halves():
    from causalmed.engine import fold_of

    cohort = made(500, 2)
    row = fit_scm(GRAPH, cohort, mechanisms=RIGHT).diagnostics.of("line")
    fold = fold_of(cohort.unit_keys, folds=2, seed=0)
    x = np.column_stack([np.ones(500), cohort.values("age"), cohort.values("late")])
    y, scores, own = cohort.values("line"), np.empty(500), np.empty(500)
    for k in (0, 1):
        beta = np.linalg.lstsq(x[fold != k], y[fold != k], rcond=None)[0]
        sd = np.std(y[fold != k] - x[fold != k] @ beta)
        scores[fold == k] = stats.norm.logpdf(y[fold == k], x[fold == k] @ beta, sd)
        own[fold == k] = stats.norm.logpdf(y[fold == k], y[fold != k].mean(), y[fold != k].std())
    assert row.log_score == pytest.approx(scores.mean(), rel=1e-9)
    assert row.own_score == pytest.approx(own.mean(), rel=1e-9)


def test_what_cannot_be_judged_is_said():
    graph = Graph.parse("dag { a -> b }")
    laws = {
        "a": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
        "b": FunctionMechanism(function=lambda values, u: values["a"] + u, columns=("a",)),
    }
    model = StructuralCausalModel.of(graph, laws)
    patients = Cohort.from_frame(model.sample(200, seed=1))
    found = model.diagnose(patients)
    assert found.of("a").state is State.PASS
    assert "no inverse" in found.check("b: calibration").sentence
    with pytest.raises(InvalidArgument, match="no patients"):
        _ = model.diagnostics
