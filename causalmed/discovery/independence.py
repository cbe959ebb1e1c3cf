"""Tests of independence for numbers, for categories, and for both together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery.loglikelihood import categorical_loglik
from causalmed.discovery.variables import Variables
from causalmed.errors import InvalidArgument

__all__ = ["TESTS", "FisherZ", "GSquared", "IndependenceTest", "RegressionTest", "TestName", "make_test"]

TestName = Literal["auto", "fisher_z", "g_squared", "regression"]
TESTS: Final = ("auto", "fisher_z", "g_squared", "regression")


class IndependenceTest(Protocol):
    """Says how surprising two variables are, were they independent given others."""

    def p_value(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return the p-value of x ⫫ y | given, variables by their numbers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FisherZ:
    r"""Partial correlations of numbers, :math:`\sqrt{n - |S| - 3}\,|\operatorname{artanh} r_{xy\cdot S}|`.

    Fisher (1924), Metron 3, 329–332. Exact where the variables are jointly normal.

    Parameters
    ----------
    correlation : ndarray, shape (p, p)
        Correlations.
    n : int
        Rows.

    Examples
    --------
    >>> test = FisherZ(correlation=np.array([[1.0, 0.1], [0.1, 1.0]]), n=403)
    >>> round(test.p_value(0, 1, ()), 4)
    0.0448
    """

    correlation: NDArray[np.float64]
    n: int

    def p_value(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return the p-value of x ⫫ y | given."""
        free = self.n - len(given) - 3
        if free <= 0:
            return 1.0
        r = min(abs(partial_correlation(self.correlation, x, y, given)), 1 - 1e-15)
        return math.erfc(math.sqrt(free) * math.atanh(r) / math.sqrt(2))


def partial_correlation(correlation: NDArray[np.float64], x: int, y: int, given: Sequence[int]) -> float:
    """Return the correlation of x and y with the linear dependence on others taken out; 0 where undefined."""
    r = correlation
    if not given:
        return float(r[x, y])
    if len(given) == 1:
        (s,) = given
        spread = (1 - r[x, s] ** 2) * (1 - r[y, s] ** 2)
        return float((r[x, y] - r[x, s] * r[y, s]) / math.sqrt(spread)) if spread > 1e-14 else 0.0
    keys = [x, y, *given]
    inverse = np.linalg.pinv(r[np.ix_(keys, keys)], hermitian=True)
    spread = inverse[0, 0] * inverse[1, 1]
    return float(-inverse[0, 1] / math.sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GSquared:
    r"""Likelihood-ratio test of categories, :math:`G^2 = 2 \sum O \log(O / E)` over the strata of S.

    A stratum with r rows and c columns that are not empty brings (r - 1)(c - 1) degrees of freedom
    (Bishop, Fienberg and Holland 1975, section 3.8).

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Codes from 0.
    levels : ndarray of int, shape (p,)
        Number of levels.

    Examples
    --------
    >>> table = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [30, 20, 20, 30], axis=0)
    >>> round(GSquared(codes=table, levels=np.array([2, 2])).p_value(0, 1, ()), 4)
    0.0448
    """

    codes: NDArray[np.intp]
    levels: NDArray[np.intp]

    def p_value(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return the p-value of x ⫫ y | given."""
        from scipy.special import chdtrc

        statistic, freedom = g_squared(self.codes, self.levels, x, y, given)
        return float(chdtrc(freedom, max(statistic, 0.0))) if freedom else 1.0


def g_squared(
    codes: NDArray[np.intp], levels: NDArray[np.intp], x: int, y: int, given: Sequence[int]
) -> tuple[float, int]:
    """Return the statistic and its degrees of freedom."""
    stratum = np.zeros(len(codes), dtype=np.intp)
    for s in given:
        stratum = stratum * levels[s] + codes[:, s]
    if given:
        _, stratum = np.unique(stratum, return_inverse=True)
    cells = int(levels[x] * levels[y])
    index = (stratum * levels[x] + codes[:, x]) * levels[y] + codes[:, y]
    counts = np.bincount(index, minlength=cells * (int(stratum.max()) + 1)).astype(np.float64)
    table = counts.reshape(-1, levels[x], levels[y])
    rows, columns = table.sum(axis=2), table.sum(axis=1)
    freedom = ((rows > 0).sum(axis=1) - 1) * ((columns > 0).sum(axis=1) - 1)
    total = _plogp(table) - _plogp(rows) - _plogp(columns) + _plogp(rows.sum(axis=1))
    return 2 * total, int(freedom.sum())


def _plogp(counts: NDArray[np.float64]) -> float:
    filled = counts[counts > 0]
    return math.fsum((filled * np.log(filled)).ravel().tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegressionTest:
    """Likelihood-ratio tests of nested regressions: numbers and categories together.

    One of the two is regressed on the conditioning columns without and with the other. A number is
    preferred as the response (linear model, F test); of two discrete columns the one with fewer levels
    (logistic or multinomial model, χ² test). Categories enter as indicators. An ordinal column enters as
    indicators where it is conditioned on and as one trend over its levels where it is tested (one degree of
    freedom; a dependence without a trend is missed). Fits are remembered.

    Parameters
    ----------
    data : Variables
        The columns.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=500)
    >>> smokes = (rng.random(500) < 1 / (1 + np.exp(-age))).astype(float)
    >>> data = Variables(names=("age", "smokes"), values=np.column_stack([age, smokes]),
    ...                  levels=np.array([0, 2]))
    >>> RegressionTest(data=data).p_value(0, 1, ()) < 1e-10
    True
    """

    data: Variables
    memory: dict[tuple[int, frozenset[int]], tuple[float, int]] = field(default_factory=dict)
    columns: tuple[NDArray[np.float64], ...] = field(init=False)
    trends: Mapping[int, int] = field(init=False)
    products: NDArray[np.float64] = field(init=False)
    starts: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        data = self.data
        p = len(data.levels)
        blocks = [_coded(data.values[:, j], int(data.levels[j])) for j in range(p)]
        several = [j for j in sorted(data.ordered) if data.levels[j] > 2]
        trends = {j: p + k for k, j in enumerate(several)}
        blocks += [data.values[:, [j]] for j in trends]  # numbered after the columns themselves
        whole = np.column_stack([np.ones(data.n), *blocks])
        object.__setattr__(self, "columns", tuple(blocks))
        object.__setattr__(self, "trends", trends)
        object.__setattr__(self, "products", whole.T @ whole)
        object.__setattr__(self, "starts", 1 + np.cumsum([0, *(block.shape[1] for block in blocks)]))

    def p_value(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return the p-value of x ⫫ y | given."""
        response, other = _response(self.data.levels, x, y)
        small, large = frozenset(given), frozenset(given) | {self.trends.get(other, other)}
        fit = self._linear if self.data.levels[response] == 0 else self._categorical
        (null, rank_null), (full, rank_full) = fit(response, small), fit(response, large)
        return _tail(null, full, rank_full - rank_null, self.data.n - rank_full, linear=fit == self._linear)

    def _linear(self, response: int, given: frozenset[int]) -> tuple[float, int]:
        key = (response, given)
        if key not in self.memory:
            keys = [0, *(k for s in sorted(given) for k in range(self.starts[s], self.starts[s + 1]))]
            self.memory[key] = residual_sum(self.products, keys, int(self.starts[response]))
        return self.memory[key]

    def _categorical(self, response: int, given: frozenset[int]) -> tuple[float, int]:
        key = (response, given)
        if key not in self.memory:
            chosen, levels = sorted(given), self.data.levels
            self.memory[key] = categorical_loglik(
                codes=self.data.values[:, response].astype(np.intp),
                levels=int(levels[response]),
                columns=[self.columns[s] for s in chosen],
                discrete=all(s >= len(levels) or levels[s] > 0 for s in chosen),
            )
        return self.memory[key]


def residual_sum(products: NDArray[np.float64], keys: Sequence[int], response: int) -> tuple[float, int]:
    """Return the residual sum of squares of a least-squares fit, and its rank, from cross-products."""
    gram, moment = products[np.ix_(keys, keys)], products[keys, response]
    values, vectors = np.linalg.eigh(gram)
    good = values > 1e-10 * values[-1]
    explained = (vectors[:, good].T @ moment) ** 2 / values[good]
    return max(float(products[response, response] - explained.sum()), 0.0), int(good.sum())


def _tail(null: float, full: float, freedom: int, left: int, *, linear: bool) -> float:
    from scipy.special import chdtrc, fdtrc

    if freedom <= 0 or (linear and left <= 0):
        return 1.0
    if not linear:
        return float(chdtrc(freedom, max(2 * (full - null), 0.0)))
    if full <= 1e-12 * max(null, 1e-300):
        return 0.0 if null > 0 else 1.0
    return float(fdtrc(freedom, left, max(null - full, 0.0) / freedom / (full / left)))


def _response(levels: NDArray[np.intp], x: int, y: int) -> tuple[int, int]:
    first, second = sorted((x, y))
    return (first, second) if levels[first] <= levels[second] else (second, first)


def _coded(values: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    if levels == 0:
        return np.asarray(values[:, None])
    return np.asarray(values[:, None] == np.arange(1, levels), dtype=np.float64)


def make_test(data: Variables, name: str) -> IndependenceTest:
    """Return a test by its name; ``auto``: by the kinds of the columns.

    Raises
    ------
    InvalidArgument
        No such test, or one that does not suit the columns.
    """
    if name not in TESTS:
        raise InvalidArgument.option("test", name, TESTS)
    chosen = chosen_test(data, name)
    if chosen == "fisher_z":
        return FisherZ(correlation=np.asarray(np.corrcoef(data.values, rowvar=False)), n=data.n)
    if chosen == "g_squared":
        return GSquared(codes=data.values.astype(np.intp), levels=data.levels)
    return RegressionTest(data=data)


def chosen_test(data: Variables, name: str) -> str:
    """Return what ``auto`` stands for, after a check that the test suits the columns."""
    discrete = data.levels > 0
    if name == "auto":
        return "g_squared" if discrete.all() else "regression" if discrete.any() else "fisher_z"
    odd = discrete & (data.levels > 2) if name == "fisher_z" else ~discrete
    if name in ("fisher_z", "g_squared") and odd.any():
        which = [data.names[j] for j in np.flatnonzero(odd)]
        need = "numbers or yes/no columns" if name == "fisher_z" else "discrete columns"
        raise InvalidArgument(f"test={name!r} needs {need}, and {which} are none. Use test='regression'.")
    return name
