"""Façade: re-exports what users write and ask about plain graphs, under the name where users of the field look for it.

The code is in `minidask.graph`: `flatten` is its `nested_keys`, `literal` its `Literal`.
"""

from minidask.graph.convert import Literal as literal
from minidask.graph.convert import nested_keys as flatten
from minidask.graph.convert import quote
from minidask.graph.traverse import toposort
from minidask.schedulers.sync import get

__all__ = ["flatten", "get", "literal", "quote", "toposort"]
