"""Who is who in a cohort that a risk model meets: its outcome, its weights, patients seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict
from causalmed.results import Check, State

if TYPE_CHECKING:
    from causalmed.prediction.model import RiskModel

__all__ = ["observed_outcome", "refuse_weights", "seen_before"]


def observed_outcome(cohort: Cohort, name: str | None) -> str:
    """Return the name of the outcome, or say what is wrong with it."""
    if name is None:
        raise InvalidArgument("No outcome is named: give outcome=, or name it in the cohort.")
    if name not in cohort:
        raise ColumnNotFound.among([name], list(cohort.names), where="outcome=")
    if cohort.column(name).kind != "binary":
        raise RoleConflict(
            f"The outcome {name!r} is {cohort.column(name).kind}: a risk is the probability of a binary "
            "outcome. Derive a column that is 1 for the event of interest, else 0."
        )
    return name


def refuse_weights(cohort: Cohort, who: str) -> None:
    """Refuse a cohort with sampling weights where every patient counts the same."""
    if cohort.weights is not None:
        raise InvalidArgument(
            f"The cohort has sampling weights ({cohort.weights!r}), and {who} does not use them yet: the "
            "figures would describe the sample. Build the cohort without weights= if that is what you want."
        )


def seen_before(model: RiskModel, cohort: Cohort) -> tuple[Check, ...]:
    """Say where a cohort is the very one the model was fitted on.

    Parameters
    ----------
    model : RiskModel
        The model.
    cohort : Cohort
        Where it is measured.

    Returns
    -------
    tuple of Check
        Empty where the two differ; parts of the training cohort are not recognised.
    """
    if model.provenance is None or model.provenance.data_fingerprint != cohort.fingerprint:
        return ()
    return (
        Check(
            name="patients seen before",
            state=State.WARN,
            sentence="These are the patients the model was fitted on: everything looks better than it is.",
            advice="Use patients it never saw, best from another hospital.",
        ),
    )
