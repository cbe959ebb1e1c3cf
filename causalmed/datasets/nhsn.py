"""The official risk model for colon surgery of the US surveillance network, as printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from causalmed.datasets.simulate import FloatArray

__all__ = ["COEFFICIENTS", "Operation", "colon_logit", "colon_risk"]

COEFFICIENTS: Final = {
    "constant": -5.5134,
    "open": 0.6402,
    "trauma": 0.3607,
    "asa_3_plus": 0.3089,
    "contaminated": 0.1707,
    "beds_319_plus": 0.0958,
    "emergency": 0.1097,
    "teaching": 0.0723,
    "male": 0.1212,
    "bmi_40_plus": 0.1111,
    "oncology": 0.3658,
    "general_anaesthesia": 0.1708,
}
"""Log odds ratios of the binary terms."""

DURATION: Final = ((67, 0.2344), (108, 0.3900), (146, 0.5221), (233, 0.6950), (297, 0.8690))
"""Minutes from which each step holds, and its log odds ratio; shorter operations are the reference."""

AGE: Final = ((18, 0.5080), (40, 0.3765), (63, 0.1970), (80, 0.0))
"""Years from which each step holds; 80 and older are the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation, or arrays of them, as the official model describes it.

    Parameters
    ----------
    age : float or ndarray
        Years, at least 18.
    duration_min : float or ndarray
        Incision to closure, minutes.
    open, male, asa_3_plus, contaminated, emergency, trauma : bool or ndarray
        Approach, sex, ASA III or worse, wound contaminated or dirty, unplanned, trauma.
    bmi_40_plus, beds_319_plus, teaching, oncology, general_anaesthesia : bool or ndarray
        Body mass index of 40 or more; the hospital; the anaesthesia.
    """

    age: FloatArray | float
    duration_min: FloatArray | float
    open: FloatArray | float = 0.0
    male: FloatArray | float = 0.0
    asa_3_plus: FloatArray | float = 0.0
    contaminated: FloatArray | float = 0.0
    emergency: FloatArray | float = 0.0
    trauma: FloatArray | float = 0.0
    bmi_40_plus: FloatArray | float = 0.0
    beds_319_plus: FloatArray | float = 0.0
    teaching: FloatArray | float = 0.0
    oncology: FloatArray | float = 0.0
    general_anaesthesia: FloatArray | float = 0.0


def colon_logit(operation: Operation) -> FloatArray:
    """Return the official linear predictor ``η = β₀ + Σ βⱼ xⱼ``.

    Examples
    --------
    >>> example = Operation(age=55, duration_min=180, open=True, male=True, asa_3_plus=True)
    >>> round(float(colon_logit(example)), 4)
    -3.5445
    """
    total = np.asarray(COEFFICIENTS["constant"], dtype=np.float64)
    for name, coefficient in COEFFICIENTS.items():
        if name != "constant":
            total = total + coefficient * np.asarray(getattr(operation, name), dtype=np.float64)
    return total + _step(operation.duration_min, DURATION) + _step(operation.age, AGE)


def colon_risk(operation: Operation) -> FloatArray:
    """Risk of a deep or organ-space infection within 30 days of colon surgery.

    ``risk = 1 / (1 + exp(−η))`` with the coefficients of the 2022 rebaseline of the US CDC's National
    Healthcare Safety Network (adults, complex 30-day model).

    Parameters
    ----------
    operation : Operation
        Numbers or arrays of one length.

    Returns
    -------
    ndarray
        Risks in (0, 1).

    Examples
    --------
    >>> example = Operation(age=55, duration_min=180, open=True, male=True, asa_3_plus=True)
    >>> f"{float(colon_risk(example)):.3%}"
    '2.807%'
    """
    from scipy.special import expit

    return np.asarray(expit(colon_logit(operation)), dtype=np.float64)


def _step(value: FloatArray | float, steps: tuple[tuple[int, float], ...]) -> FloatArray:
    starts = np.array([start for start, _ in steps])
    heights = np.array([0.0, *(height for _, height in steps)])
    return np.asarray(heights[np.searchsorted(starts, np.asarray(value), side="right")], dtype=np.float64)
