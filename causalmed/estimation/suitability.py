"""Whether an estimator can answer a question at all."""

from __future__ import annotations

from causalmed.errors import InvalidArgument
from causalmed.estimation.specs import Estimator
from causalmed.identification import Estimand

__all__ = ["check_is_estimator", "check_suits"]


def check_is_estimator(spec: object) -> None:
    """Refuse what is not one of the room's estimators.

    Raises
    ------
    InvalidArgument
        A class instead of an instance, a name, a learner.
    """
    declared = all(hasattr(spec, name) for name in ("targets", "populations", "models"))
    if isinstance(spec, type) or not declared:
        raise InvalidArgument(
            f"estimator={spec!r} is not an estimator. Use one of causalmed.estimation, such as TMLE(), "
            "AIPW(), IPW() or GComputation()."
        )


def check_suits(estimand: Estimand, spec: Estimator, population: str) -> None:
    """Refuse an estimator that cannot evaluate the estimand, or not in this population.

    Raises
    ------
    InvalidArgument
        The message lists what it can.
    """
    if estimand.kind not in spec.targets:
        able = ", ".join(sorted(spec.targets))
        raise InvalidArgument(
            f"{type(spec).__name__} cannot evaluate an effect identified by {estimand.kind!r}; it evaluates: "
            f"{able}. Measure what would allow adjustment, or read the formula of the estimand."
        )
    if not isinstance(population, str) or population not in spec.populations:
        if isinstance(population, str) and population in (reasons := getattr(spec, "refuses", {})):
            raise InvalidArgument(reasons[population])
        raise InvalidArgument.option("population", population, sorted(spec.populations))
    if population == "overlap" and not getattr(spec, "stabilised", True):
        raise InvalidArgument(
            "IPW(stabilised=False) has no overlap population: its size must be estimated too."
        )
