"""The verb: why does the model say so?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from causalmed.arguments import require_instance, require_names, require_seed
from causalmed.cohort import Cohort
from causalmed.engine import generator
from causalmed.errors import InvalidArgument
from causalmed.explanation.answering import About, by_setting, caused_outcome, check_sum, used
from causalmed.explanation.explanation import Explanation
from causalmed.explanation.games.noise import RUNS
from causalmed.explanation.halves import Half, Refit, halves
from causalmed.explanation.places import Place, place_of
from causalmed.explanation.players import Matrix, Players, RiskFunction
from causalmed.explanation.questions import QUESTIONS
from causalmed.explanation.refitting import with_uncertainty
from causalmed.explanation.shapley import Attributions, exact
from causalmed.explanation.trees.risks import by_trees
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.scm import Mechanism, StructuralCausalModel

__all__ = ["HasGraph", "explain"]


class HasGraph(Protocol):
    """A model that carries its graph."""

    @property
    def graph(self) -> Graph:
        """What is assumed to cause what."""
        ...


MOST_REFERENCE: Final = 1_000
MOST_EXACT: Final = 12  # 2^12 coalitions a patient and background row
MOST_DRAWS: Final = 1 << 16
LEAST_REFITS: Final = 10


def explain(
    model: RiskFunction,
    patients: Cohort,
    *,
    scm: HasGraph | None = None,
    background: Cohort | None = None,
    questions: Sequence[str] | None = None,
    graph: Graph | None = None,
    parts: bool | None = None,
    refits: int = 0,
    refit: Refit | None = None,
    draws: int = 256,
    seed: int = 0,
) -> Explanation:
    r"""Say why a risk is what it is: what the model used, what setting a column would do, what causes it.

    Shapley values :math:`\phi_j` of three games, all in the unit of the risk itself. *used*:
    :math:`v(S) = n^{-1} \sum_b f(x_S, b_{\bar S})` over the rows :math:`b` of the background. *set*:
    :math:`v(S) = E[f(X) \mid do(X_S = x_S)]`. *caused*: :math:`v(S) = E[Y \mid do(X_S = x_S)]`. Each sums to
    the worth of all columns less that of none.

    Parameters
    ----------
    model : RiskModel
        Anything with ``.features`` and ``.risk(patients)``.
    patients : Cohort
        Whom to explain.
    scm : StructuralCausalModel, optional
        Its graph gives the places; "set" and "caused" need it.
    background : Cohort, optional
        With whom the patients are compared in "used": every row counts, none is sampled away. By default
        1,000 of the patients the model was fitted on (all, where there are fewer), drawn by the seed; the
        result says so and carries the error of the draw. A wrapped model needs it stated: an attribution
        means nothing without somebody to compare with.
    questions : sequence of str, optional
        Of "used", "set" and "caused"; the first leads and the others stand beside it. By default all three
        with a structural causal model, else "used".
    graph : Graph, optional
        The graph, where there is no ``scm``.
    parts : bool, optional
        Whether "set" and "caused" are divided into a direct and an indirect part; by default for up to 8
        features, because it takes a further world for each step.
    refits : int
        How often both models are fitted again, each time on a random half of the patients (or clusters);
        0 for intervals that hold these models to be right, 50 or more for intervals that do not.
    refit : callable, optional
        Cohort → model: how to fit a model again that did not come from :func:`fit_risk_model`. Without it
        such a model is taken as it is.
    draws : int
        Draws of the noise behind "set" and "caused", at least 16, rounded to a multiple of 8.
    seed : int
        Seed of the noise, and of the orders where there are more than 12 features.

    Returns
    -------
    Explanation

    Raises
    ------
    InvalidArgument
        No background, a background with sampling weights, a question that cannot be asked.
    ColumnNotFound
        A feature is missing from the patients or the background.
    NotIdentified
        Hidden causes leave it undetermined what setting any of the columns would do. A column for which
        this is so is listed, not scored, as long as there are others.
    NotConverged
        Attributions do not sum to the risk within 1e-6, or more than a fifth of the refits failed.

    Notes
    -----
    used: Lundberg and Lee (2017, NeurIPS 30); Janzing, Minorics and Bloebaum (2020, AISTATS). set: Heskes et
    al. (2020, NeurIPS 33). caused: Jung et al. (2022, ICML). Up to 12 features all coalitions are computed;
    beyond, antithetic orders, whose Monte-Carlo error is reported.

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
    require_instance("patients", patients, Cohort, how="Cohort.from_frame(frame, …)")
    require_seed(seed)
    asked = _checked_questions(questions, scm)
    assumed = assumed_graph(graph, scm)
    known = _checked_background(_reference(model, seed) if background is None else background)
    players = Players.of(model, known)
    spec = f"explain(questions={asked!r}, draws={draws})"
    about = About(
        players=players,
        patients=patients,
        background=known,
        places=_places(assumed, players.names, _outcome(known, assumed)),
        provenance=Provenance.collect(data_fingerprint=patients.fingerprint, spec=spec, seed=seed),
    )
    whole = checked_draws(draws)
    answers = {name: _answer(name, about, scm, draws=whole, seed=seed, parts=parts) for name in asked}
    if checked_refits(refits):
        answers = _refitted(answers, about, scm, refits=refits, refit=refit, draws=whole, seed=seed)
    first = answers.pop(asked[0])
    return replace(first, beside=answers) if answers else first


def _refitted(
    answers: Mapping[str, Explanation],
    about: About,
    scm: HasGraph | None,
    *,
    refits: int,
    refit: Refit | None,
    draws: int,
    seed: int,
) -> dict[str, Explanation]:
    """Fit everything again on halves of the patients, and answer again."""
    fitted = scm if isinstance(scm, StructuralCausalModel) else None
    model, background = about.players.model, about.background
    found, units = halves(model, fitted, background, refits=refits, refit=refit, seed=seed)
    as_it_is = Half(background=background, model=model, mechanisms=None)

    def answer(name: str, half: Half) -> Matrix:
        these = replace(about, players=about.players.with_model(half.model), background=half.background)
        return _answer(
            name, these, scm, draws=draws, seed=seed, parts=False, mechanisms=half.mechanisms
        ).values

    return with_uncertainty(answers, found, as_it_is, answer, units=units)


def _answer(
    name: str,
    about: About,
    scm: HasGraph | None,
    *,
    draws: int,
    seed: int,
    parts: bool | None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Explanation:
    """Answer one question, and check that the shares sum to what they explain."""
    if name == "used":
        found = used(about, lambda model, rows, compared: _attribute(model, rows, compared, seed))
    else:
        assert isinstance(scm, StructuralCausalModel)
        outcome = None if name == "set" else caused_outcome(scm, about.patients)
        found = by_setting(
            about, scm, outcome=outcome, draws=draws, seed=seed, parts=parts, mechanisms=mechanisms
        )
    check_sum(found)
    return found


def assumed_graph(graph: Graph | None, scm: HasGraph | None) -> Graph | None:
    """Return the graph, else that of the model; refuse what is neither."""
    found = graph if graph is not None or scm is None else getattr(scm, "graph", None)
    if not isinstance(found, Graph | None) or (found is None and scm is not None):
        raise InvalidArgument("graph= is a Graph (Graph.parse), and scm= a StructuralCausalModel (fit_scm).")
    return found


def _checked_questions(questions: Sequence[str] | None, scm: HasGraph | None) -> tuple[str, ...]:
    """Return the questions; refuse an unknown one, and one that lacks its structural model."""
    able = isinstance(scm, StructuralCausalModel)
    if questions is None:
        return tuple(QUESTIONS) if able else ("used",)
    asked = require_names("questions", questions)
    unknown = [name for name in asked if name not in QUESTIONS]
    if unknown or not asked or len(set(asked)) < len(asked):
        raise InvalidArgument.option("questions", asked, tuple(QUESTIONS))
    if set(asked) - {"used"} and not able:
        raise InvalidArgument(
            f"questions={asked!r} need scm=, a StructuralCausalModel: what setting a column does cannot be "
            "read off the risk model. Fit one with fit_scm(graph, cohort), or ask only for 'used'."
        )
    return asked


def checked_refits(refits: int) -> int:
    """Return the number of refits: none, or enough for a variance."""
    whole = isinstance(refits, int) and not isinstance(refits, bool)
    if not whole or refits < 0 or 0 < refits < LEAST_REFITS:
        raise InvalidArgument(
            f"refits={refits!r} must be 0 or a whole number of at least {LEAST_REFITS}: fewer do not give a "
            "variance. 50 or more are better."
        )
    return refits


def checked_draws(draws: int) -> int:
    """Return the draws rounded up to whole runs."""
    if isinstance(draws, bool) or not isinstance(draws, int) or not 16 <= draws <= MOST_DRAWS:
        raise InvalidArgument(
            f"draws={draws!r} must be a whole number from 16 to {MOST_DRAWS:,}: fewer leave no error to be "
            "estimated."
        )
    return -(-draws // RUNS) * RUNS


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
    found = by_trees(players, patients=rows, background=compared, seed=seed)
    if found is not None:
        return found
    if len(players.names) <= MOST_EXACT:
        return exact(players.risk, patients=rows, background=compared)
    from causalmed.explanation.shap_adapter import by_permutations

    return by_permutations(players.risk, patients=rows, background=compared, seed=seed)


def _outcome(background: Cohort, graph: Graph | None) -> str | None:
    if graph is None:
        return None
    target = background.outcome or next(iter(sorted(graph.outcomes)), None)
    if target is None:
        raise InvalidArgument(
            "The places in the graph are seen from the outcome, and neither the background nor the graph "
            "names one. Give the cohort an outcome=."
        )
    return target


def _places(graph: Graph | None, features: Sequence[str], outcome: str | None) -> tuple[Place, ...]:
    if graph is None or outcome is None:
        return ()
    return tuple(place_of(graph, feature, outcome=outcome, features=features) for feature in features)
