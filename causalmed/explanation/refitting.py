r"""Where the doubt about an attribution comes from: an analysis of variance of nested and crossed refits.

Let :math:`\phi(m, s, b)` be an attribution with the risk model, the structural model and the background of a
half. With all three from the same half :math:`h`, and with one of them at a time,

.. math:: T = \mathrm{Var}_h\,\phi(m_h, s_h, b_h), \quad M = \mathrm{Var}_h\,\phi(m_h, s, b), \quad
          S = \mathrm{Var}_h\,\phi(m, s_h, b), \quad B = \mathrm{Var}_h\,\phi(m, s, b_h),

and what the fits share, because they are made on the same patients, is :math:`T - M - S - B`, of either sign.
Sampled noise is the same in all of them, so its variance, known from its own runs, is added to T.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.explanation.explanation import Explanation
from causalmed.explanation.halves import Half
from causalmed.explanation.uncertainty import Uncertainty

__all__ = ["Answerer", "with_uncertainty"]

Matrix = NDArray[np.float64]
Answerer = Callable[[str, Half], Matrix]
"""Question and half → attributions in percentage points, shape (patients, features)."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "used": ("model", "background"),
    "set": ("model", "mechanisms"),
    "caused": ("mechanisms",),
}
"""What each question depends on, beyond sampled noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spread:
    """Attributions by half, shape (halves, patients, features): everything from the half, or one part."""

    together: Matrix
    alone: Mapping[str, Matrix]


def with_uncertainty(
    answers: Mapping[str, Explanation],
    found: Sequence[Half],
    as_it_is: Half,
    answer: Answerer,
    *,
    units: int,
) -> dict[str, Explanation]:
    """Return the explanations with the doubt about each attribution, by where it comes from.

    Parameters
    ----------
    answers : mapping of str to Explanation
        By question.
    found : sequence of Half
        The refits.
    as_it_is : Half
        The models and the background as they are.
    answer : callable
        Computes attributions again.
    units : int
        Patients or clusters of which halves were drawn.
    """
    freedom = float(min(len(found), units) - 1)
    return {
        name: replace(
            explained,
            uncertainty=_uncertainty(explained, _spread(name, found, as_it_is, answer), freedom, units),
        )
        for name, explained in answers.items()
    }


def _spread(name: str, found: Sequence[Half], as_it_is: Half, answer: Answerer) -> _Spread:
    parts = [part for part in PARTS[name] if _moves(part, found, as_it_is)]
    together = np.array([answer(name, half) for half in found])
    if len(parts) == 1:
        return _Spread(together=together, alone={parts[0]: together})
    alone = {
        part: np.array([answer(name, replace(as_it_is, **{part: getattr(half, part)})) for half in found])
        for part in parts
    }
    return _Spread(together=together, alone=alone)


def _moves(part: str, found: Sequence[Half], as_it_is: Half) -> bool:
    return any(getattr(half, part) is not getattr(as_it_is, part) for half in found)


def _uncertainty(explained: Explanation, spread: _Spread, freedom: float, units: int) -> Uncertainty:
    scale = (units // 2) / (units - units // 2)
    nothing = np.zeros_like(explained.values)

    def variance(values: Matrix | None) -> Matrix:
        return nothing if values is None else np.asarray(scale * values.var(axis=0, ddof=1))

    noise = explained.monte_carlo_error**2
    model, scm = variance(spread.alone.get("model")), variance(spread.alone.get("mechanisms"))
    background = variance(spread.alone.get("background"))
    if "background" not in spread.alone:
        background = explained.background_error**2
        together = variance(spread.together) + background
    else:
        together = variance(spread.together)
    size = np.nan_to_num(np.abs(spread.together))
    rank = (-size).argsort(axis=2, kind="stable").argsort(axis=2, kind="stable")
    return Uncertainty(
        monte_carlo=noise,
        background=background,
        model=model,
        scm=scm,
        shared=together - model - scm - background,
        total=together + noise,
        sign=np.mean(np.sign(spread.together) == np.sign(explained.values), axis=0),
        top_three=np.mean(rank < 3, axis=0),
        replicates=len(spread.together),
        degrees_of_freedom=freedom,
    )
