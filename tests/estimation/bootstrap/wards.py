"""Wards whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from causalmed import Estimand

ADJUSTED = ["u", "v", "w"]


def ward(n=3000, seed=2, intercept=1.6):
    rng = np.random.default_rng(seed)
    u, v, w = rng.normal(size=n), (rng.random(n) < 0.4).astype(int), rng.normal(60, 12, n)
    a = (rng.random(n) < 1 / (1 + np.exp(0.3 - 0.6 * u - 0.4 * v))).astype(int)
    y = (rng.random(n) < 1 / (1 + np.exp(intercept - 0.4 * a - 0.5 * u - (w - 60) / 20))).astype(int)
    z = 3 + a + u + rng.normal(size=n) * (1 + v)
    return pd.DataFrame({"id": np.arange(n), "u": u, "v": v, "w": w, "a": a, "y": y, "z": z})


def question(outcome="y"):
    return Estimand.given(exposure="a", outcome=outcome, adjustment_set=ADJUSTED)
