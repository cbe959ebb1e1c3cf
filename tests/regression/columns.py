"""A column of a table, as little as the regression room asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    values: NDArray[np.float64]
    levels: tuple[str, ...] = ()


def number(name: str, values: object, kind: str = "continuous") -> Column:
    return Column(name, kind, np.asarray(values, dtype=float))


def coded(name: str, values: object, levels: tuple[str, ...], kind: str = "categorical") -> Column:
    return Column(name, kind, np.asarray(values, dtype=float), levels)
