from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument, NotConverged
from causalmed.explanation import explain
from causalmed.graph import Graph
from causalmed.results.pictures import Bars

GRAPH = Graph.of([("diabetes", "glucose"), ("glucose", "infection"), ("wound", "infection")])


class Model:
    """A logistic model that reads a column with levels as three indicators."""

    features = ("diabetes", "glucose", "wound")

    def __init__(self) -> None:
        self.asked: list[int] = []

    def risk(self, patients: Cohort) -> np.ndarray:
        assert patients.names == self.features
        assert patients.column("wound").levels == ("clean", "mixed", "dirty")
        self.asked.append(patients.n)
        wound = np.array([0.0, 0.6, 1.4])[patients.values("wound").astype(int)]
        return expit(
            -3 + 0.4 * patients.values("diabetes") + 0.01 * (patients.values("glucose") - 120) + wound
        )


def frame(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(rows) + 1,
            "diabetes": rng.integers(0, 2, rows),
            "glucose": rng.normal(130, 30, rows).round(1),
            "wound": rng.choice(["clean", "mixed", "dirty"], rows),
            "infection": rng.integers(0, 2, rows),
        }
    )


def cohort(rows: int = 60, seed: int = 0) -> Cohort:
    kinds = {"wound": ("clean", "mixed", "dirty"), "glucose": "continuous"}
    return Cohort.from_frame(frame(rows, seed), unit="id", outcome="infection", kinds=kinds)


def test_attributions_lead_from_the_background_to_the_risk() -> None:
    known = cohort()
    why = explain(Model(), known, background=known)
    np.testing.assert_allclose(why.start + why.values.sum(axis=1), why.risks, atol=1e-10)
    assert why.question == "What did the model use?"
    assert why.features == Model.features
    assert why.background_n == 60
    assert why.background_fingerprint == known.fingerprint
    assert np.all(why.monte_carlo_error == 0)


def test_a_column_with_levels_is_one_player() -> None:
    known = cohort()
    why = explain(Model(), known.patient(3), background=known)
    assert why.values.shape == (1, 3)
    assert why.given[0][2] in {"clean", "mixed", "dirty"}


def test_places_come_from_the_graph() -> None:
    known = cohort()
    why = explain(Model(), known.patient(3), background=known, graph=GRAPH)
    assert why.place("glucose").place == "mediator"
    assert explain(Model(), known.patient(3), background=known).places == ()


def test_the_picture_carries_the_question_and_the_summary_fits() -> None:
    known = cohort()
    why = explain(Model(), known.patient(3), background=known, graph=GRAPH)
    picture = why.picture()
    assert isinstance(picture, Bars)
    assert picture.question == why.question
    assert "does not say what causes" in why.summary()
    assert all(len(line) <= 80 for line in why.summary().split("\n"))
    assert why.plot().get_xlabel() == "percentage points of risk"
    assert "<table" in why._repr_html_()


def test_many_patients_are_shown_by_size_and_one_can_be_taken_out() -> None:
    known = cohort()
    why = explain(Model(), known, background=known, graph=GRAPH)
    one = why.patient(17)
    assert one.unit_ids == ("17",)
    alone = explain(Model(), known.patient(17), background=known, graph=GRAPH)
    np.testing.assert_allclose(one.values, alone.values, atol=1e-12)
    np.testing.assert_allclose(
        why.overall().set_index("feature")["mean_absolute"].sort_index(),
        pd.Series(np.abs(why.values).mean(axis=0), index=why.features).sort_index(),
    )
    assert "60 patients" in why.picture().title
    with pytest.raises(DataError, match="not explained here"):
        why.patient(999)


def test_the_result_is_a_value() -> None:
    known = cohort()
    why = explain(Model(), known.patient(3), background=known, graph=GRAPH)
    assert json.loads(json.dumps(why.to_dict()))["question"] == why.question
    assert not why.values.flags.writeable
    assert len(why.to_frame()) == 3
    with pytest.raises(AttributeError):
        why.question = "What caused it?"  # type: ignore[misc]


def test_row_order_of_the_background_does_not_matter() -> None:
    known = cohort()
    kinds = {"wound": ("clean", "mixed", "dirty"), "glucose": "continuous"}
    shuffled = frame().sample(frac=1, random_state=4)
    other = Cohort.from_frame(shuffled, unit="id", outcome="infection", kinds=kinds)
    one = explain(Model(), known.patient(3), background=known)
    two = explain(Model(), other.patient(3), background=other)
    assert np.array_equal(one.values, two.values)


def test_more_than_twelve_features_report_their_monte_carlo_error() -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"x{i}" for i in range(13))
    known = Cohort.from_frame(pd.DataFrame(rng.normal(size=(40, 13)), columns=list(names)))

    class Many:
        features = names

        def risk(self, patients: Cohort) -> np.ndarray:
            return expit(
                sum(patients.values(name) for name in names) + patients.values("x0") * patients.values("x1")
            )

    why = explain(Many(), known.take([0, 1]), background=known, seed=1)
    assert "permutations" in why.method
    assert why.monte_carlo_error.max() > 0
    np.testing.assert_allclose(why.start + why.values.sum(axis=1), why.risks, atol=1e-8)


def test_no_background_no_explanation() -> None:
    with pytest.raises(InvalidArgument, match="background="):
        explain(Model(), cohort())


@pytest.mark.parametrize("questions", [("set",), ("used", "caused"), "why", ()])
def test_questions_that_cannot_be_answered_are_refused(questions: object) -> None:
    with pytest.raises(InvalidArgument, match="'used'"):
        explain(Model(), cohort(), background=cohort(), questions=questions)  # type: ignore[arg-type]


def test_weights_of_the_background_are_not_ignored_silently() -> None:
    weighted = Cohort.from_frame(
        frame().assign(w=2.0),
        unit="id",
        weights="w",
        kinds={"wound": ("clean", "mixed", "dirty"), "glucose": "continuous"},
    )
    with pytest.raises(InvalidArgument, match="sampling weights"):
        explain(Model(), cohort(), background=weighted)


def test_a_missing_feature_is_named() -> None:
    small = Cohort.from_frame(frame().drop(columns="wound"), unit="id")
    with pytest.raises(ColumnNotFound, match="wound"):
        explain(Model(), small, background=cohort())
    with pytest.raises(ColumnNotFound, match="wound"):
        explain(Model(), cohort(), background=small)


def test_levels_that_the_background_does_not_know_are_refused() -> None:
    odd = Cohort.from_frame(
        frame().replace({"wound": {"dirty": "burnt"}}),
        unit="id",
        kinds={"wound": ("clean", "mixed", "burnt"), "glucose": "continuous"},
    )
    with pytest.raises(InvalidArgument, match="burnt"):
        explain(Model(), odd, background=cohort())


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: np.full(n, 1.2),
        lambda n: np.full(n, np.nan),
        lambda n: np.zeros(n + 1),
        lambda n: np.zeros((n, 2)),
    ],
)
def test_what_is_not_a_risk_is_refused(answer: object) -> None:
    model = Model()
    model.risk = lambda patients: answer(patients.n)  # type: ignore[method-assign, operator]
    with pytest.raises(CausalmedError, match="risks between 0 and 1"):
        explain(model, cohort(), background=cohort())


def test_a_model_that_answers_at_random_is_found_out() -> None:
    rng = np.random.default_rng(0)
    model = Model()
    model.risk = lambda patients: rng.random(patients.n)  # type: ignore[method-assign]
    with pytest.raises(NotConverged, match="sum to"):
        explain(model, cohort().patient(1), background=cohort())


def test_the_table_is_left_as_it_was() -> None:
    table = frame()
    before = table.copy(deep=True)
    known = Cohort.from_frame(
        table, unit="id", kinds={"wound": ("clean", "mixed", "dirty"), "glucose": "continuous"}
    )
    explain(Model(), known, background=known)
    pd.testing.assert_frame_equal(table, before)
