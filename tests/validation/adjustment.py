"""Evidence for estimators that adjust for measured confounders."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from causalmed import AIPW, IPW, TMLE, Cohort, DoubleML, Estimand, GComputation, Matching, estimate
from causalmed.estimation import IPWRA, Shift, dose_response
from tests.coverage.designs import Design, draw, truth
from tests.validation.evidence import Evidence, Simulation, farthest, inside, of

DATA = Path(__file__).resolve().parents[1] / "data"
BOXES = "Smith and others 2022, Stat Med 41:407-432"
ALL = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
USUAL = Design(n=1000)
WORDS = "30 % events, n = 1,000, risk difference"


@cache
def printed(case: str) -> list[float]:
    cases = json.loads((DATA / "expected.json").read_text())
    value = next(one["value"] for one in cases if one["id"] == case)
    return value if isinstance(value, list) else [value]


@cache
def catheter() -> tuple[pd.DataFrame, Cohort, Estimand]:
    frame = pd.read_csv(DATA / "rhc.csv.gz", keep_default_na=True)
    names = ["sex", "age", "edu", "race", "carcinoma"]
    used = frame[["death_d30", "rhc", *names]].copy()
    used["rhc"] = used.rhc == "Yes"
    question = Estimand.given(exposure="rhc", outcome="death_d30", adjustment_set=names)
    return used, Cohort.from_frame(used, kinds={"race": "categorical", "carcinoma": "categorical"}), question


def box(spec: object) -> list[float]:
    _, cohort, question = catheter()
    found = estimate(question, cohort, spec).risk_difference
    return [found.estimate, found.low, found.high]


def weighted_regressions() -> float:
    import statsmodels.api as sm

    frame, _, _ = catheter()
    dummies = pd.get_dummies(frame[["sex", "race", "carcinoma"]].astype(str), drop_first=True).astype(float)
    X = np.column_stack([np.ones(len(frame)), frame.age, frame.edu, dummies])
    A, Y = frame.rhc.to_numpy(float), frame.death_d30.to_numpy(float)
    family = sm.families.Binomial()
    e = sm.GLM(A, X, family=family).fit(tol=1e-12).fittedvalues
    means = []
    for a, w in ((1, 1 / e), (0, 1 / (1 - e))):
        rows = a == A
        fit = sm.GLM(Y[rows], X[rows], family=family, freq_weights=w[rows]).fit(tol=1e-12)
        means.append(float(fit.predict(X).mean()))
    return abs(box(IPWRA(by_arm=True))[0] - (means[0] - means[1]))


def neighbours() -> float:
    from sklearn.neighbors import NearestNeighbors

    frame = draw(Design(n=2000), np.random.default_rng(1))
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u"])
    found = estimate(question, Cohort.from_frame(frame), Matching(on="logit")).risk_difference.estimate
    A, Y, x = frame.a.to_numpy(), frame.y.to_numpy(float), frame[["u"]].to_numpy()
    other = np.zeros(len(Y))
    for arm in (1, 0):
        search = NearestNeighbors(n_neighbors=1).fit(x[arm == A])
        other[arm != A] = Y[arm == A][search.kneighbors(x[arm != A])[1][:, 0]]
    return abs(found - np.where(A == 1, Y - other, other - Y).mean())


def partialled_out() -> float:
    import statsmodels.api as sm

    from tests.estimation.debiased.worlds import asks, patients

    frame = patients(n=4000)
    cohort = Cohort.from_frame(frame.drop(columns="h"))
    found = estimate(asks("d", "yd"), cohort, DoubleML(folds=20), contrast=(1, 0)).difference
    fit = sm.OLS(frame.yd, sm.add_constant(frame[["d", "u", "v"]])).fit(cov_type="HC0")
    return farthest([found.estimate, found.std_error], [fit.params["d"], fit.bse["d"]])


def partialled_odds() -> float:
    import statsmodels.api as sm

    from tests.estimation.debiased.worlds import asks, patients

    frame = patients(n=4000)
    cohort = Cohort.from_frame(frame.drop(columns="h"))
    found = estimate(asks("a", "ba"), cohort, DoubleML(model="logistic", folds=20))
    fit = sm.Logit(frame.ba, sm.add_constant(frame[["a", "u", "v"]])).fit(disp=0)
    return abs(np.log(found.conditional_odds_ratio.estimate) - fit.params["a"]) / fit.bse["a"]


def learned(spec: object) -> float:
    """Cross-fitted AIPW by hand on the same folds."""
    from sklearn.linear_model import LogisticRegression

    from causalmed.engine import fold_of

    frame = draw(Design(n=2000), np.random.default_rng(3))
    cohort = Cohort.from_frame(frame)
    found = estimate(ALL, cohort, spec, seed=4).risk_difference
    fold = fold_of(cohort.unit_keys, folds=5, seed=4)
    X, A, Y = frame[["u", "v"]].to_numpy(float), frame.a.to_numpy(), frame.y.to_numpy()
    e, m1, m0 = np.empty((3, len(Y)))
    for k in range(5):
        out, test = fold != k, fold == k
        learner = LogisticRegression(tol=1e-10, max_iter=1000)
        e[test] = learner.fit(X[out], A[out]).predict_proba(X[test])[:, 1]
        for arm, m in ((1, m1), (0, m0)):
            rows = out & (arm == A)
            m[test] = learner.fit(X[rows], Y[rows]).predict_proba(X[test])[:, 1]
    psi = m1 - m0 + A / e * (Y - m1) - (1 - A) / (1 - e) * (Y - m0)
    return farthest([found.estimate, found.std_error], [psi.mean(), psi.std() / np.sqrt(len(Y))])


def interactive() -> DoubleML:
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(tol=1e-10, max_iter=1000)
    return DoubleML(model="interactive", propensity=learner, outcome=learner)


def strata() -> float:
    from tests.estimation.exposures.test_levels import KINDS, QUESTION, standardised, theatre

    frame = theatre(6000, 1)
    found = estimate(QUESTION, Cohort.from_frame(frame, kinds=KINDS), contrast=("dirty", "clean"))
    return abs(found.risk_difference.estimate - (standardised(frame, "dirty") - standardised(frame, "clean")))


def slope() -> float:
    import statsmodels.api as sm

    from tests.estimation.exposures.test_shift import ward

    frame = ward(2000, 4)
    frame["stay"] = 5 + 0.03 * frame.glucose + frame.age + np.random.default_rng(4).normal(size=2000)
    question = Estimand.given(exposure="glucose", outcome="stay", adjustment_set=["age"])
    found = estimate(question, Cohort.from_frame(frame), GComputation(), contrast=Shift(by=-15)).difference
    fit = sm.OLS(frame.stay, sm.add_constant(frame[["glucose", "age"]])).fit(cov_type="HC0")
    return farthest([found.estimate, found.std_error], [-15 * fit.params["glucose"], 15 * fit.bse["glucose"]])


def straight() -> float:
    from tests.estimation.exposures.test_dose import AT, ward

    frame = ward(3000, 1)
    frame["stay"] = 4 + 0.05 * frame.glucose + frame.age
    question = Estimand.given(exposure="glucose", outcome="stay", adjustment_set=["age"])
    curve = dose_response(question, Cohort.from_frame(frame), at=list(AT))
    return farthest(curve.estimate, 4 + 0.05 * AT + frame.age.mean())


def usual(spec: object, design: Design = USUAL) -> Simulation:
    right = truth(design)[0]

    def held(seed: int) -> bool:
        cohort = Cohort.from_frame(draw(design, np.random.default_rng([11, seed])))
        return inside(estimate(ALL, cohort, spec).risk_difference, right)

    return Simulation(held=held, design=WORDS)


def odds_held(seed: int) -> bool:
    from tests.estimation.debiased.worlds import asks, patients

    cohort = Cohort.from_frame(patients(n=1000, seed=seed).drop(columns="h"))
    return inside(
        estimate(asks("a", "ba"), cohort, DoubleML(model="logistic")).conditional_odds_ratio, np.exp(0.7)
    )


def slope_held(seed: int) -> bool:
    from tests.estimation.debiased.worlds import asks, patients

    cohort = Cohort.from_frame(patients(n=1000, seed=seed).drop(columns="h"))
    return inside(estimate(asks("a", "ya"), cohort, DoubleML()).difference, 0.7)


def levels_held(seed: int) -> bool:
    from tests.estimation.exposures.test_levels import KINDS, QUESTION, theatre
    from tests.estimation.exposures.test_levels import truth as between

    cohort = Cohort.from_frame(theatre(900, seed), kinds=KINDS)
    found = estimate(QUESTION, cohort, contrast=("dirty", "clean")).risk_difference
    return inside(found, between("dirty", "clean"))


@cache
def shifted() -> float:
    from tests.estimation.exposures.test_shift import truth as by

    return by(-15)


def shift_held(seed: int) -> bool:
    from tests.estimation.exposures.test_shift import QUESTION, ward

    cohort = Cohort.from_frame(ward(1200, seed))
    return inside(estimate(QUESTION, cohort, contrast=Shift(by=-15)).risk_difference, shifted())


@cache
def at_130() -> float:
    from tests.estimation.exposures.test_dose import truth as along

    return float(along()[2])


def dose_held(seed: int) -> bool:
    from tests.estimation.exposures.test_dose import AT, QUESTION, ward

    curve = dose_response(QUESTION, Cohort.from_frame(ward(1500, seed)), at=list(AT), knots=3)
    return inside(SimpleNamespace(low=curve.low[2], high=curve.high[2]), at_130())


EVIDENCE = (
    Evidence(
        estimator="GComputation",
        answers="Standardisation of an outcome regression.",
        oracle="the printed risk difference of right heart catheterisation",
        reference=BOXES,
        tolerance=1e-6,
        difference=lambda: farthest(box(GComputation(by_arm=True))[:1], printed("rhc_gformula")),
        simulation=usual(GComputation()),
        test="tests/oracles/test_right_heart_catheter.py",
    ),
    Evidence(
        estimator="IPW",
        answers="Inverse probability weighting.",
        oracle="the printed risk difference and interval of right heart catheterisation",
        reference=BOXES,
        tolerance=1e-5,
        difference=lambda: farthest(box(IPW(variance="robust")), printed("rhc_ipw")),
        simulation=usual(IPW()),
        test="tests/oracles/test_right_heart_catheter.py",
    ),
    Evidence(
        estimator="IPWRA",
        answers="Weighted outcome regressions, standardised.",
        oracle="weighted regressions of right heart catheterisation",
        reference=of("statsmodels"),
        tolerance=1e-8,
        difference=weighted_regressions,
        simulation=usual(IPWRA()),
        test="tests/oracles/test_right_heart_catheter.py",
    ),
    Evidence(
        estimator="AIPW",
        answers="Augmented inverse probability weighting.",
        oracle="the printed risk difference and interval of right heart catheterisation",
        reference=BOXES,
        tolerance=2e-5,
        difference=lambda: farthest(box(AIPW(by_arm=True)), printed("rhc_aipw")),
        simulation=usual(AIPW()),
        test="tests/oracles/test_right_heart_catheter.py",
    ),
    Evidence(
        estimator="TMLE",
        answers="Targeted maximum likelihood.",
        oracle="the printed risk difference and interval of right heart catheterisation",
        reference=BOXES,
        tolerance=2e-5,
        difference=lambda: farthest(box(TMLE(by_arm=True)), printed("rhc_tmle")),
        simulation=usual(TMLE()),
        test="tests/oracles/test_right_heart_catheter.py",
    ),
    Evidence(
        estimator="Matching",
        answers="Nearest neighbours with replacement.",
        oracle="a nearest-neighbour search",
        reference=of("scikit-learn"),
        tolerance=1e-9,
        difference=neighbours,
        simulation=usual(Matching()),
        test="tests/estimation/matching",
    ),
    Evidence(
        estimator="DoubleML(partially_linear)",
        answers="The effect in a partially linear model.",
        oracle="least squares with the same covariates, where the model is linear (cross-fitting differs)",
        reference=of("statsmodels"),
        tolerance=2e-3,
        difference=partialled_out,
        simulation=Simulation(held=slope_held, design="n = 1,000, difference of means", draws=500),
        test="tests/estimation/debiased",
    ),
    Evidence(
        estimator="DoubleML(interactive)",
        answers="Cross-fitted doubly robust risks.",
        oracle="the same folds and learners by hand",
        reference=of("scikit-learn"),
        tolerance=1e-9,
        difference=lambda: learned(interactive()),
        simulation=usual(DoubleML(model="interactive")),
        test="tests/estimation/debiased",
    ),
    Evidence(
        estimator="DoubleML(logistic)",
        answers="The conditional odds ratio of a partially linear logistic model.",
        oracle="maximum likelihood, where the model is linear (in standard errors)",
        reference=of("statsmodels"),
        tolerance=0.2,
        difference=partialled_odds,
        simulation=Simulation(held=odds_held, design="n = 1,000, conditional odds ratio", draws=500),
        test="tests/estimation/debiased",
    ),
    Evidence(
        estimator="estimate(contrast=two levels)",
        answers="Two levels of an exposure with several.",
        oracle="the sum over strata by counting",
        reference="arithmetic",
        tolerance=1e-9,
        difference=strata,
        simulation=Simulation(held=levels_held, design="three levels, n = 900, risk difference"),
        test="tests/estimation/exposures/test_levels.py",
    ),
    Evidence(
        estimator="estimate(contrast=Shift)",
        answers="A small change of everybody's number.",
        oracle="slope times shift of a linear model and its HC0 error",
        reference=of("statsmodels"),
        tolerance=1e-6,
        difference=slope,
        simulation=Simulation(held=shift_held, design="n = 1,200, risk difference"),
        test="tests/estimation/exposures/test_shift.py",
    ),
    Evidence(
        estimator="dose_response",
        answers="The mean outcome along the dose.",
        oracle="the straight line of a linear model",
        reference="closed form",
        tolerance=1e-6,
        difference=straight,
        simulation=Simulation(held=dose_held, design="n = 1,500, risk at one dose"),
        test="tests/estimation/exposures/test_dose.py",
    ),
)
