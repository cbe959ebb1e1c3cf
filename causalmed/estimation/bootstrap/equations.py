"""The models of an effect and its means as one system of estimating equations, ready for replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import bootstrap as kernel
from causalmed.engine import block_slices
from causalmed.estimation.bootstrap.derivatives import Derivatives
from causalmed.estimation.bootstrap.weights import LANES
from causalmed.estimation.specs import IPW, IPWRA, Estimator, GComputation

__all__ = ["Equations", "Lines"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
_HEAD = 11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equations:
    r"""Everything 64 replicates need, rows of the exposed first.

    A replicate is a point :math:`d` (coordinates of :mod:`~causalmed.estimation.bootstrap.whitening`, those
    of the propensity model first) and, for TMLE, the fluctuation :math:`\epsilon` of each arm.

    Attributes
    ----------
    spec : Estimator
        What is estimated.
    keys : ndarray of uint64, shape (n,)
        Start of each row's stream.
    exposed : int
        Rows of the exposed arm; they come first.
    outcome : ndarray of float32, shape (n,)
        Y on the unit of ``scale``.
    base : ndarray of float32, shape (3, n)
        Linear predictors at the full fit: propensity, outcome under a, under b.
    residuals : ndarray of float32, shape (2, n)
        Residuals there: of the propensity model, of the outcome model in its own weights.
    matrices : list of ndarray of float32 or None
        z: propensity, outcome under a, under b. None in second place: that of b, moved by ``shift``.
    shift : ndarray, shape (p,), or None
        What z gains from b to a, where that is the same for everybody.
    gap : float
        What the linear predictor gains from b to a at the full fit, where ``shift`` is.
    separate : bool
        Whether each arm has its own outcome model.
    logistic, weighted, targeted : bool
        Link of the outcome model; whether it is fitted with the weights of the patients; TMLE.
    arms : ndarray of float32, shape (2, 5)
        By A: c0, c1 and the bounds of x in the weight c0 + c1 x; tilt.
    bound : float
        Means are kept so far from 0 and 1 before they are targeted.
    epsilon : ndarray, shape (2,)
        Fluctuation at the full fit.
    derivatives : Derivatives
        Of means, targeting and coupled models at the full fit.
    scale : tuple of float
        Smallest value and range of the outcome.
    """

    spec: Estimator
    keys: NDArray[np.uint64]
    exposed: int
    outcome: Single
    base: Single
    residuals: Single
    matrices: list[Single | None]
    shift: Array | None
    gap: float
    separate: bool
    logistic: bool
    weighted: bool
    targeted: bool
    arms: Single
    bound: float
    epsilon: Array
    derivatives: Derivatives
    scale: tuple[float, float]

    @property
    def parameters(self) -> int:
        """Length of d."""
        return int(self.derivatives.to_means.shape[1])

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Columns of the propensity model, of the outcome model under a (0: that of b), under b."""
        first, second, third = (0 if z is None else z.shape[1] for z in self.matrices)
        return first, second if self.separate else 0, third

    @property
    def models(self) -> list[slice]:
        """Where the models stand in d."""
        ends = np.cumsum(self.sizes).tolist()
        starts = [0, *ends[:-1]]
        return [slice(start, end) for start, end in zip(starts, ends, strict=True) if end > start]

    def lines(self, group: int, d: Array | None, epsilon: Array) -> Lines:
        """Pass over all rows with the weights of a group of replicates.

        Parameters
        ----------
        group : int
            Replicates 64 group … 64 group + 63.
        d : ndarray, shape (parameters, 64), or None
            Where they are; None: all at the full fit.
        epsilon : ndarray, shape (2, 64)
            Their fluctuations.
        """
        lift = np.concatenate([self._lift(d), np.exp(epsilon)]).astype(np.float32)
        total = np.zeros((_HEAD + sum(0 if z is None else z.shape[1] for z in self.matrices), LANES))
        residuals, steps = (self.residuals, None) if d is None else (None, self._steps(d))
        for block in block_slices(len(self.outcome)):
            total += kernel.totals(
                self.keys, group, self.exposed, self.outcome, self.base, residuals, self.matrices, steps,
                lift, self.arms, block.start, block.stop, self.logistic, self.weighted, self.targeted,
                self.bound,
            )  # fmt: skip
        return Lines(head=total[:_HEAD], scores=self._scores(total))

    def means(self, lines: Lines, weights: Lines) -> Array:
        """Return the means under a, under b and as observed, shape (3, 64), before a last correction."""
        arms, sums = weights.head[:2], weights.head[2:4]
        tilt = self.arms[::-1, 4].astype(np.float64)
        mass = tilt @ arms
        predicted, residual, weight = lines.head[4:6], lines.head[6:8], lines.head[8:10]
        if isinstance(self.spec, GComputation | IPWRA):
            two = predicted / mass
        elif isinstance(self.spec, IPW):
            two = residual / (weight if self.spec.stabilised else mass)
        else:
            two = (predicted + residual) / mass
        return np.vstack([two, tilt @ sums / mass])

    def in_units(self, means: Array) -> Array:
        """Return means on the scale of the outcome."""
        low, width = self.scale
        return np.asarray(low + width * means)

    def _steps(self, d: Array) -> list[Single | None]:
        first, second, _ = self.sizes
        single = np.ascontiguousarray(d, dtype=np.float32)
        of_b = single[first + second :]
        of_a = single[first : first + second] if self.separate else of_b
        parts = (single[:first], of_a, of_b)
        return [None if z is None else part for z, part in zip(self.matrices, parts, strict=True)]

    def _lift(self, d: Array | None) -> Array:
        if self.shift is None:
            return np.zeros((1, LANES))
        lift = np.full(LANES, self.gap)
        if d is not None:
            lift = lift + self.shift @ d[self.sizes[0] :]
        return np.asarray(np.exp(-lift) if self.logistic else lift)[None, :]

    def _scores(self, total: Array) -> Array:
        first, second, _ = (0 if z is None else z.shape[1] for z in self.matrices)
        scores = total[_HEAD:]
        propensity, of_a, of_b = np.split(scores, [first, first + second])
        if self.separate:
            return scores
        if second:
            return np.vstack([propensity, of_a + of_b])
        if self.shift is None:
            return propensity
        return np.vstack([propensity, of_b + np.outer(self.shift, total[10])])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """What a pass found: the kernel's first 11 lines, and the scores by d; a column a replicate."""

    head: Array
    scores: Array
