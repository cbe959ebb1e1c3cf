"""Debiased machine learning: one parameter between two cross-fitted predictions.

``partially_linear.py`` and ``logistic.py`` hold the scores, ``posing.py`` the questions (an exposure may be a
number here), ``answering.py`` puts them together; ``model="interactive"`` is cross-fitted AIPW.
"""

from causalmed.estimation.debiased.specs import DoubleML

__all__ = ["DoubleML"]
