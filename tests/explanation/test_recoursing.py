from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from ward_model import DRUGS, GRAPH, Score, Ward, patient, risk

from causalmed.cohort import Cohort
from causalmed.errors import (
    CausalmedError,
    ColumnNotFound,
    InvalidArgument,
    NotIdentified,
    RoleConflict,
    UnknownNode,
)
from causalmed.explanation import Contraindication, Plan, recourse
from causalmed.explanation.contraindications import Clearance
from causalmed.explanation.options import Option, changes, count
from causalmed.graph import Graph

ACTIONABLE = ("late", "glucose", "drug")


def closed_form(person: Cohort, do: dict[str, float]) -> float:
    now = {name: float(person.values(name)[0]) for name in ("diabetes", "glucose", "late", "drug")}
    return float(risk(*(now | do).values()))


def every_plan(found: object, person: Cohort, most: int) -> dict[tuple[tuple[str, float], ...], float]:
    """Every combination of the stated levels by nested loops, with its closed-form risk."""
    read = {**{drug: float(code) for code, drug in enumerate(DRUGS)}, "no": 0.0, "yes": 1.0}
    choices = {}
    for name, labels in found.levels.items():  # type: ignore[attr-defined]
        choices[name] = [None, *(read[x] if x in read else float(x) for x in labels)]
    plans = {}
    for values in itertools.product(*choices.values()):
        do = {name: float(value) for name, value in zip(choices, values, strict=True) if value is not None}
        if 1 <= len(do) <= most:
            plans[tuple(sorted(do.items()))] = closed_form(person, do)
    return plans


@pytest.mark.parametrize("most", [1, 2, 3])
def test_every_plan_is_tried_and_the_best_is_the_best(most: int) -> None:
    person = patient()
    levels = {"glucose": (110, 140, 170)}
    found = recourse(Score(), person, scm=Ward(), actionable=ACTIONABLE, max_changes=most, levels=levels)
    plans = every_plan(found, person, most)
    assert found.checked == len(plans)
    best = min(plans, key=plans.__getitem__)
    assert tuple(sorted(found.best.changes.items())) == best
    assert found.best.outlook.risk == pytest.approx(plans[best], abs=0.02)
    assert found.now.risk == pytest.approx(closed_form(person, {}), abs=0.03)


def test_the_front_is_what_no_plan_beats() -> None:
    person = patient()
    found = recourse(Score(), person, scm=Ward(), actionable=ACTIONABLE, levels={"glucose": (110, 140, 170)})
    kept = {tuple(sorted(plan.changes.items())): plan for plan in found.plans}
    plans = every_plan(found, person, 2)
    for key in kept:
        assert plans[key] < closed_form(person, {})
        for other, value in plans.items():
            inside = set(dict(other)) < set(dict(key)) and set(other) < set(key)
            assert not (inside and value <= plans[key])
    assert {len(plan.changes) for plan in found.plans} == {1, 2}
    assert [len(plan.changes) for plan in found.plans] == sorted(len(plan.changes) for plan in found.plans)


def test_downstream_values_are_recomputed() -> None:
    """Without diabetes glucose falls by 50: the risk falls through it, and so does the model's."""
    person = patient()
    found = recourse(Score(), person, scm=Ward(), actionable=["diabetes"], max_changes=1)
    expected = float(risk(0.0, 190.0 - 50.0, 1.0, 0.0))
    assert found.best.outlook.risk == pytest.approx(expected, abs=0.02)
    fallen = Score().risk(patient(diabetes=0, glucose=140.0))[0]
    assert found.best.outlook.model_risk == pytest.approx(fallen, abs=1e-12)


def test_plans_share_their_noise() -> None:
    """The error of a difference is that of common random numbers, far below that of two risks."""
    found = recourse(Score(), patient(), scm=Ward(), actionable=["late"])
    fall = found.now.risk - found.best.outlook.risk
    assert found.best.outlook.monte_carlo_error < 1.01 * np.sqrt(fall * (1 - fall) / 2000)


def test_the_score_cannot_be_gamed() -> None:
    with pytest.raises(RoleConflict, match="no cause"):
        recourse(Score(), patient(), scm=Ward(), actionable=["rating"])


@pytest.mark.parametrize("name", ["stay", "infection"])
def test_nothing_after_the_outcome_is_proposed(name: str) -> None:
    with pytest.raises(RoleConflict, match="follows the outcome"):
        recourse(Score(), patient(), scm=Ward(), actionable=[name])


def test_unidentified_effects_are_refused() -> None:
    class Confounded(Ward):
        graph = Graph.parse(
            "dag { late -> infection; late <-> infection; glucose -> infection; infection [outcome] }"
        )

    with pytest.raises(NotIdentified):
        recourse(Score(), patient(), scm=Confounded(), actionable=["late"])
    assert recourse(Score(), patient(), scm=Confounded(), actionable=["glucose"]).checked == 5


def test_where_nothing_helps_there_is_a_proof() -> None:
    found = recourse(Score(), patient(late=0), scm=Ward(), actionable=["late"])
    assert found.plans == ()
    assert found.checked == 1
    assert found.answer.startswith("The only plan was checked; none lowers the risk")
    assert "No plan lowers the risk of infection (1 checked)" in found.picture().title


def test_where_everything_is_forbidden_it_says_so() -> None:
    rule = Contraindication(when="diabetes == 1", never="late")
    found = recourse(Score(), patient(), scm=Ward(), actionable=["late"], contraindicated=[rule])
    assert found.best is None
    assert found.excluded == found.checked == 1
    assert "(1 contraindicated)" in found.answer
    assert found.picture().after_per_100 is None
    assert "none may be considered" in found.summary()


def test_no_plan_breaks_a_random_rule() -> None:
    """Random rules, judged by a second reading of them that shares no code with the validator."""
    rng = np.random.default_rng(0)
    conditions = {
        "allergy == 1": lambda p: p["allergy"] == 1,
        "glucose > 150": lambda p: p["glucose"] > 150,
        "diabetes == 1 and late == 1": lambda p: p["diabetes"] == 1 and p["late"] == 1,
        "drug != 'none'": lambda p: p["drug"] != 0,
    }
    nevers = {
        "late": lambda do: "late" in do,
        "drug": lambda do: "drug" in do,
        "cefazolin": lambda do: do.get("drug") == 1.0,
        "vancomycin": lambda do: do.get("drug") == 2.0,
        "glucose < 120": lambda do: do.get("glucose", 999.0) < 120,
    }
    seen = 0
    for trial in range(40):
        person = patient(
            allergy=int(rng.integers(2)), late=int(rng.integers(2)), glucose=float(rng.integers(125, 220))
        )
        values = {
            name: float(person.values(name)[0]) for name in ("diabetes", "glucose", "late", "drug", "allergy")
        }
        rules = [
            Contraindication(when=str(rng.choice(list(conditions))), never=str(rng.choice(list(nevers))))
            for _ in range(rng.integers(1, 4))
        ]
        found = recourse(
            Score(),
            person,
            scm=Ward(),
            actionable=ACTIONABLE,
            contraindicated=rules,
            levels={"glucose": (110, 140)},
            seed=trial,
        )
        for plan in (*found.plans, *([found.best] if found.best else [])):
            for rule in rules:
                applies = conditions[rule.when](values) or conditions[rule.when](values | dict(plan.changes))
                assert not (applies and nevers[rule.never](plan.changes))
                seen += 1
    assert seen > 100


def test_a_plan_needs_its_own_clearance() -> None:
    found = recourse(Score(), patient(), scm=Ward(), actionable=["late"])
    other = Clearance(patient=patient(), changes={"drug": 1.0}, rules=())
    with pytest.raises(CausalmedError, match="not what was cleared"):
        Plan(changes={"late": 0.0}, words="late", size=1.0, outlook=found.now, clearance=other)


def test_levels_are_quantiles_of_the_population_and_are_stated() -> None:
    found = recourse(Score(), patient(), scm=Ward(), actionable=["glucose"], seed=3)
    expected = np.quantile(Ward().sample(4000, seed=3)["glucose"], (0.1, 0.25, 0.5, 0.75, 0.9))
    assert found.levels["glucose"] == tuple(f"{value:.4g}" for value in expected)


def test_words_are_careful_and_the_summary_fits() -> None:
    found = recourse(Score(), patient(), scm=Ward(), actionable=ACTIONABLE)
    text = found.summary()
    assert "could be considered" in text.lower()
    assert "considering: " in found.answer
    assert all(len(line) <= 80 for line in text.split("\n"))
    assert found.question == "What could be considered to lower this patient's risk of infection?"


def test_the_result_is_a_value() -> None:
    found = recourse(Score(), patient(), scm=Ward(), actionable=ACTIONABLE)
    again = recourse(Score(), patient(), scm=Ward(), actionable=ACTIONABLE)
    assert json.dumps(found.to_dict()) == json.dumps(again.to_dict())
    assert found.to_frame()["could be considered"][0] == "as it is"
    assert found.picture().before_per_100 == pytest.approx(100 * found.now.risk)
    assert "<table" in found._repr_html_()
    assert found.plot() is not None
    assert recourse(Score(None), patient(), scm=Ward(), actionable=["late"]).now.below_threshold is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"actionable": []}, InvalidArgument),
        ({"actionable": "late"}, InvalidArgument),
        ({"actionable": ["late", "late"]}, InvalidArgument),
        ({"actionable": ["layte"]}, ColumnNotFound),
        ({"actionable": ["allergy"]}, UnknownNode),
        ({"max_changes": 0}, InvalidArgument),
        ({"max_changes": 1.5}, InvalidArgument),
        ({"max_changes": True}, InvalidArgument),
        ({"levels": {"drug": ["penicillin"]}}, InvalidArgument),
        ({"levels": {"glucose": [float("nan")]}}, InvalidArgument),
        ({"levels": {"glucose": list(range(6000))}}, InvalidArgument),
        ({"contraindicated": ["allergy == 1"]}, InvalidArgument),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], error: type[Exception]) -> None:
    usual: dict[str, object] = {"scm": Ward(), "actionable": ACTIONABLE}
    with pytest.raises(error):
        recourse(Score(), patient(), **(usual | arguments))  # type: ignore[arg-type]


def test_one_patient_at_a_time() -> None:
    table = pd.concat([patient().to_frame()] * 2, ignore_index=True)
    two = Cohort.from_frame(table, outcome="infection")
    with pytest.raises(InvalidArgument, match="one patient"):
        recourse(Score(), two, scm=Ward(), actionable=["late"])


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_counting_agrees_with_listing(most: int) -> None:
    groups = [
        tuple(Option(name=str(j), value=float(v), size=1.0) for v in range(k))
        for j, k in enumerate((1, 3, 0, 2))
    ]
    listed = list(changes(groups, most))
    assert count(groups, most) == len(listed) == len(set(listed))
    assert all(len({option.name for option in plan}) == len(plan) for plan in listed)


def test_plans_through_a_fitted_model_agree_with_its_mechanisms() -> None:
    """On a structural model written by hand, through the library's own counterfactuals."""
    from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel

    graph = Graph.parse("dag { diabetes -> glucose -> infection; late -> infection; infection [outcome] }")
    scm = StructuralCausalModel.of(
        graph,
        {
            "diabetes": LogisticBinary(predictor=Predictor.of(0.0)),
            "late": LogisticBinary(predictor=Predictor.of(0.0)),
            "glucose": LinearGaussian(predictor=Predictor.of(110.0, {"diabetes": 50.0}), sd=15.0),
            "infection": LogisticBinary(predictor=Predictor.of(-4.0, {"glucose": 0.012, "late": 0.9})),
        },
    )
    found = recourse(Score(), patient(), scm=scm, actionable=["late", "diabetes"], seed=1)
    risks = {tuple(sorted(plan.changes.items())): plan.outlook.risk for plan in found.plans}
    assert found.now.risk == pytest.approx(expit(-4 + 0.012 * 190 + 0.9), abs=1e-12)
    assert risks[("late", 0.0),] == pytest.approx(expit(-4 + 0.012 * 190), abs=1e-12)
    assert risks[("diabetes", 0.0), ("late", 0.0)] == pytest.approx(expit(-4 + 0.012 * 140), abs=1e-12)


def test_graph_of_the_ward_is_read() -> None:
    assert GRAPH.outcomes == {"infection"}


@pytest.mark.parametrize("draws", [0, 99, 2.5, True])
def test_too_few_draws_are_refused(draws: object) -> None:
    with pytest.raises(InvalidArgument, match="draws="):
        recourse(Score(), patient(), scm=Ward(), actionable=["late"], draws=draws)  # type: ignore[arg-type]
