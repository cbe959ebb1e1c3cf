"""Ask every candidate whether it causes the outcome."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort, StreamedCohort
from causalmed.engine import Local
from causalmed.errors import CausalmedWarning, ColumnNotFound, InvalidArgument, UnknownNode
from causalmed.estimation import TMLE, Estimator
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.screening.answers import Estimated, Memory, ask
from causalmed.screening.candidate import Candidate
from causalmed.screening.judging import judge
from causalmed.screening.screen import RiskScreen

__all__ = ["screen_risks", "screened"]


def screen_risks(
    graph: Graph,
    cohort: Cohort | StreamedCohort,
    *,
    outcome: str | None = None,
    candidates: Iterable[str] | None = None,
    estimator: Estimator | None = None,
    alpha: float = 0.05,
    margin: float = 0.01,
    seed: int = 0,
    n_jobs: int = 1,
) -> RiskScreen:
    """Say of each candidate whether it causes the outcome.

    Each candidate is its own question, with its own adjustment set from the one graph. *cause*: the
    step-down test at ``alpha`` excludes no effect. *no material effect*: the simultaneous interval lies
    inside ``margin``. *cannot tell*: neither, or the data refused, with the reason. *not
    identifiable*: no formula in the observed columns. *assumed none*: the graph draws no path.

    Parameters
    ----------
    graph : Graph
        What is assumed. Draw an arrow from every candidate to the outcome: the data decide which are
        real.
    cohort : Cohort or StreamedCohort
        The patients; only its columns count as observed.
    outcome : str, optional
        A binary column; None: the cohort's outcome.
    candidates : iterable of str, optional
        Nodes of the graph; None: those marked ``[exposure]``.
    estimator : GComputation, IPW, IPWRA, AIPW, TMLE or None
        None: ``TMLE()``.
    alpha : float
        Probability of calling any candidate a cause that is none, in (0, 1).
    margin : float
        Risk difference regarded as immaterial, positive; 0.01 is one in 100 patients.
    seed : int
        Seed of the simultaneous critical values, and of learners.
    n_jobs : int
        Threads over candidates; never changes a result.

    Returns
    -------
    RiskScreen

    Raises
    ------
    InvalidArgument
        No candidate; an argument outside its range; an outcome that is not binary.
    UnknownNode, ColumnNotFound
        A candidate or the outcome is not in the graph, or the outcome not in the cohort.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(60, 10, 6000)
    >>> late, music = rng.random(6000) < 0.3, rng.random(6000) < 0.5
    >>> ssi = rng.random(6000) < 1 / (1 + np.exp(2.5 - late - (age - 60) / 20))
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "music": music, "ssi": ssi}))
    >>> graph = Graph.parse("dag { late [exposure] music [exposure] {age late music} -> ssi }")
    >>> screen = screen_risks(graph, cohort, outcome="ssi", margin=0.03)
    >>> for row in screen.candidates:
    ...     print(row.name, "|", row.verdict)
    late | cause
    music | no material effect
    """
    return screened(
        graph,
        cohort,
        outcome=outcome,
        candidates=candidates,
        estimator=estimator,
        alpha=alpha,
        margin=margin,
        seed=seed,
        n_jobs=n_jobs,
    )


def screened(
    graph: Graph,
    cohort: Cohort | StreamedCohort,
    *,
    outcome: str | None,
    candidates: Iterable[str] | None,
    estimator: Estimator | None,
    alpha: float,
    margin: float,
    seed: int,
    n_jobs: int = 1,
    memory: Memory | None = None,
) -> RiskScreen:
    """Screen; what was estimated under other graphs is taken from ``memory``, which is added to."""
    spec = TMLE() if estimator is None else estimator
    require_instance("graph", graph, Graph, how="Graph.parse(text)")
    if not isinstance(cohort, StreamedCohort):
        require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_seed(seed)
    if isinstance(spec, type) or not hasattr(spec, "targets"):
        raise InvalidArgument(f"estimator={spec!r} is none. Use GComputation(), IPW(), AIPW() or TMLE().")
    target = _outcome(graph, cohort, outcome)
    names = _candidates(graph, candidates, target)
    _check_numbers(alpha, margin)

    def one(name: str) -> Estimated | Candidate:
        return ask(
            name,
            graph=graph,
            cohort=cohort,
            outcome=target,
            estimator=spec,
            level=1 - alpha,
            seed=seed,
            memory=memory,
        )

    with warnings.catch_warnings():
        # every warning of an estimate is a check of its gate, and is shown there
        warnings.simplefilter("ignore", CausalmedWarning)
        answers = Local(n_jobs=n_jobs).map(one, names)
    return _judged(answers, cohort, target, repr(spec), alpha=alpha, margin=margin, seed=seed)


def _judged(
    answers: Sequence[Estimated | Candidate],
    cohort: Cohort | StreamedCohort,
    outcome: str,
    spec: str,
    *,
    alpha: float,
    margin: float,
    seed: int,
) -> RiskScreen:
    """Judge all candidates together."""
    estimated = [answer for answer in answers if isinstance(answer, Estimated)]
    judged: dict[str, Candidate] = {}
    critical = float("nan")
    if estimated:
        found, critical = judge(
            estimated, clusters=cohort.cluster_codes, alpha=alpha, margin=margin, seed=seed
        )
        judged = {row.name: row for row in found}
    rows = tuple(judged[answer.name] if isinstance(answer, Estimated) else answer for answer in answers)
    return RiskScreen(
        outcome=outcome,
        candidates=rows,
        alpha=float(alpha),
        margin=float(margin),
        critical_value=critical,
        estimator=spec,
        n=cohort.n,
        events=int(cohort.as_recorded(outcome).values.sum()),
        clusters=len(set(cohort.values(cohort.cluster).tolist())) if cohort.cluster else None,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=seed),
    )


def _outcome(graph: Graph, cohort: Cohort | StreamedCohort, outcome: str | None) -> str:
    name = cohort.outcome if outcome is None else outcome
    if name is None:
        raise InvalidArgument(
            "The cohort has no outcome, so outcome= must name one: the column whose causes are sought."
        )
    if name not in cohort:
        raise ColumnNotFound.among([name], cohort.names, where="outcome=")
    if name not in graph.nodes:
        raise UnknownNode.among([name], graph.nodes)
    kind = cohort.as_recorded(name).kind
    if kind != "binary":
        raise InvalidArgument(
            f"The outcome {name!r} is {kind}; a screen compares risks and needs an outcome that is yes or "
            "no. Make such a column with cohort.assign."
        )
    return name


def _candidates(graph: Graph, candidates: Iterable[str] | None, outcome: str) -> tuple[str, ...]:
    marked = tuple(node for node in graph.nodes if node in graph.exposures)
    named = marked if candidates is None else require_names("candidates", candidates)
    names = tuple(dict.fromkeys(named))
    if not names:
        raise InvalidArgument(
            "There is no candidate to screen. Mark nodes of the graph with [exposure], or name them with "
            "candidates=[…]."
        )
    if unknown := [name for name in names if name not in graph.nodes]:
        raise UnknownNode.among(unknown, graph.nodes)
    if outcome in names:
        raise InvalidArgument(f"{outcome!r} is the outcome and cannot be a candidate for its own cause.")
    return names


def _check_numbers(alpha: float, margin: float) -> None:
    require_share("alpha", alpha, example=0.05)
    require_share("margin", margin, example=0.01)
