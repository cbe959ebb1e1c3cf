"""Virtual trials: the same simulated patients under every arm."""

from causalmed.scm.trial.contrasts import TrialContrast
from causalmed.scm.trial.virtual import VirtualTrial

__all__ = ["TrialContrast", "VirtualTrial"]
