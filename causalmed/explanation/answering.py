"""One question, one explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, NotConverged
from causalmed.explanation.explanation import Explanation
from causalmed.explanation.games.asking import Asked, ask_caused, ask_set
from causalmed.explanation.places import Place
from causalmed.explanation.players import Players, word_of
from causalmed.explanation.questions import QUESTIONS
from causalmed.explanation.shapley import Attributions
from causalmed.results import Provenance
from causalmed.scm import Mechanism, StructuralCausalModel

__all__ = ["About", "by_setting", "caused_outcome", "check_sum", "used"]

Matrix = NDArray[np.float64]
TOLERANCE: Final = 1e-4  # in percentage points: 1e-6 of the risk


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What all questions share.

    Parameters
    ----------
    players : Players
        The model and its columns.
    patients, background : Cohort
        Whom to explain; with whom they are compared.
    places : tuple of Place
        Of the features in the graph.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    players: Players
    patients: Cohort
    background: Cohort
    places: tuple[Place, ...]
    provenance: Provenance


def used(about: About, attribute: Callable[[Players, Matrix, Matrix], Attributions]) -> Explanation:
    """Say what the model used."""
    players = about.players
    rows, compared = players.matrix(about.patients), players.matrix(about.background)
    found = attribute(players, rows, compared)
    return _explained(
        "used",
        about,
        values=found.values,
        background_error=found.background_error,
        monte_carlo_error=found.monte_carlo_error,
        start=found.start,
        risks=players.risk(rows),
        method=found.method,
    )


def by_setting(
    about: About,
    scm: StructuralCausalModel,
    *,
    outcome: str | None,
    draws: int,
    seed: int,
    parts: bool | None = None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Explanation:
    """Say what setting each column would do: to the outcome where one is named, else to the model's risk."""
    players, patients = about.players, about.patients
    if outcome is None:
        asked = ask_set(scm, players, patients, draws=draws, seed=seed, parts=parts, mechanisms=mechanisms)
    else:
        asked = ask_caused(
            scm, players.names, patients,
            outcome=outcome, draws=draws, seed=seed, parts=parts, mechanisms=mechanisms,
        )  # fmt: skip
    played = asked.played
    end = played.end
    if outcome is None and not asked.unscored:
        end = players.risk(players.matrix(patients))  # everything is set: the risk the model gives
    return _explained(
        "set" if outcome is None else "caused",
        about,
        values=spread(asked, played.values, players.names),
        direct=None if played.direct is None else spread(asked, played.direct, players.names),
        asymmetric=None if played.asymmetric is None else spread(asked, played.asymmetric, players.names),
        background_error=np.zeros((patients.n, len(players.names))),
        monte_carlo_error=spread(asked, played.monte_carlo_error, players.names),
        start=float(played.start[0]),
        risks=end,
        method=played.method,
        unscored=asked.unscored,
    )


def spread(asked: Asked, values: Matrix, features: tuple[str, ...]) -> Matrix:
    """Return a column a feature, not a number where it was not scored."""
    place = {name: j for j, name in enumerate(asked.players)}
    nothing = np.full(len(values), np.nan)
    return np.column_stack([values[:, place[f]] if f in place else nothing for f in features])


def caused_outcome(scm: StructuralCausalModel, patients: Cohort) -> str:
    """Return the outcome whose causes are asked for."""
    name = scm.outcome or patients.outcome
    if name is None:
        raise InvalidArgument(
            "Neither the structural model nor the patients name an outcome, so nothing can have caused it. "
            "Mark it [outcome] in the graph."
        )
    if name not in scm.nodes or scm.nodes[name].kind != "binary":
        raise InvalidArgument(
            f"{name!r} is no binary node of the structural model, so it has no risk that could be caused."
        )
    return name


def check_sum(found: Explanation) -> None:
    """Refuse attributions that do not sum to what they explain.

    Raises
    ------
    NotConverged
        With the first patient and the gap.
    """
    for values in (found.values, found.asymmetric):
        if values is None:
            continue
        shares = np.nansum(values, axis=1)
        gap = np.abs(shares + found.start - found.risks)
        worst = int(np.argmax(gap))
        if not gap[worst] <= TOLERANCE:
            raise NotConverged(
                f"The attributions of patient {found.unit_ids[worst]} sum to {shares[worst] / 100:.8f}, and "
                f"the risk differs from where they start by {(found.risks[worst] - found.start) / 100:.8f}. "
                "Such numbers explain something else. The model's risk must be the same whenever it is "
                "asked about the same row: check that it draws no random numbers and does not depend on "
                "the other rows."
            )


def _explained(
    name: str, about: About, *, risks: Matrix, start: float, method: str, **more: Any
) -> Explanation:
    scaled: dict[str, Any] = {
        key: 100 * value if isinstance(value, np.ndarray) else value for key, value in more.items()
    }
    return Explanation(
        name=name,
        question=QUESTIONS[name],
        features=about.players.names,
        unit_ids=tuple(str(unit) for unit in about.patients.unit_ids.tolist()),
        given=_given(about.players, about.patients),
        start=100 * start,
        risks=100 * risks,
        places=about.places,
        background_fingerprint=about.background.fingerprint,
        background_n=about.background.n,
        method=method,
        provenance=about.provenance,
        **scaled,
    )


def _given(players: Players, patients: Cohort) -> tuple[tuple[str, ...], ...]:
    written = [
        [word_of(column, value) for value in column.values] for column in map(patients.column, players.names)
    ]
    return tuple(zip(*written, strict=True))
