"""The words around an effect read off an instrument."""

from __future__ import annotations

from dataclasses import dataclass

from causalmed.estimation.instrument.posing import InstrumentProblem

__all__ = ["Words", "complier_words", "linear_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Question, population, arms and assumptions of an effect."""

    question: str
    population: str
    arms: tuple[str, ...]
    assumptions: tuple[str, ...]


def complier_words(problem: InstrumentProblem) -> Words:
    """Write the words of an effect among compliers."""
    x, y, z = problem.base.estimand.exposure, problem.base.estimand.outcome, problem.instrument
    a, b = (f"{x} = {value:g}, among those who follow {z}" for value in problem.base.contrast)
    return Words(
        question=(
            f"How would {y} have differed, on average, had the patients whose {x} follows {z} had one value "
            f"of {x} instead of another?"
        ),
        population="compliers",
        arms=(a, b),
        assumptions=(
            f"There are no patients whose {x} goes against {z} (monotonicity). Who follows it cannot be told "
            "patient by patient.",
            f"The model of {z} is right, or those of {x} and {y} within its values are.",
        ),
    )


def linear_words(problem: InstrumentProblem) -> Words:
    """Write the words of a linear effect."""
    x, y, z = problem.base.estimand.exposure, problem.base.estimand.outcome, problem.instrument
    a, b = problem.base.contrast
    by = f"had {x} been {a:g} instead of {b:g}"
    where = f"given {', '.join(problem.base.estimand.adjustment_set)}, " if problem.base.covariates else ""
    return Words(
        question=(
            f"How would {y} have differed, on average, {by}, if the difference is the same for everybody? "
            f"Read off {z}."
        ),
        population="all",
        arms=(),
        assumptions=(
            f"{x} changes {y} by the same amount for all patients, and in proportion to it.",
            f"{_capital(where)}{z} foretells {x} and {y} in straight lines.",
        ),
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
