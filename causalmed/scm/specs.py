"""Which mechanism a node gets, as a value that prints into a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from causalmed.errors import InvalidArgument, RoleConflict
from causalmed.scm.mechanism import Mechanism

__all__ = ["FAMILIES", "MechanismSpec", "default_family", "families_for", "spec_for"]

_BY_KIND: Final = {
    "binary": "logistic",
    "ordinal": "ordinal",
    "categorical": "categorical",
    "continuous": "linear",
    "count": "linear",
}
_NUMBERS: Final = ("continuous", "count")
_FITS: Final[dict[str, tuple[str, ...]]] = {
    "logistic": ("binary",),
    "ordinal": ("ordinal", "binary"),
    "categorical": ("categorical", "ordinal", "binary"),
    "linear": _NUMBERS,
    "lognormal": _NUMBERS,
    "scaled": _NUMBERS,
    "poisson": ("count",),
    "negative_binomial": ("count",),
    "boosted": tuple(_BY_KIND),
    "boosted_mean": _NUMBERS,
    "learned": tuple(_BY_KIND),
    "empirical": tuple(_BY_KIND),
}
FAMILIES: Final = tuple(_FITS)
"""Families of mechanisms that can be fitted."""

_POOLED: Final = ("logistic", "linear", "lognormal")
_BOOSTED: Final = ("boosted", "boosted_mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismSpec:
    """A family and its terms.

    Parameters
    ----------
    family : str
        The law of the node: "logistic" (binary), "ordinal", "categorical", "linear", "lognormal", "scaled"
        (linear, its spread modelled), "poisson", "negative_binomial", "boosted" (trees: probabilities, or the
        whole distribution of a number by its quantiles), "boosted_mean" (trees, noise of one law added),
        "learned" (a scikit-learn learner), "empirical" (no causes).
    terms : tuple of str, optional
        Terms of the linear predictor, as :meth:`Predictor.of` reads them; by default the main effects of
        everything the node is conditioned on. A column with several levels stands for its indicators.
    firth : bool
        Firth's penalised likelihood, for a logistic node with few events.
    spread_terms : tuple of str, optional
        Terms of the log standard deviation of a "scaled" node; by default those of the mean.
    pooled : str
        A column with many levels, such as the hospital, whose effects are shrunk towards their mean by as
        much as the data say (a random intercept); for "logistic", "linear" and "lognormal".
    learner : scikit-learn estimator, optional
        Cloned and fitted, for "learned": a classifier for a node with levels, a regressor for a number.
    trees, depth : int
        Of boosted mechanisms: number, at least 1; greatest depth, from 1 to 6.

    Raises
    ------
    InvalidArgument
        The family is not known, or an option is for another family.

    Examples
    --------
    >>> MechanismSpec(family="logistic", terms=("age", "age**2", "late:emergency")).terms
    ('age', 'age**2', 'late:emergency')
    """

    family: str
    terms: tuple[str, ...] | None = None
    firth: bool = False
    spread_terms: tuple[str, ...] | None = None
    pooled: str = ""
    learner: Any = None
    trees: int = 100
    depth: int = 5

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InvalidArgument.option("family", self.family, FAMILIES)
        for name in ("terms", "spread_terms"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.firth and self.family != "logistic":
            raise InvalidArgument("firth=True is for a logistic node.")
        if self.spread_terms is not None and self.family != "scaled":
            raise InvalidArgument("spread_terms= are for a node of family 'scaled'.")
        if self.pooled and self.family not in _POOLED:
            raise InvalidArgument(f"pooled={self.pooled!r} is for the families {', '.join(_POOLED)}.")
        if (self.learner is not None) != (self.family == "learned"):
            raise InvalidArgument("learner= belongs to the family 'learned', which needs it.")
        for name, most in (("trees", 10_000), ("depth", 6)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise InvalidArgument(f"{name}={value!r} must be a whole number from 1 to {most:,}.")

    def __repr__(self) -> str:
        shown = [f"family={self.family!r}"]
        for name in ("terms", "firth", "spread_terms", "pooled", "learner"):
            if value := getattr(self, name):
                shown.append(f"{name}={value!r}")
        if self.family in _BOOSTED:
            shown += [f"trees={self.trees}", f"depth={self.depth}"]
        return f"MechanismSpec({', '.join(shown)})"


def default_family(kind: str, *, root: bool) -> str:
    """Return the family of a column nothing was said about."""
    return "empirical" if root else _BY_KIND[kind]


def families_for(kind: str) -> tuple[str, ...]:
    """Return the families that can be fitted to a column with causes, without further words."""
    return tuple(
        family for family, kinds in _FITS.items() if kind in kinds and family not in ("empirical", "learned")
    )


def spec_for(node: str, kind: str, *, stated: object, root: bool) -> MechanismSpec | Mechanism:
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
        return MechanismSpec(family=default_family(kind, root=root))
    if isinstance(stated, Mechanism):
        return stated
    return _checked(node, kind, _read(node, stated), root=root)


def _read(node: str, stated: object) -> MechanismSpec:
    if isinstance(stated, str):
        return MechanismSpec(family=stated)
    if isinstance(stated, MechanismSpec):
        return stated
    if hasattr(stated, "fit") and hasattr(stated, "get_params") and not isinstance(stated, type):
        return MechanismSpec(family="learned", learner=stated)
    raise InvalidArgument(
        f"mechanisms[{node!r}] must be one of {', '.join(FAMILIES)}, a MechanismSpec, a scikit-learn learner "
        f"or a mechanism, not {type(stated).__name__}."
    )


def _checked(node: str, kind: str, spec: MechanismSpec, *, root: bool) -> MechanismSpec:
    if kind not in _FITS[spec.family]:
        raise RoleConflict(
            f"A {spec.family} mechanism cannot produce {node!r}, a column of kind {kind!r}. It fits "
            f"columns of kind {', '.join(_FITS[spec.family])}."
        )
    if spec.family == "empirical" and not root:
        raise InvalidArgument(f"{node!r} has causes in the graph; an empirical mechanism would cut them.")
    if root and spec.family in (*_BOOSTED, "learned"):
        raise InvalidArgument(f"{node!r} has no causes in the graph, so there is nothing to learn from.")
    if spec.learner is not None and hasattr(spec.learner, "predict_proba") != (kind not in _NUMBERS):
        wanted = "a regressor" if kind in _NUMBERS else "a classifier with predict_proba"
        raise InvalidArgument(
            f"{node!r} is a column of kind {kind!r} and needs {wanted}, not {type(spec.learner).__name__}."
        )
    return spec
