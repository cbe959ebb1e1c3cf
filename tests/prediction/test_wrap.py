"""Any fitted classifier behind the same door."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.prediction import RiskModel


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    age, bmi = rng.normal(60, 10, 1000), rng.normal(27, 4, 1000)
    infection = (rng.random(1000) < 1 / (1 + np.exp(9 - age / 10 - bmi / 20))).astype(int)
    return pd.DataFrame({"age": age, "bmi": bmi, "infection": infection})


def test_scikit_learn_fitted_on_a_frame(frame):
    classifier = LogisticRegression().fit(frame[["age", "bmi"]], frame["infection"])
    model = RiskModel.wrap(classifier, features=["age", "bmi"], threshold=0.2)
    expected = classifier.predict_proba(frame[["age", "bmi"]])[:, 1]
    np.testing.assert_array_equal(model.risk(frame), expected)
    cohort = Cohort.from_frame(frame, outcome="infection")
    np.testing.assert_array_equal(model.risk(cohort), expected)
    np.testing.assert_array_equal(model.alert(cohort), expected >= 0.2)
    assert model.performance(cohort).n == 1000


def test_scikit_learn_fitted_on_an_array(frame):
    classifier = LogisticRegression().fit(frame[["age", "bmi"]].to_numpy(), frame["infection"])
    model = RiskModel.wrap(classifier, features=["age", "bmi"])
    np.testing.assert_array_equal(
        model.risk(frame), classifier.predict_proba(frame[["age", "bmi"]].to_numpy())[:, 1]
    )


def test_lightgbm(frame):
    lightgbm = pytest.importorskip("lightgbm")
    classifier = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(
        frame[["age", "bmi"]], frame["infection"]
    )
    model = RiskModel.wrap(classifier, features=["age", "bmi"])
    np.testing.assert_array_equal(model.risk(frame), classifier.predict_proba(frame[["age", "bmi"]])[:, 1])


def test_the_positive_class_by_its_name(frame):
    said = np.where(frame["infection"] == 1, "yes", "no")
    classifier = LogisticRegression().fit(frame[["age"]], said)
    yes, no = (
        RiskModel.wrap(classifier, features=["age"], positive=one).risk(frame) for one in ("yes", "no")
    )
    np.testing.assert_allclose(yes + no, 1.0)
    with pytest.raises(InvalidArgument, match="'no', 'yes'"):
        RiskModel.wrap(classifier, features=["age"], positive=1).risk(frame)


def test_columns_in_another_order_are_refused(frame):
    classifier = LogisticRegression().fit(frame[["age", "bmi"]], frame["infection"])
    with pytest.raises(InvalidArgument, match="in that order"):
        RiskModel.wrap(classifier, features=["bmi", "age"])


def test_what_returns_no_risks_is_refused(frame):
    with pytest.raises(InvalidArgument, match="gives no risk"):
        RiskModel.wrap(7, features=["age"])
    with pytest.raises(DataError, match="values outside 0 to 1"):
        RiskModel.wrap(lambda rows: rows["age"], features=["age"]).risk(frame)
    with pytest.raises(DataError, match="shape"):
        RiskModel.wrap(lambda rows: 0.5, features=["age"]).risk(frame)
    with pytest.raises(ColumnNotFound, match="'asa'"):
        RiskModel.wrap(lambda rows: rows["asa"], features=["asa"]).risk(frame)


@pytest.mark.parametrize("features", [[], ["age", "age"]])
def test_features_must_be_named_once(features):
    with pytest.raises(InvalidArgument, match="once"):
        RiskModel.wrap(lambda rows: rows["age"], features=features)


@pytest.mark.parametrize("threshold", [-0.1, 93, float("nan")])
def test_a_threshold_is_a_risk(threshold):
    with pytest.raises(InvalidArgument, match="is not a risk"):
        RiskModel.wrap(lambda rows: rows["age"], features=["age"], threshold=threshold)


def test_the_classifier_cannot_change_the_table(frame):
    def careless(rows):
        rows["age"] = 0.0
        return np.full(len(rows), 0.1)

    before = frame.copy(deep=True)
    RiskModel.wrap(careless, features=["age"]).risk(frame)
    pd.testing.assert_frame_equal(frame, before)
