"""Ask the data which graphs they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.discovery.background import Background, background
from causalmed.discovery.discovery import Discovery
from causalmed.discovery.environment import as_environment, check_indirect
from causalmed.discovery.independence import TESTS, TestName, chosen_test
from causalmed.discovery.learning import METHODS, Method, Search
from causalmed.discovery.marks import MarkedGraph
from causalmed.discovery.stability import redrawn, stabilities
from causalmed.discovery.variables import default_columns, variables
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.results import Provenance

__all__ = ["discover"]

Pairs = Iterable[tuple[str, str]]


def discover(  # noqa: PLR0913  # each is one thing that is known, or one choice
    cohort: Cohort,
    *,
    tiers: Mapping[str, Sequence[str]] | None = None,
    required: Pairs = (),
    forbidden: Pairs = (),
    environment: str | Iterable[str] | Mapping[str, str | Iterable[str]] = (),
    method: Method = "fci",
    latents: str = "allowed",
    columns: Iterable[str] | None = None,
    test: TestName = "auto",
    alpha: float = 0.01,
    max_given: int | None = 4,
    bootstrap: int = 50,
    seed: int = 0,
) -> Discovery:
    """Say which causal graphs the data allow, and how firmly each mark of each edge stands.

    A data set never shows one graph: it shows a class of graphs that imply the same independences. What
    they do not share stays open and is shown as open.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    tiers : mapping of str to sequence of str, optional
        Periods, earliest first, and their columns: nothing causes what was recorded before it. None:
        those of the cohort.
    required, forbidden : iterable of (str, str)
        Pairs (cause, effect) of which it is known that the first does, or does not, cause the second.
    environment : str, iterable of str, or mapping of str to str or iterable of str
        Columns that say where or when a patient was treated, such as the hospital: nothing among the other
        columns causes them, and no hidden cause joins them to the others. Their variation orients arrows.
        A mapping also names the outcomes on which each acts only through other columns, such as
        ``{"hospital": "infection"}``; where the two stay joined, a hidden cause is exposed.
    method : {"fci", "pc", "ges"}
        FCI allows hidden common causes. PC and GES assume that there are none.
    latents : {"allowed", "none"}
        "none" states that every common cause was recorded; PC and GES need that statement.
    columns : iterable of str, optional
        The variables; None: every column but ids, dates, weights, clusters and follow-up.
    test : {"auto", "fisher_z", "g_squared", "regression"}
        Partial correlations (all numbers), counts (all discrete), likelihood-ratio tests of regressions
        (both); "auto" chooses by the kinds of the columns. GES compares scores instead.
    alpha : float
        Level of each test, in (0, 1).
    max_given : int or None
        Largest conditioning set; None: no limit. FCI's marks stay right under a limit.
    bootstrap : int
        Replicates for the stability of each mark, at least 0; whole clusters are drawn where the cohort
        has any, patients where the clusters are the environment.
    seed : int
        Seed of the replicates.

    Returns
    -------
    Discovery

    Raises
    ------
    InvalidArgument
        PC or GES without ``latents="none"``; GES with background knowledge; an argument out of range;
        background that contradicts itself.
    ColumnNotFound, MissingValues, DataError
        A column is not there, has holes, or never varies.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> bmi, smoking = rng.normal(size=(2, 4000))
    >>> glucose = 0.5 * bmi + 0.4 * smoking + rng.normal(size=4000)
    >>> frame = pd.DataFrame({"bmi": bmi, "smoking": smoking, "glucose": glucose})
    >>> found = discover(Cohort.from_frame(frame), bootstrap=5)
    >>> print(found.graph)
    bmi o-> glucose
    smoking o-> glucose
    """
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    _check(method, latents, test, alpha, max_given, bootstrap)
    require_seed(seed)
    outside, indirect = as_environment(environment)
    data = variables(cohort, _columns(cohort, columns, outside), nominal=outside)
    known = _known(cohort, data.names, tiers, required, forbidden, outside)
    check_indirect(indirect, outside, data.names)
    if method == "ges" and (known.barred.any() or known.required.any()):
        raise InvalidArgument(
            "method='ges' cannot use tiers, environments, required or forbidden arrows. Use method='pc' "
            "(nothing hidden) or method='fci', or state tiers={} and no arrows."
        )
    name = "score" if method == "ges" else chosen_test(data, test)
    search = Search(method=method, test=name, alpha=alpha, max_given=max_given, known=known)
    clusters = None if cohort.cluster in outside else cohort.cluster_codes

    def again(replicate: int) -> MarkedGraph:
        return search.run(data.take(redrawn(data.n, clusters, seed=seed, replicate=replicate)))

    graph = Local().map(search.run, [data])[0]
    replicates = Local().map(again, range(bootstrap))
    spec = f"{method}(test={name!r}, alpha={alpha:g}, max_given={max_given}, bootstrap={bootstrap})"
    return Discovery(
        graph=graph,
        stability=stabilities(graph, replicates),
        method=method,
        latents=latents,
        test=name,
        alpha=float(alpha),
        max_given=max_given,
        bootstrap=bootstrap,
        n=data.n,
        tiers=tuple(str(period) for period in (cohort.tiers if tiers is None else tiers)),
        environment=outside,
        indirect=indirect,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=seed),
    )


def _columns(cohort: Cohort, columns: Iterable[str] | None, outside: Sequence[str]) -> Iterable[str] | None:
    if not outside:
        return columns
    return (*(default_columns(cohort) if columns is None else require_names("columns", columns)), *outside)


def _known(
    cohort: Cohort,
    names: Sequence[str],
    tiers: Mapping[str, Sequence[str]] | None,
    required: Pairs,
    forbidden: Pairs,
    outside: Sequence[str],
) -> Background:
    stated = cohort.tiers if tiers is None else tiers
    if not isinstance(stated, Mapping) or any(isinstance(some, str) for some in stated.values()):
        raise InvalidArgument(
            f"tiers={tiers!r} must map each period, earliest first, to a list of columns, such as "
            "tiers={'before': ['age'], 'after': ['infection']}."
        )
    listed = [name for some in stated.values() for name in some]
    absent = [str(name) for name in listed if name not in cohort]
    if absent:
        raise ColumnNotFound.among(absent, cohort.names, where="tiers=")
    if len(set(listed)) < len(listed):
        twice = sorted({name for name in listed if listed.count(name) > 1})
        raise InvalidArgument(f"tiers= names {twice} twice; a column was recorded in one period.")
    others = {period: [name for name in some if name not in outside] for period, some in stated.items()}
    return background(names, tiers=others, required=required, forbidden=forbidden, environment=outside)


def _check(
    method: object, latents: object, test: object, alpha: object, max_given: object, bootstrap: object
) -> None:
    if method not in METHODS:
        raise InvalidArgument.option("method", method, METHODS)
    if latents not in ("allowed", "none"):
        raise InvalidArgument.option("latents", latents, ("allowed", "none"))
    if test not in TESTS:
        raise InvalidArgument.option("test", test, TESTS)
    require_share("alpha", alpha, example=0.01)
    if method != "fci" and latents == "allowed":
        raise InvalidArgument(
            f"method={method!r} takes every common cause to be among the columns; in clinical data one "
            "rarely knows that. Use method='fci', or state latents='none' to take that upon yourself."
        )
    for name, given in (("max_given", max_given), ("bootstrap", bootstrap)):
        none = name == "max_given" and given is None
        if not none and (not isinstance(given, int) or isinstance(given, bool) or given < 0):
            raise InvalidArgument(f"{name}={given!r} must be a whole number, at least 0.")
