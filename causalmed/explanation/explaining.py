"""The verb: why does the model say so?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from causalmed.arguments import require_instance, require_names, require_seed
from causalmed.cohort import Cohort
from causalmed.engine import generator
from causalmed.errors import InvalidArgument, NotConverged
from causalmed.explanation.explanation import QUESTIONS, Explanation
from causalmed.explanation.places import Place, place_of
from causalmed.explanation.players import Matrix, Players, RiskFunction, word_of
from causalmed.explanation.shapley import Attributions, exact
from causalmed.graph import Graph
from causalmed.results import Provenance

__all__ = ["HasGraph", "explain"]


class HasGraph(Protocol):
    """A model that carries its graph."""

    @property
    def graph(self) -> Graph:
        """What is assumed to cause what."""
        ...


MOST_REFERENCE: Final = 1_000
MOST_EXACT: Final = 12  # 2^12 coalitions a patient and background row
TOLERANCE: Final = 1e-6


def explain(
    model: RiskFunction,
    patients: Cohort,
    *,
    scm: HasGraph | None = None,
    background: Cohort | None = None,
    questions: Sequence[str] = ("used",),
    graph: Graph | None = None,
    seed: int = 0,
) -> Explanation:
    r"""Say what a risk model used for these patients, beside each feature's place in the graph.

    Interventional Shapley values :math:`\phi_j` of the game
    :math:`v(S) = n^{-1} \sum_b f(x_S, b_{\bar S})` over the rows :math:`b` of the background, computed on
    the risk itself, so that :math:`\sum_j \phi_j = f(x) - v(\emptyset)`.

    Parameters
    ----------
    model : RiskModel
        Anything with ``.features`` and ``.risk(patients)``.
    patients : Cohort
        Whom to explain.
    scm : StructuralCausalModel, optional
        Its graph gives the places.
    background : Cohort, optional
        With whom the patients are compared: every row counts, none is sampled away. By default 1,000 of the
        patients the model was fitted on (all, where there are fewer), drawn by the seed; the result says so
        and carries the error of the draw. A wrapped model needs it stated: an attribution means nothing
        without somebody to compare with.
    questions : sequence of str
        ``"used"``: what the model used. The questions "set" and "caused" are not available yet.
    graph : Graph, optional
        The graph, where there is no ``scm``.
    seed : int
        Seed of the orders, where there are more than 12 features.

    Returns
    -------
    Explanation

    Raises
    ------
    InvalidArgument
        No background, a background with sampling weights, a question that is not available.
    ColumnNotFound
        A feature is missing from the patients or the background.
    NotConverged
        Attributions do not sum to the risk within 1e-6.

    Notes
    -----
    Lundberg and Lee (2017, NeurIPS 30); Janzing, Minorics and Bloebaum (2020, AISTATS). Up to 12 features
    all coalitions are computed; beyond, ``shap.PermutationExplainer`` with antithetic orders, whose
    Monte-Carlo error is reported.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> class Model:
    ...     features = ("age", "diabetes")
    ...     def risk(self, patients):
    ...         return 0.05 + 0.001 * patients.values("age") + 0.1 * patients.values("diabetes")
    >>> table = pd.DataFrame({"age": [40, 50, 60, 70], "diabetes": [0, 0, 1, 1]})
    >>> cohort = Cohort.from_frame(table, kinds={"age": "continuous"})
    >>> why = explain(Model(), cohort.patient(3), background=cohort)
    >>> why.values.round(2).tolist(), round(why.start, 2), why.risks.round(2).tolist()
    ([[1.5, 5.0]], 15.5, [22.0])
    """
    _check_questions(questions)
    require_instance("patients", patients, Cohort, how="Cohort.from_frame(frame, …)")
    require_seed(seed)
    assumed = assumed_graph(graph, scm)
    known = _checked_background(_reference(model, seed) if background is None else background)
    players = Players.of(model, known)
    rows, compared = players.matrix(patients), players.matrix(known)
    found = _attribute(players, rows, compared, seed)
    risks = players.risk(rows)
    _check_sum(found, risks, patients)
    return Explanation(
        question=QUESTIONS["used"],
        features=players.names,
        unit_ids=tuple(str(unit) for unit in patients.unit_ids.tolist()),
        given=_given(players, patients),
        values=100 * found.values,
        background_error=100 * found.background_error,
        monte_carlo_error=100 * found.monte_carlo_error,
        start=100 * found.start,
        risks=100 * risks,
        places=_places(assumed, players.names, known.outcome),
        background_fingerprint=known.fingerprint,
        background_n=known.n,
        method=found.method,
        provenance=Provenance.collect(
            data_fingerprint=patients.fingerprint, spec=f"explain(questions={tuple(questions)!r})", seed=seed
        ),
    )


def assumed_graph(graph: Graph | None, scm: HasGraph | None) -> Graph | None:
    """Return the graph, else that of the model; refuse what is neither."""
    found = graph if graph is not None or scm is None else getattr(scm, "graph", None)
    if not isinstance(found, Graph | None) or (found is None and scm is not None):
        raise InvalidArgument("graph= is a Graph (Graph.parse), and scm= a StructuralCausalModel (fit_scm).")
    return found


def _check_questions(questions: Sequence[str]) -> None:
    asked = require_names("questions", questions)
    unknown = [name for name in asked if name not in QUESTIONS]
    if unknown or not asked:
        raise InvalidArgument.option("questions", asked, QUESTIONS)


def _reference(model: RiskFunction, seed: int) -> Cohort | None:
    """Return some of the patients the model was fitted on, or None where it does not carry them."""
    fitted: Cohort | None = getattr(model, "reference", None)
    if fitted is None or fitted.n <= MOST_REFERENCE:
        return fitted
    chosen = generator(seed, "explain", "reference").choice(fitted.n, size=MOST_REFERENCE, replace=False)
    return fitted.take(np.sort(chosen))


def _checked_background(background: Cohort | None) -> Cohort:
    if background is None:
        raise InvalidArgument(
            "explain() needs background=, the cohort with whom the patients are compared. An attribution is "
            "a difference from somebody, and changes with whom. Give the cohort the model was fitted on, or "
            "the patients of the same operation."
        )
    require_instance("background", background, Cohort, how="Cohort.from_frame(frame, …)")
    if background.weights is not None:
        raise InvalidArgument(
            f"The background has sampling weights ({background.weights!r}), and every row would count the "
            "same. The mean risk would not be that of the population. Draw an unweighted sample of it first."
        )
    return background


def _attribute(players: Players, rows: Matrix, compared: Matrix, seed: int) -> Attributions:
    if len(players.names) <= MOST_EXACT:
        return exact(players.risk, patients=rows, background=compared)
    from causalmed.explanation.shap_adapter import by_permutations

    return by_permutations(players.risk, patients=rows, background=compared, seed=seed)


def _check_sum(found: Attributions, risks: Matrix, patients: Cohort) -> None:
    gap = np.abs(found.values.sum(axis=1) + found.start - risks)
    worst = int(np.argmax(gap))
    if not gap[worst] <= TOLERANCE:
        raise NotConverged(
            f"The attributions of patient {patients.unit_ids[worst]} sum to "
            f"{found.values[worst].sum():.8f}, and the risk differs from the background's by "
            f"{risks[worst] - found.start:.8f}. Such numbers explain something else. The model's risk must "
            "be the same whenever it is asked about the same row: check that it draws no random numbers and "
            "does not depend on the other rows."
        )


def _given(players: Players, patients: Cohort) -> tuple[tuple[str, ...], ...]:
    written = [
        [word_of(column, value) for value in column.values] for column in map(patients.column, players.names)
    ]
    return tuple(zip(*written, strict=True))


def _places(graph: Graph | None, features: Sequence[str], outcome: str | None) -> tuple[Place, ...]:
    if graph is None:
        return ()
    target = outcome if outcome is not None else next(iter(sorted(graph.outcomes)), None)
    if target is None:
        raise InvalidArgument(
            "The places in the graph are seen from the outcome, and neither the background nor the graph "
            "names one. Give the cohort an outcome=."
        )
    return tuple(place_of(graph, feature, outcome=target, features=features) for feature in features)
