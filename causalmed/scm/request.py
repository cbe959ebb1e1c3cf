"""What is asked of a model, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from causalmed.arguments import require_share
from causalmed.errors import InvalidArgument
from causalmed.scm.assignment import is_regime

__all__ = ["Request", "at_least", "stated_arms"]

POPULATIONS: Final = ("all", "exposed", "unexposed")

Arm = Mapping[str, object]
"""Node → value or regime; nothing: patients as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model: what each of two arms sets, and how it is to be computed."""

    arms: tuple[Arm, Arm]
    outcome: str
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
        if not self.exposures or self.arms[0] == self.arms[1]:
            raise InvalidArgument("Both arms set the same, or nothing; there is no effect to ask about.")
        if self.outcome in self.exposures:
            raise InvalidArgument(f"Exposure and outcome are both {self.outcome!r}.")
        if self.population != "all" and not self.is_static:
            raise InvalidArgument(
                f"population={self.population!r} is for two values of one exposure; with regimes, or several "
                "nodes set, ask about population='all'."
            )

    @property
    def exposures(self) -> tuple[str, ...]:
        """The nodes that an arm sets."""
        return tuple(dict.fromkeys(name for arm in self.arms for name in arm))

    @property
    def is_static(self) -> bool:
        """Whether both arms set one exposure to a value."""
        return (
            len(self.exposures) == 1
            and all(len(arm) == 1 for arm in self.arms)
            and not any(is_regime(value) for arm in self.arms for value in arm.values())
        )


def stated_arms(exposure: object, contrast: object, do: object, against: object) -> tuple[Arm, Arm]:
    """Return what the two arms set, from either way of saying it.

    Raises
    ------
    InvalidArgument
        Both ways at once, neither, or a contrast that is none.
    """
    if do is None and exposure is None:
        raise InvalidArgument("Name what is set: exposure= with contrast=, or do= with against=.")
    if do is not None or against is not None:
        if exposure is not None:
            raise InvalidArgument("exposure= and do= say the same thing; give one of them.")
        return _arm("do", {} if do is None else do), _arm("against", {} if against is None else against)
    if not isinstance(exposure, str):
        raise InvalidArgument(f"exposure={exposure!r} must be the name of one node.")
    return _contrasted(exposure, contrast)


def _contrasted(exposure: str, contrast: Any) -> tuple[Arm, Arm]:
    if is_regime(contrast):
        return {exposure: contrast}, {}
    if not isinstance(contrast, tuple | list) or len(contrast) != 2:
        raise InvalidArgument(
            f"contrast={contrast!r} must be two values of the exposure, or a regime such as Shift(by=-1)."
        )
    if contrast[0] == contrast[1]:
        raise InvalidArgument(f"contrast={contrast!r} compares a value with itself; name two.")
    one, other = ({} if value is None else {exposure: value} for value in contrast)
    return one, other


def _arm(name: str, stated: object) -> Arm:
    if not isinstance(stated, Mapping):
        raise InvalidArgument(
            f"{name}= maps nodes to values or regimes, such as {{'late': 0}}; got {stated!r}."
        )
    return dict(stated)


def at_least(least: int, value: object, name: str) -> None:
    """Raise :class:`InvalidArgument` unless ``value`` is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidArgument(f"{name}={value!r} must be a whole number, at least {least}.")
