"""What is this, and what is asked of you?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.disclosure import MINIMUM
from causalmed.reporting.page import Checks, Items, Listing, Paragraph, Section
from causalmed.reporting.publishing import publishable
from causalmed.reporting.sections.groups import audit_answer
from causalmed.reporting.sections.model import beside_line, found_line
from causalmed.reporting.written import decimal, listed
from causalmed.results import Gate
from causalmed.results.words import in_patients
from causalmed.screening import found_in_words

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["findings", "summary"]


def summary(dossier: Dossier) -> Section:
    """Page one: the findings that matter, what is not known, what a person must still state."""
    missing = dossier.missing_items()
    return Section(
        key="summary",
        question="What is this, and what is asked of you?",
        answer=_headline(dossier),
        blocks=(
            Paragraph(text=_what(dossier)),
            *_warnings(dossier),
            Listing(lead="What was found:", lines=tuple(_found(dossier))),
            Listing(lead="What is not known:", lines=tuple(_unknown(dossier))),
            Paragraph(text=_asked(len(missing)), label="a person has work to do" if missing else "complete"),
            Items(items=tuple(item for item in dossier.items() if item.section == "summary")),
        ),
    )


def _asked(missing: int) -> str:
    if not missing:
        return "All that only a person can say has been stated."
    is_item = "1 item is" if missing == 1 else f"{missing} items are"
    return f"Only a person can say some things: {is_item} still missing. Each is marked where it belongs."


def _warnings(dossier: Dossier) -> tuple[Checks, ...]:
    """What was found amiss before anything was estimated stands on page one."""
    amiss = dossier.checks.not_passed()
    return (Checks(gate=Gate(checks=amiss), lead="Before you believe any number below:"),) if amiss else ()


def findings(dossier: Dossier) -> str:
    """The findings as plain text, for a terminal or ``print(dossier)``."""
    import textwrap

    say = dossier.wording.say
    lines = [dossier.protocol.title, "", *textwrap.wrap(say(_headline(dossier)), 78)]
    amiss = [str(check) for check in dossier.checks.not_passed()]
    for line in (*_found(dossier), *_unknown(dossier), *amiss):
        lines += textwrap.wrap(say(line), 78, initial_indent="- ", subsequent_indent="  ")
    lines += ["", f"{len(dossier.missing_items())} items must still be stated by a person."]
    return "\n".join(lines)


def _what(dossier: Dossier) -> str:
    cohort = dossier.population.cohort
    who = "synthetic patients" if dossier.population.synthetic else "patients"
    hospitals = f" of {cohort.clusters} hospitals" if cohort.cluster else ""
    return (
        f"This report asks which factors cause {dossier.protocol.question.outcome}. It looks at {cohort.n:,} "
        f"{who}{hospitals}. A protocol fixed the analysis beforehand. A graph says what may cause what. The "
        "report says “cause” only where that graph and the data allow it."
    )


def _headline(dossier: Dossier) -> str:
    if dossier.screen is None:
        refusal = dossier.refused("the causes")
        return f"The question could not be answered: {refusal.reason if refusal else 'nothing was asked'}"
    screen = dossier.screen
    if len(screen.candidates) == 1:
        only = screen.candidates[0]
        if not only.is_cause:
            return f"The factor asked about could not be shown to cause or prevent {screen.outcome}."
        verb = "prevents" if only.prevents else "causes"
        return f"The factor asked about {verb} {screen.outcome}, if the assumed graph is right."
    said = found_in_words(screen.candidates, outcome=screen.outcome, noun="factors asked about")
    return f"{said}, if the assumed graph is right." if screen.identified else f"{said}."


def _found(dossier: Dossier) -> list[str]:
    lines = [_how_many(dossier)]
    if dossier.screen is not None and dossier.screen.identified:
        names = list(dossier.screen.identified)
        if len(names) > 1:
            lines.append(f"The causes found, the largest effect first: {listed(names)}.")
        lines += _largest(dossier)
    if dossier.prediction is not None:
        lines.append(found_line(dossier.prediction))
        lines += beside_line(dossier.prediction)
    if dossier.audit is not None:
        lines.append(audit_answer(publishable(dossier.audit)))
    return lines


def _how_many(dossier: Dossier) -> str:
    cohort, outcome = dossier.population.cohort, dossier.protocol.question.outcome
    values = cohort.values(outcome)
    events = int(values.sum())
    if 0 < events < MINIMUM or 0 < cohort.n - events < MINIMUM:
        return (
            f"How many patients had {outcome} is not shown: it would single out fewer than {MINIMUM} of them."
        )
    return f"{in_patients(float(values.mean()))} patients had {outcome} ({events:,} of {cohort.n:,})."


def _largest(dossier: Dossier) -> list[str]:
    screen = dossier.published_screen
    assert screen is not None
    causes = [row for row in screen.candidates if row.verdict == "cause" and row.risk_difference]
    if not causes:
        return []
    top = max(causes, key=lambda row: abs(row.risk_difference.estimate if row.risk_difference else 0.0))
    assert top.risk_difference is not None
    interval = top.risk_difference
    direction = "more" if interval.estimate > 0 else "fewer"
    low, high = sorted((abs(interval.low), abs(interval.high)))
    which = "The largest effect is" if len(causes) > 1 else "The effect found is"
    return [
        f"{which} that of {top.name}. If it were present in every patient rather than in none, "
        f"{decimal(100 * abs(interval.estimate))} {direction} in every 100 would have "
        f"{screen.outcome} "
        f"(between {decimal(100 * low)} and {decimal(100 * high)})."
    ]


def _unknown(dossier: Dossier) -> list[str]:
    lines = []
    if dossier.screen is not None:
        for verdict, lead in (
            ("cannot tell", "We cannot tell whether these cause it"),
            ("not identifiable", "These columns can never tell whether these cause it"),
        ):
            names = [row.name for row in dossier.screen.candidates if row.verdict == verdict]
            if names:
                lines.append(f"{lead}: {', '.join(names)}.")
    lines += [f"Not done: {refusal.part}. {refusal.reason}" for refusal in dossier.refusals]
    return lines or ["Nothing that was asked stayed open; what the graph assumes can still be wrong."]
