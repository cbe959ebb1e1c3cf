"""What is checked before anything is estimated: timing, roles, identification, overlap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from causalmed.errors import CausalmedError, NotIdentified
from causalmed.identification import identify
from causalmed.results import Check, Gate, State

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.graph import Graph
    from causalmed.reporting.population import Population
    from causalmed.reporting.protocol import Protocol

__all__ = ["check_population", "timing"]


def check_population(protocol: Protocol, population: Population) -> Gate:
    """Check that the question can be asked of this table under this graph.

    Parameters
    ----------
    protocol : Protocol
        What was declared.
    population : Population
        Cohort and graph.

    Returns
    -------
    Gate
        Checks ``columns``, ``timing``, ``evidence``, ``identification``, ``events``, ``overlap``.
    """
    cohort, graph = population.cohort, population.graph
    outcome = protocol.question.outcome
    candidates = protocol.question.candidates or tuple(sorted(graph.exposures))
    return Gate(
        checks=(
            _columns(cohort, graph),
            timing(cohort, graph, outcome=outcome),
            _evidence(protocol, graph),
            _identification(graph, cohort, candidates, outcome),
            _events(cohort, outcome),
            _overlap(cohort, candidates),
        )
    )


def timing(cohort: Cohort, graph: Graph, *, outcome: str) -> Check:
    """Check that every column used was known before the outcome.

    A column counts as known before if the protocol's tiers (or the graph's) place it earlier. An arrow
    into the outcome only *claims* it. Columns drawn as effects of the outcome are not used anyway.
    """
    later = graph.descendants([outcome]) if outcome in graph.nodes else frozenset()
    used = [name for name in graph.nodes if name in cohort and name not in later and name != outcome]
    used = [name for name in used if name not in (cohort.unit, cohort.cluster)]
    unknown = [name for name in used if not _is_before(cohort, graph, name, outcome)]
    if not unknown:
        return Check(
            name="timing",
            state=State.PASS,
            sentence=f"All {len(used)} columns used are declared to precede the outcome.",
            value=0.0,
            threshold=0.0,
        )
    return Check(
        name="timing",
        state=State.WARN,
        sentence=f"Nothing says that {_listed(unknown)} {'was' if len(unknown) == 1 else 'were'} measured "
        "before "
        f"{outcome!r}. {'It' if len(unknown) == 1 else 'They'} may follow the infection, and then the "
        "effects below "
        "would be wrong.",
        value=float(len(unknown)),
        threshold=0.0,
        advice="Find out when each was measured and declare it under [population.tiers].",
    )


def _is_before(cohort: Cohort, graph: Graph, name: str, outcome: str) -> bool:
    for order, tier_of in (
        (list(cohort.tiers), cohort.tier_of),
        (list(graph.tiers), graph.tier_of.get),
    ):
        mine, theirs = tier_of(name), tier_of(outcome)
        if mine is not None and theirs is not None and mine in order and theirs in order:
            return order.index(mine) < order.index(theirs)
    return False


def _columns(cohort: Cohort, graph: Graph) -> Check:
    absent = [name for name in graph.nodes if name not in cohort and name not in graph.latent]
    if not absent:
        return Check(
            name="columns", state=State.PASS, sentence="Every measured factor of the graph is a column."
        )
    return Check(
        name="columns",
        state=State.WARN,
        sentence=f"The graph says that {_listed(absent)} {'is' if len(absent) == 1 else 'are'} measured, but "
        "the "
        "table has no such column; the analysis treats them as not measured.",
        value=float(len(absent)),
        threshold=0.0,
        advice="Add the columns, or mark the factors [latent] in the graph.",
    )


def _evidence(protocol: Protocol, graph: Graph) -> Check:
    drawn = {f"{u} -> {v}" for u, v in graph.directed}
    stray = [item.arrow for item in protocol.graph.evidence if item.arrow not in drawn]
    if stray:
        return Check(
            name="evidence",
            state=State.WARN,
            sentence=f"Evidence is given for {_listed(stray)}, which the graph does not draw.",
            value=float(len(stray)),
            threshold=0.0,
            advice="Draw the arrow, or take the evidence out.",
        )
    sourced = {item.arrow for item in protocol.graph.evidence}
    share = len(sourced) / max(1, len(drawn))
    return Check(
        name="evidence",
        state=State.PASS if share > 0 else State.WARN,
        sentence=f"A source is named for {len(sourced)} of {len(drawn)} arrows.",
        value=share,
        threshold=0.0,
        advice="Name at least the source of each arrow into the outcome under [graph.evidence].",
    )


def _identification(graph: Graph, cohort: Cohort, candidates: Iterable[str], outcome: str) -> Check:
    names = list(candidates)
    not_identified = []
    for name in names:
        try:
            identify(graph, exposure=name, outcome=outcome, observed=cohort.names)
        except NotIdentified:
            not_identified.append(name)
        except CausalmedError as error:
            return Check(name="identification", state=State.FAIL, sentence=str(error))
    if not names:
        return Check(
            name="identification",
            state=State.FAIL,
            sentence="There is no candidate: the protocol names none and the graph marks no [exposure].",
            advice="List them under question.candidates, or mark them [exposure] in the graph.",
        )
    found = len(names) - len(not_identified)
    rest = f"; not {_listed(not_identified)}" if not_identified else ""
    return Check(
        name="identification",
        state=State.PASS if found else State.FAIL,
        sentence=f"The effects of {found} of {len(names)} candidates can be known from these columns{rest}.",
        value=float(found),
        threshold=1.0,
    )


def _events(cohort: Cohort, outcome: str) -> Check:
    values = cohort.values(outcome)
    events = float(min(values.sum(), len(values) - values.sum()))
    state = State.PASS if events >= 100 else State.WARN if events >= 20 else State.FAIL
    return Check(
        name="events",
        state=state,
        sentence="There are enough patients with and without the outcome."
        if state is State.PASS
        else "There are few patients with (or few without) the outcome; expect wide intervals.",
        value=events if events >= 11 else None,
        threshold=100.0,
        advice="Ask fewer questions of these data, or pool them with others.",
    )


def _overlap(cohort: Cohort, candidates: Iterable[str]) -> Check:
    thin = []
    for name in candidates:
        if name in cohort and cohort.column(name).kind == "binary":
            share = float(cohort.values(name).mean())
            if min(share, 1 - share) < 0.01:
                thin.append(name)
    if not thin:
        return Check(
            name="overlap",
            state=State.PASS,
            sentence="Every candidate is present and absent in 1 % of patients or more.",
        )
    return Check(
        name="overlap",
        state=State.WARN,
        sentence=f"Almost all patients are alike in {_listed(thin)}.",
        value=float(len(thin)),
        threshold=0.0,
        advice="Expect 'cannot tell' for them.",
    )


def _listed(names: list[str]) -> str:
    quoted = [repr(name) for name in names[:8]]
    return ", ".join(quoted) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
