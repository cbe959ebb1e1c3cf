"""Exposures with more than two values: levels, shifts, doses.

Three questions about one such exposure: what if everybody had this level rather than that
(``contrast=("dirty", "clean")``); what if everybody's value were moved a little (``contrast=Shift(by=-10)``);
how does the risk run along the dose (:func:`dose_response`).
"""

from causalmed.estimation.exposures.dose import dose_response
from causalmed.estimation.exposures.shift import Shift

__all__ = ["Shift", "dose_response"]
