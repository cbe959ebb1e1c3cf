r"""Which mechanism a node gets where that is left to the data: the best log score, the simplest of equals.

Candidates that suit the kind of the column are fitted on four fifths of the patients, in turn, and judged by
the mean log density of the others (Gneiting and Raftery 2007); folds come from hashes of the patients. Of
those that are worse than the best by no more than one standard error of the paired difference, the first is
chosen, the list being ordered from simple to rich (Breiman et al. 1984). Whole numbers are scored by the
probability of :math:`x \pm 1/2`, so that a normal law and a count may be compared.

References
----------
Gneiting T, Raftery AE (2007). Strictly proper scoring rules, prediction, and estimation. J Am Stat Assoc
102(477):359-378.
Breiman L, Friedman J, Olshen R, Stone C (1984). Classification and regression trees, section 3.4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import fold_of
from causalmed.errors import CausalmedError, NotConverged
from causalmed.scm.comparison import Candidate
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanism import Discrete, Mechanism, Numeric
from causalmed.scm.mechanisms.count import Count
from causalmed.scm.specs import MechanismSpec, families_for
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    from causalmed.cohort import Column

__all__ = ["candidates_for", "choose_mechanism", "held_out_scores", "log_score"]

_FOLDS: Final = 5
_MOST: Final = 20_000
_LEAST: Final = -50.0
_NUMBERS: Final = ("continuous", "count")
_SQUARED: Final = ("logistic", "linear")

Named = tuple[str, MechanismSpec]


def choose_mechanism(
    column: Column, inputs: Sequence[Column], *, keys: NDArray[np.uint64], seed: int
) -> tuple[MechanismSpec, tuple[Candidate, ...]]:
    """Choose the mechanism of a node with causes.

    Parameters
    ----------
    column : Column
        The node.
    inputs : sequence of Column
        What it is conditioned on.
    keys : ndarray of uint64, shape (n,)
        Hashes of the patients; of more than 20,000, those of the smallest hashes are used.
    seed : int
        Of the folds.

    Returns
    -------
    MechanismSpec, tuple of Candidate
        What was chosen, and what it was held against.

    Raises
    ------
    NotConverged
        No candidate could be fitted.
    """
    if len(keys) > _MOST:
        rows = np.sort(np.argsort(keys, kind="stable")[:_MOST])
        column, inputs, keys = column.take(rows), [each.take(rows) for each in inputs], keys[rows]
    found: dict[str, FloatArray | str] = {}
    specs = dict(candidates_for(column, inputs))
    for name, spec in specs.items():
        if name == "boosted" and column.kind in _NUMBERS and not _trees_won(found):
            found[name] = "not tried: trees for the mean were no better than the regressions"
            continue
        try:
            found[name] = held_out_scores(column, inputs, spec, keys=keys, seed=seed)
        except CausalmedError as error:
            found[name] = f"could not be fitted: {error}"
    chosen, rows_of = _judged(column.name, found)
    return specs[chosen], rows_of


def candidates_for(column: Column, inputs: Sequence[Column]) -> tuple[Named, ...]:
    """Return the candidates of a column with causes, simple ones first."""
    positive = bool(np.all(np.asarray(column.values) > 0))
    numeric = [each.name for each in inputs if each.kind in _NUMBERS and len(np.unique(each.values)) > 2]
    squares = tuple(f"{name}**2" for name in numeric)
    found: list[Named] = []
    for family in families_for(column.kind):
        if (family == "lognormal" and not positive) or (column.kind == "count" and "boosted" in family):
            continue
        if family in ("ordinal", "categorical") and column.kind == "binary":
            continue
        found.append((family, MechanismSpec(family=family)))
        if family in _SQUARED and squares:
            terms = (*(each.name for each in inputs), *squares)
            found.append((f"{family}, squares", MechanismSpec(family=family, terms=terms)))
    last = [each for each in found if each[0] == "boosted"]
    return (*(each for each in found if each[0] != "boosted"), *last)


def held_out_scores(
    column: Column, inputs: Sequence[Column], spec: MechanismSpec, *, keys: NDArray[np.uint64], seed: int
) -> FloatArray:
    """Return each patient's log score under a mechanism fitted without the patient's fold, shape (n,)."""
    values = np.asarray(column.values, dtype=np.float64)
    whole = column.kind in _NUMBERS and bool(np.all(values == np.floor(values)))
    fold, scores = fold_of(keys, folds=_FOLDS, seed=seed), np.empty(len(values))
    for k in np.unique(fold):
        rest, rows = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        law = fit_mechanism(
            column.take(rest), [each.take(rest) for each in inputs], spec, keys=keys[rest], seed=seed + 1
        )
        seen = {each.name: np.asarray(each.values, dtype=np.float64)[rows] for each in inputs}
        scores[rows] = log_score(law, values[rows], seen, whole=whole)
    return scores


def log_score(
    law: Mechanism, values: FloatArray, inputs: Mapping[str, FloatArray], *, whole: bool
) -> FloatArray:
    """Return the log density, or of whole numbers the log probability of x ± 1/2; at least -50."""
    if whole and isinstance(law, Numeric) and not isinstance(law, Discrete | Count):
        mass = law.cdf(values + 0.5, inputs) - law.cdf(values - 0.5, inputs)
        return np.asarray(np.log(np.maximum(mass, np.exp(_LEAST))))
    return np.maximum(law.log_density(values, inputs), _LEAST)


def _trees_won(found: Mapping[str, FloatArray | str]) -> bool:
    """Say whether trees for the mean beat every regression by more than a standard error."""
    scores = {name: each for name, each in found.items() if not isinstance(each, str)}
    trees = scores.pop("boosted_mean", None)
    if trees is None:
        return False
    return all(float((trees - each).mean()) > _error(trees - each) for each in scores.values())


def _error(difference: FloatArray) -> float:
    return float(difference.std() / np.sqrt(len(difference)))


def _judged(node: str, found: Mapping[str, FloatArray | str]) -> tuple[str, tuple[Candidate, ...]]:
    scores = {name: each for name, each in found.items() if not isinstance(each, str)}
    if not scores:
        reasons = "; ".join(f"{name}: {each}" for name, each in found.items())
        raise NotConverged(f"No mechanism could be fitted for {node!r}. {reasons}")
    best = max(scores, key=lambda name: float(scores[name].mean()))
    behind = {name: scores[best] - each for name, each in scores.items()}
    equals = [name for name, gap in behind.items() if float(gap.mean()) <= _error(gap)]
    chosen = equals[0]
    rows = []
    for name, each in found.items():
        if isinstance(each, str):
            rows.append(Candidate(node=node, candidate=name, why=each))
            continue
        gap, error = float(behind[name].mean()), _error(behind[name])
        why = "the best log score" if name == best else f"{gap:.4f} worse than {best}"
        if name == chosen != best:
            why += ", within one standard error, and simpler"
        elif name == best != chosen:
            why += f", but not by more than one standard error over {chosen}"
        rows.append(
            Candidate(
                node=node,
                candidate=name,
                log_score=float(each.mean()),
                behind=gap,
                std_error=error,
                chosen=name == chosen,
                why=why,
            )
        )
    return chosen, tuple(rows)
