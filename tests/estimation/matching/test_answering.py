"""Matching as users meet it: effects, gates, refusals, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import Cohort, Estimand, Logistic, Matching, estimate
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument, PositivityViolation
from causalmed.results import State

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "sex", "wound"])
SPECS = [
    Matching(),
    Matching(on="logit", caliper=0.2, neighbours=2),
    Matching(bias_corrected=True, exact=["sex"]),
    Matching(on="covariates"),
    Matching(on="covariates", exact=["wound"], caliper=1.0, metric="inverse_variance"),
]


def ward(n=600, seed=0, strength=0.6):
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 12, n)
    sex = rng.choice(["female", "male"], n)
    wound = rng.choice(["clean", "contaminated", "dirty"], n, p=[0.6, 0.3, 0.1])
    late = rng.random(n) < expit(strength * (age - 62) / 12 + (wound == "dirty") - 0.4)
    ssi = rng.random(n) < expit(-1.4 + 0.5 * late + (age - 60) / 20 + 0.8 * (wound == "dirty"))
    return pd.DataFrame(
        {"patient": np.arange(n), "age": age, "sex": sex, "wound": wound, "late": late, "ssi": ssi}
    )


def cohort_of(frame, **roles):
    return Cohort.from_frame(frame, unit="patient", outcome="ssi", **roles)


def named(effect, name):
    return next(check for check in effect.diagnostics.checks if check.name == name)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_every_scale_is_there_and_no_order_of_rows_matters(spec, population):
    frame = ward()
    effect = estimate(QUESTION, cohort_of(frame), spec, population=population)
    for scale in (effect.risk_difference, effect.risk_ratio, effect.odds_ratio):
        assert scale.low < scale.estimate < scale.high
    assert effect.functionals.source.startswith("Abadie-Imbens")
    assert effect.functionals.influence is None
    assert np.linalg.eigvalsh(effect.functionals.covariance)[0] > -1e-18
    shuffled = frame.sample(frac=1, random_state=1)
    again = estimate(QUESTION, cohort_of(shuffled), spec, population=population, n_jobs=2, seed=9)
    assert np.array_equal(effect.functionals.values, again.functionals.values)
    assert np.array_equal(effect.functionals.covariance, again.functionals.covariance)


@pytest.mark.parametrize("spec", SPECS[:1] + SPECS[3:4], ids=repr)
def test_without_unit_ids_the_order_moves_the_last_bits_alone(spec):
    frame = ward().drop(columns="patient")
    effects = [
        estimate(QUESTION, Cohort.from_frame(each, outcome="ssi"), spec)
        for each in (frame, frame.sample(frac=1, random_state=1))
    ]
    assert np.allclose(effects[0].functionals.values, effects[1].functionals.values, rtol=1e-9)
    assert np.allclose(effects[0].functionals.covariance, effects[1].functionals.covariance, rtol=1e-7)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_other_contrast_is_the_same_effect_with_the_other_sign(spec):
    cohort = cohort_of(ward())
    one = estimate(QUESTION, cohort, spec, population="exposed").difference
    two = estimate(QUESTION, cohort, spec, population="unexposed", contrast=(0, 1)).difference
    assert two.estimate == pytest.approx(-one.estimate, rel=1e-9)
    assert two.std_error == pytest.approx(one.std_error, rel=1e-6)


def test_means_of_one_arm_are_observed_and_all_is_a_mixture():
    frame, cohort = ward(), cohort_of(ward())
    found = {who: estimate(QUESTION, cohort, population=who, estimator=Matching()).functionals
             for who in ("all", "exposed", "unexposed")}  # fmt: skip
    assert found["exposed"]["exposed"] == pytest.approx(frame.ssi[frame.late].mean(), rel=1e-12)
    assert found["unexposed"]["unexposed"] == pytest.approx(frame.ssi[~frame.late].mean(), rel=1e-12)
    assert found["all"]["natural"] == pytest.approx(frame.ssi.mean(), rel=1e-12)
    share = frame.late.mean()
    for arm in ("exposed", "unexposed"):
        mixed = share * found["exposed"][arm] + (1 - share) * found["unexposed"][arm]
        assert found["all"][arm] == pytest.approx(mixed, rel=1e-12)


def test_effect_on_the_score_alone_against_a_nearest_neighbour_search():
    """scikit-learn's search among distinct scores."""
    from sklearn.neighbors import NearestNeighbors

    frame = ward(n=500)
    question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
    effect = estimate(question, cohort_of(frame), Matching(on="logit"))
    A, Y, x = frame.late.to_numpy(), frame.ssi.to_numpy(float), frame[["age"]].to_numpy()
    other = np.zeros(len(Y))
    for arm in (True, False):
        search = NearestNeighbors(n_neighbors=1).fit(x[arm == A])
        other[arm != A] = Y[arm == A][search.kneighbors(x[arm != A])[1][:, 0]]
    assert effect.difference.estimate == pytest.approx(np.where(A, Y - other, other - Y).mean(), rel=1e-9)


def test_a_caliper_that_leaves_patients_out_says_about_whom_the_effect_is():
    cohort = cohort_of(ward(n=300))
    spec = Matching(on="logit", caliper=0.003)
    effect = estimate(QUESTION, cohort, spec, population="exposed")
    check = named(effect, "matched")
    assert check.state in (State.WARN, State.FAIL)
    assert (
        "found no match within 0.003 SD of the logit of the propensity score: the effect is about the"
        in check.sentence
    )
    assert check.sentence in effect.overrides
    assert named(estimate(QUESTION, cohort, Matching(), population="exposed"), "matched").state is State.PASS


def test_an_effect_about_a_minority_is_not_reported():
    effect = estimate(
        QUESTION, cohort_of(ward(n=300)), Matching(on="covariates", caliper=0.003, exact=["sex"])
    )
    assert named(effect, "matched").state is State.FAIL
    assert "with the same sex" in named(effect, "matched").sentence
    assert not effect.reported
    assert "Not reported" in effect.summary()


def test_nobody_matched_is_an_error():
    frame = ward(n=200)
    frame["late"] = frame.sex == "male"
    for spec in (Matching(on="covariates", exact=["sex"]), Matching(on="covariates", caliper=1e-9)):
        with pytest.raises(PositivityViolation, match="No patient found a match in the other arm of 'late'"):
            estimate(QUESTION, cohort_of(frame), spec)


def test_exact_strata_do_not_mix():
    frame = ward(n=400)
    cohort = cohort_of(frame)
    effect = estimate(
        QUESTION, cohort, Matching(on="covariates", exact=["wound", "sex"], bias_corrected=False)
    )
    after = {row.label: row.after for row in effect.balance.rows}
    assert [abs(value) < 1e-12 for label, value in after.items() if label != "age"] == [True] * (
        len(after) - 1
    )


def test_the_gate_tells_balance_distance_and_reuse():
    effect = estimate(QUESTION, cohort_of(ward(n=1500)), Matching())
    ours = ["events", "rare outcome", "matched", "distance", "reuse", "balance", "convergence"]
    assert [check.name for check in effect.diagnostics.checks][: len(ours)] == ours
    assert all(check.state is State.PASS for check in effect.diagnostics.checks)
    before, after = (
        max(abs(getattr(row, when)) for row in effect.balance.rows) for when in ("before", "after")
    )
    assert after < 0.1 < before
    assert effect.overlap is not None
    assert estimate(QUESTION, cohort_of(ward()), Matching(on="covariates")).overlap is None


def test_thin_overlap_shows_in_distance_and_reuse():
    effect = estimate(QUESTION, cohort_of(ward(n=300, strength=6)), Matching(on="logit"))
    assert named(effect, "distance").state is State.WARN
    assert named(effect, "reuse").state is not State.PASS


def test_an_empty_adjustment_set_gives_the_crude_difference():
    question = Estimand.given(exposure="late", outcome="ssi")
    for spec in (Matching(), Matching(on="covariates"), Matching(on="covariates", metric="inverse_variance")):
        effect = estimate(question, cohort_of(ward()), spec)
        assert effect.difference.estimate == pytest.approx(effect.crude_difference.estimate, rel=1e-9)
        assert effect.difference.std_error == pytest.approx(effect.crude_difference.std_error, rel=0.01)


def test_words_name_what_was_set_aside():
    spec = Matching(propensity=Logistic(formula="age"), variance="known")
    effect = estimate(QUESTION, cohort_of(ward()), spec)
    assert any("leaves out sex, wound" in sentence for sentence in effect.overrides)
    assert any("takes the propensity score as known" in sentence for sentence in effect.overrides)
    assert any("nearly the same score" in sentence for sentence in effect.assumptions)


def hospitals(n, seed=0, k=12):
    frame = ward(n, seed)
    return frame.assign(hospital=np.random.default_rng(seed).integers(k, size=n))


@pytest.mark.parametrize(("k", "state"), [(12, State.WARN), (50, State.PASS)])
def test_clusters_are_added_up_with_a_warning_below_forty(k, state):
    effect = estimate(QUESTION, cohort_of(hospitals(2500, k=k), cluster="hospital"), Matching())
    assert effect.functionals.degrees_of_freedom == k - 1
    assert effect.functionals.source == "Abadie-Imbens, estimated propensity score, clustered"
    assert named(effect, "clusters").state is state
    assert effect.clusters == k


@pytest.mark.parametrize(
    ("spec", "asked", "error", "says"),
    [
        (Matching(), {"population": "overlap"}, InvalidArgument, "with a caliper"),
        (Matching(), {"population": "some"}, InvalidArgument, "Choose one of"),
        (Matching(), {"population": ["all"]}, InvalidArgument, "Choose one of"),
        (Matching(), {"horizon": 30}, CausalmedError, "horizon"),
        (Matching(exact=["weight"]), {}, ColumnNotFound, "weight"),
        (Matching(exact=["ssi"]), {}, ColumnNotFound, "ssi"),
        (Matching(replace=False), {}, InvalidArgument, "population=.exposed."),
        (Matching, {}, InvalidArgument, "is not an estimator"),
    ],
)
def test_what_cannot_be_meant_is_refused(spec, asked, error, says):
    with pytest.raises(error, match=says):
        estimate(QUESTION, cohort_of(ward()), spec, **asked)


def test_pairs_across_clusters_are_refused_by_name():
    with pytest.raises(InvalidArgument, match="no sound standard error where the two of a pair"):
        estimate(
            QUESTION,
            cohort_of(hospitals(400), cluster="hospital"),
            Matching(replace=False),
            population="exposed",
        )


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame.assign(late=True),
        lambda frame: frame.assign(ssi=False),
        lambda frame: frame.assign(late=[True] + [False] * (len(frame) - 1)),
        lambda frame: frame.assign(ssi=1e200),
        lambda frame: frame.assign(age=1e200 * frame.patient),
        lambda frame: frame.head(1),
    ],
)
def test_bad_tables_are_refused_in_words(spec, spoil):
    with pytest.raises(CausalmedError):
        estimate(QUESTION, cohort_of(spoil(ward())), spec)


def test_constant_and_repeated_columns_do_no_harm_to_covariates():
    frame = ward().assign(again=lambda f: f.age * 2, fixed=1.5)
    plain = estimate(QUESTION, cohort_of(frame), Matching(on="covariates"))
    wide = Estimand.given(
        exposure="late", outcome="ssi", adjustment_set=["age", "sex", "wound", "again", "fixed"]
    )
    padded = estimate(wide, cohort_of(frame), Matching(on="covariates"))
    assert padded.difference.estimate == pytest.approx(plain.difference.estimate, rel=1e-6)


def test_a_number_is_matched_as_well():
    frame = ward().assign(ssi=lambda f: 7 + 2 * f.late + f.age / 10)
    effect = estimate(QUESTION, cohort_of(frame), Matching(on="covariates"))
    assert effect.outcome_kind == "continuous"
    assert effect.difference.estimate == pytest.approx(2, abs=0.1)


def test_the_cohort_is_not_changed():
    cohort = cohort_of(ward())
    before = cohort.fingerprint
    estimate(QUESTION, cohort, Matching())
    assert cohort.fingerprint == before
    assert not estimate(QUESTION, cohort, Matching()).functionals.covariance.flags.writeable


def test_columns_that_would_overflow_are_refused():
    frame = ward().assign(age=np.where(np.arange(600) % 2, 1e300, -1e300))
    with pytest.raises(DataError):
        estimate(QUESTION, cohort_of(frame), Matching(on="covariates"))
