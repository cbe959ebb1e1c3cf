"""Columns become bins, the same way for other patients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from causalmed.errors import ColumnNotFound, DataError
from causalmed.estimation.forest.binning import Binning, edges_of


def column(name: str, values: Any, kind: str = "continuous", levels: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(name=name, kind=kind, values=np.array(values, dtype=float), levels=levels)


def test_bins_keep_the_order_and_hold_as_many_patients_as_each_other() -> None:
    values = np.random.default_rng(1).lognormal(size=5000)
    bins = Binning.learn([column("crp", values)], bins=50).apply([column("crp", values)])[:, 0]
    order = np.argsort(values)
    assert np.all(np.diff(bins[order].astype(int)) >= 0)
    assert np.ptp(np.bincount(bins)) <= 1
    assert len(np.unique(bins)) == 50


def test_few_values_each_get_a_bin() -> None:
    learned = Binning.learn([column("grade", [3, 1, 2, 2, 3])], bins=63)
    assert learned.apply([column("grade", [1, 2, 3, 0, 9, 2.5])])[:, 0].tolist() == [0, 1, 2, 0, 2, 2]


def test_a_constant_or_heavy_value_does_no_harm() -> None:
    assert len(edges_of(np.full(100, 7.0), bins=10)) == 0
    heavy = np.r_[np.zeros(900), np.arange(1, 101)]
    edges = edges_of(heavy, bins=10)
    assert edges[0] == 0
    assert edges[-1] < 100


def test_levels_without_an_order_get_an_indicator_each() -> None:
    wound = column("wound", [0, 1, 2, 2], "categorical", ("a", "b", "c"))
    learned = Binning.learn([wound], bins=63)
    assert learned.apply([wound])[:, :3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    elsewhere = column("wound", [0, 1], "categorical", ("c", "a"))
    assert learned.apply([elsewhere])[:, :3].tolist() == [[0, 0, 1], [1, 0, 0]]


def test_an_order_is_kept_whatever_the_codes_elsewhere() -> None:
    asa = column("asa", [0, 1, 2], "ordinal", ("1", "2", "3"))
    learned = Binning.learn([asa], bins=63)
    elsewhere = column("asa", [0, 1], "ordinal", ("2", "3"))
    assert learned.apply([elsewhere])[:, 0].tolist() == [1, 2]


def test_refuses_what_it_cannot_place() -> None:
    learned = Binning.learn([column("wound", [0, 1, 2], "categorical", ("a", "b", "c"))], bins=63)
    with pytest.raises(DataError, match="level 'd'"):
        learned.apply([column("wound", [0], "categorical", ("d",))])
    with pytest.raises(DataError, match="numbers instead of levels"):
        learned.apply([column("wound", [0.0])])
    with pytest.raises(ColumnNotFound, match="wound"):
        learned.apply([column("age", [0.0])])
    age = Binning.learn([column("age", [1.0, 2, 3])], bins=63)
    with pytest.raises(DataError, match="missing or infinite"):
        age.apply([column("age", [np.nan])])
