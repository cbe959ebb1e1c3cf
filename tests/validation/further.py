"""Evidence for estimators beyond plain adjustment."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from causalmed import AIPW, CausalForest, Cohort, Estimand, GComputation, estimate
from causalmed.cohort import Imputation
from causalmed.estimation import Bootstrap
from tests.validation.evidence import Evidence, Simulation, farthest, inside, of


def forest_beside_econml() -> float:
    from benchmarks.forest import ours, theirs
    from benchmarks.forest_coverage import draw

    train, new = draw("two sigmoids", 1500, 5), draw("two sigmoids", 600, 6)
    off = []
    for grown in (ours(train, new.X, trees=100, bins=63)[0], theirs(train, new.X, trees=100)[0]):
        off.append(float(np.sqrt(np.mean((grown - new.tau) ** 2))))
    return max(off[0] / off[1] - 1, 0.0)


@cache
def forest_truth() -> float:
    from tests.estimation.forest.ward import ward

    return float(ward(400_000, 0).risk_effect.mean())


def forest_held(seed: int) -> bool:
    from tests.estimation.forest.ward import QUESTION, ward

    cohort = ward(600, seed + 1).cohort(unit="patient")
    return inside(estimate(QUESTION, cohort, CausalForest(trees=80)).risk_difference, forest_truth())


def bootstrap_error() -> float:
    from tests.estimation.bootstrap.wards import question, ward

    cohort = Cohort.from_frame(ward(6000), unit="id")
    plain = estimate(question(), cohort, AIPW()).difference.std_error
    drawn = estimate(question(), cohort, Bootstrap(estimator=AIPW(), replicates=2000), seed=4)
    return abs(drawn.difference.std_error / plain - 1)


@cache
def bootstrap_truth() -> float:
    from tests.estimation.bootstrap.test_bootstrap import risk_difference

    return risk_difference()


def bootstrap_held(seed: int) -> bool:
    from tests.estimation.bootstrap.wards import question, ward

    cohort = Cohort.from_frame(ward(600, seed=10_000 + seed))
    found = estimate(question(), cohort, Bootstrap(estimator=AIPW(), replicates=192))
    return inside(found.difference, bootstrap_truth())


def mediated_counts() -> float:
    from tests.estimation.mediation.conftest import binary_wards
    from tests.estimation.mediation.test_natural import INDIRECT, SATURATED, by_counting, natural_direct

    frame = binary_wards(np.random.default_rng(3), 3000, interaction=0.15)
    found = estimate(natural_direct(), Cohort.from_frame(frame), SATURATED)
    both, mixed, neither = (by_counting(frame, *pair) for pair in ((1, 1), (1, 0), (0, 0)))
    return farthest(
        [found.difference.estimate, found.beside[INDIRECT].difference.estimate],
        [mixed - neither, both - mixed],
    )


@cache
def mediated_truths() -> tuple[float, float]:
    from tests.estimation.mediation.conftest import Wards

    both, mixed, neither = (Wards().mean(*pair) for pair in ((1, 1), (1, 0), (0, 0)))
    return mixed - neither, both - mixed


def mediated_held(seed: int) -> tuple[bool, bool]:
    from causalmed import identify
    from tests.estimation.mediation.conftest import GRAPH, Wards
    from tests.estimation.mediation.test_natural import INDIRECT

    question = identify(
        GRAPH, exposure="late", outcome="ssi", effect="natural_direct", mediators=("icu", "drop")
    )
    frame = Wards().draw(np.random.default_rng([0, seed]), 1500)
    found = estimate(question, Cohort.from_frame(frame))
    direct, indirect = mediated_truths()
    return inside(found.difference, direct), inside(found.beside[INDIRECT].difference, indirect)


def front_door_counts() -> float:
    from tests.estimation.frontdoor.test_answering import ESTIMAND, SATURATED, by_counting, patients

    frame = patients(np.random.default_rng(1), 3000)
    found = estimate(ESTIMAND, Cohort.from_frame(frame), SATURATED).functionals
    return farthest(found.values, [by_counting(frame, 1), by_counting(frame, 0), frame.y.mean()])


def front_door_held(seed: int) -> bool:
    from tests.estimation.frontdoor.test_answering import ESTIMAND, TRUTH, patients

    cohort = Cohort.from_frame(patients(np.random.default_rng([2, seed]), 1500))
    return inside(estimate(ESTIMAND, cohort).difference, TRUTH)


def wald_ratio() -> float:
    from tests.estimation.instrument.test_answering import PLAIN, patients

    frame = patients(np.random.default_rng(1), 2000)
    means = frame.groupby("z").mean()
    wald = (means.y[1] - means.y[0]) / (means.a[1] - means.a[0])
    return abs(estimate(PLAIN, Cohort.from_frame(frame)).difference.estimate - wald)


def compliers_held(seed: int) -> bool:
    from tests.estimation.instrument.test_answering import ESTIMAND, patients

    cohort = Cohort.from_frame(patients(np.random.default_rng([2, seed]), 1500))
    return inside(estimate(ESTIMAND, cohort).difference, 0.2)


def two_stages() -> float:
    from statsmodels.sandbox.regression.gmm import IV2SLS

    from tests.estimation.instrument.test_answering import ESTIMAND, numbers

    frame = numbers(np.random.default_rng(6), 1500)
    one = np.ones(1500)
    peer = IV2SLS(frame.y, np.column_stack([frame.a, one, frame.c]), np.column_stack([frame.z, one, frame.c]))
    return abs(estimate(ESTIMAND, Cohort.from_frame(frame)).difference.estimate - peer.fit().params.iloc[0])


def two_stages_held(seed: int) -> bool:
    from tests.estimation.instrument.test_answering import ESTIMAND, numbers

    cohort = Cohort.from_frame(numbers(np.random.default_rng([3, seed]), 1000))
    return inside(estimate(ESTIMAND, cohort).difference, 0.7)


def aalen_johansen() -> float:
    from statsmodels.duration.survfunc import CumIncidenceRight

    from tests.estimation.survival.designs import HORIZON, Design, cohort, draw

    frame = draw(Design(n=1500), 3)
    question = Estimand.given(exposure="late", outcome="infection")
    found = estimate(question, cohort(frame), AIPW(), horizon=HORIZON).functionals
    expected = []
    for arm in (1, 0):
        rows = frame.late == arm
        with np.errstate(all="ignore"):
            peer = CumIncidenceRight(frame.days[rows].to_numpy(), frame.status[rows].to_numpy())
        expected.append(peer.cinc[0][peer.times <= HORIZON][-1])
    return farthest(found.values[:2], expected)


def survival_held(seed: int) -> bool:
    from tests.estimation.survival.designs import HORIZON, QUESTION, Design, cohort, draw, truth

    design = Design(n=700)
    return inside(
        estimate(QUESTION, cohort(draw(design, seed)), horizon=HORIZON).difference, truth(design)[0]
    )


def rubin_by_hand() -> float:
    from tests.estimation.imputed.test_imputed import QUESTION, cohort_of, ward

    plan = Imputation(draws=4, iterations=3)
    cohort = cohort_of(ward(600), missing=plan)
    pooled = estimate(QUESTION, cohort, GComputation()).functionals
    each = [estimate(QUESTION, cohort.completed(k), GComputation()).functionals for k in range(1, 5)]
    values = np.array([one.values for one in each])
    between = np.cov(values.T) * (1 + 1 / 4)
    expected = np.mean([one.covariance for one in each], axis=0) + between
    return max(farthest(pooled.values, values.mean(axis=0)), farthest(pooled.covariance, expected))


@cache
def imputed_truth() -> float:
    from tests.estimation.imputed.test_imputed import truth

    return truth()


def imputed_held(seed: int) -> bool:
    from tests.estimation.imputed.test_imputed import QUESTION, cohort_of, ward

    plan = Imputation(draws=10, iterations=4, seed=seed)
    cohort = cohort_of(ward(600, seed=10_000 + seed), missing=plan)
    return inside(estimate(QUESTION, cohort, GComputation()).difference, imputed_truth())


def weights_by_hand() -> float:
    import statsmodels.formula.api as smf

    from tests.estimation.imputed.test_outcomes import QUESTION, cohort_of, trial

    frame = trial()
    found = estimate(QUESTION, cohort_of(frame), AIPW()).functionals
    known, A = frame["Y"].notna().to_numpy(), frame["A"].to_numpy()
    full = frame.assign(known=known.astype(int))
    pi = smf.logit("known ~ A + L", full).fit(disp=0).predict(full).to_numpy()
    e = smf.logit("A ~ L", frame).fit(disp=0).predict(frame).to_numpy()
    model = smf.logit("Y ~ A + L", frame.dropna()).fit(disp=0)
    Y, expected = frame["Y"].fillna(0).to_numpy(), []
    for a, g in ((1, e), (0, 1 - e)):
        m = model.predict(frame.assign(A=a)).to_numpy()
        expected.append(np.mean(m + (a == A) * known / (g * pi) * (Y - m)))
    return farthest(found.values[:2], expected)


@cache
def unrecorded_truth() -> float:
    from scipy.special import expit

    L = np.random.default_rng(0).normal(size=2_000_000)
    return float((expit(-0.2 + L) - expit(-1 + L)).mean())


def unrecorded_held(seed: int) -> bool:
    from tests.estimation.imputed.test_outcomes import QUESTION, cohort_of, trial

    cohort = cohort_of(trial(600, seed=500 + seed))
    return inside(estimate(QUESTION, cohort, AIPW()).difference, unrecorded_truth())


def pairs() -> float:
    """Rosenbaum's bound over every extreme assignment of six pairs."""
    from causalmed.estimation import rosenbaum_bounds

    gamma, worse = 2.0, 5
    bound = rosenbaum_bounds(np.r_[np.ones(worse), 0], np.r_[np.zeros(worse), 1], gammas=[gamma]).p_high[0]
    found = []
    for shares in itertools.product((1 / (1 + gamma), gamma / (1 + gamma)), repeat=6):
        signs = [s for s in itertools.product((0, 1), repeat=6) if sum(s) >= worse]
        found.append(
            sum(np.prod([p if s else 1 - p for p, s in zip(shares, one, strict=True)]) for one in signs)
        )
    return abs(max(found) - bound)


def exact_pairs_held(seed: int) -> bool:
    """Without effect and within the stated hidden bias, p is at most 5 % in at most one study in twenty."""
    from causalmed.errors import NotEnoughEvents
    from causalmed.estimation import rosenbaum_bounds

    rng = np.random.default_rng(seed)
    exposed = (rng.random(80) < 2 / 3).astype(float)
    try:
        return rosenbaum_bounds(exposed, 1 - exposed, gammas=[2.0], alpha=0.05).p_high[0] > 0.05
    except NotEnoughEvents:
        return True


EVIDENCE = (
    Evidence(
        estimator="CausalForest",
        answers="Effects of single patients and their doubly robust average.",
        oracle="the error of a generalised random forest, same residuals (share by which ours is larger)",
        reference=of("econml"),
        tolerance=0.1,
        difference=forest_beside_econml,
        simulation=Simulation(
            held=forest_held, design="80 trees, n = 600, average risk difference", draws=500
        ),
        test="tests/estimation/forest",
    ),
    Evidence(
        estimator="Bootstrap",
        answers="All models refitted in every replicate.",
        oracle="the error from the influence function (share by which they differ)",
        reference="theory; statsmodels for single refits",
        tolerance=0.06,
        difference=bootstrap_error,
        simulation=Simulation(
            held=bootstrap_held, design="AIPW, 192 replicates, n = 600, risk difference", draws=500
        ),
        test="tests/estimation/bootstrap",
    ),
    Evidence(
        estimator="natural direct effect",
        answers="What is left if the mediators were as without the exposure.",
        oracle="counts of a saturated model",
        reference="arithmetic",
        tolerance=1e-8,
        difference=mediated_counts,
        simulation=Simulation(
            held=lambda seed: mediated_held(seed)[0], design="two mediators, n = 1,500", draws=500
        ),
        test="tests/estimation/mediation",
    ),
    Evidence(
        estimator="natural indirect effect",
        answers="What the change of the mediators does.",
        oracle="counts of a saturated model",
        reference="arithmetic",
        tolerance=1e-8,
        difference=mediated_counts,
        simulation=Simulation(
            held=lambda seed: mediated_held(seed)[1], design="two mediators, n = 1,500", draws=500
        ),
        test="tests/estimation/mediation",
    ),
    Evidence(
        estimator="front door",
        answers="An effect carried by measured mediators, its confounders hidden.",
        oracle="counts of a saturated model",
        reference="arithmetic",
        tolerance=1e-8,
        difference=front_door_counts,
        simulation=Simulation(held=front_door_held, design="n = 1,500, risk difference", draws=1000),
        test="tests/estimation/frontdoor",
    ),
    Evidence(
        estimator="instrument, yes/no",
        answers="The effect among those who follow the instrument.",
        oracle="the Wald ratio",
        reference="arithmetic",
        tolerance=1e-9,
        difference=wald_ratio,
        simulation=Simulation(held=compliers_held, design="half follow it, n = 1,500", draws=1000),
        test="tests/estimation/instrument",
    ),
    Evidence(
        estimator="instrument, linear",
        answers="Two-stage least squares.",
        oracle="IV2SLS",
        reference=of("statsmodels"),
        tolerance=1e-9,
        difference=two_stages,
        simulation=Simulation(held=two_stages_held, design="n = 1,000, difference", draws=1000),
        test="tests/estimation/instrument",
    ),
    Evidence(
        estimator="estimate(horizon=)",
        answers="Cumulative incidence within a time, competing events kept.",
        oracle="Aalen and Johansen in each arm, without covariates",
        reference=of("statsmodels"),
        tolerance=1e-6,
        difference=aalen_johansen,
        simulation=Simulation(held=survival_held, design="dependent censoring and death, n = 700", draws=500),
        test="tests/estimation/survival",
    ),
    Evidence(
        estimator="missing covariates",
        answers="Multiple imputation, pooled.",
        oracle="Rubin's rules by hand over the completed cohorts",
        reference="arithmetic; statsmodels MICE for the imputations",
        tolerance=1e-10,
        difference=rubin_by_hand,
        simulation=Simulation(
            held=imputed_held, design="10 imputations, n = 600, risk difference", draws=500
        ),
        test="tests/estimation/imputed",
    ),
    Evidence(
        estimator="missing outcomes",
        answers="Weights for being recorded, doubly robust.",
        oracle="the same score by hand",
        reference=of("statsmodels"),
        tolerance=1e-8,
        difference=weights_by_hand,
        simulation=Simulation(held=unrecorded_held, design="n = 600, risk difference", draws=1000),
        test="tests/estimation/imputed/test_outcomes.py",
    ),
    Evidence(
        estimator="rosenbaum_bounds",
        answers="Evidence of matched pairs under hidden bias.",
        oracle="every extreme assignment of six pairs",
        reference="enumeration",
        tolerance=1e-12,
        difference=pairs,
        simulation=Simulation(
            held=exact_pairs_held,
            design="80 pairs, no effect, hidden bias as stated; tests are exact",
            draws=2000,
        ),
        test="tests/estimation/fragility/test_rosenbaum.py",
    ),
)
