r"""Anderson's acceleration of many fixed-point iterations at once.

A chord step is :math:`f(d)`, zero at the answer. With the last differences :math:`\Delta d, \Delta f` as
columns,

.. math:: d \leftarrow d + f - (\Delta D + \Delta F)\gamma, \qquad
          \gamma = \arg\min_\gamma \lVert f - \Delta F \gamma \rVert,

which for a linear f is GMRES (Walker HF, Ni P 2011. SIAM J Numer Anal 49:1715-1735, theorem 2.2): the
information of a replicate, which nobody computes, is learned from the steps themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixing"]

Array = NDArray[np.float64]
_KEPT: Final = 6
_RIDGE: Final = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixing:
    """The steps of one model so far, in all replicates of a group.

    Examples
    --------
    >>> slope, mixing, d = np.array([[0.5], [0.8]]), Mixing(), np.zeros((2, 1))
    >>> for _ in range(4):  # the answer is 1 in both coordinates
    ...     d = d + mixing.step(d, slope * (1 - d))
    >>> d.round(6).ravel().tolist()
    [1.0, 1.0]
    """

    points: list[Array] = field(default_factory=list)
    steps: list[Array] = field(default_factory=list)

    def step(self, point: Array, step: Array) -> Array:
        """Return a better step than the chord's, shape (p, replicates).

        Parameters
        ----------
        point, step : ndarray, shape (p, replicates)
            Where the replicates are, and the chord's step from there.
        """
        self.points.append(point)
        self.steps.append(step)
        del self.points[: -_KEPT - 1], self.steps[: -_KEPT - 1]
        if len(self.steps) < 2 or not step.size:
            return step
        moved = np.diff(np.array(self.points), axis=0).transpose(2, 1, 0)
        changed = np.diff(np.array(self.steps), axis=0).transpose(2, 1, 0)
        product = changed.transpose(0, 2, 1) @ changed
        size = np.trace(product, axis1=1, axis2=2)
        good = np.isfinite(size) & (size > 0) & np.isfinite(step).all(axis=0)
        product[~good] = np.eye(product.shape[1])
        product += (_RIDGE * np.where(good, size, 0.0))[:, None, None] * np.eye(product.shape[1])
        side = np.where(good[:, None, None], changed.transpose(0, 2, 1) @ step.T[:, :, None], 0.0)
        gamma = np.linalg.solve(product, side)
        return np.asarray(step - np.where(good[:, None], ((moved + changed) @ gamma)[:, :, 0], 0.0).T)
