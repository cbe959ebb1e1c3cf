"""From the sum of the trees to a risk."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINKS", "Link"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    r"""What is made of the sum :math:`m`: itself, or :math:`1 / (1 + e^{-\beta m})`.

    Parameters
    ----------
    name : {"identity", "logistic"}
        Which.
    slope : float
        :math:`\beta`.

    Examples
    --------
    >>> Link(name="logistic")(np.array([0.0])).tolist()
    [0.5]
    """

    name: str
    slope: float = 1.0

    @property
    def adds_up(self) -> bool:
        """Whether the risk is a sum over the trees."""
        return self.name == "identity"

    def __call__(self, margin: Matrix) -> Matrix:
        """Return what the model says."""
        if self.adds_up:
            return margin
        from scipy.special import expit

        return np.asarray(expit(self.slope * margin))


LINKS: Final = MappingProxyType({"identity": Link(name="identity"), "logistic": Link(name="logistic")})
