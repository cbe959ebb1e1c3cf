"""Laws of one node given its inputs: a module a mechanism, a frozen value, its noise in quantile form."""
