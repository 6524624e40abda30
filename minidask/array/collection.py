"""What an array is: a layer, chunks and a meta; and the collection protocol.

Place in the flow: the base of ``Array`` (``minidask.array.array``), which adds NumPy's methods and registers itself here, so that
the modules of operations in between make arrays by ``new_array`` without knowing the class.

State: ``_layer`` the layer whose blocks are the chunks; ``_chunks`` their sizes; ``_meta`` an empty array; ``_shape`` (worked out
from the chunks on first use, or shared with the array that this one was made from).

Invariants: the layer's grid has as many blocks as ``chunks`` say; making an array costs nothing for each block. An array changes
only where it is assigned to (``x[...] = v``): then it gets another layer, and arrays made from it before keep the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np

from minidask import config
from minidask.array.assemble import assemble
from minidask.array.chunks import REMEDY, Chunks, Size, UnknownChunkSizes, has_unknown, shape_of
from minidask.array.optimize import PASSES, PASSES_WITHOUT_FUSION
from minidask.array.performance import FEW, check_number
from minidask.collection import DaskMethodsMixin, rebuilt_layer
from minidask.config.store import touched
from minidask.graph import Key, Layer, LayeredGraph
from minidask.optimize.pipeline import OWN, run_pipeline
from minidask.schedulers import threads

# The class of arrays: ``minidask.array.array`` puts its own in the place of the base.
CLASSES: list[type[ArrayBase]] = []


class ArrayBase(DaskMethodsMixin):
    """A chunked array; see ``Array``."""

    __slots__ = ("_chunks", "_graph", "_layer", "_meta", "_shape")

    _layer: Layer
    _chunks: Chunks
    _meta: Any
    _shape: tuple[Size, ...] | None
    _graph: LayeredGraph | None

    def __init__(self, layer: Layer, chunks: Chunks, meta: Any) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(f"an Array is made of a layer, got {type(layer).__name__}: use from_array or from_delayed")
        if tuple(map(len, chunks)) != layer.numblocks:
            raise ValueError(f"chunks {chunks!r:.80} don't fit the layer's grid of {layer.numblocks} blocks")
        self._layer = layer
        self._chunks = chunks
        self._meta = meta
        self._shape = None
        self._graph = None

    # -- the protocol -----------------------------------------------------------------------------------------------

    def __dask_graph__(self) -> LayeredGraph:
        if self._graph is None:
            self._graph = LayeredGraph([self._layer])
        return self._graph

    def __dask_keys__(self) -> list[Any]:
        nested: Any = self._layer.nested_keys()
        return nested if self._chunks else [nested]

    def __dask_layers__(self) -> tuple[str]:
        return (self._layer.name,)

    def __dask_tokenize__(self) -> str:
        return self._layer.name

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return assemble, (self._layer.numblocks,)

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return rebuild, (self._layer.name, self._chunks, self._meta)

    @staticmethod
    def __dask_optimize__(graph: Mapping[Key, Any], keys: Iterable[Key], **kwargs: Any) -> Mapping[Key, Any]:
        passes = PASSES if config.get("optimization.blockwise.active", True) else PASSES_WITHOUT_FUSION
        return run_pipeline(graph, keys, passes, config.get("array_optimize", OWN))

    __dask_scheduler__ = staticmethod(threads.get)

    def __reduce__(self) -> tuple[Any, ...]:
        return new_array, (self._layer, self._chunks, self._meta)

    # -- structure --------------------------------------------------------------------------------------------------

    @property
    def dask(self) -> LayeredGraph:
        """The task graph: a mapping of keys to tasks."""
        return self.__dask_graph__()

    @property
    def name(self) -> str:
        """First part of the keys of the blocks."""
        return self._layer.name

    @property
    def shape(self) -> tuple[Any, ...]:
        """Length of each axis; NaN where it isn't known before computing."""
        if self._shape is None:
            self._shape = shape_of(self._chunks)
        return self._shape

    @shape.setter
    def shape(self, value: Any) -> None:
        raise AttributeError(
            "the shape of an array can't be set, since blocks are not changed in place: use x.reshape(...)"
        )

    @property
    def chunks(self) -> Chunks:
        """Sizes of the blocks along each axis."""
        return self._chunks

    @chunks.setter
    def chunks(self, value: Any) -> None:
        raise TypeError(
            "the chunks of an array can't be set, since blocks are not changed in place: use x.rechunk(...)"
        )

    @property
    def chunksize(self) -> tuple[Any, ...]:
        """The largest size of a block along each axis."""
        return tuple([max(sizes) for sizes in self._chunks])

    @property
    def meta(self) -> Any:
        """An empty array of the blocks' type and dtype."""
        return self._meta

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self._meta.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._chunks)

    @property
    def numblocks(self) -> tuple[int, ...]:
        """Number of blocks along each axis."""
        return self._layer.numblocks

    @property
    def npartitions(self) -> int:
        """Number of blocks."""
        return prod(self._layer.numblocks)

    @property
    def size(self) -> Any:
        """Number of elements; NaN where a length isn't known."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> Any:
        """Bytes of all elements; NaN where a length isn't known."""
        return self.size * self.itemsize

    def __len__(self) -> int:
        if not self._chunks:
            raise TypeError("len() of unsized object")
        length = self.shape[0]
        if length != length:
            raise UnknownChunkSizes(f"len() needs chunk sizes that aren't known before computing: {REMEDY}")
        return int(length)


def new_array(layer: Layer, chunks: Chunks, meta: Any, shape: tuple[Size, ...] | None = None) -> Any:
    """Make an array, trusting that layer and chunks fit.

    Parameters
    ----------
    layer : Layer
        Its grid has as many blocks along each axis as ``chunks``.
    chunks : tuple of tuples
    meta : array
        Empty, of the blocks' type, dtype and number of dimensions.
    shape : tuple, optional
        That of the chunks, where it is known already.
    """
    if prod(layer.numblocks) >= FEW:
        check_number(layer)
    array = bare_array(layer, chunks, meta, shape)
    return plugged(array) if "array_plugins" in touched else array


def bare_array(layer: Layer, chunks: Chunks, meta: Any, shape: tuple[Size, ...] | None = None) -> Any:
    """Make an array as ``new_array`` does, without warnings and plugins."""
    cls = CLASSES[0]
    array = cls.__new__(cls)
    array._layer = layer
    array._chunks = chunks
    array._meta = meta
    array._shape = shape
    array._graph = None
    return array


# Whether a plugin runs: what it makes is not given to plugins.
_PLUGGING = ContextVar("minidask-array-plugging", default=False)


def plugged(array: Any) -> Any:
    """Return what the functions of the setting ``array_plugins`` make of a new array, one after the other.

    Examples
    --------
    >>> import minidask, minidask.array as da
    >>> with minidask.config.set(array_plugins=[lambda x: print("new:", x.shape)]):
    ...     x = da.ones(4, chunks=2)
    new: (4,)
    """
    plugins = config.get("array_plugins", None)
    if not plugins or _PLUGGING.get():
        return array
    token = _PLUGGING.set(True)
    try:
        for plugin in plugins:
            made = plugin(array)
            array = array if made is None else made
    finally:
        _PLUGGING.reset(token)
    return array


def another(x: ArrayBase) -> Any:
    """Return an array of the same blocks, which assignments to ``x`` don't change, nor those to it ``x``.

    What NumPy copies gives this where there is nothing to do.
    """
    return new_array(x._layer, x._chunks, x._meta, x._shape)


def rebuild(
    graph: Mapping[Key, Any], name: str, chunks: Chunks, meta: Any, rename: Mapping[str, str] | None = None
) -> Any:
    """Return the array on another graph (see ``__dask_postpersist__``), its keys renamed by ``rename``."""
    name = (rename or {}).get(name, name)
    return new_array(rebuilt_layer(graph, name, grid_keys(name, tuple(map(len, chunks)))), chunks, meta)


def grid_keys(name: str, numblocks: tuple[int, ...], index: tuple[int, ...] = ()) -> Any:
    """Return the keys of a grid of blocks in nested lists; the only key where there is no axis."""
    if not numblocks:
        return (name, *index)
    return [grid_keys(name, numblocks[1:], (*index, at)) for at in range(numblocks[0])]


def is_array(x: Any) -> bool:
    """Whether an object is one of these arrays."""
    return isinstance(x, ArrayBase)


def check_known_shape(what: str, x: ArrayBase) -> None:
    """Raise UnknownChunkSizes, with the remedy, unless all lengths of an array are known."""
    if has_unknown(x.shape):
        raise UnknownChunkSizes(f"{what} needs chunk sizes that aren't known before computing: {REMEDY}")


def as_numpy(value: Any) -> Any:
    """Return an array-like in memory as a NumPy array (subclasses and other array types as they are)."""
    return value if hasattr(value, "__array_function__") and hasattr(value, "dtype") else np.asarray(value)
