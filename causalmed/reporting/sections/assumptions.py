"""What do we assume causes what?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.graph_picture import graph_picture
from causalmed.reporting.page import Block, Details, Figure, Items, Paragraph, Section, Source, Table
from causalmed.reporting.written import plain_list

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier

__all__ = ["assumptions"]


def assumptions(dossier: Dossier) -> Section:
    """The graph, the evidence behind its arrows, and what would be wrong if it were."""
    graph, protocol = dossier.population.graph, dossier.protocol
    with_evidence = {item.arrow for item in protocol.graph.evidence}
    drawn = {f"{u} -> {v}" for u, v in graph.directed}
    sourced = len(with_evidence & drawn)
    hidden = plain_list(sorted(graph.latent)) if graph.latent else ""
    picture = graph_picture(graph, outcome=protocol.question.outcome, evidence=protocol.graph.evidence)
    blocks: tuple[Block, ...] = (
        Figure(picture=picture),
        Paragraph(
            text="An arrow says that one factor may change another. No arrow says that it does not, and that "
            "is "
            "the stronger claim. If an arrow is missing or points the wrong way, the answers below may be "
            "wrong." + (f" Not measured, and drawn dashed: {hidden}." if hidden else "")
        ),
        *_evidence(dossier),
        Details(
            title="The whole graph as text (DAGitty)",
            blocks=(Source(text=graph.to_dagitty()),),
            printed=False,
        ),
        Items(items=tuple(item for item in dossier.items() if item.section == "assumptions")),
    )
    return Section(
        key="assumptions",
        question="What do we assume causes what?",
        answer=f"The graph has {len(graph.nodes)} factors and {len(graph.directed)} arrows. A source is "
        "named for "
        f"{sourced} of the arrows. The others rest on whoever drew them.",
        blocks=blocks,
    )


def _evidence(dossier: Dossier) -> tuple[Block, ...]:
    evidence = dossier.protocol.graph.evidence
    if not evidence:
        return (Paragraph(text="The protocol names no source for any arrow.", label="missing"),)
    return (Table(frame=_evidence_frame(dossier), caption="Where the arrows come from"),)


def _evidence_frame(dossier: Dossier) -> pd.DataFrame:
    import pandas as pd

    drawn = {f"{u} -> {v}" for u, v in dossier.population.graph.directed}
    rows = [
        {
            "arrow": f"{number}. {' → '.join(end.strip() for end in item.arrow.split('->'))}",
            "source": item.source,
            "stated by": item.stated_by or "–",
            "on": item.on or "–",
            "in the graph": "yes" if item.arrow in drawn else "no: not drawn",
        }
        for number, item in enumerate(dossier.protocol.graph.evidence, start=1)
    ]
    return pd.DataFrame(rows)
