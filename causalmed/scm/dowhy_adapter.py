"""Models to and from ``dowhy.gcm``.

What goes there: a linear or lognormal node, and the observed distribution of a root, in the form that ``gcm``
itself uses; every other mechanism as it is, behind the methods that ``gcm`` calls. Where all noise can be
recovered the result is an ``InvertibleStructuralCausalModel``, which answers counterfactuals; with a binary,
ordinal or categorical node below a cause it is a ``StructuralCausalModel``, which samples and intervenes.

What comes from there: what was sent; roots with an observed or a parametric distribution; linear models with
normal noise; other regressors of scikit-learn with additive noise, whose law is kept as 64 quantiles of the
observed noise at most; classifiers of scikit-learn. Anything else is refused by the name of its node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalmed.errors import GraphError, InvalidArgument, NotInvertible
from causalmed.graph import Graph
from causalmed.scm.mechanism import Mechanism, is_invertible
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.function import FunctionMechanism
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.learned import LearnedLevels, LearnedMean
from causalmed.scm.mechanisms.quantiles import residual_law
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.nodes import NodeInfo
from causalmed.scm.terms import FloatArray, Predictor

if TYPE_CHECKING:
    pass

__all__ = ["from_gcm", "to_gcm"]

Nodes = Mapping[str, NodeInfo]


def to_gcm(model: StructuralCausalModel) -> Any:
    """Write a model as one of ``dowhy.gcm``, with the same mechanisms.

    Parameters
    ----------
    model : StructuralCausalModel
        Without hidden causes, which ``gcm`` does not know.

    Returns
    -------
    dowhy.gcm.InvertibleStructuralCausalModel or dowhy.gcm.StructuralCausalModel
        The first where the noise of every node can be recovered. Columns with levels hold their labels.

    Raises
    ------
    GraphError
        The graph has hidden causes.

    Examples
    --------
    >>> graph = Graph.parse("dag { dose -> glucose }")
    >>> scm = StructuralCausalModel.of(graph, {
    ...     "dose": LinearGaussian(predictor=Predictor.of(5.0), sd=1.0),
    ...     "glucose": LinearGaussian(predictor=Predictor.of(120.0, {"dose": -4.0}), sd=9.0)})
    >>> from_gcm(to_gcm(scm)).mechanisms["glucose"] == scm.mechanisms["glucose"]
    True
    """
    import networkx
    from dowhy import gcm

    graph = model.factors.graph
    if hidden := sorted(" <-> ".join(sorted(pair)) for pair in graph.bidirected):
        raise GraphError(
            f"dowhy.gcm has no hidden causes, but the graph has {', '.join(hidden)}. Its answers would be "
            "wrong, so the model is not written."
        )
    caused = [node for node in model.order if graph.parents(node)]
    whole = all(is_invertible(model.mechanisms[node]) for node in caused)
    network = networkx.DiGraph()
    network.add_nodes_from(model.order)
    network.add_edges_from(sorted(graph.directed))
    answer = (gcm.InvertibleStructuralCausalModel if whole else gcm.StructuralCausalModel)(network)
    for node in model.order:
        mechanism, causes = model.mechanisms[node], tuple(sorted(graph.parents(node)))
        answer.set_causal_mechanism(node, _written(model, node, mechanism, causes))
        if causes:
            network.nodes[node]["parents_during_fit"] = list(causes)
        else:
            network.nodes[node]["parents_during_fit"] = []
    return answer


def from_gcm(model: Any, *, outcome: str | None = None) -> StructuralCausalModel:
    """Read a fitted model of ``dowhy.gcm``.

    Parameters
    ----------
    model : dowhy.gcm.ProbabilisticCausalModel
        Fitted.
    outcome : str, optional
        The outcome of the model.

    Returns
    -------
    StructuralCausalModel
        Without patients: its mechanisms are taken as exact.

    Raises
    ------
    InvalidArgument
        Not such a model, or a node whose mechanism has no counterpart here: the message names it.
    """
    if not (hasattr(model, "graph") and hasattr(model, "causal_mechanism")):
        raise InvalidArgument(f"{type(model).__name__} is not a model of dowhy.gcm.")
    network = model.graph
    lines = [f'"{node}"' for node in network.nodes]
    lines += [f'"{cause}" -> "{node}"' for cause, node in network.edges]
    mechanisms: dict[str, Mechanism] = {}
    levels: dict[str, Sequence[str]] = {}
    for node in network.nodes:
        there = network.nodes[node].get("causal_mechanism")
        causes = tuple(sorted(network.predecessors(node)))
        mechanisms[node], labels = _read(node, there, causes)
        if labels:
            levels[node] = labels
    graph = Graph.parse("dag {\n" + "\n".join(lines) + "\n}")
    return StructuralCausalModel.of(graph, mechanisms, levels=levels, outcome=outcome)


# ------------------------------------------------------------------------------------------------ to dowhy


def _written(model: StructuralCausalModel, node: str, mechanism: Mechanism, causes: tuple[str, ...]) -> Any:
    from dowhy import gcm
    from scipy import stats

    plain = not any(model.nodes[name].levels for name in (node, *causes))
    if isinstance(mechanism, LinearGaussian) and plain:
        if not causes and not mechanism.log:
            return gcm.ScipyDistribution(stats.norm, loc=mechanism.predictor.intercept, scale=mechanism.sd)
        if causes and _is_line(mechanism.predictor):
            return _linear(mechanism, causes)
    if isinstance(mechanism, Empirical) and plain and model.cohort is not None:
        observed = gcm.EmpiricalDistribution()
        observed.fit(np.array(model.cohort.values(node)))
        return observed
    return _kept(mechanism, node, causes, model.nodes)


def _is_line(predictor: Predictor) -> bool:
    return all(
        len(term.factors) == 1 and term.factors[0].code is None and term.factors[0].power == 1
        for term in predictor.terms
    )


def _linear(mechanism: LinearGaussian, causes: tuple[str, ...]) -> Any:
    from dowhy import gcm
    from dowhy.gcm.ml.regression import InvertibleExponentialFunction, SklearnRegressionModel
    from scipy import stats
    from sklearn.linear_model import LinearRegression

    slopes = dict.fromkeys(causes, 0.0)
    for term in mechanism.predictor.terms:
        slopes[term.factors[0].column] += term.coefficient
    line = LinearRegression()
    line.coef_ = np.array([slopes[name] for name in causes])
    line.intercept_ = mechanism.predictor.intercept
    line.n_features_in_ = len(causes)
    prediction, noise = (
        SklearnRegressionModel(line),
        gcm.ScipyDistribution(stats.norm, loc=0.0, scale=mechanism.sd),
    )
    if mechanism.log:
        return gcm.PostNonlinearModel(prediction, noise, InvertibleExponentialFunction())
    return gcm.AdditiveNoiseModel(prediction, noise)


def _kept(mechanism: Mechanism, node: str, causes: tuple[str, ...], nodes: Nodes) -> Any:
    """Return the mechanism as it is, behind the methods that ``gcm`` calls."""
    from dowhy.gcm import causal_mechanisms

    if not causes:
        base = causal_mechanisms.StochasticModel
        return type("Root", (_Root, base), {})(mechanism, node, causes, nodes)
    invertible = is_invertible(mechanism)
    base = (
        causal_mechanisms.InvertibleFunctionalCausalModel
        if invertible
        else causal_mechanisms.FunctionalCausalModel
    )
    return type("Caused", (_Caused, base), {})(mechanism, node, causes, nodes)


class _Kept:
    """A mechanism of ours among those of ``gcm``, which hands over rows of a table without names."""

    def __init__(self, mechanism: Mechanism, node: str, causes: tuple[str, ...], nodes: Nodes) -> None:
        self.mechanism, self.node, self.causes, self.nodes = mechanism, node, causes, nodes

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the levels."""
        return self.nodes[self.node].levels

    def fit(self, *_: object, **__: object) -> None:
        """Refuse: the mechanism is what it is."""
        raise InvalidArgument(
            f"The mechanism of {self.node!r} was fitted by causalmed and is not fitted again here. Use the "
            "model as it is, or set a mechanism of dowhy.gcm for this node."
        )

    def clone(self) -> Any:
        """Return another of the same."""
        return type(self)(self.mechanism, self.node, self.causes, self.nodes)

    def _noise(self, rows: int) -> FloatArray:
        from scipy import stats

        # what is drawn inside gcm has to follow the generator that gcm seeds, which is scipy's default
        random = np.random.default_rng(int(stats.randint.rvs(0, 2**31 - 1)))
        return self.mechanism.draw_noise(random, rows)

    def _inputs(self, table: Any) -> dict[str, FloatArray]:
        rows = np.asarray(table).reshape(-1, len(self.causes))
        return {name: _codes(rows[:, k], self.nodes[name]) for k, name in enumerate(self.causes)}

    def _shown(self, values: FloatArray) -> Any:
        info = self.nodes[self.node]
        return np.asarray(info.labels(values) if info.levels else values).reshape(-1, 1)


class _Root(_Kept):
    def draw_samples(self, num_samples: int) -> Any:
        """Draw rows of a node without causes."""
        drawn = self.mechanism.value({}, self._noise(num_samples))
        return self._shown(np.broadcast_to(drawn, (num_samples,)))


class _Caused(_Kept):
    def draw_noise_samples(self, num_samples: int) -> Any:
        """Draw noise."""
        return self._noise(num_samples).reshape(-1, 1)

    def evaluate(self, parent_samples: Any, noise_samples: Any) -> Any:
        """Return the node from its causes and its noise."""
        noise = np.asarray(noise_samples, dtype=np.float64).reshape(-1)
        return self._shown(self.mechanism.value(self._inputs(parent_samples), noise))

    def estimate_noise(self, target_samples: Any, parent_samples: Any) -> Any:
        """Return the noise behind observed values."""
        if not is_invertible(self.mechanism):
            raise NotInvertible(f"The noise of {self.node!r} cannot be recovered from what was observed.")
        values = _codes(np.asarray(target_samples).reshape(-1), self.nodes[self.node])
        noise_of = self.mechanism.noise_of  # type: ignore[attr-defined]
        return noise_of(values, self._inputs(parent_samples)).reshape(-1, 1)


def _codes(column: Any, info: NodeInfo) -> FloatArray:
    if not info.levels:
        return np.asarray(column, dtype=np.float64)
    place = {label: float(code) for code, label in enumerate(info.levels)}
    try:
        return np.array([place[str(value)] for value in column])
    except KeyError as error:
        raise InvalidArgument(f"{info.name!r} has no level {error.args[0]!r}.") from None


# ---------------------------------------------------------------------------------------------- from dowhy


def _read(node: str, there: Any, causes: tuple[str, ...]) -> tuple[Mechanism, tuple[str, ...]]:
    """Return a mechanism and the labels of its levels."""
    if isinstance(there, _Kept):
        return there.mechanism, there.labels
    found: tuple[Mechanism, tuple[str, ...]] | None = None
    if not causes:
        found = _root(there)
    elif hasattr(there, "classifier_model"):
        found = _classified(there.classifier_model, causes)
    elif hasattr(there, "prediction_model"):
        found = _additive(there, causes)
    if found is None:
        kind = "no mechanism" if there is None else f"a {type(there).__name__} ({there})"
        raise InvalidArgument(
            f"{node!r} has {kind} in dowhy.gcm, which has no counterpart here. Known are observed and scipy "
            "distributions, additive noise around regressors of scikit-learn, and its classifiers, fitted "
            "and without text among their inputs. Fit this node with causalmed.fit_scm instead."
        )
    return found


def _root(there: Any) -> tuple[Mechanism, tuple[str, ...]] | None:
    data = getattr(there, "data", None)
    if data is not None:
        values = np.asarray(data).reshape(-1)
        if values.dtype.kind in "OUS":
            labels, codes = np.unique(values.astype(str), return_inverse=True)
            return Empirical.of(codes.astype(np.float64)), tuple(labels.tolist())
        return Empirical.of(values.astype(np.float64)), ()
    law, parameters = getattr(there, "scipy_distribution", None), getattr(there, "parameters", None)
    if law is None or not parameters or not hasattr(law, "pdf"):
        return None
    if law.name == "norm":
        return _normal(Predictor.of(float(parameters.get("loc", 0.0))), parameters), ()
    frozen = law(**parameters)
    return (
        FunctionMechanism(
            function=lambda _, u: frozen.ppf(u), inverse=lambda x, _: frozen.cdf(x), noise="uniform"
        ),
        (),
    )


def _normal(predictor: Predictor, parameters: Mapping[str, Any], *, log: bool = False) -> LinearGaussian:
    return LinearGaussian(predictor=predictor, sd=float(parameters.get("scale", 1.0)), log=log)


def _additive(there: Any, causes: tuple[str, ...]) -> tuple[Mechanism, tuple[str, ...]] | None:
    learner = getattr(there.prediction_model, "sklearn_model", None)
    transform = type(getattr(there, "_invertible_function", None)).__name__
    discrete = "Discrete" in type(there).__name__
    if learner is None or discrete or getattr(there.prediction_model, "_encoders", None):
        return None
    noise, log = there._noise_model, transform == "InvertibleExponentialFunction"
    if transform != "InvertibleIdentityFunction" and not log:
        return None
    law, parameters = getattr(noise, "scipy_distribution", None), getattr(noise, "parameters", {})
    if law is not None and law.name == "norm" and hasattr(learner, "coef_"):
        slopes = zip(causes, np.ravel(learner.coef_).tolist(), strict=True)
        at = float(np.ravel(learner.intercept_)[0]) + float(parameters.get("loc", 0.0))
        return _normal(_line(at, slopes), parameters, log=log), ()
    data = getattr(noise, "data", None)
    if log or data is None or not hasattr(learner, "predict"):
        return None
    residuals, quantiles = residual_law(np.asarray(data, dtype=np.float64).reshape(-1))
    design = _line(0.0, ((name, 0.0) for name in causes))
    return LearnedMean(learner=learner, design=design, residuals=residuals, law=quantiles), ()


def _classified(classifier: Any, causes: tuple[str, ...]) -> tuple[Mechanism, tuple[str, ...]] | None:
    learner = getattr(classifier, "sklearn_model", None)
    if not hasattr(learner, "predict_proba") or getattr(classifier, "_encoders", None):
        return None
    labels = tuple(str(label) for label in classifier.classes)
    design = _line(0.0, ((name, 0.0) for name in causes))
    codes = tuple(float(code) for code in range(len(labels)))
    return LearnedLevels(learner=learner, design=design, codes=codes), labels


def _line(intercept: float, slopes: Any) -> Predictor:
    from causalmed.scm.terms import Factor, Term

    terms = tuple(Term(coefficient=float(value), factors=(Factor(column=name),)) for name, value in slopes)
    return Predictor(intercept=intercept, terms=terms)
