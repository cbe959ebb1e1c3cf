r"""Could the comparison be made, and could it have shown anything?

*Equipoise*: the preference score F of a patient is the propensity score with the share of exposed patients
taken out, :math:`\operatorname{logit} F = \operatorname{logit} e - \operatorname{logit} P(A = 1)`. Patients
with F between 0.3 and 0.7 might well have had either; where they are fewer than a fifth, the arms are hardly
comparable (Walker AM and others 2013. Comp Effect Res 3:11-20).

*Minimum detectable risk ratio*, with d events, a share p of exposed patients, two-sided 5 % and power 80 %:
:math:`\exp\{(z_{0.975} + z_{0.8}) / \sqrt{d\, p (1 - p)}\}` (Schoenfeld DA 1983. Biometrics 39:499-503).
Above 10, no effect that occurs in practice would have been seen.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import expit, logit, ndtri

from causalmed.results import Check, Effect, State
from causalmed.results.pictures import Overlap

__all__ = ["detectable_check", "equipoise_check"]

_LEAST: Final = 0.2
_MOST: Final = 10.0
_MIDDLE: Final = (0.3, 0.7)


def equipoise_check(overlap: Overlap | None) -> Check | None:
    """Return how many patients might have had either exposure; None without propensity scores.

    Examples
    --------
    >>> even = Overlap(title="Overlap", edges=(0.0, 0.5, 1.0), exposed=(50, 50), unexposed=(50, 50))
    >>> equipoise_check(even).value
    0.4
    """
    if overlap is None:
        return None
    exposed, unexposed = (np.array(counts, dtype=float) for counts in (overlap.exposed, overlap.unexposed))
    n1, n0 = float(exposed.sum()), float(unexposed.sum())
    if min(n1, n0) == 0:
        return None
    low, high = (float(expit(logit(f) + math.log(n1 / n0))) for f in _MIDDLE)
    edges = np.asarray(overlap.edges)
    below = np.concatenate([[0.0], np.cumsum(exposed + unexposed)])
    share = float(np.interp(high, edges, below) - np.interp(low, edges, below)) / (n1 + n0)
    return Check(
        name="equipoise",
        state=State.PASS if share >= _LEAST else State.WARN,
        sentence=f"About {100 * share:.0f} % of the patients might well have had either exposure.",
        value=round(share, 12),
        threshold=_LEAST,
        advice='Most had a clear indication. Ask about population="overlap", or restrict the cohort to them.',
    )


def detectable_check(effect: Effect) -> Check | None:
    """Return the smallest risk ratio that this many events could have shown; None without events."""
    if effect.outcome_kind != "binary" or effect.overlap is None or effect.events == 0:
        return None
    n1, n0 = sum(effect.overlap.exposed), sum(effect.overlap.unexposed)
    p = n1 / (n1 + n0) if n1 + n0 else 0.0
    events = min(effect.events, effect.n - effect.events)
    if not 0 < p < 1 or events == 0:
        return None
    ratio = math.exp(min(700.0, float(ndtri(0.975) + ndtri(0.8)) / math.sqrt(events * p * (1 - p))))
    return Check(
        name="detectable effect",
        state=State.PASS if ratio <= _MOST else State.WARN,
        sentence=(
            f"With {events:,} events, a risk ratio of {ratio:.3g} or more would have been found (power 80 %)."
        ),
        value=ratio,
        threshold=_MOST,
        advice="Too few events to find any plausible effect: the absence of one here means nothing.",
    )
