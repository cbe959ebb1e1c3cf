"""How each estimator was checked: against what, how far off, and whether its interval covers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Validated", "Validation", "validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One estimator and its evidence.

    Attributes
    ----------
    estimator : str
        The specification or function.
    answers : str
        Which question it answers.
    oracle : str
        What its answers were held against.
    reference : str
        Program and version, or publication, that the oracle comes from.
    difference, tolerance : float
        Largest difference found, and the largest that the tests let through.
    coverage : float
        Share of simulated cohorts whose 95 % interval held the truth.
    draws : int
        Cohorts that were simulated.
    design : str
        The simulation in words.
    test : str
        Where the checks stand in the repository.
    """

    estimator: str
    answers: str
    oracle: str
    reference: str
    difference: float
    tolerance: float
    coverage: float
    draws: int
    design: str
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The evidence for every estimator.

    Attributes
    ----------
    rows : tuple of Validated
        One an estimator.
    made_with : str
        Versions under which the numbers were made.
    """

    rows: tuple[Validated, ...]
    made_with: str

    def __getitem__(self, estimator: str) -> Validated:
        for row in self.rows:
            if row.estimator == estimator:
                return row
        raise KeyError(estimator)

    def to_frame(self) -> pd.DataFrame:
        """Return a row an estimator."""
        import pandas as pd

        names = tuple(Validated.__dataclass_fields__)
        return pd.DataFrame(
            [{name: getattr(row, name) for name in names} for row in self.rows], columns=names
        )

    def summary(self) -> str:
        """Return one paragraph an estimator, in at most 80 columns."""
        import textwrap

        lines = []
        for row in self.rows:
            text = (
                f"{row.estimator}: {row.answers} Held against {row.oracle} ({row.reference}): largest "
                f"difference {row.difference:.1e}, allowed {row.tolerance:.0e}. 95 % intervals held the "
                f"truth in {number(100 * row.coverage, 3)} % of {row.draws:,} cohorts ({row.design})."
            )
            lines += textwrap.wrap(text, 80, subsequent_indent="  ")
        return "\n".join([*lines, *textwrap.wrap(f"Made with {self.made_with}.", 80)])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {"rows": self.to_frame().to_dict(orient="records"), "made_with": self.made_with}

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalmed.results.tables import html_table

        return html_table(self.to_frame(), caption=f"How each estimator was checked ({self.made_with})")


def validation() -> Validation:
    """Say how each estimator was checked.

    The numbers are made by ``python -m tests.validation.run`` in the repository and shipped;
    the default tests make those again that take seconds, and hold the rest to its tolerance.

    Returns
    -------
    Validation

    Examples
    --------
    >>> checked = validation()
    >>> checked["AIPW"].difference < checked["AIPW"].tolerance
    True
    """
    text = files("causalmed._data").joinpath("validation.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    return Validation(rows=tuple(Validated(**row) for row in stored["rows"]), made_with=stored["made_with"])
