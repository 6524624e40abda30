"""Rewrites of array layers, one a file, and the passes that every computation goes through.

- ``share_factors``: what can be made in two ways is made of what is there anyway.
- ``skip_rechunks``: a rechunk before the result is put together is left out.
- ``push_slices``: sources read only what a slice behind them keeps.
- ``push_takes``: positions are taken from arrays in memory, not from their blocks.
- ``repeat_sources``: cheap sources are made anew for each of their users instead of being kept.
- ``read_places``: what is a result and used besides is read from the result, where it has been written.
- ``coalesce``: many small blocks run as fewer larger ones, where nothing depends on the cut.
- ``split_blocks``: large blocks run as several smaller ones, where temporaries would leave the caches.
- ``fuse_blocks``: chains and diamonds of blockwise layers, up to the first step of a reduction, become one task a block.
- ``flatten_programs``: fused functions reuse the memory of their temporaries, and write the last one where it is wanted.

Reductions make the partial result of each block in a blockwise layer, which is why fusion takes it in. Users replace the
passes with the setting ``array_optimize``: a callable ``(graph, keys) -> graph`` or a list of them.
"""

from minidask.array.optimize.coalesce import coalesce
from minidask.array.optimize.flatten_programs import flatten_programs
from minidask.array.optimize.fuse_blocks import fuse_blocks
from minidask.array.optimize.push_slices import push_slices
from minidask.array.optimize.push_takes import push_takes
from minidask.array.optimize.read_places import read_places
from minidask.array.optimize.repeat_sources import repeat_sources
from minidask.array.optimize.share_factors import share_factors
from minidask.array.optimize.skip_rechunks import skip_rechunks
from minidask.array.optimize.split_blocks import split_blocks

PASSES = (
    share_factors,
    skip_rechunks,
    push_slices,
    push_takes,
    repeat_sources,
    read_places,
    coalesce,
    split_blocks,
    fuse_blocks,
    flatten_programs,
)
# With the setting optimization.blockwise.active off.
PASSES_WITHOUT_FUSION = (push_slices,)

__all__ = [
    "PASSES",
    "PASSES_WITHOUT_FUSION",
    "coalesce",
    "flatten_programs",
    "fuse_blocks",
    "push_slices",
    "push_takes",
    "read_places",
    "repeat_sources",
    "share_factors",
    "skip_rechunks",
    "split_blocks",
]
