"""The causal effect of one exposure on one outcome."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from causalmed.errors import ScaleNotDefined
from causalmed.results import scales
from causalmed.results.check import Gate, State
from causalmed.results.conditional import ConditionalEffects
from causalmed.results.evalue import EValue, e_value
from causalmed.results.functionals import Functionals
from causalmed.results.interval import Interval
from causalmed.results.missingness import MissingnessTable
from causalmed.results.provenance import Provenance
from causalmed.results.words import in_patients, number, plain, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Balance, Forest, Overlap

__all__ = ["Effect"]

_BINARY_SCALES = (
    ("risk difference", "difference"),
    ("risk ratio", "risk_ratio"),
    ("odds ratio", "odds_ratio"),
    ("conditional odds ratio", "conditional_odds_ratio"),
    ("number needed to treat", "number_needed_to_treat"),
    ("attributable fraction", "attributable_fraction"),
)
_CONTINUOUS_SCALES = (("mean difference", "difference"),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    r"""The effect of an exposure on an outcome, on every scale that is defined for it.

    An effect *is* the joint estimate of :math:`E[Y(a)], E[Y(b)], E[Y]`; every scale is arithmetic on
    it, so that all of them, their intervals and any contrast of several effects come from one fit.

    Parameters
    ----------
    exposure, outcome : str
        Names of the columns.
    contrast : tuple of float or str
        The two values of the exposure that are compared, (a, b); words where they are levels or shifts.
    population : str
        ``"all"``, ``"exposed"``, ``"unexposed"`` or ``"overlap"``.
    outcome_kind : str
        ``"binary"`` or ``"continuous"``.
    question : str
        The estimand as one sentence.
    adjustment_set : tuple of str
        What was adjusted for.
    functionals : Functionals
        Labels ``exposed``, ``unexposed``, ``natural``.
    crude : Functionals or None
        The same without adjustment, for comparison.
    diagnostics : Gate
        Checks; where one fails the numbers are shown only if asked for.
    estimator : str
        The specification, as it prints.
    n, events : int
        Patients, and patients with the outcome (0 for a continuous outcome).
    clusters : int or None
        Number of hospitals that the covariance allows for.
    assumptions, overrides : tuple of str
        What must hold; which safeguards the analyst switched off.
    provenance : Provenance
        Data, specification, seed, versions.
    level : float
        Confidence level of the intervals.
    outcome_unit : str
        Unit of a continuous outcome.
    overlap, balance : pictures or None
        What the diagnostics looked at.
    beside : mapping of str to Effect
        Other effects that belong beside this one, such as that on death, by their name.
    missingness : MissingnessTable or None
        What was not recorded, where missing values were imputed or weighted for.
    conditional : ConditionalEffects or None
        The effect in each patient's stratum, from learners of heterogeneity.
    horizon : float or None
        Time within which the outcome counts.
    spec, change : object
        The estimator as a value (None for the usual one) and the contrast as it was asked: what it takes to
        estimate the same again.
    arms : tuple of str
        What is set in the two arms, in words; empty: the exposure, to each value of the contrast.

    Examples
    --------
    >>> import numpy as np
    >>> arms = Functionals(labels=("exposed", "unexposed", "natural"), values=np.array([0.12, 0.09, 0.10]),
    ...                    covariance=np.diag([4e-5, 1e-5, 1e-5]), source="influence function")
    >>> effect = Effect(exposure="late_prophylaxis", outcome="infection", contrast=(1, 0), population="all",
    ...                 outcome_kind="binary", question="Late against timely prophylaxis, all patients.",
    ...                 adjustment_set=("age",), functionals=arms, crude=None, diagnostics=Gate(),
    ...                 estimator="TMLE()", n=5000, events=500, clusters=None, assumptions=(),
    ...                 overrides=(), provenance=Provenance.collect(data_fingerprint="", spec="", seed=0))
    >>> print(effect.risk_difference)
    0.030 (95 % CI 0.016 to 0.044)
    >>> print(effect.risk_ratio)
    1.3 (95 % CI 1.2 to 1.5)
    """

    exposure: str
    outcome: str
    contrast: tuple[float | str, float | str]
    population: str
    outcome_kind: str
    question: str
    adjustment_set: tuple[str, ...]
    functionals: Functionals
    crude: Functionals | None
    diagnostics: Gate
    estimator: str
    n: int
    events: int
    clusters: int | None
    assumptions: tuple[str, ...]
    overrides: tuple[str, ...]
    provenance: Provenance
    level: float = 0.95
    outcome_unit: str = ""
    overlap: Overlap | None = None
    balance: Balance | None = None
    beside: Mapping[str, Effect] = field(default_factory=lambda: MappingProxyType({}))
    missingness: MissingnessTable | None = None
    conditional: ConditionalEffects | None = None
    horizon: float | None = None
    spec: object = None
    change: object = None
    arms: tuple[str, ...] = ()

    @property
    def difference(self) -> Interval:
        """Mean difference E[Y(a)] - E[Y(b)], in units of the outcome."""
        return scales.difference(self.functionals, level=self.level)

    @property
    def risk_difference(self) -> Interval:
        """Risk difference; only for a binary outcome."""
        self._needs_risk("A risk difference")
        return self.difference

    @property
    def risk_ratio(self) -> Interval:
        """Marginal risk ratio; only for a binary outcome."""
        self._needs_risk("A risk ratio")
        return scales.ratio(self.functionals, level=self.level)

    @property
    def odds_ratio(self) -> Interval:
        """Marginal odds ratio; only for a binary outcome."""
        self._needs_risk("An odds ratio")
        return scales.odds_ratio(self.functionals, level=self.level)

    @property
    def conditional_odds_ratio(self) -> Interval:
        """Odds ratio at fixed covariates, where only that is estimated; it is not the marginal one."""
        self._needs_risk("An odds ratio")
        return scales.exponential(self.functionals, "log_odds_ratio", level=self.level)

    @property
    def number_needed_to_treat(self) -> Interval:
        """Patients exposed for one more (positive) or one fewer (negative) outcome."""
        self._needs_risk("A number needed to treat")
        return scales.number_needed(self.functionals, level=self.level)

    @property
    def attributable_fraction(self) -> Interval:
        """Share of all outcomes that would not occur if nobody were exposed."""
        self._needs_risk("An attributable fraction")
        if self.population != "all":
            raise ScaleNotDefined(
                f"The attributable fraction is about all patients; this effect is about population="
                f"{self.population!r}. Estimate it with population='all'."
            )
        return scales.attributable_fraction(self.functionals, level=self.level)

    @property
    def crude_difference(self) -> Interval:
        """The difference without any adjustment: what goes together, not what causes."""
        if self.crude is None:
            raise ScaleNotDefined("No crude estimate was kept with this effect.")
        return scales.difference(self.crude, level=self.level)

    @property
    def reported(self) -> bool:
        """Whether every check let the numbers through."""
        return self.diagnostics.state is not State.FAIL

    def at_level(self, level: float) -> Effect:
        """Return the same effect with intervals of another confidence level, in (0, 1)."""
        return replace(self, level=level)

    def sensitivity(self) -> EValue:
        """Return the E-value at the estimate and at the limit; only for a binary outcome."""
        return e_value(self.risk_ratio)

    def summary(self, *, show_failed: bool = False) -> str:
        """Describe the effect in at most 80 columns.

        Parameters
        ----------
        show_failed : bool
            Show the numbers although a check failed.
        """
        lines = textwrap.wrap(self.question, 80)
        for check in self.diagnostics.not_passed():
            lines += textwrap.wrap(str(check), 80, subsequent_indent="      ")
        if not self.reported and not show_failed:
            reasons = ", ".join(check.name for check in self.diagnostics.failed())
            lines += textwrap.wrap(
                f"Not reported, because a check failed ({reasons}). "
                "Follow the advice above, or ask for the numbers with summary(show_failed=True).",
                80,
            )
            return "\n".join(lines)
        lines += ["", *(piece for line in self._arm_lines() for piece in _wrapped(line)), ""]
        lines += [f"  {name:<23} {interval}" for name, interval in self._intervals()]
        for name, other in self.beside.items():
            lines += ["", *textwrap.wrap(f"Beside it, {name}: {other.question}", 80)]
            lines += [f"  {scale:<23} {interval}" for scale, interval in other._intervals()]
        lines += ["", *textwrap.wrap(self._footer(), 80)]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a scale: term, contrast, estimate, std_error, conf_low, conf_high, n, reported."""
        import pandas as pd

        contrast = f"{self.exposure}: {plain(self.contrast[0])} against {plain(self.contrast[1])}"
        rows = [
            {
                "term": name,
                "contrast": contrast,
                "estimate": interval.estimate,
                "std_error": interval.std_error,
                "conf_low": interval.low,
                "conf_high": interval.high,
                "n": self.n,
                "reported": self.reported,
            }
            for name, interval in self._intervals()
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types, without patient-level values."""
        return {
            "question": self.question,
            "exposure": self.exposure,
            "outcome": self.outcome,
            "contrast": [value if isinstance(value, str) else float(value) for value in self.contrast],
            "population": self.population,
            "adjustment_set": list(self.adjustment_set),
            "functionals": self.functionals.to_dict(),
            "crude": None if self.crude is None else self.crude.to_dict(),
            "scales": {name: interval.to_dict() for name, interval in self._intervals()},
            "beside": {name: other.to_dict() for name, other in self.beside.items()},
            "diagnostics": self.diagnostics.to_dict(),
            "reported": self.reported,
            "missingness": None if self.missingness is None else self.missingness.to_dict(),
            "estimator": self.estimator,
            "n": self.n,
            "events": self.events,
            "clusters": self.clusters,
            "assumptions": list(self.assumptions),
            "overrides": list(self.overrides),
            "provenance": self.provenance.to_dict(),
        }

    def picture(self) -> Forest:
        """Return the figure of this effect as data: the causal estimate beside the crude one."""
        from causalmed.results.pictures import Forest, ForestRow

        shown = self.reported and self._has_difference()
        row = ForestRow(
            label=self.exposure,
            interval=self.difference if shown else None,
            crude=None if self.crude is None else self.crude_difference.estimate,
            verdict="" if self.reported else "not reported",
            note="; ".join(check.sentence for check in self.diagnostics.failed()),
        )
        per = 100.0 if self.outcome_kind == "binary" else 1.0
        return Forest(rows=(row,), axis_label=self._axis_label(), title=self._headline(), per=per)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalmed.results.tables import html_table

        checks = "".join(f"<p>{escape(str(check))}</p>" for check in self.diagnostics.not_passed())
        if not self.reported:
            return f"<p>{escape(self.question)}</p>{checks}<p>Not reported, because a check failed.</p>"
        shown = [(self.question, self), *((other.question, other) for other in self.beside.values())]
        unread = ["contrast", "n", "reported"]
        return checks + "".join(
            html_table(effect.to_frame().drop(columns=unread), caption=caption) for caption, effect in shown
        )

    def _intervals(self) -> list[tuple[str, Interval]]:
        named = _BINARY_SCALES if self.outcome_kind == "binary" else _CONTINUOUS_SCALES
        found = []
        for name, attribute in named:
            try:
                found.append((name, getattr(self, attribute)))
            except ScaleNotDefined:
                continue
        return found

    def _has_difference(self) -> bool:
        arms = "exposed" in self.functionals and "unexposed" in self.functionals
        return arms or "difference" in self.functionals

    def _needs_risk(self, scale: str) -> None:
        if self.outcome_kind != "binary":
            raise ScaleNotDefined(
                f"{scale} needs a binary outcome; {self.outcome!r} is {self.outcome_kind}. Use .difference."
            )

    def _arm_lines(self) -> list[str]:
        if "exposed" not in self.functionals or "unexposed" not in self.functionals:
            return []
        a, b = self.arms or tuple(f"{self.exposure} = {plain(value)}" for value in self.contrast)
        e1, e0 = self.functionals["exposed"], self.functionals["unexposed"]
        if self.outcome_kind == "binary":
            return [
                f"if {a}: {in_patients(e1)} patients with {self.outcome}",
                f"if {b}: {in_patients(e0)} patients with {self.outcome}",
            ]
        return [
            f"if {a}: mean {self.outcome} {number(e1, 4)} {self.outcome_unit}".rstrip(),
            f"if {b}: mean {self.outcome} {number(e0, 4)} {self.outcome_unit}".rstrip(),
        ]

    def _headline(self) -> str:
        if not self.reported:
            return f"{self.exposure}: not reported, because a check failed"
        if self.outcome_kind == "binary":
            per_100 = signed(100 * self.difference.estimate)
            return f"{self.exposure}: {per_100} {self.outcome} per 100 patients"
        return f"{self.exposure}: {signed(self.difference.estimate)} {self.outcome_unit}".rstrip()

    def _axis_label(self) -> str:
        if self.outcome_kind == "binary":
            return f"more {self.outcome} per 100 patients"
        return f"difference in {self.outcome} {self.outcome_unit}".rstrip()

    def _footer(self) -> str:
        adjusted = ", ".join(self.adjustment_set) or "nothing"
        events = f", {self.events:,} with {self.outcome}" if self.outcome_kind == "binary" else ""
        clusters = f"; intervals allow for {self.clusters} clusters" if self.clusters else ""
        return (
            f"{self.n:,} patients{events}; {self.estimator}; adjusted for {adjusted}; covariance: "
            f"{self.functionals.source}{clusters}."
        )


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 80, initial_indent="  ", subsequent_indent="      ")
