"""Columns as words: whatever a room writes, the reader of the report meets no column name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from causalmed.reporting.items import Item
from causalmed.reporting.page import Source
from causalmed.results.pictures import GraphArrow, GraphNode

__all__ = ["Wording", "in_words"]

Spoken = TypeVar("Spoken")

_UNITS: Final = {
    "mg_dl": "mg/dL", "mg_l": "mg/L", "g_dl": "g/dL", "g_l": "g/L", "mmol_l": "mmol/L", "ml": "mL",
    "min": "min", "hours": "hours", "days": "days", "years": "years", "kg": "kg", "cm": "cm",
    "kg_m2": "kg/m²",
}  # fmt: skip
_UNIT: Final = re.compile(rf"_({'|'.join(sorted(_UNITS, key=len, reverse=True))})$")
_WITHIN: Final = re.compile(r"_(\d+)d$")
_INITIALS: Final = frozenset(
    {"asa", "bmi", "copd", "crp", "icu", "mrsa", "ssi", "aki", "hiv", "ckd", "inr", "wbc", "nsqip"}
)
_SHORT: Final = {"preop": "preoperative", "postop": "postoperative", "intraop": "intraoperative"}
_SIGNS: Final = (("<->", "↔"), ("->", "→"), ("<-", "←"), ("(latent)", "(not measured)"))


def in_words(name: str) -> str:
    """Write a column's name as words, as far as the name tells them.

    Parameters
    ----------
    name : str
        A column.

    Examples
    --------
    >>> [in_words(name) for name in ("infection_30d", "glucose_mg_dl", "mrsa_screened")]
    ['infection within 30 days', 'glucose (mg/dL)', 'MRSA screened']
    """
    text, end = str(name), ""
    if found := _WITHIN.search(text):
        text, end = text[: found.start()], f" within {found[1]} days"
    elif found := _UNIT.search(text):
        text, end = text[: found.start()], f" ({_UNITS[found[1]]})"
    words = (
        word.upper() if word in _INITIALS else _SHORT.get(word, word) for word in re.split(r"[_\s]+", text)
    )
    return " ".join(word for word in words if word) + end


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of every column, and the reader of all texts who puts them in.

    Parameters
    ----------
    pairs : tuple of (str, str)
        As it may stand in a text, and what the reader gets instead.
    words : tuple of (str, str)
        Column or factor, and its words.

    Examples
    --------
    >>> wording = Wording.of(["infection_30d", "inf"], {"inf": "infection"})
    >>> wording.say("inf: 3 with infection_30d; 'inf' -> infection_30d; infer")
    'infection: 3 with infection within 30 days; infection → infection within 30 days; infer'
    """

    pairs: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, names: Iterable[str], stated: Mapping[str, str]) -> Wording:
        """Collect the words of ``names``: those stated in the protocol first, else those of the name.

        A name that is an ordinary word, such as ``age``, is put into words only where the protocol says how.
        """
        words = {str(name): stated.get(name) or in_words(name) for name in dict.fromkeys([*names, *stated])}
        pairs: dict[str, str] = {}
        for name, spoken in words.items():
            if spoken != name:
                pairs[name] = spoken
                pairs.setdefault(name.replace("_", " "), spoken)
            pairs[f"'{name}'"] = spoken
        return cls(pairs=tuple(pairs.items()), words=tuple(words.items()))

    def word(self, name: str) -> str:
        """Return the words of one column."""
        return dict(self.words).get(name) or in_words(name)

    def say(self, text: str) -> str:
        """Return a text with words in place of columns, and arrows in place of their signs."""
        return self._read(str(text), self._pattern())

    def speak(self, value: Spoken) -> Spoken:
        """Return a section, block, picture or table with words in place of columns; ids stay as they are."""
        return _spoken(value, self, self._pattern())  # type: ignore[no-any-return]

    def _pattern(self) -> re.Pattern[str] | None:
        longest = sorted((name for name, _ in self.pairs), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)") if longest else None

    def _read(self, text: str, pattern: re.Pattern[str] | None) -> str:
        if pattern is not None:
            known = dict(self.pairs)
            text = pattern.sub(lambda found: known[found[0]], text)
        for sign, shown in _SIGNS:
            text = text.replace(sign, shown)
        return text


def _spoken(value: Any, wording: Wording, pattern: re.Pattern[str] | None) -> Any:
    if type(value) is str:  # not the members of an enumeration
        return value if value in ("->", "<->") else wording._read(value, pattern)
    if isinstance(value, Source | GraphArrow | Item):  # what a person stated stays as stated
        return value
    if isinstance(value, tuple):
        return tuple(_spoken(one, wording, pattern) for one in value)
    if hasattr(value, "columns") and hasattr(value, "map"):
        return _spoken_frame(value, wording, pattern)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_changed(value, wording, pattern))
    return value


def _changed(value: Any, wording: Wording, pattern: re.Pattern[str] | None) -> dict[str, Any]:
    if isinstance(value, GraphNode):
        return {"words": wording.word(value.name)}
    changes = {}
    for field in fields(value):
        before = getattr(value, field.name)
        if field.name == "key" or isinstance(before, int | float):
            continue
        after = _spoken(before, wording, pattern)
        if after is not before:
            changes[field.name] = after
    return changes


def _spoken_frame(frame: Any, wording: Wording, pattern: re.Pattern[str] | None) -> Any:
    def cell(one: object) -> object:
        return wording._read(one, pattern) if isinstance(one, str) else one

    made = frame.copy()
    for column in made.columns:
        if made[column].dtype.kind == "O" or str(made[column].dtype).startswith("str"):
            made[column] = made[column].map(cell)
    return made.rename(columns={name: cell(name) for name in made.columns})
