"""Specifications print as one would write them."""

from __future__ import annotations

from dataclasses import dataclass, field

from causalmed.results.spelling import as_written


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    flour: int
    eggs: int = 2
    sieved: bool = False
    spices: tuple[str, ...] = field(default_factory=tuple)
    __repr__ = as_written


def test_only_what_differs_is_named():
    assert repr(Recipe(flour=3)) == "Recipe(flour=3)"
    assert repr(Recipe(flour=3, eggs=2, spices=())) == "Recipe(flour=3)"
    assert repr(Recipe(flour=3, spices=("mace",))) == "Recipe(flour=3, spices=('mace',))"


def test_a_number_is_not_a_flag():
    assert repr(Recipe(flour=3, sieved=0)) == "Recipe(flour=3, sieved=0)"


def test_what_it_prints_makes_the_same_value():
    for recipe in (Recipe(flour=1), Recipe(flour=1, eggs=0, sieved=True, spices=("a", "b"))):
        assert eval(repr(recipe)) == recipe
