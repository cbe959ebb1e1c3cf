"""Time to infection where death, discharge or the end of the record may come first.

``estimate(…, horizon=30)`` on a cohort with follow-up is answered here: the cumulative incidence by the
horizon under each exposure, competing events part of the course, censoring weighted for and filled in.
"""
