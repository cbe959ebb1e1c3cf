"""Missing values: kept as holes, filled as often as it takes to show how little is known about them."""

from causalmed.cohort.imputation.completing import Completions, completions_of
from causalmed.cohort.imputation.spec import Imputation

__all__ = ["Completions", "Imputation", "completions_of"]
