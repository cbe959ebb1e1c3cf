"""Patients whose effect is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed import Cohort, Estimand

NAMES = ["u", "v"]


def patients(n=2000, seed=1, hospitals=0):
    """A two-valued exposure a, a numeric one d; outcomes with constant effects on their scales."""
    rng = np.random.default_rng(seed)
    h = rng.integers(0, max(hospitals, 1), n)
    habit, quality = rng.normal(0, 0.5, (2, max(hospitals, 1))) * (hospitals > 0)
    u, v = rng.normal(size=n), rng.normal(size=n)
    a = (rng.random(n) < expit(0.7 * u - 0.3 * v + habit[h])).astype(int)
    d = 0.8 * u + 0.5 * v + habit[h] + rng.normal(size=n)
    return pd.DataFrame(
        {
            "u": u,
            "v": v,
            "h": h,
            "a": a,
            "d": d,
            "yd": 1.5 * d + u + quality[h] + rng.normal(size=n),
            "ya": 0.7 * a + u + 0.5 * v + quality[h] + rng.normal(size=n),
            "ba": (rng.random(n) < expit(-0.8 + 0.7 * a + 0.8 * u + quality[h])).astype(int),
            "bd": (rng.random(n) < expit(-0.8 + 0.5 * d + 0.8 * u + quality[h])).astype(int),
        }
    )


def asks(exposure, outcome):
    """The question, adjusted for both confounders."""
    return Estimand.given(exposure=exposure, outcome=outcome, adjustment_set=NAMES)


def cohort_of(frame):
    """The cohort, with its hospitals where there are several."""
    if frame.h.nunique() == 1:
        return Cohort.from_frame(frame.drop(columns="h"))
    return Cohort.from_frame(frame, cluster="h", kinds={"h": "categorical"})
