"""The quantity to estimate: a question, a formula, and what they assume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from causalmed.errors import InvalidArgument
from causalmed.graph import Graph, as_names
from causalmed.identification.formulas import formula_of, held
from causalmed.identification.wording import backdoor_assumptions, listed, total_effect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Estimand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    r"""An effect as a function of observed quantities, with the assumptions that make it one.

    Parameters
    ----------
    kind : {"backdoor", "frontdoor", "instrument", "absent", "mediation"}
        Which formula: :math:`\sum_z P(y \mid x, z) P(z)`;
        :math:`\sum_m P(m \mid x) \sum_{x'} P(y \mid m, x') P(x')`;
        :math:`\mathrm{Cov}(i, y \mid z) / \mathrm{Cov}(i, x \mid z)`; simply P(y), where the
        graph has no directed path and the data cannot even check that; or those of
        :mod:`causalmed.identification.mediation`.
    exposure, outcome : str
        X and Y.
    effect : str
        ``"total"``, ``"natural_direct"``, ``"natural_indirect"`` or ``"controlled_direct"``.
    adjustment_set : tuple of str
        Z, sorted: what is adjusted for, or what the instrument or the front-door is conditioned on.
    alternatives : tuple of tuple of str
        A few other sets that would do.
    mediators, instruments : tuple of str
        M of the front-door, or of an effect along some paths; the instrument.
    mediator_values : tuple of float or str
        Where a controlled direct effect holds the mediators, in their order.
    after_exposure : tuple of str
        L of a controlled direct effect: adjusted for, although the exposure may change it.
    instrument_moves : bool
        Whether the instrument causes the exposure, so that patients can be said to follow it.
    graph : Graph or None
        The graph that vouches for the formula; not compared, not printed, not in :meth:`to_dict`.
    observed : tuple of str
        The columns that could be used when it was identified; kept with the graph.
    assumptions : tuple of str
        Sentences that could be false.
    question : str
        What is asked, in words.
    graph_fingerprint : str
        Which assumptions it was derived from; empty if it was stated by hand.
    no_path : bool
        True if the graph has no directed path from exposure to outcome, so that the effect is
        assumed to be none.
    forbidden : frozenset of str
        Nodes on or behind the causal paths: never to be adjusted for.
    reasons : tuple of str
        What each column of the adjustment set is there for: the path it closes, or precision.
    is_optimal : bool
        True if the adjustment set is known to make the estimate most precise.
    overrides : tuple of str
        What a person decided against or beside the graph; printed in every report.

    Examples
    --------
    >>> from causalmed.graph import Graph
    >>> from causalmed.identification import identify
    >>> graph = Graph.parse("dag { urgency -> late -> ssi; urgency -> ssi }")
    >>> estimand = identify(graph, exposure="late", outcome="ssi")
    >>> print(estimand)
    The total effect of late on ssi, by adjustment for urgency.
    >>> estimand.formula
    'P(ssi | do(late)) = Σ_{urgency} P(ssi | late, urgency) P(urgency)'
    """

    kind: Literal["backdoor", "frontdoor", "instrument", "absent", "mediation"]
    exposure: str
    outcome: str
    effect: str = "total"
    adjustment_set: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    mediators: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    question: str = ""
    graph_fingerprint: str = ""
    no_path: bool = False
    forbidden: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    is_optimal: bool = False
    overrides: tuple[str, ...] = ()
    mediator_values: tuple[float | str, ...] = ()
    after_exposure: tuple[str, ...] = ()
    instrument_moves: bool = False
    graph: Graph | None = field(default=None, repr=False, compare=False)
    observed: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def given(cls, *, exposure: str, outcome: str, adjustment_set: Iterable[str] = ()) -> Estimand:
        """State an adjustment set by hand, without a graph that vouches for it.

        Parameters
        ----------
        exposure, outcome : str
            X and Y, two different columns.
        adjustment_set : iterable of str
            Columns believed to make exposed and unexposed patients comparable.

        Raises
        ------
        InvalidArgument
            If one column has two of the three roles.

        Examples
        --------
        >>> estimand = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "urgency"])
        >>> estimand.overrides
        ('The adjustment set (age and urgency) was stated by the user; no graph vouches for it.',)
        """
        for role, name in (("exposure", exposure), ("outcome", outcome)):
            if not isinstance(name, str) or not name:
                raise InvalidArgument(f"{role}={name!r} is not the name of one column.")
        names = set(as_names(adjustment_set))
        chosen = tuple(sorted(names))
        if exposure == outcome or {exposure, outcome} & names:
            raise InvalidArgument(
                f"exposure={exposure!r}, outcome={outcome!r} and the adjustment set ({listed(chosen)}) must "
                "be different columns: what is adjusted for is held fixed."
            )
        stated = f"The adjustment set ({listed(chosen)}) was stated by the user; no graph vouches for it."
        return cls(
            kind="backdoor",
            exposure=exposure,
            outcome=outcome,
            adjustment_set=chosen,
            assumptions=(stated, *backdoor_assumptions(exposure, outcome, chosen, no_path=False)),
            question=total_effect(exposure, outcome),
            overrides=(stated,),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the formula needs, exposure and outcome first."""
        columns = (*self.instruments, *self.mediators, *self.after_exposure, *self.adjustment_set)
        return (self.exposure, self.outcome, *columns)

    @property
    def formula(self) -> str:
        """The formula in the names of the columns."""
        return formula_of(self)

    def using(self, adjustment_set: Iterable[str]) -> Estimand:
        """Return the same effect by another adjustment set, if the graph vouches for it.

        Parameters
        ----------
        adjustment_set : iterable of str
            Columns to adjust for instead.

        Returns
        -------
        Estimand
            With the reasons and assumptions of the new set.

        Raises
        ------
        InvalidArgument
            The set is not an adjustment set in the graph (the message says why), or no graph was given, or
            the effect is not identified by adjustment.

        Examples
        --------
        >>> from causalmed.graph import Graph
        >>> from causalmed.identification import identify
        >>> graph = Graph.parse("dag { c -> {a d}; d -> y; a -> y }")
        >>> estimand = identify(graph, exposure="a", outcome="y")
        >>> print(estimand.using(["c"]))
        The total effect of a on y, by adjustment for c.
        """
        from causalmed.identification.using import using

        return using(self, adjustment_set)

    def part(self, effect: str) -> Estimand:
        """Return the other part of a natural effect, or the total one, by the same covariates.

        Parameters
        ----------
        effect : {"natural_direct", "natural_indirect", "total"}
            Which.

        Raises
        ------
        InvalidArgument
            If this is not a natural effect.
        """
        from causalmed.identification.parts import part_of

        return part_of(self, effect)

    def __str__(self) -> str:
        effect = f"The {self.effect.replace('_', ' ')} effect of {self.exposure} on {self.outcome}"
        given = f", conditional on {listed(self.adjustment_set)}" if self.adjustment_set else ""
        how = {
            "backdoor": f"by adjustment for {listed(self.adjustment_set)}",
            "frontdoor": f"by the front-door through {listed(self.mediators)}{given}",
            "absent": "by assumption alone",
            "instrument": f"by the instrument {listed(self.instruments)}{given}",
            "mediation": self._along(),
        }[self.kind]
        none = " The graph assumes that it is none." if self.no_path else ""
        return f"{effect}, {how}.{none}"

    def _along(self) -> str:
        """Say which paths an effect runs along."""
        adjusted = f"by adjustment for {listed((*self.adjustment_set, *self.after_exposure))}"
        if self.effect == "controlled_direct":
            return f"with {held(self.mediators, self.mediator_values, together=' and ')}, {adjusted}"
        around = "through" if self.effect == "natural_indirect" else "not through"
        return f"{around} {listed(self.mediators)}, {adjusted}"

    def summary(self) -> str:
        """Return the question, the formula, other sets and the assumptions, in at most 80 columns."""
        lines = [str(self), self.question, self.formula]
        if self.is_optimal:
            lines.append("No other set that could be used makes the estimate more precise.")
        if self.alternatives:
            lines.append("Also possible: " + "; ".join(listed(z) for z in self.alternatives) + ".")
        if self.forbidden:
            lines.append(f"Never adjust for: {listed(sorted(self.forbidden))}.")
        lists = (("Why these columns:", self.reasons), ("This assumes:", self.assumptions))
        blocks = [_bulleted(title, sentences) for title, sentences in lists if sentences]
        return "\n".join([*(fill(line, 80) for line in lines), *blocks])

    def to_frame(self) -> pd.DataFrame:
        """Return one row a column that the formula needs, with its role."""
        import pandas as pd

        roles = (
            ("exposure", (self.exposure,)),
            ("outcome", (self.outcome,)),
            ("instrument", self.instruments),
            ("mediator", self.mediators),
            ("after the exposure", self.after_exposure),
            ("adjustment set", self.adjustment_set),
        )
        rows = [(name, role) for role, names in roles for name in names]
        return pd.DataFrame(rows, columns=["column", "role"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        names = [one.name for one in fields(self) if one.compare]
        held = {name: getattr(self, name) for name in names}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}
        plain["alternatives"] = [list(names) for names in self.alternatives]
        plain["forbidden"] = sorted(self.forbidden)
        plain["formula"] = self.formula
        return plain

    def _repr_html_(self) -> str:
        lists = (("Why these columns:", self.reasons), ("This assumes:", self.assumptions))
        blocks = "".join(
            f"<p>{title}</p><ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"
            for title, sentences in lists
            if sentences
        )
        return (
            f"<p><strong>{escape(str(self))}</strong></p><p>{escape(self.question)}</p>"
            f"<p><code>{escape(self.formula)}</code></p>{blocks}"
        )


def _bulleted(title: str, sentences: tuple[str, ...]) -> str:
    return "\n".join([title, *(fill(f"- {sentence}", 80, subsequent_indent="  ") for sentence in sentences)])
