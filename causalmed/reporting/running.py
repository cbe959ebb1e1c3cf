"""A protocol in, a dossier out: the rooms are asked in the order of the argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from causalmed.arguments import require_instance
from causalmed.engine import Local
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.reporting.checks import check_population
from causalmed.reporting.disclosure import without_few
from causalmed.reporting.dossier import Dossier, Refusal
from causalmed.reporting.items import unknown_statements
from causalmed.reporting.parts import (
    audit_part,
    changes_part,
    explanation_part,
    prediction_part,
    questions_part,
    recourse_part,
    scm_part,
    screen_part,
)
from causalmed.reporting.population import Population, load_population
from causalmed.reporting.protocol import Protocol
from causalmed.reporting.sealing import Verification, verify
from causalmed.reporting.signing import checked_signatures
from causalmed.results import Gate, Provenance

__all__ = ["check_protocol", "run", "verify_report"]

Progress: TypeAlias = Callable[[str, int, int], None]
Answer = TypeVar("Answer")

_STEPS = 9


def run(protocol: Protocol, *, n_jobs: int = 1, progress: Progress | None = None) -> Dossier:
    """Do what a protocol declares.

    A part that cannot be done (too few events, nothing identified, …) does not stop the others: the
    dossier keeps the refusal in its own words and the report shows it.

    Parameters
    ----------
    protocol : Protocol
        What was declared.
    n_jobs : int
        Threads, at least 1; they never change a number.
    progress : callable, optional
        Called with (what is being done, steps done, steps in all).

    Returns
    -------
    Dossier

    Raises
    ------
    CausalmedError
        The table, the graph or the protocol cannot be used at all.

    Examples
    --------
    >>> from causalmed.reporting import Protocol
    >>> protocol = Protocol.parse('''
    ... schema = 1
    ... title = "Antibiotics and infection after caesarean section"
    ... [population]
    ... data = "dataset:caesarean"
    ... [graph]
    ... file = "dataset:caesarean"
    ... [question]
    ... outcome = "infection"
    ... ''')
    >>> dossier = run(protocol)
    >>> dossier.population.cohort.n
    251
    """
    require_instance("protocol", protocol, Protocol, how='Protocol.load("protocol.toml")')
    Local(n_jobs=n_jobs)  # a wrong number must stop here, not become the refusal of a part
    if progress is not None and not callable(progress):
        raise InvalidArgument(f"progress={progress!r} must be a function of a name and two numbers.")
    step, attempt = _Steps(progress), _Attempts()
    step("reading the table and the graph")
    unknown_statements(protocol)
    population = load_population(protocol)
    step("checking timing, identification and overlap")
    checks = check_population(protocol, population)
    step("asking every candidate whether it causes the outcome")
    screen = attempt("the causes", lambda: screen_part(protocol, population, n_jobs=n_jobs))
    model = _about_the_model(protocol, population, attempt, step, n_jobs=n_jobs)
    step("comparing with the report before")
    dossier = Dossier(
        protocol=protocol,
        population=population,
        checks=checks,
        screen=screen,
        **model,
        changes=None,
        refusals=tuple(attempt.refusals),
        provenance=Provenance.collect(
            data_fingerprint=population.cohort.fingerprint,
            spec=f"protocol {protocol.sha256}",
            seed=protocol.report.seed,
        ),
    )
    changes = attempt("the comparison with the report before", lambda: changes_part(protocol, dossier))
    step("done")
    return replace(dossier, changes=changes, refusals=tuple(attempt.refusals))


def _about_the_model(
    protocol: Protocol, population: Population, attempt: _Attempts, step: _Steps, *, n_jobs: int
) -> dict[str, Any]:
    """Fit the risk model, explain it and audit it: the parts of the dossier that rest on it."""
    step("fitting the risk model")
    prediction = attempt("the risk model", lambda: prediction_part(protocol, population))
    step("fitting the structural causal model")
    scm = attempt(
        "the structural causal model", lambda: scm_part(protocol, population, prediction, n_jobs=n_jobs)
    )
    step("explaining the risks")
    explanation = attempt("the explanation", lambda: explanation_part(protocol, population, prediction))
    questions = attempt("the three questions", lambda: questions_part(protocol, prediction, scm))
    step("working through one patient")
    recourse = attempt("the worked patient", lambda: recourse_part(protocol, population, prediction, scm))
    step("auditing the model by group")
    audit = attempt("the audit", lambda: audit_part(protocol, population, prediction))
    return {
        "prediction": prediction,
        "explanation": explanation,
        "questions": questions,
        "recourse": recourse,
        "audit": audit,
    }


def check_protocol(protocol: Protocol, *, progress: Progress | None = None) -> Gate:
    """Check data, graph, identification and overlap; estimate nothing.

    Parameters
    ----------
    protocol : Protocol
        What was declared.
    progress : callable, optional
        As for :func:`run`.

    Returns
    -------
    Gate
        FAIL where the protocol cannot be run.

    Raises
    ------
    CausalmedError
        The table or the graph cannot be used at all.

    Examples
    --------
    >>> from causalmed.reporting import Protocol, protocol_template
    >>> check_protocol(Protocol.parse(protocol_template())).check("timing").state.name
    'PASS'
    """
    unknown_statements(protocol)
    if progress:
        progress("reading the table and the graph", 0, 2)
    population = load_population(protocol)
    if progress:
        progress("checking timing, identification and overlap", 1, 2)
    return check_population(protocol, population)


def verify_report(report: str | Path, *, protocol: str | Path | None = None) -> Verification:
    """Recompute the hashes of a report, of its signatures, and of the table if its protocol is given.

    Parameters
    ----------
    report : str or Path
        The JSON file.
    protocol : str or Path, optional
        The protocol file; its table is read again and its fingerprint compared.

    Raises
    ------
    CausalmedError
        The file is not a report, or the protocol cannot be read.
    """
    if protocol is None:
        found = verify(report)
    else:
        declared = Protocol.load(protocol)
        cohort = load_population(declared).cohort
        found = verify(report, data_fingerprint=cohort.fingerprint, protocol_sha256=declared.sha256)
    return replace(found, lines=(*found.lines, *checked_signatures(Path(report))))


class _Steps:
    """Counts the steps for a progress bar."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0

    def __call__(self, name: str) -> None:
        if self._progress:
            self._progress(name, self._done, _STEPS)
        self._done += 1


class _Attempts:
    """Runs parts that may be refused, and keeps the refusals."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def __call__(self, part: str, work: Callable[[], Answer]) -> Answer | None:
        try:
            return work()
        except CausalmedError as error:
            self.refusals.append(
                Refusal(part=part, reason=without_few(str(error)), kind=type(error).__name__)
            )
            return None
