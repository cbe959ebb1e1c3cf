"""The formula of an estimand, in the names of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causalmed.identification.estimand import Estimand

__all__ = ["formula_of", "held"]


def formula_of(estimand: Estimand) -> str:
    """Write the formula."""
    return {
        "backdoor": _backdoor,
        "frontdoor": _frontdoor,
        "absent": _absent,
        "instrument": _instrument,
        "mediation": _controlled if estimand.effect == "controlled_direct" else _natural,
    }[estimand.kind](estimand)


def held(names: Sequence[str], values: Sequence[float | str], *, together: str = ", ") -> str:
    """Write the values at which mediators are held.

    Examples
    --------
    >>> held(("icu", "wound"), (0.0, "dirty"))
    'icu = 0, wound = dirty'
    """
    written = [value if isinstance(value, str) else f"{value:g}" for value in values]
    return together.join(f"{name} = {value}" for name, value in zip(names, written, strict=True))


def _backdoor(of: Estimand) -> str:
    x, y, z = of.exposure, of.outcome, ", ".join(of.adjustment_set)
    if not z:
        return f"P({y} | do({x})) = P({y} | {x})"
    return f"P({y} | do({x})) = Σ_{{{z}}} P({y} | {x}, {z}) P({z})"


def _frontdoor(of: Estimand) -> str:
    x, y, m = of.exposure, of.outcome, ", ".join(of.mediators)
    w = ", ".join(of.adjustment_set)
    if not w:
        return f"P({y} | do({x})) = Σ_{{{m}}} P({m} | {x}) Σ_{{{x}′}} P({y} | {m}, {x}′) P({x}′)"
    return (
        f"P({y} | do({x})) = Σ_{{{w}}} P({w}) Σ_{{{m}}} P({m} | {x}, {w}) "
        f"Σ_{{{x}′}} P({y} | {m}, {x}′, {w}) P({x}′ | {w})"
    )


def _absent(of: Estimand) -> str:
    return f"P({of.outcome} | do({of.exposure})) = P({of.outcome})"


def _instrument(of: Estimand) -> str:
    x, y, z = of.exposure, of.outcome, ", ".join(of.adjustment_set)
    i, given = ", ".join(of.instruments), f" | {z}" if z else ""
    return f"effect of {x} on {y} = Cov({i}, {y}{given}) / Cov({i}, {x}{given})"


def _natural(of: Estimand) -> str:
    x, y, m = of.exposure, of.outcome, ", ".join(of.mediators)
    w = ", ".join(of.adjustment_set)
    given, outer, last = (f", {w}", f"Σ_{{{w}}} ", f" P({w})") if w else ("", "", "")
    return (
        f"P({y} | do({x}), {m} as under {x}′) = {outer}Σ_{{{m}}} P({y} | {x}, {m}{given}) "
        f"P({m} | {x}′{given}){last}"
    )


def _controlled(of: Estimand) -> str:
    x, y, at = of.exposure, of.outcome, held(of.mediators, of.mediator_values)
    w, ell = ", ".join(of.adjustment_set), ", ".join(of.after_exposure)
    given = f", {w}" if w else ""
    start = f"P({y} | do({x}, {at})) = " + (f"Σ_{{{w}}} P({w}) " if w else "")
    if not ell:
        return f"{start}P({y} | {x}, {at}{given})"
    return f"{start}Σ_{{{ell}}} P({ell} | {x}{given}) P({y} | {x}, {at}, {ell}{given})"
