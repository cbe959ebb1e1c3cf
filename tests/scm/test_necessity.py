"""Necessity, sufficiency, both: against all response types by linear programming, and simulated truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import linprog

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.scm import LogisticBinary, Predictor, StructuralCausalModel, causation_bounds, fit_scm
from causalmed.scm.causation import probabilities_of_causation

CELLS = list(product((0, 1), repeat=3))
"""Exposed, event without exposure, event with exposure: every canonical model is a law on these."""


def expit(x):
    return 1 / (1 + np.exp(-x))


def programme(law, *, experiment=True, observation=True, exogenous=False, monotone=False):
    """Return the sharp bounds of necessity, sufficiency, both by linear programming."""
    rows, right = [np.ones(8)], [1.0]

    def known(test):
        row = np.array([float(test(*cell)) for cell in CELLS])
        rows.append(row)
        right.append(float(row @ law))

    if experiment:
        known(lambda x, y0, y1: y1)
        known(lambda x, y0, y1: y0)
    if observation:
        for a, b in product((0, 1), repeat=2):
            known(lambda x, y0, y1, a=a, b=b: x == a and (y1 if x else y0) == b)
    if exogenous:
        share = sum(p for p, (x, _, _) in zip(law, CELLS, strict=True) if x)
        for a, b in product((0, 1), repeat=2):
            row = np.array(
                [float((y0, y1) == (a, b)) * ((1 - share) if x else -share) for x, y0, y1 in CELLS]
            )
            rows.append(row)
            right.append(0.0)
    limits = [(0, 0 if monotone and (y0, y1) == (1, 0) else 1) for _, y0, y1 in CELLS]
    found = []
    for aim, mass in (
        ((1, 0, 1), sum(p for p, (x, _, y1) in zip(law, CELLS, strict=True) if x and y1)),
        ((0, 0, 1), sum(p for p, (x, y0, _) in zip(law, CELLS, strict=True) if not x and not y0)),
        (None, 1.0),
    ):
        goal = np.array([float(c == aim if aim else c[1:] == (0, 1)) for c in CELLS])
        ends = [
            sign * linprog(sign * goal, A_eq=np.array(rows), b_eq=right, bounds=limits).fun
            for sign in (1, -1)
        ]
        found.append((ends[0] / mass, ends[1] / mass))
    return found


def frequencies(law):
    joint = {(a, b): 0.0 for a, b in product((0, 1), repeat=2)}
    for p, (x, y0, y1) in zip(law, CELLS, strict=True):
        joint[x, y1 if x else y0] += p
    risks = tuple(sum(p for p, c in zip(law, CELLS, strict=True) if c[at]) for at in (2, 1))
    return joint, risks


def three(found):
    return [found.necessity, found.sufficiency, found.both]


def canonical(seed, *, monotone=False):
    law = np.random.default_rng(seed).dirichlet(np.full(8, 0.6))
    if monotone:
        law = np.where([(y0, y1) == (1, 0) for _, y0, y1 in CELLS], 0.0, law)
    return law / law.sum()


@pytest.mark.parametrize("seed", range(15))
def test_experiment_and_observation_together_are_the_linear_programme(seed):
    law = canonical(seed)
    joint, risks = frequencies(law)
    found = causation_bounds(experiment=risks, observation=joint)
    assert np.allclose(three(found), programme(law), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_observation_alone_bounds_only_both(seed):
    law = canonical(seed)
    found = causation_bounds(observation=frequencies(law)[0])
    assert np.allclose(three(found), programme(law, experiment=False), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_exogenous_observation_is_the_linear_programme(seed):
    types, share = np.random.default_rng(seed).dirichlet(np.ones(4)), 0.3
    law = np.concatenate([(1 - share) * types, share * types])
    joint, risks = frequencies(law)
    found = causation_bounds(observation=joint, exogenous=True)
    assert np.allclose(three(found), programme(law, exogenous=True), atol=1e-6)
    assert np.allclose(three(causation_bounds(experiment=risks)), three(found), atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_monotone_answers_are_points_and_true(seed):
    law = canonical(seed, monotone=True)
    joint, risks = frequencies(law)
    found = causation_bounds(experiment=risks, observation=joint, monotone=True)
    assert np.allclose(three(found), programme(law, monotone=True), atol=1e-6)
    assert found.assumptions == ("exposure spares nobody",)


def test_the_printed_drug_example():
    """The drug example of Tian and Pearl: it was necessary for all who took it and died."""
    joint = {(1, 1): 0.001, (1, 0): 0.499, (0, 1): 0.014, (0, 0): 0.486}
    found = causation_bounds(experiment=(0.016, 0.014), observation=joint)
    assert found.necessity == pytest.approx((1.0, 1.0))
    assert causation_bounds(experiment=(0.016, 0.014)).necessity == pytest.approx((0.125, 1.0))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, InvalidArgument),
        ({"experiment": (1.2, 0.1)}, InvalidArgument),
        ({"observation": {(1, 1): 0.5}}, InvalidArgument),
        ({"observation": {(1, 1): 0.5, (1, 0): 0.5, (0, 1): 0.5, (0, 0): 0.5}}, InvalidArgument),
        ({"observation": {(1, 1): 0.5, (1, 0): 0.5, (0, 1): 0, (0, 0): 0}, "exogenous": True}, DataError),
        ({"experiment": (0.1, 0.2), "monotone": True}, DataError),
        (
            {
                "experiment": (0.1, 0.2),
                "observation": {(1, 1): 0.3, (1, 0): 0.2, (0, 1): 0.1, (0, 0): 0.4},
            },
            DataError,
        ),
    ],
)
def test_impossible_frequencies_are_refused(given, error):
    with pytest.raises(error):
        causation_bounds(**given)


GRAPH = Graph.parse("dag { sick -> {late ssi}; late -> ssi }")
SSI = {"sick": 0.8, "late": 0.9}


def ward(n, seed):
    random = np.random.default_rng(seed)
    sick, noise = random.random(n) < 0.4, random.random(n)
    late = random.random(n) < np.where(sick, 0.6, 0.3)
    ssi = noise < expit(-1.6 + 0.8 * sick + 0.9 * late)
    frame = pd.DataFrame({"sick": sick, "late": late, "ssi": ssi})
    return Cohort.from_frame(frame, outcome="ssi")


def truth():
    """Return the sharp population bounds by enumeration: P(late, event) etc. by severity."""
    ends = np.zeros((3, 2))
    mass = np.zeros(2)
    for sick, share in ((0, 0.6), (1, 0.4)):
        late = 0.6 if sick else 0.3
        p1, p0 = (expit(-1.6 + 0.8 * sick + 0.9 * x) for x in (1, 0))
        both = np.array([p1 - p0, min(p1, 1 - p0)])
        ends += np.array([share * late * both, share * (1 - late) * both, share * both])
        mass += share * np.array([late * p1, (1 - late) * (1 - p0)])
    return ends / np.append(mass, 1.0)[:, None]


def test_the_population_is_that_of_enumeration():
    model = StructuralCausalModel.of(
        GRAPH,
        {
            "sick": LogisticBinary(predictor=Predictor.of(np.log(0.4 / 0.6))),
            "late": LogisticBinary(predictor=Predictor.of(0.0)),
            "ssi": LogisticBinary(predictor=Predictor.of(-1.6, SSI)),
        },
    )
    found = probabilities_of_causation(model, exposure="late", outcome="ssi", patients=ward(40_000, 1))
    assert np.array([found.necessity, found.sufficiency]) == pytest.approx(truth()[:2], abs=0.01)
    assert np.isnan(found.both).all()
    assert np.isnan(found.conf_low).all()


def test_the_limits_hold_the_true_range():
    exact, inside = truth(), np.zeros(3)
    for seed in range(20):
        found = probabilities_of_causation(
            fit_scm(GRAPH, ward(600, seed + 10)), exposure="late", replicates=30, seed=seed
        )
        low, high = np.array(found.conf_low), np.array(found.conf_high)
        inside += (low <= exact[:, 0] + 1e-9) & (exact[:, 1] - 1e-9 <= high)
    assert np.all(inside >= stats.binom.ppf(0.001, 20, 0.93))


def test_couplings_lie_within_the_bounds_and_one_patient_is_answered():
    cohort = ward(2_000, 3)
    scm = fit_scm(GRAPH, cohort)
    bounds = probabilities_of_causation(scm, exposure="late", replicates=20)
    for coupling in ("monotone", "independent"):
        point = probabilities_of_causation(scm, exposure="late", coupling=coupling, replicates=0)
        assert point.necessity[0] == point.necessity[1]
        for name in ("necessity", "sufficiency", "both"):
            low, high = getattr(bounds, name)
            assert low - 0.02 <= getattr(point, name)[0] <= high + 0.02
    event = int(np.flatnonzero((cohort.values("late") == 1) & (cohort.values("ssi") == 1))[0])
    one = probabilities_of_causation(scm, exposure="late", patients=cohort.patient(event), replicates=20)
    asked = scm.counterfactual(cohort.patient(event), do={"late": 0}, replicates=0)
    assert one.necessity == pytest.approx((1 - asked.high[0], 1 - asked.low[0]))
    assert one.conf_low[0] < one.necessity[0]
    assert np.isnan(one.sufficiency).all()
    assert all(len(line) <= 80 for line in str(bounds).splitlines())
    assert one.to_dict()["probabilities"]["both"]["low"] is None
    assert "necessity" in bounds._repr_html_()


def test_bad_questions_are_refused():
    cohort = ward(500, 3)
    scm = fit_scm(GRAPH, cohort)
    with pytest.raises(UnknownNode):
        probabilities_of_causation(scm, exposure="nothing")
    with pytest.raises(InvalidArgument, match="outcome"):
        probabilities_of_causation(scm, exposure="late", outcome="nothing")
    with pytest.raises(InvalidArgument, match="contrast"):
        probabilities_of_causation(scm, exposure="late", contrast=(1, 1))
    with pytest.raises(InvalidArgument, match="coupling"):
        probabilities_of_causation(scm, exposure="late", coupling="magic")
    with pytest.raises(InvalidArgument, match="model"):
        probabilities_of_causation("scm", exposure="late")
