"""Read the standards that are shipped."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["ORDER", "Standard", "StandardItem", "all_standards"]

ORDER: Final = (
    "tripod_ai",
    "probast_ai",
    "strobe",
    "target",
    "eu_ai_act",
    "gdpr",
    "section_1557",
    "hti_1",
    "fda_gmlp",
    "chai_card",
    "future_ai",
    "decide_ai",
    "nist_ai_rmf",
    "model_cards",
)
"""Files of the standards, in the order of the index. Adding a standard is adding a file and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardItem:
    """What one item of a standard asks.

    Parameters
    ----------
    id : str
        Its number or name in the standard.
    asks : str
        What it asks, in our words.
    section : str
        Section of the report that answers it.
    filled : str
        Part of the dossier that answers it; empty where none does.
    stated : str
        Item of the report that a person states; empty where nobody needs to.
    """

    id: str
    asks: str
    section: str
    filled: str = ""
    stated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A standard with its items.

    Parameters
    ----------
    name, title, source : str
        What it is called, what it is about, where it is published.
    known_on : str
        Day on which the file was last held against published summaries (ISO 8601).
    part : str
        Part of the dossier without which the standard does not apply.
    items : tuple of StandardItem
        In its own order.
    """

    name: str
    title: str
    source: str
    known_on: str
    part: str
    items: tuple[StandardItem, ...]


@cache
def all_standards() -> tuple[Standard, ...]:
    """Return every standard that is shipped.

    Examples
    --------
    >>> [standard.name for standard in all_standards()][:3]
    ['TRIPOD+AI', 'PROBAST+AI', 'STROBE']
    """
    return tuple(_read(name) for name in ORDER)


def _read(name: str) -> Standard:
    place = files("causalmed.reporting.standards").joinpath("data", f"{name}.toml")
    raw = tomllib.loads(place.read_text(encoding="utf-8"))
    items = tuple(StandardItem(**entry) for entry in raw.pop("items"))
    known_on = raw.pop("known_on").isoformat()
    return Standard(**raw, known_on=known_on, items=items)
