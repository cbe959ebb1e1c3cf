"""Plans that could be considered, and the proof where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError
from causalmed.explanation.contraindications import Clearance, Contraindication, violations
from causalmed.results import Provenance, html_table, text_table
from causalmed.results.pictures import IconArray
from causalmed.results.words import in_patients, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Outlook", "Plan", "Recourse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of a patient, as is or under a plan.

    Parameters
    ----------
    risk : float
        Risk of the outcome, P(Y under the plan = 1 | patient), in [0, 1], from the structural model.
    monte_carlo_error : float
        Its standard error from sampling the noise; for a plan, that of the difference from the patient as is.
    model_risk : float
        Mean of the model's risk, downstream columns recomputed.
    below_threshold : float or None
        Probability that the model's risk falls below its threshold; ``None`` where it has none.
    """

    risk: float
    monte_carlo_error: float
    model_risk: float
    below_threshold: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Changes that could be considered; it cannot exist without its clearance.

    Parameters
    ----------
    changes : mapping of str to float
        Columns and their values under the plan (codes where there are levels).
    words : str
        The changes in words.
    size : float
        Sum of the sizes of the changes: 1 for another level, otherwise the share of the population that
        lies between the old and the new value.
    outlook : Outlook
        What is expected under it.
    clearance : Clearance
        Proof that it breaks no contraindication.
    """

    changes: Mapping[str, float]
    words: str
    size: float
    outlook: Outlook
    clearance: Clearance

    def __post_init__(self) -> None:
        if dict(self.clearance.changes) != dict(self.changes):
            raise CausalmedError(
                f"The plan ({self.words}) is not what was cleared. A plan that no one checked must not be "
                "shown. Make a Clearance for these changes."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recourse:
    """What could be considered for one patient, or the proof that nothing helps.

    Parameters
    ----------
    outcome : str
        The outcome that the plans aim at.
    unit_id : str
        The patient.
    now : Outlook
        The patient as is.
    plans : tuple of Plan
        No other plan has fewer or smaller changes *and* a lower risk; fewest changes first.
    best : Plan or None
        The plan of the lowest risk, even where it lowers nothing; ``None`` if every plan is contraindicated.
    checked : int
        Plans that exist.
    excluded : int
        How many of them a contraindication forbids.
    levels : mapping of str to tuple of str
        The values that were considered.
    threshold : float or None
        The model's threshold.
    rules : tuple of Contraindication
        The contraindications.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    outcome: str
    unit_id: str
    patient: Cohort
    now: Outlook
    plans: tuple[Plan, ...]
    best: Plan | None
    checked: int
    excluded: int
    levels: Mapping[str, tuple[str, ...]]
    threshold: float | None
    rules: tuple[Contraindication, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        for plan in self.plans:
            if violations(self.patient, changes=plan.changes, rules=self.rules):
                raise CausalmedError(
                    f"The plan ({plan.words}) breaks a contraindication and cannot be shown."
                )

    @property
    def question(self) -> str:
        """The question in words."""
        return f"What could be considered to lower this patient's risk of {_spoken(self.outcome)}?"

    @property
    def answer(self) -> str:
        """The answer in one or two sentences, with its numbers."""
        counted = (
            f"All {self.checked:,} plans were checked" if self.checked != 1 else "The only plan was checked"
        )
        if self.excluded:
            counted += f" ({self.excluded:,} contraindicated)"
        now = in_patients(self.now.risk)
        if self.best is None:
            return f"{counted}; none may be considered. The risk stays {now}."
        after = in_patients(self.best.outlook.risk)
        if not self.plans:
            return f"{counted}; none lowers the risk beyond its Monte-Carlo error. {self._best_of_none()}"
        words = self.best.words
        return f"{counted}. The lowest risk, {after} instead of {now}, could be had by considering: {words}."

    def _best_of_none(self) -> str:
        assert self.best is not None
        fall = 100 * (self.now.risk - self.best.outlook.risk)
        if fall <= 0:
            after, now = in_patients(self.best.outlook.risk), in_patients(self.now.risk)
            return f"The best leaves it at {after} (now {now})."
        return f"The best lowers it by {number(fall, 1)} in 100 ({self.best.words})."

    def to_frame(self) -> pd.DataFrame:
        """Return a row a plan, the patient as is first; risks per 100."""
        import pandas as pd

        rows = [_row("as it is", 0, 0.0, self.now, self.now)]
        rows += [
            _row(plan.words, len(plan.changes), plan.size, plan.outlook, self.now) for plan in self.plans
        ]
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """Return question, answer and plans, within 80 columns."""
        lines = [line for text in (self.question, self.answer) for line in textwrap.wrap(text, 78)]
        table = self.to_frame()[["could be considered", "risk per 100", "model's risk per 100"]]
        table["could be considered"] = [
            textwrap.shorten(text, 44, placeholder=" …") for text in table["could be considered"]
        ]
        caveat = "Through the structural model: downstream values are recomputed; the graph is taken as true."
        return "\n".join([*lines, "", text_table(table, digits=2), "", *textwrap.wrap(caveat, 78)])

    def picture(self) -> IconArray:
        """Return a hundred patients like this one, as is and under the plan of the lowest risk."""
        low, high = _limits(self.now)
        if not self.plans or self.best is None:
            return IconArray(
                title=f"No plan lowers the risk of {_spoken(self.outcome)} ({self.checked:,} checked)",
                before_per_100=100 * self.now.risk,
                before_low=low,
                before_high=high,
                before_label="as it is",
                event=_spoken(self.outcome),
            )
        after_low, after_high = _limits(self.best.outlook)
        fewer = number(100 * (self.now.risk - self.best.outlook.risk))
        return IconArray(
            title=f"About {fewer} fewer in 100 patients like this one, if the change is made",
            before_per_100=100 * self.now.risk,
            before_low=low,
            before_high=high,
            after_per_100=100 * self.best.outlook.risk,
            after_low=after_low,
            after_high=after_high,
            before_label="as it is",
            after_label=self.best.words,
            event=_spoken(self.outcome),
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the icon arrays."""
        return self.picture().plot(ax)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "question": self.question,
            "answer": self.answer,
            "outcome": self.outcome,
            "patient": self.unit_id,
            "now": _outlook(self.now),
            "plans": [_plan(plan) for plan in self.plans],
            "best": None if self.best is None else _plan(self.best),
            "checked": self.checked,
            "excluded": self.excluded,
            "levels": {name: list(values) for name, values in self.levels.items()},
            "threshold": self.threshold,
            "contraindicated": [{"when": rule.when, "never": rule.never} for rule in self.rules],
            "provenance": self.provenance.to_dict(),
        }

    def _repr_html_(self) -> str:
        text = f"<p><strong>{escape(self.question)}</strong> {escape(self.answer)}</p>"
        return text + html_table(self.to_frame(), caption="Plans that could be considered")


def _row(words: str, changes: int, size: float, outlook: Outlook, now: Outlook) -> dict[str, Any]:
    below = outlook.below_threshold
    return {
        "could be considered": words,
        "changes": changes,
        "size": size,
        "risk per 100": 100 * outlook.risk,
        "fewer per 100": 100 * (now.risk - outlook.risk),
        "Monte-Carlo error": 100 * outlook.monte_carlo_error,
        "model's risk per 100": 100 * outlook.model_risk,
        "probability below threshold": below,
    }


def _limits(outlook: Outlook) -> tuple[float, float] | tuple[None, None]:
    """Return the Monte-Carlo limits per 100, or none where there is nothing to show."""
    spread = 196 * outlook.monte_carlo_error
    if spread < 0.05:
        return None, None
    return max(0.0, 100 * outlook.risk - spread), min(100.0, 100 * outlook.risk + spread)


def _outlook(outlook: Outlook) -> dict[str, float | None]:
    return {
        "risk": outlook.risk,
        "monte_carlo_error": outlook.monte_carlo_error,
        "model_risk": outlook.model_risk,
        "below_threshold": outlook.below_threshold,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "changes": dict(plan.changes),
        "words": plan.words,
        "size": plan.size,
        "outlook": _outlook(plan.outlook),
    }


def _spoken(name: str) -> str:
    return name.replace("_", " ")
