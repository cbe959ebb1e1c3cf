"""A threshold for a hospital that has not been seen yet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument, NotEnoughEvents

__all__ = ["NewClusterThreshold", "new_cluster_threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClusterThreshold:
    """A threshold, and how sure one may be of its specificity in a new hospital.

    Parameters
    ----------
    value : float
        Alert where risk >= value.
    specificity : float
        What was asked for.
    confidence : float
        Probability, over hospitals, that a new one reaches it: k / (H + 1).
    clusters : int
        H, the hospitals behind it.

    Examples
    --------
    >>> print(NewClusterThreshold(value=0.2, specificity=0.93, confidence=0.95, clusters=19))
    alert from a risk of 0.2: in a new hospital exchangeable with these 19, specificity is at least 0.93 \
with probability at least 0.95
    """

    value: float
    specificity: float
    confidence: float
    clusters: int

    def __str__(self) -> str:
        return (
            f"alert from a risk of {self.value:.4g}: in a new hospital exchangeable with these "
            f"{self.clusters}, specificity is at least {self.specificity:g} with probability at least "
            f"{self.confidence:.3g}"
        )


def new_cluster_threshold(
    *,
    risk: NDArray[np.float64],
    cluster: NDArray[np.intp],
    specificity: float,
    confidence: float | None = None,
) -> NewClusterThreshold:
    r"""Return a threshold from an order statistic over hospitals.

    In hospital h let :math:`T_h` be the smallest risk such that a share s of its patients without the
    outcome lies at or below it. If the hospitals and the new one are exchangeable,

    .. math:: P(T_{new} \le T_{(k)}) \ge \frac{k}{H+1},

    so the largest of H gives at most :math:`H/(H+1)`: from 12 hospitals 92 %, and 95 % needs 19. The rank
    argument is that of split conformal prediction (Vovk, Gammerman and Shafer 2005, section 2.2), with a
    hospital as the unit.

    Parameters
    ----------
    risk : ndarray, shape (n,)
        Risks of patients *without* the outcome, in hospitals the model was not trained on.
    cluster : ndarray of int, shape (n,)
        Their hospitals.
    specificity : float
        s, in (0, 1); reached among the new hospital's own patients without the outcome.
    confidence : float, optional
        In (0, 1); by default the most that so many hospitals can give.

    Returns
    -------
    NewClusterThreshold

    Raises
    ------
    NotEnoughEvents
        If so many hospitals cannot give that confidence.
    InvalidArgument
        If a probability is not in (0, 1), or the arrays differ in length.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> new_cluster_threshold(risk=rng.random(1900), cluster=np.arange(1900) % 19, specificity=0.9).confidence
    0.95
    """
    for name, value in (("specificity", specificity), ("confidence", confidence)):
        if value is not None and not 0 < value < 1:
            raise InvalidArgument(f"{name}={value!r} is not between 0 and 1; give for example 0.93.")
    if risk.shape != cluster.shape or not len(risk):
        raise InvalidArgument(
            f"risk has shape {risk.shape} and cluster {cluster.shape}: give one hospital a patient."
        )
    reached = np.sort([_reaching(risk[cluster == one], specificity) for one in np.unique(cluster)])
    H = len(reached)
    k = H if confidence is None else math.ceil(confidence * (H + 1) - 1e-9)
    if k > H:
        needed = math.ceil(confidence / (1 - confidence) - 1e-9) if confidence is not None else H
        raise NotEnoughEvents(
            f"{H} hospitals can give a confidence of at most {H / (H + 1):.3g} for a new one; "
            f"{confidence:g} needs {needed}. Take more hospitals, or ask for less."
        )
    value = float(np.nextafter(reached[k - 1], np.inf))
    return NewClusterThreshold(value=value, specificity=specificity, confidence=k / (H + 1), clusters=H)


def _reaching(risk: NDArray[np.float64], specificity: float) -> float:
    """The smallest risk with a share of at least ``specificity`` at or below it."""
    return float(np.sort(risk)[math.ceil(specificity * len(risk) - 1e-9) - 1])
