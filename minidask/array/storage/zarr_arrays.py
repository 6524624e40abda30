"""Arrays in zarr's format: ``to_zarr``, ``from_zarr``; local paths, URLs, stores of zarr's, and zarr arrays themselves.

A chunk (or shard) of zarr's is written by one task alone: two that wrote parts of it at the same time would each undo what the
other wrote. So an array that goes into an existing one is rechunked to that one's chunks first, where its own blocks don't end
there.

Place in the flow: above ``storing`` and ``creation.wrapping``. zarr is imported when it is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minidask.array.chunks import Chunks, Sizes, starts_of
from minidask.array.collection import ArrayBase, check_known_shape
from minidask.array.creation.wrapping import from_array
from minidask.array.rechunk import rechunk_to
from minidask.array.storing import InThisProcess, store


def zarr_library() -> Any:
    """Return the module ``zarr``.

    Raises
    ------
    ImportError
        If it isn't installed, in version 3 or later.
    """
    try:
        import zarr
    except ImportError as error:
        raise ImportError("arrays in zarr's format need the package 'zarr', version 3 or later: install it") from error
    if int(zarr.__version__.partition(".")[0]) < 3:
        raise ImportError(f"zarr {zarr.__version__} is too old: install version 3 or later")
    return zarr


def aligned(sizes: Sizes, unit: int, start: int = 0) -> Sizes:
    """Return sizes near the given ones, so that blocks that begin at ``start`` end where units do.

    Examples
    --------
    >>> aligned((3, 3, 2), 2), aligned((3, 3, 2), 4, start=2)
    ((4, 2, 2), (6, 2))
    """
    length = starts_of(sizes)[-1]
    edges = {min(-(-(start + edge) // unit) * unit - start, length) for edge in starts_of(sizes)[1:-1]}
    ordered = [0, *sorted(edge for edge in edges if 0 < edge < length), length]
    return tuple([high - low for low, high in itertools.pairwise(ordered)])


def uniform(chunks: Chunks) -> tuple[int, ...] | None:
    """Return the sizes of zarr's chunks for an array's; None if blocks of an axis differ, besides a smaller last one.

    Examples
    --------
    >>> uniform(((3, 3, 2), (4,))), uniform(((3, 2, 3),))
    ((3, 4), None)
    """
    out = []
    for sizes in chunks:
        first = sizes[0]
        if any(size != first for size in sizes[:-1]) or sizes[-1] > first:
            return None
        out.append(max(int(first), 1))
    return tuple(out)


def to_zarr(
    arr: Any,
    url: Any,
    component: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    region: Sequence[slice] | None = None,
    compute: bool = True,
    return_stored: bool = False,
    mode: str = "a",
    overwrite: bool = False,
    **zarr_array_kwargs: Any,
) -> Any:
    """Write an array in zarr's format.

    Parameters
    ----------
    arr : Array
    url : str, path, zarr's store, mutable mapping, or zarr.Array
        Where to; an existing zarr array is written into, everything else gets a new one.
    component : str, optional
        Path of the array within a group.
    storage_options : dict, optional
        For a file system that ``url`` names, such as ``{"anon": True}`` for S3.
    region : tuple of slices, optional
        Where in an existing array to write.
    compute : bool
        Whether to write the blocks now; otherwise a delayed value is returned that does it.
    return_stored : bool
        Whether to return the array that was written, read from there.
    mode : str
        ``"a"``, ``"w-"``: make a new array; ``"w"``: in the place of an old one; ``"r+"``: write into the one that is there.
    overwrite : bool
        As ``mode="w"``.
    **zarr_array_kwargs
        For ``zarr.create_array``: ``chunks``, ``shards``, ``compressors``, ``fill_value``, ``zarr_format``, ``attributes`` ...

    Raises
    ------
    ImportError
        If zarr isn't installed.
    TypeError
        If ``arr`` is no chunked array; on computing in other processes, if the store is in this one's memory.
    UnknownChunkSizes
        If sizes of blocks aren't known.
    ValueError
        If there is an array already (zarr's ContainsArrayError), blocks differ in size and no ``chunks`` are given, a region is
        given for a new array, shapes don't fit, or the mode is unknown.

    Examples
    --------
    >>> import tempfile, minidask.array as da
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     da.ones((3, 2), chunks=2).to_zarr(f"{folder}/a.zarr")
    ...     da.from_zarr(f"{folder}/a.zarr").sum().compute()
    np.float64(6.0)
    """
    if not isinstance(arr, ArrayBase):
        raise TypeError(f"to_zarr writes a chunked array, got {type(arr).__name__}: use zarr.save_array")
    if mode not in ("a", "w", "w-", "r+"):
        raise ValueError(f"mode must be 'a', 'w', 'w-' or 'r+', got {mode!r}")
    zarr = zarr_library()
    check_known_shape("to_zarr", arr)
    x: Any = arr
    if isinstance(url, zarr.Array) or mode == "r+":
        target = url if isinstance(url, zarr.Array) else _opened(zarr, url, component, storage_options, "r+", {})
        if zarr_array_kwargs:
            raise TypeError(f"an existing array can't be given {sorted(zarr_array_kwargs)}")
    else:
        if region is not None:
            raise ValueError("a region is one of an existing array: pass the zarr.Array itself, or mode='r+'")
        target = _created(zarr, x, url, component, storage_options, overwrite or mode == "w", dict(zarr_array_kwargs))
    slices = _slices(region, target)
    stepped = any(part.step != 1 for part in slices)
    if not stepped and target.ndim == x.ndim:
        units = target.shards or target.chunks
        x = rechunk_to(
            x, tuple([aligned(s, n, part.start) for s, n, part in zip(x.chunks, units, slices, strict=True)])
        )
    return store(
        x,
        InThisProcess(target) if isinstance(target.store, zarr.storage.MemoryStore) else target,
        lock=stepped,
        regions=slices,
        compute=compute,
        return_stored=return_stored,
    )


def _slices(region: Sequence[slice] | None, target: Any) -> tuple[slice, ...]:
    """Return a region as slices with ends; raises ValueError if it is none."""
    if region is None:
        return tuple([slice(0, n, 1) for n in target.shape])
    parts = (region,) if isinstance(region, slice) else tuple(region)
    if len(parts) != target.ndim or any(not isinstance(part, slice) for part in parts):
        raise ValueError(f"a region is a slice for each of the {target.ndim} axes, got {region!r:.80}")
    return tuple([slice(*part.indices(n)) for part, n in zip(parts, target.shape, strict=True)])


def _place(url: Any) -> Any:
    return str(url) if isinstance(url, Path) else url


def _created(
    zarr: Any, x: Any, url: Any, component: Any, storage_options: Any, overwrite: bool, kwargs: dict[str, Any]
) -> Any:
    if "chunks" not in kwargs and "shards" not in kwargs:
        sizes = uniform(x.chunks)
        if sizes is None:
            raise ValueError(
                f"zarr's chunks are of one size, but the array's are {x.chunks!r:.80}: call x.rechunk(...) first, or give chunks="
            )
        kwargs["chunks"] = sizes
    options = {"shape": x.shape, "dtype": x.dtype, "overwrite": overwrite, **kwargs}
    storage = dict(storage_options) if storage_options else None
    try:
        return _made(zarr, url, component, storage, options)
    except zarr.errors.ContainsArrayError as error:
        raise zarr.errors.ContainsArrayError(
            f"{error} Pass overwrite=True to replace it, or mode='r+' (and a region) to write into it"
        ) from None


def _made(zarr: Any, url: Any, component: Any, storage: Any, options: dict[str, Any]) -> Any:
    if component is None:
        return zarr.create_array(_place(url), storage_options=storage, **options)
    format_ = options.pop("zarr_format", None)
    group = zarr.open_group(_place(url), mode="a", storage_options=storage, zarr_format=format_)
    parent, _, name = component.strip("/").rpartition("/")
    if parent:
        group = group.require_group(parent)
    return group.create_array(name, **options)


def _opened(zarr: Any, url: Any, component: Any, storage_options: Any, mode: str, kwargs: Mapping[str, Any]) -> Any:
    storage = dict(storage_options) if storage_options else None
    options = {"mode": mode, **kwargs}
    return zarr.open_array(_place(url), path=component or "", storage_options=storage, **options)


def from_zarr(
    url: Any,
    component: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    chunks: Any = None,
    name: str | None = None,
    inline_array: bool = False,
    **kwargs: Any,
) -> Any:
    """Make an array of one in zarr's format; nothing but what describes it is read.

    Parameters
    ----------
    url : str, path, zarr's store, mutable mapping, or zarr.Array
    component : str, optional
        Path of the array within a group.
    storage_options : dict, optional
        For a file system that ``url`` names.
    chunks
        What ``normalize_chunks`` reads; default: zarr's own chunks (its shards, where there are such).
    name : str, optional
        The array's name.
    inline_array : bool
        Whether each task holds the zarr array itself.
    **kwargs
        For ``zarr.open_array``.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ImportError
        If zarr isn't installed.

    Examples
    --------
    >>> import zarr, minidask.array as da
    >>> da.from_zarr(zarr.array([1, 2, 3], chunks=(2,))).chunks
    ((2, 1),)
    """
    zarr = zarr_library()
    stored = url if isinstance(url, zarr.Array) else _opened(zarr, url, component, storage_options, "r", kwargs)
    if chunks is None:
        chunks = stored.shards or stored.chunks
    return from_array(stored, chunks, name=name, inline_array=inline_array, asarray=True)
