"""A threshold whose specificity is guaranteed, not only observed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_share
from causalmed.errors import InvalidArgument, NotEnoughEvents

__all__ = ["Threshold", "guaranteed_rank", "guaranteed_threshold", "negatives_needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    r"""A risk from which on the model alerts, and what is guaranteed about it.

    Parameters
    ----------
    value : float
        Alert where risk >= value.
    specificity : float or None
        What was asked for; ``None`` where a person stated the threshold itself.
    delta : float or None
        The guarantee fails with at most this probability over the calibration patients.
    violation : float or None
        The exact probability of failing, at most ``delta``, for risks without ties.
    rank, negatives : int or None
        The order statistic k that was taken, of how many calibration patients without the outcome.
    unlabelled : int or None
        Patients without outcomes it was set for; the guarantee is then that of large samples and of an
        assumption, see :meth:`RiskModel.adapt`.
    aim : str
        Whose specificity, where it was set for patients without outcomes.

    Examples
    --------
    >>> print(Threshold(value=0.12))
    alert from a risk of 0.12, as stated
    """

    value: float
    specificity: float | None = None
    delta: float | None = None
    violation: float | None = None
    rank: int | None = None
    negatives: int | None = None
    unlabelled: int | None = None
    aim: str = ""

    def __str__(self) -> str:
        if self.specificity is None or self.delta is None:
            return f"alert from a risk of {self.value:.4g}, as stated"
        if self.unlabelled is not None:
            return (
                f"alert from a risk of {self.value:.4g}: in large samples, with probability at least "
                f"{1 - self.delta:g}, specificity is at least {self.specificity:g} for {self.aim} "
                f"({self.unlabelled:,} without outcomes), if the outcome given the features is as likely "
                "there as here"
            )
        return (
            f"alert from a risk of {self.value:.4g}: with probability at least {1 - self.delta:g} over the "
            f"{self.negatives:,} calibration patients without the outcome, specificity is at least "
            f"{self.specificity:g} for patients exchangeable with them"
        )

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return the threshold as plain JSON types."""
        return {
            "value": self.value,
            "specificity": self.specificity,
            "delta": self.delta,
            "violation": self.violation,
            "rank": self.rank,
            "negatives": self.negatives,
            "unlabelled": self.unlabelled,
            "aim": self.aim,
        }


def negatives_needed(*, specificity: float, delta: float = 0.05) -> int:
    r"""Return the fewest patients without the outcome that can carry the guarantee.

    The largest of n risks fails with probability :math:`s^n`, so :math:`n \ge \log\delta/\log s`.

    Parameters
    ----------
    specificity : float
        s, in (0, 1).
    delta : float
        In (0, 1).

    Returns
    -------
    int

    Examples
    --------
    >>> negatives_needed(specificity=0.93)
    42
    """
    _require(specificity, delta)
    n = max(1, math.ceil(math.log(delta) / math.log(specificity) - 1e-12))
    return n if specificity**n <= delta else n + 1


def guaranteed_rank(negatives: int, *, specificity: float, delta: float = 0.05) -> tuple[int, float]:
    r"""Return the smallest order statistic with the guarantee, and its probability of failing.

    With :math:`T_{(k)}` the k-th smallest risk among n patients without the outcome, the rule "alert
    above :math:`T_{(k)}`" has specificity below s with probability

    .. math:: v(k) = \sum_{j=k}^{n} \binom{n}{j} s^j (1-s)^{n-j} = I_s(k, n-k+1),

    exactly for continuous risks, and at most that with ties. The smallest k with
    :math:`v(k) \le \delta` is taken. Tong, Feng and Li (2018), Science Advances 4:eaao1659, proposition 1.

    Parameters
    ----------
    negatives : int
        n.
    specificity : float
        s, in (0, 1).
    delta : float
        In (0, 1).

    Returns
    -------
    tuple of (int, float)
        k, counted from 1, and v(k).

    Raises
    ------
    NotEnoughEvents
        If even the largest risk does not carry the guarantee.

    Examples
    --------
    >>> rank, violation = guaranteed_rank(1000, specificity=0.93)
    >>> rank, round(violation, 4)
    (944, 0.0437)
    """
    from scipy.special import betainc

    needed = negatives_needed(specificity=specificity, delta=delta)
    if negatives < needed:
        raise NotEnoughEvents(
            f"A specificity of {specificity:g} with probability {1 - delta:g} needs at least {needed} "
            f"calibration patients without the outcome; there are {negatives}. With fewer, even the largest "
            "risk seen would not carry the guarantee. Take more patients, ask for less, or raise delta="
        )
    ranks = np.arange(1, negatives + 1, dtype=np.float64)
    violation = betainc(ranks, negatives - ranks + 1.0, specificity)
    k = int(np.argmax(violation <= delta)) + 1
    return k, float(violation[k - 1])


def guaranteed_threshold(risk: NDArray[np.float64], *, specificity: float, delta: float = 0.05) -> Threshold:
    """Return the lowest threshold that carries the guarantee; see :func:`guaranteed_rank`.

    Parameters
    ----------
    risk : ndarray, shape (n,)
        Risks of calibration patients *without* the outcome, none of whom the model was trained on.
    specificity : float
        Asked for, in (0, 1).
    delta : float
        Probability of failing, in (0, 1).

    Returns
    -------
    Threshold
        Its value is the next number above the order statistic, so that ``risk >= value`` is "above".

    Examples
    --------
    >>> found = guaranteed_threshold(np.linspace(0, 0.999, 1000), specificity=0.93)
    >>> round(found.value, 3), found.rank
    (0.943, 944)
    """
    ordered = np.sort(risk)
    k, violation = guaranteed_rank(len(ordered), specificity=specificity, delta=delta)
    return Threshold(
        value=float(np.nextafter(ordered[k - 1], np.inf)),
        specificity=specificity,
        delta=delta,
        violation=violation,
        rank=k,
        negatives=len(ordered),
    )


def _require(specificity: float, delta: float) -> None:
    require_share("specificity", specificity, example=0.93)
    require_share("delta", delta, example=0.05)


def checked_threshold(threshold: object) -> float:
    """Return a threshold that a person stated, or say that it is no risk."""
    number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not number or not 0 <= float(threshold) <= 1:  # type: ignore[arg-type]
        raise InvalidArgument(f"threshold={threshold!r} is not a risk. Give a number between 0 and 1.")
    return float(threshold)  # type: ignore[arg-type]
