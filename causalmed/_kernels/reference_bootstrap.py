"""Slow NumPy twin of the kernel of the weighted bootstrap, written to be read, in double precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bootstrap_totals", "bootstrap_weights"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
_GAMMA = 0x9E3779B97F4A7C15


def bootstrap_weights(keys: NDArray[np.uint64], group: int) -> Array:
    r"""Exponential weights of rows in replicates 64 group … 64 group + 63, shape (n, 64).

    SplitMix64 from the row's key gives 64 bits for every two replicates, the low half for the even one; with
    h the upper 31 bits of a half, the weight is :math:`-\log\{(h + 1/2) / 2^{31}\}`.

    Examples
    --------
    >>> bootstrap_weights(np.array([1], dtype=np.uint64), 0)[0, :2].round(3).tolist()
    [0.625, 0.568]
    """
    pairs = [(32 * group + k + 1) * _GAMMA % 2**64 for k in range(32)]
    mixed = keys[:, None] + np.array(pairs, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    halves = np.stack([mixed & np.uint64(2**32 - 1), mixed >> np.uint64(32)], axis=2)
    upper = (halves.reshape(len(keys), 64) >> np.uint64(1)).astype(np.float64)
    return np.asarray(-np.log((upper + 0.5) / 2**31))


def bootstrap_totals(  # noqa: PLR0913, PLR0917  # the arguments of the kernel
    keys: NDArray[np.uint64],
    group: int,
    exposed: int,
    outcome: Single,
    base: Single,
    residuals: Single | None,
    matrices: list[Single | None],
    steps: list[Single | None] | None,
    lift: Single,
    arms: Single,
    first: int,
    last: int,
    logistic: bool,
    weighted: bool,
    targeted: bool,
    bound: float = 0.0,
) -> Array:
    """Lines of ``_ext/bootstrap.pyx`` over rows first … last - 1, shape (11 + columns, 64).

    Arguments as in ``causalmed/_kernels/bootstrap.pyi``; rows of the exposed come first.
    """
    rows = slice(first, last)
    w, y = bootstrap_weights(keys[rows], group), outcome[rows, None].astype(np.float64)
    A = (np.arange(first, last) < exposed)[:, None]
    head = np.zeros((11, 64))
    z = [None if one is None else one[rows].astype(np.float64) for one in matrices]
    residual = [np.zeros_like(w)] * 3
    if residuals is not None:
        head[:4] = [(w * A).sum(0), (w * ~A).sum(0), (w * y * A).sum(0), (w * y * ~A).sum(0)]
        residual[0], own = (w * line[rows, None] for line in residuals.astype(np.float64))
    else:
        assert steps is not None
        eta = [base[k, rows, None].astype(np.float64) for k in range(3)]
        h, residual[0] = _inverse_weight(w, A, eta[0], z[0], steps[0], arms)
        if z[2] is None:
            head[6:10] = [(h * y * A).sum(0), (h * y * ~A).sum(0), (h * A).sum(0), (h * ~A).sum(0)]
            own = w
        else:
            m1, m0 = _means(eta, z, steps, lift[0].astype(np.float64), logistic=logistic)
            own = (h if weighted else w) * (y - np.where(A, m1, m0))
            if targeted:
                m1, m0 = (
                    _moved(m, b.astype(np.float64), bound) for m, b in zip((m1, m0), lift[1:], strict=True)
                )
            m, t = np.where(A, m1, m0), w * np.where(A, arms[1, 4], arms[0, 4])
            parts = [t * m1, t * m0, *(h * (y - m) * who for who in (A, ~A))]
            parts += [h * m * (1 - m) * who for who in (A, ~A)]
            head[4:10] = [part.sum(axis=0) for part in parts]
    own = own if z[2] is not None else np.zeros_like(w)
    head[10] = (own * A).sum(axis=0)
    apart = matrices[1] is not None
    residual[1], residual[2] = own * A, own * ~A if apart else own
    scores = [one.T @ r for one, r in zip(z, residual, strict=True) if one is not None]
    return np.vstack([head, *scores])


def _inverse_weight(
    w: Array, A: NDArray[np.bool_], eta: Array, z: Array | None, d: Single | None, arms: Single
) -> tuple[Array, Array]:
    if z is None or d is None:
        return w, np.zeros_like(w)
    linear = eta + z @ d.astype(np.float64)
    x = np.exp(np.where(A, -linear, linear))
    residual = np.where(A, 1, -1) * w * x / (1 + x)
    c0, c1, low, high = (np.where(A, arms[1, k], arms[0, k]).astype(np.float64) for k in range(4))
    return w * (c0 + c1 * np.clip(x, low, high)), residual


def _means(
    eta: list[Array], z: list[Array | None], steps: list[Single | None], lift: Array, *, logistic: bool
) -> tuple[Array, Array]:
    assert z[2] is not None
    assert steps[2] is not None
    zero = eta[2] + z[2] @ steps[2].astype(np.float64)
    if z[1] is not None and steps[1] is not None:
        one = eta[1] + z[1] @ steps[1].astype(np.float64)
    else:
        one = zero - np.log(lift) if logistic else zero + lift
    if not logistic:
        return one, zero
    return 1 / (1 + np.exp(-one)), 1 / (1 + np.exp(-zero))


def _moved(m: Array, boost: Array, bound: float) -> Array:
    m = np.clip(m, bound, 1 - bound)
    return np.asarray(m * boost / (1 + m * (boost - 1)))
