"""Instruments: effects of an exposure whose causes were not all measured.

``compliers.py`` holds the influence function for a yes/no instrument and exposure, ``linear.py`` two-stage
least squares for any other, ``weak.py`` what can be said with a weak instrument; ``bounds.py`` what holds
without assuming that nobody acts against it; ``answering.py`` puts them together.
"""

from causalmed.estimation.instrument.bounds import instrument_bounds
from causalmed.estimation.instrument.specs import ComplierAIPW, TwoStageLinear
from causalmed.estimation.instrument.weak import AndersonRubin, anderson_rubin

__all__ = ["AndersonRubin", "ComplierAIPW", "TwoStageLinear", "anderson_rubin", "instrument_bounds"]
