"""Fuse blockwise layers to one function a block: the array's use of the blockwise fusion, diamonds included.

The fused function is a ``Program``, a flat list of calls. Faster ways to run such a list belong behind this pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.graph import Key, LayeredGraph
from minidask.optimize.blockwise import fuse_blockwise


def fuse_blocks(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return the graph with blockwise layers fused; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ones(10, chunks=5)
    >>> y = da.exp(x) - 1 / x
    >>> len(y.dask.layers), len(fuse_blocks(y.dask, y.__dask_keys__()).layers)
    (4, 1)
    """
    return fuse_blockwise(graph, keys) if isinstance(graph, LayeredGraph) else graph
