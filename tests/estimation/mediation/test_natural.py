"""Natural effects against counts, the product method, refits and simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from causalmed import TMLE, Cohort, Graph, Linear, Logistic, estimate, identify
from causalmed.estimation.mediation import MediationAIPW, proportion_mediated

INDIRECT = "the natural indirect effect"
TOTAL = "the total effect"
SIMPLE = Graph.parse("dag { c -> {a m y}; a -> m -> y; a -> y }")
SATURATED = MediationAIPW(
    mediator_propensity=Logistic(formula="m*c"), outcome=Logistic(formula="m*c"), trim=0.0
)


def natural_direct(graph=SIMPLE, mediators=("m",)):
    return identify(graph, exposure="a", outcome="y", effect="natural_direct", mediators=mediators)


def by_counting(frame, first, second):
    """Sum over c and m of P(c) P(m | second, c) mean(y | first, m, c)."""
    total = 0.0
    for c, m in itertools.product((0, 1), repeat=2):
        inside = frame[frame.c == c]
        chance = (inside[inside.a == second].m == m).mean()
        mean = inside[(inside.a == first) & (inside.m == m)].y.mean()
        total += len(inside) / len(frame) * chance * mean
    return total


def test_saturated_models_are_counts(binary, cohort):
    frame = binary(np.random.default_rng(3), 3000, interaction=0.15)
    found = estimate(natural_direct(), cohort(frame), SATURATED)
    truth = {pair: by_counting(frame, *pair) for pair in ((1, 1), (1, 0), (0, 0))}
    f = found.functionals
    assert [f["exposed"], f["unexposed"], f["both"]] == pytest.approx([truth[1, 0], truth[0, 0], truth[1, 1]])
    other = found.beside[INDIRECT]
    assert other.difference.estimate == pytest.approx(truth[1, 1] - truth[1, 0])
    assert other.risk_ratio.estimate == pytest.approx(truth[1, 1] / truth[1, 0])
    total = found.beside[TOTAL]
    assert total.difference.estimate == pytest.approx(found.difference.estimate + other.difference.estimate)
    assert total.functionals["natural"] == pytest.approx(frame.y.mean())


def test_the_other_contrast_swaps_the_worlds(binary, cohort):
    frame = binary(np.random.default_rng(4), 2000, interaction=0.15)
    found = estimate(natural_direct(), cohort(frame), SATURATED, contrast=(0, 1))
    assert found.functionals["exposed"] == pytest.approx(by_counting(frame, 0, 1))
    assert found.arms == ("a = 0, m as under a = 1", "a = 1, m as under a = 1")


@pytest.mark.parametrize("by_arm", [True, False])
def test_the_error_is_that_of_leaving_each_patient_out(binary, cohort, by_arm):
    """The stacked sandwich against the jackknife, with models that are wrong."""
    frame = binary(np.random.default_rng(5), 120, interaction=0.3)
    spec = MediationAIPW(by_arm=by_arm, mediator_propensity=Logistic(formula="m"), trim=0.0)

    def psi(rows):
        return estimate(natural_direct(), cohort(rows), spec).functionals.values

    found = estimate(natural_direct(), cohort(frame), spec).functionals
    without = np.array([psi(frame.drop(index=i)) for i in frame.index])
    jackknife = (len(frame) - 1) / len(frame) * (without - found.values).T @ (without - found.values)
    assert found.source == "stacked sandwich"
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), np.sqrt(np.diag(jackknife)), rtol=0.08)
    contrast = np.array([1.0, -1.0, 0.0])
    ratio = np.sqrt((contrast @ found.covariance @ contrast) / (contrast @ jackknife @ contrast))
    assert ratio == pytest.approx(1, abs=0.08)


WRONG = Logistic(formula="1")
CASES = {
    "the densities' ratio is wrong": {"mediator_propensity": WRONG},
    "the exposure is wrong in both": {"propensity": WRONG, "mediator_propensity": WRONG},
    "the outcome is wrong": {"outcome": WRONG, "mean_outcome": WRONG},
    "both means are wrong": {"mean_outcome": WRONG},
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_right_if_either_side_is(case, binary, cohort):
    frame = binary(np.random.default_rng(6), 60_000, interaction=0.2)
    right = {"mediator_propensity": Logistic(formula="m*c"), "outcome": Logistic(formula="m*c")}
    found = estimate(natural_direct(), cohort(frame), MediationAIPW(**{**right, **CASES[case]})).functionals
    truth = by_counting(frame, 1, 0)
    assert found["exposed"] == pytest.approx(truth, abs=0.004)


def test_it_is_wrong_where_everything_is(binary, cohort):
    frame = binary(np.random.default_rng(6), 60_000, interaction=0.2)
    spec = MediationAIPW(propensity=WRONG, mediator_propensity=WRONG, outcome=WRONG, mean_outcome=WRONG)
    found = estimate(natural_direct(), cohort(frame), spec).functionals
    assert abs(found["exposed"] - by_counting(frame, 1, 0)) > 0.02


def test_the_linear_case_is_the_product_method_and_statsmodels(cohort):
    import statsmodels.api as sm
    from statsmodels.stats.mediation import Mediation

    rng = np.random.default_rng(7)
    n = 800
    c, a = rng.normal(size=n), rng.integers(0, 2, n)
    m = 0.7 * a + 0.5 * c + rng.normal(size=n)
    y = 0.4 * a + 0.6 * m + 0.3 * c + rng.normal(size=n)
    frame = pd.DataFrame({"c": c, "a": a, "m": m, "y": y})
    found = estimate(natural_direct(), cohort(frame), MediationAIPW(by_arm=False))
    outcome = sm.OLS.from_formula("y ~ a + m + c", frame)
    mediator = sm.OLS.from_formula("m ~ a + c", frame)
    fits = outcome.fit(), mediator.fit()
    product = fits[1].params["a"] * fits[0].params["m"]
    np.random.seed(8)  # noqa: NPY002 - the peer draws from the global generator
    peer = Mediation(outcome, mediator, "a", mediator="m").fit(n_rep=30).summary()
    indirect, direct = found.beside[INDIRECT].difference, found.difference
    assert peer.loc["ACME (average)", "Estimate"] == pytest.approx(product, abs=0.04)
    for ours, theirs, truth in (
        (indirect, product, 0.42),
        (direct, fits[0].params["a"], 0.4),
        (indirect, peer.loc["ACME (average)", "Estimate"], 0.42),
        (direct, peer.loc["ADE (average)", "Estimate"], 0.4),
    ):
        assert abs(ours.estimate - theirs) < 0.75 * ours.std_error
        assert abs(ours.estimate - truth) < 3 * ours.std_error
    width = peer.loc["ACME (average)", "Upper CI bound"] - peer.loc["ACME (average)", "Lower CI bound"]
    assert 0.6 < (indirect.high - indirect.low) / width < 2.0
    assert "late" not in str(found)
    assert found.outcome_kind == "continuous"


def coverage(wards, direct, draws, n, spec=None, seed=0):
    spec = spec or MediationAIPW()
    both, mixed, neither = (wards.mean(*pair) for pair in ((1, 1), (1, 0), (0, 0)))
    hits = np.zeros((draws, 3))
    for draw in range(draws):
        frame = wards.draw(np.random.default_rng([seed, draw]), n)
        found = estimate(direct, Cohort.from_frame(frame), spec)
        for column, (effect, truth) in enumerate(
            (
                (found, mixed - neither),
                (found.beside[INDIRECT], both - mixed),
                (found.beside[TOTAL], both - neither),
            )
        ):
            hits[draw, column] = effect.difference.low <= truth <= effect.difference.high
    return hits.mean(axis=0)


def test_intervals_cover(wards, direct):
    assert (coverage(wards, direct, draws=60, n=1500) >= 0.86).all()


@pytest.mark.slow
def test_intervals_cover_in_many_draws(wards, direct):
    found = coverage(wards, direct, draws=1500, n=2000, seed=1)
    assert (np.abs(found - 0.95) < 0.018).all(), found


@pytest.mark.slow
def test_intervals_with_learners_cover(wards, direct):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    options = {"max_depth": 2, "max_iter": 40, "learning_rate": 0.1}
    learned = HistGradientBoostingClassifier(**options)
    spec = MediationAIPW(
        propensity=learned,
        mediator_propensity=learned,
        outcome=learned,
        mean_outcome=HistGradientBoostingRegressor(**options),
        folds=3,
    )
    found = coverage(wards, direct, draws=150, n=2000, spec=spec, seed=2)
    assert (found >= 0.89).all(), found


def test_learners_are_cross_fitted_and_agree(wards, direct):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    frame = wards.draw(np.random.default_rng(9), 2500)
    learned = LogisticRegression(C=1e6, max_iter=500)
    spec = MediationAIPW(
        propensity=learned, mediator_propensity=learned, outcome=learned, mean_outcome=LinearRegression()
    )
    parametric = estimate(direct, Cohort.from_frame(frame), MediationAIPW(mean_outcome=Linear()))
    found = estimate(direct, Cohort.from_frame(frame), spec, seed=3)
    assert found.functionals.source == "influence function"
    assert found.difference.estimate == pytest.approx(
        parametric.difference.estimate, abs=0.3 * parametric.difference.std_error
    )
    assert found.difference.std_error == pytest.approx(parametric.difference.std_error, rel=0.1)
    again = estimate(direct, Cohort.from_frame(frame), spec, seed=3, n_jobs=2)
    assert again.difference == found.difference


def test_the_order_of_rows_plays_no_part(wards, direct):
    from sklearn.linear_model import LogisticRegression

    frame = wards.draw(np.random.default_rng(10), 800).assign(id=np.arange(800))
    spec = MediationAIPW(mediator_propensity=LogisticRegression(), folds=2)
    cohorts = (Cohort.from_frame(f, unit="id") for f in (frame, frame.sample(frac=1, random_state=1)))
    one, two = (estimate(direct, cohort, spec).difference for cohort in cohorts)
    assert one == two


def test_copies_of_a_patient_are_one_cluster(wards, direct):
    frame = wards.draw(np.random.default_rng(11), 500).assign(who=np.arange(500))
    once = estimate(direct, Cohort.from_frame(frame.drop(columns="who")), MediationAIPW(trim=0.01))
    copies = pd.concat([frame] * 3, ignore_index=True)
    thrice = estimate(direct, Cohort.from_frame(copies, cluster="who"), MediationAIPW(trim=0.01))
    assert thrice.difference.estimate == pytest.approx(once.difference.estimate)
    assert thrice.difference.std_error == pytest.approx(
        once.difference.std_error * np.sqrt(500 / 499), rel=1e-6
    )
    assert thrice.functionals.degrees_of_freedom == 499


def test_the_share_that_runs_through(binary, cohort):
    from causalmed.errors import ScaleNotDefined

    frame = binary(np.random.default_rng(12), 4000)
    found = estimate(natural_direct(), cohort(frame))
    share = proportion_mediated(found)
    parts = found.difference.estimate, found.beside[INDIRECT].difference.estimate
    assert share.estimate == pytest.approx(parts[1] / sum(parts))
    assert proportion_mediated(found.beside[INDIRECT]) == share
    # the delta method against the influence of the ratio itself
    f = found.functionals
    values, phi = f.values, f.influence
    total = values[2] - values[1]
    by_hand = ((phi[:, 2] - phi[:, 0]) - share.estimate * (phi[:, 2] - phi[:, 1])) / total
    assert share.std_error == pytest.approx(np.sqrt((by_hand**2).sum()) / len(frame))
    with pytest.raises(ScaleNotDefined, match="Only a natural"):
        proportion_mediated(found.beside[TOTAL])
    noise = frame.assign(y=np.random.default_rng(1).integers(0, 2, len(frame)))
    nothing = estimate(natural_direct(), cohort(noise))
    with pytest.raises(ScaleNotDefined, match="may be zero"):
        proportion_mediated(nothing)


def test_what_an_epidemiologist_reads(wards, direct):
    frame = wards.draw(np.random.default_rng(13), 3000)
    found = estimate(direct, Cohort.from_frame(frame))
    text = found.summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "if late = 1, drop and icu as under late = 0: " in text
    assert "Beside it, the natural indirect effect: " in text
    assert "attributable fraction" not in text.split("Beside it")[0]
    assert any("both models of the exposure" in sentence for sentence in found.assumptions)
    names = [check.name for check in found.diagnostics.checks]
    assert {"overlap", "overlap of mediators", "truncation", "events per parameter"} <= set(names)
    plain = found.to_dict()
    assert set(plain["beside"]) == {INDIRECT, TOTAL}


def test_the_estimator_is_not_asked_about_other_effects(binary, cohort):
    from causalmed.errors import InvalidArgument

    frame = binary(np.random.default_rng(14), 500)
    total = identify(SIMPLE, exposure="a", outcome="y")
    with pytest.raises(InvalidArgument, match="cannot evaluate"):
        estimate(total, cohort(frame), MediationAIPW())
    with pytest.raises(InvalidArgument, match="cannot evaluate"):
        estimate(natural_direct(), cohort(frame), TMLE())
    with pytest.raises(InvalidArgument, match="population"):
        estimate(natural_direct(), cohort(frame), population="exposed")
