"""A user's function on blocks: ``map_blocks``, and ``blockwise`` with index symbols.

Place in the flow: above ``elementwise``. Results are checked against what was declared, or found by calling the function on
empty blocks: a block of another shape or dtype kind is an error that names both, where it is computed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from types import FunctionType
from typing import Any

import numpy as np

from minidask.array.arguments import WithKeywords, lift_keywords, sample_argument, whole
from minidask.array.calls import Anywhere, Call, Checked, Infos, JoinFirst
from minidask.array.chunks import Chunks, Sizes, chunks_token, has_unknown, normalize_axis
from minidask.array.collection import ArrayBase, new_array
from minidask.array.elementwise import from_memory
from minidask.array.meta import meta_of
from minidask.array.naming import func_part
from minidask.array.planned import planned
from minidask.array.unify import unify_chunks
from minidask.graph import BlockId, Layer
from minidask.graph import blockwise as blockwise_layer
from minidask.graph.task import func_name
from minidask.tokenize import quick_token

# Parameters of a user's function that it gets besides blocks.
_ASKED = frozenset({"block_id", "block_info"})


@planned
def map_blocks(
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
    """Return the array whose blocks are ``func`` of the corresponding blocks.

    Parameters
    ----------
    func : callable
        Called with a block of each array, the other arguments as they are, ``kwargs``, and ``block_id`` (a tuple of ints) or
        ``block_info`` (``{place of the array or None for the result: {"shape", "num-chunks", "array-location",
        "chunk-location"}}``) if it has parameters of these names. Collections that are keyword arguments, and those among the
        other arguments that aren't arrays, are passed computed.
    *args
        Arrays, whose blocks are paired from the last axis on; arrays of one block along an axis are repeated.
    name, token : str, optional
        Of the result; first part of a name that is made.
    dtype : dtype, optional
        Blocks of another dtype are cast to it where that loses no kind, such as ints to floats; otherwise they are an error where
        they are computed. Default: found by calling ``func`` on empty blocks (or on blocks of ones, if it fails on these).
    chunks : tuple, optional
        Sizes of the result's blocks, where they aren't the arrays': a tuple of sizes an axis, or one size for all blocks.
    drop_axis, new_axis : int or tuple of int, optional
        Axes of the arrays that the result lacks, along which ``func`` gets all blocks joined to one; axes that it has besides.
    enforce_ndim : bool
        Accepted for compatibility: a block of another shape than declared is always an error where it is computed. NaN among
        ``chunks`` stands for any size.
    meta : optional
        An empty array of the result's type.

    Raises
    ------
    TypeError
        If ``func`` can't be called.
    ValueError
        If there is no array and neither chunks nor dtype, chunks don't fit, or the result's dtype can't be found.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(6, chunks=3).map_blocks(lambda block: block.cumsum(), dtype=int).compute()
    array([ 0,  1,  3,  3,  7, 12])
    """
    if not callable(func):
        raise TypeError(f"map_blocks needs a function, got {type(func).__name__}: {func!r:.60}")
    arrays = {at: a for at, a in enumerate(args) if isinstance(a, ArrayBase)}
    ndim = max([a.ndim for a in arrays.values()], default=0)
    in_axes = list(range(ndim))
    pairs = [part for a in arrays.values() for part in (a, tuple(in_axes[ndim - a.ndim :]))]
    sizes, unified = unify_chunks(*pairs)
    return map_aligned(
        func,
        args,
        dict(zip(arrays, unified, strict=True)),
        sizes,
        name=name,
        token=token,
        dtype=dtype,
        chunks=chunks,
        drop_axis=drop_axis,
        new_axis=new_axis,
        meta=meta,
        kwargs=kwargs,
    )


def map_aligned(
    func: Callable[..., Any],
    args: Sequence[Any],
    arrays: Mapping[int, Any],
    sizes: Mapping[Any, Sizes],
    *,
    name: str | None,
    token: str | None,
    dtype: Any,
    chunks: Any,
    drop_axis: Any,
    new_axis: Any,
    meta: Any,
    kwargs: Mapping[str, Any],
) -> Any:
    """Map a function over blocks that correspond already; ``map_blocks`` and ``map_overlap`` end here.

    Parameters
    ----------
    args : sequence
        All arguments of the function.
    arrays : mapping
        ``{place in args: array}``; they have one block or as many as the others along each axis, counted from the last.
    sizes : mapping
        ``{axis: sizes of the blocks that the function keeps}``.

    Raises
    ------
    ValueError
        As ``map_blocks`` does.
    """
    ndim = max([a.ndim for a in arrays.values()], default=0)
    in_axes = list(range(ndim))
    dropped = _axes(drop_axis, ndim)
    kept = [axis for axis in in_axes if axis not in dropped]
    added = _new_axes(new_axis, len(kept), chunks, not arrays)
    out_index: list[Any] = list(kept)
    for at in added:
        out_index.insert(at, ("new", at))
    own = _chunks_of(chunks, out_index, sizes, arrays)
    wants = _parameters(func)
    infos = None
    if "block_info" in wants:
        infos = Infos(
            {at: _placed(x, in_axes[ndim - x.ndim :], out_index, dropped) for at, x in arrays.items()},
            own,
            dtype,
        )
    found = _meta_for(func, args, arrays, kwargs, dtype, meta, len(out_index), wants, infos)
    if infos is not None:
        infos.dtype = found.dtype
    call = Call(func, "block_id" in wants, infos is not None, infos)
    called: Any = Checked(call, own, found.dtype)
    operands: list[tuple[Any, Any]] = [(BlockId(), tuple(out_index))]
    joined: list[tuple[int, ...]] = [()]
    for at, arg in enumerate(args):
        if at not in arrays:
            lifted = whole(arg)
            operands.append((arg, None) if lifted is None else (lifted, ()))
            joined.append(())
            continue
        # Of each array by itself: one of length 1 there isn't repeated.
        index = [("dropped", at, s) if s in dropped else s for s in in_axes[ndim - arg.ndim :]]
        operands.append((arrays[at]._layer, tuple(index)))
        joined.append(tuple([axis for axis, s in enumerate(index) if isinstance(s, tuple)]))
    plain, lazy = lift_keywords(kwargs)
    if lazy:
        called = WithKeywords(called, tuple(lazy))
        operands += [(layer, ()) for layer in lazy.values()]
        joined += [()] * len(lazy)
    if dropped:
        called = JoinFirst(called, tuple(joined))
    prefix = token or func_name(func).strip("<>")
    digest = quick_token(
        "map",
        func_part(func),
        chunks_token(own),
        (*dropped, None, *added),
        call.wants_id,
        call.wants_info,
        str(found.dtype),
        *lazy,
    )
    layer = blockwise_layer(
        called,
        out_index,
        *operands,
        prefix=prefix,
        name=name,
        token=digest,
        new_axes={s: len(n) for s, n in zip(out_index, own, strict=True) if isinstance(s, tuple)},
        kwargs=plain or None,
    )
    return new_array(layer, own, found)


def _placed(x: ArrayBase, symbols: list[int], out_index: list[Any], dropped: list[int]) -> Any:
    """Return what ``Infos`` wants to know of an array; along dropped axes the function sees all."""
    chunks = [(m,) if s in dropped else n for s, n, m in zip(symbols, x.chunks, x.shape, strict=True)]
    return tuple(chunks), tuple([out_index.index(s) if s in out_index else -1 for s in symbols])


def _axes(axis: Any, ndim: int) -> list[int]:
    if axis is None:
        return []
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return sorted({normalize_axis(one, ndim) for one in axes})


def _new_axes(new_axis: Any, kept: int, chunks: Any, no_arrays: bool) -> list[int]:
    if no_arrays and chunks is None:
        raise ValueError("map_blocks without an array needs chunks=: tuples of sizes, one for each axis")
    if new_axis is None:
        return list(range(len(chunks))) if no_arrays else []
    axes = list(new_axis) if isinstance(new_axis, tuple | list) else [new_axis]
    return sorted(normalize_axis(one, kept + len(axes)) for one in axes)


def _chunks_of(chunks: Any, out_index: list[Any], sizes: Mapping[Any, Sizes], arrays: Mapping[int, Any]) -> Chunks:
    # The function may change lengths that aren't known: such sizes are no longer the arrays' own.
    base: list[Sizes] = [(1,) if isinstance(s, tuple) else _own(sizes[s]) for s in out_index]
    if chunks is None:
        return tuple(base)
    if not isinstance(chunks, tuple | list):
        chunks = (chunks,) * len(out_index)
    if len(chunks) != len(out_index):
        raise ValueError(f"chunks={chunks!r:.60} are for {len(chunks)} dimensions, but the result has {len(out_index)}")
    out: list[Sizes] = []
    for at, (given, own) in enumerate(zip(chunks, base, strict=True)):
        if not isinstance(given, tuple | list):
            out.append((given,) * len(own))
            continue
        if len(given) != len(own) and not isinstance(out_index[at], tuple):
            raise ValueError(f"chunks give axis {at} {len(given)} blocks, but the arrays have {len(own)} there")
        out.append(tuple(given))
    return tuple(out)


def _own(sizes: Sizes) -> Sizes:
    return (*sizes,) if has_unknown(sizes) else sizes


def _parameters(func: Callable[..., Any]) -> Set[str]:
    if isinstance(func, np.ufunc):
        return frozenset()
    if type(func) is FunctionType and not func.__dict__:
        # What inspect would find, in a twentieth of the time.
        code = func.__code__
        return _ASKED.intersection(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    try:
        return set(inspect.signature(func).parameters) & _ASKED
    except (TypeError, ValueError):  # a builtin without a signature asks for neither
        return frozenset()


def _meta_for(
    func: Any, args: Any, arrays: Any, kwargs: Any, dtype: Any, meta: Any, ndim: int, wants: Set[str], infos: Any
) -> Any:
    if meta is not None:
        return meta_of(meta, ndim, dtype)
    if dtype is not None:
        return meta_of(np.empty(0) if not arrays else next(iter(arrays.values()))._meta, ndim, np.dtype(dtype))
    if not arrays and not wants:
        samples: list[Any] = [list(args)]
    else:
        samples = [[np.ones((n,) * a.ndim, a.dtype) if isinstance(a, ArrayBase) else a for a in args] for n in (0, 1)]
        samples[0] = [arrays[at]._meta if at in arrays else a for at, a in enumerate(args)]
    extra: dict[str, Any] = {}
    if "block_id" in wants:
        extra["block_id"] = (0,) * ndim
    if "block_info" in wants:
        extra["block_info"] = infos.at((0,) * ndim)
    reason: Exception | None = None
    for number, sample in enumerate(samples):
        try:
            given = [sample_argument(each, number) for each in sample]
            named = {name: sample_argument(each, number) for name, each in kwargs.items()}
            with np.errstate(all="ignore"):
                return meta_of(func(*given, **named, **extra), ndim)
        except Exception as error:
            reason = error
    raise ValueError(
        f"the dtype of {func_name(func)} could not be found by calling it on empty blocks, which raised "
        f"{type(reason).__name__}: {reason}. Say it with dtype= or meta="
    ) from reason


@planned
def blockwise(
    func: Callable[..., Any],
    out_ind: Any,
    *args: Any,
    name: str | None = None,
    token: str | None = None,
    dtype: Any = None,
    adjust_chunks: Mapping[Any, Any] | None = None,
    new_axes: Mapping[Any, Any] | None = None,
    align_arrays: bool = True,
    concatenate: bool | None = None,
    meta: Any = None,
    **kwargs: Any,
) -> Any:
    """Return the array of a function on blocks that index symbols pair, as in Einstein's notation.

    Parameters
    ----------
    func : callable
        Collections among its keyword arguments are passed computed.
    out_ind : str or sequence of symbols
        One symbol for each axis of the result.
    *args
        Pairs of array and index; a None index marks a literal, which is passed as it is, a collection computed. An array with a
        symbol that the result lacks gives ``func`` a list of all its blocks along it, or one block that they are joined to if
        ``concatenate``.
    dtype, meta : optional
        Default: found by calling ``func`` on empty blocks.
    adjust_chunks : mapping, optional
        ``{symbol: size, sizes, or function of a size}`` where ``func`` changes sizes.
    new_axes : mapping, optional
        ``{symbol: size or sizes}`` of symbols that no array has.
    align_arrays : bool
        Whether arrays are rechunked to fit; otherwise numbers of blocks must agree.

    Raises
    ------
    ValueError
        If indices don't fit, lengths differ along a symbol, or the dtype can't be found. Where it is computed: if a block has
        another shape than declared.
    TypeError
        Where it is computed: if a block has a dtype of another kind.

    Examples
    --------
    >>> import minidask.array as da
    >>> from operator import add
    >>> x = da.arange(4, chunks=2)
    >>> da.blockwise(np.add.outer, "ij", x, "i", x, "j", dtype=int).compute()[1].tolist()
    [1, 2, 3, 4]
    """
    out = tuple(out_ind)
    if len(args) % 2:
        raise ValueError(
            f"blockwise takes pairs of an array and its index, such as blockwise(func, 'ij', x, 'ij'), and (value, None) for a "
            f"literal: the index of the last of {len(args)} arguments is missing"
        )
    pairs = [
        (from_memory(x) if ind is not None and isinstance(x, np.ndarray) else x, None if ind is None else tuple(ind))
        for x, ind in zip(args[::2], args[1::2], strict=True)
    ]
    if align_arrays:
        sizes, arrays = unify_chunks(*[part for pair in pairs for part in pair])
    else:
        sizes = {s: n for x, ind in pairs if ind is not None for s, n in zip(ind, x.chunks, strict=True)}
        arrays = [x for x, _ in pairs]
    pairs = [(x, ind) for x, (_, ind) in zip(arrays, pairs, strict=True)]
    for symbol, size in (new_axes or {}).items():
        if symbol in sizes:
            raise ValueError(f"new_axes names {symbol!r}, which an array has already")
        sizes[symbol] = tuple(size) if isinstance(size, tuple | list) else (size,)
    missing = [s for s in out if s not in sizes]
    if missing:
        raise ValueError(f"no array has the result's symbol {missing[0]!r}: give its size in new_axes")
    unknown = [s for s in adjust_chunks or () if s not in out]
    if unknown:
        raise ValueError(f"adjust_chunks names {unknown[0]!r}, which is no symbol of the result, {out!r}")
    chunks = tuple([_own(_adjusted(sizes[s], (adjust_chunks or {}).get(s), s)) for s in out])
    found = _blockwise_meta(func, pairs, out, kwargs, dtype, meta, concatenate)
    anywhere: Any = Anywhere(func)
    call: Any = Checked(anywhere, chunks, found.dtype)
    operands: list[tuple[Any, Any]] = [(BlockId(), out)]
    contracted: list[tuple[int, ...]] = [()]
    for x, ind in pairs:
        if ind is None:
            lifted = whole(x)
            operands.append((x, None) if lifted is None else (lifted, ()))
        else:
            operands.append((x._layer, ind))
        contracted.append(tuple([at for at, s in enumerate(ind or ()) if s not in out]))
    plain, lazy = lift_keywords(kwargs)
    if lazy:
        call = WithKeywords(call, tuple(lazy))
        operands += [(layer, ()) for layer in lazy.values()]
        contracted += [()] * len(lazy)
    if concatenate and any(contracted):
        call = JoinFirst(call, tuple(contracted))
    layer: Layer = blockwise_layer(
        call,
        out,
        *operands,
        prefix=token or func_name(func).strip("<>"),
        name=name,
        token=quick_token(
            "blockwise", func_part(func), str(found.dtype), chunks_token(chunks), bool(concatenate), *lazy
        ),
        new_axes={s: len(sizes[s]) for s in (new_axes or {})},
        kwargs=plain or None,
    )
    return new_array(layer, chunks, found)


def _adjusted(sizes: Sizes, change: Any, symbol: Any) -> Sizes:
    if change is None:
        return sizes
    if callable(change):
        return tuple([change(size) for size in sizes])
    if isinstance(change, tuple | list):
        if len(change) != len(sizes):
            raise ValueError(f"adjust_chunks gives {symbol!r} {len(change)} blocks, but there are {len(sizes)}")
        return tuple(change)
    return (change,) * len(sizes)


def _blockwise_meta(
    func: Any, pairs: Any, out: tuple[Any, ...], kwargs: Any, dtype: Any, meta: Any, concatenate: Any
) -> Any:
    if meta is not None:
        return meta_of(meta, len(out), dtype)
    if dtype is not None:
        first = next((x._meta for x, ind in pairs if ind is not None), np.empty(0))
        return meta_of(first, len(out), np.dtype(dtype))
    sample = []
    for x, ind in pairs:
        block = x if ind is None else x._meta
        for symbol in ind or ():
            if symbol not in out and not concatenate:
                block = [block]
        sample.append((block, ind is None))
    try:
        given = [sample_argument(each) if literal else each for each, literal in sample]
        named = {name: sample_argument(each) for name, each in kwargs.items()}
        with np.errstate(all="ignore"):
            return meta_of(func(*given, **named), len(out))
    except Exception as error:
        raise ValueError(
            f"the dtype of {func_name(func)} could not be found by calling it on empty blocks, which raised "
            f"{type(error).__name__}: {error}. Say it with dtype= or meta="
        ) from error
