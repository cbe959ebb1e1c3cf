"""Whether a hidden cause stands behind an exposure, told by hospitals that differ in practice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_names, require_share
from causalmed.cohort import Cohort
from causalmed.discovery.loglikelihood import categorical_loglik
from causalmed.discovery.variables import Variables, variables
from causalmed.errors import InvalidArgument

__all__ = ["Exogeneity", "exogeneity"]

Verdict = Literal["no sign of a hidden cause", "hidden cause", "not moved"]
_SAYS: Final = {
    "no sign of a hidden cause": (
        "{e} moves {x} (p {moved}), and what {e} makes of {x} is related to {y} no differently from what the "
        "patient does (p {hidden})"
    ),
    "hidden cause": (
        "{e} moves {x} (p {moved}), and what {e} makes of {x} is related to {y} otherwise than what the "
        "patient does (p {hidden}): a hidden cause joins {x} and {y}, or {e} acts on {y} through something "
        "that goes with {x} and is not named"
    ),
    "not moved": "{e} does not move {x} enough (p {moved}) to tell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exogeneity:
    """What the environment says of one exposure.

    Parameters
    ----------
    exposure, outcome, environment : str
        The question.
    moved : float
        p-value of: the environment does not move the exposure.
    hidden : float
        p-value of: no hidden cause joins exposure and outcome.
    alpha : float
        Level of each.
    """

    exposure: str
    outcome: str
    environment: str
    moved: float
    hidden: float
    alpha: float

    @property
    def verdict(self) -> Verdict:
        """One of "no sign of a hidden cause", "hidden cause", "not moved"."""
        if self.moved > self.alpha:
            return "not moved"
        return "hidden cause" if self.hidden <= self.alpha else "no sign of a hidden cause"

    @property
    def in_words(self) -> str:
        """The verdict as a sentence."""
        said = _SAYS[self.verdict].format(
            e=self.environment,
            x=self.exposure,
            y=self.outcome,
            moved=_p(self.moved),
            hidden=_p(self.hidden),
        )
        return f"{said[:1].upper()}{said[1:]}."

    def __str__(self) -> str:
        return self.in_words


def exogeneity(
    cohort: Cohort,
    *,
    environment: str,
    outcome: str,
    exposures: Iterable[str],
    given: Iterable[str] = (),
    alpha: float = 0.01,
) -> tuple[Exogeneity, ...]:
    r"""Test, for each of several exposures, whether a hidden cause joins it to the outcome.

    The environment must move the exposures, and act on the outcome through them alone. Each exposure
    is split into what environment and covariates predict and the rest, :math:`X_k = \hat X_k + R_k` by least
    squares, and

    .. math:: \operatorname{logit} P(Y) = \alpha + \sum_k \beta_k X_k + \gamma^\top Z + \sum_k \delta_k R_k

    is fitted by maximum likelihood. Without a hidden cause :math:`\delta_k = 0`: whatever made the exposure
    what it is, its effect is the same. A likelihood-ratio test with one degree of freedom an exposure, where
    a test of independence from the environment would spend one on every hospital.

    Hausman (1978), Econometrica 46, 1251–1271; Terza, Basu and Rathouz (2008), Journal of Health Economics
    27, 531–543.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    environment : str
        A discrete column, such as the hospital.
    outcome : str
        A discrete column.
    exposures : iterable of str
        Numbers or yes/no columns that the environment moves, fewer than it has levels. All ways on which
        it acts on the outcome should be among them.
    given : iterable of str
        Covariates that came before the exposures.
    alpha : float
        Level of each test, in (0, 1).

    Returns
    -------
    tuple of Exogeneity
        In the order of ``exposures``.

    Raises
    ------
    InvalidArgument
        Not enough levels, or columns of another kind; an argument out of range.
    ColumnNotFound, MissingValues, DataError
        A column is not there, has holes, or never varies.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> hospital, frailty = rng.integers(0, 8, 8000), rng.normal(size=8000)
    >>> warm = rng.random(8000) < 1 / (1 + np.exp(2 - hospital / 2))
    >>> drain = rng.random(8000) < 1 / (1 + np.exp(hospital % 4 - 1.5 - 2 * frailty))
    >>> ssi = rng.random(8000) < 1 / (1 + np.exp(1 + warm - 2 * frailty))
    >>> frame = pd.DataFrame({"hospital": hospital, "warm": warm, "drain": drain, "ssi": ssi})
    >>> cohort = Cohort.from_frame(frame, kinds={"hospital": tuple(range(8))})
    >>> for one in exogeneity(cohort, environment="hospital", outcome="ssi", exposures=["warm", "drain"]):
    ...     print(one.exposure, "|", one.verdict)
    warm | no sign of a hidden cause
    drain | hidden cause
    """
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    level = require_share("alpha", alpha, example=0.01)
    names, before = require_names("exposures", exposures), require_names("given", given)
    asked = [environment, outcome, *names, *before]
    if not names or len(set(asked)) < len(asked):
        raise InvalidArgument(
            "environment=, outcome=, exposures= and given= must name different columns, and exposures= at "
            "least one."
        )
    data = variables(cohort, asked)
    _check(data, environment, outcome, names)
    moved, hidden = _tested(data, environment, outcome, names, before)
    return tuple(
        Exogeneity(exposure=name, outcome=outcome, environment=environment, moved=m, hidden=h, alpha=level)
        for name, m, h in zip(names, moved, hidden, strict=True)
    )


def _tested(
    data: Variables, environment: str, outcome: str, names: Sequence[str], before: Sequence[str]
) -> tuple[list[float], list[float]]:
    from scipy.special import chdtrc

    own = [_block(data, name) for name in names]
    covariates = [_block(data, name) for name in before]
    place = _block(data, environment)
    splits = [_split(block[:, 0], place, covariates) for block in own]
    rest = [residual[:, None] for residual, _ in splits]
    column = data.names.index(outcome)
    codes, levels = data.values[:, column].astype(np.intp), int(data.levels[column])

    def fitted(residuals: Sequence[NDArray[np.float64]]) -> tuple[float, int]:
        columns = [*own, *covariates, *residuals]
        return categorical_loglik(codes=codes, levels=levels, columns=columns, discrete=False)

    full, rank = fitted(rest)
    hidden = []
    for k in range(len(names)):
        null, smaller = fitted([one for j, one in enumerate(rest) if j != k])
        freedom = rank - smaller
        hidden.append(float(chdtrc(freedom, max(2 * (full - null), 0.0))) if freedom > 0 else 1.0)
    return [p for _, p in splits], hidden


def _split(
    x: NDArray[np.float64], place: NDArray[np.float64], covariates: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], float]:
    """Return what environment and covariates leave of x, and the p-value of: the environment adds nothing."""
    from scipy.special import fdtrc

    small = np.column_stack([np.ones(len(x)), *covariates])
    large = np.column_stack([small, place])
    residual, rank = _residual(large, x)
    without, rank_without = _residual(small, x)
    gained, left = rank - rank_without, len(x) - rank
    spread = float(residual @ residual)
    if gained <= 0 or left <= 0 or spread <= 0:
        return residual, 1.0
    statistic = max(float(without @ without) - spread, 0.0) / gained / (spread / left)
    return residual, float(fdtrc(gained, left, statistic))


def _residual(design: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    solution, _, rank, _ = np.linalg.lstsq(design, x, rcond=None)
    return np.asarray(x - design @ solution), int(rank)


def _block(data: Variables, name: str) -> NDArray[np.float64]:
    column = data.names.index(name)
    values, levels = data.values[:, column], int(data.levels[column])
    if levels <= 2:
        return np.asarray(values[:, None])
    return np.asarray(values[:, None] == np.arange(1, levels), dtype=np.float64)


def _check(data: Variables, environment: str, outcome: str, names: Sequence[str]) -> None:
    levels = dict(zip(data.names, data.levels.tolist(), strict=True))
    for name in (environment, outcome):
        if levels[name] == 0:
            raise InvalidArgument(
                f"{name!r} is a number, and must be discrete. State its levels with kinds=."
            )
    several = [name for name in names if levels[name] > 2]
    if several:
        raise InvalidArgument(f"exposures={several} have several levels; make yes/no columns of them.")
    if levels[environment] <= len(names):
        raise InvalidArgument(
            f"{environment!r} has {levels[environment]} levels and can tell apart at most "
            f"{levels[environment] - 1} exposures; {len(names)} were named."
        )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 or math.isnan(value) else f"= {value:.2g}"
