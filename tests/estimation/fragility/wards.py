"""A small world with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed import Estimand

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])


def ward(n, seed, effect=0.7):
    """Patients with confounding by age; risk1 and risk0 are the true risks under either exposure."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    late = rng.random(n) < expit(0.7 * age)
    risk1, risk0 = expit(-1.6 + effect + 0.7 * age), expit(-1.6 + 0.7 * age)
    ssi = rng.random(n) < np.where(late, risk1, risk0)
    return pd.DataFrame({"age": age, "late": late, "ssi": ssi, "risk1": risk1, "risk0": risk0})
