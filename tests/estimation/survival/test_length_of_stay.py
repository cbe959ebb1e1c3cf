from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import DataError, ImmortalTime, InvalidArgument, NotEnoughEvents
from causalmed.estimation.survival import extra_days
from causalmed.estimation.survival.course import Course

ILL, HOME, HOME_ILL = 1 / 20, 1 / 8, 1 / 14


def stays(n, seed, censored=0.0):
    """A Markov course: the further stay depends on the state alone, so its expectation is known."""
    rng = np.random.default_rng([seed, 3])
    infected, home = rng.exponential(1 / ILL, n), rng.exponential(1 / HOME, n)
    ill = infected < home
    left = np.where(ill, infected + rng.exponential(1 / HOME_ILL, n), home)
    still = np.zeros(n, bool)
    if censored:
        lost = rng.exponential(1 / censored, n)
        still = lost < left
        left = np.minimum(left, lost)
    ill &= infected < left
    return np.where(ill, infected, np.nan), left, still


TRUTH = 1 / HOME_ILL - (1 / (ILL + HOME) + ILL / (ILL + HOME) / HOME_ILL)


def test_it_covers_the_truth():
    found = [extra_days(*stays(200, seed)[:2]).interval for seed in range(120)]
    estimates = np.array([one.estimate for one in found])
    assert abs(estimates.mean() - TRUTH) < 3.5 * estimates.std() / np.sqrt(120)
    assert np.mean([TRUTH in one for one in found]) >= 0.88
    assert np.mean([one.std_error for one in found]) == pytest.approx(estimates.std(), rel=0.25)


@pytest.mark.slow
def test_it_covers_the_truth_with_censoring():
    found = []
    for seed in range(1000):
        infected, left, still = stays(800, seed, censored=1 / 60)
        found.append(extra_days(infected, left, still_in=still).interval)
    covered = np.mean([TRUTH in one for one in found])
    assert 0.93 <= covered <= 0.968


def test_the_derivative_by_every_count():
    course = Course.of(*(np.ceil(line) if line.dtype == float else line for line in stays(200, 1)))
    gradient, step = course.gradient(), 1e-6
    for line in range(5):
        for k in np.flatnonzero(course.counts[line])[::5]:
            moved = np.repeat(course.counts[None], 2, axis=0)
            moved[:, line, k] += [step, -step]
            up, down = course.estimate(moved)
            assert gradient[line, k] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-7)


def test_the_error_is_that_of_leaving_patients_out():
    infected, left, _ = stays(160, 1)
    whole = extra_days(infected, left)
    without = [
        extra_days(np.delete(infected, i), np.delete(left, i)).interval.estimate for i in range(0, 160, 4)
    ]
    error = np.sqrt(159 / 40 * np.sum((np.array(without) - whole.interval.estimate) ** 2))
    assert whole.interval.std_error == pytest.approx(error, rel=0.25)


def test_clusters_are_left_out_whole():
    infected, left, _ = stays(300, 2)
    ward = np.arange(300) % 20
    found = extra_days(infected, left, clusters=ward)
    without = [extra_days(infected[ward != g], left[ward != g]).interval.estimate for g in range(20)]
    error = np.sqrt(19 / 20 * np.sum((np.array(without) - found.interval.estimate) ** 2))
    assert found.clusters == 20
    assert found.interval.std_error == pytest.approx(error, rel=0.01)
    assert found.interval.high - found.interval.estimate == pytest.approx(
        2.093024 * found.interval.std_error, rel=1e-5
    )


def test_an_infection_that_does_nothing_lengthens_nothing():
    """Infection strikes those who stay: the naive comparison finds days where there are none."""
    rng = np.random.default_rng(4)
    infected, left = rng.exponential(15, 1500), rng.exponential(10, 1500)
    found = extra_days(np.where(infected < left, infected, np.inf), left)
    assert 0 in found.interval
    assert found.naive > 5


def test_words():
    infected, left, _ = stays(300, 5)
    found = extra_days(infected, left)
    assert "Infection lengthens the stay by" in str(found)
    assert max(map(len, found.summary().splitlines())) <= 80
    frame = found.to_frame()
    assert frame.weight.sum() == pytest.approx(1)
    assert ((frame.remaining_infected - frame.remaining_free) * frame.weight).sum() == pytest.approx(
        found.interval.estimate
    )
    assert found.to_dict()["infected"] == found.infected


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"infected_on": [9.0] * 30}, ImmortalTime, "30 patients were infected"),
        ({"infected_on": [-1.0] + [np.nan] * 29}, ImmortalTime, "before admission"),
        ({"infected_on": [np.nan] * 30}, NotEnoughEvents, "0 of 30"),
        ({"left_on": [np.nan] * 30}, DataError, "missing or not above 0"),
        ({"left_on": [5.0] * 29}, DataError, "one time a patient"),
        ({"left_on": ["a"] * 30}, DataError, "as numbers"),
        ({"clusters": ["a"] * 30}, DataError, "one cluster"),
        ({"clusters": ["a"] * 3}, DataError, "one label a patient"),
        ({"level": 2}, InvalidArgument, "level"),
    ],
)
def test_bad_input(change, error, match):
    given = {"infected_on": [2.0] * 10 + [np.nan] * 20, "left_on": [8.0] * 30}
    with pytest.raises(error, match=match):
        extra_days(**(given | change))
