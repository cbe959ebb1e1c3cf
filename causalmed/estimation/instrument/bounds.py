r"""What a yes/no instrument says of everybody, without assuming that nobody goes against it.

Each patient has one of 16 ways to answer: two exposures (under Z = 0 and 1) and two outcomes (under A = 0 and
1). The instrument being independent of these, their frequencies q give

.. math:: P(Y = y, A = a \mid Z = z) = \sum_t q_t\, 1\{A_t(z) = a, Y_t(a) = y\},

and the risk difference :math:`\sum_t q_t \{Y_t(1) - Y_t(0)\}` is smallest and largest at the ends of a linear
programme. Confidence limits let every frequency of the table run over its own interval, all of which hold at
once with the stated probability, so the limits are wide rather than narrow.

References
----------
Balke A, Pearl J (1997). Bounds on treatment effects from studies with imperfect compliance. J Am Stat Assoc
92:1171-1176. Wilson EB (1927). J Am Stat Assoc 22:209-212.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.instrument.posing import pose_instrument
from causalmed.identification import Estimand
from causalmed.results.bounds import Bounds

__all__ = ["instrument_bounds"]

Array = NDArray[np.float64]
_TYPES = tuple(itertools.product((0, 1), repeat=4))
"""A(0), A(1), Y(0), Y(1)."""
_CELLS = tuple(itertools.product((0, 1), repeat=3))
"""z, a, y."""


def instrument_bounds(estimand: Estimand, cohort: Cohort, *, level: float = 0.95) -> Bounds:
    """Bound the effect of a yes/no exposure on a yes/no outcome in all patients by a yes/no instrument.

    Parameters
    ----------
    estimand : Estimand
        Identified by an instrument that needs no covariates.
    cohort : Cohort
        The patients.
    level : float
        Confidence level of the limits, in (0, 1).

    Returns
    -------
    Bounds

    Raises
    ------
    InvalidArgument
        Another kind of estimand; covariates; clusters.
    DataError
        A column that is not yes/no; or frequencies that no such instrument could have brought about.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Graph, identify
    >>> rng = np.random.default_rng(1)
    >>> u, near = rng.random(4000), rng.integers(0, 2, 4000)
    >>> late = (rng.random(4000) < 0.8 * near + 0.1 * (u > 0.5)).astype(int)
    >>> ssi = (rng.random(4000) < 0.1 + 0.2 * late + 0.2 * u).astype(int)
    >>> graph = Graph.parse("dag { near -> late -> ssi; late <-> ssi }")
    >>> question = identify(graph, exposure="late", outcome="ssi")
    >>> cohort = Cohort.from_frame(pd.DataFrame({"near": near, "late": late, "ssi": ssi}))
    >>> [round(value, 2) for value in instrument_bounds(question, cohort).risk_difference]
    [0.11, 0.32]
    """
    require_instance("estimand", estimand, Estimand, how="identify(graph, …)")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(…)")
    require_share("level", level, example=0.95)
    tables, n = _tables(estimand, cohort)
    box = _wilson(tables, level)
    shares = tables / tables.sum(axis=1, keepdims=True)
    near = _least_wide(shares.ravel(), box)
    wide = _ends(_goal(1.0, -1.0), box)
    if near is None or wide is None:
        raise DataError(
            f"No instrument without another way to {estimand.outcome!r} could give these frequencies, not "
            f"even within their intervals: {estimand.instruments[0]!r} acts otherwise too, or shares a cause "
            "with the outcome."
        )
    difference, with_it, without = (
        _ends(goal, near) for goal in (_goal(1.0, -1.0), _goal(1.0, 0.0), _goal(0.0, 1.0))
    )
    assert difference is not None
    assert with_it is not None
    assert without is not None
    monotone = "same for everybody"
    return Bounds(
        question=estimand.question,
        risk_difference=difference,
        exposed=with_it,
        unexposed=without,
        limits=(min(wide[0], difference[0]), max(wide[1], difference[1])),
        level=float(level),
        n=n,
        assumptions=tuple(one for one in estimand.assumptions if monotone not in one),
    )


def _tables(estimand: Estimand, cohort: Cohort) -> tuple[Array, int]:
    """Return how many patients have each exposure and outcome, by the instrument; shape (2, 4)."""
    if estimand.kind != "instrument" or estimand.adjustment_set:
        raise InvalidArgument(
            "These bounds are for an effect identified by an instrument that needs no covariates; this one "
            f"is identified by {estimand.kind!r}"
            + (f" given {', '.join(estimand.adjustment_set)}." if estimand.adjustment_set else ".")
        )
    if cohort.cluster is not None:
        raise InvalidArgument(
            "The limits of these bounds take patients as independent. Build the cohort without cluster= and "
            "say so, or use estimate()."
        )
    asked = Asked(
        estimand=estimand,
        cohort=cohort,
        spec=None,
        contrast=(1, 0),
        population="all",
        horizon=None,
        level=0.95,
        seed=0,
        executor=Local(),
    )
    problem = pose_instrument(asked)
    if problem.as_exposure is None or not problem.yes_no or problem.base.outcome_kind != "binary":
        raise DataError("These bounds need instrument, exposure and outcome that are all yes/no.")
    columns = problem.as_exposure.exposed, problem.base.exposed, problem.base.outcome
    code = 4 * columns[0] + 2 * columns[1] + columns[2]
    cells = np.bincount(code.astype(np.intp), minlength=len(_CELLS)).reshape(2, 4)
    return np.array(cells, dtype=np.float64), problem.base.n


def _wilson(tables: Array, level: float) -> Array:
    """Return an interval of every conditional frequency, all together at the level; shape (8, 2)."""
    from scipy.special import ndtri

    size = tables.sum(axis=1, keepdims=True)
    p = tables / size
    z = float(ndtri(1 - (1 - level) / 2 / tables.size))
    middle = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    return np.column_stack([(middle - half).ravel(), (middle + half).ravel()])


def _least_wide(shares: Array, box: Array) -> Array | None:
    """Return the frequencies as they are, or the least widening towards their intervals that is possible."""
    point = np.column_stack([shares, shares])
    if _ends(_goal(1.0, 0.0), point) is not None:
        return point
    low, high = 0.0, 1.0
    if _ends(_goal(1.0, 0.0), box) is None:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        possible = _ends(_goal(1.0, 0.0), point + middle * (box - point)) is not None
        low, high = (low, middle) if possible else (middle, high)
    return point + high * (box - point)


def _goal(with_it: float, without: float) -> Array:
    return np.array([with_it * y1 + without * y0 for _, _, y0, y1 in _TYPES])


def _ends(goal: Array, box: Array) -> tuple[float, float] | None:
    """Return the least and greatest value of a mean over all ways to answer; None where none is possible."""
    from scipy.optimize import linprog

    rows = np.array(
        [[float((a0, a1)[z] == a and (y0, y1)[a] == y) for a0, a1, y0, y1 in _TYPES] for z, a, y in _CELLS]
    )
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * goal,
            A_ub=np.vstack([rows, -rows]),
            b_ub=np.concatenate([box[:, 1] + 1e-9, -box[:, 0] + 1e-9]),
            A_eq=np.ones((1, len(_TYPES))),
            b_eq=[1.0],
            bounds=(0, 1),
        )
        if not found.success:
            return None
        ends.append(sign * float(found.fun))
    return ends[0], ends[1]
