from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from causalmed.cohort import Cohort, Discharge, FollowUp
from causalmed.errors import DataError, ImmortalTime, InvalidArgument

SPEC = FollowUp("days", "status")


def cohort_of(
    days: list[float], status: list[object], spec: FollowUp = SPEC, entry: list[float] | None = None
) -> Cohort:
    frame = pd.DataFrame({"days": days, "status": status} | ({} if entry is None else {"entry": entry}))
    return Cohort.from_frame(frame, follow_up=spec)


def test_codes_mean_what_is_stated() -> None:
    cohort = cohort_of([3, 30], [1, 0])
    assert cohort.follow_up is SPEC
    assert cohort.column("days").kind == "continuous"
    words = FollowUp("days", "status", infection="infection", competing=("death",), censored="end")
    assert cohort_of([3, 30, 4], ["infection", "end", "death"], words).column("status").levels == (
        "death",
        "end",
        "infection",
    )


def test_impossible_times_and_codes() -> None:
    with pytest.raises(ImmortalTime, match="1 of 2 times in 'days' are negative"):
        cohort_of([-3, 30], [1, 0])
    entered = FollowUp("days", "status", entry="entry")
    with pytest.raises(ImmortalTime, match=r"1 of 2 patients enter \('entry'\) at or after the end"):
        cohort_of([3, 30], [1, 0], entered, [3, 1])
    with pytest.raises(ImmortalTime, match="'entry' are negative"):
        cohort_of([3, 30], [1, 0], entered, [-1, 1])
    with pytest.raises(DataError, match="holds '3', which FollowUp does not explain"):
        cohort_of([3, 30], [1, 3])


def test_a_spec_that_contradicts_itself() -> None:
    with pytest.raises(InvalidArgument, match="one column twice"):
        FollowUp("days", "days")
    with pytest.raises(InvalidArgument, match="one code two meanings"):
        FollowUp("days", "status", competing=(1,))
    with pytest.raises(TypeError):
        FollowUp("days", "status", "entry")  # type: ignore[misc]


def test_one_competing_code_may_stand_alone() -> None:
    assert FollowUp("days", "status", competing=3).codes() == (0, 1, 3)  # type: ignore[arg-type]


def test_infected_within_the_horizon() -> None:
    cohort = cohort_of([0, 30, 30.5, 10, 30, 90], [1, 1, 1, 2, 0, 0])
    by_30 = SPEC.binary_outcome(cohort, horizon=30, name="infection_30d")
    assert by_30.outcome == "infection_30d"
    assert by_30.values("infection_30d").tolist() == [1, 1, 0, 0, 0, 0]
    assert cohort.outcome is None


def test_an_unknown_outcome_is_not_taken_as_none() -> None:
    cohort = cohort_of([5, 40], [0, 1])
    with pytest.raises(DataError, match="1 of 2 patients were censored before 30"):
        SPEC.binary_outcome(cohort, horizon=30, name="y")
    with pytest.raises(InvalidArgument, match="above 0"):
        SPEC.binary_outcome(cohort, horizon=0, name="y")
    entered = FollowUp("days", "status", entry="entry")
    with pytest.raises(DataError, match="enter after time zero"):
        entered.binary_outcome(cohort_of([5, 40], [1, 1], entered, [0, 2]), horizon=30, name="y")


def test_discharge_must_say_what_it_means() -> None:
    with pytest.raises(DataError, match=r"holds '3'.*If it is discharge, choose"):
        cohort_of([3, 30], [1, 3])
    with pytest.raises(InvalidArgument, match=r"means='gone' is not understood.*infection in hospital"):
        Discharge(code=3, means="gone")
    with pytest.raises(InvalidArgument, match="followed until a time"):
        Discharge(code=3, means="still followed")
    with pytest.raises(InvalidArgument, match="followed until a time"):
        Discharge(code=3, means="censored", until=30)
    with pytest.raises(InvalidArgument, match="above 0"):
        Discharge(code=3, means="still followed", until=-1)
    with pytest.raises(InvalidArgument, match="one code"):
        Discharge(code=None, means="censored")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="must say what leaving hospital means"):
        FollowUp("days", "status", discharge=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"two meanings.*discharge=2"):
        FollowUp("days", "status", discharge=Discharge(code=2, means="censored"))


@pytest.mark.parametrize(
    ("discharge", "time", "cause", "infected"),
    [
        (Discharge(code=3, means="competing"), 10, 3, [1.0, 0.0]),
        (Discharge(code=3, means="still followed", until=60), 60, 0, [1.0, 0.0]),
        (Discharge(code=3, means="censored"), 10, 0, None),
    ],
)
def test_three_meanings_of_discharge(
    discharge: Discharge, time: float, cause: int, infected: list[float] | None
) -> None:
    spec = FollowUp("days", "status", competing={"death": 2}, discharge=discharge)
    cohort = cohort_of([5, 10], [1, 3], spec)
    times, causes = spec.times_and_causes(cohort)
    assert (times.tolist(), causes.tolist()) == ([5, time], [1, cause])
    if infected is None:
        with pytest.raises(DataError, match="1 of 2 patients were censored"):
            spec.binary_outcome(cohort, horizon=30, name="y")
    else:
        assert spec.binary_outcome(cohort, horizon=30, name="y").values("y").tolist() == infected


def test_competing_events_have_names() -> None:
    spec = FollowUp("days", "status", competing={"death": 2, "relapse": 4})
    assert spec.competing == (2, 4)
    assert spec.causes() == ((2, "death"), (4, "relapse"))
    assert replace(spec, time="hours").causes() == spec.causes()
    assert FollowUp("days", "status", competing=(2,)).causes() == ((2, "competing event 2"),)
    assert FollowUp("days", "status", competing=("death",)).causes() == (("death", "death"),)
    with pytest.raises(InvalidArgument, match="2 competing codes and 1 names"):
        FollowUp("days", "status", competing=(2, 3), names=("death",))
