"""Ask which candidates are causes where no graph is known, only the order in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.discovery import default_columns
from causalmed.engine import fold_of
from causalmed.errors import CausalmedWarning, ColumnNotFound, InvalidArgument
from causalmed.estimation import TMLE, Estimator
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.screening.answers import Estimated, ask
from causalmed.screening.candidate import Candidate
from causalmed.screening.judging import judge
from causalmed.screening.orientation import Orientation
from causalmed.screening.orienting import orient_all, setting, too_few
from causalmed.screening.screen import RiskScreen
from causalmed.screening.tierscreen import TierScreen

__all__ = ["screen_from_tiers"]


def screen_from_tiers(
    cohort: Cohort,
    *,
    outcome: str | None = None,
    candidates: Iterable[str] | None = None,
    tiers: Mapping[str, Sequence[str]] | None = None,
    environment: str | None = None,
    columns: Iterable[str] | None = None,
    estimator: Estimator | None = None,
    alpha: float = 0.05,
    margin: float = 0.01,
    seed: int = 0,
) -> TierScreen:
    r"""Say which candidates cause the outcome from the order in time alone; causes may be hidden.

    Patients are split in two by a hash of their ids. In one half an arrow X → Y is sought: the outcome Y
    depends on the candidate X given all other columns, and what moves X without being moved by it shows in Y
    without X but no more beside X (:class:`Orientation`). A hidden common cause of X and Y would make it
    show beside X. In the other half each such X is adjusted for the columns found and judged as in
    :func:`screen_risks`. A candidate whose arrow cannot be told is "cannot tell", and the reason says why.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    outcome : str, optional
        A binary column; None: the cohort's outcome.
    candidates : iterable of str, optional
        Binary columns recorded before the outcome; None: all of them.
    tiers : mapping of str to sequence of str, optional
        Periods, earliest first, and their columns: nothing causes what was recorded before it. None: those of
        the cohort. Columns in no period are left out.
    environment : str, optional
        A column, such as the hospital, that nothing in a patient causes and that acts on the outcome only
        through the other columns: practices. None: there is none.
    columns : iterable of str, optional
        The columns that may be used; None: all but ids, dates, weights and clusters.
    estimator : GComputation, IPW, IPWRA, AIPW, TMLE or None
        None: ``TMLE()``.
    alpha : float
        Probability, in the second half, of calling any candidate without effect a cause, in (0, 1).
    margin : float
        Risk difference regarded as immaterial, positive.
    seed : int
        Seed of the split and of the simultaneous critical values.

    Returns
    -------
    TierScreen

    Raises
    ------
    InvalidArgument
        No tiers; no column before the outcome; a candidate that is not binary or not recorded before the
        outcome; an argument outside its range.
    ColumnNotFound, MissingValues, DataError
        A column is not there, has holes, or never varies.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> ward, hidden = rng.integers(0, 12, 12000), rng.normal(size=12000)
    >>> habit = np.linspace(-2, 2, 12)
    >>> razor = rng.random(12000) < 1 / (1 + np.exp(-habit[ward]))
    >>> rated = rng.random(12000) < 1 / (1 + np.exp(-rng.permutation(habit)[ward] - 2 * hidden))
    >>> ssi = rng.random(12000) < 1 / (1 + np.exp(2 - razor - hidden))
    >>> frame = pd.DataFrame({"ward": ward.astype(str), "razor": razor, "rated": rated, "ssi": ssi})
    >>> cohort = Cohort.from_frame(frame)
    >>> found = screen_from_tiers(cohort, outcome="ssi", environment="ward",
    ...                           tiers={"before": ["ward", "razor", "rated"], "after": ["ssi"]})
    >>> for row in found.orientations:
    ...     print(row.name, "|", row.finding)
    razor | arrow
    rated | hidden common cause
    >>> found.identified
    ('razor',)
    """
    spec = TMLE() if estimator is None else estimator
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_seed(seed)
    require_share("alpha", alpha, example=0.05)
    require_share("margin", margin, example=0.01)
    if isinstance(spec, type) or not hasattr(spec, "targets"):
        raise InvalidArgument(f"estimator={spec!r} is none. Use GComputation(), IPW(), AIPW() or TMLE().")
    target = _outcome(cohort, outcome)
    periods = _periods(cohort, tiers, target, environment, columns)
    names = _candidates(cohort, candidates, periods)
    first, second = _halves(cohort, seed)
    known = setting(first, outcome=target, periods=tuple(periods.values()), environment=environment)
    arrows = orient_all(names, known) if known else tuple(too_few(name, target) for name in names)
    with warnings.catch_warnings():
        # every warning of an estimate is a check of its gate, and is shown there
        warnings.simplefilter("ignore", CausalmedWarning)
        answers = [_answer(row, second, target, spec, alpha, seed) for row in arrows]
    return TierScreen(
        screen=_screen(answers, second, target, repr(spec), alpha=alpha, margin=margin, seed=seed),
        orientations=arrows,
        environment=environment,
        periods=tuple(periods),
        discovered_in=first.n,
    )


def _halves(cohort: Cohort, seed: int) -> tuple[Cohort, Cohort]:
    """Split the patients by a hash of their ids, each half in the order of the hash's keys."""
    order = np.argsort(cohort.unit_keys, kind="stable")
    half = fold_of(cohort.unit_keys[order], folds=2, seed=seed)
    return cohort.take(order[half == 0]), cohort.take(order[half == 1])


def _answer(
    row: Orientation, cohort: Cohort, outcome: str, spec: Estimator, alpha: float, seed: int
) -> Estimated | Candidate:
    if not row.is_arrow:
        return Candidate(name=row.name, verdict="cannot tell", reason=row.sentence)
    arrows = [(other, end) for other in row.adjusted_for for end in (row.name, outcome)]
    graph = Graph.of([*arrows, (row.name, outcome)], exposures=[row.name], outcome=outcome)
    return ask(
        row.name, graph=graph, cohort=cohort, outcome=outcome, estimator=spec, level=1 - alpha, seed=seed
    )


def _screen(
    answers: Sequence[Estimated | Candidate],
    cohort: Cohort,
    outcome: str,
    spec: str,
    *,
    alpha: float,
    margin: float,
    seed: int,
) -> RiskScreen:
    estimated = [answer for answer in answers if isinstance(answer, Estimated)]
    judged: dict[str, Candidate] = {}
    critical = float("nan")
    if estimated:
        found, critical = judge(
            estimated, clusters=cohort.cluster_codes, alpha=alpha, margin=margin, seed=seed
        )
        judged = {row.name: row for row in found}
    return RiskScreen(
        outcome=outcome,
        candidates=tuple(judged[one.name] if isinstance(one, Estimated) else one for one in answers),
        alpha=float(alpha),
        margin=float(margin),
        critical_value=critical,
        estimator=spec,
        n=cohort.n,
        events=int(cohort.as_recorded(outcome).values.sum()),
        clusters=cohort.clusters or None,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=seed),
    )


def _outcome(cohort: Cohort, outcome: str | None) -> str:
    name = cohort.outcome if outcome is None else outcome
    if name is None:
        raise InvalidArgument(
            "The cohort has no outcome, so outcome= must name one: the column whose causes are sought."
        )
    if name not in cohort:
        raise ColumnNotFound.among([name], cohort.names, where="outcome=")
    if cohort.as_recorded(name).kind != "binary":
        raise InvalidArgument(
            f"The outcome {name!r} is {cohort.as_recorded(name).kind}; a screen compares risks and needs an "
            "outcome that is yes or no. Make such a column with cohort.assign."
        )
    return name


def _periods(
    cohort: Cohort,
    tiers: Mapping[str, Sequence[str]] | None,
    outcome: str,
    environment: str | None,
    columns: Iterable[str] | None,
) -> dict[str, tuple[str, ...]]:
    """Return the periods before the outcome's and the columns of each that may be used."""
    stated = cohort.tiers if tiers is None else tiers
    if (
        not isinstance(stated, Mapping)
        or not stated
        or any(isinstance(some, str) for some in stated.values())
    ):
        raise InvalidArgument(
            "A screen without a graph needs the order in time. State tiers={'before': ['age'], 'after': "
            "['infection']}, earliest first, here or in Cohort.from_frame."
        )
    allowed = default_columns(cohort) if columns is None else require_names("columns", columns)
    listed = [str(name) for some in stated.values() for name in some]
    named = [*listed, *allowed, *([environment] if environment is not None else [])]
    if absent := sorted({str(name) for name in named if name not in cohort}):
        raise ColumnNotFound.among(absent, cohort.names, where="tiers=, columns= or environment=")
    if len(set(listed)) < len(listed):
        raise InvalidArgument("tiers= names a column twice; a column was recorded in one period.")
    periods: dict[str, tuple[str, ...]] = {}
    for period, some in stated.items():
        if outcome in some:
            break
        usable = tuple(name for name in some if name in allowed and name not in (outcome, environment))
        periods |= {str(period): usable} if usable else {}
    if not periods:
        raise InvalidArgument(f"No column was recorded in a period before that of {outcome!r}.")
    return periods


def _candidates(
    cohort: Cohort, candidates: Iterable[str] | None, periods: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    before = [name for period in periods.values() for name in period]
    binary = [name for name in before if cohort.column(name).kind == "binary"]
    names = tuple(binary if candidates is None else dict.fromkeys(require_names("candidates", candidates)))
    if absent := [name for name in names if name not in cohort]:
        raise ColumnNotFound.among(absent, cohort.names, where="candidates=")
    if not names or (odd := [name for name in names if name not in binary]):
        which = f": {odd} are not" if names else ""
        raise InvalidArgument(
            f"Candidates must be yes/no columns recorded in a period before the outcome{which}. Name them in "
            "tiers= and columns=, or make such columns with cohort.assign."
        )
    return names
