"""How fragile is an effect: what would have to be wrong for it to vanish?

The part of estimation that asks it: unmeasured confounding (robustness values, yardsticks, matched
pairs, tipping points), errors in the outcome, negative controls, and refuters, which estimate again where
the answer is known.
"""

from causalmed.estimation.fragility.bounding import confounding_bounds, linear_fragility
from causalmed.estimation.fragility.linear import LinearFragility
from causalmed.estimation.fragility.misclassification import Surveillance, correct_outcome
from causalmed.estimation.fragility.negative_controls import SystematicError, fit_systematic_error
from causalmed.estimation.fragility.omitted import ConfoundingBounds
from causalmed.estimation.fragility.refutation import Refutation
from causalmed.estimation.fragility.refuting import refute
from causalmed.estimation.fragility.rosenbaum import RosenbaumBounds, rosenbaum_bounds
from causalmed.estimation.fragility.tipping import TippingPoint, adjust_for_confounder, tipping_point

__all__ = [
    "ConfoundingBounds",
    "LinearFragility",
    "Refutation",
    "RosenbaumBounds",
    "Surveillance",
    "SystematicError",
    "TippingPoint",
    "adjust_for_confounder",
    "confounding_bounds",
    "correct_outcome",
    "fit_systematic_error",
    "linear_fragility",
    "refute",
    "rosenbaum_bounds",
    "tipping_point",
]
