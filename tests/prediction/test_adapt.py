"""A model taken to another hospital: what is read, what is refused, what the answer says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument, NotEnoughEvents
from causalmed.prediction import RiskModel, fit_risk_model
from causalmed.regression import Logistic
from causalmed.results import State


def risk_of(table):
    eta = -4.2 + table["age"] / 25 + 0.8 * (table["wound"] == "dirty") + 0.6 * table["razor"]
    eta += 0.5 * table["razor"] * (table["wound"] == "dirty")
    return 1 / (1 + np.exp(-eta))


def make(n, seed, *, razor=0.3, age=60.0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": rng.permutation(n),
            "hospital": rng.choice(list("abcdef"), n),
            "age": rng.normal(age, 12, n),
            "wound": rng.choice(["clean", "contaminated", "dirty"], n, p=[0.6, 0.3, 0.1]),
            "razor": (rng.random(n) < razor).astype(int),
        }
    )
    table["infection"] = (rng.random(n) < risk_of(table)).astype(int)
    return table


def cohort_of(table, **more):
    options = {"outcome": "infection", "unit": "id", "cluster": "hospital", **more}
    return Cohort.from_frame(table, **options)


FEATURES = ["age", "wound", "razor"]


@pytest.fixture(scope="module")
def model():
    return fit_risk_model(cohort_of(make(6000, 1)), features=FEATURES, specificity=0.9, seed=1)


@pytest.fixture(scope="module")
def there():
    return make(2500, 2, razor=0.7, age=64.0)


@pytest.fixture(scope="module")
def found(model, there):
    return model.adapt(cohort_of(there))


def true_specificity(model, *, razor=0.7, age=64.0):
    table = make(100_000, 99, razor=razor, age=age)
    p = risk_of(table).to_numpy()
    return float(((1 - p) * ~model.alert(table)).sum() / (1 - p).sum())


def test_the_threshold_moves_to_where_the_new_patients_are(model, found):
    assert found.threshold > model.threshold
    before, after = true_specificity(model), true_specificity(found.model)
    assert before < 0.87
    assert 0.89 < after < 0.93
    assert abs(before - found.before.specificity.estimate) < 3 * found.before.specificity.std_error
    assert after in found.adapted.specificity
    assert found.diagnostics.state is State.PASS


def test_where_patients_are_the_same_the_two_thresholds_agree(model):
    found = model.adapt(cohort_of(make(2500, 3)))
    assert found.threshold == pytest.approx(model.threshold, abs=0.03)
    assert true_specificity(found.model, razor=0.3, age=60.0) == pytest.approx(0.905, abs=0.015)


def test_sensitivity_is_won_back_where_the_new_patients_have_less_risk():
    """Ratings aside, the guaranteed threshold of a mixed clinic is too cautious among the young."""
    model = fit_risk_model(cohort_of(make(6000, 4, razor=0.5)), features=FEATURES, specificity=0.9, seed=1)
    found = model.adapt(cohort_of(make(5000, 5, razor=0.1, age=52.0)))
    table = make(100_000, 98, razor=0.1, age=52.0)
    p = risk_of(table).to_numpy()
    old, new = (float((p * one.alert(table)).sum() / p.sum()) for one in (model, found.model))
    assert new > old + 0.05
    assert true_specificity(found.model, razor=0.1, age=52.0) > 0.9
    assert new in found.adapted.sensitivity


def test_outcomes_of_the_new_patients_are_not_read(model, there, found):
    turned = model.adapt(cohort_of(there.assign(infection=1 - there["infection"])))
    absent = model.adapt(there.drop(columns=["infection", "id", "hospital"]))
    assert turned.threshold == absent.threshold == found.threshold
    assert absent.adapted == found.adapted


def test_rows_may_stand_in_any_order(model, there, found):
    mixed = model.adapt(there.sample(frac=1, random_state=3))
    assert mixed.threshold == found.threshold
    assert mixed.adapted == found.adapted


def test_these_patients_need_less_margin_than_patients_like_these(model, there, found):
    these = model.adapt(there, aim="these patients")
    assert these.adapted.specificity.std_error < found.adapted.specificity.std_error
    assert these.adapted.alerts.low == these.adapted.alerts.high
    assert "for these patients" in str(these.model.guarantee)


def test_refitting_uses_everybody(model, there, found):
    again = model.adapt(there, refit=True)
    assert again.calibration == 6000
    assert again.model.trained == again.model.calibrated
    assert again.adapted.specificity.std_error < found.adapted.specificity.std_error
    assert again.before == found.before
    assert 0.89 < true_specificity(again.model) < 0.93
    with pytest.raises(InvalidArgument, match="none was held back"):
        again.model.adapt(there)


def test_any_learner_can_be_refitted(there):
    """Trees give few distinct risks: a step of the threshold may overshoot, and the estimate says so."""
    learner = HistGradientBoostingClassifier(max_depth=2, max_iter=10)
    boosted = fit_risk_model(cohort_of(make(3000, 6)), features=FEATURES, learner=learner, specificity=0.9)
    found = boosted.adapt(there, refit=True)
    expected, truth = found.adapted.specificity, true_specificity(found.model)
    assert truth > 0.9
    assert abs(truth - expected.estimate) < 3 * expected.std_error


def test_a_foreign_classifier_needs_patients_with_outcomes(there):
    table, cohort = make(3000, 7), cohort_of(make(4000, 8))
    classifier = LogisticRegression(max_iter=1000).fit(table[["age", "razor"]], table["infection"])
    model = RiskModel.wrap(classifier, features=["age", "razor"], threshold=0.2)
    with pytest.raises(InvalidArgument, match="calibration="):
        model.adapt(there, specificity=0.9)
    found = model.adapt(there, specificity=0.9, calibration=cohort)
    assert 0.89 < true_specificity(found.model) < 0.93
    with pytest.raises(InvalidArgument, match="learner"):
        model.adapt(there, specificity=0.9, refit=True)


def test_the_adapted_model_is_saved_and_says_what_it_rests_on(model, there, found, tmp_path):
    found.model.save(tmp_path / "model.json")
    loaded = RiskModel.load(tmp_path / "model.json")
    assert loaded.threshold == found.threshold
    assert loaded.guarantee == found.model.guarantee
    for text in (loaded.summary(), found.summary()):
        joined = " ".join(text.split())
        assert "in large samples" in joined
        assert "if the outcome given the features is as likely there as here" in joined
        assert max(map(len, text.splitlines())) <= 80
    assert "id" not in found.to_dict()
    assert found.to_frame().shape == (7, 5)
    with pytest.raises(InvalidArgument, match="does not carry"):
        loaded.adapt(there)


def test_patients_beyond_what_was_seen_are_counted(model, there):
    old = there.assign(age=np.where(np.arange(2500) < 500, 140.0, there["age"]))
    check = model.adapt(old).diagnostics.check("outside what was seen")
    assert check.state is State.FAIL
    assert check.value == pytest.approx(0.2, abs=0.02)
    assert "'age'" in check.sentence


def test_places_that_share_no_patients_are_said(model, there):
    far = there.assign(age=there["age"] + 45)
    try:
        state = model.adapt(far).diagnostics.state
    except CausalmedError as error:
        assert "outside what was seen" in str(error)  # noqa: PT017
    else:
        assert state is State.FAIL


def test_hospitals_that_differ_given_the_features_are_noticed():
    table = make(12_000, 9)
    worse = table["hospital"].isin(["a", "b"]) & (np.random.default_rng(1).random(12_000) < 0.15)
    table["infection"] = np.maximum(table["infection"], worse.astype(int))
    model = fit_risk_model(cohort_of(table), features=FEATURES, specificity=0.9, seed=1)
    assert model.adapt(make(1000, 10)).diagnostics.check("the same risk here").state is State.WARN


def test_risks_wrong_for_patients_like_the_new_ones_are_corrected_and_said():
    rng = np.random.default_rng(1)
    x = rng.normal(size=20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(2.5 - 0.4 * x - 0.5 * x**2))).astype(int)
    cohort = Cohort.from_frame(pd.DataFrame({"x": x, "y": y}), outcome="y")
    model = fit_risk_model(cohort, features=["x"], specificity=0.9, seed=1)
    found = model.adapt(pd.DataFrame({"x": rng.normal(1.2, 1, 3000)}))
    assert found.diagnostics.check("calibration in patients like these").state is State.WARN


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"specificity": 93}, InvalidArgument, "not between 0 and 1"),
        ({"delta": 0}, InvalidArgument, "not between 0 and 1"),
        ({"level": 95}, InvalidArgument, "not between 0 and 1"),
        ({"aim": "everybody"}, InvalidArgument, "patients like these"),
        ({"refit": "yes"}, InvalidArgument, "refit"),
        ({"calibration": "a table"}, CausalmedError, "Cohort"),
        ({"outcome": "nothing"}, ColumnNotFound, "nothing"),
    ],
)
def test_options_that_mean_nothing_are_refused(model, there, options, error, words):
    with pytest.raises(error, match=words):
        model.adapt(there, **options)


def test_tables_that_cannot_be_used_are_refused(model, there):
    with pytest.raises(NotEnoughEvents, match="too few"):
        model.adapt(there[:40])
    with pytest.raises(ColumnNotFound, match="razor"):
        model.adapt(there.drop(columns="razor"))
    with pytest.raises(DataError, match="septic"):
        model.adapt(there.assign(wound="septic"))
    with pytest.raises(CausalmedError):
        model.adapt(there.assign(age=np.nan))
    with pytest.raises(InvalidArgument, match="neither a Cohort nor a data frame"):
        model.adapt([1, 2, 3])
    with pytest.raises(InvalidArgument, match="weights"):
        model.adapt(cohort_of(there.assign(w=1.0), weights="w"))
    with pytest.raises(InvalidArgument, match="specificity"):
        replace(model, guarantee=None).adapt(there)


def test_firth_models_are_adapted_and_refitted_too(there):
    model = fit_risk_model(
        cohort_of(make(3000, 11)), features=FEATURES, learner=Logistic(firth=True), specificity=0.9
    )
    assert true_specificity(model.adapt(there, refit=True).model) > 0.88


@pytest.mark.slow
@pytest.mark.parametrize("refit", [False, True])
def test_whole_studies_hold_as_often_as_said(refit):
    """Fit, hold back, adapt, in 120 cohorts: the true specificity falls short in at most 5 %."""
    big = make(150_000, 97, razor=0.7, age=64.0)
    p = risk_of(big).to_numpy()
    failed, times = 0, 120
    for seed in range(times):
        model = fit_risk_model(
            cohort_of(make(4000, 1000 + seed)), features=FEATURES, specificity=0.9, seed=seed
        )
        adapted = model.adapt(make(1500, 5000 + seed, razor=0.7, age=64.0), refit=refit).model
        failed += ((1 - p) * ~adapted.alert(big)).sum() / (1 - p).sum() < 0.9
    assert failed <= binom.ppf(0.999, times, 0.05)
