"""What refuters found."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from causalmed.results import Check, Gate, Provenance, State

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Refutation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refutation:
    """How an estimator behaved where the answer is known.

    Parameters
    ----------
    exposure, outcome : str
        Of the effect that was put to the test.
    estimator : str
        Its specification.
    checks : Gate
        One check a refuter: what it did, what came out, and pass, warn or fail.
    repetitions : int
        Times each refuter estimated again.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    exposure: str
    outcome: str
    estimator: str
    checks: Gate
    repetitions: int
    provenance: Provenance

    @property
    def survived(self) -> bool:
        """Whether no refuter failed. That is no proof: an unmeasured confounder passes them all."""
        return self.checks.state is not State.FAIL

    def check(self, name: str) -> Check:
        """Return the verdict of one refuter."""
        return self.checks.check(name)

    def summary(self) -> str:
        """Return one sentence a refuter, in at most 80 columns."""
        head = (
            f"{self.exposure} on {self.outcome}, {self.estimator}: put to the test where the answer is known"
        )
        import textwrap

        return "\n".join([*textwrap.wrap(head, 80), self.checks.summary(), *textwrap.wrap(_LIMIT, 80)])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a refuter: name, state, sentence, value, threshold, advice."""
        return self.checks.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "exposure": self.exposure,
            "outcome": self.outcome,
            "estimator": self.estimator,
            "checks": self.checks.to_dict(),
            "repetitions": self.repetitions,
            "survived": self.survived,
            "provenance": self.provenance.to_dict(),
        }

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"{self.checks._repr_html_()}<p>{escape(_LIMIT)}</p>"


_LIMIT = (
    "None of this can find a confounder that was not measured; the E-value and robustness values ask about "
    "that."
)
