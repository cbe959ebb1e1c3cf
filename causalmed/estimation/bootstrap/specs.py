"""The bootstrap as a value that wraps an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causalmed.errors import InvalidArgument
from causalmed.estimation.solving import learns
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.results.spelling import as_written

__all__ = ["FEWEST", "Bootstrap"]

FEWEST = 50
"""Fewer replicates than this say nothing about a spread."""
_MOST = 1_000_000
_DEFAULT = AIPW()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bootstrap:
    r"""An estimator whose covariance comes from a fractional weighted bootstrap.

    .. math:: w_{ir} \sim \operatorname{Exp}(1), \qquad
              \widehat\Sigma = \frac1{R - 1} \sum_r (\hat\psi_r - \bar\psi)(\hat\psi_r - \bar\psi)^\top

    In each replicate every patient counts with a weight of his own (every hospital, where the cohort has
    clusters), and *all* models are fitted again. No patient ever vanishes, so a replicate keeps every outcome
    and every level, however rare. The estimate is that of the wrapped estimator.

    Parameters
    ----------
    estimator : GComputation, IPW, IPWRA, AIPW or TMLE
        With parametric nuisances; machine learners are refused.
    replicates : int
        R, at least 50. The standard error of a standard error is about :math:`1 / \sqrt{2R}` of it: 2.2 %
        with 1,000.

    Raises
    ------
    InvalidArgument
        No such estimator, learners among its nuisances, too few replicates.

    References
    ----------
    Rubin DB (1981). The Bayesian bootstrap. Ann Stat 9:130-134. Xu L, Gotwalt C, Hong Y, King CB, Meeker WQ
    (2020). Applications of the fractional-random-weight bootstrap. Am Stat 74:345-358.

    Examples
    --------
    >>> Bootstrap(replicates=500)
    Bootstrap(replicates=500)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    models: ClassVar[frozenset[str]] = frozenset()

    estimator: Estimator = _DEFAULT
    replicates: int = 1_000

    __repr__ = as_written

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, GComputation | IPW | IPWRA | AIPW | TMLE):
            raise InvalidArgument(
                f"Bootstrap(estimator={self.estimator!r}) is not accepted: wrap GComputation(), IPW(), "
                "IPWRA(), AIPW() or TMLE()."
            )
        if learns(self.estimator):
            raise InvalidArgument(
                f"Bootstrap(estimator={self.estimator!r}) is not accepted: a machine learner would have to "
                "be cross-fitted again in every replicate, and its bootstrap is not known to be valid. Use "
                "the learner without Bootstrap(), or Logistic() and Linear() with it."
            )
        whole = isinstance(self.replicates, int) and not isinstance(self.replicates, bool)
        if not whole or not FEWEST <= self.replicates <= _MOST:
            raise InvalidArgument(
                f"replicates={self.replicates!r} must be a whole number from {FEWEST} to {_MOST:,}; 1,000 is "
                "usual."
            )

    @property
    def populations(self) -> frozenset[str]:
        """Populations the wrapped estimator can speak about."""
        return self.estimator.populations
