"""One run of one method on one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from causalmed.discovery.ancestral import ancestral_marks
from causalmed.discovery.background import Background
from causalmed.discovery.independence import IndependenceTest, make_test
from causalmed.discovery.marks import MarkedGraph
from causalmed.discovery.pattern import oriented_pattern
from causalmed.discovery.skeleton import clearest, find_skeleton
from causalmed.discovery.variables import Variables

__all__ = ["METHODS", "Method", "Search", "learned"]

Method = Literal["fci", "pc", "ges"]
METHODS: Final = ("fci", "pc", "ges")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """How to search.

    Parameters
    ----------
    method : {"fci", "pc", "ges"}
        The algorithm.
    test : str
        Test of independence.
    alpha : float
        Level of each test.
    max_given : int or None
        Largest conditioning set.
    known : Background
        What is known before.
    """

    method: Method
    test: str
    alpha: float
    max_given: int | None
    known: Background

    def run(self, data: Variables) -> MarkedGraph:
        """Learn a graph from one table."""
        if self.method == "ges":
            from causalmed.discovery.causallearn_adapter import ges_marks

            return MarkedGraph(nodes=data.names, kind="cpdag", marks=ges_marks(data))
        return learned(self, make_test(data, self.test), data.names)


def learned(search: Search, test: IndependenceTest, names: tuple[str, ...]) -> MarkedGraph:
    """Learn a graph from the answers of a test, by FCI or PC.

    Parameters
    ----------
    search : Search
        How.
    test : IndependenceTest
        Who answers; :class:`~causalmed.discovery.Oracle` answers from a graph that is known.
    names : tuple of str
        The variables in the order of their numbers.
    """
    known = search.known
    if search.method == "fci":
        marks = ancestral_marks(test, known, alpha=search.alpha, max_given=search.max_given)
        return MarkedGraph(nodes=names, kind="pag", marks=marks)
    skeleton = find_skeleton(test, known, alpha=search.alpha, max_given=search.max_given, sufficient=True)
    skeleton = clearest(skeleton, test, known, search.max_given)
    return MarkedGraph(nodes=names, kind="cpdag", marks=oriented_pattern(skeleton, known))
