"""The bootstrap at the door: its error against theory, the same bits for everybody, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.ensemble import RandomForestClassifier

from causalmed import AIPW, IPW, TMLE, Cohort, GComputation, estimate
from causalmed.errors import InvalidArgument, RareEventWarning
from causalmed.estimation import IPWRA, Bootstrap
from causalmed.results import State
from tests.estimation.bootstrap.wards import question, ward

SPECS = (GComputation(), IPW(), IPWRA(), AIPW(), TMLE())


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_errors_are_those_of_the_influence_function(spec):
    """Both are right to first order here; 2,000 replicates know a standard error to 1.6 %."""
    cohort = Cohort.from_frame(ward(6000), unit="id")
    plain = estimate(question(), cohort, spec)
    boot = estimate(question(), cohort, Bootstrap(estimator=spec, replicates=2000), seed=4)
    assert np.array_equal(boot.functionals.values, plain.functionals.values)
    ratio = np.sqrt(np.diag(boot.functionals.covariance) / np.diag(plain.functionals.covariance))
    assert np.abs(ratio - 1).max() < 0.06
    assert boot.difference.std_error == pytest.approx(plain.difference.std_error, rel=0.06)
    assert boot.functionals.source == "bootstrap, 2,000 fractional replicates, 0 separated"
    assert boot.estimator == repr(Bootstrap(estimator=spec, replicates=2000))


def test_clusters_draw_one_weight():
    """Against the clustered sandwich, where hospitals differ; and against patients taken as independent."""
    frame = ward(6000)
    rng = np.random.default_rng(1)
    hospital = rng.integers(0, 60, len(frame))
    frame["h"] = [f"H{k:02}" for k in hospital]
    eta = 1.6 - rng.normal(0, 0.9, 60)[hospital] - 0.5 * frame["u"]
    frame["y"] = (rng.random(len(frame)) < 1 / (1 + np.exp(eta))).astype(int)
    cohort = Cohort.from_frame(frame, unit="id", cluster="h", kinds={"h": "categorical"})
    plain = estimate(question(), cohort, AIPW())
    boot = estimate(question(), cohort, Bootstrap(replicates=2000))
    alone = estimate(question(), Cohort.from_frame(frame.drop(columns="h"), unit="id"), AIPW())
    natural = [np.sqrt(effect.functionals.covariance[2, 2]) for effect in (plain, boot, alone)]
    assert natural[1] == pytest.approx(natural[0], rel=0.06)
    assert natural[1] > 2 * natural[2]
    assert boot.functionals.degrees_of_freedom == 59
    assert "by cluster" in boot.functionals.source
    sentence = next(check.sentence for check in boot.diagnostics.checks if check.name == "clusters")
    assert "a weight for each" in sentence


def test_bits_do_not_depend_on_threads_or_the_order_of_rows():
    frame = ward(1500)
    found = []
    for table, n_jobs in ((frame, 1), (frame, 2), (frame.sample(frac=1, random_state=1), 2)):
        for spec in (AIPW(), TMLE(by_arm=True)):
            wrapped = Bootstrap(estimator=spec, replicates=200)
            effect = estimate(question(), Cohort.from_frame(table, unit="id"), wrapped, seed=7, n_jobs=n_jobs)
            found.append(effect.functionals.covariance.tobytes())
    assert found[0] == found[2] == found[4]
    assert found[1] == found[3] == found[5]


def test_a_replicate_does_not_depend_on_how_many_there_are():
    cohort = Cohort.from_frame(ward(1000), unit="id")
    other = Cohort.from_frame(ward(1000).assign(id=lambda table: table["id"] + 5000), unit="id")
    few, again, reseeded, renamed = (
        estimate(question(), patients, Bootstrap(replicates=64), seed=seed).functionals.covariance
        for patients, seed in ((cohort, 1), (cohort, 1), (cohort, 2), (other, 1))
    )
    assert np.array_equal(few, again)
    assert not np.array_equal(few, reseeded)
    assert not np.array_equal(few, renamed)


def test_patients_do_not_change():
    frame = ward(500)
    before = frame.copy()
    estimate(question(), Cohort.from_frame(frame, unit="id"), Bootstrap(replicates=64))
    pd.testing.assert_frame_equal(frame, before)


def test_it_is_a_value():
    assert repr(Bootstrap()) == "Bootstrap()"
    assert repr(Bootstrap(estimator=TMLE(), replicates=200)) == "Bootstrap(estimator=TMLE(), replicates=200)"
    assert Bootstrap() == Bootstrap(estimator=AIPW())
    assert Bootstrap(estimator=GComputation()).populations == GComputation.populations


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"estimator": AIPW}, "wrap GComputation"),
        ({"estimator": None}, "wrap GComputation"),
        ({"estimator": "AIPW"}, "wrap GComputation"),
        ({"estimator": Bootstrap()}, "wrap GComputation"),
        ({"estimator": AIPW(propensity=RandomForestClassifier())}, "cross-fitted again"),
        ({"replicates": 10}, "50"),
        ({"replicates": 0}, "50"),
        ({"replicates": 100.0}, "whole number"),
        ({"replicates": True}, "whole number"),
        ({"replicates": None}, "whole number"),
        ({"replicates": 10**9}, "1,000,000"),
    ],
    ids=str,
)
def test_refusals(wrong, message):
    with pytest.raises(InvalidArgument, match=message):
        Bootstrap(**wrong)


def test_a_population_that_the_estimator_lacks():
    cohort = Cohort.from_frame(ward(300), unit="id")
    with pytest.raises(InvalidArgument, match="overlap"):
        estimate(question(), cohort, Bootstrap(estimator=GComputation()), population="overlap")


def covered(draws: int, *, n: int, spec: object, replicates: int) -> int:
    """How many intervals of the risk difference hold its mean over many cohorts."""
    found = []
    for seed in range(draws):
        frame = ward(n, seed=10_000 + seed)
        effect = estimate(
            question(), Cohort.from_frame(frame), Bootstrap(estimator=spec, replicates=replicates)
        )
        found.append((effect.difference.low, effect.difference.high))
    low, high = np.array(found).T
    target = risk_difference()
    return int(((low <= target) & (target <= high)).sum())


def risk_difference() -> float:
    """The truth of ``ward``, by simulating two million patients under each exposure."""
    rng = np.random.default_rng(0)
    u, w = rng.normal(size=2_000_000), rng.normal(0, 12, 2_000_000)
    risks = [np.mean(1 / (1 + np.exp(1.6 - 0.4 * a - 0.5 * u - w / 20))) for a in (1, 0)]
    return float(risks[0] - risks[1])


def within_chance(hits: int, draws: int) -> bool:
    """95 % coverage is inside the central 99.9 % of what chance gives."""
    return binom.ppf(0.0005, draws, 0.95) <= hits <= binom.ppf(0.9995, draws, 0.95)


def test_intervals_cover():
    assert within_chance(covered(80, n=600, spec=AIPW(), replicates=192), 80)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_intervals_cover_in_many_cohorts(spec):
    assert within_chance(covered(2000, n=800, spec=spec, replicates=512), 2000)


def test_few_events_are_said_by_the_gate():
    frame = ward(800, seed=3, intercept=4.6)
    cohort = Cohort.from_frame(frame, unit="id")
    with pytest.warns(RareEventWarning, match="occurs in"):
        effect = estimate(question(), cohort, Bootstrap(estimator=AIPW(), replicates=200))
    check = {check.name: check.state for check in effect.diagnostics.checks}
    assert check["bootstrap"] is State.PASS
    assert check["rare outcome"] is State.WARN
