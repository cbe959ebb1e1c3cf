"""Hold a graph against the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.discovery.falsification import Contradiction, Falsification
from causalmed.discovery.implied import Remembered, Triple, holm, implied, violations
from causalmed.discovery.independence import TESTS, TestName, chosen_test, make_test
from causalmed.discovery.oracle import Oracle
from causalmed.discovery.remedies import Remedy, remedies
from causalmed.discovery.variables import default_columns, variables
from causalmed.engine import generator
from causalmed.errors import InvalidArgument
from causalmed.graph import Graph, Independence
from causalmed.results import Provenance

__all__ = ["falsify"]

_MOST_REPAIRS = 400


def falsify(
    graph: Graph,
    cohort: Cohort,
    *,
    test: TestName = "auto",
    alpha: float = 0.05,
    permutations: int = 200,
    seed: int = 0,
) -> Falsification:
    """Say whether a graph survives the data, whether it could have failed, and where it is contradicted.

    A graph forbids the data to show certain dependences. How many it gets wrong is compared with the same
    graph after its names were shuffled: a graph that does no better than shuffled ones knows nothing about
    these data, and one whose shuffled copies mostly say the same could not have failed.

    Parameters
    ----------
    graph : Graph
        What is assumed. Nodes that are no column of the cohort count as hidden.
    cohort : Cohort
        The patients.
    test : {"auto", "fisher_z", "g_squared", "regression"}
        As in :func:`causalmed.discover`.
    alpha : float
        Level of each verdict, in (0, 1).
    permutations : int
        Shuffled graphs, at least 1; all of them, once, where there are no more than that.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    Falsification

    Raises
    ------
    InvalidArgument
        Fewer than two nodes of the graph are columns; an argument out of range.
    GraphError
        The graph leaves directions open.
    MissingValues, DataError
        A column has holes, or never varies.

    References
    ----------
    Eulig E, Mastakouri AA, Blöbaum P, Hardt M, Janzing D (2023). Toward falsifying causal graphs using a
    permutation-based test. arXiv 2305.09565.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> bmi, age = rng.normal(size=(2, 2000))
    >>> glucose = 0.7 * bmi + rng.normal(size=2000)
    >>> crp = 0.7 * glucose + 0.5 * age + rng.normal(size=2000)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"bmi": bmi, "age": age, "glucose": glucose, "crp": crp}))
    >>> falsify(Graph.parse("dag { bmi -> glucose -> crp <- age }"), cohort).verdict
    'survives'
    >>> wrong = falsify(Graph.parse("dag { bmi -> crp -> glucose <- age }"), cohort)
    >>> wrong.verdict, len(wrong.contradictions)
    ('no better than chance', 3)
    """
    require_instance("graph", graph, Graph, how="Graph.parse(text)")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    _check(test, permutations)
    level = require_share("alpha", alpha, example=0.05)
    require_seed(seed)
    seen = [name for name in graph.nodes if name in graph.observed and name in cohort]
    _enough(graph, cohort, seen)
    _ = graph.oriented
    data = variables(cohort, seen)
    drawn = graph.latent_projection(seen)
    names = data.names
    asked = Remembered(test=make_test(data, test))
    triples = implied(drawn, names)
    wrong = violations(asked, triples, alpha=level)
    others = list(shuffled(triples, len(names), permutations, seed=seed))
    truth = Remembered(test=Oracle(graph=drawn, names=names))
    found = _contradictions(asked, triples, names, level)
    return Falsification(
        implied=len(triples),
        violations=wrong,
        contradictions=found,
        remedies=_remedies(drawn, found, asked, names, level),
        unsupported=_unsupported(drawn, asked, names, level),
        shuffled_violations=tuple(violations(asked, other, alpha=level) for other in others),
        equivalent=sum(violations(truth, other, alpha=0.5) == 0 for other in others),
        alpha=level,
        test=chosen_test(data, test),
        n=data.n,
        hidden=tuple(name for name in graph.nodes if name not in seen),
        provenance=Provenance.collect(
            data_fingerprint=cohort.fingerprint,
            spec=f"falsify(test={test!r}, alpha={level:g}, permutations={permutations})",
            seed=seed,
        ),
    )


def shuffled(
    triples: Sequence[Triple], size: int, permutations: int, *, seed: int
) -> Iterator[tuple[Triple, ...]]:
    """Yield the independences of the graph under shuffled names, the graph's own order left out."""
    from itertools import permutations as orders

    own = tuple(range(size))
    if size <= 8 and math.factorial(size) - 1 <= permutations:
        chosen: list[tuple[int, ...]] = [order for order in orders(own) if order != own]
    else:
        stream = generator(seed, "discovery", "falsify")
        chosen = [tuple(stream.permutation(size).tolist()) for _ in range(permutations)]
    for order in chosen:
        yield tuple((order[x], order[y], frozenset(order[s] for s in given)) for x, y, given in triples)


def _contradictions(
    asked: Remembered, triples: Sequence[Triple], names: Sequence[str], alpha: float
) -> tuple[Contradiction, ...]:
    p_values = [asked.p(triple) for triple in triples]
    rows = [
        Contradiction(independence=_named(triple, names), p_value=p, adjusted=adjusted)
        for triple, p, adjusted in zip(triples, p_values, holm(p_values), strict=True)
        if adjusted <= alpha
    ]
    return tuple(sorted(rows, key=lambda row: (row.p_value, str(row.independence))))


def _named(triple: Triple, names: Sequence[str]) -> Independence:
    x, y, given = triple
    return Independence(x=names[x], y=names[y], given=tuple(sorted(names[s] for s in given)))


def _remedies(
    graph: Graph,
    found: Sequence[Contradiction],
    asked: Remembered,
    names: Sequence[str],
    alpha: float,
) -> tuple[Remedy, ...]:
    pairs = [(one.independence.x, one.independence.y) for one in found]
    if not pairs or len(graph.directed) + 3 * len(pairs) > _MOST_REPAIRS:
        return ()

    def count(changed: Graph) -> int:
        return len(_contradictions(asked, implied(changed, names), names, alpha))

    return remedies(graph, pairs, now=len(found), count=count)


def _unsupported(
    graph: Graph, asked: Remembered, names: Sequence[str], alpha: float
) -> tuple[tuple[str, str], ...]:
    """Return the arrows that the data do not ask for: the two independent given the other parents."""
    if graph.bidirected:
        return ()
    number: Callable[[str], int] = list(names).index
    rows = []
    for u, v in sorted(graph.directed):
        rest = frozenset(number(name) for name in graph.parents(v) if name != u)
        if asked.p((number(u), number(v), rest)) > alpha:
            rows.append((u, v))
    return tuple(rows)


def _enough(graph: Graph, cohort: Cohort, seen: Sequence[str]) -> None:
    if len(seen) < 2:
        usable = default_columns(cohort)
        raise InvalidArgument(
            f"Of the graph's {len(graph.nodes)} nodes, {len(seen)} are columns of the cohort ({list(seen)}): "
            f"there is nothing to test. Name nodes as the columns are named: {list(usable)[:8]}."
        )


def _check(test: object, permutations: object) -> None:
    if test not in TESTS:
        raise InvalidArgument.option("test", test, TESTS)
    if not isinstance(permutations, int) or isinstance(permutations, bool) or permutations < 1:
        raise InvalidArgument(f"permutations={permutations!r} must be a whole number, such as 200.")
