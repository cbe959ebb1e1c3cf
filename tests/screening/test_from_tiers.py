"""A screen that knows only the order in time, on worlds in which the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, ColumnNotFound, InvalidArgument
from causalmed.estimation import AIPW, IPW
from causalmed.screening import FINDINGS, TierScreen, screen_from_tiers

TIERS = {"before": ["ward", "age", "razor", "rated", "music"], "after": ["ssi"]}
WARDS = 16


def world(seed: int, n: int = 8_000, *, direct: float = 0.0) -> pd.DataFrame:
    """Draw wards with habits: razor is a cause, rated shares a hidden cause with ssi, music is nothing."""
    rng = np.random.default_rng(seed)
    ward, hidden, age = rng.integers(0, WARDS, n), rng.normal(size=n), rng.normal(size=n)
    habit = np.linspace(-1.8, 1.8, WARDS)
    shaving, rating = rng.permutation(habit), rng.permutation(habit)

    def flip(logit: np.ndarray) -> np.ndarray:
        return (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)

    razor, rated = flip(shaving[ward]), flip(rating[ward] + 0.3 * age + 1.8 * hidden)
    ssi = flip(-2.2 + 1.1 * razor + 0.4 * age + hidden + direct * shaving[ward])
    return pd.DataFrame(
        {"id": np.arange(n), "ward": [f"w{k:02}" for k in ward], "age": age, "razor": razor, "rated": rated,
         "music": flip(np.zeros(n)), "ssi": ssi}
    )  # fmt: skip


def screened(frame: pd.DataFrame, **more: object) -> TierScreen:
    cohort = Cohort.from_frame(frame, unit="id")
    given = {"outcome": "ssi", "tiers": TIERS, "environment": "ward", "alpha": 0.05, **more}
    return screen_from_tiers(cohort, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found() -> TierScreen:
    return screened(world(1))


def test_a_cause_is_named_a_hidden_cause_exposed_and_noise_left_apart(found: TierScreen) -> None:
    finding = {row.name: row.finding for row in found.orientations}
    assert finding == {"razor": "arrow", "rated": "hidden common cause", "music": "not joined"}
    assert found.identified == ("razor",)
    assert found.candidate("razor").verdict == "cause"
    assert {found.candidate(name).verdict for name in ("rated", "music")} == {"cannot tell"}


def test_every_candidate_that_is_not_named_has_a_reason_with_its_name(found: TierScreen) -> None:
    for row in found.candidates:
        assert row.name in row.reason
    assert set(found.to_frame()["finding"]) <= set(FINDINGS)
    text = found.summary()
    assert max(map(len, text.splitlines())) <= 80
    assert "hidden common cause" in text
    assert found.to_dict()["orientations"][0]["name"] == "razor"


def test_the_halves_share_no_patient_and_make_up_all(found: TierScreen) -> None:
    assert found.discovered_in + found.screen.n == 8_000
    assert abs(found.discovered_in - 4_000) < 4 * np.sqrt(8_000) / 2


def test_the_order_of_the_rows_does_not_matter(found: TierScreen) -> None:
    again = screened(world(1).sample(frac=1, random_state=3))
    for one, other in zip(found.orientations, again.orientations, strict=True):
        assert one.finding == other.finding
        assert one.alone == pytest.approx(other.alone, abs=1e-9)
    assert found.candidate("razor").risk_difference == again.candidate("razor").risk_difference


def test_nothing_to_move_a_candidate_leaves_a_hidden_cause_open() -> None:
    found = screened(world(1)[["id", "razor", "rated", "ssi"]], environment=None, tiers={
        "before": ["razor", "rated"], "after": ["ssi"]})  # fmt: skip
    assert {row.finding for row in found.orientations} == {"no driver"}
    assert found.identified == ()
    assert "cannot be ruled out" in found.candidate("razor").reason


def test_an_environment_that_acts_by_another_way_is_noticed() -> None:
    found = screened(world(1, direct=0.6))
    assert found.orientation("razor").finding == "another way"
    assert found.identified == ()


def test_an_earlier_column_can_move_a_candidate_without_any_environment() -> None:
    rng = np.random.default_rng(5)
    n = 12_000
    drug, hidden = rng.integers(0, 2, n), rng.normal(size=n)
    razor = (rng.random(n) < 1 / (1 + np.exp(1.5 - 3 * drug))).astype(int)
    rated = (rng.random(n) < 1 / (1 + np.exp(1.5 - 3 * rng.integers(0, 2, n) - 2 * hidden))).astype(int)
    ssi = (rng.random(n) < 1 / (1 + np.exp(2.5 - 1.2 * razor - hidden))).astype(int)
    frame = pd.DataFrame({"drug": drug, "razor": razor, "rated": rated, "ssi": ssi})
    tiers = {"long before": ["drug"], "before": ["razor", "rated"], "after": ["ssi"]}
    found = screen_from_tiers(
        Cohort.from_frame(frame), outcome="ssi", tiers=tiers, candidates=["razor", "rated"]
    )
    assert found.orientation("razor").drivers == ("drug",)
    assert found.orientation("rated").finding == "no driver"
    assert found.identified == ("razor",)


def test_few_events_are_said_and_nothing_is_named() -> None:
    frame = world(2, 600)
    frame["ssi"] = (frame["ssi"] * (np.arange(600) % 20 == 0)).astype(int)
    found = screened(frame)
    assert {row.finding for row in found.orientations} == {"too few events"}
    assert np.isnan(found.screen.critical_value)


def test_a_protective_factor_is_told_as_well() -> None:
    frame = world(1)
    frame["razor"] = 1 - frame["razor"]
    found = screened(frame)
    assert found.identified == ("razor",)
    assert found.candidate("razor").prevents


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"tiers": {}}, InvalidArgument),
        ({"tiers": {"after": ["ssi", "razor"]}}, InvalidArgument),
        ({"tiers": {"before": "razor", "after": ["ssi"]}}, InvalidArgument),
        ({"tiers": {"before": ["razor", "razor"], "after": ["ssi"]}}, InvalidArgument),
        ({"tiers": {"before": ["nobody"], "after": ["ssi"]}}, ColumnNotFound),
        ({"environment": "nobody"}, ColumnNotFound),
        ({"columns": ["nobody"]}, ColumnNotFound),
        ({"candidates": ["age"]}, InvalidArgument),
        ({"candidates": ["ssi"]}, InvalidArgument),
        ({"candidates": ["nobody"]}, ColumnNotFound),
        ({"candidates": []}, InvalidArgument),
        ({"outcome": "age"}, InvalidArgument),
        ({"outcome": None}, InvalidArgument),
        ({"alpha": 0}, InvalidArgument),
        ({"margin": -1}, InvalidArgument),
        ({"seed": -1}, InvalidArgument),
        ({"estimator": "tmle"}, InvalidArgument),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        screened(world(3, 400), **change)
    assert isinstance(caught.value, CausalmedError)


def test_holes_are_refused() -> None:
    frame = world(3, 400)
    frame.loc[5, "age"] = np.nan
    with pytest.raises(CausalmedError):
        screened(frame)


@pytest.mark.parametrize("estimator", [AIPW(), IPW()])
def test_other_estimators_name_the_same(estimator: object, found: TierScreen) -> None:
    other = screened(world(1), estimator=estimator)
    assert other.identified == found.identified


def _counts(seeds: range, draw: Callable[[int], pd.DataFrame]) -> tuple[int, int, int]:
    razor = rated = music = 0
    for seed in seeds:
        named = screened(draw(seed)).identified
        razor, rated, music = (
            razor + ("razor" in named),
            rated + ("rated" in named),
            music + ("music" in named),
        )
    return razor, rated, music


@pytest.mark.slow
def test_over_many_worlds_causes_are_named_and_hidden_causes_are_not() -> None:
    count = 100
    razor, rated, music = _counts(range(100, 100 + count), lambda seed: world(seed, 8_000))
    assert razor >= 0.85 * count
    assert rated <= binom.ppf(0.999, count, 0.05)
    assert music <= binom.ppf(0.999, count, 0.05)
