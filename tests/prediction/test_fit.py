"""Fit, hold back, guarantee: the choices of a risk model and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from causalmed.cohort import Cohort
from causalmed.errors import (
    CausalmedError,
    ColumnNotFound,
    InvalidArgument,
    NotEnoughEvents,
    NotSavable,
    RoleConflict,
)
from causalmed.graph import Graph
from causalmed.prediction import RiskModel, fit_risk_model
from causalmed.regression import Logistic
from causalmed.results import State

GRAPH = Graph.parse(
    """dag {
    frailty [latent]
    infection [outcome]
    age -> infection
    wound -> infection
    frailty -> rating
    frailty -> infection
    infection -> stay
    }"""
)
TIERS = {"before": ["age", "wound", "rating"], "after": ["infection"], "later": ["stay"]}


def make(n=4000, seed=1):
    rng = np.random.default_rng(seed)
    age, frailty = rng.normal(60, 12, n), rng.normal(size=n)
    wound = rng.choice(["clean", "contaminated", "dirty"], n, p=[0.6, 0.3, 0.1])
    eta = -6 + age / 20 + 0.8 * (wound == "dirty") + frailty
    infection = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    return pd.DataFrame(
        {
            "id": rng.permutation(n),
            "hospital": rng.choice(list("abcdefgh"), n),
            "age": age,
            "wound": wound,
            "rating": np.round(frailty + rng.normal(size=n)),
            "infection": infection,
            "stay": 5 + 6 * infection + rng.poisson(3, n),
        }
    )


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(make(), outcome="infection", unit="id", cluster="hospital", tiers=TIERS)


@pytest.fixture(scope="module")
def model(cohort):
    return fit_risk_model(cohort, graph=GRAPH, specificity=0.9, seed=1)


def test_default_features_are_stable(model):
    assert model.features == ("age", "wound")
    reasons = {one.name: one.kind for one in model.left_out}
    assert reasons["rating"] == "shares a hidden cause"
    assert reasons["stay"] == "after the outcome"
    assert reasons["id"] == reasons["hospital"] == "role"


def test_coefficients_are_those_of_statsmodels_on_the_training_part(cohort, model):
    from causalmed.engine import fold_of

    train = fold_of(cohort.unit_keys, folds=10, seed=1) >= 3
    frame = cohort.to_frame()[train]
    x = pd.DataFrame(
        {
            "const": 1.0,
            "age": frame["age"].astype(float),
            "contaminated": (frame["wound"] == "contaminated").astype(float),
            "dirty": (frame["wound"] == "dirty").astype(float),
        }
    )
    fit = sm.Logit(frame["infection"].astype(float), x).fit(disp=0)
    np.testing.assert_allclose(model.predictor.coefficients, fit.params, rtol=1e-5)
    assert model.trained == (int(train.sum()), int(frame["infection"].sum()))
    assert model.calibrated[0] == (~train).sum()


def test_the_guarantee_is_counted_on_patients_held_back(cohort, model):
    from causalmed.engine import fold_of

    held = fold_of(cohort.unit_keys, folds=10, seed=1) < 3
    negatives = held & (cohort.values("infection") == 0)
    assert model.guarantee.negatives == negatives.sum()
    quiet = (model.risk(cohort)[negatives] < model.threshold).sum()
    assert quiet == model.guarantee.rank
    assert quiet / negatives.sum() > 0.9


def test_recalibration_makes_held_back_risks_right(cohort, model):
    from causalmed.engine import fold_of

    held = cohort.take(fold_of(cohort.unit_keys, folds=10, seed=1) < 3)
    found = model.performance(held)
    assert found.calibration_in_the_large.estimate == pytest.approx(0, abs=1e-6)
    assert found.calibration_slope.estimate == pytest.approx(1, abs=1e-6)


def test_specificity_holds_in_new_patients_and_comes_with_sensitivity(model):
    """New patients, drawn from the same population: the guarantee is about them."""
    new = Cohort.from_frame(make(20_000, seed=99), outcome="infection", unit="id", cluster="hospital")
    found = model.performance(new)
    assert found.specificity.estimate > 0.9
    assert 0 < found.sensitivity.estimate < 1
    assert found.outcome == "infection"


def test_guarantee_in_repeated_studies():
    """Over repeated cohorts, specificity in a large population falls short in at most delta of them."""
    population = Cohort.from_frame(make(30_000, seed=1000), outcome="infection", unit="id")
    negative = population.values("infection") == 0
    short = 0
    for seed in range(60):
        study = Cohort.from_frame(make(900, seed=seed), outcome="infection", unit="id")
        fitted = fit_risk_model(study, features=["age", "wound"], specificity=0.9, delta=0.2, seed=seed)
        short += (~fitted.alert(population))[negative].mean() < 0.9
    assert short / 60 < 0.2 + 2.5 * np.sqrt(0.2 * 0.8 / 60)


def test_training_patients_are_recognised(cohort, model):
    assert model.performance(cohort).diagnostics.check("patients seen before").state is State.WARN
    other = model.performance(cohort.take(np.arange(2000)))
    assert "patients seen before" not in {check.name for check in other.diagnostics.checks}


def test_a_column_after_the_outcome_is_refused(cohort):
    with pytest.raises(RoleConflict, match=r"stay comes after infection in the graph"):
        fit_risk_model(cohort, graph=GRAPH, features=["age", "stay"])
    with pytest.raises(RoleConflict, match=r"period 'later', after infection"):
        fit_risk_model(cohort, features=["age", "stay"])


@pytest.mark.parametrize(
    ("name", "why"), [("infection", "is the outcome"), ("id", "unit id"), ("hospital", "the cluster")]
)
def test_columns_with_another_role_are_refused(cohort, name, why):
    with pytest.raises(RoleConflict, match=why):
        fit_risk_model(cohort, graph=GRAPH, features=["age", name])


def test_an_unstable_column_needs_to_be_allowed_and_is_printed(cohort):
    with pytest.raises(RoleConflict, match="allow_unstable=True"):
        fit_risk_model(cohort, graph=GRAPH, features=["age", "rating"])
    allowed = fit_risk_model(cohort, graph=GRAPH, features=["age", "rating"], allow_unstable=True)
    assert allowed.features == ("age", "rating")
    summary = " ".join(allowed.summary().split())
    assert "Used because allow_unstable=True: rating shares a hidden cause" in summary


def test_without_a_graph_all_earlier_columns_are_used_with_a_warning(cohort):
    found = fit_risk_model(cohort)
    assert found.features == ("age", "wound", "rating")
    assert found.diagnostics.check("stability").state is State.WARN
    assert found.threshold is None
    with pytest.raises(InvalidArgument, match="Without a threshold"):
        found.alert(cohort)


def test_protected_columns_in_use_are_said():
    frame = make(1000, seed=4).assign(sex=np.random.default_rng(0).choice(["F", "M"], 1000))
    found = fit_risk_model(
        Cohort.from_frame(frame, outcome="infection", unit="id", protected="sex"), features=["age", "sex"]
    )
    assert "reads protected columns: sex" in found.diagnostics.check("protected features").sentence


def test_too_few_negatives_says_how_many():
    small = Cohort.from_frame(make(80, seed=3), outcome="infection", unit="id")
    with pytest.raises(
        NotEnoughEvents, match=r"needs at least 299 calibration patients|at least 10 on either"
    ):
        fit_risk_model(small, features=["age"], specificity=0.99)
    medium = Cohort.from_frame(make(600, seed=3), outcome="infection", unit="id")
    with pytest.raises(NotEnoughEvents, match=r"needs at least 299 calibration patients"):
        fit_risk_model(medium, features=["age"], specificity=0.99)


def test_row_order_and_frame_library_change_no_bit(model):
    import polars as pl

    frame = make()
    shuffled = frame.sample(frac=1.0, random_state=5)
    for other in (shuffled, pl.from_pandas(frame)):
        again = fit_risk_model(
            Cohort.from_frame(other, outcome="infection", unit="id", cluster="hospital", tiers=TIERS),
            graph=GRAPH,
            specificity=0.9,
            seed=1,
        )
        assert again.threshold == model.threshold
        assert (again.predictor.coefficients == model.predictor.coefficients).all()


def test_a_frame_a_cohort_and_values_give_the_same_risks(cohort, model):
    risk = model.risk(cohort)
    frame = cohort.to_frame()
    np.testing.assert_array_equal(model.risk(frame), risk)
    values = {name: cohort.values(name) for name in model.features}
    np.testing.assert_array_equal(model.risk_from_values(values), risk)
    assert not risk.flags.writeable


def test_one_patient_has_the_risk_he_has_in_the_crowd(cohort, model):
    dirty = int(np.flatnonzero(cohort.values("wound") == 2)[0])
    one = cohort.take([dirty]).to_frame().reset_index(drop=True)
    assert model.risk(one)[0] == model.risk(cohort)[dirty]


def test_inputs_are_not_changed(model):
    frame = make(500, seed=6)
    before = frame.copy(deep=True)
    model.risk(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_bad_tables_are_refused_in_words(model):
    good = make(50, seed=7)
    with pytest.raises(ColumnNotFound, match="'wound'"):
        model.risk(good.drop(columns="wound"))
    with pytest.raises(CausalmedError, match="septic"):
        model.risk(good.assign(wound="septic"))
    with pytest.raises(CausalmedError):
        model.risk(good.assign(age=np.nan))
    with pytest.raises(InvalidArgument, match="neither a Cohort nor a data frame"):
        model.risk([1, 2, 3])


@pytest.mark.parametrize(
    "learner", [RandomForestClassifier(n_estimators=20, max_depth=4), LogisticRegression()]
)
def test_a_scikit_learn_classifier_is_cloned_seeded_and_calibrated(cohort, learner):
    first, second = (
        fit_risk_model(cohort, graph=GRAPH, learner=learner, specificity=0.9, seed=3) for _ in range(2)
    )
    np.testing.assert_array_equal(first.risk(cohort), second.risk(cohort))
    assert not hasattr(learner, "classes_")
    with pytest.raises(NotSavable, match=type(learner).__name__):
        first.save("nowhere.json")


def test_what_cannot_be_fitted_is_refused(cohort):
    with pytest.raises(InvalidArgument, match="needs fit and predict_proba"):
        fit_risk_model(cohort, graph=GRAPH, learner="xgboost")
    with pytest.raises(InvalidArgument, match="No outcome"):
        fit_risk_model(Cohort.from_frame(make(50)), features=["age"])
    with pytest.raises(RoleConflict, match="binary"):
        fit_risk_model(cohort, outcome="stay", features=["age"])
    with pytest.raises(InvalidArgument, match="seed"):
        fit_risk_model(cohort, graph=GRAPH, seed=-1)


def test_firth_and_formulas_are_accepted(cohort):
    found = fit_risk_model(cohort, graph=GRAPH, learner=Logistic(formula="age + I(age**2)", firth=True))
    assert "I(age ** 2)" in found.predictor.recipe.names


def test_saved_models_give_the_same_bits(cohort, model, tmp_path):
    path = tmp_path / "model.json"
    model.save(path)
    again = RiskModel.load(path)
    np.testing.assert_array_equal(again.risk(cohort), model.risk(cohort))
    assert again.guarantee == model.guarantee
    assert again.left_out == model.left_out
    assert again.provenance == model.provenance
    assert again.summary() == model.summary()
    again.save(tmp_path / "twice.json")
    assert (tmp_path / "twice.json").read_text() == path.read_text()


def test_other_files_are_not_taken_for_models(tmp_path):
    for text in ("{}", "not json", "[1, 2]", '{"schema": "causalmed.risk_model/99"}'):
        path = tmp_path / "other.json"
        path.write_text(text)
        with pytest.raises(CausalmedError, match="is not a risk model of this version"):
            RiskModel.load(path)


def test_summary_fits_a_page_and_names_the_guarantee(model):
    summary = model.summary()
    assert max(map(len, summary.splitlines())) <= 80
    assert "beyond them nothing is guaranteed" in " ".join(summary.split())
