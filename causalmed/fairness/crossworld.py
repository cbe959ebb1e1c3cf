r"""The parts of a disparity as means of one group had it been treated as the other.

With :math:`\psi_{x_z x_w x_y} = E[Y_{x_y, W_{x_w}} \mid X = x_z]`, 1 the group and 0 its reference,

.. math:: \underbrace{\psi_{111} - \psi_{000}}_{\text{total variation}}
   = \underbrace{\psi_{001} - \psi_{000}}_{\text{direct}}
   - \underbrace{(\psi_{001} - \psi_{011})}_{\text{indirect}}
   - \underbrace{(\psi_{011} - \psi_{111})}_{\text{spurious}}

(Plečko and Bareinboim 2024, Foundations and Trends in Machine Learning 17:304-589, theorem 4.3; Zhang and
Bareinboim 2018, AAAI). Patients of the reference group keep their own background and, in
:math:`\psi_{001}`, their own mediators: both crossed means are averages over *them* of the outcome of the
other group given some columns V, V = (Z, W) for :math:`\psi_{001}` and V = Z for :math:`\psi_{011}`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mean", "contributions", "group_mean", "transported_mean"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mean:
    """A mean, the influence of every patient on it, and how far a hidden cause could move it.

    Parameters
    ----------
    value : float
        The estimate.
    influence : ndarray, shape (n,)
        Mean 0 up to cross-fitting.
    scale : float
        S of the bias bound; 0 where nothing is assumed.
    """

    value: float
    influence: Array
    scale: float = 0.0

    def __sub__(self, other: Mean) -> Mean:
        return Mean(
            value=self.value - other.value,
            influence=self.influence - other.influence,
            scale=max(self.scale, other.scale),
        )


def group_mean(outcome: Array, inside: NDArray[np.bool_]) -> Mean:
    r"""Return the mean of a group, :math:`\phi_i = 1\{X_i = x\}(Y_i - \psi)/P(x)`.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Y.
    inside : ndarray of bool, shape (n,)
        1{X = x}.

    Returns
    -------
    Mean

    Examples
    --------
    >>> group_mean(np.array([1.0, 3.0, 9.0]), np.array([True, True, False])).value
    2.0
    """
    value = float(outcome[inside].mean())
    return Mean(value=value, influence=inside * (outcome - value) / inside.mean())


def transported_mean(outcome: Array, group: NDArray[np.bool_], *, chance: Array, mean: Array) -> Mean:
    r"""Return what the reference group would have had, were its outcome made as the group's is.

    .. math:: \phi_i = \frac{1}{P(x_0)} \Bigl[ 1\{X = x_1\} \frac{1 - \pi(V)}{\pi(V)} \{Y - \mu(V)\}
              + 1\{X = x_0\} \{\mu(V) - \psi\} \Bigr]

    with :math:`\pi(V) = P(x_1 \mid V)` and :math:`\mu(V) = E[Y \mid x_1, V]`; right where either is. The
    influence is centred, so that no interval depends on the origin of the outcome's scale.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Y.
    group : ndarray of bool, shape (n,)
        1{X = x_1}; all others are the reference group.
    chance, mean : ndarray, shape (n,)
        pi and mu, each from patients other than the one it is for.

    Returns
    -------
    Mean

    Examples
    --------
    >>> y, group = np.array([1.0, 0.0, 1.0, 1.0]), np.array([True, True, False, False])
    >>> transported_mean(y, group, chance=np.full(4, 0.5), mean=np.full(4, 0.5)).value
    0.5
    """
    share = 1.0 - group.mean()
    weight = group * (1.0 - chance) / chance / share
    parts = weight * (outcome - mean) + (1.0 - group) * mean / share
    value = float(parts.mean())
    left = float((group * (outcome - mean) ** 2).mean())
    return Mean(
        value=value,
        influence=parts - (1.0 - group) * value / share,
        scale=float(np.sqrt(left * (weight**2).mean())),
    )


def contributions(
    *, factual: tuple[Mean, Mean], direct: Mean | None, background: Mean | None
) -> dict[str, Mean | None]:
    r"""Return what each part adds to the total; those that are there sum to it to the last bit but rounding.

    Parameters
    ----------
    factual : tuple of Mean
        :math:`\psi_{111}` and :math:`\psi_{000}`.
    direct, background : Mean or None
        :math:`\psi_{001}` and :math:`\psi_{011}`, ``None`` where not identified.

    Returns
    -------
    dict
        ``total``, ``direct``, ``indirect``, ``spurious``, and ``indirect and spurious`` (or ``direct and
        indirect``) for what is left where only one part is identified.

    Examples
    --------
    >>> one = [Mean(value=v, influence=np.zeros(2)) for v in (0.5, 0.1, 0.2, 0.4)]
    >>> found = contributions(factual=(one[0], one[1]), direct=one[2], background=one[3])
    >>> [round(found[name].value, 2) for name in ("total", "direct", "indirect", "spurious")]
    [0.4, 0.1, 0.2, 0.1]
    """
    group, reference = factual
    found: dict[str, Mean | None] = {
        "total": group - reference,
        "direct": None if direct is None else direct - reference,
        "indirect": None if direct is None or background is None else background - direct,
        "spurious": None if background is None else group - background,
    }
    if direct is not None and background is None:
        found["indirect and spurious"] = group - direct
    if background is not None and direct is None:
        found["direct and indirect"] = background - reference
    return found
