"""Delayed: ordinary Python calls that make a task graph instead of running.

Place in the flow: above the collection protocol, beside ``minidask.io``; arrays, frames and bags turn into delayed
objects and back. Each call on a delayed object makes one layer of one task that points to the layers of its
arguments; nothing is copied, whatever the size of the graph so far.

Tour: ``objects`` (``delayed`` and the classes), ``operators`` (what Python's syntax means on them), ``arguments``
(from a call's arguments to a task and its inputs), ``calls`` (functions that tasks call), ``naming`` (keys). This file
only names what is public.
"""

from minidask.delayed.objects import Delayed, DelayedAttr, DelayedLeaf, delayed, optimize

__all__ = ["Delayed", "DelayedAttr", "DelayedLeaf", "delayed", "optimize"]
