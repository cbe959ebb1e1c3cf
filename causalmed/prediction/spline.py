"""Restricted cubic splines: cubic between the knots, straight beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RestrictedCubic", "restricted_cubic"]

_KNOT_SHARES = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictedCubic:
    r"""A restricted cubic spline with fixed knots :math:`t_1 < \dots < t_k`.

    The columns are :math:`1, x` and, for :math:`j = 1, \dots, k-2`,

    .. math:: \frac{(x-t_j)_+^3 - (x-t_{k-1})_+^3\frac{t_k-t_j}{t_k-t_{k-1}}
              + (x-t_k)_+^3\frac{t_{k-1}-t_j}{t_k-t_{k-1}}}{(t_k-t_1)^2}.

    Harrell (2015), Regression Modeling Strategies, 2nd ed., equation 2.25.

    Parameters
    ----------
    knots : tuple of float
        None for an intercept alone, fewer than 3 for a straight line.
    linear : bool
        Whether x itself is a column.

    Examples
    --------
    >>> RestrictedCubic(knots=(0.0, 1.0, 2.0)).basis(np.array([-1.0, 3.0])).tolist()
    [[1.0, -1.0, 0.0], [1.0, 3.0, 3.0]]
    """

    knots: tuple[float, ...] = ()
    linear: bool = True

    def basis(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns at ``x``, shape (n, 1 + linear + max(0, k - 2))."""
        columns = [np.ones_like(x), *([x] if self.linear else [])]
        if len(self.knots) > 2:
            last, before = self.knots[-1], self.knots[-2]
            for t in self.knots[:-2]:
                part = (
                    _cube(x - t)
                    - _cube(x - before) * (last - t) / (last - before)
                    + _cube(x - last) * (before - t) / (last - before)
                )
                columns.append(part / (last - self.knots[0]) ** 2)
        return np.column_stack(columns)


def restricted_cubic(x: NDArray[np.float64]) -> RestrictedCubic:
    """Place four knots at the 5th, 35th, 65th and 95th percentile of x, fewer where values repeat.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The values.

    Returns
    -------
    RestrictedCubic
        A straight line for fewer than 5 distinct values or repeated knots, an intercept for one value.

    Examples
    --------
    >>> restricted_cubic(np.arange(101.0)).knots
    (5.0, 35.0, 65.0, 95.0)
    """
    distinct = len(np.unique(x))
    if distinct < 2:
        return RestrictedCubic(linear=False)
    for count in (4, 3):
        knots = np.quantile(x, _KNOT_SHARES[count])
        if distinct > count and np.min(np.diff(knots)) > 1e-8 * (knots[-1] - knots[0]):
            return RestrictedCubic(knots=tuple(float(t) for t in knots))
    return RestrictedCubic()


def _cube(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(x, 0.0) ** 3)
