r"""Do the mechanisms fit? Judged on patients that they were not fitted on.

For each node, on held-out patients, with :math:`F(x \mid \mathrm{pillow})` the fitted distribution:

- calibration: the rank of the observed value, drawn between :math:`F(x^-)` and :math:`F(x)`, is uniform (for
  a node with levels: predicted and observed means agree in tenths of the predicted mean);
- nothing behind: the normal score of the rank (for levels the standardised residual) is unrelated to the
  inputs and to squares of numeric ones, and the spread of a numeric node's unrelated to them;
- the log score is better than that of the node's own distribution without any input.

A check warns where the departure is both beyond chance (a test at level 0.01) and large enough to matter.

References
----------
Dawid AP (1984). J R Stat Soc A 147(2):278-292. Czado C, Gneiting T, Held L (2009). Biometrics 65:1254-1261.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.engine import Local, fold_of, generator
from causalmed.errors import CausalmedError, DataError
from causalmed.scm.choosing import log_score
from causalmed.scm.diagnostics import Judged, MechanismDiagnostics
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanism import Discrete, Mechanism, Numeric, positions
from causalmed.scm.mechanisms.count import Count
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.nodes import columns_of
from causalmed.scm.terms import FloatArray, Values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from causalmed.scm.model import StructuralCausalModel

__all__ = ["diagnose_model", "judged_nodes", "ranks"]

_FOLDS: Final = 2
_GRID: Final = np.linspace(0.0, 1.0, 21)
_TENTHS: Final = np.linspace(0.1, 0.9, 9)


def diagnose_model(
    model: StructuralCausalModel, cohort: Cohort, *, seed: int, n_jobs: int
) -> MechanismDiagnostics:
    """Check every node with causes; see :meth:`StructuralCausalModel.diagnose`."""
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    nodes = [node for node in model.order if not isinstance(model.mechanisms[node], Empirical)]
    return MechanismDiagnostics(rows=judged_nodes(model, cohort, nodes, seed=seed, n_jobs=n_jobs))


def judged_nodes(
    model: StructuralCausalModel, cohort: Cohort, nodes: Iterable[str], *, seed: int, n_jobs: int = 1
) -> tuple[Judged, ...]:
    """Judge some nodes on a cohort; on that of the fit, on halves that are fitted without them."""
    wanted = list(nodes)
    read = {name for node in wanted for name in (node, *model.factors.pillows[node])}
    columns = columns_of(cohort, [name for name in model.order if name in read], model.nodes)
    same = model.cohort is not None and model.cohort.fingerprint == cohort.fingerprint
    fold = fold_of(cohort.unit_keys, folds=_FOLDS, seed=seed) if same else np.zeros(cohort.n, dtype=np.intp)

    def judge(node: str) -> Judged:
        inputs = {name: columns[name] for name in model.factors.pillows[node]}
        try:
            return _judged(model, cohort, node, columns[node], inputs, fold=fold, same=same, seed=seed)
        except CausalmedError as error:
            return Judged.unjudged(node, n=cohort.n, why=str(error))

    return tuple(Local(n_jobs=n_jobs).map(judge, wanted))


def ranks(
    mechanism: Mechanism, values: FloatArray, inputs: Values, random: np.random.Generator
) -> FloatArray:
    """Return the (randomised) rank of each value among what the mechanism might have given, in (0, 1).

    Parameters
    ----------
    mechanism : Mechanism
        With levels, or with a distribution function.
    values : ndarray, shape (n,)
        What was observed.
    inputs : mapping of str to ndarray
        What the mechanism reads.
    random : Generator
        Draws the rank between P(X < x) and P(X ≤ x).

    Raises
    ------
    DataError
        The mechanism has no distribution function.
    """
    u = random.random(len(values))
    if isinstance(mechanism, Discrete):
        p = np.broadcast_to(mechanism.probabilities(inputs), (len(values), len(mechanism.codes)))
        rows, place = np.arange(len(values)), np.maximum(positions(values, mechanism.codes), 0)
        upper = np.cumsum(p, axis=1)[rows, place]
        return np.asarray(np.clip(upper - u * p[rows, place], 1e-12, 1 - 1e-12))
    if not isinstance(mechanism, Numeric):
        raise DataError(f"a {type(mechanism).__name__} has no distribution function.")
    at = mechanism.cdf(values, inputs)
    low = mechanism.cdf(values - 1.0, inputs) if isinstance(mechanism, Count) else at
    return np.asarray(np.clip(at - u * (at - low), 1e-12, 1 - 1e-12))


def _judged(
    model: StructuralCausalModel,
    cohort: Cohort,
    node: str,
    values: FloatArray,
    inputs: dict[str, FloatArray],
    *,
    fold: NDArray[np.intp],
    same: bool,
    seed: int,
) -> Judged:
    from scipy.special import ndtri

    n, random = len(values), generator(seed, "ranks", node)
    rank, score, own, mean, residual = (np.empty(n) for _ in range(5))
    levels = isinstance(model.mechanisms[node], Discrete)
    for k in np.unique(fold):
        rows = fold == k
        law = _without(model, cohort, node, rows, seed=seed) if same else model.mechanisms[node]
        x, seen = values[rows], {name: column[rows] for name, column in inputs.items()}
        rank[rows] = ranks(law, x, seen, random)
        score[rows] = log_score(law, x, seen, whole=False)
        own[rows] = _own_score(law, x, values[~rows] if same else values)
        if isinstance(law, Discrete):
            mean[rows], residual[rows] = _standardised(law, x, seen)
    if not levels:
        residual = np.asarray(ndtri(rank))
    numeric = [name for name in inputs if not model.nodes[name].is_discrete]
    related = {name: _relations(residual, inputs[name], name in numeric, not levels) for name in inputs}
    sizes = {name: max(found) for name, found in related.items()}
    name = max(sizes, key=sizes.__getitem__, default="")
    size = sizes.get(name, 0.0)
    gap, p_value = _by_tenths(values, mean, residual) if levels else _uniformity(rank)
    return Judged(
        node=node,
        n=n,
        gap=gap,
        gap_p=p_value,
        related_to=name,
        relation=size,
        relation_p=_bonferroni(size, n, sum(map(len, related.values()))),
        log_score=float(score.mean()),
        own_score=float(own.mean()),
        gain_error=float((score - own).std() / np.sqrt(n)),
        numeric=not levels,
        numeric_cause=name in numeric,
        ranks=tuple(np.searchsorted(np.sort(rank), _GRID, side="right") / n),
    )


def _without(
    model: StructuralCausalModel, cohort: Cohort, node: str, rows: np.ndarray, *, seed: int
) -> Mechanism:
    """Fit the node on the other patients; a mechanism stated by hand stays."""
    if node not in model.specs:
        return model.mechanisms[node]
    rest = cohort.take(~rows)
    inputs = [rest.column(name) for name in model.factors.pillows[node]]
    keys = rest.unit_keys
    return fit_mechanism(rest.column(node), inputs, model.specs[node], keys=keys, seed=seed + 1)


def _standardised(law: Discrete, values: FloatArray, inputs: Values) -> tuple[FloatArray, FloatArray]:
    """Return the mean code and (x - mean)/sd given the inputs."""
    codes, p = np.asarray(law.codes), law.probabilities(inputs)
    mean = np.broadcast_to(p @ codes, values.shape)
    variance = np.maximum(p @ codes**2 - mean**2, 1e-12)
    return mean, np.asarray((values - mean) / np.sqrt(variance))


def _uniformity(rank: FloatArray) -> tuple[float, float]:
    """Return Kolmogorov's distance to the uniform law, less what chance explains, and its p-value."""
    from scipy.stats import kstwobign

    n = len(rank)
    ordered, grid = np.sort(rank), np.arange(1, n + 1) / n
    distance = float(np.max(np.maximum(grid - ordered, ordered - grid + 1 / n)))
    return max(0.0, distance - float(1.36 / np.sqrt(n))), float(kstwobign.sf(np.sqrt(n) * distance))


def _by_tenths(values: FloatArray, mean: FloatArray, residual: FloatArray) -> tuple[float, float]:
    """Return the largest gap of mean prediction and mean value over tenths, beyond chance, and a p-value."""
    from scipy.stats import chi2

    tenth = np.searchsorted(np.quantile(mean, _TENTHS), mean, side="right")
    spread = np.where(residual == 0, 0.0, (values - mean) / np.where(residual == 0, 1.0, residual))
    gaps, squares, count = [0.0], 0.0, 0
    for k in np.unique(tenth):
        rows = tenth == k
        left = float((values[rows] - mean[rows]).sum())
        variance = float((spread[rows] ** 2).sum())
        gaps.append((abs(left) - 2 * float(np.sqrt(variance))) / float(rows.sum()))
        if variance > 0:
            squares, count = squares + left**2 / variance, count + 1
    span = max(1.0, float(values.max() - values.min()))
    return float(max(gaps) / span), float(chi2.sf(squares, max(count, 1)))


def _own_score(mechanism: Mechanism, values: FloatArray, others: FloatArray) -> FloatArray:
    """Return each value's log score under the distribution of others: shares, or a normal (log) law."""
    if isinstance(mechanism, Discrete | Count):
        known, counts = np.unique(others, return_counts=True)
        place = positions(values, tuple(known.tolist()))
        share = np.where(place < 0, 0.5, counts[np.maximum(place, 0)]) / len(others)
        return np.asarray(np.log(share))
    log = bool(getattr(mechanism, "log", False))
    linear, seen = (np.log(each) if log else each for each in (values, others))
    z = (linear - seen.mean()) / seen.std()
    jacobian = np.log(values) if log else 0.0
    return np.asarray(-0.5 * z**2 - np.log(seen.std()) - 0.5 * np.log(2 * np.pi) - jacobian)


def _relations(residual: FloatArray, column: FloatArray, is_number: bool, of_number: bool) -> list[float]:
    pairs = [(residual, column)]
    if is_number:
        pairs.append((residual, (column - column.mean()) ** 2))
    if of_number:
        pairs.append((np.abs(residual), column))
    return [_correlation(a, b) for a, b in pairs]


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt(np.mean(a**2) * np.mean(b**2)))
    return 0.0 if size < 1e-12 else abs(float(np.mean(a * b))) / size


def _bonferroni(correlation: float, n: int, tests: int) -> float:
    from scipy.special import ndtr

    return float(min(1.0, 2 * tests * ndtr(-correlation * np.sqrt(n))))
