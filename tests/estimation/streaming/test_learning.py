"""Learners on disk: the numbers of memory where all patients are seen, and the share where they are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

import causalmed as cm
from causalmed.errors import InvalidArgument, NotEnoughEvents

QUESTION = cm.Estimand.given(exposure="late", outcome="infected", adjustment_set=["age", "sex", "ward"])
BOOSTING = HistGradientBoostingClassifier(max_iter=15)


def make(n=6_000, seed=3, effect=0.5):
    rng = np.random.default_rng(seed)
    age, sex, ward = rng.normal(60, 10, n), rng.random(n) < 0.5, rng.choice(["e", "n", "w"], n)
    late = rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 30 - 0.3 * sex))
    infected = rng.random(n) < 1 / (1 + np.exp(1.5 - effect * late - (age - 60) / 20))
    return pd.DataFrame(
        {
            "id": np.arange(n) * 3,
            "age": age,
            "sex": sex,
            "ward": ward,
            "late": late,
            "infected": infected,
            "days": 5 + late + age / 10 + rng.normal(0, 1, n),
            "hospital": rng.integers(0, 50, n),
        }
    )


def cohort(tmp_path, frame, **roles):
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=1_000, index=False)
    return cm.Cohort.from_parquet(tmp_path / "t.parquet", unit="id", **roles)


def bits(effect):
    functionals = effect.functionals
    return functionals.values.tobytes(), functionals.covariance.tobytes()


def told(effect):
    return next(check for check in effect.diagnostics.checks if check.name == "learned from")


SPECS = (
    cm.AIPW(propensity=LogisticRegression(), outcome=BOOSTING),
    cm.TMLE(propensity=BOOSTING, outcome=LogisticRegression(), by_arm=True),
    cm.AIPW(outcome=BOOSTING),
    cm.IPW(propensity=LogisticRegression(), folds=3),
)


@pytest.mark.parametrize("cluster", [None, "hospital"])
@pytest.mark.parametrize("spec", SPECS, ids=["AIPW", "TMLE by arm", "outcome alone", "IPW"])
def test_all_patients_seen_is_the_number_of_memory(tmp_path, spec, cluster):
    disk = cohort(tmp_path, make(), cluster=cluster)
    effect = cm.estimate(QUESTION, disk, spec, seed=4)
    assert bits(effect) == bits(cm.estimate(QUESTION, disk.collect(), spec, seed=4))
    said = told(effect)
    assert said.value == 1.0
    assert "6,000 patients" in said.sentence


def test_a_number_as_outcome(tmp_path):
    stay = cm.Estimand.given(exposure="late", outcome="days", adjustment_set=["age", "ward"])
    spec = cm.AIPW(outcome=HistGradientBoostingRegressor(max_iter=10))
    disk = cohort(tmp_path, make())
    assert bits(cm.estimate(stay, disk, spec)) == bits(cm.estimate(stay, disk.collect(), spec))
    with pytest.raises(InvalidArgument, match="is a classifier, but the outcome is a number"):
        cm.estimate(stay, disk, cm.AIPW(outcome=BOOSTING))


def test_a_share_is_seen_and_the_answer_says_so(tmp_path, monkeypatch):
    """What a tenth of the patients taught serves all of them: hardly another answer, hardly another width."""
    monkeypatch.setattr("causalmed.estimation.streaming.learning.SEEN", 2_000)
    spec = cm.AIPW(propensity=LogisticRegression(), outcome=LogisticRegression())
    disk = cohort(tmp_path, make(n=20_000))
    effect, again = (cm.estimate(QUESTION, disk, spec, seed=4, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert bits(effect) == bits(again)
    said = told(effect)
    assert said.value == pytest.approx(0.1)
    assert "a share of 0.1 chosen by the hash" in said.sentence
    monkeypatch.undo()
    whole = cm.estimate(QUESTION, disk, spec, seed=4)
    assert bits(effect) != bits(whole)
    assert effect.risk_difference.std_error == pytest.approx(whole.risk_difference.std_error, rel=0.05)
    away = abs(effect.risk_difference.estimate - whole.risk_difference.estimate)
    assert away < 0.5 * whole.risk_difference.std_error


@pytest.mark.slow
def test_intervals_cover_where_learners_saw_a_share(tmp_path, monkeypatch):
    """200 cohorts of 3,000 patients, learners shown a third: coverage within what chance allows at 95 %."""
    monkeypatch.setattr("causalmed.estimation.streaming.learning.SEEN", 1_000)
    spec = cm.AIPW(propensity=LogisticRegression(), outcome=LogisticRegression(), folds=3)
    big = make(n=400_000, seed=99)
    age = (big["age"] - 60) / 20
    truth = float((1 / (1 + np.exp(1.5 - 0.5 - age)) - 1 / (1 + np.exp(1.5 - age))).mean())
    hits = 0
    for seed in range(200):
        found = cm.estimate(QUESTION, cohort(tmp_path, make(n=3_000, seed=seed)), spec).risk_difference
        hits += found.low <= truth <= found.high
    assert 181 <= hits <= 198  # binomial(200, 0.95), 0.1 % to either side


def test_who_is_seen_depends_on_the_id_alone(tmp_path, monkeypatch):
    """Leaving out patients does not change which of the others learners are shown."""
    from causalmed.engine import Local
    from causalmed.estimation.asked import Asked
    from causalmed.estimation.streaming.census import pose_streamed
    from causalmed.estimation.streaming.learning import take_sample

    monkeypatch.setattr("causalmed.estimation.streaming.learning.SEEN", 2_000)
    asked = Asked(
        estimand=QUESTION,
        cohort=cohort(tmp_path, make()),
        spec=None,
        contrast=(1, 0),
        population="all",
        horizon=None,
        level=0.95,
        seed=1,
        executor=Local(),
    )
    problem, passes = pose_streamed(asked, Local(), folds=True)
    seen = take_sample(passes, problem, seed=1).problem.fold_keys
    assert abs(len(seen) - 2_000) < 5 * np.sqrt(2_000)
    late = asked.of(asked.cohort.where("late == 1", reason="late"))
    late = late.of(late.cohort, cm.Estimand.given(exposure="sex", outcome="infected", adjustment_set=["age"]))
    problem, passes = pose_streamed(late, Local(), folds=True)
    monkeypatch.setattr("causalmed.estimation.streaming.learning.SEEN", problem.n / 3)
    fewer = take_sample(passes, problem, seed=1).problem.fold_keys
    assert len(fewer) > 100
    assert set(fewer.tolist()) <= set(seen.tolist())


def test_folds_that_hold_one_value_only_are_refused_as_in_memory(tmp_path):
    frame = make(n=200)
    frame["infected"] = np.arange(200) == 7
    with pytest.raises(NotEnoughEvents):
        cm.estimate(QUESTION, cohort(tmp_path, frame), SPECS[0])
