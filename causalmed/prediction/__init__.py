"""A risk, a threshold, and how right they are.

The room's question: *what is the risk, and is it right?* A :class:`RiskModel` uses columns that may travel to
another hospital, alerts at a threshold whose specificity is guaranteed, and is measured by a
:class:`ClinicalPerformance` in which every number has an interval and specificity never stands without
sensitivity. Any classifier can be wrapped and measured the same way.
"""

from causalmed.prediction.adaptation import Adaptation, Expected
from causalmed.prediction.assess import clinical_performance
from causalmed.prediction.calibration import (
    CalibrationCurve,
    WeakCalibration,
    calibration_curve,
    weak_calibration,
)
from causalmed.prediction.clustered import clustered_proportion, effective_counts
from causalmed.prediction.discrimination import Discrimination, auroc
from causalmed.prediction.features import Feature
from causalmed.prediction.fit import fit_risk_model
from causalmed.prediction.influence import normal_interval, std_error_of_mean
from causalmed.prediction.model import RiskModel
from causalmed.prediction.new_cluster import NewClusterThreshold, new_cluster_threshold
from causalmed.prediction.performance import AlertPerformance, ClinicalPerformance, Histogram
from causalmed.prediction.proportions import difference_p_value, newcombe, proportion
from causalmed.prediction.recalibration import Recalibration
from causalmed.prediction.roles import observed_outcome, refuse_weights, seen_before
from causalmed.prediction.stable import LeftOut, StableColumns, stable_columns
from causalmed.prediction.threshold import (
    Threshold,
    checked_threshold,
    guaranteed_rank,
    guaranteed_threshold,
    negatives_needed,
)
from causalmed.prediction.transport_check import TransportCheck
from causalmed.prediction.transport_weights import BalancingWeights, balancing_weights
from causalmed.prediction.transported import Evidence, Moments, gather_evidence, transported_moments
from causalmed.prediction.transported_threshold import lowest_safe_threshold
from causalmed.prediction.utility import BenefitCurve, net_benefit, net_benefit_curve

__all__ = [
    "Adaptation",
    "AlertPerformance",
    "BalancingWeights",
    "BenefitCurve",
    "CalibrationCurve",
    "ClinicalPerformance",
    "Discrimination",
    "Evidence",
    "Expected",
    "Feature",
    "Histogram",
    "LeftOut",
    "Moments",
    "NewClusterThreshold",
    "Recalibration",
    "RiskModel",
    "StableColumns",
    "Threshold",
    "TransportCheck",
    "WeakCalibration",
    "auroc",
    "balancing_weights",
    "calibration_curve",
    "checked_threshold",
    "clinical_performance",
    "clustered_proportion",
    "difference_p_value",
    "effective_counts",
    "fit_risk_model",
    "gather_evidence",
    "guaranteed_rank",
    "guaranteed_threshold",
    "lowest_safe_threshold",
    "negatives_needed",
    "net_benefit",
    "net_benefit_curve",
    "new_cluster_threshold",
    "newcombe",
    "normal_interval",
    "observed_outcome",
    "proportion",
    "refuse_weights",
    "seen_before",
    "stable_columns",
    "std_error_of_mean",
    "transported_moments",
    "weak_calibration",
]
