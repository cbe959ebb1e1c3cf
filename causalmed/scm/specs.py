"""Which mechanism a node gets, as a value that prints into a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from causalmed.errors import InvalidArgument, RoleConflict
from causalmed.scm.mechanism import Mechanism

__all__ = ["FAMILIES", "MechanismSpec", "spec_for"]

FAMILIES: Final = ("logistic", "linear", "lognormal", "ordinal", "categorical", "empirical")
"""Families of mechanisms that can be fitted."""

_BY_KIND: Final = {
    "binary": "logistic",
    "ordinal": "ordinal",
    "categorical": "categorical",
    "continuous": "linear",
    "count": "linear",
}
_FITS: Final = {
    "logistic": ("binary",),
    "ordinal": ("ordinal", "binary"),
    "categorical": ("categorical", "ordinal", "binary"),
    "linear": ("continuous", "count"),
    "lognormal": ("continuous", "count"),
    "empirical": tuple(_BY_KIND),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismSpec:
    """A family and its terms.

    Parameters
    ----------
    family : {"logistic", "linear", "lognormal", "ordinal", "categorical", "empirical"}
        The law of the node.
    terms : tuple of str, optional
        Terms of the linear predictor, as :meth:`Predictor.of` reads them; by default the main effects of
        everything the node is conditioned on. A column with several levels stands for its indicators.
    firth : bool
        Firth's penalised likelihood, for a logistic node with few events.

    Raises
    ------
    InvalidArgument
        The family is not known, or ``firth`` is asked of another family.

    Examples
    --------
    >>> MechanismSpec(family="logistic", terms=("age", "age**2", "late:emergency"))
    MechanismSpec(family='logistic', terms=('age', 'age**2', 'late:emergency'), firth=False)
    """

    family: str
    terms: tuple[str, ...] | None = None
    firth: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InvalidArgument.option("family", self.family, FAMILIES)
        if self.firth and self.family != "logistic":
            raise InvalidArgument("firth=True is for a logistic node.")
        if self.terms is not None:
            object.__setattr__(self, "terms", tuple(self.terms))


def spec_for(
    node: str, kind: str, *, stated: str | MechanismSpec | Mechanism | None, root: bool
) -> MechanismSpec | Mechanism:
    """Return the spec of a node: what was stated, else by the kind of its column.

    Raises
    ------
    RoleConflict
        The column is an identifier or a date, or its kind does not fit the family.
    InvalidArgument
        The statement is not understood.
    """
    if kind not in _BY_KIND:
        raise RoleConflict(
            f"Node {node!r} is a column of kind {kind!r}, which no mechanism can produce. Leave it out of "
            "the graph, or state its kind with `kinds=` when the cohort is made."
        )
    if stated is None:
        return MechanismSpec(family="empirical" if root else _BY_KIND[kind])
    spec = MechanismSpec(family=stated) if isinstance(stated, str) else stated
    if isinstance(spec, MechanismSpec):
        if kind not in _FITS[spec.family]:
            raise RoleConflict(
                f"A {spec.family} mechanism cannot produce {node!r}, a column of kind {kind!r}. It fits "
                f"columns of kind {', '.join(_FITS[spec.family])}."
            )
        if spec.family == "empirical" and not root:
            raise InvalidArgument(f"{node!r} has causes in the graph; an empirical mechanism would cut them.")
        return spec
    if not isinstance(spec, Mechanism):
        raise InvalidArgument(
            f"mechanisms[{node!r}] must be one of {', '.join(FAMILIES)}, a MechanismSpec or a mechanism, not "
            f"{type(spec).__name__}."
        )
    return spec
