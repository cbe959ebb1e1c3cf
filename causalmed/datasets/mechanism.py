"""The words in which a synthetic cohort is written down: nodes, terms, laws, habits of hospitals.

A cohort is a list of :class:`Node`. Each says from which columns its value follows (``terms``), by which
law chance enters (``law``) and what hospitals do differently (``habit``). Nothing here computes; the
interpreter is :mod:`causalmed.datasets.simulate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from causalmed.errors import InvalidArgument

__all__ = [
    "Bernoulli",
    "Choice",
    "Factor",
    "Habit",
    "Law",
    "LogNormal",
    "Node",
    "Normal",
    "Ordered",
    "Term",
    "term",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bernoulli:
    """0 or 1: ``P(X = 1) = expit(η)``, as ``X = 1[u ≥ 1 − expit(η)]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """``X ~ N(η, sd²)`` truncated to [low, high], rounded to ``decimals``."""

    sd: float
    low: float
    high: float
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """``log X ~ N(η, sd²)``, clipped to [low, high], rounded to ``decimals``."""

    sd: float
    low: float
    high: float
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Proportional odds: ``P(X > k) = expit(η − cuts[k])`` for the levels 0 … len(cuts)."""

    cuts: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A root with one of several levels, drawn with these probabilities (they sum to 1)."""

    probabilities: tuple[float, ...]


Law = Bernoulli | Normal | LogNormal | Ordered | Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What hospitals do differently with the same patient: an offset of η for each hospital.

    Parameters
    ----------
    sd : float
        Spread of the offsets over the ordinary hospitals (normal scores, so they average exactly 0).
    apart : tuple of float
        The offsets of the hospitals held apart, written out.
    """

    sd: float
    apart: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A number read off one column: its standardised value, an indicator or a hinge.

    ``form`` is "value" (standardised by the node's centre and unit), "=" (1 where the column has the
    level), ">" (1 where it is above the number) or "^" (how far above the number, in the node's unit).
    """

    node: str
    form: Literal["value", "=", ">", "^"] = "value"
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """``coefficient × product of factors``, with the place its size comes from."""

    coefficient: float
    factors: tuple[Factor, ...]
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One column of the cohort and the mechanism behind it.

    Parameters
    ----------
    name, meaning, unit : str
        Column name, what it is in words, physical unit ("" for none).
    kind : str
        Kind of the column as a Cohort knows it.
    tier : str
        "before", "during", "outcome" or "after".
    law : Law
        How chance enters.
    intercept : float
        Constant of η.
    terms : tuple of Term
        The rest of η: the causes.
    habit : Habit or None
        Offsets of hospitals; an arrow from ``hospital``.
    levels : tuple of str
        Labels of the codes 0, 1, …, where the column shows labels.
    centre, step, log : float, float, bool
        What a plain factor of this node means: ``(x − centre)/step``, or ``log2(x/centre)`` with ``log``.
    marginal : tuple of float
        The range within which the share (binary), mean, or median (lognormal) must fall, from the evidence.
    marginal_source : str
        Where that range comes from.
    candidate, latent, unstable : bool
        Marked in the question graph as a candidate exposure, as unmeasured, as a rating that does not travel.
    """

    name: str
    meaning: str
    kind: str
    tier: str
    law: Law
    unit: str = ""
    intercept: float = 0.0
    terms: tuple[Term, ...] = ()
    habit: Habit | None = None
    levels: tuple[str, ...] = ()
    centre: float = 0.0
    step: float = 1.0
    log: bool = False
    marginal: tuple[float, float] | None = None
    marginal_source: str = ""
    candidate: bool = False
    latent: bool = False
    unstable: bool = False

    @property
    def parents(self) -> tuple[str, ...]:
        """The direct causes, in the order they are first named; the hospital first where it has a habit."""
        named = ["hospital"] if self.habit else []
        named += [factor.node for part in self.terms for factor in part.factors]
        return tuple(dict.fromkeys(named))


_FACTOR: Final = re.compile(r"^(?P<node>\w+?)(?:(?P<form>[=>^])(?P<argument>.+))?$")


def term(coefficient: float, *factors: str, source: str = "") -> Term:
    """Write one term of a mechanism.

    Factors read ``"smoking"``, ``"sex=male"``, ``"duration_min>120"`` or ``"age^65"``.

    Parameters
    ----------
    coefficient : float
        Change of η for one unit of the product of the factors.
    *factors : str
        At least one; their product is taken.
    source : str
        Where the size comes from.

    Returns
    -------
    Term

    Raises
    ------
    InvalidArgument
        If a factor is not understood.

    Examples
    --------
    >>> term(0.3, "hypothermia", "duration_min>120").factors[1]
    Factor(node='duration_min', form='>', argument='120')
    """
    return Term(coefficient=coefficient, factors=tuple(_factor(text) for text in factors), source=source)


def _factor(text: str) -> Factor:
    match = _FACTOR.match(text)
    if match is None:
        raise InvalidArgument(
            f"The factor {text!r} is not understood; write node, node=level, node>number or node^number."
        )
    form = match["form"] or "value"
    return Factor(node=match["node"], form=form, argument=match["argument"] or "")  # type: ignore[arg-type]
