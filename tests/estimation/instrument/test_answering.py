"""Instruments against the Wald ratio, statsmodels, econml, refits, and a truth beyond adjustment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, Cohort, Estimand, Graph, Linear, Logistic, estimate, identify
from causalmed.errors import CausalmedError, DataError, InvalidArgument, ScaleNotDefined
from causalmed.estimation.instrument import ComplierAIPW, TwoStageLinear, anderson_rubin

GRAPH = Graph.parse("dag { c -> {z a y}; z -> a -> y; a <-> y }")
ESTIMAND = identify(GRAPH, exposure="a", outcome="y")
PLAIN = identify(Graph.parse("dag { z -> a -> y; a <-> y }"), exposure="a", outcome="y")


def patients(rng, n, strength=0.5):
    """Compliers (a share of them) gain 0.2; always-takers and never-takers have other risks."""
    c = (rng.random(n) < 0.5).astype(int)
    z = (rng.random(n) < 0.3 + 0.4 * c).astype(int)
    kind = rng.random(n)
    complies, always = kind < strength, kind > 0.85
    a = np.where(complies, z, always).astype(int)
    risk = 0.1 + 0.1 * c + np.where(complies, 0.2 * a, np.where(always, 0.5, 0.05))
    y = (rng.random(n) < risk).astype(int)
    return pd.DataFrame({"c": c, "z": z, "a": a, "y": y})


RISKS = 0.35, 0.15
WRONG = Logistic(formula="1")


def test_without_covariates_it_is_the_wald_ratio():
    frame = patients(np.random.default_rng(1), 2000)
    found = estimate(PLAIN, Cohort.from_frame(frame))
    means = frame.groupby("z").mean()
    wald = (means.y[1] - means.y[0]) / (means.a[1] - means.a[0])
    assert found.difference.estimate == pytest.approx(wald)
    linear = estimate(PLAIN, Cohort.from_frame(frame), TwoStageLinear())
    assert linear.difference.estimate == pytest.approx(wald)
    assert linear.difference.std_error == pytest.approx(found.difference.std_error, rel=1e-6)
    assert anderson_rubin(linear).low == pytest.approx(anderson_rubin(found).low, rel=1e-6)


def test_it_reaches_what_adjustment_does_not():
    frame = patients(np.random.default_rng(2), 30_000)
    cohort = Cohort.from_frame(frame)
    found = estimate(ESTIMAND, cohort)
    f = found.functionals
    assert [f["exposed"], f["unexposed"]] == pytest.approx(RISKS, abs=0.03)
    assert f["first_stage"] == pytest.approx(0.5, abs=0.02)
    assert found.risk_ratio.low < RISKS[0] / RISKS[1] < found.risk_ratio.high
    adjusted = estimate(Estimand.given(exposure="a", outcome="y", adjustment_set=["c"]), cohort, AIPW())
    assert abs(adjusted.difference.estimate - 0.2) > 8 * adjusted.difference.std_error
    reverse = estimate(ESTIMAND, cohort, contrast=(0, 1))
    assert reverse.difference.estimate == pytest.approx(-found.difference.estimate)


def test_saturated_models_are_counts():
    frame = patients(np.random.default_rng(3), 4000)
    found = estimate(ESTIMAND, Cohort.from_frame(frame), ComplierAIPW(trim=0.0)).functionals
    effects = {}
    for name, response in (
        ("with", frame.y * frame.a),
        ("without", frame.y * (1 - frame.a)),
        ("taken", frame.a),
    ):
        cells = response.groupby([frame.c, frame.z]).mean().unstack()
        effects[name] = ((cells[1] - cells[0]) * frame.c.value_counts(normalize=True)).sum()
    assert found["exposed"] == pytest.approx(effects["with"] / effects["taken"])
    assert found["unexposed"] == pytest.approx(-effects["without"] / effects["taken"])


def test_the_error_is_that_of_leaving_each_patient_out():
    frame = patients(np.random.default_rng(4), 120)
    spec = ComplierAIPW(instrument=WRONG, exposure=WRONG, outcome=Linear(), trim=0.0)

    def psi(rows):
        return estimate(ESTIMAND, Cohort.from_frame(rows), spec).functionals.values

    found = estimate(ESTIMAND, Cohort.from_frame(frame), spec).functionals
    left = np.array([psi(frame.drop(index=i)) for i in frame.index]) - found.values
    jackknife = (len(frame) - 1) / len(frame) * left.T @ left
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), np.sqrt(np.diag(jackknife)), rtol=0.1)


@pytest.mark.parametrize(
    "wrong", [("instrument",), ("exposure", "outcome"), ("instrument", "exposure", "outcome")]
)
def test_it_is_right_if_either_side_is(wrong):
    frame = patients(np.random.default_rng(5), 60_000)
    spec = ComplierAIPW(**dict.fromkeys(wrong, WRONG))
    found = estimate(ESTIMAND, Cohort.from_frame(frame), spec).difference.estimate
    right = estimate(ESTIMAND, Cohort.from_frame(frame)).difference.estimate
    assert (abs(found - right) > 0.03) if len(wrong) == 3 else (abs(found - right) < 0.004)


def numbers(rng, n, strength=0.6):
    u, c, z = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
    z = z + 0.5 * c
    a = strength * z + 0.4 * c + u + rng.normal(size=n)
    y = 0.7 * a + 0.5 * c + 1.5 * u + rng.normal(size=n) * (1 + 0.3 * np.abs(z))
    return pd.DataFrame({"c": c, "z": z, "a": a, "y": y})


def test_two_stages_are_those_of_statsmodels():
    from statsmodels.sandbox.regression.gmm import IV2SLS, IVGMM

    frame = numbers(np.random.default_rng(6), 1500)
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    assert found.estimator == "TwoStageLinear()"
    X = np.column_stack([frame.a, np.ones(1500), frame.c])
    Z = np.column_stack([frame.z, np.ones(1500), frame.c])
    peer = IV2SLS(frame.y, X, Z).fit()
    assert found.difference.estimate == pytest.approx(peer.params.iloc[0], rel=1e-10)
    robust = IVGMM(frame.y.to_numpy(), X, Z).fit(
        start_params=peer.params.to_numpy(), maxiter=1, inv_weights=Z.T @ Z, optim_args={"disp": 0}
    )
    assert found.difference.std_error == pytest.approx(robust.bse[0], rel=2e-3)
    twice = estimate(ESTIMAND, Cohort.from_frame(frame), contrast=(3, 1))
    assert twice.difference.estimate == pytest.approx(2 * found.difference.estimate)
    assert twice.difference.std_error == pytest.approx(2 * found.difference.std_error)
    assert anderson_rubin(twice).high == pytest.approx(2 * anderson_rubin(found).high)
    with pytest.raises(ScaleNotDefined):
        _ = found.risk_ratio


def test_first_stage_strength_is_the_robust_f_statistic():
    import statsmodels.api as sm

    frame = numbers(np.random.default_rng(7), 800)
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    fit = sm.OLS(frame.a, sm.add_constant(frame[["z", "c"]])).fit(cov_type="HC0")
    (check,) = [check for check in found.diagnostics.checks if check.name == "instrument strength"]
    assert check.value == pytest.approx(fit.tvalues["z"] ** 2, rel=1e-6)


def test_a_doubly_robust_peer_agrees():
    econml = pytest.importorskip("econml.iv.dml")
    from sklearn.linear_model import LinearRegression

    frame = numbers(np.random.default_rng(8), 1000)
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    peer = econml.OrthoIV(
        model_y_xw=LinearRegression(),
        model_t_xw=LinearRegression(),
        model_z_xw=LinearRegression(),
        random_state=1,
    )
    peer.fit(frame.y.to_numpy(), frame.a.to_numpy(), Z=frame.z.to_numpy(), W=frame[["c"]].to_numpy())
    assert found.difference.estimate == pytest.approx(
        float(peer.const_marginal_effect().ravel()[0]), abs=0.15 * found.difference.std_error
    )


def test_an_instrument_with_levels_is_several_columns():
    rng = np.random.default_rng(9)
    frame = numbers(rng, 3000)
    third = pd.cut(frame.z, [-np.inf, -0.5, 0.5, np.inf], labels=["low", "mid", "high"]).astype(str)
    cohort = Cohort.from_frame(frame.assign(z=third), kinds={"z": "categorical"})
    found = estimate(ESTIMAND, cohort)
    assert abs(found.difference.estimate - 0.7) < 4 * found.difference.std_error
    with pytest.raises(ScaleNotDefined, match="one instrument column"):
        anderson_rubin(found)


def share_covered(draws, n, strength, seed):
    wald, robust = [], []
    for draw in range(draws):
        frame = patients(np.random.default_rng([seed, draw]), n, strength)
        found = estimate(ESTIMAND, Cohort.from_frame(frame))
        wald.append(found.difference.low <= 0.2 <= found.difference.high)
        robust.append(0.2 in anderson_rubin(found))
    return np.mean(wald), np.mean(robust)


def test_intervals_cover():
    wald, robust = share_covered(50, 1500, 0.5, seed=1)
    assert wald >= 0.84
    assert robust >= 0.84


@pytest.mark.slow
def test_intervals_cover_in_many_draws():
    for found in share_covered(2000, 1500, 0.5, seed=2):
        assert abs(found - 0.95) < 0.015, found


@pytest.mark.slow
def test_anderson_and_rubin_cover_with_a_weak_instrument():
    wald, robust = share_covered(2000, 600, 0.06, seed=3)
    assert abs(robust - 0.95) < 0.015, (wald, robust)


@pytest.mark.slow
def test_anderson_and_rubin_cover_with_a_weak_number():
    hits = []
    for draw in range(3000):
        frame = numbers(np.random.default_rng([4, draw]), 500, strength=0.05)
        hits.append(0.7 in anderson_rubin(estimate(ESTIMAND, Cohort.from_frame(frame))))
    assert abs(np.mean(hits) - 0.95) < 0.013, np.mean(hits)


def test_shapes_of_the_robust_interval():
    strong = anderson_rubin(estimate(PLAIN, Cohort.from_frame(patients(np.random.default_rng(1), 3000))))
    assert strong.shape == "interval"
    assert "0.95" not in str(strong)
    assert strong.estimate in strong
    shapes = set()
    for seed in range(15):
        frame = patients(np.random.default_rng([9, seed]), 300, 0.04)
        found = anderson_rubin(estimate(PLAIN, Cohort.from_frame(frame)))
        assert found.estimate in found
        shapes.add(found.shape)
        if found.shape == "everything":
            assert 1e9 in found
            assert "any difference" in str(found)
        if found.shape == "outside":
            assert (found.low + found.high) / 2 not in found
            assert "or at least" in str(found)
    assert "everything" in shapes
    assert anderson_rubin(estimate(PLAIN, Cohort.from_frame(frame)), level=0.5).level == 0.5


def test_a_weak_instrument_is_not_reported():
    frame = patients(np.random.default_rng(3), 400, 0.02)
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    states = {check.name: check for check in found.diagnostics.checks}
    assert states["instrument strength"].value < 10
    assert str(states["instrument strength"].state) != "pass"
    assert "Anderson and Rubin" in states["instrument strength"].sentence


def test_what_is_read():
    found = estimate(ESTIMAND, Cohort.from_frame(patients(np.random.default_rng(10), 4000)))
    text = found.summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "the patients whose a follows z" in found.question
    assert found.population == "compliers"
    assert "if a = 1, among those who follow z: " in text
    assert any("monotonicity" in sentence for sentence in found.assumptions)
    with pytest.raises(ScaleNotDefined):
        _ = found.attributable_fraction


def test_learners_and_clusters():
    from sklearn.linear_model import LogisticRegression

    frame = patients(np.random.default_rng(11), 3000)
    learned = LogisticRegression(C=1e6)
    spec = ComplierAIPW(instrument=learned, exposure=learned, outcome=learned, folds=3)
    plain = estimate(ESTIMAND, Cohort.from_frame(frame))
    found = estimate(ESTIMAND, Cohort.from_frame(frame), spec)
    assert found.difference.estimate == pytest.approx(plain.difference.estimate, abs=0.01)
    copies = pd.concat([frame.assign(who=range(3000))] * 2, ignore_index=True)
    for one in (ComplierAIPW(), TwoStageLinear()):
        once = estimate(ESTIMAND, Cohort.from_frame(frame), one)
        twice = estimate(ESTIMAND, Cohort.from_frame(copies, cluster="who"), one)
        assert twice.difference.std_error == pytest.approx(once.difference.std_error, rel=1e-3)


def test_nobody_exposed_without_the_instrument():
    """One-sided: a response that does not vary is predicted by its value."""
    frame = patients(np.random.default_rng(12), 3000)
    frame["a"] = frame.a * frame.z
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    assert np.isfinite(found.difference.std_error)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.assign(z=1), DataError, "moves nobody"),
        (lambda f: f.drop(columns="z"), CausalmedError, "'z'"),
        (lambda f: f.assign(a=0), CausalmedError, "exposed"),
        (lambda f: f.assign(y=1), CausalmedError, "."),
        (lambda f: f.assign(z=f.c), CausalmedError, "."),
        (lambda f: f.assign(a=f.a.map({0: "no", 1: "maybe"}).where(f.c == 0, "yes")), CausalmedError, "."),
    ],
)
def test_tables_that_cannot_answer(change, error, message):
    frame = patients(np.random.default_rng(13), 400)
    with pytest.raises(error, match=message):
        estimate(ESTIMAND, Cohort.from_frame(change(frame)))


def test_what_else_is_refused():
    frame = patients(np.random.default_rng(14), 600)
    cohort = Cohort.from_frame(frame)
    with pytest.raises(InvalidArgument, match="population"):
        estimate(ESTIMAND, cohort, population="exposed")
    with pytest.raises(InvalidArgument, match="without a time"):
        estimate(ESTIMAND, cohort, horizon=4)
    proxy = identify(Graph.parse("dag { z <-> a; a -> y; a <-> y }"), exposure="a", outcome="y")
    assert not proxy.instrument_moves
    assert estimate(proxy, cohort).estimator == "TwoStageLinear()"
    with pytest.raises(InvalidArgument, match="does not cause it, or shares a cause"):
        estimate(proxy, cohort, ComplierAIPW())
    number = Cohort.from_frame(numbers(np.random.default_rng(1), 300))
    with pytest.raises(InvalidArgument, match="yes/no instrument"):
        estimate(ESTIMAND, number, ComplierAIPW())
    with pytest.raises(InvalidArgument, match="two"):
        estimate(ESTIMAND, number, contrast=(1, 1))
    total = Estimand.given(exposure="a", outcome="y", adjustment_set=["c"])
    with pytest.raises(ScaleNotDefined, match="one instrument column"):
        anderson_rubin(estimate(total, cohort))
    for options in ({"instrument": Linear()}, {"exposure": 3}, {"outcome": "x"}, {"folds": 1}, {"trim": 2}):
        with pytest.raises(InvalidArgument):
            ComplierAIPW(**options)
