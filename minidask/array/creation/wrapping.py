"""Arrays of data that exist: ``from_array``, ``asarray``, ``asanyarray``.

Place in the flow: above ``sources``, whose layers read block by block.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import numpy as np

from minidask.array.chunks import chunks_token
from minidask.array.collection import ArrayBase, another, new_array
from minidask.array.devices import check_device
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, from_memory, holds_arrays
from minidask.array.meta import meta_of, numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.sources import Reader, array_source
from minidask.array.spelling import also_named
from minidask.collection import is_dask_collection
from minidask.tokenize import quick_token


class SharedLock:
    """A lock that is the same one again in every copy within a process, pickled ones included.

    Examples
    --------
    >>> import pickle
    >>> lock = SharedLock("file")
    >>> with lock:
    ...     pickle.loads(pickle.dumps(lock)).locked()
    True
    """

    _all: WeakValueDictionary[str, SharedLock] = WeakValueDictionary()
    __slots__ = ("__weakref__", "_lock", "token")

    token: str
    _lock: threading.Lock

    def __new__(cls, token: str | None = None) -> SharedLock:
        token = uuid4().hex if token is None else token
        known = cls._all.get(token)
        if known is not None:
            return known
        made = super().__new__(cls)
        made.token = token
        made._lock = threading.Lock()
        return cls._all.setdefault(token, made)

    def __enter__(self) -> SharedLock:
        self._lock.acquire()
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.release()

    def locked(self) -> bool:
        """Whether somebody holds the lock."""
        return bool(self._lock.locked())

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedLock, (self.token,)

    def __dask_tokenize__(self) -> str:
        return self.token


def slice_meta(x: Any, getitem: Any = None, lock: Any = None) -> Any:
    """Return an empty slice of a variable of netCDF4, which may be masked and scaled; None for other sources.

    The variable's own dtype is that in the file. An empty slice reads nothing (of a variable without axes, its one element).
    """
    if type(x).__module__.partition(".")[0] != "netCDF4":
        return None
    empty = (slice(0, 0),) * len(x.shape)
    with lock or nullcontext():
        part = x[empty] if getitem is None else getitem(x, empty)
    if not isinstance(part, np.ndarray):
        return None
    # Without always_mask slices are masked where there is something to mask.
    sometimes = getattr(x, "mask", False) and not getattr(x, "always_mask", True) and part.dtype.kind in "biufcS"
    return np.ma.asarray(part) if sometimes else part


def from_array(
    x: Any,
    chunks: Any = "auto",
    name: str | bool | None = None,
    lock: Any = False,
    asarray: bool | None = None,
    fancy: bool = True,
    getitem: Any = None,
    meta: Any = None,
    inline_array: bool = False,
) -> Any:
    """Make a chunked array of anything that has a shape and a dtype and can be sliced.

    Parameters
    ----------
    x : array-like
        NumPy arrays, memory maps, datasets of h5py, zarr, netCDF4 and the like; lists are made NumPy arrays first.
    chunks
        What ``normalize_chunks`` reads; ``"auto"`` follows ``x.chunks`` where there are such.
    name : str or bool, optional
        The array's name. Default: made from the contents (or from what identifies ``x``); False: a new one each time.
    lock : bool or lock
        Held while a block is read: True makes one for this array.
    asarray : bool, optional
        Whether blocks are made NumPy arrays; default: unless ``x`` has ``__array_function__``. Masked arrays stay masked.
    fancy : bool
        Accepted for compatibility: only slices are pushed into sources.
    getitem : callable, optional
        Called as ``getitem(x, index)`` to read a block.
    meta : optional
        An empty array of the blocks' type; default: found from ``x``. Slices of netCDF4's variables are asked for what they are:
        masked arrays, scaled. Other sources whose slices are masked need ``meta=np.ma.empty(0)``.
    inline_array : bool
        Whether each task holds ``x`` itself, instead of referring to one task that does.

    Raises
    ------
    TypeError
        If ``x`` is a chunked array or another collection already, or has neither shape nor array's form. Where it is computed:
        if a slice has a mask, which wasn't declared.
    ValueError
        If chunks don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.from_array(np.arange(6).reshape(2, 3), chunks=(1, 3)).sum(axis=1).compute()
    array([ 3, 12])
    """
    if isinstance(x, ArrayBase):
        raise TypeError("from_array takes data, not a chunked array: use x.rechunk(chunks) or asarray(x)")
    if is_dask_collection(x):
        raise TypeError(f"from_array takes data, not a {type(x).__name__}: convert the collection to an array instead")
    if holds_arrays(x):
        raise TypeError(
            "from_array takes data, not lists of chunked arrays: use asarray(x) or stack(x), which compute nothing"
        )
    if isinstance(x, list | tuple | np.generic | int | float | complex | bool | str | memoryview):
        x = np.array(x)
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise TypeError(f"from_array needs an object with shape, dtype and slicing, got {type(x).__name__}: {x!r:.60}")
    if lock is True:
        lock = SharedLock()
    dtype = x.dtype
    if meta is None:
        meta = x if isinstance(x, np.ma.MaskedArray) else slice_meta(x, getitem, lock)
        dtype = dtype if meta is None else meta.dtype
    masked = isinstance(meta, np.ma.MaskedArray) or meta is np.ma.MaskedArray
    if meta is np.ma.MaskedArray:
        meta = np.ma.empty(0)
    shape, dtype = tuple(x.shape), dtype if isinstance(dtype, np.dtype) else np.dtype(dtype)
    previous = getattr(x, "chunks", None)
    if isinstance(previous, tuple) and len(previous) == len(shape) and all(isinstance(c, int) for c in previous):
        previous = normalize_chunks(previous, shape)
    else:
        previous = None
    normal = normalize_chunks(chunks, shape, None, dtype, previous)
    if name is None:
        said = None if meta is x else meta
        name = (
            f"array-{quick_token('array', x, chunks_token(normal), lock or None, asarray, getitem, inline_array, said)}"
        )
    elif name is False:
        name = f"array-{uuid4().hex}"
    elif name is True:
        raise ValueError(
            "name=True means nothing: give a name, None for one made from the contents, or False for a new one"
        )
    in_memory = type(x) is np.ndarray and not isinstance(x, np.memmap)
    if in_memory and not lock and getitem is None:
        layer = array_source(name, x, normal)
    else:
        if asarray is None:
            asarray = not hasattr(x, "__array_function__") or isinstance(x, np.memmap)
        layer = array_source(name, x, normal, Reader(getitem, asarray, lock or None, masked), inline_array)
    if meta is None and (asarray or in_memory or not hasattr(x, "__array_function__")):
        found = numpy_meta(dtype, len(shape))
    else:
        found = meta_of(x if meta is None else meta, len(shape), dtype)
    return new_array(layer, normal, found, shape)


@implements(np.asarray)
def asarray(
    a: Any,
    allow_unknown_chunksizes: bool = False,
    dtype: Any = None,
    order: Any = None,
    like: Any = None,
    *,
    copy: bool | None = None,
    device: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a chunked array as it is, anything else by ``from_array``; lists of arrays are stacked.

    Parameters
    ----------
    a : array-like
    dtype : dtype, optional
        To which it is cast.
    copy : bool, optional
        Whether what is in memory is copied at once, so that it may be changed afterwards, and a chunked array gives another one.
        False refuses what would have to be.
    device : str, optional
        ``"cpu"``.
    **kwargs
        Passed to ``from_array``.

    Raises
    ------
    TypeError
        As ``from_array`` does.
    ValueError
        For another device, or if ``copy=False`` is impossible.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.asarray([1, 2, 3]).compute()
    array([1, 2, 3])
    """
    check_device(device)
    if copy is False and dtype is not None and getattr(a, "dtype", dtype) != dtype:
        raise ValueError("Unable to avoid copy: the array has another dtype")
    if isinstance(a, ArrayBase):
        x: Any = another(a) if copy else a
    elif holds_arrays(a):
        x = as_array(a)
    elif is_dask_collection(a) and hasattr(a, "to_dask_array"):
        x = a.to_dask_array()
    else:
        if not (hasattr(a, "shape") and hasattr(a, "dtype")):
            a = np.asarray(a, copy=copy)
        elif copy and isinstance(a, np.ndarray):
            a = a.copy()
        x = from_array(a, chunks=kwargs.pop("chunks", "auto" if a.dtype != object else -1), asarray=True, **kwargs)
    return x if dtype is None or x.dtype == dtype else x.astype(dtype)


@implements(np.asanyarray)
def asanyarray(
    a: Any, dtype: Any = None, order: Any = None, *, like: Any = None, inline_array: bool = False, **kwargs: Any
) -> Any:
    """Like ``asarray``, but blocks of other array types stay what they are.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.asanyarray(np.ma.array([1, 2], mask=[True, False])).sum().compute()
    np.int64(2)
    """
    if isinstance(a, np.ndarray) and type(a) is not np.ndarray:
        x = from_memory(a, "auto")
        return x if dtype is None else x.astype(dtype)
    return asarray(a, dtype=dtype, **({"inline_array": True} if inline_array else {}))


@also_named(x="object")
def array(object: Any, dtype: Any = None, ndmin: int | None = None, *, like: Any = None) -> Any:
    """Return ``asarray(object)`` with at least ``ndmin`` axes, new ones in front.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.array([1, 2], ndmin=2).shape
    (1, 2)
    """
    made = asarray(object, dtype=dtype)
    if made is object:
        made = another(made)
    return made[(*[None] * max((ndmin or 0) - made.ndim, 0), ...)]


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """Return the chunked array of an array of any library that speaks DLPack.

    Raises
    ------
    AttributeError
        If it doesn't.
    BufferError
        If its memory can't be read from here.

    Examples
    --------
    >>> from_dlpack(np.arange(3)).compute()
    array([0, 1, 2])
    """
    return asarray(np.from_dlpack(x, device=device, copy=copy))
