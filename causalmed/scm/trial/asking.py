"""How a model is asked for a virtual trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel
    from causalmed.scm.trial.virtual import VirtualTrial

__all__ = ["WithTrials"]


class WithTrials:
    """Gives a model its virtual trials."""

    __slots__ = ()

    def virtual_trial(
        self,
        *,
        arms: Mapping[str, Mapping[str, object]],
        n: int,
        eligibility: Mapping[str, object] | None = None,
        columns: Sequence[str] | None = None,
        seed: int = 0,
    ) -> VirtualTrial:
        """Simulate the same patients under every arm, with the same noise (digital twins).

        Parameters
        ----------
        arms : mapping of str to mapping
            Name → what the arm sets, node → value or regime. Nothing set: patients as they come.
        n : int
            Eligible patients, at least 1.
        eligibility : mapping of str to value or (low, high), optional
            Node → the value, or the limits (None for an open end), of a patient before any arm acts.
        columns : sequence of str, optional
            Nodes that are shown; everything by default. Fewer may be identified where all are not.
        seed : int
            Non-negative.

        Returns
        -------
        VirtualTrial
            Streams tables, compares arms, plans a real trial; nothing is simulated before that.

        Raises
        ------
        NotIdentified
            What an arm does to the columns cannot be computed.
        UnknownNode, InvalidArgument
            A node or a value that the model does not know; eligibility by something that an arm changes.
        """
        from causalmed.scm.trial.virtual import virtual_trial

        return virtual_trial(
            cast("StructuralCausalModel", self),
            arms=arms,
            n=n,
            eligibility=eligibility,
            columns=columns,
            seed=seed,
        )
