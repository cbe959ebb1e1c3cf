"""What causes it, and by how much?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.graph_picture import in_words
from causalmed.reporting.page import Block, Checks, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.results import Interval
from causalmed.results.words import number, signed

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier
    from causalmed.screening import Candidate, RiskScreen

__all__ = ["causes"]


def causes(dossier: Dossier) -> Section:
    """The verdict on every candidate, its size, and how it was computed."""
    screen = dossier.screen
    question = f"What causes {in_words(dossier.protocol.question.outcome)}, and by how much?"
    if screen is None:
        refusal = dossier.refused("the causes")
        return Section(
            key="causes",
            question=question,
            answer="This could not be answered.",
            blocks=(Paragraph(text=refusal.reason if refusal else "", label="not done"),),
        )
    blocks: tuple[Block, ...] = (
        Figure(picture=screen.picture()),
        Paragraph(text=_reading(screen)),
        Table(frame=_verdicts(screen), caption=_caption(screen)),
        *_attention(screen),
        Details(title="How this was computed", blocks=tuple(_how(dossier, screen))),
        Details(title="What each answer assumes and adjusts for", blocks=(_adjusted(screen),)),
        Items(items=tuple(item for item in dossier.items() if item.section == "causes")),
    )
    return Section(key="causes", question=question, answer=_answer(screen), blocks=blocks)


def _answer(screen: RiskScreen) -> str:
    counts: dict[str, int] = {}
    for row in screen.candidates:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    parts = [f"{count} {_plural(verdict, count)}" for verdict, count in counts.items()]
    return f"Of {len(screen.candidates)} candidates: {'; '.join(parts)}."


def _plural(verdict: str, count: int) -> str:
    one = count == 1
    return {
        "cause": "is a cause" if one else "are causes",
        "no material effect": "has no material effect" if one else "have no material effect",
        "cannot tell": "where we cannot tell",
        "not identifiable": "is not identifiable" if one else "are not identifiable",
        "assumed none": "is assumed to have no effect" if one else "are assumed to have no effect",
    }.get(verdict, verdict)


def _reading(screen: RiskScreen) -> str:
    return (
        "The filled mark is the effect: how many more of 100 patients like these would be infected if all "
        "were exposed "
        "rather than none. The hollow mark is the crude difference, which also contains everything that "
        "merely goes "
        "together with the exposure. The intervals hold for all candidates at once. A difference within "
        f"±{number(100 * screen.margin)} in 100 is regarded as immaterial."
    )


def _caption(screen: RiskScreen) -> str:
    level = 100 * (1 - screen.alpha)
    return f"Verdicts; differences per 100 patients with intervals of {level:g} % for all candidates at once"


def _verdicts(screen: RiskScreen) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "candidate": in_words(row.name),
            "verdict": row.verdict,
            "more in 100 patients": _per_100(row.risk_difference),
            "risk ratio": _ratio(row.risk_ratio),
            "crude, in 100": "–" if row.crude is None else signed(100 * row.crude),
        }
        for row in screen.ordered
    ]
    return pd.DataFrame(rows)


def _per_100(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return (
        f"{signed(100 * interval.estimate)} ({signed(100 * interval.low)} to {signed(100 * interval.high)})"
    )


def _ratio(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{number(interval.estimate)} ({number(interval.low)} to {number(interval.high)})"


def _attention(screen: RiskScreen) -> tuple[Block, ...]:
    lines = tuple(
        f"{in_words(row.name)}: {row.reason}"
        for row in screen.ordered
        if row.verdict in ("cannot tell", "not identifiable", "assumed none")
    )
    return (Listing(lead="Where there is no answer, and why:", lines=lines),) if lines else ()


def _how(dossier: Dossier, screen: RiskScreen) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(
            text=f"Estimator: {screen.estimator}. Each candidate has its own adjustment set, read from the "
            "one graph. "
            "Tests are step-down max-T, intervals single-step max-T, from the joint covariance of all "
            "estimates."
        )
    ]
    blocks += [
        Checks(gate=row.effect.diagnostics, lead=f"Checks for {in_words(row.name)}:")
        for row in screen.ordered
        if row.effect is not None and row.effect.diagnostics.not_passed()
    ]
    fragile = [_fragility(row) for row in screen.ordered if row.verdict == "cause" and row.effect is not None]
    if fragile:
        blocks.append(
            Listing(
                lead="How strong an unmeasured illness would have to be to explain each effect away "
                "(E-value: its risk "
                "ratio with the exposure and with the infection; at the estimate, and at the limit):",
                lines=tuple(fragile),
            )
        )
    return blocks


def _fragility(row: Candidate) -> str:
    assert row.effect is not None
    found = row.effect.sensitivity()
    return f"{in_words(row.name)}: {number(found.estimate)}, and {number(found.limit)} at the limit"


def _adjusted(screen: RiskScreen) -> Table:
    import pandas as pd

    rows = [
        {
            "candidate": in_words(row.name),
            "adjusted for": ", ".join(in_words(name) for name in row.adjustment_set) or "–",
        }
        for row in screen.ordered
    ]
    return Table(frame=pd.DataFrame(rows), caption="Adjustment sets")
