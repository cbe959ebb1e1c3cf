"""What causes it, and by how much?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from causalmed.reporting.page import Block, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.reporting.written import decimal, in_brackets, listed, per_100, plain_list
from causalmed.screening import found_in_words

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.graph import Graph
    from causalmed.reporting.dossier import Dossier
    from causalmed.results import Check
    from causalmed.results.pictures import Forest
    from causalmed.screening import Candidate, RiskScreen

__all__ = ["causes", "why_no_answer"]

_VERDICTS: Final = {
    "cause": ("is a cause", "are causes"),
    "prevents": ("prevents it", "prevent it"),
    "no material effect": ("has no effect that matters", "have no effect that matters"),
    "cannot tell": ("stays open", "stay open"),
    "not identifiable": ("cannot be answered from these columns", "cannot be answered from these columns"),
    "assumed none": ("is assumed to have no effect", "are assumed to have no effect"),
}


def causes(dossier: Dossier) -> Section:
    """The verdict on every candidate, its size, and how it was computed."""
    question = f"What causes {dossier.protocol.question.outcome}, and by how much?"
    screen = dossier.published_screen
    if screen is None:
        refusal = dossier.refused("the causes")
        return Section(
            key="causes",
            question=question,
            answer="This could not be answered.",
            blocks=(Paragraph(text=refusal.reason if refusal else "", label="not done"),),
        )
    blocks: tuple[Block, ...] = (
        *_figure(screen, dossier.population.graph),
        Table(frame=_verdicts(screen), caption=_caption(screen)),
        *_attention(screen, dossier.population.graph),
        Details(title="How this was computed", blocks=tuple(_how(screen))),
        Details(title="What each answer adjusts for", blocks=(_adjusted(screen),), printed=False),
        Items(items=tuple(item for item in dossier.items() if item.section == "causes")),
    )
    return Section(key="causes", question=question, answer=_answer(screen), blocks=blocks)


def _answer(screen: RiskScreen) -> str:
    parts = []
    for verdict, (one, many) in _VERDICTS.items():
        count = sum(row.in_words == verdict for row in screen.candidates)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    total = len(screen.candidates)
    return (
        f"Of {total} factors, {listed(parts)}." if total > 1 else f"The one factor asked about: {parts[0]}."
    )


def _figure(screen: RiskScreen, graph: Graph) -> tuple[Block, ...]:
    """The effects and how to read them; nothing where there is none."""
    if all(row.risk_difference is None for row in screen.candidates):
        return ()
    return (Figure(picture=_picture(screen, graph)), Paragraph(text=_reading(screen)))


def _picture(screen: RiskScreen, graph: Graph) -> Forest:
    picture = screen.picture()
    notes = {row.name: why_no_answer(row, graph, screen.outcome) for row in screen.candidates}
    rows = tuple(
        row if row.interval is not None else replace(row, note=notes[row.label]) for row in picture.rows
    )
    title = found_in_words(screen.candidates, outcome=screen.outcome, noun="factors")
    return replace(picture, rows=rows, title=title, axis_label=f"more with {screen.outcome}, of 100 patients")


def _reading(screen: RiskScreen) -> str:
    return (
        "The filled mark is the effect. It says how many more of 100 patients like these would be infected "
        "if the "
        "factor were present in all rather than in none. The hollow mark is the plain (crude) difference "
        "between "
        "patients with and without the factor. It also holds all that merely goes together with it. The "
        "intervals "
        f"hold for all factors at once. A difference of less than {decimal(100 * screen.margin)} in 100, "
        "either "
        "way, is held not to matter."
    )


def _caption(screen: RiskScreen) -> str:
    level = 100 * (1 - screen.alpha)
    return f"The verdicts, with {level:g} % intervals that hold for all factors at once"


def _verdicts(screen: RiskScreen) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "factor": row.name,
            "verdict": row.in_words,
            "more in 100 patients": per_100(row.risk_difference),
            "risk ratio": "–" if row.risk_ratio is None else in_brackets(row.risk_ratio, places=2),
            "crude, in 100": "–" if row.crude is None else decimal(100 * row.crude),
        }
        for row in screen.ordered
    ]
    return pd.DataFrame(rows)


def why_no_answer(row: Candidate, graph: Graph, outcome: str) -> str:
    """Say in plain words why a candidate has no estimate."""
    if row.error == "PositivityViolation":
        return (
            f"For some patients {row.name} is almost certain, or almost ruled out. Nobody like them can be "
            f"compared. In numbers: {row.reason}"
        )
    if row.verdict != "not identifiable":
        return row.reason
    hidden = sorted(
        cause
        for cause in graph.latent
        if {row.name, outcome} <= graph.descendants([cause]) and row.name in graph.nodes
    )
    if not hidden:
        return row.reason
    return f"{listed(hidden)}, not measured, may lead to both {row.name} and {outcome}."


def _attention(screen: RiskScreen, graph: Graph) -> tuple[Block, ...]:
    open_ones = [row for row in screen.ordered if row.verdict == "cannot tell" and row.risk_difference]
    lines = []
    if open_ones:
        lines.append(
            "We cannot tell: the interval holds both no effect and one that matters. More patients would "
            "narrow "
            f"it. {'; '.join(f'{row.name} {_limits(row)}' for row in open_ones)}."
        )
    lines += [
        f"{row.name}: {why_no_answer(row, graph, screen.outcome)}"
        for row in screen.ordered
        if row.verdict in ("cannot tell", "not identifiable", "assumed none") and row not in open_ones
    ]
    lines += list(screen.footnotes)
    return (Listing(lead="Where there is no answer, and why:", lines=tuple(lines)),) if lines else ()


def _limits(row: Candidate) -> str:
    assert row.risk_difference is not None
    low, high = (decimal(100 * limit) for limit in (row.risk_difference.low, row.risk_difference.high))
    return f"({low} to {high} in 100)".replace(" ", "\xa0")


def _how(screen: RiskScreen) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(
            text="Each factor has its own adjustment set, read from the one graph. The estimates are "
            "compared all "
            "together (step-down max-T for the verdicts, single-step max-T for the intervals), so that with "
            f"{100 * (1 - screen.alpha):g} % certainty no factor is called a cause that is none. "
            f"Estimator: {screen.estimator}."
        )
    ]
    notes = [(row.name, check) for row in screen.ordered if row.effect for check in _amiss(row)]
    if notes:
        blocks.append(
            Table(frame=_notes(notes), caption="Checks that ask for care; all others were in order")
        )
    fragile = [_fragility(row) for row in screen.ordered if row.verdict == "cause" and row.effect is not None]
    if fragile:
        blocks.append(
            Paragraph(
                text="How strong must an illness that nobody measured be, to explain an effect away? It "
                "would "
                "have to make both the factor and the infection so many times more likely (E-value; in "
                f"brackets: to bring the interval down to no effect): {'; '.join(fragile)}."
            )
        )
    return blocks


def _amiss(row: Candidate) -> tuple[Check, ...]:
    assert row.effect is not None
    return row.effect.diagnostics.not_passed()


def _notes(notes: list[tuple[str, Check]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [{"factor": name, "check": check.name, "what was seen": check.sentence} for name, check in notes]
    )


def _fragility(row: Candidate) -> str:
    assert row.effect is not None
    found = row.effect.sensitivity()
    return f"{row.name} {decimal(found.estimate)} ({decimal(found.limit)})"


def _adjusted(screen: RiskScreen) -> Table:
    import pandas as pd

    rows = [{"factor": row.name, "adjusted for": plain_list(row.adjustment_set)} for row in screen.ordered]
    return Table(frame=pd.DataFrame(rows), caption="Adjustment sets")
