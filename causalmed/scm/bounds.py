r"""Bounds on a patient's outcome under an intervention, given everything observed of the patient.

For a discrete node with law :math:`p` under the inputs it had and :math:`p^*` under the inputs it would have
had, nothing in the data says how the two worlds hang together. What was observed, :math:`X = j`, leaves

.. math:: P(X^* = k \mid X = j) \le \min\{1,\; p^*_k / p_j\}, \qquad \sum_k P(X^* = k \mid X = j) = 1,

for a binary node the bounds of Tian and Pearl under exogeneity: with :math:`y = 1`,
:math:`\max(0, (p + p^* - 1)/p) \le P(Y^* = 1) \le \min(1, p^*/p)`. Along a path with several discrete nodes
every combination of their values is a scenario; from the last node back to the first, the least (greatest)
mean over the laws that these limits allow is carried upwards. Each scenario may choose its own law, so the
bounds are valid; they are sharp for one discrete node, not for several in a row.

References
----------
Tian J, Pearl J (2000). Probabilities of causation: bounds and identification. Ann Math Artif Intell
28:287-313, section 4.1. Fréchet M (1951). Ann Univ Lyon A 14:53-77.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from causalmed.errors import InvalidArgument
from causalmed.scm.abduction import Facts
from causalmed.scm.mechanism import positions
from causalmed.scm.terms import FloatArray

__all__ = ["Bounds", "extreme_means", "limits", "outcome_bounds"]

_SCENARIOS: Final = 2**18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """Lowest and highest mean of the outcome under the intervention, each of shape (n,)."""

    low: FloatArray
    high: FloatArray


def outcome_bounds(facts: Facts, outcome: str) -> Bounds:
    """Bound the outcome of each patient.

    Parameters
    ----------
    facts : Facts
        Patients, intervention, mechanisms.
    outcome : str
        A binary or numeric node, the last of the path.

    Returns
    -------
    Bounds

    Raises
    ------
    InvalidArgument
        So many discrete nodes lie between that their combinations cannot be listed.
    """
    if outcome not in facts.path:
        observed = facts.observed[outcome][:, 0]
        return Bounds(low=observed, high=observed)
    found = [_bounded(piece, outcome) for piece in facts.pieces(width=_size(facts, outcome))]
    return Bounds(
        low=np.concatenate([each.low for each in found]), high=np.concatenate([each.high for each in found])
    )


def _bounded(facts: Facts, outcome: str) -> Bounds:
    natural: dict[str, FloatArray] = {}
    caps: list[FloatArray] = []
    for node in facts.path:
        after = facts.after(node, natural)
        mechanism = facts.discrete(node)
        if mechanism is None:
            natural[node] = facts.moved(node, after)
            continue
        caps.append(limits(facts, node, after, scenarios=_scenarios(caps)))
        if node != outcome:
            codes = np.asarray(mechanism.codes)
            natural = {name: _spread(value, len(codes)) for name, value in natural.items()}
            natural[node] = np.tile(codes, _scenarios(caps[:-1]))[np.newaxis, :]
    return _folded(facts, outcome, natural, caps)


def limits(facts: Facts, node: str, after: dict[str, FloatArray], *, scenarios: int) -> FloatArray:
    """Return the largest possible P(node = codes[k]) in each scenario, shape (n, scenarios, K)."""
    mechanism = facts.discrete(node)
    assert mechanism is not None
    observed = facts.observed[node]
    place = positions(observed, mechanism.codes)
    shape = (len(observed), scenarios, len(mechanism.codes))
    p = np.broadcast_to(mechanism.probabilities(facts.before(node)), (len(observed), 1, shape[2]))
    happened = np.take_along_axis(p, place[:, :, np.newaxis], axis=2)
    p_star = np.broadcast_to(mechanism.probabilities(after), shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(happened > 0, np.minimum(1.0, p_star / happened), 1.0)
    exact = np.arange(shape[2]) == place[:, :, np.newaxis]
    same = np.broadcast_to(facts.unchanged(node, after), shape[:2])[:, :, np.newaxis]
    return np.where(same, exact.astype(np.float64), most)


def extreme_means(values: FloatArray, caps: FloatArray) -> FloatArray:
    """Return the least mean of values under laws with mass at most ``caps``, over the last axis.

    The mass goes to the smallest value first, then to the next.
    """
    by_size = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, by_size, axis=-1)
    filled = np.minimum(np.cumsum(np.take_along_axis(caps, by_size, axis=-1), axis=-1), 1.0)
    filled[..., -1] = 1.0
    mass = np.diff(filled, prepend=0.0, axis=-1)
    return np.asarray(np.sum(mass * ordered, axis=-1))


def _folded(facts: Facts, outcome: str, natural: dict[str, FloatArray], caps: list[FloatArray]) -> Bounds:
    rows = len(facts.observed[outcome])
    mechanism = facts.discrete(outcome)
    if mechanism is None:
        leaves = np.broadcast_to(natural[outcome], (rows, _scenarios(caps)))
    else:
        leaves = np.broadcast_to(np.asarray(mechanism.codes), caps[-1].shape).reshape(rows, -1)
    low, high = leaves, leaves
    for cap in reversed(caps):
        low = extreme_means(low.reshape(cap.shape), cap)
        high = -extreme_means(-high.reshape(cap.shape), cap)
    return Bounds(low=low[:, 0] + 0.0, high=high[:, 0] + 0.0)


def _spread(values: FloatArray, times: int) -> FloatArray:
    """Repeat each scenario; a value that is the same in all of them stays one column."""
    return values if values.shape[1] == 1 else np.repeat(values, times, axis=1)


def _scenarios(caps: list[FloatArray]) -> int:
    return caps[-1].shape[1] * caps[-1].shape[2] if caps else 1


def _size(facts: Facts, outcome: str) -> int:
    between = [node for node in facts.path if node != outcome and facts.discrete(node) is not None]
    size = math.prod(len(facts.mechanisms[node].codes) for node in between)
    if size > _SCENARIOS:
        raise InvalidArgument(
            f"{len(between)} nodes with levels lie between the intervention and {outcome!r}; their "
            f"{size:.2g} combinations cannot be listed for bounds. Ask for a named coupling "
            "(coupling='monotone' or 'independent'), or for the effect in all patients with .effect."
        )
    return size
