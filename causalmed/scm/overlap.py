"""Could the patients have had what an intervention sets for them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.results import Check, State
from causalmed.scm.mechanism import Discrete, Numeric, positions
from causalmed.scm.request import Request
from causalmed.scm.terms import FloatArray, Values
from causalmed.scm.worlds import Arm, drawing_of

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["overlap_checks"]

_RARE: Final = 0.01
_RARE_WARN: Final = 0.01
_RARE_FAIL: Final = 0.20


def overlap_checks(model: StructuralCausalModel, ask: Request, arms: tuple[Arm, Arm]) -> tuple[Check, ...]:
    """Count, for each node that is set, patients for whom its value was next to impossible, by the model.

    A level counts where its chance is below 1 %; a number that a regime sets, where 99 % of patients like
    this one have a smaller value, or a larger one.
    """
    if arms[0].worlds.given is None:
        return ()
    found = (_overlap(model, exposure, ask, arms) for exposure in ask.exposures)
    return tuple(check for check in found if check is not None)


def _overlap(
    model: StructuralCausalModel, exposure: str, ask: Request, arms: tuple[Arm, Arm]
) -> Check | None:
    mechanism = model.mechanisms[exposure]
    numeric = not isinstance(mechanism, Discrete)
    acting = [arm for arm in arms if exposure in arm.worlds.plan.exposures]
    if not any(ask.outcome in arm.worlds.plan.affected for arm in acting):
        return None
    if numeric and (ask.is_static or not isinstance(mechanism, Numeric)):
        return None
    masks = [_rare(model, exposure, arm) for arm in acting]
    share = float(np.logical_or.reduce(masks).mean())
    state = State.PASS if share <= _RARE_WARN else State.WARN
    what = f"one of the two values of {exposure}" if ask.is_static else f"what is set of {exposure}"
    rare = f"had a chance below {100 * _RARE:g} %"
    if numeric:
        rare = f"lies beyond the central {100 * (1 - 2 * _RARE):g} % of patients like them"
    return Check(
        name="overlap" if len(ask.exposures) == 1 else f"overlap of {exposure}",
        state=State.FAIL if share > _RARE_FAIL and not numeric else state,
        sentence=f"For {100 * share:.1f} % of patients {what} {rare}.",
        value=share,
        threshold=_RARE_WARN,
        advice="The model guesses for them; restrict the cohort to patients who could have had either."
        if ask.is_static
        else "The model guesses for them; restrict the cohort, or change less.",
    )


def _rare(model: StructuralCausalModel, exposure: str, arm: Arm) -> NDArray[np.bool_]:
    """Return the patients who are set to what hardly occurs in patients like them."""
    drawing, plan = drawing_of(arm.worlds, model.mechanisms, draw=0), arm.worlds.plan
    given = arm.worlds.given
    assert given is not None
    natural = {**given, **drawing.run(arm.intervention.fixed)}
    fixed = drawing.world(arm.intervention.fixed, wanted=())
    inputs: Values = {
        name: fixed[name] if plan.sees_set(exposure, name) else natural[name]
        for name in model.factors.pillows[exposure]
    }
    set_to, mechanism = fixed[exposure], model.mechanisms[exposure]
    rare = np.broadcast_to(_is_rare(mechanism, set_to, inputs), (arm.worlds.rows,))
    if exposure in plan.rules.get(exposure, ()):
        rare = rare & (set_to != natural[exposure])
    return np.asarray(rare)


def _is_rare(mechanism: object, values: FloatArray, inputs: Values) -> NDArray[np.bool_]:
    if isinstance(mechanism, Discrete):
        chance = np.broadcast_to(mechanism.probabilities(inputs), (len(values), len(mechanism.codes)))
        place = positions(values, mechanism.codes)
        happened = np.take_along_axis(chance, np.maximum(place, 0)[:, np.newaxis], axis=1)[:, 0]
        return np.asarray((happened < _RARE) | (place < 0))
    assert isinstance(mechanism, Numeric)
    below = mechanism.cdf(values, inputs)
    return np.asarray((below < _RARE) | (below > 1 - _RARE))
