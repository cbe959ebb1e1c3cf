"""For whom is the effect larger? The causal forest."""

from causalmed.estimation.forest.fitting import CausalForestFit, fit_forest
from causalmed.estimation.forest.spec import CausalForest

__all__ = ["CausalForest", "CausalForestFit", "fit_forest"]
