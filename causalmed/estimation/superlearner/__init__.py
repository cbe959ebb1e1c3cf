"""The super learner: several candidates, mixed as cross-validation says.

``learner.py`` holds the estimator, ``mixing.py`` the weights, ``library.py`` the candidates it brings along.
"""

from causalmed.estimation.superlearner.learner import SuperLearner

__all__ = ["SuperLearner"]
