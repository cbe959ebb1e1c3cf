"""How a model is asked whether its mechanisms fit, and what they were held against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from causalmed.errors import InvalidArgument
from causalmed.results import Check, State
from causalmed.scm.comparison import Comparison
from causalmed.scm.diagnosis import diagnose_model, judged_nodes
from causalmed.scm.diagnostics import Judged, MechanismDiagnostics
from causalmed.scm.mechanisms.empirical import Empirical

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["WithDiagnostics", "mechanism_checks"]


class WithDiagnostics:
    """Gives a model its diagnostics."""

    __slots__ = ()

    def diagnose(self, cohort: Cohort, *, seed: int = 0, n_jobs: int = 1) -> MechanismDiagnostics:
        """Check every mechanism on patients that it was not fitted on.

        Parameters
        ----------
        cohort : Cohort
            Other patients; or those of the fit, whose halves are then fitted and judged in turn.
        seed, n_jobs : int
            Of the halves; threads, which never change a bit.

        Returns
        -------
        MechanismDiagnostics
            Three checks a node: calibration, what its causes leave unexplained, log score.
        """
        return diagnose_model(cast("StructuralCausalModel", self), cohort, seed=seed, n_jobs=n_jobs)

    @property
    def diagnostics(self) -> MechanismDiagnostics:
        """:meth:`diagnose` on the patients of the fit, computed when it is first read.

        Raises
        ------
        InvalidArgument
            The model holds no patients; ask :meth:`diagnose` with a cohort.
        """
        model = cast("StructuralCausalModel", self)
        if model.cohort is None:
            raise InvalidArgument(
                "This model holds no patients to be judged on. Ask .diagnose(cohort) with a cohort."
            )
        nodes = [node for node in model.order if not isinstance(model.mechanisms[node], Empirical)]
        return MechanismDiagnostics(rows=_remembered(model, nodes))

    @property
    def comparison(self) -> Comparison:
        """The candidates of nodes whose mechanism was left to the data; empty where none was."""
        return Comparison(rows=cast("StructuralCausalModel", self).candidates)


def _remembered(model: StructuralCausalModel, nodes: Iterable[str]) -> tuple[Judged, ...]:
    """Return the rows of some nodes, each computed once."""
    assert model.cohort is not None
    wanted = list(nodes)
    missing = [node for node in wanted if node not in model.judged]
    rows = judged_nodes(model, model.cohort, missing, seed=0) if missing else ()
    model.judged.update({row.node: row for row in rows})
    return tuple(model.judged[node] for node in wanted)


def mechanism_checks(model: StructuralCausalModel, nodes: Iterable[str]) -> tuple[Check, ...]:
    """Return what is wrong with the mechanisms that an answer rests on; one check that passes if nothing is.

    Parameters
    ----------
    model : StructuralCausalModel
        Without patients there is nothing to check.
    nodes : iterable of str
        The nodes that are simulated or averaged.
    """
    if model.cohort is None:
        return ()
    named = set(nodes)
    wanted = [
        node for node in model.order if node in named and not isinstance(model.mechanisms[node], Empirical)
    ]
    if not wanted:
        return ()
    rows = _remembered(model, wanted)
    wrong = tuple(check for row in rows for check in row.checks if check.state is not State.PASS)
    if wrong:
        return wrong
    names = ", ".join(wanted)
    return (
        Check(
            name="mechanisms",
            state=State.PASS,
            sentence=f"On patients they were not fitted on, the mechanisms of {names} fit.",
        ),
    )
