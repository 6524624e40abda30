"""Names that NumPy has under ``numpy.lib``, for chunked arrays: ``lib.stride_tricks``. This package only names its modules."""

from minidask.array.lib import stride_tricks

__all__ = ["stride_tricks"]
