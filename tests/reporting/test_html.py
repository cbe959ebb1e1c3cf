"""The page is one file: no script, nothing loaded, every string from data escaped, every figure in words."""

from __future__ import annotations

import html.parser
import re

import pandas as pd
import pytest

from causalmed.reporting.html import page
from causalmed.reporting.items import Item, ItemState
from causalmed.reporting.page import (
    Checks,
    Details,
    Figure,
    Items,
    Listing,
    Paragraph,
    Section,
    SignatureLines,
    Table,
)
from causalmed.results import Check, Gate, Interval, State
from causalmed.results.pictures import Forest, ForestRow

HOSTILE = '<script>alert("x")</script>"><img src=x onerror=alert(1)>=cmd|\u202e'


class Outline(html.parser.HTMLParser):
    """Collects tags, ids and attributes, and fails on tags that do not close."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input", "path", "use", "rect", "circle"})

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.open, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()


def forest(label):
    interval = Interval(estimate=0.03, low=0.01, high=0.05, std_error=0.01)
    return Forest(
        title=f"What {label} does",
        rows=(ForestRow(label=label, interval=interval, crude=0.06, verdict="cause"),),
        axis_label="more infections per 100 patients",
        per=100,
    )


def hostile_page():
    check = Check(name=HOSTILE, state=State.WARN, sentence=HOSTILE, advice=HOSTILE)
    item = Item(key="k", section="s", asks=HOSTILE, state=ItemState.MISSING, text=HOSTILE, label=HOSTILE)
    blocks = (
        Paragraph(text=HOSTILE, label=HOSTILE),
        Listing(lead=HOSTILE, lines=(HOSTILE,)),
        Figure(picture=forest(HOSTILE)),
        Figure(picture=forest("smoking")),
        Table(frame=pd.DataFrame({HOSTILE: [HOSTILE], "risk": [0.5]}), caption=HOSTILE),
        Checks(gate=Gate(checks=(check,)), lead=HOSTILE),
        Items(items=(item,)),
        Details(title=HOSTILE, blocks=(Paragraph(text=HOSTILE),)),
        SignatureLines(lines=(HOSTILE,)),
    )
    section = Section(key="s", question=HOSTILE, answer=HOSTILE, blocks=blocks)
    return page((section,), title=HOSTILE, seal="ab" * 32, language="en", version="0")


@pytest.fixture(scope="module")
def outline():
    parser = Outline()
    parser.feed(hostile_page())
    return parser


def test_hostile_strings_stay_text(outline):
    assert "script" not in outline.tags
    assert "img" not in outline.tags
    assert not [name for name, _ in outline.attributes if name.startswith("on")]


def test_every_tag_closes_and_every_id_is_unique(outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))


def test_nothing_is_loaded_from_anywhere(outline):
    loading = [
        (name, value)
        for name, value in outline.attributes
        if name in ("src", "href", "xlink:href", "data") and not value.startswith("#")
    ]
    assert loading == []
    assert "url(http" not in hostile_page()
    assert "@import" not in hostile_page()


def test_figures_carry_their_words_and_their_numbers(outline):
    text = hostile_page()
    assert text.count("<figure>") == 2
    assert text.count("The numbers in this picture") == 2
    assert text.count("<desc") == 2
    assert outline.tags.count("svg") == 2
    assert text.count('role="img"') == 2


def test_headings_language_and_skip_link():
    text = hostile_page()
    assert re.search(r'<html lang="en">', text)
    assert text.count("<h1>") == 1
    assert "Skip to the report" in text
    assert '<th scope="col">' in text


def test_what_scrolls_can_be_reached_and_has_a_name():
    text = hostile_page()
    boxes = re.findall(r'<div class="scroll"[^>]*>', text)
    assert len(boxes) == 5
    assert all('tabindex="0"' in box and 'role="group"' in box and "aria-label=" in box for box in boxes)
    assert not re.search(r"<th[^>]*></th>", text)


def test_the_title_in_the_running_foot_cannot_leave_its_string():
    text = page((), title='"} body { display: none } </style>', seal="ab" * 32, language="en", version="0")
    foot = re.search(r'@bottom-left { content: "(.*?)"; }', text)[1]
    assert not set('"{}<;') & set(foot)


def test_short_sections_share_a_printed_page_and_lookups_stay_off_paper():
    short = Section(key="a", question="Q", answer="A", blocks=(Paragraph(text="t"),))
    long = Section(key="b", question="Q", answer="A", blocks=(Figure(picture=forest("x")),))
    folded = Details(title="t", blocks=(Paragraph(text="t"),), printed=False)
    text = page((short, long, Section(key="c", question="Q", answer="A", blocks=(folded,))), title="T",
                seal="ab" * 32, language="en", version="0")  # fmt: skip
    assert '<section id="a" class="short"' in text
    assert '<section id="b" aria' in text
    assert '<details class="lookup"><summary>t' in text


def test_the_same_sections_give_the_same_bytes():
    assert hostile_page() == hostile_page()
