"""Time to infection where death, discharge or the end of the record may come first.

``estimate(…, horizon=30)`` on a cohort with follow-up is answered here: the cumulative incidence by the
horizon under each exposure, competing events part of the course, censoring weighted for and filled in.
:func:`incidence_curves` draws it along time, :func:`landmark` starts the clock later where an exposure comes
later, :func:`extra_days` says by how much an infection lengthens the stay.
"""

from causalmed.estimation.survival.curves import IncidenceCurves, incidence_curves
from causalmed.estimation.survival.landmarks import landmark
from causalmed.estimation.survival.length_of_stay import ExtraDays, extra_days

__all__ = ["ExtraDays", "IncidenceCurves", "extra_days", "incidence_curves", "landmark"]
