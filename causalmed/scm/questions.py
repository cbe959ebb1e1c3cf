"""How a model is asked about conditional laws and about single patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.scm.conditional_law import ConditionalLaw
    from causalmed.scm.counterfactuals import Counterfactuals
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["WithQuestions"]


class WithQuestions:
    """Gives a model its queries and its counterfactuals."""

    __slots__ = ()

    def query(
        self,
        targets: str | Sequence[str],
        *,
        do: Mapping[str, object] | None = None,
        given: Mapping[str, object] | None = None,
        at_most: Sequence[float] = (),
        n: int = 100_000,
        replicates: int = 100,
        level: float = 0.95,
        seed: int = 0,
        n_jobs: int = 1,
    ) -> ConditionalLaw:
        r"""Return the law of some nodes under an intervention, given evidence, :math:`P(t \mid do(x), e)`.

        The evidence is seen after the intervention; nodes with evidence are not drawn, and each draw is
        weighted by how likely the evidence is in it.

        Parameters
        ----------
        targets : str or sequence of str
            Nodes with levels, or one number, whose mean is returned (or what ``at_most`` asks).
        do : mapping of str to value or regime, optional
            Node → what it is set to.
        given : mapping of str to value or (low, high), optional
            Node → what is seen: a value, or limits (None for an open end).
        at_most : sequence of float
            For one number: the values t of which P(number <= t) is returned instead of the mean.
        n : int
            Draws, at least 1.
        replicates : int
            Refits for the error of the model; 0 for none.
        level : float
            Confidence level, in (0, 1).
        seed, n_jobs : int
            Non-negative; threads, which never change a bit.

        Returns
        -------
        ConditionalLaw
            Probabilities with Monte-Carlo error and error of the model apart, and the effective draws.

        Raises
        ------
        NotIdentified
            The law cannot be computed from the observed columns.
        PositivityViolation
            Too few draws agree with the evidence.
        UnknownNode, InvalidArgument
            A node or value that the model does not know; a node that is asked for twice.

        Examples
        --------
        >>> from causalmed.graph import Graph
        >>> from causalmed.scm import LogisticBinary, Predictor, StructuralCausalModel
        >>> scm = StructuralCausalModel.of(Graph.parse("dag { late -> ssi -> fever }"), {
        ...     "late": LogisticBinary(predictor=Predictor.of(-1.0)),
        ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.0, {"late": 1.0})),
        ...     "fever": LogisticBinary(predictor=Predictor.of(-3.0, {"ssi": 4.0}))})
        >>> print(scm.query("ssi", do={"late": 1}, given={"fever": 1}, seed=1)["1"])
        0.85 (95 % CI 0.85 to 0.85)
        """
        from causalmed.scm.conditional import conditional_law

        return conditional_law(
            _model(self),
            targets,
            do=do,
            given=given,
            at_most=at_most,
            n=n,
            replicates=replicates,
            level=level,
            seed=seed,
            n_jobs=n_jobs,
        )

    def counterfactual(
        self,
        patients: Cohort,
        *,
        do: Mapping[str, object],
        outcome: str | None = None,
        coupling: str = "bounds",
        draws: int = 1000,
        replicates: int = 100,
        level: float = 0.95,
        seed: int = 0,
    ) -> Counterfactuals:
        r"""Return how each patient would have fared, given everything observed up to the outcome.

        What was observed says something about the patient's own noise (abduction); the noise is kept, the
        intervention made, the nodes below it recomputed. For discrete nodes the data leave an interval, and
        so does the answer.

        Parameters
        ----------
        patients : Cohort
            One or more, with the columns the model needs.
        do : mapping of str to value
            Node → value it is set to (or a sequence, one a patient).
        outcome : str, optional
            A binary or numeric node; by default the outcome of the model.
        coupling : {"bounds", "monotone", "independent", "gumbel"}
            Bounds that hold whatever the coupling, or a point under a named one.
        draws : int
            Draws for points and for ``risk_do``, at least 1.
        replicates : int
            Bootstrap replicates for the uncertainty of the mechanisms; 0 for none.
        level : float
            Confidence level, in (0, 1).
        seed : int
            Non-negative.

        Returns
        -------
        Counterfactuals

        Raises
        ------
        NotIdentified
            Hidden causes leave it undetermined.
        NotInvertible
            A node between has a mechanism whose noise cannot be recovered; the message names it.
        InvalidArgument
            A value, an option, or more combinations of discrete nodes than can be listed.
        """
        from causalmed.scm.unit import unit_counterfactuals

        return unit_counterfactuals(
            _model(self),
            patients,
            do=do,
            outcome=_model(self)._outcome(outcome),
            coupling=coupling,
            draws=draws,
            replicates=replicates,
            level=level,
            seed=seed,
        )

    def counterfactual_draws(
        self,
        patients: Cohort,
        *,
        do: Mapping[str, object],
        draws: int = 500,
        seed: int = 0,
        outcome: str | None = None,
        nodes: Sequence[str] | None = None,
        coupling: str = "monotone",
    ) -> dict[str, FloatArray]:
        """Draw the columns of each patient as they would have been, and the risk of the outcome then.

        For recourse: the patient's own outcome is not used, so that it may be unknown. Draws of two calls
        with one seed share their noise.

        Parameters
        ----------
        patients : Cohort
            One or more.
        do : mapping of str to value
            Node → value; a text is a label, a number is a code (as in ``Cohort.values``).
        draws, seed : int
            Draws a patient; seed.
        outcome : str, optional
            By default the outcome of the model.
        nodes : sequence of str, optional
            What is wanted; by default everything below ``do`` that is not below the outcome.
        coupling : {"monotone", "independent", "gumbel"}
            For discrete nodes.

        Returns
        -------
        dict of str to ndarray, each of shape (patients, draws)
            Codes of every node that may change, of the nodes set, and under the name of the outcome its
            probability (mean) given the rest.

        Raises
        ------
        NotIdentified, NotInvertible, InvalidArgument
            As for :meth:`counterfactual`.
        """
        from causalmed.scm.unit import draw_counterfactuals

        return draw_counterfactuals(
            _model(self),
            patients,
            do=do,
            outcome=_model(self)._outcome(outcome),
            nodes=nodes,
            coupling=coupling,
            draws=draws,
            seed=seed,
        )


def _model(self: WithQuestions) -> StructuralCausalModel:
    return cast("StructuralCausalModel", self)
