"""Effects within levels: against fits by hand, an interaction model, a truth, and bad requests."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Graph, Linear, estimate, identify
from causalmed.errors import ColumnNotFound, InvalidArgument, NotEnoughEvents, RareEventWarning
from causalmed.estimation import IPWRA, SubgroupEffects

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "urgency"])
LEVELS = ("elective", "urgent", "emergency")
EFFECTS = {"elective": 0.0, "urgent": 0.6, "emergency": 1.2}


def surgery(n=6000, seed=1, hospitals=0, between=0.0):
    """Patients whose exposure matters the more, the more urgent the operation is."""
    rng = np.random.default_rng(seed)
    age, urgency = rng.normal(size=n), rng.choice(3, n, p=(0.5, 0.3, 0.2))
    h = rng.integers(0, max(hospitals, 1), n)
    quality = rng.normal(0, between, max(hospitals, 1))[h]
    works = rng.normal(0, between, max(hospitals, 1))[h]
    late = rng.random(n) < expit(0.4 * age + 0.3 * urgency - 0.6)
    effect = np.array(list(EFFECTS.values()))[urgency]
    base = -1.6 + 0.5 * age + 0.3 * urgency + quality
    y = rng.random(n) < expit(base + (effect + works) * late)
    frame = pd.DataFrame({"age": age, "urgency": np.array(LEVELS)[urgency], "late": late, "ssi": y})
    frame["z"] = 1 + age + 0.5 * urgency + effect * late + rng.normal(size=n)
    truth = {
        level: float(np.mean((expit(base + effect) - expit(base))[urgency == k]))
        for k, level in enumerate(LEVELS)
    }
    return (frame.assign(h=h) if hospitals else frame), truth


def cohort_of(frame):
    return Cohort.from_frame(
        frame, kinds={"urgency": LEVELS}, outcome="ssi", cluster="h" if "h" in frame else None
    )


@pytest.mark.parametrize("spec", [GComputation(), IPW(), IPWRA(), AIPW(), TMLE()], ids=repr)
def test_each_level_is_a_fit_of_its_own(spec):
    frame, _ = surgery(3000)
    found = estimate(QUESTION, cohort_of(frame), spec, by="urgency")
    assert isinstance(found, SubgroupEffects)
    assert tuple(found.effects) == LEVELS
    alone = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
    for level, effect in found.effects.items():
        part = Cohort.from_frame(frame[frame.urgency == level].drop(columns="urgency"))
        by_hand = estimate(alone, part, spec)
        assert effect.difference.estimate == pytest.approx(by_hand.difference.estimate, abs=1e-10)
        assert effect.difference.std_error == pytest.approx(by_hand.difference.std_error, rel=1e-8)
        assert effect.adjustment_set == ("age",)
        assert effect.question.endswith(f"with urgency = {level}.")


def test_the_truth_of_each_level_is_in_its_interval_and_apart_from_the_others():
    frame, truth = surgery(12_000, seed=3)
    found = estimate(QUESTION, cohort_of(frame), by="urgency")
    for level, effect in found.effects.items():
        assert abs(effect.difference.estimate - truth[level]) < 3 * effect.difference.std_error
    apart = found.difference("emergency", "elective")
    assert apart.low > 0
    assert abs(apart.estimate - (truth["emergency"] - truth["elective"])) < 3 * apart.std_error
    back = found.difference("elective", "emergency")
    assert (back.estimate, back.low) == (-apart.estimate, -apart.high)
    same = found.difference("urgent", "urgent")
    assert (same.estimate, same.std_error) == (0, 0)


def test_the_difference_of_two_levels_is_the_interaction_of_a_model():
    import statsmodels.formula.api as smf

    frame, _ = surgery(2000, seed=4)
    frame["late"] = frame.late.astype(int)
    question = Estimand.given(exposure="late", outcome="z", adjustment_set=["age", "urgency"])
    found = estimate(question, cohort_of(frame), GComputation(outcome=Linear()), by="urgency")
    fit = smf.ols("z ~ (late + age) * C(urgency)", frame).fit(cov_type="HC0")
    term = "late:C(urgency)[T.emergency]"
    assert found.difference("emergency", "elective").estimate == pytest.approx(fit.params[term], abs=1e-9)
    assert found.difference("emergency", "elective").std_error == pytest.approx(fit.bse[term], rel=1e-6)


def test_hospitals_tie_the_levels_together():
    import statsmodels.formula.api as smf

    frame, _ = surgery(6000, seed=5, hospitals=60, between=0.0)
    works = np.random.default_rng(6).normal(0, 1.0, 60)[frame.h]
    frame["late"] = frame.late.astype(int)
    frame["z"] += works * frame.late
    question = Estimand.given(exposure="late", outcome="z", adjustment_set=["age", "urgency"])
    found = estimate(question, cohort_of(frame), GComputation(outcome=Linear()), by="urgency")
    fit = smf.ols("z ~ (late + age) * C(urgency)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame.h, "use_correction": False}
    )
    term = "late:C(urgency)[T.urgent]"
    apart = found.difference("urgent", "elective")
    assert apart.std_error == pytest.approx(fit.bse[term] * np.sqrt(60 / 59), rel=1e-6)
    # as if the levels came from different hospitals, the interval would be far too wide
    one, other = (found.effects[level].difference.std_error for level in ("urgent", "elective"))
    assert apart.std_error < 0.6 * np.hypot(one, other)


def test_few_hospitals_are_left_out_in_turn_in_each_level():
    frame, _ = surgery(3000, seed=7, hospitals=8, between=0.3)
    found = estimate(QUESTION, cohort_of(frame), AIPW(), by="urgency")
    for effect in found.effects.values():
        assert effect.functionals.source == "delete-one-cluster jackknife"
    variances = [effect.difference.std_error**2 for effect in found.effects.values()]
    assert np.allclose(np.diagonal(found.covariance), variances, rtol=1e-12)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-12


def test_a_level_without_an_answer_is_named_and_stops_nothing():
    frame, _ = surgery(2000)
    frame.loc[frame.urgency == "emergency", "ssi"] = False
    found = estimate(QUESTION, cohort_of(frame), by="urgency")
    assert tuple(found.effects) == ("elective", "urgent")
    assert "None of" in found.refused["emergency"]
    assert "urgency = emergency: no answer." in found.summary()
    table = found.to_frame().set_index("urgency")
    assert not table.reported["emergency"]
    assert np.isnan(table.difference["emergency"])
    with pytest.raises(InvalidArgument, match="'emergency'"):
        found.difference("emergency", "urgent")
    frame["ssi"] = False
    with pytest.raises(NotEnoughEvents):
        estimate(QUESTION, cohort_of(frame), by="urgency")


def test_warnings_name_their_level():
    frame, _ = surgery(4000)
    rare = frame.urgency == "elective"
    frame.loc[rare, "ssi"] &= np.random.default_rng(1).random(int(rare.sum())) < 0.1
    with pytest.warns(RareEventWarning, match="For urgency = elective: "):
        estimate(QUESTION, cohort_of(frame), by="urgency")


def test_everything_a_result_has():
    frame, _ = surgery(2000)
    found = estimate(QUESTION, cohort_of(frame), by="urgency", seed=4)
    assert max(map(len, found.summary().splitlines())) <= 80
    assert str(found) == found.summary()
    assert json.loads(json.dumps(found.to_dict()))["by"] == "urgency"
    assert found.provenance.seed == 4
    assert "urgency = urgent" in found.picture().alt
    assert found.picture().per == 100
    assert "urgency" in found._repr_html_()
    assert found.plot().get_figure() is not None
    with pytest.raises(ValueError, match="read-only"):
        found.covariance[0, 0] = 1.0
    with pytest.raises(TypeError):
        found.effects["other"] = None


def test_no_order_and_no_thread_moves_a_bit():
    frame, _ = surgery(1500)
    frame = frame.assign(id=np.arange(1500))
    tables = [frame, frame.sample(frac=1, random_state=1)]
    found = [
        estimate(
            QUESTION,
            Cohort.from_frame(table, kinds={"urgency": LEVELS}, unit="id"),
            by="urgency",
            n_jobs=n_jobs,
        )
        for table, n_jobs in zip(tables, (1, 2), strict=True)
    ]
    assert (found[0].covariance == found[1].covariance).all()


def test_what_may_divide_the_patients():
    frame, _ = surgery(400)
    frame = frame.assign(ward=np.arange(400) % 40, fever=frame.ssi, depth=1.0 * (frame.age > 0))
    cohort = Cohort.from_frame(frame, kinds={"urgency": LEVELS, "ward": "categorical"})
    many = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "ward"])
    with pytest.raises(ColumnNotFound, match="urgencyy"):
        estimate(QUESTION, cohort, by="urgencyy")
    with pytest.raises(InvalidArgument, match="is continuous"):
        estimate(QUESTION, cohort, by="age")
    with pytest.raises(InvalidArgument, match="has 40 levels"):
        estimate(many, cohort, by="ward")
    with pytest.raises(InvalidArgument, match="exposure or the outcome"):
        estimate(QUESTION, cohort, by="late")
    with pytest.raises(InvalidArgument, match=r"'depth' is not in the adjustment set \(age, urgency\)"):
        estimate(QUESTION, cohort, by="depth")
    graph = Graph.parse("dag { {age urgency} -> {late ssi}; late -> {fever ssi}; fever -> ssi }")
    estimand = identify(graph, exposure="late", outcome="ssi", observed=cohort.names)
    with pytest.raises(InvalidArgument, match="may be changed by 'late'"):
        estimate(estimand, cohort, by="fever")
