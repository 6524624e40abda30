"""``store``: write blocks into things that can be assigned to, such as datasets of zarr and h5py, or NumPy arrays.

Place in the flow: one blockwise layer an array, which fuses with what makes the blocks. Formats of files with names of their
own are in ``storage``.

Invariants: every call has names of its own, since writing twice is not the same as writing once. What lives in this process
alone is never written to in another, where it would be lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import numpy as np

from minidask.array.collection import ArrayBase, check_known_shape, new_array
from minidask.array.creation.wrapping import SharedLock
from minidask.array.sources import Bounds, grid_sizes, made_layer, symbols
from minidask.collection import collection_layers, compute, is_dask_collection
from minidask.delayed import Delayed
from minidask.graph import Blockwise, Key, Layer, LayeredGraph, Parts, SingleLayer, Task, TaskRef, alias
from minidask.graph.blockwise import Constant, InputOf, Operand


class InThisProcess:
    """A target that can't leave this process: a copy elsewhere would be written to in its place, and be lost.

    Examples
    --------
    >>> import pickle
    >>> pickle.dumps(InThisProcess(np.zeros(2)))
    Traceback (most recent call last):
    ...
    TypeError: ndarray is in the memory of this process, and other processes can't write to it: store into files...
    """

    __slots__ = ("target",)

    def __init__(self, target: Any) -> None:
        self.target = target

    @property
    def shape(self) -> Any:
        """The target's shape, None if it has none."""
        return getattr(self.target, "shape", None)

    def __getitem__(self, index: Any) -> Any:
        return self.target[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.target[index] = value

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f"{type(self.target).__name__} is in the memory of this process, and other processes can't write to it: store into "
            "files, such as zarr's, or compute on threads (scheduler='threads')"
        )

    def __dask_tokenize__(self) -> str:
        return uuid4().hex


class LazyTarget(Layer):
    """A target that another layer computes, under whatever key, as a layer without axes."""

    __slots__ = ("key",)

    def __init__(self, name: str, key: Key, inputs: tuple[Layer, ...]) -> None:
        super().__init__(name, inputs, ())
        self.key = key

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        return {self.key_at(()): alias(self.key)}


class Write:
    """Assign a block to its region of a target; return what is there then if ``load``, otherwise None."""

    __slots__ = ("load", "lock", "region")

    def __init__(self, region: tuple[slice, ...] | None, lock: Any, load: bool) -> None:
        self.region = region
        self.lock = lock
        self.load = load

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "store"

    def __call__(self, block: Any, bounds: tuple[tuple[int, int], ...], target: Any) -> Any:
        index = tuple([slice(low, high) for low, high in bounds])
        if self.region is not None:
            index = inside(self.region, index)
        with self.lock or nullcontext():
            if block.size:
                target[index] = block
            return np.array(target[index]) if self.load else None

    def __reduce__(self) -> tuple[Any, ...]:
        return Write, (self.region, self.lock, self.load)


def inside(region: tuple[slice, ...], index: tuple[slice, ...]) -> tuple[slice, ...]:
    """Return a part of a region as an index of what the region is of.

    Examples
    --------
    >>> inside((slice(10, 20, 2),), (slice(1, 3),))
    (slice(12, 16, 2),)
    """
    out = []
    for outer, part in zip(region, index, strict=True):
        start, step = outer.start or 0, outer.step or 1
        out.append(slice(start + part.start * step, start + part.stop * step, outer.step))
    return tuple(out)


class ReadBack:
    """Read what was written of a block's region."""

    __slots__ = ("lock", "region")

    def __init__(self, region: tuple[slice, ...] | None, lock: Any) -> None:
        self.region = region
        self.lock = lock

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "read"

    def __call__(self, bounds: tuple[tuple[int, int], ...], target: Any) -> Any:
        index = tuple([slice(low, high) for low, high in bounds])
        if self.region is not None:
            index = inside(self.region, index)
        with self.lock or nullcontext():
            return np.array(target[index])

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadBack, (self.region, self.lock)


def store(
    sources: Any,
    targets: Any,
    lock: Any = True,
    regions: Any = None,
    compute: bool = True,
    return_stored: bool = False,
    load_stored: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Write arrays into targets that can be assigned to by slices.

    Parameters
    ----------
    sources : Array or sequence of Array
    targets : array-like or delayed one, or sequence of these
        One for each array, of its shape (or that of its region).
    lock : bool or lock
        Held while a block is written; True: one for all; False: none, where blocks can be written at the same time.
    regions : tuple of slices, or sequence of these, optional
        Where in the targets the arrays belong.
    compute : bool
        Whether to write now; otherwise a delayed value is returned that does it.
    return_stored : bool
        Whether to return arrays that read what is in the targets then; if not computed, arrays that write first.
    load_stored : bool, optional
        Whether arrays that are returned hold what was written in memory; default: no, if it is written now.
    **kwargs
        Passed to the scheduler.

    Raises
    ------
    TypeError
        If a source is no array, or a target can't be assigned to by slices; on computing in other processes, if a target is in
        this one's memory.
    UnknownChunkSizes
        If sizes of blocks aren't known.
    ValueError
        If there are not as many targets as arrays, or shapes don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> target = np.zeros(4)
    >>> da.store(da.arange(4, chunks=2), target)
    >>> target
    array([0., 1., 2., 3.])
    """
    one = isinstance(sources, ArrayBase)
    arrays: Sequence[Any] = [sources] if one else list(sources) if isinstance(sources, list | tuple) else [None]
    if any(not isinstance(x, ArrayBase) for x in arrays):
        raise TypeError("all sources must be chunked arrays, one or a list: use from_array for those in memory")
    if not one and not isinstance(targets, list | tuple):
        raise TypeError(f"a list of sources needs a list of as many targets, got {type(targets).__name__}")
    places: Sequence[Any] = [targets] if one else list(targets)
    if regions is None or isinstance(regions, tuple):
        regions = [regions] * len(arrays)
    if len(arrays) != len(places) or len(arrays) != len(regions):
        raise ValueError(
            f"{len(arrays)} sources need as many targets and regions, got {len(places)} and {len(regions)}"
        )
    for target in places:
        if not is_dask_collection(target) and (
            not hasattr(type(target), "__setitem__") or isinstance(target, list | dict | bytearray)
        ):
            raise TypeError(
                f"a target must be an array, or what else takes values by slices (h5py, zarr, ...), got {type(target).__name__}: "
                f"{target!r:.60}"
            )
    shared = SharedLock() if lock is True else lock or None
    known = [_region(x, target, region) for x, target, region in zip(arrays, places, regions, strict=True)]
    loads = return_stored and (not compute or bool(load_stored))
    written = [
        _written(x, target, region, shared, loads) for x, target, region in zip(arrays, places, known, strict=True)
    ]
    if loads:
        out = [x.persist(**kwargs) for x in written] if compute else written
        return out[0] if one else tuple(out)
    done = all_of(written)
    if not compute:
        return done
    done.compute(**kwargs)
    if not return_stored:
        return None
    out = [_read_back(x, target, region, shared) for x, target, region in zip(arrays, places, known, strict=True)]
    return out[0] if one else tuple(out)


def all_of(written: Sequence[Any]) -> Delayed:
    """Return the delayed value that is None once all blocks are written."""
    refs = [TaskRef(key) for x in written for key in x._layer.output_keys()]
    name = f"store-{uuid4().hex}"
    layer = SingleLayer(name, Task(_nothing, tuple(refs)), tuple([x._layer for x in written]))
    return Delayed(name, LayeredGraph([layer]))


def _nothing(*blocks: Any) -> None:
    """Return None, once all blocks are written."""


def _region(x: ArrayBase, target: Any, region: Any) -> Any:
    """Return the region of a target as slices with known ends; raises ValueError unless the array fits."""
    check_known_shape("store", x)
    shape: Any = None if is_dask_collection(target) else getattr(target, "shape", None)
    if region is not None:
        region = region if isinstance(region, tuple) else (region,)
        if any(not isinstance(part, slice) for part in region):
            raise ValueError(f"a region is a slice for each axis, got {region!r:.80}")
        if shape is not None and len(shape) == len(region):
            region = tuple([slice(*part.indices(n)) for part, n in zip(region, shape, strict=True)])
            shape = tuple([len(range(part.start, part.stop, part.step)) for part in region])
    if shape is not None and tuple(shape) != x.shape:
        raise ValueError(f"an array of shape {x.shape} can't be stored where {tuple(shape)} is wanted")
    return region


def _target(target: Any) -> tuple[tuple[Layer, ...], Any]:
    """Return what computes a target, if it is lazy, and the operand that stands for it."""
    if is_dask_collection(target):
        if not hasattr(target, "key"):
            raise TypeError(f"a lazy target must be a delayed value, got a {type(target).__name__}")
        return (LazyTarget(f"target-{uuid4().hex}", target.key, collection_layers(target)),), None
    return (), Constant(InThisProcess(target) if isinstance(target, np.ndarray) else target)


def _written(x: ArrayBase, target: Any, region: Any, lock: Any, load: bool) -> Any:
    index = symbols(x.ndim)
    inputs, constant = _target(target)
    operand: Operand = InputOf(1) if constant is None else constant
    layer = Blockwise(
        f"store-{uuid4().hex}",
        (x._layer, *inputs),
        Write(region, lock, load),
        index,
        ((InputOf(0), index), (Parts(Bounds(x._chunks)), index), (operand, ())),  # type: ignore[arg-type]
        grid_sizes(x.numblocks),
    )
    return new_array(layer, x._chunks, x._meta, x._shape)


def _read_back(x: ArrayBase, target: Any, region: Any, lock: Any) -> Any:
    if is_dask_collection(target):
        target = compute(target)[0]
    held = InThisProcess(target) if isinstance(target, np.ndarray) else target
    layer = made_layer(f"stored-{uuid4().hex}", ReadBack(region, lock), x._chunks, held)
    return new_array(layer, x._chunks, x._meta, x._shape)
