"""How well each mechanism fits patients that it was not fitted on, as a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.errors import UnknownNode
from causalmed.results import Check, Gate, State, html_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Curves

__all__ = ["Judged", "MechanismDiagnostics"]

_ALPHA: Final = 0.01
_GAP_WARN: Final = 0.05
_GAP_FAIL: Final = 0.15
_RELATION_WARN: Final = 0.10
_RELATION_FAIL: Final = 0.30
_LOSS: Final = -0.001
_COLUMNS: Final = (
    "node", "n", "gap", "gap_p", "related_to", "relation", "relation_p", "log_score", "own_score", "gain",
    "gain_error", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One mechanism on held-out patients.

    Parameters
    ----------
    node : str
        Its name.
    n : int
        Patients.
    gap, gap_p : float
        How far the distribution is off beyond chance, as a share; p-value of no departure at all.
    related_to : str
        The cause with which what is left unexplained hangs together most.
    relation, relation_p : float
        That correlation (of the residual, its size, or with the square); p-value, for all that were tried.
    log_score, own_score : float
        Mean log score, and that of the node's own distribution without causes, in nats.
    gain_error : float
        Standard error of their difference.
    numeric, numeric_cause : bool
        Whether the node, and the cause named, are numbers.
    ranks : tuple of float
        Share of the ranks at or below 0, 0.05, …, 1.
    why : str
        Why it could not be judged; empty where it was.
    """

    node: str
    n: int
    gap: float = float("nan")
    gap_p: float = float("nan")
    related_to: str = ""
    relation: float = float("nan")
    relation_p: float = float("nan")
    log_score: float = float("nan")
    own_score: float = float("nan")
    gain_error: float = float("nan")
    numeric: bool = False
    numeric_cause: bool = False
    ranks: tuple[float, ...] = ()
    why: str = ""

    @classmethod
    def unjudged(cls, node: str, *, n: int, why: str) -> Judged:
        """Return a node that could not be judged."""
        return cls(node=node, n=n, why=why)

    @property
    def gain(self) -> float:
        """What knowing the causes adds to the log score."""
        return self.log_score - self.own_score

    @property
    def checks(self) -> tuple[Check, ...]:
        """Calibration, what the causes leave unexplained, log score."""
        if self.why:
            return (_unjudged(self),)
        if not self.related_to:
            return (_calibration(self),)
        return (_calibration(self), _leftover(self), _gain(self))

    @property
    def state(self) -> State:
        """The worst of the checks."""
        return Gate(checks=self.checks).state


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismDiagnostics:
    """All mechanisms with causes, judged on patients they were not fitted on.

    Parameters
    ----------
    rows : tuple of Judged
        One a node, causes first.

    Examples
    --------
    >>> ranks = tuple(k / 20 for k in range(21))
    >>> row = Judged(node="stay", n=900, gap=0.01, gap_p=0.4, related_to="age", relation=0.02, relation_p=0.9,
    ...              log_score=-2.0, own_score=-2.2, gain_error=0.01, numeric=True, ranks=ranks)
    >>> MechanismDiagnostics(rows=(row,)).gate.state.name
    'PASS'
    """

    rows: tuple[Judged, ...] = ()

    @property
    def gate(self) -> Gate:
        """Three checks a node."""
        return Gate(checks=tuple(check for row in self.rows for check in row.checks))

    @property
    def state(self) -> State:
        """The worst of all checks."""
        return self.gate.state

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, node by node."""
        return self.gate.checks

    def of(self, node: str) -> Judged:
        """Return the row of a node; ``UnknownNode`` where there is none."""
        for row in self.rows:
            if row.node == node:
                return row
        raise UnknownNode.among([node], [row.node for row in self.rows])

    def check(self, name: str) -> Check:
        """Return the check of that name; ``KeyError`` where there is none."""
        return self.gate.check(name)

    def summary(self) -> str:
        """Return the checks one after the other, in at most 80 columns."""
        return self.gate.summary()

    def to_frame(self) -> pd.DataFrame:
        """Return a row a node."""
        import pandas as pd

        rows = [
            {name: getattr(row, name) for name in _COLUMNS[:-1]} | {"state": str(row.state)}
            for row in self.rows
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the checks as plain JSON types."""
        return self.gate.to_dict()

    def picture(self, node: str) -> Curves:
        """Return the figure as data: the distribution of the ranks of one node, a diagonal where it fits."""
        from causalmed.results.curve import Curve
        from causalmed.results.pictures import Curves

        row = self.of(node)
        share, x = np.array(row.ranks), np.linspace(0.0, 1.0, len(row.ranks))
        error, band = 1.96 * np.sqrt(x * (1 - x) / row.n), 1.36 / np.sqrt(row.n)
        finding = "as often as it says" if row.checks[0].state is State.PASS else "not as often as it says"
        curve = Curve(
            label=node,
            x=x,
            estimate=share,
            low=share - error,
            high=share + error,
            uniform_low=share - band,
            uniform_high=share + band,
            x_label="probability that the mechanism gives",
            y_label="share of patients at or below it",
            question=f"Does {node} fall where its mechanism says?",
            n=row.n,
        )
        return Curves(title=f"Values of {node} occur {finding}", curves=(curve,))

    def plot(self, node: str, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` of a node and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(node), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption="Mechanisms on patients they were not fitted on")


def _calibration(row: Judged) -> Check:
    surely = row.gap_p < _ALPHA
    state = State.WARN if surely and row.gap > _GAP_WARN else State.PASS
    return Check(
        name=f"{row.node}: calibration",
        state=State.FAIL if surely and row.gap > _GAP_FAIL else state,
        sentence=(
            f"On patients it was not fitted on, the distribution of {row.node} is off by "
            f"{100 * max(row.gap, 0.0):.1f} percentage points beyond chance."
        ),
        value=row.gap,
        threshold=_GAP_WARN,
        advice=(
            "Try another family or more terms in mechanisms=, or leave the choice to the data with 'auto' "
            "(for a skewed positive column, 'lognormal')."
        ),
    )


def _leftover(row: Judged) -> Check:
    surely, name = row.relation_p < _ALPHA, row.related_to
    state = State.WARN if surely and row.relation > _RELATION_WARN else State.PASS
    return Check(
        name=f"{row.node}: nothing left in its causes",
        state=State.FAIL if surely and row.relation > _RELATION_FAIL else state,
        sentence=f"What {row.node} leaves unexplained correlates with {name} by {row.relation:.2f} at most.",
        value=row.relation,
        threshold=_RELATION_WARN,
        advice=(
            f"Add {f'{name}**2 or ' * row.numeric_cause}a product with {name} to its terms"
            f"{', or try another family' * row.numeric}, or leave the choice to the data with 'auto'."
        ),
    )


def _gain(row: Judged) -> Check:
    better = row.gain >= _LOSS
    return Check(
        name=f"{row.node}: log score",
        state=State.PASS if better or row.gain > -2 * row.gain_error else State.WARN,
        sentence=(
            f"Knowing its causes {'improves' if better else 'worsens'} the prediction of {row.node} by "
            f"{abs(row.gain):.3f} nats a patient."
        ),
        value=row.gain,
        threshold=_LOSS,
        advice="There are too many terms for so few patients; leave some out.",
    )


def _unjudged(row: Judged) -> Check:
    return Check(
        name=f"{row.node}: calibration",
        state=State.WARN,
        sentence=f"{row.node} could not be judged on half of the patients: {row.why}",
        advice="Diagnose on a larger cohort.",
    )
