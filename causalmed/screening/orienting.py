"""Which arrows to the outcome can be told from the order in time and from what moves each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from causalmed.cohort import Cohort
from causalmed.discovery import discover, variables
from causalmed.screening.coded import Coded, FloatArray, coded, fitted, p_values, selected, statistic
from causalmed.screening.orientation import Finding, Orientation

__all__ = ["Setting", "orient", "orient_all", "setting", "too_few"]

_ARROW: Final = 2
_JOINED: Final = 0.01
_SILENT: Final = 0.1
_SPEAKS: Final = 1.645
_SPENT: Final = 2.576
_EVENTS_A_COEFFICIENT: Final = 5
_HIDDEN: Final = "hidden common cause"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """What is known, and what was learned once for all candidates.

    Parameters
    ----------
    outcome, environment : str
        The outcome; the column that acts only through what it does to others (None: there is none).
    periods : tuple of tuple of str
        Columns recorded before the outcome, the earliest period first, without the environment.
    data : Coded
        The patients of discovery.
    response : ndarray, shape (n,)
        The outcome, 0 or 1.
    joined : tuple of str
        Columns on which the outcome depends given all others.
    silent : tuple of str
        Columns that say nothing more of the outcome, given the joined ones.
    heads : mapping of str to tuple of str
        For each column of the first period, others of it that it does not cause.
    tails : mapping of str to tuple of str
        For each column of the first period, others of it that may be its effects and not its causes.
    """

    outcome: str
    environment: str | None
    periods: tuple[tuple[str, ...], ...]
    data: Coded
    response: FloatArray
    joined: tuple[str, ...]
    silent: tuple[str, ...]
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def period(self, name: str) -> int:
        """Return the place of a column in time."""
        return next(place for place, names in enumerate(self.periods) if name in names)


def setting(
    cohort: Cohort, *, outcome: str, periods: Sequence[Sequence[str]], environment: str | None
) -> Setting | None:
    """Learn from the patients of discovery what all candidates share; None with too few events.

    Parameters
    ----------
    cohort : Cohort
        The patients of discovery.
    outcome : str
        A yes/no column.
    periods : sequence of sequence of str
        Columns recorded before it, the earliest period first.
    environment : str or None
        A column that acts only through what it does to others.
    """
    names = [name for period in periods for name in period]
    both = [*names, *([environment] if environment else [])]
    data, response = coded(variables(cohort, both)), cohort.values(outcome).astype(np.float64)
    size = sum(data.blocks[name].shape[1] for name in names)
    if min(response.sum(), len(response) - response.sum()) < _EVENTS_A_COEFFICIENT * size:
        return None
    joined = selected(data, names, response, alpha=_JOINED)
    others = [name for name in names if name not in joined]
    silent = [name for name in others if p_values(data, [*joined, name], response)[name] > _SILENT]
    heads, tails = _marks(cohort, periods[0], environment)
    return Setting(
        outcome=outcome,
        environment=environment,
        periods=tuple(tuple(period) for period in periods),
        data=data,
        response=response,
        joined=joined,
        silent=tuple(silent),
        heads=heads,
        tails=tails,
    )


def _marks(
    cohort: Cohort, first: Sequence[str], environment: str | None
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return for each column of the first period which others it does not cause, and which it may cause."""
    if len(first) < 2:
        return {}, {}
    tiers = {"environment": [environment]} if environment else {}
    columns = [*first, *([environment] if environment else [])]
    graph = discover(
        cohort,
        columns=columns,
        tiers={**tiers, "first": list(first)},
        max_given=1,
        bootstrap=0,
        alpha=_JOINED,
    ).graph
    edges = {name: [(o, graph.edge(o, name)) for o in first if o != name] for name in first}
    heads = {name: tuple(o for o, e in some if e and e.at_second == _ARROW) for name, some in edges.items()}
    tails = {
        name: tuple(o for o, e in some if e and e.at_first == _ARROW and e.at_second != _ARROW)
        for name, some in edges.items()
    }
    return heads, tails


def orient_all(names: Iterable[str], known: Setting) -> tuple[Orientation, ...]:
    """Orient every candidate, again without one that a hidden cause was seen to join to the outcome.

    Such a column is an effect of that hidden cause: to hold it fixed makes whatever else moves it go together
    with the outcome. The plainest is taken out first, then the rest is asked anew.

    Parameters
    ----------
    names : iterable of str
        The candidates.
    known : Setting
        What was learned once.
    """
    found = {name: orient(name, known) for name in names}
    while exposed := [name for name in known.joined if name in found and found[name].finding == _HIDDEN]:
        plainest = min(exposed, key=lambda name: _least(found[name]))
        known = replace(known, joined=tuple(name for name in known.joined if name != plainest))
        found |= {name: orient(name, known) for name in found if name in known.joined}
    return tuple(found.values())


def _least(row: Orientation) -> float:
    """Return the least of what the drivers say beside a candidate."""
    assert row.beside is not None
    return min(row.beside, row.by_environment[1] if row.by_environment else row.beside)


def orient(name: str, known: Setting) -> Orientation:
    r"""Say whether an arrow from a candidate to the outcome can be told.

    Let W be columns that move the candidate X and are not moved by it, and B what the outcome Y depends on.
    With :math:`m(W)` the part of the log odds of X that W explains, Y is regressed on B without X and m, and
    on B with X and m. If W reaches Y only through X, m speaks in the first and is spent in the second: no
    hidden common cause of X and Y is at work. If a hidden cause alone joins X and Y, m is silent in the first
    (Entner, Hoyer and Spirtes 2013, AISTATS, rule 1; Mani, Spirtes and Cooper 2006, UAI).

    Parameters
    ----------
    name : str
        A yes/no column recorded before the outcome.
    known : Setting
        What was learned once.
    """
    if name not in known.joined:
        p = p_values(known.data, [*known.joined, name], known.response)[name]
        return _found(name, "not joined", p=f"{p:.2g}", outcome=known.outcome)
    place = known.period(name)
    earlier = [other for period in known.periods[:place] for other in period]
    kept = [other for other in known.joined if other != name and known.period(other) <= place]
    may = earlier if place else list(known.heads.get(name, ()))
    drivers = [other for other in may if other in known.silent]
    outside = [known.environment] if known.environment else []
    used, told = _told(name, [*drivers, *outside], kept, known)
    if told is None:
        return _found(name, "no driver", outcome=known.outcome)
    alone = [other for other in used if other == known.environment]
    own = told if alone == list(used) else _told(name, alone, kept, known)[1] if alone else None
    finding = _judged(told, own)
    return _found(
        name,
        finding,
        outcome=known.outcome,
        drivers=", ".join(used),
        environment=str(known.environment),
        alone=f"{told[0]:.1f}",
        beside=f"{told[1]:.1f}",
        more={"drivers": used, "alone": told[0], "beside": told[1], "by_environment": own},
        adjusted_for=_adjusted_for(name, used, kept, known),
    )


def too_few(name: str, outcome: str) -> Orientation:
    """Return what can be said of a candidate where there were too few events to learn anything."""
    return _found(name, "too few events", outcome=outcome)


def _told(
    name: str, drivers: Sequence[str], kept: Sequence[str], known: Setting
) -> tuple[tuple[str, ...], tuple[float, float] | None]:
    """Return the drivers that move the candidate, and what they say of the outcome without and beside it."""
    data, response = known.data, known.data.response(name)
    left = selected(data, [*drivers, *kept], response, alpha=_JOINED, kept=kept)
    used = tuple(other for other in left if other in drivers)
    if not used:
        return (), None
    moved = data.design(used)[:, 1:]
    index = moved @ fitted(data, [*used, *kept], response).coefficients[1 : 1 + moved.shape[1]]
    rest = [other for other in known.joined if other != name]
    sign = np.sign(statistic(data, rest, known.response, response))
    alone = statistic(data, rest, known.response, index)
    beside = statistic(data, known.joined, known.response, index)
    return used, (float(sign * alone), float(sign * beside))


def _judged(told: tuple[float, float], own: tuple[float, float] | None) -> Finding:
    """Judge what the drivers say, signs turned so that the candidate's own is positive."""
    if told[1] < -_SPENT or (own is not None and own[1] < -_SPENT):
        return "hidden common cause"
    if told[1] > _SPENT:
        return "another way"
    return "arrow" if told[0] >= _SPEAKS else "drivers too weak"


def _adjusted_for(name: str, used: Sequence[str], kept: Sequence[str], known: Setting) -> tuple[str, ...]:
    """Return the joined columns and the drivers, without what may be an effect of the candidate."""
    effects = known.tails.get(name, ())
    listed = [*kept, *(other for other in used if other != known.environment)]
    return tuple(sorted(other for other in listed if other not in effects))


_SENTENCES: Final[dict[Finding, str]] = {
    "arrow": (
        "{drivers} move {name}; they show in {outcome} ({alone} standard errors) and no more once {name} is "
        "known ({beside}): an arrow."
    ),
    "not joined": (
        "Given the other columns, {outcome} was not seen to depend on {name} (p = {p}): no arrow was found, "
        "which does not show that there is none."
    ),
    "no driver": (
        "Nothing that is known not to be an effect of {name} moves it, so that a hidden common cause of "
        "{name} and {outcome} cannot be ruled out."
    ),
    "drivers too weak": (
        "What moves {name} ({drivers}) shows too little in {outcome} ({alone} standard errors) to tell an "
        "arrow from a hidden common cause, which cannot be ruled out."
    ),
    "hidden common cause": (
        "What moves {name} ({drivers}) says less of {outcome} than {name} itself would make it say ({beside} "
        "standard errors): part of what joins them is a hidden common cause."
    ),
    "another way": (
        "What moves {name} ({drivers}) still shows in {outcome} once {name} is known ({beside} standard "
        "errors): it has another way there, and the arrow cannot be told."
    ),
    "too few events": "The patients of discovery have too few {outcome} for so many columns.",
}


def _found(
    name: str,
    finding: Finding,
    *,
    more: Mapping[str, object] | None = None,
    adjusted_for: tuple[str, ...] = (),
    **words: str,
) -> Orientation:
    return Orientation(
        name=name,
        finding=finding,
        sentence=_SENTENCES[finding].format(name=name, **words),
        adjusted_for=adjusted_for,
        **(more or {}),  # type: ignore[arg-type]
    )
