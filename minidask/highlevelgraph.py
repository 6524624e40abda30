"""Façade: re-exports graphs made of layers, under the names where users of the field look for them.

The code is in `minidask.graph`: `HighLevelGraph` is its `LayeredGraph`.
"""

from minidask.graph.layer import Layer, MaterializedLayer
from minidask.graph.layered import LayeredGraph as HighLevelGraph

__all__ = ["HighLevelGraph", "Layer", "MaterializedLayer"]
