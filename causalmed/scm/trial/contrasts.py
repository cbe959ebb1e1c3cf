r"""Two arms of a virtual trial compared patient by patient.

The differences of patients who share their noise have the mean :math:`\bar d` and the Monte-Carlo error
:math:`s_d / \sqrt n`, which more patients make as small as one likes. The error of the model does not get
smaller: the mechanisms are resampled as in :mod:`causalmed.scm.resampling`, and the contrast, its outcome
averaged exactly, is computed again for the same first patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtrit

from causalmed.arguments import require_share
from causalmed.engine import exact_sum
from causalmed.errors import InvalidArgument
from causalmed.results import Interval
from causalmed.scm.nodes import columns_of
from causalmed.scm.request import at_least
from causalmed.scm.resampling import resampled
from causalmed.scm.terms import FloatArray
from causalmed.scm.trial.twins import Twins

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["TrialContrast", "contrasted"]

_FOR_MODEL: Final = 20_000
_CONTRAST: Final = np.array([1.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialContrast:
    """The mean difference of two arms, with its two errors apart.

    Parameters
    ----------
    outcome, arm, against : str
        What is compared.
    n : int
        Twins.
    means : tuple of two floats
        Of the two arms.
    spreads : tuple of two floats
        Standard deviations of the outcome in the two arms.
    difference : float
        Mean of arm minus against.
    monte_carlo_error : float
        Its standard error if the model were exact.
    model_error : float
        Its standard error from the data the model was fitted on; not a number without them.
    degrees_of_freedom : float
        Of the model error.
    better, worse : float
        Shares of twins whose outcome is lower (higher) in ``arm``, under noise that is shared: of patients
        who have both, nothing in data says how they hang together.
    binary : bool
        Whether the outcome is binary.
    level : float
        Confidence level.
    covariance : tuple of two pairs of floats
        Of the two means, both errors together.
    """

    outcome: str
    arm: str
    against: str
    n: int
    means: tuple[float, float]
    spreads: tuple[float, float]
    difference: float
    monte_carlo_error: float
    model_error: float
    degrees_of_freedom: float
    better: float
    worse: float
    binary: bool
    level: float
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))

    @property
    def interval(self) -> Interval:
        """The difference with both errors; a model without patients has its Monte-Carlo error alone."""
        model = 0.0 if math.isnan(self.model_error) else self.model_error
        error = math.hypot(self.monte_carlo_error, model)
        width = float(stdtrit(self.degrees_of_freedom, 0.5 + self.level / 2)) * error
        return Interval(
            estimate=self.difference,
            low=self.difference - width,
            high=self.difference + width,
            std_error=error,
            level=self.level,
        )

    def summary(self) -> str:
        """Say it in a few lines."""
        shown = self.interval
        known = (
            "the mechanisms are taken as exact" if math.isnan(self.model_error) else f"{self.model_error:.2g}"
        )
        return (
            f"{self.outcome}, {self.arm} minus {self.against}, {self.n:,} twins: {shown.estimate:.4f}\n"
            f"  {100 * self.level:g} % interval {shown.low:.4f} to {shown.high:.4f}\n"
            f"  Monte-Carlo error {self.monte_carlo_error:.2g}; error of the model: {known}"
        )


def contrasted(
    model: StructuralCausalModel,
    twins: Twins,
    arms: tuple[str, str],
    outcome: str,
    *,
    level: float,
    replicates: int,
    n_jobs: int,
) -> TrialContrast:
    """Compare two arms; see :meth:`VirtualTrial.contrast`."""
    require_share("level", level, example=0.95)
    at_least(0, replicates, "replicates")
    if arms[0] == arms[1]:
        raise InvalidArgument(f"The contrast compares arm {arms[0]!r} with itself; name two.")
    sums = exact_sum([_moments(_outcomes(block, arms, outcome)) for block in twins.blocks(n_jobs=n_jobs)])
    n, mean = twins.n, sums / twins.n
    spread = np.sqrt(np.maximum(mean[3:6] - mean[:3] ** 2, 0.0) * n / max(n - 1, 1))
    refits, freedom = _model_covariance(model, twins, arms, outcome, replicates=replicates)
    shared = (spread[0] ** 2 + spread[1] ** 2 - spread[2] ** 2) / 2
    drawn = np.array([[spread[0] ** 2, shared], [shared, spread[1] ** 2]]) / n
    whole = drawn + np.nan_to_num(refits)
    return TrialContrast(
        outcome=outcome,
        arm=arms[0],
        against=arms[1],
        n=n,
        means=(float(mean[0]), float(mean[1])),
        spreads=(float(spread[0]), float(spread[1])),
        difference=float(mean[2]),
        monte_carlo_error=float(spread[2] / np.sqrt(n)),
        model_error=float(np.sqrt(_CONTRAST @ refits @ _CONTRAST)),
        degrees_of_freedom=freedom,
        better=float(mean[6]),
        worse=float(mean[7]),
        binary=model.nodes[outcome].kind == "binary",
        level=level,
        covariance=((float(whole[0, 0]), float(whole[0, 1])), (float(whole[1, 0]), float(whole[1, 1]))),
    )


def _outcomes(
    block: dict[tuple[str, str], FloatArray], arms: tuple[str, str], outcome: str
) -> tuple[FloatArray, FloatArray]:
    one, two = (block.get((arm, outcome), block.get(("", outcome))) for arm in arms)
    assert one is not None
    assert two is not None
    return one, two


def _moments(outcomes: tuple[FloatArray, FloatArray]) -> FloatArray:
    a, b = outcomes
    d = a - b
    sums = [a.sum(), b.sum(), d.sum(), (a * a).sum(), (b * b).sum(), (d * d).sum()]
    return np.array([*sums, np.sum(d < 0), np.sum(d > 0)], dtype=np.float64)


def _model_covariance(
    model: StructuralCausalModel, twins: Twins, arms: tuple[str, str], outcome: str, *, replicates: int
) -> tuple[FloatArray, float]:
    """Return the covariance of the two means from the patients of the fit, not numbers without them."""
    if model.cohort is None or replicates < 2:
        return np.full((2, 2), math.nan), math.inf
    nodes = twins.natural.needed
    columns = columns_of(model.cohort, model.factors.closure(nodes), model.nodes)
    again = resampled(model, nodes, columns=columns, replicates=replicates, seed=twins.seed)
    few = replace(twins, n=min(_FOR_MODEL, twins.n), mean_of=outcome)

    def means(replicate: int) -> FloatArray:
        moved = replace(few, mechanisms=again.mechanisms(replicate))
        sums = [_moments(_outcomes(block, arms, outcome)) for block in moved.blocks()]
        return np.asarray(exact_sum(sums)[:2] / few.n)

    values = np.array([means(replicate) for replicate in range(again.replicates)])
    return again.covariance(values), again.degrees_of_freedom
