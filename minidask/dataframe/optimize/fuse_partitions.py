"""Fuse partition-wise layers to one function a partition: the dataframe's use of the blockwise fusion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.graph import Key, LayeredGraph
from minidask.optimize.blockwise import fuse_blockwise


def fuse_partitions(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return the graph with partition-wise layers fused; a plain dict of tasks is returned as it is."""
    return fuse_blockwise(graph, keys) if isinstance(graph, LayeredGraph) else graph
