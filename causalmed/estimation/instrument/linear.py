r"""Two-stage least squares, its robust influence, and the strength of its first stage.

With everything residualised on the covariates, :math:`\tilde Z` the instruments and
:math:`\tilde A = \tilde Z \hat\pi`,

.. math:: \hat\beta = \frac{\tilde A^\top Y}{\tilde A^\top A}, \qquad
          \phi_i = \frac{\tilde A_i \hat\varepsilon_i}{\tilde A^\top A / n}

(White H 1982. Econometrica 50:483-499). The strength is the effective F statistic,
:math:`\hat\pi^\top Q \hat\pi / \operatorname{tr}(V Q)` with Q the covariance of the instruments and V that of
:math:`\hat\pi` (Montiel Olea JL, Pflueger C 2013. J Bus Econ Stat 31:358-369); for one instrument it is the
robust F statistic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError

__all__ = ["TwoStage", "two_stage"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoStage:
    """What two-stage least squares found.

    Attributes
    ----------
    psi : ndarray, shape (3,)
        The coefficient; the effects of one unit of the instrument on outcome and exposure.
    influence : ndarray, shape (n, 3)
        Of each patient.
    strength : float
        Effective F statistic of the first stage.
    instruments : int
        Columns of the instrument.
    """

    psi: Array
    influence: Array
    strength: float
    instruments: int


def two_stage(
    outcome: Array,
    exposure: Array,
    instruments: Array,
    covariates: Array,
    *,
    covariance: Callable[[Array], Array],
) -> TwoStage:
    """Fit both stages.

    Parameters
    ----------
    outcome, exposure : ndarray, shape (n,)
        Y and A.
    instruments : ndarray, shape (n, k)
        Z.
    covariates : ndarray, shape (n, p)
        W, with a column of ones.
    covariance : callable
        Influence values, shape (n, k) → covariance of the estimates, clusters allowed for.

    Raises
    ------
    DataError
        The instrument, or the exposure as foretold, is a combination of the covariates.

    Examples
    --------
    >>> z = np.array([[0.0], [0], [1], [1]]); ones = np.ones((4, 1))
    >>> a, y = np.array([0.0, 0, 1, 0]), np.array([1.0, 2, 3, 2])
    >>> same = lambda influence: influence.T @ influence / len(influence) ** 2
    >>> two_stage(y, a, z, ones, covariance=same).psi.round(6).tolist()
    [2.0, 1.0, 0.5]
    """
    n = len(outcome)
    Y, A = _left(outcome[:, None], covariates)[:, 0], _left(exposure[:, None], covariates)[:, 0]
    Z = _left(instruments, covariates)
    spread = np.linalg.svd(Z / np.sqrt(n), compute_uv=False)
    scale = float(np.sqrt((instruments**2).mean()))
    if spread.min(initial=np.inf) <= 1e-9 * scale:
        raise DataError(
            "The instrument is fixed once the covariates are known, so it moves nothing among patients who "
            "are alike in them. Condition on fewer columns."
        )
    pi = np.linalg.lstsq(Z, A, rcond=None)[0]
    foretold = Z @ pi
    below = float(foretold @ A)
    if not below > 1e-12 * float(A @ A):
        raise DataError("The instrument does not go with the exposure at all: no effect can be read off it.")
    beta = float(foretold @ Y) / below
    Q = Z.T @ Z / n
    first = (Z * (A - foretold)[:, None]) @ np.linalg.inv(Q)
    V = covariance(first)
    # of one unit of the instrument; of several, of one unit of what they foretell
    by = Z[:, 0] if Z.shape[1] == 1 else foretold
    size = float(by @ by)
    reduced, stage = float(by @ Y) / size, float(by @ A) / size
    scores = (
        foretold * (Y - beta * A) / below,
        by * (Y - reduced * by) / size,
        by * (A - stage * by) / size,
    )
    return TwoStage(
        psi=np.array([beta, reduced, stage]),
        influence=n * np.column_stack(scores),
        strength=float(pi @ Q @ pi) / float(np.trace(V @ Q)),
        instruments=Z.shape[1],
    )


def _left(columns: Array, covariates: Array) -> Array:
    """Return what the covariates leave unexplained."""
    return np.asarray(columns - covariates @ np.linalg.lstsq(covariates, columns, rcond=None)[0])
