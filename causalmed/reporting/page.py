"""What a report is made of: sections that ask, blocks that answer. No layout here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from causalmed.reporting.items import Item
from causalmed.results import Gate

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.results.picture import Picture

__all__ = [
    "Block",
    "Checks",
    "Details",
    "Figure",
    "Items",
    "Listing",
    "Paragraph",
    "Section",
    "SignatureLines",
    "Source",
    "Table",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A few plain sentences; ``label`` is a word in an outlined box before them."""

    text: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Short lines that belong together, with an optional lead sentence."""

    lines: tuple[str, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture; the page shows it with its words and the numbers drawn."""

    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table whose first column heads its rows."""

    frame: pd.DataFrame
    caption: str
    digits: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Diagnostics, worst first."""

    gate: Gate
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """What a person stated, or must still state."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Text as a machine reads it, shown as it is."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLines:
    """Empty lines to write on, each with the word under it."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is folded on screen; open in print, unless it is for looking up only."""

    title: str
    blocks: tuple[Block, ...]
    printed: bool = True


Block: TypeAlias = "Paragraph | Listing | Figure | Table | Checks | Items | SignatureLines | Source | Details"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A question with the sentence that answers it and what stands behind that sentence.

    Parameters
    ----------
    key : str
        Anchor in the page, and the section that items name.
    question : str
        The heading.
    answer : str
        One sentence with its number and interval.
    blocks : tuple of Block
        Picture, table, how it was computed.
    """

    key: str
    question: str
    answer: str
    blocks: tuple[Block, ...] = ()

    @property
    def short(self) -> bool:
        """Whether it may share a printed page with the section before."""
        return not any(isinstance(block, Figure | Checks) for block in self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Return all that the section says as plain JSON types."""
        from causalmed.reporting.blocks_record import plain_block

        return {
            "key": self.key,
            "question": self.question,
            "answer": self.answer,
            "blocks": [plain_block(block) for block in self.blocks],
        }
