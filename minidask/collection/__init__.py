"""Collections: the protocol that arrays, frames, bags and delayed objects follow, and what works on any of them.

Place in the flow: above graphs, rewrites and schedulers, below every collection. ``compute`` is the one way from
collections to results: unpack the arguments, optimise and merge the graphs, hand them to the scheduler, put the
results back.

Tour: ``protocol`` (what makes an object a collection), ``mixin`` (its methods), ``unpack`` (find collections in
nested arguments), ``compute`` (compute, persist, optimize), ``pictures`` (visualize), ``naming`` (names inside keys),
``upward`` (names of higher packages that conversions need).
"""

from minidask import config, tokenize
from minidask.collection.compute import compute, optimize, persist
from minidask.collection.mixin import DaskMethodsMixin
from minidask.collection.naming import clone_key, get_collection_names, get_name_from_key, replace_name_in_key
from minidask.collection.pictures import visualize
from minidask.collection.protocol import collection_layers, is_dask_collection, rebuilt_layer
from minidask.collection.unpack import unpack_collections
from minidask.collection.upward import upward
from minidask.graph.annotations import annotate, get_annotations
from minidask.schedulers.registry import get_scheduler

tokenize.set_ensure_deterministic(lambda: bool(config.get("tokenize.ensure-deterministic", False)))

__all__ = [
    "DaskMethodsMixin",
    "annotate",
    "clone_key",
    "collection_layers",
    "compute",
    "get_annotations",
    "get_collection_names",
    "get_name_from_key",
    "get_scheduler",
    "is_dask_collection",
    "optimize",
    "persist",
    "rebuilt_layer",
    "replace_name_in_key",
    "unpack_collections",
    "upward",
    "visualize",
]
