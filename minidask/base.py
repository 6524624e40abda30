"""Façade: re-exports what works on any collection, under the name where users of the field look for it.

The code is in `minidask.collection` (the protocol, `compute` and its like) and `minidask.tokenize`.
"""

from minidask.collection import (
    DaskMethodsMixin,
    annotate,
    clone_key,
    compute,
    get_annotations,
    get_collection_names,
    get_name_from_key,
    get_scheduler,
    is_dask_collection,
    optimize,
    persist,
    replace_name_in_key,
    unpack_collections,
    visualize,
)
from minidask.tokenize import normalize_token, tokenize

__all__ = [
    "DaskMethodsMixin",
    "annotate",
    "clone_key",
    "compute",
    "get_annotations",
    "get_collection_names",
    "get_name_from_key",
    "get_scheduler",
    "is_dask_collection",
    "normalize_token",
    "optimize",
    "persist",
    "replace_name_in_key",
    "tokenize",
    "unpack_collections",
    "visualize",
]
