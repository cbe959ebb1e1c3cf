"""The files: same bytes every time, cards that name every column and hold the current tables."""

import gzip
from importlib.resources import files

import pytest

from causalmed.datasets import DATASETS, card, load_dataset
from causalmed.datasets.caesarean import caesarean_frame, caesarean_graph
from causalmed.datasets.make import csv_bytes, gzip_bytes
from causalmed.datasets.postop import draw_postop
from causalmed.datasets.postop_graph import question_graph

DATA = files("causalmed._data")


def shipped(name):
    return DATA.joinpath(name).read_bytes()


def test_the_compressed_file_holds_no_time_and_no_name():
    content = shipped("postop.csv.gz")
    assert content[3:8] == b"\0\0\0\0\0"
    assert gzip_bytes(b"x" * 100) == gzip_bytes(b"x" * 100)


def test_the_shipped_tables_are_made_by_the_code():
    assert gzip.decompress(shipped("postop.csv.gz")) == csv_bytes(draw_postop())
    assert shipped("caesarean.csv") == csv_bytes(caesarean_frame())


def test_the_shipped_graphs_are_made_by_the_code():
    assert shipped("postop.dagitty").decode() == question_graph().to_dagitty() + "\n"
    assert shipped("caesarean.dagitty").decode() == caesarean_graph().to_dagitty() + "\n"


@pytest.mark.parametrize("name", DATASETS)
def test_the_card_names_every_column(name):
    dataset = load_dataset(name)
    assert [column for column in dataset.cohort.names if f"`{column}`" not in dataset.card] == []


def test_the_card_says_that_nobody_is_real():
    text = load_dataset("postop").card
    assert "Every patient in this table is invented" in text
    assert "Licence" in text
    assert "2.807 %" in text


SIMULATED = ("official_fifths", "official_terms", "subgroups")


@pytest.mark.parametrize(
    "table",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SIMULATED else []) for name in card.TABLES],
)
def test_the_tables_of_the_card_are_current(table):
    text = load_dataset("postop").card
    assert f"<!-- table: {table} -->\n{card.TABLES[table]()}\n<!-- end -->" in text


def test_words_around_tables_stay():
    text = "before\n<!-- table: leakage -->\n<!-- end -->\nafter"
    written = card.write_tables(text)
    assert written.startswith("before\n<!-- table: leakage -->\n| column |")
    assert written.endswith("|\n<!-- end -->\nafter")
    assert card.write_tables(written) == written
