"""Several gates read as one: of each check the worst is shown."""

from __future__ import annotations

from collections.abc import Iterable

from causalmed.results import Check, Gate, State

__all__ = ["merged"]

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
