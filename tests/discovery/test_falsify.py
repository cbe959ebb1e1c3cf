"""A true graph is rarely refuted, a wrong one is; violations are those that dowhy counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed import Cohort, Graph, falsify
from causalmed.discovery import FisherZ
from causalmed.discovery.implied import Remembered, holm, implied, violations
from causalmed.errors import CausalmedError, GraphError, InvalidArgument

TEXT = "dag { age -> {bmi duration ssi} sex -> {bmi duration} bmi -> glucose -> ssi; duration -> ssi }"
TRUTH = Graph.parse(TEXT)
WRONG = Graph.parse(
    "dag { age -> {bmi duration ssi} sex -> {bmi ssi} ssi -> glucose -> bmi; duration -> ssi }"
)


def patients(n, seed, *, mixed=False):
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    sex = rng.integers(0, 2, n).astype(float) if mixed else rng.normal(size=n)
    bmi = 0.4 * age + 0.5 * sex + rng.normal(size=n)
    duration = 0.3 * age - 0.5 * sex + rng.normal(size=n)
    glucose = 0.6 * bmi + rng.normal(size=n)
    risk = 0.5 * glucose + 0.5 * duration + 0.4 * age
    ssi = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int) if mixed else risk + rng.normal(size=n)
    columns = {"age": age, "sex": sex, "bmi": bmi, "duration": duration, "glucose": glucose, "ssi": ssi}
    return pd.DataFrame(columns)


@pytest.mark.parametrize("mixed", [False, True])
def test_the_true_graph_is_rarely_refuted(mixed):
    runs = 60
    refuted = sum(
        bool(
            falsify(TRUTH, Cohort.from_frame(patients(800, seed, mixed=mixed)), permutations=1).contradictions
        )
        for seed in range(runs)
    )
    assert refuted <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.parametrize("mixed", [False, True])
def test_the_true_graph_beats_its_shuffled_copies_and_a_wrong_one_is_refuted(mixed):
    cohort = Cohort.from_frame(patients(3000, 5, mixed=mixed))
    found = falsify(TRUTH, cohort, permutations=60)
    assert (found.verdict, found.informative) == ("survives", True)
    assert found.p_value <= 0.05
    wrong = falsify(WRONG, cohort, permutations=60)
    assert wrong.verdict in ("refuted", "no better than chance")
    assert {"sex", "duration"} <= {
        name for row in wrong.contradictions for name in (row.independence.x, row.independence.y)
    }
    assert "related" in wrong.summary()


def test_violations_are_those_of_dowhy():
    from dowhy.gcm.falsify import _PValuesMemory, validate_lmc

    frame = patients(400, 3)
    names = tuple(frame.columns)
    test = FisherZ(correlation=np.corrcoef(frame.to_numpy(), rowvar=False), n=len(frame))
    place = {round(float(frame[name].sum()), 9): at for at, name in enumerate(names)}

    def independent(x, y, z=None):
        at = [place[round(float(column.sum()), 9)] for column in (x, y)]
        rest = [] if z is None else [place[round(float(s), 9)] for s in np.asarray(z).sum(axis=0)]
        return test.p_value(*at, rest)

    memory = _PValuesMemory()
    validate_lmc(
        WRONG.to_networkx(),
        frame,
        p_values_memory=memory,
        independence_test=independent,
        conditional_independence_test=independent,
        n_jobs=1,
    )
    theirs = sorted(memory.p_values.values())
    ours = Remembered(test=test)
    triples = implied(WRONG, names)
    np.testing.assert_allclose(sorted(ours.p(triple) for triple in triples), theirs, rtol=1e-9)
    assert violations(ours, triples, alpha=0.05) == sum(p <= 0.05 for p in theirs) > 0


def test_what_would_help_is_named():
    cohort = Cohort.from_frame(patients(3000, 5))
    turned = Graph.parse(
        "dag { age -> {bmi duration ssi} sex -> {bmi duration} bmi -> glucose -> ssi; ssi -> duration }"
    )
    found = falsify(turned, cohort, permutations=20)
    assert "ssi -> duration" in found.contradicted_arrows
    missing = Graph.parse(
        "dag { age -> {bmi duration} sex -> {bmi duration} bmi -> glucose -> ssi; duration -> ssi }"
    )
    hints = [str(one) for one in falsify(missing, cohort, permutations=20).remedies]
    assert any("an arrow age -> ssi would remove every contradiction" in hint for hint in hints)


def test_an_arrow_without_a_trace_is_named():
    more = Graph.parse(TEXT[:-1] + "; sex -> ssi }")
    assert ("sex", "ssi") in falsify(more, Cohort.from_frame(patients(3000, 5)), permutations=20).unsupported


def test_a_complete_graph_cannot_be_tested_and_hidden_nodes_are_said():
    cohort = Cohort.from_frame(patients(500, 1)[["age", "bmi", "glucose"]])
    assert (
        falsify(Graph.parse("dag { age -> bmi -> glucose; age -> glucose }"), cohort).verdict == "untestable"
    )
    found = falsify(Graph.parse("dag { u [latent] u -> {age bmi} bmi -> glucose; frailty -> age }"), cohort)
    assert found.hidden == ("u", "frailty")
    assert "Taken as hidden: u, frailty" in found.summary()


def test_two_nodes_without_an_arrow_are_uninformative():
    cohort = Cohort.from_frame(patients(500, 1)[["age", "sex"]])
    assert falsify(Graph.of(nodes=("age", "sex")), cohort).verdict == "uninformative"


def test_the_answer_does_not_depend_on_the_order_of_rows_or_columns():
    frame = patients(600, 2, mixed=True).assign(id=range(600))
    mixed = frame.sample(frac=1, random_state=1)[["ssi", "id", "sex", "age", "glucose", "bmi", "duration"]]
    one, two = (falsify(WRONG, Cohort.from_frame(f, unit="id"), permutations=30) for f in (frame, mixed))
    assert one.to_frame().equals(two.to_frame())
    assert one.shuffled_violations == two.shuffled_violations


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"test": "kernel"}, InvalidArgument),
        ({"permutations": 0}, InvalidArgument),
        ({"alpha": 2}, InvalidArgument),
        ({"graph": Graph.parse("dag { x -> y }")}, InvalidArgument),
        ({"graph": Graph.parse("pdag { age -- bmi }")}, GraphError),
        ({"graph": "dag { age -> bmi }"}, InvalidArgument),
        ({"cohort": None}, InvalidArgument),
        ({"seed": -1}, InvalidArgument),
        ({"test": "g_squared"}, InvalidArgument),
    ],
)
def test_bad_input(change, error):
    given = {"graph": TRUTH, "cohort": Cohort.from_frame(patients(100, 1)), **change}
    with pytest.raises(error) as caught:
        falsify(**given)
    assert isinstance(caught.value, CausalmedError)


def test_holm_is_that_of_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(1).random(20) ** 3
    np.testing.assert_allclose(holm(p.tolist()), multipletests(p, method="holm")[1], rtol=1e-12)
