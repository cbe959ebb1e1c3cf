"""The worked E-values of VanderWeele and Ding (2017) and of the EValue vignette."""

from __future__ import annotations

from causalmed.results import Interval, e_value

INTERVALS = ((3.9, 1.8, 8.7, 1.0), (0.80, 0.71, 0.91, 1.0), (10.73, 8.02, 14.36, 1.0), (2.5, 2.5, 2.5, 1.5))


def test_printed_e_values(printed):
    case = printed("evalues")
    for (estimate, low, high, null), (at_estimate, at_limit) in zip(INTERVALS, case["value"], strict=True):
        found = e_value(Interval(estimate=estimate, low=low, high=high, std_error=float("nan")), null=null)
        assert abs(found.estimate - at_estimate) <= case["tol"]
        if at_limit is not None:
            assert abs(found.limit - at_limit) <= case["tol"]
