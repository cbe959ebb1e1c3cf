"""The caesarean-infection table of the textbooks: seven printed rows, 251 women."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from causalmed.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNTS", "caesarean_frame", "caesarean_graph"]

COUNTS: Final = (
    # risk factor, unplanned, antibiotic, infected, not infected
    (0, 0, 0, 8, 32),
    (1, 0, 0, 28, 30),
    (0, 1, 0, 0, 9),
    (1, 1, 0, 23, 3),
    (0, 0, 1, 0, 2),
    (1, 0, 1, 1, 17),
    (1, 1, 1, 11, 87),
)
"""The printed table (Fahrmeir and Tutz 2001; Fahrmeir, Kneib, Lang and Marx 2013)."""


def caesarean_frame() -> pd.DataFrame:
    """Expand the counts to one row a woman, ids in the order of the printed table, infected women first.

    Examples
    --------
    >>> frame = caesarean_frame()
    >>> len(frame), int(frame["infection"].sum())
    (251, 71)
    """
    import pandas as pd

    women = [
        (risk_factor, unplanned, antibiotic, infection)
        for risk_factor, unplanned, antibiotic, infected, spared in COUNTS
        for infection in [1] * infected + [0] * spared
    ]
    frame = pd.DataFrame(women, columns=["risk_factor", "unplanned", "antibiotic", "infection"])
    frame.insert(0, "woman_id", range(1, len(frame) + 1))
    return frame


def caesarean_graph() -> Graph:
    """State the usual reading: both circumstances lead to the antibiotic and to the infection.

    Examples
    --------
    >>> [sorted(names) for names in caesarean_graph().adjustment_sets("antibiotic", "infection")]
    [['risk_factor', 'unplanned']]
    """
    return Graph.parse(
        """dag caesarean {
        risk_factor [tier=before, pos="0,0"]
        unplanned [tier=before, pos="0,2"]
        antibiotic [exposure, tier=during, pos="1,1"]
        infection [outcome, tier=outcome, pos="2,1"]
        {risk_factor unplanned} -> antibiotic
        {risk_factor unplanned antibiotic} -> infection
        }"""
    )
