"""Rewrites of graphs, one a file: of layers before they are lowered, of tasks afterwards.

- ``blockwise``: chains and diamonds of blockwise layers become one layer (layers -> layers).
- ``cull``: only what the outputs need (tasks -> tasks).
- ``fuse``: chains, and on demand wider groups, of tasks become one task each (tasks -> tasks).
- ``inline``: cheap tasks are repeated inside those that use them (tasks -> tasks).
- ``pipeline``: which rewrites a kind of collection gets, and how users replace them.

Every rewrite is pure and iterative, keeps the keys and values of the outputs, and never merges tasks of different annotations.
"""

from minidask.optimize.blockwise import fuse_blockwise
from minidask.optimize.cull import cull
from minidask.optimize.fuse import FuseLimits, fuse
from minidask.optimize.inline import inline, inline_functions
from minidask.optimize.pipeline import run_pipeline

__all__ = ["FuseLimits", "cull", "fuse", "fuse_blockwise", "inline", "inline_functions", "run_pipeline"]
