"""Whether a graph survived, and where it did not."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.discovery.remedies import Remedy
from causalmed.graph import Independence
from causalmed.results import Provenance
from causalmed.results.words import number, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contradiction", "Falsification"]

_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """An independence that the graph declares and the data deny.

    Parameters
    ----------
    independence : Independence
        What the graph declares.
    p_value, adjusted : float
        By itself, and after Holm's adjustment for all that the graph declares.
    """

    independence: Independence
    p_value: float
    adjusted: float

    @property
    def in_words(self) -> str:
        """What is contradicted, and what that may mean."""
        one = self.independence
        given = f" among patients alike in {', '.join(one.given)}" if one.given else ""
        p = "p < 0.001" if self.adjusted < 0.001 else f"p = {number(self.adjusted)}"
        return (
            f"the graph has {one.x} and {one.y} unrelated{given}; in the data they are related "
            f"({p} after adjustment). An arrow or a hidden common cause is missing, or an arrow points "
            "the wrong way."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Falsification:
    """How a graph fared against data and against its own shuffled copies.

    Parameters
    ----------
    implied : int
        Independences that the graph declares.
    violations : int
        Of these, contradicted at ``alpha`` each by itself; what the shuffled copies are compared by.
    contradictions : tuple of Contradiction
        Contradicted after Holm's adjustment, the clearest first.
    remedies : tuple of Remedy
        Changes of one edge that would leave fewer contradictions, the best first.
    unsupported : tuple of (str, str)
        Arrows that the data do not ask for. No contradiction: the effect may be small.
    shuffled_violations : tuple of int
        Violations of each shuffled copy.
    equivalent : int
        Shuffled copies that declare nothing which the graph does not declare.
    alpha : float
        Level of each verdict.
    test : str
        Test of independence.
    n : int
        Patients.
    hidden : tuple of str
        Nodes taken as hidden.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    implied: int
    violations: int
    contradictions: tuple[Contradiction, ...]
    remedies: tuple[Remedy, ...]
    unsupported: tuple[tuple[str, str], ...]
    shuffled_violations: tuple[int, ...]
    equivalent: int
    alpha: float
    test: str
    n: int
    hidden: tuple[str, ...]
    provenance: Provenance

    @property
    def p_value(self) -> float:
        """Share of the shuffled copies, the graph among them, that do as well as the graph."""
        as_well = sum(count <= self.violations for count in self.shuffled_violations)
        return (1 + as_well) / (1 + len(self.shuffled_violations))

    @property
    def informative(self) -> bool:
        """Whether the graph could have failed: few shuffled copies say the same."""
        return bool(self.implied) and self.equivalent <= self.alpha * len(self.shuffled_violations)

    @property
    def contradicted_arrows(self) -> tuple[str, ...]:
        """Arrows that, turned round, would leave fewer contradictions."""
        return tuple(dict.fromkeys(one.arrow for one in self.remedies if one.arrow))

    @property
    def verdict(self) -> str:
        """One of "untestable", "no better than chance", "refuted", "uninformative", "survives".

        *untestable*: it declares no independence. *no better than chance*: shuffled copies do as well.
        *refuted*: a declared independence is contradicted. *uninformative*: nothing is contradicted, but
        many shuffled copies say the same.
        """
        if not self.implied:
            return "untestable"
        if self.contradictions:
            chance = self.informative and self.p_value > self.alpha
            return "no better than chance" if chance else "refuted"
        return "survives" if self.informative else "uninformative"

    def summary(self) -> str:
        """Describe the verdict in at most 80 columns."""
        lines = textwrap.wrap(self._headline(), 80)
        sections = [
            ("contradicted", [one.in_words for one in self.contradictions]),
            ("what would help (hints, no findings)", [str(one) for one in self.remedies]),
            (
                "arrows that the data do not ask for",
                [f"{u} -> {v}: no sign of it here; its effect may be small" for u, v in self.unsupported],
            ),
        ]
        for title, rows in sections:
            if rows:
                lines += ["", f"{title} ({len(rows)})"]
            for row in rows[:_SHOWN]:
                lines += textwrap.wrap(row, 80, initial_indent="  ", subsequent_indent="    ")
            if len(rows) > _SHOWN:
                lines.append(f"  … and {len(rows) - _SHOWN} more")
        return "\n".join([*lines, "", *textwrap.wrap(self._small_print(), 80)])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a contradiction: x, y, given, p_value, adjusted_p_value."""
        import pandas as pd

        rows = [
            {
                "x": one.independence.x,
                "y": one.independence.y,
                "given": ", ".join(one.independence.given),
                "p_value": one.p_value,
                "adjusted_p_value": one.adjusted,
            }
            for one in self.contradictions
        ]
        return pd.DataFrame(rows, columns=["x", "y", "given", "p_value", "adjusted_p_value"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "verdict": self.verdict,
            "informative": self.informative,
            "p_value": self.p_value,
            "implied": self.implied,
            "violations": self.violations,
            "contradictions": self.to_frame().to_dict("records"),
            "remedies": [str(one) for one in self.remedies],
            "unsupported": [list(pair) for pair in self.unsupported],
            "shuffled_violations": list(self.shuffled_violations),
            "equivalent": self.equivalent,
            "alpha": self.alpha,
            "test": self.test,
            "n": self.n,
            "hidden": list(self.hidden),
            "provenance": self.provenance.to_dict(),
        }

    def __str__(self) -> str:
        return self.summary()

    def _headline(self) -> str:
        many = len(self.contradictions)
        better = f"it does better than {percent(1 - self.p_value)} of its shuffled copies"
        words = {
            "untestable": "The graph declares no independence, so no data could contradict it",
            "survives": f"The graph survives: nothing that it declares is contradicted, and {better}",
            "uninformative": (
                "Nothing is contradicted, but the graph could hardly have failed: "
                f"{self.equivalent} of {len(self.shuffled_violations)} shuffled copies declare nothing else"
            ),
            "refuted": f"The data contradict {many} of {self.implied} independences of the graph; {better}",
            "no better than chance": (
                f"The data contradict {many} of {self.implied} independences of the graph, and shuffling its "
                f"names does as well (p = {number(self.p_value)})"
            ),
        }
        return words[self.verdict] + "."

    def _small_print(self) -> str:
        hidden = f" Taken as hidden: {', '.join(self.hidden)}." if self.hidden else ""
        return (
            f"{self.n:,} patients, taken as independent of each other; {self.implied} independences at level "
            f"{self.alpha:g} ({self.test}); {len(self.shuffled_violations)} shuffled copies.{hidden} A graph "
            "that survives is not proved: others that declare the same survive with it."
        )
