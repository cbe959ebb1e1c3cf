"""Fit a structural causal model to a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.scm.choosing import choose_mechanism
from causalmed.scm.comparison import Candidate
from causalmed.scm.factorisation import Factorisation, factorise
from causalmed.scm.fitting import fit_mechanism, likelier_law
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.nodes import NodeInfo
from causalmed.scm.specs import MechanismSpec, spec_for

if TYPE_CHECKING:
    from causalmed.cohort import Column

__all__ = ["fit_scm"]

AUTO: Final = "auto"
Stated = Mapping[str, Any]


def fit_scm(
    graph: Graph,
    cohort: Cohort,
    *,
    mechanisms: Stated | str | None = None,
    seed: int = 0,
    n_jobs: int = 1,
) -> StructuralCausalModel:
    r"""Fit one mechanism a node, so that interventions and counterfactuals can be computed.

    Latent nodes are projected out. Each node is then conditioned on its predecessors in its own
    c-component and on the causes of that component, not on its causes alone:

    .. math:: P(v) = \prod_i P(v_i \mid \mathrm{pillow}_i)

    A fit on causes alone would read what a hidden cause does into the arrows.

    Parameters
    ----------
    graph : Graph
        What is assumed; its nodes, the latent ones apart, are columns of the cohort.
    cohort : Cohort
        The patients.
    mechanisms : "auto", or mapping of str to str, MechanismSpec, learner or Mechanism, optional
        Node → what it shall be: a family of :class:`MechanismSpec`, a spec with terms, a scikit-learn
        learner, a finished mechanism that is taken as it is, or "auto": the candidate with the best held-out
        log score, kept in ``.comparison``. "auto" alone is for all nodes with causes. By default by the
        kind of the column: logistic for binary, linear-Gaussian for numbers and counts (lognormal for a
        positive number where that is the likelier), proportional odds for ordinal, multinomial for
        categorical; the observed distribution for nodes without causes.
    seed : int
        Of the folds of "auto" and of learners; regressions have no randomness.
    n_jobs : int
        Threads. It never changes a bit.

    Returns
    -------
    StructuralCausalModel

    Raises
    ------
    ColumnNotFound
        A node is not a column, and not marked latent.
    UnknownNode
        ``mechanisms`` names something that is not a node.
    CausalmedError
        A node cannot be fitted: the message names it.

    References
    ----------
    Tian J, Pearl J (2002). A general identification condition for causal effects. AAAI 18, 567-573.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> random = np.random.default_rng(1)
    >>> emergency = random.random(4000) < 0.3
    >>> late = random.random(4000) < 0.2 + 0.3 * emergency
    >>> ssi = random.random(4000) < 0.05 + 0.10 * emergency + 0.08 * late
    >>> cohort = Cohort.from_frame(
    ...     pd.DataFrame({"emergency": emergency, "late": late, "ssi": ssi}), outcome="ssi")
    >>> scm = fit_scm(Graph.parse("dag { emergency -> {late ssi}; late -> ssi }"), cohort)
    >>> print(scm.effect(exposure="late", outcome="ssi").risk_difference)
    0.067 (95 % CI 0.046 to 0.089)
    """
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    projected = _projected(graph, cohort)
    outcomes = sorted(graph.outcomes)
    if not outcomes and cohort.outcome is not None and cohort.outcome in projected:
        outcomes = [cohort.outcome]
    factors = factorise(projected, outcomes=outcomes)
    stated = _stated(mechanisms, projected, factors)
    settled = Local(n_jobs=n_jobs).map(
        lambda node: _spec(node, cohort, factors, stated.get(node), seed=_checked(seed)), factors.order
    )
    specs = {node: spec for node, (spec, _) in zip(factors.order, settled, strict=True)}
    fitted = Local(n_jobs=n_jobs).map(
        lambda node: _fit(node, cohort, factors, specs[node], seed=seed), factors.order
    )
    return StructuralCausalModel(
        graph=graph,
        factors=factors,
        mechanisms=dict(zip(factors.order, fitted, strict=True)),
        nodes={node: _info(cohort.column(node)) for node in factors.order},
        outcome=outcomes[0] if len(outcomes) == 1 else None,
        provenance=Provenance.collect(
            data_fingerprint=cohort.fingerprint, spec=f"fit_scm(mechanisms={stated!r})", seed=seed
        ),
        cohort=cohort,
        candidates=tuple(row for _, rows in settled for row in rows),
        specs={node: spec for node, spec in specs.items() if isinstance(spec, MechanismSpec)},
    )


def _projected(graph: Graph, cohort: Cohort) -> Graph:
    if not isinstance(graph, Graph):
        raise InvalidArgument(f"graph= must be a Graph, not {type(graph).__name__}; see Graph.parse.")
    absent = [name for name in graph.nodes if name in graph.observed and name not in cohort]
    if absent:
        raise ColumnNotFound.among(
            absent, cohort.names, where="nodes of the graph; mark hidden ones [latent]"
        )
    if cohort.weights is not None:
        raise InvalidArgument(
            f"The cohort has sampling weights ({cohort.weights!r}), which this model cannot use; without "
            "them it would describe the sample, not the population. Make the cohort without weights= if "
            "that is meant."
        )
    if not graph.observed:
        raise DataError("The graph has no observed node, so there is nothing to fit.")
    return graph.latent_projection()


def _stated(mechanisms: object, projected: Graph, factors: Factorisation) -> dict[str, Any]:
    if isinstance(mechanisms, str) and mechanisms == AUTO:
        return {node: AUTO for node in factors.order if factors.pillows[node]}
    if not isinstance(mechanisms, Mapping | None):
        raise InvalidArgument(
            f"mechanisms={mechanisms!r} must be 'auto', or map nodes to mechanisms, such as "
            "{'age': 'linear'}."
        )
    stated = dict(mechanisms or {})
    if unknown := [name for name in stated if name not in projected]:
        raise UnknownNode.among(unknown, projected.nodes)
    return stated


def _spec(
    node: str, cohort: Cohort, factors: Factorisation, stated: object, *, seed: int
) -> tuple[MechanismSpec | Mechanism, tuple[Candidate, ...]]:
    """Return what was stated, else the law of the column's kind; with "auto", the candidates too."""
    column, inputs = cohort.column(node), [cohort.column(name) for name in factors.pillows[node]]
    if isinstance(stated, str) and stated == AUTO and inputs:
        spec_for(node, column.kind, stated=None, root=False)
        return choose_mechanism(column, inputs, keys=cohort.unit_keys, seed=seed)
    given = None if isinstance(stated, str) and stated == AUTO else stated
    spec = spec_for(node, column.kind, stated=given, root=not inputs)
    if given is not None or not isinstance(spec, MechanismSpec) or spec.family != "linear":
        return spec, ()
    return likelier_law(column, inputs, spec), ()


def _fit(
    node: str, cohort: Cohort, factors: Factorisation, spec: MechanismSpec | Mechanism, *, seed: int
) -> Mechanism:
    if not isinstance(spec, MechanismSpec):
        return spec
    inputs = [cohort.column(name) for name in factors.pillows[node]]
    return fit_mechanism(cohort.column(node), inputs, spec, keys=cohort.unit_keys, seed=seed)


def _info(column: Column) -> NodeInfo:
    values = np.asarray(column.values)
    if not np.isfinite(values).all():
        raise DataError(
            f"Column {column.name!r} has missing values; make the cohort with missing='complete'."
        )
    seen = tuple(np.unique(values).tolist()) if column.is_discrete else ()
    return NodeInfo(
        name=column.name,
        kind=column.kind,
        levels=tuple(column.levels),
        seen=seen,
        low=float(values.min()),
        high=float(values.max()),
        whole=column.stored == "integer",
    )


def _checked(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidArgument(f"seed={seed!r} must be a whole number, at least 0.")
    return seed
