"""The front door: an effect that adjustment cannot reach, followed through mediators that carry all of it.

``scores.py`` holds the influence function, ``nuisances.py`` the regressions behind it, ``answering.py`` puts
them together.
"""

from causalmed.estimation.frontdoor.specs import FrontDoorAIPW

__all__ = ["FrontDoorAIPW"]
