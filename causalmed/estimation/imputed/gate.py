"""Checks of an effect that went through imputations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.results import Check, Effect, Gate, MissingnessTable, State

__all__ = ["chains_check", "imputed_gate", "information_check", "missing_check", "potential_scale"]

_SEVERITY: Final = {State.PASS: 0, State.WARN: 1, State.FAIL: 2}
_MIXED: Final = 1.2
_MUCH: Final = 0.4


def imputed_gate(effects: Sequence[Effect], *more: Check) -> Gate:
    """Return the worst of each check over the completed tables, after the checks of the imputation."""
    names = dict.fromkeys(check.name for effect in effects for check in effect.diagnostics.checks)
    return Gate(checks=(*more, *(_worst(name, effects) for name in names)))


def _worst(name: str, effects: Sequence[Effect]) -> Check:
    found = [check for effect in effects for check in effect.diagnostics.checks if check.name == name]
    worst = max(found, key=lambda check: _SEVERITY[check.state])
    as_bad = sum(check.state is worst.state for check in found)
    if worst.state is State.PASS or len(effects) == 1:
        return worst
    return replace(worst, sentence=f"{worst.sentence} (In {as_bad} of {len(effects)} imputed tables.)")


def missing_check(table: MissingnessTable, *, used: Sequence[str], exposure: str, how: str) -> Check:
    """Say how much of what was used was not recorded."""
    rows = [row for row in table.rows if row.column in used]
    shares = {row.column: row.missing / table.n for row in rows}
    told = ", ".join(f"{name} in {100 * share:.2g} %" for name, share in shares.items())
    worst = max(shares.values(), default=0.0)
    care = worst > _MUCH or exposure in shares
    why = f" Who had {exposure} was itself guessed for some." if exposure in shares else ""
    return Check(
        name="missing values",
        state=State.WARN if care else State.PASS,
        sentence=f"Not recorded: {told}. {how}{why}",
        value=worst,
        threshold=_MUCH,
        advice="Compare with an analysis that leaves these columns, or these patients, out.",
    )


def information_check(lost: float, draws: int) -> Check:
    """Say how much information is missing, and whether the draws suffice: one for each per cent."""
    wanted = int(np.ceil(100 * lost))
    few = draws < wanted
    return Check(
        name="missing information",
        state=State.WARN if few else State.PASS,
        sentence=(
            f"Missing values took away {100 * lost:.2g} % of the information; {draws} imputations "
            f"{'are fewer than' if few else 'are enough: at least'} the {wanted} that are wanted."
        ),
        value=lost,
        threshold=draws / 100,
        advice=f"Ask for Imputation(draws={max(wanted, 2)}), so that the answer depends less on the seed.",
    )


def chains_check(trace: NDArray[np.float64], names: Sequence[str]) -> Check:
    """Say whether the chains of imputations forgot where they started.

    Parameters
    ----------
    trace : ndarray, shape (draws, iterations, columns)
        Means of the imputed values.
    names : sequence of str
        Columns.
    """
    scales = potential_scale(trace)
    worst = int(scales.argmax())
    apart = bool(scales[worst] > _MIXED)
    return Check(
        name="imputation chains",
        state=State.WARN if apart else State.PASS,
        sentence=(
            f"The chains of {names[worst]} {'do not agree' if apart else 'agree'} after {trace.shape[1]} "
            f"rounds: their spread is {scales[worst]:.2f} times that within one chain."
        ),
        value=float(scales[worst]),
        threshold=_MIXED,
        advice="Ask for more rounds, Imputation(iterations=50), and look for columns that repeat each other.",
    )


def potential_scale(trace: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return the potential scale reduction of each column over the second half of the rounds.

    .. math:: \hat R = \sqrt{\frac{(T - 1)/T \cdot W + B/T}{W}}

    with T rounds, W the variance within and B/T that between chains (Gelman A, Rubin DB 1992. Stat Sci
    7:457-472); 1 where there are fewer than four rounds to look at.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> bool(potential_scale(rng.normal(size=(20, 40, 1)))[0] < 1.1)
    True
    """
    late = trace[:, trace.shape[1] // 2 :]
    T = late.shape[1]
    if T < 4:
        return np.ones(trace.shape[2])
    within = late.var(axis=1, ddof=1).mean(axis=0)
    apart = late.mean(axis=1).var(axis=0, ddof=1)
    safe = np.where(within > 0, within, 1.0)
    return np.sqrt(np.where(within > 0, (T - 1) / T + apart / safe, 1.0))
