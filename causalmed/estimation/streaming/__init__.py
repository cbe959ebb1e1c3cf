"""Effects from rows that stay on disk.

A parametric estimator asks its rows for nothing but sums over canonical blocks. Here the blocks are read,
encoded and summed one by one, wherever the executor puts them, by the functions that sum the blocks of a
cohort in memory. The numbers are the same to the last bit.
"""
