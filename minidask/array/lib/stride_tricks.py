"""``sliding_window_view`` under its name in NumPy, ``lib.stride_tricks``; it is made in ``minidask.array.overlap.windows``."""

from minidask.array.overlap.windows import sliding_window_view

__all__ = ["sliding_window_view"]
