"""Where a disparity comes from, as a value."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.errors import InvalidArgument
from causalmed.fairness.decomposition_pictures import waterfall_of
from causalmed.fairness.pathways import Pathways
from causalmed.results import Gate, Interval, Provenance, html_table
from causalmed.results.pictures import Waterfall
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["PARTS", "DisparityDecomposition", "DisparityPart"]

PARTS = ("total", "direct", "indirect", "spurious")
"""The whole and the three parts that add up to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisparityPart:
    """What one part adds to a disparity.

    Parameters
    ----------
    of : {"outcome", "prediction", "residual"}
        Whose disparity: of the outcome, of the predicted risk, of outcome minus predicted risk.
    group, reference : str
        Group minus reference.
    part : str
        ``total``, ``direct``, ``indirect`` or ``spurious``; also ``indirect and spurious`` or ``direct and
        indirect`` where only the other part is known.
    interval : Interval or None
        ``None`` where the part is not identified or not reported.
    p_value, p_adjusted : float or None
        Of "this part is 0", alone and by Holm over all parts of all groups.
    why : str
        Why there is no interval.
    robustness, robustness_limit : float or None
        Share of what is left of group and outcome that a hidden cause must explain to move the estimate (the
        nearer limit) to 0; ``None`` where nothing is assumed.
    """

    of: str
    group: str
    reference: str
    part: str
    interval: Interval | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    why: str = ""
    robustness: float | None = None
    robustness_limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DisparityDecomposition:
    """Where a disparity between groups comes from; made by :func:`decompose_disparity`.

    Parameters
    ----------
    attribute, outcome, model : str
        What divides the groups, what differs, and what predicts it (empty without a model).
    binary : bool
        Whether the outcome is 0/1.
    parts : tuple of DisparityPart
        For every group against the reference.
    pathways : mapping of str to Pathways
        By ``of``: mediators, background and what is identified.
    assumptions : tuple of str
        What could be false, in words.
    n : int
        Patients.
    clusters : int or None
        Clusters the intervals allow for.
    diagnostics : Gate
        Overlap and events behind each part.
    provenance : Provenance
        How to make it again.
    """

    attribute: str
    outcome: str
    model: str
    binary: bool
    parts: tuple[DisparityPart, ...]
    pathways: dict[str, Pathways]
    assumptions: tuple[str, ...]
    n: int
    clusters: int | None
    diagnostics: Gate
    provenance: Provenance

    def part(self, part: str, *, group: str | None = None, of: str = "outcome") -> DisparityPart:
        """Return one part.

        Parameters
        ----------
        part : str
            ``total``, ``direct``, ``indirect``, ``spurious``.
        group : str, optional
            By default the first.
        of : {"outcome", "prediction", "residual"}
            Whose disparity.

        Raises
        ------
        InvalidArgument
            If there is no such part.
        """
        found = [one for one in self.parts if one.of == of and one.part == part]
        found = [one for one in found if group in (None, one.group)]
        if not found:
            there = sorted({f"{one.part} of the {one.of} for {one.group}" for one in self.parts})
            raise InvalidArgument(
                f"There is no {part!r} of the {of!r} for {group!r}. There are: {'; '.join(there)}."
            )
        return found[0]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that were compared with the reference."""
        return tuple(dict.fromkeys(one.group for one in self.parts))

    @property
    def headline(self) -> str:
        """The first group's disparity of the outcome in one or two sentences."""
        total = self.part("total")
        lead = self._sentence(total)
        others = [self.part(name) for name in PARTS[1:]]
        known = [self._short(one) for one in others if one.interval is not None]
        refused = [one.part for one in others if one.interval is None]
        made = f" It is made of {_listed(known)}." if known else ""
        left = f" Not identified: {_listed(refused)}." if refused else ""
        return f"{lead}{made}{left}"

    def summary(self) -> str:
        """Return the decomposition in at most 80 columns."""
        lines = [f"Where does the gap in {self.outcome} between groups of {self.attribute} come from?"]
        for group in self.groups:
            for of in dict.fromkeys(one.of for one in self.parts):
                lines += [self._sentence(one) for one in self.parts if one.group == group and one.of == of]
        lines += [f"This holds only if {text}" for text in self.assumptions]
        lines += [str(check) for check in self.diagnostics.not_passed()]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a part: whose, which, estimate, limits, p-values, robustness, why not."""
        import pandas as pd

        columns = (
            "of", "group", "reference", "part", "estimate", "low", "high", "std_error", "p_value",
            "p_adjusted", "robustness", "robustness_limit", "why",
        )  # fmt: skip
        rows = [
            (
                one.of, one.group, one.reference, one.part,
                *((None,) * 4 if (i := one.interval) is None else (i.estimate, i.low, i.high, i.std_error)),
                one.p_value, one.p_adjusted, one.robustness, one.robustness_limit, one.why,
            )
            for one in self.parts
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(columns))

    def to_dict(self, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Return the decomposition as plain JSON types.

        Parameters
        ----------
        without : frozenset of str
            Groups to leave out, for example because a cell of theirs is small.
        """
        shown = [one for one in self.parts if one.group not in without]
        return {
            "attribute": self.attribute,
            "outcome": self.outcome,
            "model": self.model,
            "headline": "" if without else self.headline,
            "n": self.n,
            "clusters": self.clusters,
            "parts": [_part_dict(one, self._sentence(one)) for one in shown],
            "pathways": {
                of: {
                    "mediators": list(one.mediators),
                    "background": list(one.background),
                    "direct": one.direct,
                    "indirect": one.indirect,
                    "spurious": one.spurious,
                }
                for of, one in self.pathways.items()
            },
            "assumptions": list(self.assumptions),
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": self.provenance.to_dict(),
        }

    def picture(self, *, group: str | None = None, of: str = "outcome") -> Waterfall:
        """Return the waterfall from the reference to a group.

        Parameters
        ----------
        group : str, optional
            By default the first.
        of : {"outcome", "prediction", "residual"}
            Whose disparity.
        """
        total = self.part("total", group=group, of=of)
        mine = [one for one in self.parts if one.group == total.group and one.of == of]
        what = {"outcome": self.outcome, "prediction": "predicted risk"}.get(of, "outcome minus prediction")
        return waterfall_of(mine, attribute=self.attribute, what=what, per=self._per, words=self.words(of))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` of the outcome and return its axes."""
        return self.picture().plot(ax)

    def words(self, of: str) -> dict[str, str]:
        """Return each part in words: through which columns."""
        paths = self.pathways.get(of) or next(iter(self.pathways.values()))
        through, behind = _listed(paths.mediators, cut=4), _listed(paths.background, cut=4)
        return {
            "direct": "directly",
            "indirect": f"through {through}" if through else "through care or health (nothing measured)",
            "spurious": f"from background ({behind})" if behind else "from background (nothing measured)",
            "indirect and spurious": "through care and from background together",
            "direct and indirect": "directly and through care together",
        }

    @property
    def _per(self) -> float:
        return 100.0 if self.binary else 1.0

    def _short(self, one: DisparityPart) -> str:
        assert one.interval is not None
        value = number(self._per * one.interval.estimate)
        low, high = (number(self._per * limit) for limit in (one.interval.low, one.interval.high))
        return f"{value} ({low} to {high}) {self.words(one.of)[one.part]}"

    def _sentence(self, one: DisparityPart) -> str:
        what = {"outcome": self.outcome, "prediction": "predicted risk"}.get(
            one.of, "outcome minus prediction"
        )
        how = "in all" if one.part == "total" else self.words(one.of)[one.part]
        who = f"{self.attribute} {one.group} against {one.reference}, {what}, {how}"
        if one.interval is None:
            return f"{who}: {one.why}."
        gap, level = one.interval.estimate, f"{100 * one.interval.level:g} % CI"
        low, high = (number(self._per * limit) for limit in (one.interval.low, one.interval.high))
        amount = f"{number(abs(self._per * gap))} {'higher' if gap > 0 else 'lower'}"
        unit = " per 100 patients" if self.binary else ""
        return f"{who}: {amount}{unit} ({level} {low} to {high})."

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self.headline)


def _part_dict(one: DisparityPart, sentence: str) -> dict[str, Any]:
    return {
        "of": one.of,
        "group": one.group,
        "reference": one.reference,
        "part": one.part,
        "interval": one.interval and one.interval.to_dict(),
        "p_value": one.p_value,
        "p_adjusted": one.p_adjusted,
        "robustness": one.robustness,
        "robustness_limit": one.robustness_limit,
        "sentence": sentence,
    }


def _listed(names: tuple[str, ...] | list[str], cut: int = 99) -> str:
    shown = [str(name).replace("_", " ") for name in names[:cut]]
    if len(names) > cut:
        shown[-1:] = [shown[-1], f"{len(names) - cut} more"]
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)
