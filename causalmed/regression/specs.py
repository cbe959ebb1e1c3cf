"""Which regression is meant, as a value that prints into a report."""

from __future__ import annotations

from dataclasses import dataclass

from causalmed.errors import InvalidArgument
from causalmed.results.spelling import as_written

__all__ = ["Linear", "Logistic"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Logistic:
    r"""A logistic model, :math:`\operatorname{logit} P(Y = 1 \mid X) = X \beta`.

    Parameters
    ----------
    formula : str, optional
        Right-hand side in the grammar of :mod:`causalmed.regression.formula`; None: the main effects of
        all columns offered (exposure and adjustment set, in an outcome model).
    link : {"logit"}
        The link function.
    firth : bool
        Firth's penalised likelihood: finite also under separation, less biased when events are few.

    Raises
    ------
    InvalidArgument
        An option outside its list.

    Examples
    --------
    >>> Logistic(formula="age + I(age**2)")
    Logistic(formula='age + I(age**2)')
    """

    formula: str | None = None
    link: str = "logit"
    firth: bool = False

    __repr__ = as_written

    def __post_init__(self) -> None:
        _check_formula(self.formula)
        if self.link != "logit":
            raise InvalidArgument.option("link", self.link, ("logit",))
        if not isinstance(self.firth, bool):
            raise InvalidArgument.option("firth", self.firth, (False, True))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Linear:
    r"""A linear model, :math:`E[Y \mid X] = X \beta`, fitted by least squares.

    Parameters
    ----------
    formula : str, optional
        As for :class:`Logistic`.

    Examples
    --------
    >>> Linear()
    Linear()
    """

    formula: str | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        _check_formula(self.formula)


def _check_formula(formula: str | None) -> None:
    if formula is not None and (not isinstance(formula, str) or not formula.strip()):
        raise InvalidArgument(f"formula={formula!r} must be a right-hand side such as 'age + sex', or None.")
