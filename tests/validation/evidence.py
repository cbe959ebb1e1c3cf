"""What a line of the validation table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

Held = Callable[[int], bool]


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """``held(seed)`` draws one cohort and says whether the 95 % interval held the truth.

    ``design`` says in words what is drawn.
    """

    held: Held
    design: str
    draws: int = 1000

    def coverage(self, draws: int) -> float:
        """Share of cohorts whose interval held the truth."""
        return float(np.mean([self.held(seed) for seed in range(draws)]))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One estimator: the oracle it is held against, and the simulation of its coverage."""

    estimator: str
    answers: str
    oracle: str
    reference: str
    tolerance: float
    difference: Callable[[], float]
    simulation: Simulation
    test: str


def of(package: str) -> str:
    """Name a package with its version."""
    return f"{package} {version(package)}"


def farthest(found: object, expected: object) -> float:
    """Largest absolute difference of two lists of numbers."""
    return float(np.max(np.abs(np.asarray(found, dtype=float) - np.asarray(expected, dtype=float))))


def inside(interval: object, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return bool(interval.low <= truth <= interval.high)  # type: ignore[attr-defined]
