"""The fractional weighted bootstrap: every model fitted again, hundreds of replicates a pass over the rows.

``weights.py`` draws, ``equations.py`` puts the fitted models into coordinates in which a replicate is a short
step, ``chords.py`` takes the steps for 64 replicates at once, ``exact.py`` fits one replicate to the end.
"""

from causalmed.estimation.bootstrap.specs import Bootstrap

__all__ = ["Bootstrap"]
