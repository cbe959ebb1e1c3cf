"""Unseen outcomes: the closed form in strata, and whether limits hold in repeated samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.prediction import gather_evidence, lowest_safe_threshold, transported_moments
from causalmed.prediction.transported_threshold import expected

SPECIFICITY = 0.9


def expit(values):
    return 1 / (1 + np.exp(-values))


def strata(seed=1, n=4000, m=3000):
    """One binary feature, a model that is wrong in one of its strata."""
    rng = np.random.default_rng(seed)
    x, z = (rng.random(n) < 0.3).astype(float), (rng.random(m) < 0.6).astype(float)
    y = (rng.random(n) < np.where(x == 1, 0.3, 0.1)).astype(float)
    noise, other = rng.normal(size=n), rng.normal(size=m)
    return {
        "outcome": y,
        "risk": expit(-2 + 0.2 * x + 0.3 * noise),
        "target_risk": expit(-2 + 0.2 * z + 0.3 * other),
        "features": x[:, None],
        "target_features": z[:, None],
    }


def test_in_strata_it_is_direct_standardisation_whatever_the_model():
    data = strata()
    data["risk"], data["target_risk"] = (
        expit(-2 + 0.2 * data[name][:, 0]) for name in ("features", "target_features")
    )
    found = transported_moments(gather_evidence(**data), np.ones((4000, 1)), np.ones((3000, 1)))
    x, z, y = data["features"][:, 0], data["target_features"][:, 0], data["outcome"]
    rates, shares = np.array([y[x == k].mean() for k in (0, 1)]), np.array([1 - z.mean(), z.mean()])
    assert found.estimate[0] == pytest.approx(rates @ shares, abs=2e-5)
    sizes = np.array([(x == 0).sum(), (x == 1).sum()])
    variance = (shares**2 * rates * (1 - rates) / sizes).sum()
    variance += (shares @ rates**2 - (shares @ rates) ** 2) / 3000
    assert found.std_error()[0] == pytest.approx(np.sqrt(variance), rel=0.02)


def test_not_having_the_outcome_is_one_minus_having_it():
    evidence = gather_evidence(**strata())
    ones = np.ones((4000, 1)), np.ones((3000, 1))
    sick, spared = (transported_moments(e, *ones) for e in (evidence, evidence.of_the_spared()))
    assert sick.estimate[0] + spared.estimate[0] == pytest.approx(1, abs=1e-9)
    assert sick.std_error()[0] == pytest.approx(spared.std_error()[0], rel=1e-9)


class World:
    """A place to learn in and a place to go; the rule is a fixed model, the truth is known."""

    def __init__(self, kind, seed=1):
        self.kind, self.rng = kind, np.random.default_rng(seed)
        z, risk = self.patients(200_000, there=True)
        rule = self.rule(z)
        order = np.argsort(rule)
        self.cuts, self.reached = rule[order], np.cumsum((1 - risk)[order]) / (1 - risk).sum()
        self.sensitivity = (risk * (rule >= 0.2)).sum() / risk.sum()

    def patients(self, n, *, there):
        x = self.rng.normal(size=(n, 4))
        if there and self.kind == "the weights are wrong":
            x = x * [1.3, 0.8, 1.2, 1.0] + [0.5, 0.3, 0.0, -0.3]
        elif there:
            x = x + np.array([0.6, 0.4, 0.0, -0.4])
        x[:, 3] = x[:, 3] > 0
        eta = -2.6 + x @ [0.8, 0.5, 0.4, 0.5]
        if self.kind == "the risks are wrong":
            eta = eta + 0.4 * x[:, 0] ** 2 - 0.3 * x[:, 0] * x[:, 1]
        return x, expit(eta)

    def rule(self, x):
        wrong = self.kind == "the risks are wrong"
        return expit(-2.2 + x @ [0.7, 0.4, 0.4, 0.4]) if wrong else expit(-2.4 + x @ [0.8, 0.5, 0.4, 0.5])

    def specificity(self, threshold):
        return self.reached[max(np.searchsorted(self.cuts, threshold) - 1, 0)]

    def draw(self, n, m):
        x, p = self.patients(n, there=False)
        z, q = self.patients(m, there=True)
        there = (self.rng.random(m) < q).astype(float)
        evidence = gather_evidence(
            outcome=(self.rng.random(n) < p).astype(float),
            risk=self.rule(x),
            target_risk=self.rule(z),
            features=x,
            target_features=z,
        )
        return evidence, there


def repeated(kind, times, n, m, seed=1):
    """How often the threshold fails, and how often the intervals of a fixed threshold cover."""
    world = World(kind, seed)
    failed, failed_these, covered, sensitive = 0, 0, 0, 0
    for _ in range(times):
        evidence, there = world.draw(n, m)
        value = lowest_safe_threshold(evidence, specificity=SPECIFICITY, delta=0.05)
        failed += world.specificity(value) < SPECIFICITY
        value = lowest_safe_threshold(evidence, specificity=SPECIFICITY, delta=0.05, of_these=True)
        failed_these += (evidence.target_risk[there == 0] < value).mean() < SPECIFICITY
        found = expected(evidence, 0.2, level=0.95)
        covered += world.specificity(0.2) in found.specificity
        sensitive += world.sensitivity in found.sensitivity
    return failed, failed_these, covered, sensitive


def test_the_threshold_holds_in_repeated_samples():
    times = 60
    failed, failed_these, covered, sensitive = repeated("the risks are wrong", times, n=1500, m=800)
    most = binom.ppf(0.999, times, 0.05)
    assert 0 < failed <= most
    assert 0 < failed_these <= most
    assert min(covered, sensitive) >= binom.ppf(0.001, times, 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["both are right", "the risks are wrong", "the weights are wrong"])
def test_the_threshold_holds_if_either_is_right(kind):
    times = 400
    failed, failed_these, covered, sensitive = repeated(kind, times, n=4000, m=2000, seed=2)
    least, most = binom.ppf(0.001, times, 0.03), binom.ppf(0.999, times, 0.05)
    assert least <= failed <= most
    assert least <= failed_these <= most
    assert covered >= binom.ppf(0.001, times, 0.945)
    assert sensitive >= binom.ppf(0.001, times, 0.94)


def test_the_search_ends_at_the_first_that_fails():
    """Every candidate above the threshold passes the test that the threshold passes."""
    world = World("both are right", seed=4)
    evidence, _ = world.draw(3000, 1000)
    value = lowest_safe_threshold(evidence, specificity=SPECIFICITY, delta=0.05)
    spared = evidence.of_the_spared()
    for at in np.unique(evidence.target_risk)[::20]:
        h, g = (risk[:, None] < at for risk in (evidence.risk, evidence.target_risk))
        moments = transported_moments(spared, h - SPECIFICITY, g - SPECIFICITY)
        z = float((moments.estimate / moments.std_error())[0])
        assert at < value or z >= 1.6448
    assert lowest_safe_threshold(evidence, specificity=SPECIFICITY, delta=0.01) > value
    assert lowest_safe_threshold(evidence, specificity=0.95, delta=0.05) > value


def test_what_cannot_be_shown_is_refused():
    data = strata(m=100)
    with pytest.raises(NotEnoughEvents, match="not even the highest risk"):
        lowest_safe_threshold(gather_evidence(**data), specificity=0.9999999, delta=1e-300)
    data["outcome"] = (data["risk"] < np.median(data["risk"])).astype(float)
    with pytest.raises(InvalidArgument, match="do not rise"):
        gather_evidence(**data)
