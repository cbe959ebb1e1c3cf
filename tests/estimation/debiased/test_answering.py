"""Debiased machine learning: the same numbers as the formulas, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from causalmed import AIPW, Cohort, DoubleML, Linear, Logistic, estimate
from causalmed.engine import fold_of
from causalmed.errors import CausalmedError, DataError, InvalidArgument, NotEnoughEvents, ScaleNotDefined
from tests.estimation.debiased.worlds import NAMES, asks, cohort_of, patients


@pytest.fixture(scope="module")
def frame():
    return patients()


@pytest.fixture(scope="module")
def cohort(frame):
    return cohort_of(frame)


def by_hand(frame, cohort, exposure, outcome, learners, seed):
    """Residual on residual with scikit-learn, fold by fold."""
    X = frame[NAMES].to_numpy()
    fold = fold_of(cohort.unit_keys, folds=5, seed=seed)
    left = []
    for name, learner in ((exposure, learners[0]), (outcome, learners[1])):
        y, mean = frame[name].to_numpy(dtype=float), np.empty(len(frame))
        for k in range(5):
            model = learner.fit(X[fold != k], y[fold != k])
            classifies = hasattr(model, "predict_proba")
            mean[fold == k] = (
                model.predict_proba(X[fold == k])[:, 1] if classifies else model.predict(X[fold == k])
            )
        left.append(y - mean)
    v, u = left
    theta = (v @ u) / (v @ v)
    return theta, np.sqrt(np.sum((v * (u - theta * v)) ** 2)) / (v @ v)


@pytest.mark.parametrize(("exposure", "outcome"), [("d", "yd"), ("a", "ya"), ("a", "ba")])
def test_partialling_out_by_hand(frame, cohort, exposure, outcome):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    logistic = LogisticRegression(tol=1e-10, max_iter=1000)
    learners = [LinearRegression() if name in ("d", "yd", "ya") else logistic for name in (exposure, outcome)]
    spec = DoubleML(propensity=learners[0], outcome=learners[1])
    ours = estimate(asks(exposure, outcome), cohort, spec, seed=4).difference
    theta, error = by_hand(frame, cohort, exposure, outcome, learners, 4)
    assert ours.estimate == pytest.approx(theta, rel=1e-9)
    assert ours.std_error == pytest.approx(error, rel=1e-9)


def test_with_linear_nuisances_it_is_nearly_least_squares(frame, cohort):
    import statsmodels.api as sm

    fitted = sm.OLS(frame.yd, sm.add_constant(frame[["d", *NAMES]])).fit(cov_type="HC0")
    ours = estimate(asks("d", "yd"), cohort, DoubleML()).difference
    assert ours.estimate == pytest.approx(fitted.params["d"], abs=0.1 * fitted.bse["d"])
    assert ours.std_error == pytest.approx(fitted.bse["d"], rel=0.02)


@pytest.mark.parametrize(("exposure", "outcome", "room"), [("a", "ba", 1.05), ("d", "bd", 1.4)])
def test_the_logistic_score_agrees_with_maximum_likelihood(exposure, outcome, room):
    import statsmodels.api as sm

    frame = patients(n=6000, seed=3)
    fitted = sm.Logit(frame[outcome], sm.add_constant(frame[[exposure, *NAMES]])).fit(disp=0)
    effect = estimate(asks(exposure, outcome), cohort_of(frame), DoubleML(model="logistic"))
    beta, error = effect.functionals["log_odds_ratio"], float(np.sqrt(effect.functionals.covariance[0, 0]))
    assert abs(beta - fitted.params[exposure]) < 0.7 * fitted.bse[exposure]
    assert 0.97 * fitted.bse[exposure] < error < room * fitted.bse[exposure]
    assert effect.conditional_odds_ratio.estimate == pytest.approx(np.exp(beta))


def test_a_conditional_odds_ratio_is_not_converted(cohort):
    effect = estimate(asks("a", "ba"), cohort, DoubleML(model="logistic"))
    for scale in ("risk_difference", "risk_ratio", "odds_ratio", "attributable_fraction"):
        with pytest.raises(ScaleNotDefined):
            getattr(effect, scale)
    assert "conditional odds ratio" in effect.summary()
    assert "is not the odds ratio of the population" in " ".join(effect.assumptions)


def test_interactive_is_cross_fitted_aipw_with_both_arms_apart(cohort):
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression()
    spec = DoubleML(model="interactive", propensity=learner, outcome=learner, trim=0.01)
    same = AIPW(propensity=learner, outcome=learner, by_arm=True, trim=0.01)
    one, other = (estimate(asks("a", "ba"), cohort, each, seed=3) for each in (spec, same))
    assert one.functionals.values.tolist() == other.functionals.values.tolist()
    assert one.functionals.covariance.tolist() == other.functionals.covariance.tolist()
    assert one.estimator == repr(spec)
    assert one.spec == spec
    parametric = estimate(asks("a", "ba"), cohort, DoubleML(model="interactive"), population="exposed")
    once = estimate(asks("a", "ba"), cohort, AIPW(by_arm=True), population="exposed")
    assert parametric.difference.estimate != once.difference.estimate
    assert parametric.difference.estimate == pytest.approx(
        once.difference.estimate, abs=0.2 * once.difference.std_error
    )


@pytest.mark.parametrize("model", ["partially_linear", "interactive", "logistic"])
def test_repeated_splits_are_medians_of_regressions_too(cohort, model):
    from causalmed.estimation.repeats import split_seeds

    many = estimate(asks("a", "ba"), cohort, DoubleML(model=model, repeats=3), seed=5)
    each = [
        estimate(asks("a", "ba"), cohort, DoubleML(model=model), seed=s).functionals
        for s in split_seeds(5, 3)
    ]
    weights = many.functionals.gradient(exposed=1.0, unexposed=-1.0) if model == "interactive" else np.ones(1)
    assert weights @ many.functionals.values == pytest.approx(
        np.median([weights @ one.values for one in each]), abs=1e-12
    )
    assert "3 ways of splitting" in many.diagnostics.check("split uncertainty").sentence


def test_formulas_reach_the_nuisances(cohort):
    plain = estimate(asks("d", "yd"), cohort, DoubleML()).difference
    spec = DoubleML(propensity=Linear(formula="u"), outcome=Linear(formula="u + I(u**2)"))
    assert estimate(asks("d", "yd"), cohort, spec).difference.estimate != plain.estimate
    firth = DoubleML(model="logistic", propensity=Logistic(firth=True), outcome=Logistic(formula="a + u + v"))
    assert estimate(asks("a", "ba"), cohort, firth).functionals["log_odds_ratio"] > 0


def test_a_contrast_of_a_number_scales_the_slope(cohort):
    unit = estimate(asks("d", "yd"), cohort, DoubleML()).difference
    wide = estimate(asks("d", "yd"), cohort, DoubleML(), contrast=(3, -1)).difference
    assert wide.estimate == pytest.approx(4 * unit.estimate)
    assert wide.std_error == pytest.approx(4 * unit.std_error)


def test_relabelling_the_exposure_turns_the_sign(cohort):
    for model in ("partially_linear", "interactive", "logistic"):
        spec = DoubleML(model=model, repeats=2)
        there, back = (
            estimate(asks("a", "ba"), cohort, spec, contrast=pair).functionals for pair in ((1, 0), (0, 1))
        )
        if model == "interactive":
            assert there["exposed"] == pytest.approx(back["unexposed"], abs=1e-9)
        else:
            tolerance = 1e-9 if model == "partially_linear" else 0.02
            assert there.values[0] == pytest.approx(-back.values[0], abs=tolerance)


def test_an_odds_ratio_of_a_number_does_not_depend_on_its_unit(frame):
    moved = frame.assign(d=100 + 10 * frame.d)
    one = estimate(asks("d", "bd"), cohort_of(frame), DoubleML(model="logistic")).functionals
    other = estimate(asks("d", "bd"), cohort_of(moved), DoubleML(model="logistic")).functionals
    assert 10 * other.values[0] == pytest.approx(one.values[0], rel=1e-6)
    assert 100 * other.covariance[0, 0] == pytest.approx(one.covariance[0, 0], rel=1e-6)


def test_rows_and_threads_do_not_matter(frame):
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=5, min_samples_leaf=20)
    labelled = frame.assign(id=np.arange(len(frame))).drop(columns="h")
    spec = DoubleML(propensity=forest, outcome=forest, folds=3, repeats=2)
    answers = [
        estimate(asks("d", "yd"), Cohort.from_frame(table, unit="id"), spec, n_jobs=jobs).difference.estimate
        for table, jobs in ((labelled, 1), (labelled, 2), (labelled.sample(frac=1, random_state=1), 1))
    ]
    assert len(set(answers)) == 1


def test_the_gate_speaks(cohort):
    effect = estimate(asks("a", "ba"), cohort, DoubleML())
    assert effect.diagnostics.check("overlap").value == pytest.approx(0.9, abs=0.06)
    assert "same amount for all patients" in " ".join(effect.assumptions)
    assert "same amount" not in " ".join(
        estimate(asks("a", "ba"), cohort, DoubleML(), population="overlap").assumptions
    )
    few = cohort_of(patients(n=900, hospitals=15))
    for model in ("partially_linear", "interactive", "logistic"):
        found = estimate(asks("a", "ba"), few, DoubleML(model=model)).diagnostics.check("clusters")
        assert found.state == "warn"
        assert "15 groups" in found.sentence
    assert effect.picture().rows[0].interval is not None
    assert effect.to_dict()["scales"]["risk difference"]["estimate"] == effect.difference.estimate
    assert "risk difference" in effect._repr_html_()


def test_an_exposure_that_is_nearly_foretold_is_a_warning(frame):
    told = frame.assign(d=frame.u + 0.1 * frame.d)
    check = estimate(asks("d", "yd"), cohort_of(told), DoubleML()).diagnostics.check("overlap")
    assert check.state == "warn"
    with pytest.raises(DataError, match="foretells the exposure without error"):
        estimate(asks("d", "yd"), cohort_of(frame.assign(d=2 * frame.u)), DoubleML())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DoubleML(model="linear"), "model='linear'"),
        (lambda: DoubleML(repeats=0), "repeats=0"),
        (lambda: DoubleML(repeats=True), "repeats=True"),
        (lambda: DoubleML(folds=1), "folds=1"),
        (lambda: DoubleML(trim=0.1), "bounds weights"),
        (lambda: DoubleML(propensity="forest"), "propensity='forest' is not a model"),
        (lambda: DoubleML(outcome=Logistic), "outcome=.*is not a model"),
    ],
)
def test_options_are_checked_at_birth(make, words):
    with pytest.raises(InvalidArgument, match=words):
        make()


@pytest.mark.parametrize(
    ("exposure", "outcome", "spec", "more", "words"),
    [
        ("d", "ba", DoubleML(model="interactive"), {}, "compares two arms"),
        ("a", "ya", DoubleML(model="logistic"), {}, "needs a binary outcome"),
        ("a", "ba", DoubleML(), {"population": "exposed"}, "one coefficient"),
        ("a", "ba", DoubleML(model="logistic"), {"population": "overlap"}, "one odds ratio"),
        ("d", "yd", DoubleML(), {"population": "overlap"}, "needs a two-valued exposure"),
        ("d", "yd", DoubleML(), {"contrast": (1, 1)}, "two different"),
        ("d", "yd", DoubleML(), {"contrast": 1}, "must be two numbers"),
        ("a", "ba", DoubleML(), {"contrast": (2, 1)}, r"\(1, 0\) or \(0, 1\)"),
        ("a", "ba", DoubleML(), {"horizon": 30}, "outcomes with a time"),
        ("a", "ya", DoubleML(outcome=Logistic()), {}, "cannot describe a number"),
        ("d", "yd", DoubleML(propensity=Logistic()), {}, "cannot describe a number"),
    ],
)
def test_questions_it_cannot_answer_are_refused(cohort, exposure, outcome, spec, more, words):
    with pytest.raises(CausalmedError, match=words):
        estimate(asks(exposure, outcome), cohort, spec, **more)


def test_wrong_kinds_of_learner_are_refused(cohort):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    for spec, exposure in (
        (DoubleML(propensity=LinearRegression()), "a"),
        (DoubleML(propensity=LogisticRegression()), "d"),
    ):
        with pytest.raises(InvalidArgument, match="does not fit the exposure"):
            estimate(asks(exposure, "ba"), cohort, spec)
    with pytest.raises(InvalidArgument, match="probability of a binary outcome"):
        estimate(asks("a", "ba"), cohort, DoubleML(outcome=LinearRegression()))


@pytest.mark.parametrize("model", ["partially_linear", "interactive", "logistic"])
@pytest.mark.parametrize("change", ["no-exposed", "no-events", "three-rows", "constant", "collinear"])
def test_bad_tables_give_clear_errors(frame, model, change):
    bad = frame.head(300).copy()
    if change == "no-exposed":
        bad["a"] = 0
    elif change == "no-events":
        bad["ba"] = 0
    elif change == "three-rows":
        bad = bad.head(3)
    elif change == "constant":
        bad["u"] = 1.0
    else:
        bad["v"] = bad.u
    kinds = {"a": "binary", "ba": "binary", "u": "continuous", "v": "continuous", "ya": "continuous"}
    cohort = Cohort.from_frame(bad[["u", "v", "a", "ba", "ya"]], kinds=kinds)
    spec = DoubleML(model=model)
    if change == "constant":
        assert np.isfinite(estimate(asks("a", "ba"), cohort, spec).functionals.values).all()
        return
    with pytest.raises((DataError, NotEnoughEvents), match="'u'|'v'" if change == "collinear" else r".{40}"):
        estimate(asks("a", "ba"), cohort, spec)


def covers(model, exposure, outcome, truth, *, draws, n, hospitals=0, seed=100):
    """How often the interval holds the truth, and the error of the mean in its own standard errors."""
    hits, found, errors = 0, [], []
    for draw in range(draws):
        cohort = cohort_of(patients(n=n, seed=seed + draw, hospitals=hospitals))
        part = estimate(asks(exposure, outcome), cohort, DoubleML(model=model, folds=4)).functionals
        label = "difference" if "difference" in part else "log_odds_ratio"
        error = part.std_error(part.gradient(**{label: 1.0}))
        hits += abs(part[label] - truth) < part.quantile(0.95) * error
        found.append(part[label])
        errors.append(error)
    spread = np.std(found, ddof=1)
    return hits, (np.mean(found) - truth) / (spread / np.sqrt(draws)), np.mean(errors) / spread


@pytest.mark.parametrize(
    ("model", "exposure", "outcome", "truth"),
    [("partially_linear", "d", "yd", 1.5), ("logistic", "a", "ba", 0.7)],
)
def test_intervals_cover(model, exposure, outcome, truth):
    draws = 40
    hits, away, ratio = covers(model, exposure, outcome, truth, draws=draws, n=500)
    assert binom.ppf(1e-4, draws, 0.95) <= hits
    assert abs(away) < 4.5
    assert 0.65 < ratio < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("hospitals", [0, 50])
@pytest.mark.parametrize(
    ("model", "exposure", "outcome", "truth"),
    [
        ("partially_linear", "d", "yd", 1.5),
        ("partially_linear", "a", "ya", 0.7),
        ("logistic", "a", "ba", 0.7),
    ],
)
def test_intervals_cover_at_length(model, exposure, outcome, truth, hospitals):
    draws = 800
    if hospitals and model == "logistic":
        pytest.skip("hospitals that differ are not collapsible: the odds ratio at given hospital is another")
    hits, away, ratio = covers(model, exposure, outcome, truth, draws=draws, n=1500, hospitals=hospitals)
    assert binom.ppf(1e-4, draws, 0.94) <= hits <= binom.ppf(1 - 1e-4, draws, 0.965)
    assert abs(away) < 4.5
    assert abs(ratio - 1) < 0.1
