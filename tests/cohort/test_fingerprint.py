from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort

FRAME = pd.DataFrame({"id": [1, 2, 3], "x": [1.5, 2.5, 3.5], "site": ["a", "b", "c"], "late": [0, 1, 1]})
BASE = Cohort.from_frame(FRAME, unit="id").fingerprint


def test_it_is_known_by_heart() -> None:
    assert Cohort.from_frame(FRAME.copy(), unit="id").fingerprint == BASE
    assert len(BASE) == 64
    assert int(BASE, 16) > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(x=[1.5, 2.5, np.nextafter(3.5, 4)]),
        lambda frame: frame.assign(site=["a", "b", "d"]),
        lambda frame: frame.assign(site=["a", "c", "b"]),
        lambda frame: frame.assign(id=[1, 2, 4]),
        lambda frame: frame.rename(columns={"x": "y"}),
        lambda frame: frame.drop(columns="late"),
        lambda frame: frame.assign(extra=1),
        lambda frame: frame.iloc[:2],
        lambda frame: frame.assign(late=["no", "yes", "yes"]),
    ],
)
def test_any_change_shows(change: object) -> None:
    assert Cohort.from_frame(change(FRAME), unit="id").fingerprint != BASE  # type: ignore[operator]


def test_the_kind_and_the_order_of_levels_are_part_of_it() -> None:
    kinds = ({"site": ("a", "b", "c")}, {"site": ("c", "b", "a")}, {"late": "continuous"})
    prints = {Cohort.from_frame(FRAME, unit="id", kinds=kind).fingerprint for kind in kinds}
    assert len(prints | {BASE}) == 4


def test_levels_do_not_run_into_each_other() -> None:
    one = Cohort.from_frame(pd.DataFrame({"x": ["ab", "c", "d"]}))
    two = Cohort.from_frame(pd.DataFrame({"x": ["a", "bc", "d"]}))
    assert one.fingerprint != two.fingerprint
