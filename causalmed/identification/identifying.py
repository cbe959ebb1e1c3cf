"""From a graph and a question to an estimand, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.graph import Graph, as_names, spelled
from causalmed.identification.advice import suggestions
from causalmed.identification.estimand import Estimand
from causalmed.identification.hedge import find_hedge
from causalmed.identification.pathwise import PATHWISE, pathwise
from causalmed.identification.question import Question, ask
from causalmed.identification.strategies import answer

__all__ = ["identify"]


def identify(
    graph: Graph,
    *,
    exposure: str,
    outcome: str,
    effect: str = "total",
    mediators: Iterable[str] | Mapping[str, float | str] = (),
    observed: Iterable[str] | None = None,
) -> Estimand:
    """Say from which observed quantities an effect can be computed, or why from none.

    For the total effect adjustment is tried first, then the front-door, then instruments; each search is
    linear or nearly so in the size of the graph and none enumerates. Where some adjustment set exists,
    one is found.

    Parameters
    ----------
    graph : Graph
        The assumptions.
    exposure, outcome : str
        X and Y, two different nodes that were measured.
    effect : {"total", "natural_direct", "natural_indirect", "controlled_direct"}
        Along every causal path; along those not through, or through, the mediators, which are left as they
        would be; or with the mediators held at values for everybody.
    mediators : iterable of str, or mapping of str to value
        Only for effects along some paths: one column or several as a block, by name for natural effects,
        with the value at which each is held for the controlled direct effect, ``{"icu": 0}``.
    observed : iterable of str, optional
        The columns that exist; nodes that are not among them count as hidden. By default
        every node that is not latent.

    Returns
    -------
    Estimand
        With its formula and its assumptions in plain words.

    Raises
    ------
    NotIdentified
        With ``.witness``, a path that stays open whatever is adjusted for (or, first, the common cause of
        mediator and outcome that the exposure changes), and ``.suggestions``.
    UnknownNode, InvalidArgument, GraphError
        If the question cannot be put to this graph.

    Examples
    --------
    >>> from causalmed.graph import Graph
    >>> graph = Graph.parse('''dag {
    ...     late [exposure]; ssi [outcome]; frailty [latent]
    ...     urgency -> {late ssi};  late -> ssi
    ... }''')
    >>> print(identify(graph, exposure="late", outcome="ssi"))
    The total effect of late on ssi, by adjustment for urgency.
    >>> try:
    ...     identify(graph, exposure="late", outcome="ssi", observed=["late", "ssi"])
    ... except NotIdentified as reason:
    ...     print(*reason.witness)
    ...     print(*reason.suggestions)
    late <- urgency -> ssi
    Measure urgency: adjustment for urgency would then identify the effect.
    >>> graph = Graph.parse("dag { age -> {late icu ssi}; late -> icu -> ssi; late -> ssi }")
    >>> print(identify(graph, exposure="late", outcome="ssi", effect="natural_direct", mediators=["icu"]))
    The natural direct effect of late on ssi, not through icu, by adjustment for age.
    """
    if not isinstance(graph, Graph):
        raise InvalidArgument(f"graph= must be a Graph, and is a {type(graph).__name__}; see Graph.parse.")
    if not isinstance(effect, str) or effect not in ("total", *PATHWISE):
        raise InvalidArgument.option("effect", effect, ("total", *PATHWISE))
    if effect == "total" and as_names(mediators):
        raise InvalidArgument("the total effect runs through every mediator; leave mediators= out.")
    columns = None if observed is None else frozenset(as_names(observed))
    question = ask(graph, exposure, outcome, columns)
    if effect != "total":
        return pathwise(question, exposure, outcome, effect, mediators)
    found = answer(question, exposure, outcome)
    if found is None:
        raise _not_identified(question, exposure, outcome)
    return found


def _not_identified(question: Question, exposure: str, outcome: str) -> NotIdentified:
    graph = question.graph
    marked = sorted(graph.names(question.include & question.problem.forbidden))
    if marked:
        return NotIdentified(
            f"the effect of {exposure} on {outcome} is not identified: {marked[0]} is marked as adjusted, "
            f"but {exposure} affects it on the way to {outcome}, so holding it fixed removes or distorts "
            f"part of the effect. Take the mark off {marked[0]}.",
            witness=(marked[0],),
            suggestions=(f"Do not adjust for {marked[0]}.",),
        )
    walk, z = question.open_walk()
    witness = spelled(graph, question.problem.back_door, walk, z)
    advice = suggestions(question)
    return NotIdentified(
        f"the effect of {exposure} on {outcome} is not identified: the path {_drawn(graph, witness)} stays "
        f"open whatever is adjusted for, no measured mediators carry the whole effect unconfounded, and "
        f"there is no instrument. {_verdict(question, exposure, outcome)} {' '.join(advice)}",
        witness=witness,
        suggestions=advice,
    )


def _drawn(graph: Graph, witness: tuple[str, ...]) -> str:
    return " ".join(f"{piece} (latent)" if piece in graph.latent else piece for piece in witness)


def _verdict(question: Question, exposure: str, outcome: str) -> str:
    measured = question.graph.names(question.allowed | question.x | question.y)
    if find_hedge(question.graph, exposure, outcome, measured) is None:
        return "A longer formula of the observed distribution exists, but no estimator for it here."
    return "No formula of the observed distribution exists (without further assumptions)."
