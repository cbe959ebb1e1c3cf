"""Effects along some paths: what an exposure does through mediators, and what it does otherwise.

``natural.py`` and ``controlled.py`` hold the influence functions, ``nuisances.py`` the regressions behind
them, ``answering.py`` puts them together; ``sensitivity.py`` and ``shares.py`` read a natural effect further.
"""

from causalmed.estimation.mediation.sensitivity import MediationSensitivity, mediation_sensitivity
from causalmed.estimation.mediation.shares import proportion_mediated
from causalmed.estimation.mediation.specs import MediationAIPW

__all__ = ["MediationAIPW", "MediationSensitivity", "mediation_sensitivity", "proportion_mediated"]
