"""From sections to one self-contained page: no script, nothing loaded, every string escaped."""

from __future__ import annotations

from functools import singledispatchmethod
from importlib.resources import files
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from causalmed.reporting.items import ItemState
from causalmed.reporting.page import (
    Checks,
    Details,
    Figure,
    Items,
    Listing,
    Paragraph,
    Section,
    SignatureLines,
    Source,
    Table,
)
from causalmed.reporting.picture_numbers import drawn_numbers
from causalmed.results import State, html_table

__all__ = ["page"]

_LONG_TABLE: Final = 12
_STATE_WORD: Final = {State.PASS: "in order", State.WARN: "take care", State.FAIL: "stop"}


def page(sections: tuple[Section, ...], *, title: str, seal: str, language: str, version: str) -> str:
    """Render a report.

    Parameters
    ----------
    sections : tuple of Section
        In reading order; their keys are the anchors.
    title : str
        Title of the report; from the protocol, hence escaped like all data.
    seal : str
        The hash to quote.
    language : str
        BCP 47 tag of the page.
    version : str
        Version of causalmed.

    Returns
    -------
    str
        A complete HTML document.
    """
    renderer = _Renderer()
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(
        "report.html.j2"
    ).render(
        sections=sections,
        title=title,
        seal=seal,
        language=language,
        version=version,
        css=Markup(_template("report.css")),  # our own file, not data
        foot=Markup(_css_string(f"{title} · causalmed report {seal[:16]}")),
        render=renderer.render,
    )


def _css_string(text: str) -> str:
    """Write text for a CSS string: all but letters, digits and spaces as escapes."""
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):x} " for one in text)


def _template(name: str) -> str:
    return files("causalmed.reporting").joinpath("templates", name).read_text(encoding="utf-8")


class _Renderer:
    """Turns blocks into markup; counts figures so that ids in one page never clash."""

    def __init__(self) -> None:
        self._figures = 0

    @singledispatchmethod
    def render(self, block: object) -> Markup:
        raise TypeError(f"no rendering for {type(block).__name__}")

    @render.register
    def _(self, block: Paragraph) -> Markup:
        label = _label(block.label, "computed") if block.label else Markup()
        return Markup("<p>{}{}</p>").format(label, block.text)

    @render.register
    def _(self, block: Listing) -> Markup:
        lead = Markup("<p>{}</p>").format(block.lead) if block.lead else Markup()
        lines = Markup().join(Markup("<li>{}</li>").format(line) for line in block.lines)
        return lead + Markup("<ul>{}</ul>").format(lines)

    @render.register
    def _(self, block: Figure) -> Markup:
        from causalmed.plotting import to_svg

        self._figures += 1
        picture = block.picture.published()
        svg = Markup(to_svg(picture, prefix=f"f{self._figures}"))  # escapes its own texts
        frame, caption = drawn_numbers(picture)
        return Markup(
            '<figure><div class="scroll" tabindex="0" role="group" aria-label="{}">{}</div></figure>'
            '<details class="lookup"><summary>The numbers in this picture</summary>{}</details>'
        ).format(f"Picture: {picture.title}", svg, _table(frame, caption=caption, digits=3))

    @render.register
    def _(self, block: Table) -> Markup:
        return _table(block.frame, caption=block.caption, digits=block.digits)

    @render.register
    def _(self, block: Checks) -> Markup:
        lead = Markup("<p>{}</p>").format(block.lead) if block.lead else Markup()
        ordered = (*block.gate.not_passed(), *(c for c in block.gate.checks if c.state is State.PASS))
        lines = Markup().join(
            Markup("<li>{}<b>{}:</b> {}{}</li>").format(
                _label(_STATE_WORD[check.state], check.state.value),
                check.name,
                check.sentence,
                f" {check.advice}" if check.advice and check.state is not State.PASS else "",
            )
            for check in ordered
        )
        return lead + Markup("<ul>{}</ul>").format(lines)

    @render.register
    def _(self, block: Items) -> Markup:
        rows = Markup()
        for item in block.items:
            kind = "missing" if item.state is ItemState.MISSING else "stated"
            text = "" if item.state is ItemState.NOT_APPLICABLE else item.text  # its label holds the reason
            rows += Markup('<dt>{}</dt><dd class="{}">{}{}</dd>').format(
                item.asks, kind, _label(item.label, kind), text
            )
        return Markup('<dl class="items">{}</dl>').format(rows)

    @render.register
    def _(self, block: SignatureLines) -> Markup:
        lines = Markup().join(Markup("<div>{}</div>").format(line) for line in block.lines)
        return Markup('<div class="sign">{}</div>').format(lines)

    @render.register
    def _(self, block: Source) -> Markup:
        return Markup('<pre tabindex="0">{}</pre>').format(block.text)

    @render.register
    def _(self, block: Details) -> Markup:
        inside = Markup().join(self.render(inner) for inner in block.blocks)
        kind = Markup("") if block.printed else Markup(' class="lookup"')
        return Markup("<details{}><summary>{}</summary>{}</details>").format(kind, block.title, inside)


def _label(text: str, kind: str) -> Markup:
    return Markup('<span class="label {}">{}</span> ').format(kind, text)


def _table(frame: object, *, caption: str, digits: int) -> Markup:
    from pandas import DataFrame

    assert isinstance(frame, DataFrame)
    table = Markup(html_table(frame, caption=caption, digits=digits))  # escapes every cell
    if len(frame) > _LONG_TABLE:
        table = table.replace('class="causalmed"', Markup('class="causalmed long"'), 1)
    wrapped = Markup('<div class="scroll" tabindex="0" role="group" aria-label="{}">{}</div>')
    return wrapped.format(escape(caption), table)
