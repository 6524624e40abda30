"""Façade: re-exports the synchronous scheduler, under the name where users of the field look for it.

The code is in `minidask.schedulers.sync`; the other schedulers stand beside it.
"""

from minidask.schedulers.sync import get as get_sync

__all__ = ["get_sync"]
