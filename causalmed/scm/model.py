"""The fitted structural causal model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from causalmed.arguments import require_names
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.results import Effect, Provenance
from causalmed.scm.assignment import read_interventions
from causalmed.scm.building import by_hand, check_mechanisms
from causalmed.scm.comparison import Candidate
from causalmed.scm.description import model_frame, model_summary
from causalmed.scm.diagnostics import Judged
from causalmed.scm.effect import scm_effect
from causalmed.scm.factorisation import Factorisation
from causalmed.scm.intervention import Plan, plan_intervention
from causalmed.scm.judging import WithDiagnostics
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.nodes import NodeInfo, frame_of
from causalmed.scm.questions import WithQuestions
from causalmed.scm.request import Request, at_least, stated_arms
from causalmed.scm.running import Drawing
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.storage import load_model, save_model
from causalmed.scm.trial.asking import WithTrials

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort import Cohort

__all__ = ["StructuralCausalModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StructuralCausalModel(WithDiagnostics, WithQuestions, WithTrials):
    """Mechanisms along a graph: what would be, if something were done.

    Made by :func:`fit_scm` from a cohort, or by :meth:`of` from mechanisms written by hand.

    Parameters
    ----------
    graph : Graph
        As stated.
    factors : Factorisation
        The projected graph, an order, and what each node is conditioned on.
    mechanisms : mapping of str to Mechanism
        One a node.
    nodes : mapping of str to NodeInfo
        Kind, labels and range of each node.
    outcome : str or None
        The outcome whose ancestors come first in the order.
    cohort : Cohort or None
        The patients it was fitted on; not saved with the model.
    specs : mapping of str to MechanismSpec
        How the fitted mechanisms were asked for.
    candidates : tuple of Candidate
        What was held against each other where the choice was left to the data; see :attr:`comparison`.
    memory, judged : dict
        Fits without one cluster and diagnostics by node, kept once made.
    provenance : Provenance
        Data, specification, seed, versions.

    Examples
    --------
    >>> from causalmed.scm import LogisticBinary, Predictor
    >>> graph = Graph.parse("dag { emergency -> late -> ssi; emergency -> ssi }")
    >>> scm = StructuralCausalModel.of(graph, {
    ...     "emergency": LogisticBinary(predictor=Predictor.of(-1.0)),
    ...     "late": LogisticBinary(predictor=Predictor.of(-1.0, {"emergency": 1.0})),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.5, {"emergency": 1.0, "late": 0.7})),
    ... })
    >>> scm.sample(4, do={"late": 1}, seed=1)["late"].tolist()
    [1, 1, 1, 1]
    """

    graph: Graph
    factors: Factorisation
    mechanisms: Mapping[str, Mechanism]
    nodes: Mapping[str, NodeInfo]
    outcome: str | None
    provenance: Provenance
    cohort: Cohort | None = None
    specs: Mapping[str, MechanismSpec] = field(default_factory=lambda: MappingProxyType({}))
    candidates: tuple[Candidate, ...] = ()
    memory: dict[tuple[str, int], Mechanism] = field(init=False, default_factory=dict)
    judged: dict[str, Judged] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for attribute in ("mechanisms", "nodes", "specs"):
            object.__setattr__(self, attribute, MappingProxyType(dict(getattr(self, attribute))))
        check_mechanisms(self.factors, self.mechanisms)

    def __repr__(self) -> str:
        fitted = "by hand" if self.cohort is None else f"{self.cohort.n:,} patients"
        return f"StructuralCausalModel({len(self.order)} nodes, {fitted})"

    @property
    def order(self) -> tuple[str, ...]:
        """The nodes, causes before effects."""
        return self.factors.order

    def to_frame(self) -> pd.DataFrame:
        """Return a row a node: mechanism, causes, what it is conditioned on, hidden causes."""
        return model_frame(self)

    def summary(self) -> str:
        """Describe the model in at most 80 columns."""
        return model_summary(self)

    @classmethod
    def of(
        cls,
        graph: Graph,
        mechanisms: Mapping[str, Mechanism],
        *,
        levels: Mapping[str, Sequence[str]] | None = None,
        outcome: str | None = None,
    ) -> StructuralCausalModel:
        """Build a model from mechanisms written by hand.

        Parameters
        ----------
        graph : Graph
            Latent nodes may have a mechanism: they are then simulated like any other node. Those without
            one are projected out.
        mechanisms : mapping of str to Mechanism
            Node → mechanism.
        levels : mapping of str to sequence of str, optional
            Labels of the codes of a node.
        outcome : str, optional
            Its ancestors come first; by default the outcome of the graph.

        Raises
        ------
        GraphError
            A node lacks its mechanism, or a mechanism reads a node that the graph does not give it.
        UnknownNode
            A mechanism of a node that is not in the graph.
        """
        return by_hand(cls, graph, mechanisms, levels=levels or {}, outcome=outcome)

    def plan(
        self,
        *,
        exposures: Sequence[str],
        targets: Sequence[str],
        rules: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Plan:
        """Plan the computation of the targets under an intervention, or raise ``NotIdentified``."""
        if unknown := [name for name in (*exposures, *targets) if name not in self.nodes]:
            raise UnknownNode.among(unknown, self.nodes)
        return plan_intervention(self.factors, exposures=exposures, targets=targets, rules=rules)

    def sample(
        self,
        n: int,
        *,
        do: Mapping[str, object] | None = None,
        nodes: Sequence[str] | None = None,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Draw patients, as they come or under an intervention.

        Two calls with one seed share the noise of every patient and node, so that they may be compared
        row by row.

        Parameters
        ----------
        n, seed : int
            Number of patients, at least 1; seed of their noise, non-negative.
        do : mapping of str to value or regime, optional
            Node → the value it is set to (a label of the table, or a number), or a regime: :class:`Set`,
            :class:`Shift`, :class:`Randomise`, :class:`Rule`, :class:`Replace`.
        nodes : sequence of str, optional
            What is asked for; everything by default. Fewer nodes may be identified where all are not.

        Returns
        -------
        pandas.DataFrame
            Labels as in the cohort, columns in the order of the model.

        Raises
        ------
        NotIdentified
            The distribution under ``do`` cannot be computed from the observed columns.
        UnknownNode, InvalidArgument
            A node or a value that the model does not know; a regime that reads what its node changes.
        """
        at_least(1, n, "n")
        asked = self.order if nodes is None else require_names("nodes", nodes)
        set_to = read_interventions(do, self.nodes, rows=n)
        plan = self.plan(exposures=set_to.exposures, targets=asked, rules=set_to.rules)
        whole = [name for name, info in self.nodes.items() if info.is_discrete]
        drawing = Drawing(
            plan=plan, mechanisms=self.mechanisms, rows=n, seed=seed, assignments=set_to.assignments
        )
        values = drawing.world(set_to.fixed, wanted=asked, whole=whole)
        return frame_of(values, self.nodes, [node for node in self.order if node in set(asked)])

    def effect(
        self,
        *,
        exposure: str | None = None,
        outcome: str | None = None,
        contrast: object = (1, 0),
        do: Mapping[str, object] | None = None,
        against: Mapping[str, object] | None = None,
        population: str = "all",
        draws: int = 20,
        replicates: int = 200,
        level: float = 0.95,
        seed: int = 0,
        n_jobs: int = 1,
    ) -> Effect:
        r"""Return the effect of an intervention, :math:`E[Y(a)]` against :math:`E[Y(b)]`.

        Computed over the patients of the cohort where the model has one: only nodes that the intervention
        reaches are simulated, and the outcome is averaged exactly.

        Parameters
        ----------
        exposure : str, optional
            What is set, to the two values of ``contrast``.
        outcome : str, optional
            A binary or numeric node; by default the outcome of the model.
        contrast : tuple of two values, or a regime
            (a, b): labels, numbers, regimes, or None for the values as they are. A regime alone, such as
            ``Shift(by=-10)``, is compared with the values as they are.
        do, against : mapping of str to value or regime, optional
            Instead of ``exposure``: what each of the two arms sets, several nodes perhaps. Without
            ``against``, patients as they come.
        population : {"all", "exposed", "unexposed"}
            Over whom; "exposed" are those observed with a. Only for two values of one exposure.
        draws, replicates : int
            Draws of the noise between exposure and outcome, at least 1; bootstrap replicates, at least 20.
        level : float
            Confidence level, in (0, 1).
        seed, n_jobs : int
            Non-negative; threads, which never change a bit.

        Returns
        -------
        Effect
            With Monte-Carlo error as a check, apart from the covariance.

        Raises
        ------
        NotIdentified
            The effect cannot be computed from the observed columns.
        UnknownNode, InvalidArgument
            A name or value that the model does not know; a regime that reads what its node changes.
        """
        ask = Request(
            arms=stated_arms(exposure, contrast, do, against),
            outcome=self._outcome(outcome),
            population=population,
            draws=draws,
            replicates=replicates,
            level=level,
            seed=seed,
            n_jobs=n_jobs,
        )
        return scm_effect(self, ask)

    def save(self, path: str | Path) -> None:
        """Write the model to one zip file without patients; ``NotSavable`` names a foreign node."""
        save_model(self, path)

    @classmethod
    def load(cls, path: str | Path) -> StructuralCausalModel:
        """Read what :meth:`save` wrote, equal to the last bit; ``DataError`` for any other file."""
        return load_model(cls, path)

    def _outcome(self, outcome: str | None) -> str:
        if outcome is None and self.outcome is None:
            raise InvalidArgument("The model has no single outcome; name one with outcome=.")
        name = str(self.outcome if outcome is None else outcome)
        if name not in self.nodes:
            raise UnknownNode.among([name], self.nodes)
        return name
