"""``Array``: NumPy's array in chunks. The class that users meet; everything that it does is done by the modules below it.

Place in the flow: the top of arrays' modules; ``collection`` holds its state and the collection protocol, ``operators`` and
``methods`` are mixins. It registers itself in ``collection.CLASSES``.

Here: NumPy's protocols, indexing, conversion to Python's numbers, and what NumPy's arrays don't have.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minidask.array import mapping, rechunk, storing
from minidask.array.chunk_types import defers_to, is_wrapper
from minidask.array.collection import CLASSES, grid_keys
from minidask.array.computing import check_fits, placed
from minidask.array.conversions import compute_chunk_sizes, to_dask_dataframe, to_delayed
from minidask.array.devices import check_device
from minidask.array.dispatch import FUNCTIONS, call_registered
from minidask.array.generalized import call_generalized
from minidask.array.meta import meta_of
from minidask.array.methods import NumpyMethods
from minidask.array.normalize import normalize_chunks
from minidask.array.operators import Operators
from minidask.array.overlap.mapped import map_overlap
from minidask.array.picture import html_of, svg_of, text_of
from minidask.array.remedies import remedy
from minidask.array.slicing import shuffling
from minidask.array.slicing.getting import getitem
from minidask.array.slicing.indexers import BlockView
from minidask.array.slicing.points import VIndex
from minidask.array.slicing.setting import setitem
from minidask.array.statistics import central, extremes
from minidask.array.storage import hdf5, zarr_arrays
from minidask.array.ufuncs import call_method, call_ufunc
from minidask.collection import rebuilt_layer

# Of the array API: what ``minidask.array`` has is what NumPy has of these.
_API_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")


class Array(Operators, NumpyMethods):
    """A lazy NumPy array in chunks.

    Made by ``from_array``, ``ones``, ``map_blocks`` and the like; from a graph of one's own as here.

    Parameters
    ----------
    dask : mapping
        A graph with the keys ``(name, i, j, ...)``, one a block.
    name : str
    chunks : tuple of tuples
        Sizes of the blocks along each axis, or what ``normalize_chunks`` makes them of.
    dtype : dtype, optional
        Needed unless ``meta`` is given.
    meta : array, optional
        Empty, of the blocks' type.
    shape : tuple of int, optional
        Needed unless chunks are tuples of sizes.

    Raises
    ------
    TypeError
        If the graph is no mapping or the name no text.
    ValueError
        If chunks don't fit, or there is neither dtype nor meta.

    Examples
    --------
    >>> x = Array({("x", 0): (np.ones, 2), ("x", 1): (np.zeros, 3)}, "x", ((2, 3),), dtype=float)
    >>> (x + 1).compute()
    array([2., 2., 1., 1., 1.])
    """

    __slots__ = ()
    __array_priority__ = 11

    def __init__(
        self, dask: Mapping[Any, Any], name: str, chunks: Any, dtype: Any = None, meta: Any = None, shape: Any = None
    ) -> None:
        if not isinstance(dask, Mapping):
            raise TypeError(f"an Array is made of a graph, a mapping of keys to tasks, got {type(dask).__name__}")
        if not isinstance(name, str):
            raise TypeError(f"the name of an Array must be text, got {name!r:.60}")
        normal = normalize_chunks(chunks, shape, None, dtype)
        layer = rebuilt_layer(dask, name, grid_keys(name, tuple(map(len, normal))))
        super().__init__(layer, normal, meta_of(meta, len(normal), dtype))

    # -- NumPy's protocols ------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("a chunked array can't be had in memory without a copy: it has to be computed")
        return np.asarray(self.compute(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        if any(map(defers_to, (*inputs, *(out if isinstance(out, tuple) else (out,))))):
            return NotImplemented
        if method != "__call__":
            return call_method(ufunc, method, inputs, kwargs)
        if ufunc.signature is not None:
            generalized = call_registered if ufunc in FUNCTIONS else call_generalized
            return generalized(ufunc, inputs, kwargs)
        return call_ufunc(ufunc, *inputs, **kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if any(map(is_wrapper, types)):
            return NotImplemented
        return call_registered(func, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        if api_version is not None and api_version not in _API_VERSIONS:
            raise ValueError(f"the array API of {api_version!r} isn't known: {', '.join(_API_VERSIONS)} are")
        return sys.modules[__package__]

    @property
    def device(self) -> str:
        """Where blocks are, for the array API: ``"cpu"``."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """Return the array itself, for the array API; raises ValueError for another device than ``"cpu"``."""
        check_device("none" if device is None else device, stream)
        return self

    def __dlpack__(self, **kwargs: Any) -> Any:
        if kwargs.get("copy") is False:
            raise BufferError("a chunked array can't be had in memory without a copy: it has to be computed")
        return np.asarray(self.compute()).__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        # The processor's memory, by DLPack's numbers.
        return (1, 0)

    def to_backend(self, backend: str | None = None, **kwargs: Any) -> Any:
        """Return the array with blocks of a library's type; raises ValueError for another one than ``"numpy"``."""
        if backend not in (None, "numpy"):
            raise ValueError(
                f"blocks are made by NumPy: use x.map_blocks with {backend!r}'s function that takes arrays over"
            )
        return self

    # -- parts ------------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        setitem(self, index, value)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[at] for at in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    @property
    def blocks(self) -> BlockView:
        """The array by blocks: ``x.blocks[0, 1:]``."""
        return BlockView(self)

    partitions = blocks

    @property
    def vindex(self) -> VIndex:
        """The array by points: ``x.vindex[rows, columns]``."""
        return VIndex(self)

    # -- one element ------------------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError(
                f"The truth value of an array of {self.size} elements is ambiguous. Use x.any() or x.all()."
            )
        return bool(self.compute())

    def _scalar(self, convert: Callable[[Any], Any]) -> Any:
        if self.size > 1:
            raise TypeError(f"only arrays of one element can be converted to Python's numbers, this has {self.size}")
        value = self.compute()
        return convert(value.item() if hasattr(value, "item") else value)

    def __int__(self) -> int:
        return int(self._scalar(int))

    def __float__(self) -> float:
        return float(self._scalar(float))

    def __complex__(self) -> complex:
        return complex(self._scalar(complex))

    def item(self, *args: Any) -> Any:
        """Compute and return one element as a Python object; without a position the array must have one element alone.

        Positions are an int, which counts in C order, or an int for each axis.
        """
        if not args:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return np.asarray(self.compute()).item()
        index = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
        if len(index) == 1 and self.ndim != 1:
            place = operator.index(index[0])
            if not -self.size <= place < self.size:
                raise IndexError(f"index {place} is out of bounds for size {self.size}")
            index = tuple(map(int, np.unravel_index(place % self.size, self.shape)))
        if len(index) != self.ndim:
            raise ValueError("incorrect number of indices for array")
        return np.asarray(self[index].compute()).item()

    def tolist(self) -> Any:
        """Compute the array and return it as nested lists of Python objects."""
        return np.asarray(self.compute()).tolist()

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self._scalar(operator.index))

    def __getattr__(self, name: str) -> Any:
        instead = remedy("methods", name)
        if instead is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(f"{name} of arrays isn't built for chunked ones: {instead}")

    # -- looks ------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)

    def to_svg(self, size: float = 500) -> str:
        """Return a drawing of the chunks as SVG, its longest axis about ``size`` pixels."""
        return svg_of(self._chunks, size)

    __minidask_placed__ = placed
    __minidask_checked__ = staticmethod(check_fits)

    # -- blocks -----------------------------------------------------------------------------------------------------

    @property
    def A(self) -> Any:
        """The array itself."""
        return self

    def map_blocks(
        self,
        func: Callable[..., Any],
        *args: Any,
        name: str | None = None,
        token: str | None = None,
        dtype: Any = None,
        chunks: Any = None,
        drop_axis: Any = None,
        new_axis: Any = None,
        enforce_ndim: bool = False,
        meta: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Return the array whose blocks are ``func`` of this one's; see ``minidask.array.map_blocks``."""
        named = {
            "name": name,
            "token": token,
            "dtype": dtype,
            "chunks": chunks,
            "drop_axis": drop_axis,
            "new_axis": new_axis,
        }
        return mapping.map_blocks(func, self, *args, **named, enforce_ndim=enforce_ndim, meta=meta, **kwargs)

    def map_overlap(
        self, func: Callable[..., Any], depth: Any, boundary: Any = None, trim: bool = True, **kwargs: Any
    ) -> Any:
        """Return the array of ``func`` on blocks with elements of their neighbours; see ``minidask.array.map_overlap``."""
        return map_overlap(func, self, depth=depth, boundary=boundary, trim=trim, **kwargs)

    def rechunk(
        self,
        chunks: Any = "auto",
        threshold: int | None = None,
        block_size_limit: Any = None,
        balance: bool = False,
        method: str | None = None,
    ) -> Any:
        """Return the same elements in other chunks; see ``minidask.array.rechunk``."""
        return rechunk.rechunk(self, chunks, threshold, block_size_limit, balance, method)

    def compute_chunk_sizes(self) -> Any:
        """Compute the sizes of blocks that aren't known and set them; return the array."""
        return compute_chunk_sizes(self)

    def topk(self, k: int, axis: int = -1, split_every: int | None = None) -> Any:
        """Return the ``k`` largest elements along an axis; see ``minidask.array.topk``."""
        return extremes.topk(self, k, axis, split_every)

    def argtopk(self, k: int, axis: int = -1, split_every: int | None = None) -> Any:
        """Return where the ``k`` largest elements along an axis are; see ``minidask.array.argtopk``."""
        return extremes.argtopk(self, k, axis, split_every)

    def moment(
        self,
        order: int,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        ddof: float = 0,
        split_every: Any = None,
        out: Any = None,
    ) -> Any:
        """Return the central moment of an order along axes; see ``minidask.array.moment``."""
        return central.moment(self, order, axis, dtype, keepdims, ddof, split_every, out)

    def shuffle(self, indexer: Any, axis: int = 0, chunks: Any = "auto") -> Any:
        """Return the slices along an axis in another order, in groups; see ``minidask.array.shuffle``."""
        return shuffling.shuffle(self, indexer, axis, chunks)

    # -- other things -----------------------------------------------------------------------------------------------

    def to_delayed(self, optimize_graph: bool = True) -> Any:
        """Return a NumPy array of delayed values, one a block."""
        return to_delayed(self, optimize_graph)

    def to_dask_dataframe(self, columns: Any = None, index: Any = None, meta: Any = None) -> Any:
        """Return a dataframe (of two axes) or a series (of one); the second axis in one block."""
        return to_dask_dataframe(self, columns, index, meta)

    def store(self, targets: Any, **kwargs: Any) -> Any:
        """Write the array into something that can be assigned to; see ``minidask.array.store``."""
        return storing.store(self, targets, **kwargs)

    def to_zarr(self, *args: Any, **kwargs: Any) -> Any:
        """Write the array in zarr's format; see ``minidask.array.to_zarr``."""
        return zarr_arrays.to_zarr(self, *args, **kwargs)

    def to_hdf5(self, filename: Any, datapath: str, **kwargs: Any) -> None:
        """Write the array into an HDF5 file; see ``minidask.array.to_hdf5``."""
        hdf5.to_hdf5(filename, datapath, self, **kwargs)


CLASSES.append(Array)
