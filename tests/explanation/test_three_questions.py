"""The three questions together: the trap that they are for, and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument, NotConverged
from causalmed.explanation import explain
from causalmed.graph import Graph
from causalmed.prediction import fit_risk_model
from causalmed.results.pictures import Panels
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel, fit_scm

TRAP = StructuralCausalModel.of(
    Graph.parse("dag { diabetes -> glucose -> infection; infection [outcome] }"),
    {
        "diabetes": LogisticBinary(predictor=Predictor.of(-1.0)),
        "glucose": LinearGaussian(predictor=Predictor.of(115.0, {"diabetes": 55.0}), sd=20.0),
        "infection": LogisticBinary(predictor=Predictor.of(-4.0, {"glucose": 0.02})),
    },
)
KINDS = {"diabetes": "binary", "glucose": "continuous", "infection": "binary"}


class Right:
    """A model that is the outcome's mechanism itself: nothing of it reads diabetes."""

    features = ("diabetes", "glucose")

    def risk(self, patients: Cohort) -> np.ndarray:
        return expit(-4.0 + 0.02 * patients.values("glucose"))


def ward(n: int = 400, seed: int = 1) -> Cohort:
    return Cohort.from_frame(TRAP.sample(n, seed=seed), outcome="infection", kinds=KINDS)


def test_the_model_gives_diabetes_nothing_and_the_other_questions_say_why() -> None:
    known = ward()
    patient = Cohort.from_frame(
        pd.DataFrame({"diabetes": [1], "glucose": [172.0], "infection": [0]}),
        outcome="infection",
        kinds=KINDS,
    )
    why = explain(Right(), patient, scm=TRAP, background=known, seed=1)
    used, set_, caused = (why.answers[name] for name in ("used", "set", "caused"))
    assert used.values[0, 0] == 0.0
    assert set_.values[0, 0] > 3
    np.testing.assert_allclose(set_.values, caused.values, atol=1e-9)
    assert set_.direct is not None
    assert set_.direct[0, 0] == pytest.approx(0.0, abs=1e-12), "all of it passes glucose"
    np.testing.assert_allclose(set_.indirect, set_.values - set_.direct)
    assert set_.asymmetric is not None
    assert set_.asymmetric[0, 0] > 1.5 * set_.values[0, 0]
    assert "passes glucose, so the model may show nothing" in why.place("diabetes").reason
    assert why.panels().title.startswith("The model hardly used diabetes, which moves the risk itself by +")
    assert "used: glucose; set: glucose, diabetes; caused: glucose, diabetes" in why.badge


@pytest.fixture(scope="module")
def fitted():
    cohort = ward(900)
    return (
        cohort,
        fit_scm(TRAP.graph, cohort),
        fit_risk_model(cohort, features=["diabetes", "glucose"], seed=1),
    )


def test_every_answer_sums_to_what_it_explains_and_keeps_its_question(fitted) -> None:
    cohort, scm, model = fitted
    why = explain(model, cohort.take(np.arange(7)), scm=scm, draws=64, seed=1)
    assert list(why.answers) == ["used", "set", "caused"]
    for answer in why.answers.values():
        np.testing.assert_allclose(answer.start + answer.values.sum(axis=1), answer.risks, atol=1e-4)
    np.testing.assert_allclose(why.risks, 100 * model.risk(cohort.take(np.arange(7))), atol=1e-10)
    np.testing.assert_array_equal(why.beside["set"].risks, why.risks)
    assert len({answer.question for answer in why.answers.values()}) == 3
    assert len(why.agreement()) == 3


def test_what_is_shown_names_the_questions_and_fits_the_page(fitted) -> None:
    cohort, scm, model = fitted
    why = explain(model, cohort.take(np.arange(3)), scm=scm, draws=64, seed=1).patient(cohort.unit_ids[1])
    picture = why.panels()
    assert isinstance(picture, Panels)
    assert [panel.question for panel in picture.panels] == [a.question for a in why.answers.values()]
    assert picture.labels[0].split(":")[0] in {"glucose", "diabetes"}
    assert why.plot().get_xlabel() == "percentage points of risk"
    text = why.summary()
    assert all(len(line) <= 80 for line in text.split("\n"))
    assert all(answer.question.split("?")[0][:20] in text for answer in why.answers.values())
    written = json.loads(json.dumps(why.to_dict()))
    assert set(written["beside"]) == {"set", "caused"}
    assert len(why.to_frame()) == 6
    assert why._repr_html_().count("<table") == 3


def test_one_question_alone_and_in_another_order(fitted) -> None:
    cohort, scm, model = fitted
    patient = cohort.take([5])
    alone = explain(model, patient, scm=scm, questions=["caused"], draws=64, seed=3)
    both = explain(model, patient, scm=scm, questions=["caused", "used"], draws=64, seed=3)
    assert alone.name == both.name == "caused"
    np.testing.assert_array_equal(alone.values, both.values)
    assert list(both.beside) == ["used"]
    assert explain(model, patient, graph=scm.graph).name == "used"


def test_refits_split_the_doubt(fitted) -> None:
    cohort, scm, model = fitted
    why = explain(model, cohort.take([5]), scm=scm, draws=64, refits=12, seed=1)
    for name, answer in why.answers.items():
        doubt = answer.uncertainty
        assert doubt is not None
        assert doubt.replicates == 12
        parts = doubt.monte_carlo + doubt.background + doubt.model + doubt.scm + doubt.shared
        np.testing.assert_allclose(parts, doubt.total, atol=1e-12)
        assert np.all(doubt.total > answer.monte_carlo_error**2)
        assert np.all((doubt.model > 0) == (name != "caused"))
        assert np.all((doubt.scm > 0) == (name != "used"))
        assert np.all((doubt.top_three >= 0) & (doubt.top_three <= 1))
        np.testing.assert_allclose(answer.std_error, np.sqrt(doubt.total))
        assert answer.margin[0, 1] == pytest.approx(2.2010 * answer.std_error[0, 1], rel=1e-4)
    assert "uncertainty" in why.to_dict()


def test_a_model_fitted_elsewhere_is_refitted_by_its_own_recipe(fitted) -> None:
    cohort, scm, _ = fitted
    seen = []

    def again(half: Cohort) -> Right:
        seen.append(half.n)
        return Right()

    why = explain(Right(), cohort.take([5]), scm=scm, background=cohort, refit=again, refits=10, draws=64)
    assert seen == [450] * 10
    assert np.all(why.uncertainty.model == 0)
    assert np.all(why.beside["caused"].uncertainty.scm[0, 1] > 0)
    fixed = explain(Right(), cohort.take([5]), background=cohort, refits=10)
    assert np.all(fixed.uncertainty.model == 0)
    assert np.all(fixed.uncertainty.background[0, 1] > 0)


def test_halves_are_of_clusters_where_there_are_any() -> None:
    table = TRAP.sample(600, seed=2).assign(hospital=np.repeat(np.arange(20), 30))
    cohort = Cohort.from_frame(table, outcome="infection", cluster="hospital", kinds=KINDS)
    sizes = []

    def again(half: Cohort) -> Right:
        sizes.append((half.n, half.clusters))
        return Right()

    why = explain(Right(), cohort.take([0]), background=cohort, refit=again, refits=10)
    assert set(sizes) == {(300, 10)}
    assert why.uncertainty.degrees_of_freedom == 9


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"questions": ["set"], "scm": None}, "need scm="),
        ({"questions": ["used", "used"]}, "questions"),
        ({"questions": ["why"]}, "'used'"),
        ({"questions": []}, "'used'"),
        ({"draws": 3}, "draws=3"),
        ({"draws": 2.5}, "draws=2.5"),
        ({"refits": 4}, "refits=4"),
        ({"refits": -1}, "refits=-1"),
        ({"refits": 10, "refit": "again"}, "refit='again'"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(fitted, more, message) -> None:
    cohort, scm, model = fitted
    with pytest.raises(InvalidArgument, match=message):
        explain(model, cohort.take([0]), **({"scm": scm} | more))


def test_refits_that_fail_and_models_that_change_their_columns_are_refused(fitted) -> None:
    cohort, _, _ = fitted

    def fails(half: Cohort) -> Right:
        raise CausalmedError("no")

    class Other(Right):
        features = ("glucose", "diabetes")

    with pytest.raises(NotConverged, match="10 of 10"):
        explain(Right(), cohort.take([0]), background=cohort, refit=fails, refits=10)
    with pytest.raises(InvalidArgument, match="fitted again reads"):
        explain(Right(), cohort.take([0]), background=cohort, refit=lambda half: Other(), refits=10)


def test_a_continuous_outcome_has_no_risk_that_could_be_caused() -> None:
    graph = Graph.parse("dag { diabetes -> glucose; glucose [outcome] }")
    numbers = Cohort.from_frame(TRAP.sample(200, seed=1), kinds=KINDS)
    scm = fit_scm(graph, numbers)
    with pytest.raises(InvalidArgument, match="no binary node"):
        explain(Right(), numbers.take([0]), scm=scm, background=numbers, questions=["caused"])


def covered(cohorts: int, *, n: int, refits: int) -> dict[str, np.ndarray]:
    """Count in how many cohorts the intervals hold the attributions of the limit."""
    limit = ward(60_000, seed=99)
    patient = Cohort.from_frame(
        pd.DataFrame({"diabetes": [1], "glucose": [160.0], "infection": [0]}),
        outcome="infection",
        kinds=KINDS,
    )
    truth = explain(
        Right(), patient, scm=TRAP, background=limit.take(np.arange(0, 60_000, 6)), draws=8192, seed=5
    )
    hits = {name: np.zeros(2) for name in truth.answers}
    for seed in range(cohorts):
        cohort = ward(n, seed=1000 + seed)
        model = fit_risk_model(cohort, features=["diabetes", "glucose"], seed=seed)
        scm = fit_scm(TRAP.graph, cohort)
        why = explain(model, patient, scm=scm, refits=refits, draws=64, seed=seed)
        for name, answer in why.answers.items():
            gap = np.abs(answer.values - truth.answers[name].values)[0]
            hits[name] += gap <= answer.margin[0]
    return hits


def test_intervals_cover_in_a_few_cohorts() -> None:
    hits = covered(8, n=600, refits=10)
    for name, found in hits.items():
        assert np.all(found >= 5), (name, found)  # P(Bin(8, 0.95) < 5) < 4e-4


@pytest.mark.slow
def test_intervals_cover() -> None:
    cohorts = 400
    hits = covered(cohorts, n=1500, refits=40)
    for name, found in hits.items():
        share = found / cohorts
        print(name, share)
        assert np.all((share > 0.915) & (share < 0.985)), (name, share)
