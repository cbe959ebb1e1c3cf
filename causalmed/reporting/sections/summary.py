"""What is this, and what is asked of you?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.graph_picture import in_words
from causalmed.reporting.page import Checks, Items, Listing, Paragraph, Section
from causalmed.reporting.publishing import publishable
from causalmed.results import Gate
from causalmed.results.words import in_patients, number, percent

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["findings", "summary"]


def summary(dossier: Dossier) -> Section:
    """Page one: the findings that matter, what is not known, what a person must still state."""
    missing = dossier.missing_items()
    noun = "item" if len(missing) == 1 else "items"
    return Section(
        key="summary",
        question="What is this, and what is asked of you?",
        answer=_headline(dossier),
        blocks=(
            Paragraph(text=_what(dossier)),
            Listing(lead="What was found:", lines=tuple(_found(dossier))),
            Listing(lead="What is not known:", lines=tuple(_unknown(dossier))),
            *_warnings(dossier),
            Paragraph(
                text=f"{len(missing)} {noun} of this report can only be stated by a person and are still "
                "missing; "
                "each is marked where it belongs.",
                label="a person has work to do" if missing else "complete",
            ),
            Items(items=tuple(item for item in dossier.items() if item.section == "summary")),
        ),
    )


def _warnings(dossier: Dossier) -> tuple[Checks, ...]:
    """What was found amiss before anything was estimated stands on page one."""
    amiss = dossier.checks.not_passed()
    return (Checks(gate=Gate(checks=amiss), lead="Before you believe any number below:"),) if amiss else ()


def findings(dossier: Dossier) -> str:
    """The findings as plain text, for a terminal or ``print(dossier)``."""
    import textwrap

    lines = [dossier.protocol.title, "", *textwrap.wrap(_headline(dossier), 78)]
    amiss = [str(check) for check in dossier.checks.not_passed()]
    for line in (*_found(dossier), *_unknown(dossier), *amiss):
        lines += textwrap.wrap(line, 78, initial_indent="- ", subsequent_indent="  ")
    lines += ["", f"{len(dossier.missing_items())} items must still be stated by a person."]
    return "\n".join(lines)


def _what(dossier: Dossier) -> str:
    cohort = dossier.population.cohort
    who = "synthetic patients" if dossier.population.synthetic else "patients"
    hospitals = f" of {len(cohort.cluster_levels)} hospitals" if cohort.cluster else ""
    return (
        f"This report asks which factors cause {in_words(dossier.protocol.question.outcome)}. It looks at "
        f"{cohort.n:,} {who}{hospitals}. The analysis was declared in a protocol beforehand; its hash is in "
        "the "
        "section on reproduction. Causal words are used only where the assumed graph allows them."
    )


def _headline(dossier: Dossier) -> str:
    if dossier.screen is None:
        refusal = dossier.refused("the causes")
        return f"The question could not be answered: {refusal.reason if refusal else 'nothing was asked'}"
    names = [in_words(name) for name in dossier.screen.identified]
    total = len(dossier.screen.candidates)
    if not names:
        who = f"None of the {total} candidates could" if total > 1 else "The candidate could not"
        return f"{who} be shown to cause {in_words(dossier.screen.outcome)}."
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "causes" if len(names) == 1 else "cause"
    return (
        f"{len(names)} of {total} candidates {verb} {in_words(dossier.screen.outcome)} under the assumed "
        "graph: "
        f"{listed}."
    )


def _found(dossier: Dossier) -> list[str]:
    lines = []
    cohort, outcome = dossier.population.cohort, dossier.protocol.question.outcome
    values = cohort.values(outcome)
    lines.append(f"{in_patients(float(values.mean()))} patients had {in_words(outcome)}.")
    if dossier.screen is not None and dossier.screen.identified:
        lines.append(_largest(dossier))
    if dossier.prediction is not None:
        lines += _prediction_lines(dossier)
    if dossier.audit is not None:
        lines.append(publishable(dossier.audit).headline)
    return lines


def _largest(dossier: Dossier) -> str:
    assert dossier.screen is not None
    causes = [row for row in dossier.screen.candidates if row.verdict == "cause" and row.risk_difference]
    top = max(causes, key=lambda row: abs(row.risk_difference.estimate if row.risk_difference else 0.0))
    assert top.risk_difference is not None
    interval = top.risk_difference
    direction = "more" if interval.estimate > 0 else "fewer"
    low, high = sorted((abs(interval.low), abs(interval.high)))
    return (
        f"The largest effect is that of {in_words(top.name)}: {number(100 * abs(interval.estimate))} "
        f"{direction} in "
        f"every 100 patients (between {number(100 * low)} and {number(100 * high)})."
    )


def _prediction_lines(dossier: Dossier) -> list[str]:
    assert dossier.prediction is not None
    lines = []
    for name, performance in dossier.prediction.performances:
        if performance.specificity is None or performance.sensitivity is None:
            continue
        low, high = performance.specificity.low, performance.specificity.high
        lines.append(
            f"{name}: the risk model stays silent for {percent(performance.specificity.estimate, 3)} of "
            "patients "
            f"without infection ({percent(low, 3)} to {percent(high, 3)}) and alerts for "
            f"{percent(performance.sensitivity.estimate)} of those with it."
        )
    return lines


def _unknown(dossier: Dossier) -> list[str]:
    lines = []
    if dossier.screen is not None:
        for verdict, words in (
            ("cannot tell", "cannot tell whether they cause it"),
            ("not identifiable", "cannot be known from these columns"),
        ):
            names = [in_words(row.name) for row in dossier.screen.candidates if row.verdict == verdict]
            if names:
                lines.append(f"{words[0].upper()}{words[1:]}: {', '.join(names)}.")
    lines += [f"Not done: {refusal.part}. {refusal.reason}" for refusal in dossier.refusals]
    return lines or ["Nothing that was asked stayed open; what the graph assumes can still be wrong."]
