"""The blocks of a page as plain JSON types: what is read is also in the file beside it."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from causalmed.reporting.page import (
    Block,
    Checks,
    Details,
    Figure,
    Items,
    Listing,
    Paragraph,
    SignatureLines,
    Source,
    Table,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plain_block", "plain_value"]


def plain_value(value: object) -> object:
    """Return a cell as a plain JSON type; what does not exist is ``None``."""
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


@singledispatch
def plain_block(block: Block) -> dict[str, Any]:
    """Return a block as plain JSON types."""
    raise TypeError(f"no record for {type(block).__name__}")


def _rows(frame: pd.DataFrame) -> list[list[object]]:
    return [[plain_value(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]


@plain_block.register
def _(block: Paragraph) -> dict[str, Any]:
    return {"text": block.text, "label": block.label}


@plain_block.register
def _(block: Listing) -> dict[str, Any]:
    return {"lead": block.lead, "lines": list(block.lines)}


@plain_block.register
def _(block: Figure) -> dict[str, Any]:
    picture = block.picture.published()
    frame = picture.table()
    return {
        "picture": picture.title,
        "alt": picture.alt,
        "columns": [str(name) for name in frame.columns],
        "rows": _rows(frame),
    }


@plain_block.register
def _(block: Table) -> dict[str, Any]:
    return {
        "table": block.caption,
        "columns": [str(name) for name in block.frame.columns],
        "rows": _rows(block.frame),
    }


@plain_block.register
def _(block: Checks) -> dict[str, Any]:
    return {"lead": block.lead, "checks": block.gate.to_dict()}


@plain_block.register
def _(block: Items) -> dict[str, Any]:
    return {
        "items": [
            {"asks": one.asks, "state": one.state.value, "label": one.label, "text": one.text}
            for one in block.items
        ]
    }


@plain_block.register
def _(block: Source) -> dict[str, Any]:
    return {"source": block.text}


@plain_block.register
def _(block: SignatureLines) -> dict[str, Any]:
    return {"sign": list(block.lines)}


@plain_block.register
def _(block: Details) -> dict[str, Any]:
    return {"details": block.title, "blocks": [plain_block(inner) for inner in block.blocks]}
