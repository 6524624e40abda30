"""Blocks that see their neighbours: ``overlap``, ``map_overlap``, ``push``, ``sliding_window_view``.

``depths`` reads arguments, ``borders`` cuts and pastes, ``trimming`` undoes it, ``mapped`` maps functions; ``padding`` adds to
an array's ends alone, ``pushing`` fills missing values, ``windows`` slides. This module only names what they hold.
"""

from minidask.array.overlap.borders import overlap
from minidask.array.overlap.depths import coerce_boundary, coerce_depth, ensure_minimum_chunksize
from minidask.array.overlap.mapped import map_overlap
from minidask.array.overlap.padding import add_dummy_padding, boundaries, constant, nearest, periodic, reflect
from minidask.array.overlap.pushing import push
from minidask.array.overlap.trimming import trim_internal, trim_overlap
from minidask.array.overlap.windows import sliding_window_view

__all__ = [
    "add_dummy_padding",
    "boundaries",
    "coerce_boundary",
    "coerce_depth",
    "constant",
    "ensure_minimum_chunksize",
    "map_overlap",
    "nearest",
    "overlap",
    "periodic",
    "push",
    "reflect",
    "sliding_window_view",
    "trim_internal",
    "trim_overlap",
]
