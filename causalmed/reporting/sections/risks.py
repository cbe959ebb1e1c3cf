"""What could go wrong?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Items, Paragraph, Section, Table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier

__all__ = ["risks"]


def risks(dossier: Dossier) -> Section:
    """Hazards that every such model has, each with where this report looks at it."""
    rows = _hazards(dossier)
    return Section(
        key="risks",
        question="What could go wrong?",
        answer=f"{len(rows)} hazards are listed. How grave each is, and who bears it, a person must say.",
        blocks=(
            Table(frame=_table(rows), caption="Hazards, and what this report can say about each"),
            Paragraph(
                text="The list is where to begin. It does not replace the risk management of the hospital."
            ),
            Items(items=tuple(item for item in dossier.items() if item.section == "risks")),
        ),
    )


def _table(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=["hazard", "what may happen", "what this report says"])


def _hazards(dossier: Dossier) -> list[tuple[str, str, str]]:
    hidden = len(dossier.population.graph.latent)
    rows = [
        (
            "the graph is wrong",
            "Something that goes together with infection is taken for its cause.",
            f"{hidden} hidden causes are drawn; answers that they spoil are refused."
            if hidden
            else "No hidden cause is drawn. Ask whether that can be.",
        ),
        (
            "infection is looked for unevenly",
            "Hospitals that look harder seem to have more.",
            "Nothing. A person must say how infections were found.",
        ),
    ]
    if dossier.prediction is not None:
        rows += _of_the_model(dossier)
    return rows


def _of_the_model(dossier: Dossier) -> list[tuple[str, str, str]]:
    audit, changes = dossier.audit, dossier.changes
    left_out = "Columns that the graph says may not travel are left out of the model."
    return [
        ("care changes", "The risks drift away from what happens.", left_out),
        (
            "alerts are believed too much",
            "A clinician follows a wrong alert, or trusts silence.",
            "How often an alert is wrong, and how often one is missed.",
        ),
        ("alerts tire people", "Too many are wrong, and all are ignored.", "Alerts per 100 patients."),
        (
            "a small group is served worse",
            "Nobody sees it, because the group is small.",
            "Not looked at." if audit is None else "Each group has a line, also those that cannot be told.",
        ),
        (
            "the score is aimed at",
            "Records are written so that the score looks better.",
            "Nothing. A person must say who gains from a low score.",
        ),
        (
            "nobody looks again",
            "It stays in use after it has stopped being right.",
            "Not compared with an earlier report." if changes is None else "Compared with the report before.",
        ),
    ]
