"""Can it be reproduced?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Details, Items, Paragraph, Section, Table
from causalmed.results import fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier

__all__ = ["reproduction"]


def reproduction(dossier: Dossier) -> Section:
    """Hashes, versions, seed, and the command that checks them."""
    return Section(
        key="reproduction",
        question="Can it be reproduced?",
        answer="Yes. The same protocol, table and versions give the same numbers, to the last digit on one "
        "kind of "
        "machine.",
        blocks=(
            Table(frame=_hashes(dossier), caption="What this report was made from (SHA-256)"),
            Paragraph(
                text="To check that this report is the one that was signed, run “causalmed verify "
                "report.json”. "
                "To make it again, run “causalmed run protocol.toml”."
            ),
            Details(
                title="Versions",
                blocks=(Table(frame=_versions(dossier), caption="Software that computed the numbers"),),
                printed=False,
            ),
            Items(items=tuple(item for item in dossier.items() if item.section == "reproduction")),
        ),
    )


def _hashes(dossier: Dossier) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("protocol", dossier.protocol.sha256),
        ("table", dossier.population.cohort.fingerprint),
        ("graph", fingerprint(dossier.population.graph.to_dagitty())),
        ("seed", str(dossier.provenance.seed)),
    ]
    return pd.DataFrame(rows, columns=["what", "hash"])


def _versions(dossier: Dossier) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(dossier.provenance.versions), columns=["package", "version"])
