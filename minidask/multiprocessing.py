"""Façade: re-exports the scheduler of processes, under the name where users of the field look for it.

The code is in `minidask.schedulers.processes`.
"""

from minidask.schedulers.processes import get

__all__ = ["get"]
