"""How much, and how sure.

The room's question: *how large is an identified effect, how sure is that, and how fragile?*
:func:`estimate` takes an :class:`~causalmed.identification.Estimand` and a cohort and returns an
:class:`~causalmed.results.Effect`. The estimators are values: :class:`GComputation`,
:class:`IPW`, :class:`IPWRA`, :class:`AIPW`, :class:`TMLE`. The room may not choose an adjustment set.
"""

from causalmed.estimation.bootstrap import Bootstrap
from causalmed.estimation.debiased import DoubleML
from causalmed.estimation.dowhy_adapter import DoWhy
from causalmed.estimation.econml_adapter import EconML
from causalmed.estimation.estimating import estimate
from causalmed.estimation.exposures import Shift, dose_response
from causalmed.estimation.forest import CausalForest, CausalForestFit, fit_forest
from causalmed.estimation.fragility import (
    ConfoundingBounds,
    LinearFragility,
    Refutation,
    RosenbaumBounds,
    Surveillance,
    SystematicError,
    TippingPoint,
    adjust_for_confounder,
    confounding_bounds,
    correct_outcome,
    fit_systematic_error,
    linear_fragility,
    refute,
    rosenbaum_bounds,
    tipping_point,
)
from causalmed.estimation.frontdoor import FrontDoorAIPW
from causalmed.estimation.instrument import (
    AndersonRubin,
    ComplierAIPW,
    TwoStageLinear,
    anderson_rubin,
    instrument_bounds,
)
from causalmed.estimation.joint_law import (
    correlation_of,
    critical_value,
    joint_correlation,
    max_draws,
)
from causalmed.estimation.jointly import simultaneous
from causalmed.estimation.learned import learned
from causalmed.estimation.matching import Matching
from causalmed.estimation.mediation import (
    MediationAIPW,
    MediationSensitivity,
    mediation_sensitivity,
    proportion_mediated,
)
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.subgroup_effects import SubgroupEffects
from causalmed.estimation.superlearner import SuperLearner
from causalmed.estimation.validating import Validation, validation

__all__ = [
    "AIPW",
    "IPW",
    "IPWRA",
    "TMLE",
    "AndersonRubin",
    "Bootstrap",
    "CausalForest",
    "CausalForestFit",
    "ComplierAIPW",
    "ConfoundingBounds",
    "DoWhy",
    "DoubleML",
    "EconML",
    "Estimator",
    "FrontDoorAIPW",
    "GComputation",
    "LinearFragility",
    "Matching",
    "MediationAIPW",
    "MediationSensitivity",
    "Refutation",
    "RosenbaumBounds",
    "Shift",
    "SubgroupEffects",
    "SuperLearner",
    "Surveillance",
    "SystematicError",
    "TippingPoint",
    "TwoStageLinear",
    "Validation",
    "adjust_for_confounder",
    "anderson_rubin",
    "confounding_bounds",
    "correct_outcome",
    "correlation_of",
    "critical_value",
    "dose_response",
    "estimate",
    "fit_forest",
    "fit_systematic_error",
    "instrument_bounds",
    "joint_correlation",
    "learned",
    "linear_fragility",
    "max_draws",
    "mediation_sensitivity",
    "proportion_mediated",
    "refute",
    "rosenbaum_bounds",
    "simultaneous",
    "tipping_point",
    "validation",
]
