r"""Do the mechanisms fit? Judged on patients that they were not fitted on.

For each node the standardised residual r, the transform :math:`F(x \mid \mathrm{pillow})` of a numeric node
and the log score are computed on held-out patients. A right mechanism leaves

- calibration: numeric nodes, the transform uniform (Kolmogorov's distance); discrete nodes, predicted and
  observed means equal in tenths of the predicted mean (largest gap, beyond chance);
- nothing behind: r unrelated to the inputs and the squares of numeric inputs, and the spread of a numeric
  node's r unrelated to them (largest absolute correlation);
- a better log score than the node's own distribution without any input.

References
----------
Dawid AP (1984). J R Stat Soc A 147(2):278-292. Czado C, Gneiting T, Held L (2009). Biometrics 65:1254-1261.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.engine import Local, fold_of
from causalmed.errors import CausalmedError
from causalmed.results import Check, Gate, State
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanism import Discrete, Mechanism
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.nodes import columns_of
from causalmed.scm.terms import FloatArray, Values

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["diagnose_model"]

_CALIBRATION_WARN: Final = 0.05
_CALIBRATION_FAIL: Final = 0.15
_CORRELATION_WARN: Final = 0.10
_FOLDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """One node on held-out patients."""

    node: str
    values: FloatArray
    inputs: Values
    residual: FloatArray
    numeric: frozenset[str]
    log_score: float
    marginal: float
    gap: float


def diagnose_model(model: StructuralCausalModel, cohort: Cohort, *, seed: int, n_jobs: int) -> Gate:
    """Check every node with causes; see :meth:`StructuralCausalModel.diagnose`."""
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    columns = columns_of(cohort, model.order, model.nodes)
    same = model.cohort is not None and model.cohort.fingerprint == cohort.fingerprint
    keys = cohort.unit_keys
    fold = fold_of(keys, folds=_FOLDS, seed=seed) if same else np.zeros(cohort.n, dtype=np.intp)
    judged = [node for node in model.order if not isinstance(model.mechanisms[node], Empirical)]

    def judge(node: str) -> tuple[Check, ...]:
        inputs = {name: columns[name] for name in model.factors.pillows[node]}
        try:
            held = _held(model, cohort, node, columns[node], inputs, fold=fold, same=same)
        except CausalmedError as error:
            return (_unjudged(node, str(error)),)
        return (_calibration(held), _leftover(held), _gain(held))

    return Gate(checks=tuple(c for checks in Local(n_jobs=n_jobs).map(judge, judged) for c in checks))


def _held(
    model: StructuralCausalModel,
    cohort: Cohort,
    node: str,
    values: FloatArray,
    inputs: dict[str, FloatArray],
    *,
    fold: np.ndarray,
    same: bool,
) -> _Held:
    residual, score, mean = np.empty(len(values)), np.empty(len(values)), np.empty(len(values))
    for k in np.unique(fold):
        rows = fold == k
        mechanism = _without(model, cohort, node, rows) if same else model.mechanisms[node]
        x, seen = values[rows], {name: column[rows] for name, column in inputs.items()}
        residual[rows] = _residual(mechanism, x, seen)
        score[rows] = mechanism.log_density(x, seen)
        mean[rows] = mechanism.mean(seen)
    mechanism = model.mechanisms[node]
    gap = _normal_gap(residual) if isinstance(mechanism, LinearGaussian) else _share_gap(values, mean)
    return _Held(
        node=node,
        values=values,
        inputs=inputs,
        residual=residual,
        numeric=frozenset(name for name in (node, *inputs) if not model.nodes[name].is_discrete),
        log_score=float(score.mean()),
        marginal=_marginal_score(mechanism, values),
        gap=gap,
    )


def _without(model: StructuralCausalModel, cohort: Cohort, node: str, rows: np.ndarray) -> Mechanism:
    """Fit the node on the other patients; a mechanism stated by hand stays."""
    if node not in model.specs:
        return model.mechanisms[node]
    rest = cohort.take(~rows)
    inputs = [rest.column(name) for name in model.factors.pillows[node]]
    return fit_mechanism(rest.column(node), inputs, model.specs[node])


def _residual(mechanism: Mechanism, values: FloatArray, inputs: Values) -> FloatArray:
    """Return (x - mean)/sd given the inputs, on the scale on which the mechanism is linear, shape (n,)."""
    if isinstance(mechanism, LinearGaussian):
        return mechanism.noise_of(values, inputs)
    assert isinstance(mechanism, Discrete)
    codes, p = np.asarray(mechanism.codes), mechanism.probabilities(inputs)
    mean = p @ codes
    variance = np.maximum(p @ codes**2 - mean**2, 1e-12)
    return np.asarray((values - mean) / np.sqrt(variance))


def _normal_gap(residual: FloatArray) -> float:
    """Return Kolmogorov's distance to the normal law, less what chance explains (1.36/√n)."""
    from scipy.special import ndtr

    n = len(residual)
    ordered = ndtr(np.sort(residual))
    grid = np.arange(1, n + 1) / n
    distance = float(np.max(np.maximum(grid - ordered, ordered - grid + 1 / n)))
    return max(0.0, distance - float(1.36 / np.sqrt(n)))


def _share_gap(values: FloatArray, mean: FloatArray) -> float:
    """Return the largest gap of mean prediction and mean value over tenths, less two standard errors."""
    edges = np.quantile(mean, np.linspace(0.1, 0.9, 9))
    tenth = np.searchsorted(edges, mean, side="right")
    gaps = []
    for k in np.unique(tenth):
        rows = tenth == k
        error = 2 * values[rows].std() / np.sqrt(rows.sum())
        gaps.append(abs(float(values[rows].mean() - mean[rows].mean())) - error)
    span = max(1.0, float(values.max() - values.min()))
    return float(max(0.0, *gaps) / span)


def _marginal_score(mechanism: Mechanism, values: FloatArray) -> float:
    if isinstance(mechanism, LinearGaussian):
        linear = mechanism.scale(values)
        jacobian = float(np.log(values).mean()) if mechanism.log else 0.0
        return float(-0.5 - np.log(linear.std()) - 0.5 * np.log(2 * np.pi)) - jacobian
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(np.sum(shares * np.log(shares)))


def _calibration(held: _Held) -> Check:
    state = State.PASS if held.gap <= _CALIBRATION_WARN else State.WARN
    return Check(
        name=f"{held.node}: calibration",
        state=State.FAIL if held.gap > _CALIBRATION_FAIL else state,
        sentence=(
            f"On patients it was not fitted on, the distribution of {held.node} is off by "
            f"{100 * held.gap:.1f} percentage points beyond chance."
        ),
        value=held.gap,
        threshold=_CALIBRATION_WARN,
        advice="Try another family or more terms in mechanisms= (for a skewed positive column, 'lognormal').",
    )


def _leftover(held: _Held) -> Check:
    found = [(_relation(held, name), name) for name in held.inputs]
    largest, name = max(found)
    limit = _CORRELATION_WARN + 2 / np.sqrt(len(held.residual))
    return Check(
        name=f"{held.node}: nothing left in its causes",
        state=State.PASS if largest <= limit else State.WARN,
        sentence=f"What {held.node} leaves unexplained correlates with {name} by {largest:.2f} at most.",
        value=largest,
        threshold=float(limit),
        advice=(
            f"Add {f'{name}**2 or ' * (name in held.numeric)}a product with {name} to its terms"
            f"{', or try another family' * (held.node in held.numeric)}."
        ),
    )


def _relation(held: _Held, name: str) -> float:
    column = held.inputs[name]
    pairs = [(held.residual, column)]
    if name in held.numeric:
        pairs.append((held.residual, (column - column.mean()) ** 2))
    if held.node in held.numeric:
        pairs.append((np.abs(held.residual), column))
    return max(_correlation(a, b) for a, b in pairs)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt(np.mean(a**2) * np.mean(b**2)))
    return 0.0 if size < 1e-12 else abs(float(np.mean(a * b))) / size


def _gain(held: _Held) -> Check:
    gain = held.log_score - held.marginal
    return Check(
        name=f"{held.node}: log score",
        state=State.PASS if gain >= -0.001 else State.WARN,
        sentence=(
            f"Knowing its causes improves the prediction of {held.node} by {gain:.3f} nats a patient."
            if gain >= -0.001
            else f"Knowing its causes worsens the prediction of {held.node} by {-gain:.3f} nats a patient."
        ),
        value=gain,
        threshold=-0.001,
        advice="There are too many terms for so few patients; leave some out.",
    )


def _unjudged(node: str, why: str) -> Check:
    return Check(
        name=f"{node}: calibration",
        state=State.WARN,
        sentence=f"{node} could not be judged on half of the patients: {why}",
        advice="Diagnose on a larger cohort.",
    )
