"""What is asked of a model, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from causalmed.arguments import require_share
from causalmed.errors import InvalidArgument

__all__ = ["Request", "at_least"]

POPULATIONS: Final = ("all", "exposed", "unexposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model."""

    exposure: str
    outcome: str
    contrast: tuple[object, object]
    population: str
    draws: int
    replicates: int
    level: float
    seed: int
    n_jobs: int = field(repr=False)  # no part of the question: it never changes the answer

    def __post_init__(self) -> None:
        if self.population not in POPULATIONS:
            raise InvalidArgument.option("population", self.population, POPULATIONS)
        for name, least in (("draws", 1), ("replicates", 20), ("seed", 0)):
            at_least(least, getattr(self, name), name)
        require_share("level", self.level, example=0.95)
        if not isinstance(self.exposure, str):
            raise InvalidArgument(f"exposure={self.exposure!r} must be the name of one node.")
        if self.exposure == self.outcome:
            raise InvalidArgument(f"Exposure and outcome are both {self.exposure!r}.")
        if not isinstance(self.contrast, tuple | list) or len(self.contrast) != 2:
            raise InvalidArgument(f"contrast={self.contrast!r} must be two values of the exposure.")
        if self.contrast[0] == self.contrast[1]:
            raise InvalidArgument(f"contrast={self.contrast!r} compares a value with itself; name two.")


def at_least(least: int, value: object, name: str) -> None:
    """Raise :class:`InvalidArgument` unless ``value`` is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidArgument(f"{name}={value!r} must be a whole number, at least {least}.")
