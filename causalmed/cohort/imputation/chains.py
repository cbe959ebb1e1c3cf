"""Chained equations: every missing value drawn given all other columns, round after round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from causalmed.cohort.imputation.matching import matched, nearest_of
from causalmed.cohort.imputation.regressions import Drawn, Rows, draw_linear, draw_logistic
from causalmed.cohort.imputation.spec import Imputation
from causalmed.cohort.imputation.tables import Coding, Table
from causalmed.engine import generator

__all__ = ["Chain", "run_chain"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """One completed table.

    Attributes
    ----------
    values : mapping of str to ndarray
        Imputed values of each column with holes, in the order of the rows.
    trace : ndarray, shape (iterations, columns)
        Mean of the imputed values of each column after each round, columns in the order of ``values``.
    """

    values: Mapping[str, Array]
    trace: Array


@dataclass(slots=True)
class _State:
    """What a chain carries from one round to the next: modes and spreads, by model."""

    modes: dict[tuple[str, int], tuple[Array, Array]] = field(default_factory=dict)
    spreads: dict[tuple[str, int], float] = field(default_factory=dict)

    def keep(self, model: tuple[str, int], drawn: Drawn) -> Drawn:
        """Remember the end of one model as the start of its next round."""
        self.modes[model], self.spreads[model] = drawn.mode, drawn.between
        return drawn


def run_chain(table: Table, spec: Imputation, draw: int) -> Chain:
    """Run one chain.

    Parameters
    ----------
    table : Table
        The columns.
    spec : Imputation
        How.
    draw : int
        Which chain; its random numbers are keyed by it, the column and the round.

    Returns
    -------
    Chain
    """
    values = {name: np.array(column.values) for name, column in table.columns.items()}
    for name in table.order:
        recorded = values[name][~np.isnan(values[name])]
        random = generator(spec.seed, "imputation", "start", name, draw)
        values[name][table.holes[name]] = random.choice(recorded, size=len(table.holes[name]))
    matrix = np.ones((table.rows, table.width))
    table.fill(matrix, values, tuple(table.columns))
    state, trace = _State(), np.zeros((spec.iterations, len(table.order)))
    for step in range(spec.iterations):
        for at, name in enumerate(table.order):
            random = generator(spec.seed, "imputation", name, draw, step)
            filled = _redrawn(name, table, matrix, values[name], spec, state, random)
            values[name][table.holes[name]] = filled
            table.fill(matrix, values, (name,))
            trace[step, at] = filled.mean()
    return Chain(values={name: values[name][table.holes[name]] for name in table.order}, trace=trace)


def _redrawn(
    name: str,
    table: Table,
    matrix: Array,
    values: Array,
    spec: Imputation,
    state: _State,
    random: np.random.Generator,
) -> Array:
    hole = np.zeros(table.rows, dtype=bool)
    hole[table.holes[name]] = True
    known, coding = ~hole, table.codings[name]
    X = matrix[:, table.predictors_of(name)]
    seen = Rows(X=X[known], groups=table.groups[known], count=table.count)
    sought = Rows(X=X[hole], groups=table.groups[hole], count=table.count)
    if len(coding.levels):
        return _levels(name, coding.levels, values[known], seen, sought, state, random)
    centred = (values[known] - coding.centre) / coding.scale
    between = state.spreads.get((name, 0), 0.1)
    drawn = state.keep((name, 0), draw_linear(centred, seen, between=between, random=random))
    return _numbers(coding, values[known], centred, seen, sought, drawn, spec, random)


def _numbers(
    coding: Coding,
    values: Array,
    centred: Array,
    seen: Rows,
    sought: Rows,
    drawn: Drawn,
    spec: Imputation,
    random: np.random.Generator,
) -> Array:
    predicted, fitted = sought.predictor(*drawn.drawn), seen.predictor(*drawn.mode)
    if spec.numbers == "matching":
        return matched(donors=fitted, values=values, recipients=predicted, nearest=spec.donors, random=random)
    if spec.numbers == "normal":
        noise = drawn.sigma * random.standard_normal(len(predicted))
        return np.asarray(coding.centre + coding.scale * (predicted + noise))
    residual = centred - fitted
    spread = float(np.sqrt(np.mean(residual**2)))
    lent = matched(
        donors=fitted,
        values=residual,
        recipients=sought.predictor(*drawn.mode),
        nearest=spec.donors,
        random=random,
    )
    stretch = drawn.sigma / spread if spread > 0 else 0.0
    return nearest_of(values, coding.centre + coding.scale * (predicted + stretch * lent))


def _levels(
    name: str,
    levels: Array,
    known: Array,
    seen: Rows,
    sought: Rows,
    state: _State,
    random: np.random.Generator,
) -> Array:
    r"""Draw levels by nested logistic models, P(level k given k or a later one).

    Their likelihood factorises, so each is fitted by itself (Agresti A 2013. Categorical data analysis, 3rd
    edition, section 8.3.6). The last level is what remains.
    """
    answer = np.full(len(sought.X), levels[-1])
    open_ = np.ones(len(sought.X), dtype=bool)
    for stage, level in enumerate(levels[:-1]):
        at_risk = known >= level
        rows = Rows(X=seen.X[at_risk], groups=seen.groups[at_risk], count=seen.count)
        drawn = draw_logistic(
            (known[at_risk] == level).astype(np.float64),
            rows,
            between=state.spreads.get((name, stage), 0.1),
            start=state.modes.get((name, stage)),
            random=random,
        )
        state.keep((name, stage), drawn)
        stops = random.random(len(answer)) < expit(sought.predictor(*drawn.drawn))
        answer[open_ & stops] = level
        open_ &= ~stops
    return answer
