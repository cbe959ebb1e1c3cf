r"""Necessity, sufficiency and both, from a fitted model and the record of each patient.

Of patient i with record v, exposed to a and with the event, the share spared under b is
:math:`1 - P(Y_b = 1 \mid v)`; of one under b without the event, the share struck under a is
:math:`P(Y_a = 1 \mid v)`. Both are bounded by :mod:`causalmed.scm.bounds`, averaged over the patients
concerned, and

.. math:: PNS = P(a, y)\,PN + P(b, y')\,PS.

References
----------
Tian J, Pearl J (2000). Ann Math Artif Intell 28:287-313, lemma 1. Mueller S, Li A, Pearl J (2022). Causes of
effects: learning individual responses from population data. IJCAI, 2712-2718.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from causalmed.arguments import require_instance, require_share
from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.results import Provenance, html_table
from causalmed.scm.counterfactuals import Counterfactuals
from causalmed.scm.couplings import COUPLINGS
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.nodes import columns_of, read_do
from causalmed.scm.request import at_least
from causalmed.scm.resampling import resampled
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Causation", "probabilities_of_causation"]

NAMES = ("necessity", "sufficiency", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Causation:
    """Bounds of the probabilities of causation with their confidence limits, or points under a coupling.

    Parameters
    ----------
    question : str
        What is asked.
    coupling : str
        "bounds", or the assumption that makes each a point.
    patients : tuple of two int
        Exposed with the event; unexposed without it.
    low, high : tuple of three float
        Ends for necessity, sufficiency, both; not a number where no patient is concerned.
    conf_low, conf_high : tuple of three float
        Lower limit of the lower end, upper limit of the upper one.
    level : float
        Probability with which the limits hold the whole range.
    source : str
        Where the limits come from.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    question: str
    coupling: str
    patients: tuple[int, int]
    low: tuple[float, ...]
    high: tuple[float, ...]
    conf_low: tuple[float, ...]
    conf_high: tuple[float, ...]
    level: float
    source: str
    provenance: Provenance

    @property
    def necessity(self) -> tuple[float, float]:
        """Of those exposed with the event, the share whom no exposure would have spared it."""
        return self.low[0], self.high[0]

    @property
    def sufficiency(self) -> tuple[float, float]:
        """Of those unexposed without the event, the share in whom exposure would have brought it about."""
        return self.low[1], self.high[1]

    @property
    def both(self) -> tuple[float, float]:
        """Of all, the share who have the event with exposure and not without."""
        return self.low[2], self.high[2]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a probability: low, high, conf_low, conf_high."""
        import pandas as pd

        ends = ("low", "high", "conf_low", "conf_high")
        return pd.DataFrame({"probability": NAMES} | {name: list(getattr(self, name)) for name in ends})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        rows = {
            name: {
                end: value if np.isfinite(value := getattr(self, end)[at]) else None
                for end in ("low", "high", "conf_low", "conf_high")
            }
            for at, name in enumerate(NAMES)
        }
        return {
            "question": self.question,
            "coupling": self.coupling,
            "patients": list(self.patients),
            "level": self.level,
            "source": self.source,
            "probabilities": rows,
            "provenance": self.provenance.to_dict(),
        }

    def summary(self) -> str:
        """Describe the answer in at most 80 columns."""
        lines = textwrap.wrap(self.question, 80)
        for name, *ends in self.to_frame().itertuples(index=False, name=None):
            low, high, first, last = (100 * end for end in ends)
            if not np.isfinite(low):
                continue
            limits = (
                f" ({100 * self.level:g} % limits {first:.1f} to {last:.1f})" if np.isfinite(first) else ""
            )
            lines.append(f"{name:<12} {low:.1f} to {high:.1f} in 100{limits}")
        assumed = "no coupling assumed" if self.coupling == "bounds" else f"{self.coupling} coupling assumed"
        return "\n".join([*lines, *textwrap.wrap(f"How: {assumed}; {self.source}.", 80)])

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self.question)


def probabilities_of_causation(
    model: StructuralCausalModel,
    *,
    exposure: str,
    outcome: str | None = None,
    contrast: tuple[object, object] = (1, 0),
    patients: Cohort | None = None,
    coupling: str = "bounds",
    draws: int = 100,
    replicates: int = 100,
    level: float = 0.95,
    seed: int = 0,
) -> Causation:
    r"""Bound how often the exposure was necessary, sufficient, or both, for the event.

    .. math:: PN = \frac{1}{n_{ay}} \sum_{i: a, y} \{1 - P(Y_b = 1 \mid v_i)\}, \qquad
              PS = \frac{1}{n_{by'}} \sum_{i: b, y'} P(Y_a = 1 \mid v_i)

    Parameters
    ----------
    model : StructuralCausalModel
        Fitted, or with ``patients``.
    exposure : str
        What is set.
    outcome : str, optional
        A binary node; by default that of the model.
    contrast : tuple of two values
        (a, b): exposed and unexposed.
    patients : Cohort, optional
        One patient or some: the limits then carry the uncertainty of the mechanisms alone, and "both" is not
        given. By default all patients of the fit.
    coupling : {"bounds", "monotone", "independent", "gumbel"}
        Bounds, or a point under a named assumption.
    draws, replicates, seed : int
        Draws for a coupling, at least 1; bootstrap replicates, 0 for none; seed.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Causation

    Raises
    ------
    NotIdentified, NotInvertible
        As for :meth:`StructuralCausalModel.counterfactual`.
    InvalidArgument, UnknownNode
        A name or value that the model does not know.

    References
    ----------
    Tian J, Pearl J (2000). Ann Math Artif Intell 28:287-313.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.graph import Graph
    >>> from causalmed.scm import fit_scm
    >>> random = np.random.default_rng(1)
    >>> late = random.random(4000) < 0.4
    >>> ssi = random.random(4000) < 0.15 + 0.15 * late
    >>> cohort = Cohort.from_frame(pd.DataFrame({"late": late, "ssi": ssi}), outcome="ssi")
    >>> scm = fit_scm(Graph.parse("dag { late -> ssi }"), cohort)
    >>> found = probabilities_of_causation(scm, exposure="late")
    >>> [round(end, 2) for end in found.necessity]
    [0.52, 1.0]
    """
    _check(model, patients, coupling=coupling, draws=draws, replicates=replicates, level=level, seed=seed)
    target = outcome if outcome is not None else model.outcome
    if target is None or target not in model.nodes or model.nodes[target].kind != "binary":
        raise InvalidArgument(f"outcome={target!r} must be a binary node of the model.")
    if not isinstance(contrast, tuple) or len(contrast) != 2 or contrast[0] == contrast[1]:
        raise InvalidArgument(f"contrast={contrast!r} must be two different values, such as (1, 0).")
    people = patients if patients is not None else model.cohort
    assert people is not None
    asked = _asked(
        people,
        exposure=exposure,
        contrast=contrast,
        outcome=str(target),
        codes=_codes(model, people, exposure, contrast),
        whole=patients is None,
    )
    asked = replace(asked, coupling=coupling, draws=1 if coupling == "bounds" else draws, seed=seed)
    now = asked.ends(model, np.ones(people.n))
    limits, source = _limits(model, asked, now, replicates=replicates, level=level)
    return Causation(
        question=f"How often was {exposure} = {contrast[0]} rather than {contrast[1]} the reason for "
        f"{target}?",
        coupling=coupling,
        patients=(len(asked.rows[0]), len(asked.rows[1])),
        low=tuple(now[0].tolist()),
        high=tuple(now[1].tolist()),
        conf_low=tuple(limits[0].tolist()),
        conf_high=tuple(limits[1].tolist()),
        level=level,
        source=source,
        provenance=replace(model.provenance, data_fingerprint=people.fingerprint, seed=seed),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """The exposed with the event and the unexposed without, and how they are asked."""

    groups: tuple[Cohort | None, Cohort | None]
    rows: tuple[np.ndarray, np.ndarray]
    dos: tuple[dict[str, object], dict[str, object]]
    member: np.ndarray
    outcome: str
    whole: bool
    coupling: str = "bounds"
    draws: int = 1
    seed: int = 0

    def ends(self, model: StructuralCausalModel, weights: FloatArray) -> FloatArray:
        """Return the lower and upper ends, shape (2, 3)."""
        found = np.full((2, 3), np.nan)
        for at, rows in enumerate(self.rows):
            if not weights[rows].sum() > 0:
                continue
            answer = self.counterfactual(model, at)
            pair = (1 - answer.high, 1 - answer.low) if at == 0 else (answer.low, answer.high)
            found[:, at] = [np.average(end, weights=weights[rows]) for end in pair]
        if self.whole:
            shares = np.array([weights[rows].sum() for rows in self.rows]) / weights[self.member].sum()
            found[:, 2] = (np.nan_to_num(found[:, :2]) * shares).sum(axis=1)
        return found

    def counterfactual(self, model: StructuralCausalModel, at: int) -> Counterfactuals:
        """Return how the patients of one group would have fared in the other arm."""
        people = self.groups[at]
        assert people is not None
        return model.counterfactual(
            people,
            do=self.dos[at],
            outcome=self.outcome,
            coupling=self.coupling,
            draws=self.draws,
            replicates=0,
            seed=self.seed,
        )


def _asked(
    people: Cohort,
    *,
    exposure: str,
    contrast: tuple[object, object],
    outcome: str,
    codes: tuple[FloatArray, float, float],
    whole: bool,
) -> _Asked:
    x, exposed, unexposed = codes
    y = people.values(outcome)
    rows = np.flatnonzero((x == exposed) & (y == 1)), np.flatnonzero((x == unexposed) & (y == 0))
    return _Asked(
        groups=tuple(people.take(each) if len(each) else None for each in rows),  # type: ignore[arg-type]
        rows=rows,
        dos=({exposure: contrast[1]}, {exposure: contrast[0]}),
        member=(x == exposed) | (x == unexposed),
        outcome=outcome,
        whole=whole,
    )


def _limits(
    model: StructuralCausalModel, asked: _Asked, now: FloatArray, *, replicates: int, level: float
) -> tuple[FloatArray, str]:
    present = [at for at, people in enumerate(asked.groups) if people is not None]
    moving = {node for at in present for node in asked.counterfactual(model, at).downstream}
    if model.cohort is None or replicates < 1 or not present:
        return np.full((2, 3), np.nan), "without the uncertainty of the mechanisms"
    columns = {name: model.cohort.values(name) for name in model.factors.closure(moving or (asked.outcome,))}
    again = resampled(model, moving, columns=columns, replicates=replicates, seed=asked.seed)
    same = np.ones(len(asked.member))
    found = np.array(
        [
            asked.ends(
                replace(model, mechanisms=again.mechanisms(b)), again.weights[b] if asked.whole else same
            )
            for b in range(again.replicates)
        ]
    )
    error = np.array([np.sqrt(np.diag(again.covariance(found[:, end]))) for end in (0, 1)])
    width = float(stdtrit(again.degrees_of_freedom, 0.5 + level / 2)) * error
    return np.clip(now + np.array([[-1.0], [1.0]]) * width, 0.0, 1.0), again.source


def _codes(
    model: StructuralCausalModel, people: Cohort, exposure: str, contrast: tuple[object, object]
) -> tuple[FloatArray, float, float]:
    arms = [float(read_do({exposure: value}, model.nodes, rows=1)[exposure][0]) for value in contrast]
    return columns_of(people, (exposure,), model.nodes)[exposure], arms[0], arms[1]


def _check(
    model: StructuralCausalModel,
    patients: Cohort | None,
    *,
    coupling: str,
    draws: int,
    replicates: int,
    level: float,
    seed: int,
) -> None:
    require_instance("model", model, StructuralCausalModel, how="fit_scm(graph, cohort)")
    if patients is not None:
        require_instance("patients", patients, Cohort, how="cohort.patient(unit)")
    elif model.cohort is None:
        raise InvalidArgument("The model has no patients; name some with patients=.")
    if coupling not in ("bounds", *COUPLINGS):
        raise InvalidArgument.option("coupling", coupling, ("bounds", *COUPLINGS))
    require_share("level", level, example=0.95)
    for name, value, least in (("draws", draws, 1), ("replicates", replicates, 0), ("seed", seed, 0)):
        at_least(least, value, name)
