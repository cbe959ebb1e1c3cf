"""What the graph says about an attribute."""

from __future__ import annotations

import pytest

from causalmed.fairness import path_note
from causalmed.graph import Graph

GRAPH = Graph.parse(
    """dag {
    infection [outcome]
    region [latent]
    sex -> infection
    insurance -> late -> infection
    region -> postcode
    region -> infection
    infection -> stay
    eyes -> glasses
    }"""
)


@pytest.mark.parametrize(
    ("attribute", "words", "direct"),
    [
        ("sex", "by a direct arrow: sex -> infection", True),
        ("insurance", "through care or health: insurance -> late -> infection", False),
        ("postcode", "no causal path from postcode to infection; they are associated through", False),
        ("stay", "no causal path from stay to infection; they are associated through", False),
        ("eyes", "no open path between eyes and infection", False),
        ("creed", "creed is not in the graph", False),
    ],
)
def test_each_kind_of_connection_has_its_sentence(attribute, words, direct):
    note = path_note(GRAPH, attribute, "infection")
    assert words in note.sentence
    assert note.direct is direct
    assert bool(note.causal) is ("draws a causal path" in note.sentence)
