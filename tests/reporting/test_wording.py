"""The reader of a report meets words, never a column name; what a person stated stays as stated."""

from __future__ import annotations

import pandas as pd
import pytest

from causalmed.reporting.items import Item, ItemState
from causalmed.reporting.page import Checks, Figure, Items, Listing, Paragraph, Section, Source, Table
from causalmed.reporting.wording import Wording, in_words
from causalmed.results import Check, Gate, State
from causalmed.results.pictures import GraphArrow, GraphNode, GraphPicture

NAMES = ["infection_30d", "glucose_mg_dl", "razor_hair_removal", "razor", "age", "los"]
WORDING = Wording.of(NAMES, {"los": "days in hospital", "razor_hair_removal": "hair removal by razor"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("infection_30d", "infection within 30 days"),
        ("length_of_stay_days", "length of stay (days)"),
        ("mrsa_screened", "MRSA screened"),
        ("preop_stay_days", "preoperative stay (days)"),
        ("bmi", "BMI"),
        ("days", "days"),
        ("age", "age"),
        ("3d", "3d"),
        ("_", ""),
    ],
)
def test_a_name_says_what_it_can(name, words):
    assert in_words(name) == words


def test_the_longest_name_wins_and_parts_of_words_stay():
    said = WORDING.say("razor_hair_removal, 'razor', glucose_mg_dl2, alosa, los")
    assert said == "hair removal by razor, razor, glucose_mg_dl2, alosa, days in hospital"


def test_a_name_already_written_with_spaces_is_found_too():
    assert WORDING.say("glucose mg dl: 246") == "glucose (mg/dL): 246"


def test_ordinary_words_are_left_alone_unless_the_protocol_says_otherwise():
    assert WORDING.say("at the age of 80") == "at the age of 80"
    assert Wording.of(["age"], {"age": "age (years)"}).say("age") == "age (years)"


def test_names_with_signs_of_their_own_are_taken_as_they_are():
    hostile = "a.b_(c|d)"
    assert Wording.of([hostile], {hostile: "x"}).say("a.b_(c|d) axb_c") == "x axb_c"
    assert Wording.of([], {}).say("a -> b") == "a → b"


def test_every_block_is_spoken_and_sources_and_statements_are_not():
    item = Item(key="los", section="s", asks="los?", state=ItemState.STATED, text="los", label="stated")
    picture = GraphPicture(
        title="What leads to infection_30d",
        nodes=(GraphNode(name="los"), GraphNode(name="infection_30d", role="outcome")),
        arrows=(GraphArrow(source="los", target="infection_30d"),),
    )
    section = Section(
        key="los",
        question="los?",
        answer="infection_30d",
        blocks=(
            Paragraph(text="los"),
            Listing(lines=("los",)),
            Table(frame=pd.DataFrame({"los": ["infection_30d"], "n": [3]}), caption="los"),
            Checks(gate=Gate(checks=(Check(name="c", state=State.WARN, sentence="los", value=2.0),))),
            Figure(picture=picture),
            Source(text="los -> infection_30d"),
            Items(items=(item,)),
        ),
    )
    spoken = WORDING.speak(section)
    paragraph, listing, table, checks, figure, source, items = spoken.blocks
    assert (spoken.key, spoken.question) == ("los", "days in hospital?")
    assert paragraph.text == listing.lines[0] == "days in hospital"
    assert table.frame.columns.tolist() == ["days in hospital", "n"]
    assert table.frame.iloc[0].tolist() == ["infection within 30 days", 3]
    assert checks.gate.checks[0].state is State.WARN
    assert checks.gate.checks[0].sentence == "days in hospital"
    assert figure.picture.table()["from"].tolist() == ["days in hospital"]
    assert source.text == "los -> infection_30d"
    assert items.items[0] == item
    assert section.blocks[2].frame.columns.tolist() == ["los", "n"]
