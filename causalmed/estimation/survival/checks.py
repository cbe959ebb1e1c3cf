"""Checks of the censoring: how much, how unequal, whom the weights speak for."""

from __future__ import annotations

import numpy as np

from causalmed.estimation.positivity import default_bound
from causalmed.estimation.survival.posing import Timed
from causalmed.estimation.survival.solving import Hazards
from causalmed.estimation.survival.standin import Standins
from causalmed.results import Check, State

__all__ = ["censoring_checks"]

_HEAVY = 20.0


def censoring_checks(timed: Timed, hazards: Hazards, filled: Standins) -> tuple[Check, ...]:
    """Return the check of the censoring before the horizon.

    Parameters
    ----------
    timed, hazards, filled
        The question, the fitted hazards, the stand-ins.

    Returns
    -------
    tuple of Check
    """
    seen, exposed = timed.seen, timed.problem.exposed
    lost = seen.cause == 0
    if not lost.any():
        sentence = f"Everybody's state {timed.by_when} is known."
        return (Check(name="censoring", state=State.PASS, sentence=sentence, value=0.0),)
    shares = [100 * float(lost[exposed == arm].mean()) for arm in (1, 0)]
    largest = float(filled.weight.max())
    bounded = int(filled.bounded.sum())
    bound = default_bound(seen.n)
    sentence = (
        f"{int(lost.sum()):,} of {seen.n:,} patients were lost before the horizon ({shares[0]:.2g} of 100 "
        f"exposed, {shares[1]:.2g} of 100 unexposed); those who stayed count for up to {largest:.2g} "
        "patients."
    )
    if bounded:
        sentence += (
            f" For {bounded:,} the chance of being followed was below {bound:.2g} and was raised to it."
        )
    state = State.WARN if largest > _HEAVY or bounded or max(shares) > 50 else State.PASS
    if bounded > 0.01 * seen.n:
        state = State.FAIL
    return (
        Check(
            name="censoring",
            state=state,
            sentence=sentence,
            value=float(np.mean(lost)),
            threshold=0.5,
            advice="Choose a shorter horizon, or find out what became of the patients who were lost.",
        ),
    )
