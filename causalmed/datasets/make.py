"""Makes every shipped file of this room anew: ``python -m causalmed.datasets.make``."""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from causalmed.datasets.caesarean import caesarean_frame, caesarean_graph
from causalmed.datasets.postop import draw_postop
from causalmed.datasets.postop_graph import question_graph
from causalmed.datasets.postop_truth import DRAWS, true_effects, truth_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_bytes", "gzip_bytes", "make"]


def csv_bytes(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    r"""Write a table as UTF-8 CSV with ``\n`` at the end of lines; numbers read back exactly.

    Examples
    --------
    >>> csv_bytes(caesarean_frame())[:53]
    b'woman_id,risk_factor,unplanned,antibiotic,infection\n1'
    """
    return frame.to_csv(index=index, lineterminator="\n").encode()


def gzip_bytes(content: bytes) -> bytes:
    """Compress without a name or a time, so that the same table gives the same bytes."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def make(directory: Path, *, draws: int = DRAWS) -> tuple[Path, ...]:
    """Write every shipped data file but the words of the cards into a directory.

    Parameters
    ----------
    directory : Path
        An existing folder.
    draws : int
        Patients behind the truth.

    Returns
    -------
    tuple of Path
        The files written.
    """
    from causalmed.datasets.card import write_tables

    contents = {
        "postop.csv.gz": gzip_bytes(csv_bytes(draw_postop())),
        "postop.dagitty": (question_graph().to_dagitty() + "\n").encode(),
        "postop_truth.csv": csv_bytes(truth_frame(true_effects(draws=draws)), index=True),
        "caesarean.csv": csv_bytes(caesarean_frame()),
        "caesarean.dagitty": (caesarean_graph().to_dagitty() + "\n").encode(),
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    card = directory / "postop.md"
    card.write_text(write_tables(card.read_text(encoding="utf-8")), encoding="utf-8")
    return tuple(directory / name for name in (*contents, "postop.md"))


if __name__ == "__main__":
    make(Path(str(files("causalmed._data"))))
