"""Façade: re-exports the threaded scheduler, under the name where users of the field look for it.

The code is in `minidask.schedulers.threads`.
"""

from minidask.schedulers.threads import get

__all__ = ["get"]
