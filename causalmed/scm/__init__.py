"""Mechanisms along a graph.

The room's question: *how would this patient have fared?* A structural causal model is fitted factor by
factor (hidden causes make a factor wider, never disappear), sampled under interventions, asked for effects
and for unit counterfactuals. What is not identified is refused; what is only bounded is an interval.
"""

from causalmed.scm.causation import Causation, probabilities_of_causation
from causalmed.scm.change import explain_change
from causalmed.scm.change_report import ChangeAttribution
from causalmed.scm.comparison import Comparison
from causalmed.scm.compiling import COMPILED
from causalmed.scm.conditional_law import ConditionalLaw
from causalmed.scm.counterfactuals import Counterfactuals
from causalmed.scm.diagnostics import MechanismDiagnostics
from causalmed.scm.factorisation import Factorisation, district_of
from causalmed.scm.fit import fit_scm
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.boosted import BoostedBinary, BoostedLevels, BoostedMean, BoostedQuantiles
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.count import Count
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.function import FunctionMechanism
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.learned import LearnedLevels, LearnedMean
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.mechanisms.quantiles import QuantileLaw
from causalmed.scm.mechanisms.scaled import ScaledGaussian
from causalmed.scm.mechanisms.trees import Trees
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.necessity import CausationBounds, causation_bounds
from causalmed.scm.networks import DiscreteNetwork, read_bif
from causalmed.scm.nodes import columns_of
from causalmed.scm.regimes import Randomise, Replace, Rule, Set, Shift
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.terms import Factor, FloatArray, Predictor, Term, Values

__all__ = [
    "COMPILED",
    "BoostedBinary",
    "BoostedLevels",
    "BoostedMean",
    "BoostedQuantiles",
    "Categorical",
    "Causation",
    "CausationBounds",
    "ChangeAttribution",
    "Comparison",
    "ConditionalLaw",
    "Count",
    "Counterfactuals",
    "DiscreteNetwork",
    "Empirical",
    "Factor",
    "Factorisation",
    "FloatArray",
    "FunctionMechanism",
    "LearnedLevels",
    "LearnedMean",
    "LinearGaussian",
    "LogisticBinary",
    "Mechanism",
    "MechanismDiagnostics",
    "MechanismSpec",
    "Ordinal",
    "Predictor",
    "QuantileLaw",
    "Randomise",
    "Replace",
    "Rule",
    "ScaledGaussian",
    "Set",
    "Shift",
    "StructuralCausalModel",
    "Term",
    "Trees",
    "Values",
    "causation_bounds",
    "columns_of",
    "district_of",
    "explain_change",
    "fit_scm",
    "probabilities_of_causation",
    "read_bif",
]
