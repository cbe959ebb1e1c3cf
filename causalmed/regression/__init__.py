"""Generalised linear models on blocks of rows, the workhorse of the rooms above.

The room's question: *which coefficients fit, and is there an answer at all?* Logistic models by
Newton's method on a compiled pass over the rows, Firth's penalised likelihood where events are few,
linear models by refined normal equations, designs that remember their coding. Separation and
collinearity are named, never iterated away; every sum over rows is exact, so the number of threads
never changes a bit.
"""

from causalmed.regression.design import ColumnLike, Design
from causalmed.regression.linear import fit_linear
from causalmed.regression.logistic import fit_logistic, fit_logistic_folds
from causalmed.regression.recipe import DesignRecipe, encode
from causalmed.regression.result import GLMFit
from causalmed.regression.specs import Linear, Logistic
from causalmed.regression.streamed import RowBlocks, fit_linear_blocks, fit_logistic_blocks

__all__ = [
    "ColumnLike",
    "Design",
    "DesignRecipe",
    "GLMFit",
    "Linear",
    "Logistic",
    "RowBlocks",
    "encode",
    "fit_linear",
    "fit_linear_blocks",
    "fit_logistic",
    "fit_logistic_blocks",
    "fit_logistic_folds",
]
