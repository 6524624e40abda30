"""Arrays of data that exist: ``from_array``, ``asarray``, ``asanyarray``.

Place in the flow: above ``sources``, whose layers read block by block.
"""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import numpy as np

from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, from_memory
from minidask.array.meta import meta_of, numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.sources import Reader, array_source
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
        Whether blocks are made NumPy arrays; default: unless ``x`` has ``__array_function__``.
    fancy : bool
        Accepted for compatibility: only slices are pushed into sources.
    getitem : callable, optional
        Called as ``getitem(x, index)`` to read a block.
    meta : optional
        An empty array of the blocks' type; default: found from ``x``.
    inline_array : bool
        Whether each task holds ``x`` itself, instead of referring to one task that does.

    Raises
    ------
    TypeError
        If ``x`` is a chunked array or another collection already, or has neither shape nor array's form.
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
    if isinstance(x, list | tuple | np.generic | int | float | complex | bool | str | memoryview):
        x = np.array(x)
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise TypeError(f"from_array needs an object with shape, dtype and slicing, got {type(x).__name__}: {x!r:.60}")
    shape, dtype = tuple(x.shape), np.dtype(x.dtype) if not isinstance(x.dtype, np.dtype) else x.dtype
    previous = getattr(x, "chunks", None)
    if isinstance(previous, tuple) and len(previous) == len(shape) and all(isinstance(c, int) for c in previous):
        previous = normalize_chunks(previous, shape)
    else:
        previous = None
    normal = normalize_chunks(chunks, shape, None, dtype, previous)
    if lock is True:
        lock = SharedLock()
    if name is None:
        name = f"array-{quick_token('array', x, normal, lock or None, asarray, getitem, inline_array, meta)}"
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
        layer = array_source(name, x, normal, Reader(getitem, asarray, lock or None), inline_array)
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
    **kwargs: Any,
) -> Any:
    """Return a chunked array as it is, anything else by ``from_array``; lists of arrays are stacked.

    Parameters
    ----------
    a : array-like
    dtype : dtype, optional
        To which it is cast.
    **kwargs
        Passed to ``from_array``.

    Raises
    ------
    TypeError
        As ``from_array`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.asarray([1, 2, 3]).compute()
    array([1, 2, 3])
    """
    if isinstance(a, ArrayBase):
        x: Any = a
    elif isinstance(a, list | tuple) and any(isinstance(item, ArrayBase) for item in a):
        x = np.stack([as_array(item) for item in a])
    elif is_dask_collection(a) and hasattr(a, "to_dask_array"):
        x = a.to_dask_array()
    else:
        if not (hasattr(a, "shape") and hasattr(a, "dtype")):
            a = np.asarray(a)
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


def array(x: Any, dtype: Any = None, ndmin: int | None = None, *, like: Any = None) -> Any:
    """Return ``asarray(x)`` with at least ``ndmin`` axes, new ones in front.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.array([1, 2], ndmin=2).shape
    (1, 2)
    """
    made = asarray(x, dtype=dtype)
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
