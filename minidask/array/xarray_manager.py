"""What xarray asks for work on chunked arrays: the class behind ``chunked_array_type="minidask"``.

xarray finds it by the entry point ``xarray.chunkmanagers``; nothing else in the package knows of xarray, and this module is
imported by xarray alone. Each method is one line to the function that does it.

xarray takes any array with ``__dask_graph__`` for Dask's where Dask is installed too: use an environment that has one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from xarray.core.indexing import ImplicitToExplicitIndexingAdapter
from xarray.namedarray.parallelcompat import ChunkManagerEntrypoint

import minidask.array as da
from minidask import config
from minidask.units import parse_bytes


class MinidaskManager(ChunkManagerEntrypoint[Any]):
    """Chunked arrays for xarray; see ``xarray.namedarray.parallelcompat.ChunkManagerEntrypoint`` for the methods.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> x = xr.DataArray(np.arange(4.0), dims="time").chunk(time=2, chunked_array_type="minidask")
    >>> x.mean().compute().item()
    1.5
    """

    array_cls: Any

    def __init__(self) -> None:
        self.array_cls = da.Array

    def chunks(self, data: Any) -> Any:
        """Return the sizes of the blocks along each axis."""
        return data.chunks

    def normalize_chunks(
        self, chunks: Any, shape: Any = None, limit: Any = None, dtype: Any = None, previous_chunks: Any = None
    ) -> Any:
        """Return the chunk tuples that a description means."""
        return da.normalize_chunks(chunks, shape, limit, dtype, previous_chunks)

    def from_array(self, data: Any, chunks: Any, **kwargs: Any) -> Any:
        """Make a chunked array; one that xarray reads from a file has a new name each time, since the file may change."""
        if isinstance(data, ImplicitToExplicitIndexingAdapter):
            kwargs = {"name": False, "asarray": True, **kwargs}
        return da.from_array(data, _without_auto(chunks, data.shape), **kwargs)

    def rechunk(self, data: Any, chunks: Any, **kwargs: Any) -> Any:
        """Return the array in other chunks."""
        return super().rechunk(data, _without_auto(chunks, data.shape), **kwargs)

    def compute(self, *data: Any, **kwargs: Any) -> Any:
        """Compute chunked arrays together; pass other things on."""
        return da.compute(*data, **kwargs)

    def persist(self, *data: Any, **kwargs: Any) -> Any:
        """Compute chunked arrays together, and keep them chunked; pass other things on."""
        return da.persist(*data, **kwargs)

    @property
    def array_api(self) -> ModuleType:
        """The namespace of functions of arrays."""
        return da

    def reduction(
        self,
        arr: Any,
        func: Callable[..., Any],
        combine_func: Callable[..., Any] | None = None,
        aggregate_func: Callable[..., Any] | None = None,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
    ) -> Any:
        """Return a reduction by xarray's functions."""
        return da.reduction(
            arr, func, aggregate_func or func, axis=axis, keepdims=keepdims, dtype=dtype, combine=combine_func
        )

    def scan(
        self,
        func: Callable[..., Any],
        binop: Callable[..., Any],
        ident: float,
        arr: Any,
        axis: int | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Return what runs along an axis by xarray's functions."""
        return da.reductions.cumreduction(func, binop, ident, arr, axis=axis, dtype=dtype, **kwargs)

    def apply_gufunc(self, func: Callable[..., Any], signature: str, *args: Any, **kwargs: Any) -> Any:
        """Apply a function of core dimensions to the other ones."""
        return da.apply_gufunc(func, signature, *args, **kwargs)

    def map_blocks(
        self,
        func: Callable[..., Any],
        *args: Any,
        dtype: Any = None,
        chunks: Any = None,
        drop_axis: Any = None,
        new_axis: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Apply a function to corresponding blocks."""
        return da.map_blocks(func, *args, dtype=dtype, chunks=chunks, drop_axis=drop_axis, new_axis=new_axis, **kwargs)

    def blockwise(self, func: Callable[..., Any], out_ind: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        """Apply a function to blocks that index symbols pair."""
        return da.blockwise(func, out_ind, *args, **kwargs)

    def unify_chunks(self, *args: Any, **kwargs: Any) -> Any:
        """Bring arrays to common chunks."""
        return da.unify_chunks(*args, **kwargs)

    def store(self, sources: Any, targets: Any, **kwargs: Any) -> Any:
        """Write arrays into targets."""
        # Targets of xarray's are flushed by xarray.
        kwargs.pop("flush", None)
        return da.store(sources, targets, **kwargs)

    def shuffle(self, x: Any, indexer: Sequence[Sequence[int]], axis: int, chunks: Any) -> Any:
        """Bring groups of positions together."""
        return da.shuffle(x, indexer, axis, "auto" if chunks is None else chunks)

    def get_auto_chunk_size(self) -> int:
        """Return the bytes of an automatic block."""
        return parse_bytes(config.get("array.chunk-size"))


def _without_auto(chunks: Any, shape: Any) -> Any:
    """Return chunks without automatic sizes where there are no elements to cut."""
    if 0 not in shape:
        return chunks
    values = chunks.values() if isinstance(chunks, Mapping) else chunks if isinstance(chunks, tuple) else (chunks,)
    return tuple(shape) if any(isinstance(one, str) for one in values) else chunks
