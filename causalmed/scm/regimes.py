r"""Interventions that look at the patient, or are made by chance: treatment regimes.

A regime replaces the mechanism of a node X by

.. math:: x = g(x^{\mathrm{own}}, z, u),

with the value :math:`x^{\mathrm{own}}` that the node would have had by itself, columns z that the node does
not change, and a random number u. Setting everybody to one value is the simplest of them.

References
----------
Robins JM, Hernán MA, Siebert U (2004). Effects of multiple interventions. In: Comparative quantification of
health risks, WHO, 2191-2230. Muñoz ID, van der Laan M (2012). Population intervention causal effects based on
stochastic interventions. Biometrics 68(2):541-549. Correa J, Bareinboim E (2020). A calculus for stochastic
interventions. AAAI 34, 10093-10100.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from causalmed.arguments import require_names
from causalmed.errors import InvalidArgument
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.terms import FloatArray

__all__ = ["Randomise", "Regime", "Replace", "Rule", "Set", "Shift"]


@dataclass(frozen=True, slots=True)
class Set:
    """Set a node to a value: for everybody, where a condition holds, or for a share of the patients.

    All others keep the value they would have had.

    Parameters
    ----------
    to : str or float
        A label of the node, or a number.
    where : str
        A condition on columns that the node does not change, as ``Cohort.where`` reads it; empty: everybody.
    share : float
        Share of those patients who are set, drawn by chance, in (0, 1].

    Raises
    ------
    InvalidArgument
        The share is no share.

    Examples
    --------
    >>> str(Set(0, where="duration_min > 120"))
    'set to 0 where duration_min > 120'
    """

    to: object
    where: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        _check_where(self)
        if isinstance(self.share, bool) or not isinstance(self.share, int | float) or not 0 < self.share <= 1:
            raise InvalidArgument(f"Set(share={self.share!r}) must be above 0 and at most 1.")

    def __str__(self) -> str:
        chosen = "" if self.share == 1 else f" with probability {self.share:g}"
        return f"set to {self.to}{chosen}{_where(self.where)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Move the value that each patient would have had. Who would be moved beyond a bound stays.

    Parameters
    ----------
    by : float
        How far, in the unit of the node; not 0.
    low, high : float or None
        Values that nobody is moved beyond.
    where : str
        A condition on columns that the node does not change; empty: everybody.

    Raises
    ------
    InvalidArgument
        A number is not finite, or the shift changes nothing.

    Examples
    --------
    >>> str(Shift(by=-10, low=80, where="diabetes == 1"))
    'lowered by 10, never below 80, where diabetes == 1'
    """

    by: float
    low: float | None = None
    high: float | None = None
    where: str = ""

    def __post_init__(self) -> None:
        _check_where(self)
        for name in ("by", "low", "high"):
            value = getattr(self, name)
            if value is None and name != "by":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InvalidArgument(f"Shift({name}={value!r}) must be a finite number.")
        if self.by == 0:
            raise InvalidArgument("Shift(by=0) changes nothing. Name how far the node is moved.")

    def __str__(self) -> str:
        words = f"{'raised' if self.by > 0 else 'lowered'} by {abs(self.by):g}"
        if self.low is not None and self.by < 0:
            words += f", never below {self.low:g}"
        if self.high is not None and self.by > 0:
            words += f", never above {self.high:g}"
        return words + ("," if self.where and "," in words else "") + _where(self.where)

    def moved(self, values: FloatArray) -> FloatArray:
        """Return the values after the shift."""
        to = values + self.by
        stays = np.zeros(values.shape, dtype=bool)
        if self.low is not None and self.by < 0:
            stays |= to < self.low
        if self.high is not None and self.by > 0:
            stays |= to > self.high
        return np.asarray(np.where(stays, values, to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomise:
    """Set a node by chance, whatever it would have been.

    Parameters
    ----------
    probability : float, or mapping of value to float
        Of 1, for a binary node; or of each value, together 1.
    where : str
        A condition on columns that the node does not change; empty: everybody.

    Raises
    ------
    InvalidArgument
        No probabilities.

    Examples
    --------
    >>> str(Randomise(probability=0.25))
    'set at random, 1 with probability 0.25'
    """

    probability: float | Mapping[object, float]
    where: str = ""

    def __post_init__(self) -> None:
        _check_where(self)
        stated = self.probability
        chances = stated if isinstance(stated, Mapping) else {1: stated, 0: 1.0}
        for value, chance in chances.items():
            if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
                raise InvalidArgument(f"Randomise: the probability {chance!r} of {value!r} is not in [0, 1].")
        if isinstance(stated, Mapping):
            if abs(sum(stated.values()) - 1) > 1e-9:
                raise InvalidArgument(
                    f"Randomise: the probabilities sum to {sum(stated.values()):g}, not to 1."
                )
            object.__setattr__(self, "probability", MappingProxyType(dict(stated)))

    @property
    def chances(self) -> dict[object, float]:
        """Value → probability."""
        if isinstance(self.probability, Mapping):
            return dict(self.probability)
        return {0: 1.0 - self.probability, 1: self.probability}

    def __str__(self) -> str:
        shown = ", ".join(
            f"{value} with probability {chance:g}"
            for value, chance in self.chances.items()
            if isinstance(self.probability, Mapping) or value == 1
        )
        return f"set at random, {shown}{_where(self.where)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Set a node to what a function of other columns says.

    Parameters
    ----------
    reads : tuple of str
        Columns the function sees: none that the node changes. The node's own name stands for the value it
        would have had.
    function : callable
        From a mapping of name → array of numbers (codes, where a column has levels), shape (n,), to the
        values, shape (n,). The same input must give the same output.
    words : str
        What it does, for reports.

    Examples
    --------
    >>> str(Rule(reads=("bmi",), function=lambda seen: 1.0 * (seen["bmi"] > 30), words="given to the obese"))
    'given to the obese'
    """

    reads: tuple[str, ...]
    function: Callable[[Mapping[str, FloatArray]], FloatArray]
    words: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", require_names("reads", self.reads))
        if not callable(self.function):
            raise InvalidArgument(f"Rule(function={self.function!r}) cannot be called.")

    def __str__(self) -> str:
        return self.words or f"set by a function of {', '.join(self.reads) or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Let a node come about by another mechanism, with fresh noise.

    Parameters
    ----------
    mechanism : Mechanism
        What takes the place of the fitted one; it may read columns that the node does not change.

    Examples
    --------
    >>> from causalmed.scm import LogisticBinary, Predictor
    >>> print(Replace(mechanism=LogisticBinary(predictor=Predictor.of(-1.0, {"age": 0.1}))))
    by another LogisticBinary mechanism of age
    """

    mechanism: Mechanism

    def __post_init__(self) -> None:
        if not isinstance(self.mechanism, Mechanism):
            raise InvalidArgument(f"Replace(mechanism={self.mechanism!r}) is not a mechanism.")

    def __str__(self) -> str:
        of = f" of {', '.join(self.mechanism.columns)}" if self.mechanism.columns else ""
        return f"by another {type(self.mechanism).__name__} mechanism{of}"


Regime: TypeAlias = Set | Shift | Randomise | Rule | Replace
"""What may stand in ``do=`` beside plain values."""


def _check_where(regime: Set | Shift | Randomise) -> None:
    if not isinstance(regime.where, str):
        raise InvalidArgument(f"where={regime.where!r} must be a condition as text, such as 'age >= 65'.")


def _where(condition: str) -> str:
    return f" where {condition}" if condition else ""
