"""Statistics of arrays: order statistics, counts of values, central moments and covariances. Names are in ``minidask.array``."""
