"""A screen of candidates whose truth is known."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, Cohort, Graph, estimate, identify, screen_risks
from causalmed.errors import ColumnNotFound, InvalidArgument, UnknownNode
from causalmed.screening import VERDICTS

GRAPH = Graph.parse(
    """dag {
    frailty [latent]; age
    late [exposure]; glove [exposure]; music [exposure]; oxygen [exposure]; rating [exposure]
    rare [exposure]; blood [exposure]; ward [exposure]; certain [exposure]
    age -> late; age -> ssi; age -> glove; age -> certain
    late -> ssi; glove -> ssi; music -> ssi; oxygen -> ssi; rating -> ssi; rare -> ssi; ward -> ssi
    certain -> ssi
    frailty -> rating; frailty -> ssi
    ssi -> blood
    }"""
)


def patients(n=6000, seed=11):
    rng = np.random.default_rng(seed)
    age, frailty = rng.normal(size=n), rng.normal(size=n)
    late = rng.random(n) < 1 / (1 + np.exp(0.7 - 0.8 * age))
    glove = rng.random(n) < 1 / (1 + np.exp(-0.8 * age))
    music, oxygen = rng.random(n) < 0.5, rng.random(n) < 0.4
    rating = rng.random(n) < 1 / (1 + np.exp(-frailty))
    logit = -1.6 + 0.8 * late - 0.8 * oxygen + 0.9 * age + 0.6 * frailty
    ssi = rng.random(n) < 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "age": age,
            "late": late,
            "glove": glove,
            "music": music,
            "oxygen": oxygen,
            "rating": rating,
            "rare": np.arange(n) == 5,
            "blood": rng.random(n) < 0.2 + 0.3 * ssi,
            "certain": age > 0,
            "hospital": rng.integers(0, 20, n),
            "ssi": ssi,
        }
    )


@pytest.fixture(scope="module")
def frame():
    return patients()


@pytest.fixture(scope="module")
def cohort(frame):
    return Cohort.from_frame(frame.drop(columns="hospital"), unit="id", outcome="ssi")


@pytest.fixture(scope="module")
def screen(cohort):
    return screen_risks(GRAPH, cohort, margin=0.06, seed=1)


def test_every_candidate_gets_exactly_one_verdict(screen):
    assert [row.name for row in screen.candidates] == [n for n in GRAPH.nodes if n in GRAPH.exposures]
    assert {row.verdict for row in screen.candidates} <= set(VERDICTS)
    assert all(row.reason.endswith(".") and len(row.reason) > 20 for row in screen.candidates)


def test_verdicts(screen):
    found = {row.name: row.verdict for row in screen.candidates}
    assert found == {
        "late": "cause",
        "oxygen": "cause",
        "glove": "no material effect",
        "music": "no material effect",
        "rating": "not identifiable",
        "blood": "assumed none",
        "rare": "cannot tell",
        "certain": "cannot tell",
        "ward": "not identifiable",
    }
    assert set(screen.identified) == {"late", "oxygen"}


def test_a_protective_cause_is_worded_as_one(screen):
    assert "fewer of 100 patients" in screen.candidate("oxygen").reason
    assert "more of 100 patients" in screen.candidate("late").reason
    assert screen.candidate("oxygen").risk_difference.high < 0


def test_what_merely_goes_together_is_not_a_cause(screen):
    glove = screen.candidate("glove")
    assert glove.crude > 0.06
    assert abs(glove.risk_difference.estimate) < 0.03
    assert glove.adjustment_set == ("age",)


def test_errors_are_answers(screen):
    assert screen.candidate("rare").error == "NotEnoughEvents"
    assert "Only one of 6,000 patients" in screen.candidate("rare").reason
    assert screen.candidate("certain").error == "NotConverged"
    assert "separated" in screen.candidate("certain").reason
    assert "frailty" in screen.candidate("rating").reason
    assert screen.candidate("blood").effect is None
    assert screen.candidate("blood").risk_difference is None


def test_each_estimate_is_that_of_estimate(screen, cohort):
    estimand = identify(GRAPH, exposure="late", outcome="ssi", observed=cohort.names)
    alone = estimate(estimand, cohort)
    row = screen.candidate("late")
    assert row.risk_difference.estimate == pytest.approx(alone.risk_difference.estimate, abs=1e-12)
    assert row.risk_difference.std_error == pytest.approx(alone.risk_difference.std_error, rel=1e-9)
    half = screen.critical_value * alone.risk_difference.std_error
    assert row.risk_difference.high - row.risk_difference.estimate == pytest.approx(half, rel=1e-9)
    log_half = screen.critical_value * alone.risk_ratio.std_error / alone.risk_ratio.estimate
    assert np.log(row.risk_ratio.high / row.risk_ratio.estimate) == pytest.approx(log_half, rel=1e-9)
    assert screen.critical_value > 1.96


def test_threads_and_row_order_move_nothing(screen, frame):
    shuffled = frame.drop(columns="hospital").sample(frac=1, random_state=2)
    again = screen_risks(
        GRAPH, Cohort.from_frame(shuffled, unit="id", outcome="ssi"), margin=0.06, seed=1, n_jobs=2
    )
    assert json.dumps(again.to_dict()) == json.dumps(screen.to_dict())


def test_hospitals_widen_the_critical_value(frame):
    clustered = Cohort.from_frame(frame, unit="id", outcome="ssi", cluster="hospital")
    found = screen_risks(GRAPH, clustered, candidates=["late", "oxygen", "music"], estimator=AIPW())
    assert found.clusters == 20
    assert found.critical_value > 2.5
    assert set(found.identified) == {"late", "oxygen"}
    assert found.candidate("late").effect.functionals.degrees_of_freedom == 19


def test_tables_pictures_and_words(screen):
    table = screen.to_frame()
    assert list(table.candidate[:2]) == list(screen.identified)
    assert not [column for column in table if "p_value" in column or column == "p"]
    assert len(table) == len(screen.candidates)
    text = screen.summary()
    assert max(map(len, text.splitlines())) <= 80
    assert "2 of 9 candidates change ssi: 1 causes it, 1 prevents it" in text
    assert "±6.0 in 100" in " ".join(text.split())
    picture = screen.picture()
    assert len(picture.rows) == 9
    assert "late" in picture.alt
    assert screen.plot() is not None
    assert "<table" in screen._repr_html_()
    json.dumps(screen.to_dict(), allow_nan=False)


def test_a_screen_without_any_estimate_is_still_an_answer(cohort):
    found = screen_risks(GRAPH, cohort, candidates=["rating", "blood"])
    assert found.identified == ()
    assert "None of 2 candidates could be shown" in found.summary()
    assert found.to_dict()["critical_value"] is None


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"candidates": []}, InvalidArgument, "no candidate"),
        ({"candidates": ["lat"]}, UnknownNode, "'late'"),
        ({"candidates": ["ssi"]}, InvalidArgument, "is the outcome"),
        ({"outcome": "infection"}, ColumnNotFound, "infection"),
        ({"outcome": "age"}, InvalidArgument, "is continuous"),
        ({"outcome": "id"}, UnknownNode, "not in the graph"),
        ({"alpha": 5}, InvalidArgument, "alpha=5"),
        ({"margin": 0}, InvalidArgument, "margin=0"),
    ],
)
def test_arguments_are_checked(cohort, change, error, words):
    with pytest.raises(error, match=re.escape(words)):
        screen_risks(GRAPH, cohort, **change)


def test_no_marked_candidate_is_an_error(cohort):
    with pytest.raises(InvalidArgument, match=r"Mark nodes of the graph with \[exposure\]"):
        screen_risks(Graph.parse("dag { age -> late -> ssi }"), cohort)


def test_the_frame_is_untouched_and_needs_an_outcome(frame):
    before = frame.copy(deep=True)
    nameless = Cohort.from_frame(frame, unit="id")
    with pytest.raises(InvalidArgument, match="outcome= must name one"):
        screen_risks(GRAPH, nameless)
    screen_risks(GRAPH, nameless, outcome="ssi", candidates="late")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.slow
def test_family_wise_error_over_many_cohorts():
    """Six candidates without effect, correlated through age: at most 5 % of screens call any a cause."""
    names = [f"c{k}" for k in range(6)]
    arrows = "; ".join(f"{name} [exposure]; age -> {name}; {name} -> ssi" for name in names)
    graph = Graph.parse(f"dag {{ age -> ssi; {arrows} }}")
    wrong, screens = 0, 300
    for seed in range(screens):
        rng = np.random.default_rng(seed)
        age = rng.normal(size=1500)
        columns = {name: rng.random(1500) < 1 / (1 + np.exp(-age)) for name in names}
        ssi = rng.random(1500) < 1 / (1 + np.exp(1.5 - age))
        cohort = Cohort.from_frame(pd.DataFrame({"age": age, **columns, "ssi": ssi}))
        wrong += bool(screen_risks(graph, cohort, outcome="ssi", seed=seed).identified)
    assert wrong <= 0.05 * screens + 3 * np.sqrt(0.05 * 0.95 * screens)
    assert wrong >= 0.05 * screens - 3 * np.sqrt(0.05 * 0.95 * screens)


@pytest.mark.slow
def test_the_shipped_cohort_names_its_twelve_causes():
    from causalmed import load_dataset

    postop = load_dataset("postop")
    screen = screen_risks(postop.graph, postop.cohort, seed=1, n_jobs=2)
    truth = postop.truth
    truth = truth.set_index("candidate") if "candidate" in truth else truth
    assert set(screen.identified) == set(truth.index[truth.cause])
    inside = [
        truth.risk_difference[row.name] in row.risk_difference
        for row in screen.candidates
        if row.risk_difference is not None
    ]
    assert all(inside), "simultaneous intervals hold for all candidates at once"
