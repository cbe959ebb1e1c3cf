"""Matching: comparing patients with the most similar ones of the other arm.

:class:`Matching` is the specification; :mod:`~causalmed.estimation.matching.scores` and
:mod:`~causalmed.estimation.matching.points` find neighbours on a score and among covariates,
:mod:`~causalmed.estimation.matching.abadie_imbens` makes of them means and their covariance.
"""

from causalmed.estimation.matching.spec import Matching

__all__ = ["Matching"]
