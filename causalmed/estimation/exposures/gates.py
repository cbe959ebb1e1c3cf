"""Checks of exposures that are numbers, and several gates read as one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.covariance import Spread
from causalmed.results import Check, Gate, State

__all__ = ["clusters_check", "events_check", "merged"]

_ORDER = {State.PASS: 0, State.WARN: 1, State.FAIL: 2}


def merged(gates: Iterable[Gate]) -> Gate:
    """Return one gate in which each check is the worst of its name.

    Examples
    --------
    >>> good = Gate(checks=(Check(name="overlap", state=State.PASS, sentence="Fine."),))
    >>> thin = Gate(checks=(Check(name="overlap", state=State.WARN, sentence="Thin."),))
    >>> merged([good, thin]).check("overlap").sentence
    'Thin.'
    """
    worst: dict[str, Check] = {}
    for gate in gates:
        for check in gate.checks:
            known = worst.get(check.name)
            if known is None or _ORDER[check.state] > _ORDER[known.state]:
                worst[check.name] = check
    return Gate(checks=tuple(worst.values()))


def events_check(outcome: NDArray[np.float64], *, binary: bool, parameters: int) -> Check:
    """Hold the events (patients, for a number) against the coefficients of the outcome model."""
    rarer = min(outcome.sum(), len(outcome) - outcome.sum()) if binary else len(outcome)
    per, what = float(rarer) / max(parameters, 1), "events" if binary else "patients"
    return Check(
        name="events per parameter",
        state=State.PASS if per >= 10 else State.WARN if per >= 3 else State.FAIL,
        sentence=f"There are {per:.1f} {what} for each number of the outcome model.",
        value=per,
        threshold=10.0,
        advice="Adjust for fewer columns, or collect more patients.",
    )


def clusters_check(name: str, groups: int, spread: Spread) -> Check:
    """Say how the interval allows for clusters, and which could not be left out."""
    skipped = len(spread.not_refitted)
    how = "by leaving out one at a time" if "jackknife" in spread.source else "by their sums"
    without = (
        f" Without {skipped} of them no model could be fitted; their influence was used." if skipped else ""
    )
    return Check(
        name="clusters",
        state=State.WARN if groups < 10 or skipped else State.PASS,
        sentence=f"{groups} groups of {name}; the interval allows for them {how}.{without}",
        value=float(groups),
        threshold=10.0,
        advice="With few groups the interval is rough; more groups help.",
    )
