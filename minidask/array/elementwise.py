"""Elementwise work: one function over aligned blocks, named by the operation, its operands' names and its literals.

Place in the flow: what operators, ufuncs and many functions build. Above ``unify``; fused by ``minidask.array.optimize``.

Invariant: making a result costs the same for any number of chunks: chunk tuples, shapes and grids are shared with the operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np

from minidask.array.chunks import Chunks, chunks_token, numblocks_of
from minidask.array.collection import ArrayBase, as_numpy, new_array
from minidask.array.dtypes import literal_kind, metas_of_call
from minidask.array.meta import is_numpy, meta_of, with_dtype, with_ndim
from minidask.array.naming import array_parts, literal_parts
from minidask.array.normalize import normalize_chunks
from minidask.array.performance import check_growth
from minidask.array.sources import Reader, array_source, grid_sizes, symbols
from minidask.array.unify import align
from minidask.collection import is_dask_collection
from minidask.graph import Blockwise, Layer
from minidask.graph.blockwise import Constant, InputOf, Operand
from minidask.tokenize import quick_token, tokenize

READ_AS_IS = Reader(None, False, None)

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})
_FIRST: tuple[Operand, ...] = (InputOf(0), InputOf(1), InputOf(2))


def elementwise(
    func: Callable[..., Any],
    *operands: Any,
    name: str | None = None,
    kwargs: Mapping[str, Any] | None = None,
    dtype: Any = None,
    meta: Any = None,
    nout: int = 1,
    metas: tuple[Any, ...] | None = None,
) -> Any:
    """Return the array of ``func`` on aligned blocks of the operands, which are broadcast.

    Parameters
    ----------
    func : callable
        A ufunc, or a function of blocks (and literals) whose result has the broadcast shape.
    *operands
        Arrays, arrays in memory (cut to match), and literals; at least one array.
    name : str, optional
        Says what ``func`` does, together with ``kwargs``; default: NumPy's name for a ufunc, otherwise ``func`` is tokenized.
    kwargs : mapping, optional
    dtype, meta : optional
        Of the result; default: found without data (``minidask.array.dtypes``).
    nout : int
        With more than one output ``func`` returns a tuple, and so does this.
    metas : tuple, optional
        Of all outputs, with the result's number of dimensions, instead of ``dtype`` and ``meta``.

    Raises
    ------
    ValueError
        If shapes don't broadcast.
    TypeError
        If ``func`` has no loop for the dtypes, or an operand is neither array nor literal.

    Examples
    --------
    >>> import minidask.array as da
    >>> elementwise(np.add, da.ones(3, chunks=2), 1).compute()
    array([2., 2., 2.])
    """
    arrays = [o for o in operands if isinstance(o, ArrayBase)]
    if len(arrays) < len(operands) and any(type(o) not in _PLAIN and not isinstance(o, ArrayBase) for o in operands):
        operands = tuple([_operand(o, arrays) for o in operands])
        arrays = [o for o in operands if isinstance(o, ArrayBase)]
    first = arrays[0]
    if len(arrays) == 1:
        chunks, shape = first._chunks, first._shape
    else:
        arrays, chunks, shape = align(arrays)
    ndim = len(chunks)
    # -- layer ------------------------------------------------------------------------------------------------------
    inputs: list[Layer] = []
    prepared: list[tuple[Operand, tuple[int, ...]]] = []
    named: list[Any] = []
    samples: list[Any] = []
    kinds: list[Any] | None = []
    places: dict[str, int] = {}
    found = iter(arrays)
    out_index = symbols(ndim)
    for operand in operands:
        if isinstance(operand, ArrayBase):
            array = next(found)
            layer = array._layer
            at = places.get(layer.name)
            if at is None:
                at = places[layer.name] = len(inputs)
                inputs.append(layer)
            index = out_index if array.ndim == ndim else out_index[ndim - array.ndim :]
            prepared.append((_FIRST[at] if at < 3 else InputOf(at), index))
            named.append(layer.name)
            samples.append(array._meta)
            if kinds is not None and type(array._meta) is np.ndarray:
                kinds.append(array._meta.dtype)
            else:
                kinds = None
        else:
            prepared.append((Constant(operand), ()))
            # A number before each literal: no text can look like a name.
            named += (0, *literal_parts(operand))
            samples.append(operand)
            kind = literal_kind(operand)
            if kinds is not None and kind is not None:
                kinds.append(kind)
            else:
                kinds = None
    if metas is not None:
        found_metas = metas
    elif meta is None and dtype is None:
        found_metas = metas_of_call(func, samples, ndim, kwargs, None if kinds is None else tuple(kinds))
    else:
        base = (
            meta
            if meta is not None
            else with_ndim(next((a._meta for a in arrays if not is_numpy(a._meta)), first._meta), ndim)
        )
        found_metas = (meta_of(base, ndim, dtype) if dtype is None else with_dtype(meta_of(base, ndim), dtype),)
    if name is None:
        name = operation_name(func)
    if len(arrays) > 1 and chunks is not first._chunks:
        check_growth(name.partition(" ")[0], [a._chunks for a in arrays], chunks, found_metas[0].dtype.itemsize)
    digest = quick_token(name, *named, tuple(sorted(kwargs.items())) if kwargs else None)
    prefix = name.partition(" ")[0]
    blocks = first._layer.numblocks if ndim == len(first._chunks) and chunks is first._chunks else numblocks_of(chunks)
    layer = Blockwise(
        f"{prefix}-{digest}", tuple(inputs), func, out_index, tuple(prepared), grid_sizes(blocks), kwargs or None
    )
    if nout == 1:
        return new_array(layer, chunks, found_metas[0], shape)
    return tuple([_output(layer, at, chunks, found_metas[at], shape) for at in range(nout)])


def _output(layer: Layer, at: int, chunks: Chunks, meta: Any, shape: Any) -> Any:
    """Return the array of one of a layer's outputs, whose blocks are tuples."""
    index = symbols(len(chunks))
    item = Blockwise(
        f"{layer.name}-out{at}", (layer,), itemgetter(at), index, ((InputOf(0), index),), grid_sizes(layer.numblocks)
    )
    return new_array(item, chunks, meta, shape)


@lru_cache(1024)
def operation_name(func: Callable[..., Any]) -> str:
    """Return a name that says what a function does: NumPy's own for its functions, otherwise with a token.

    Examples
    --------
    >>> operation_name(np.add)
    'add'
    """
    name = getattr(func, "__name__", None) or type(func).__name__
    if getattr(np, name, None) is func:
        return str(name)
    return f"{name} {tokenize(func)}"


def _operand(operand: Any, arrays: Sequence[ArrayBase]) -> Any:
    """Return an operand as an array or a literal."""
    if isinstance(operand, ArrayBase) or type(operand) in _PLAIN:
        return operand
    if isinstance(operand, np.generic):
        return operand
    if isinstance(operand, np.ndarray) and operand.ndim == 0:
        return operand[()] if operand.dtype != object else operand
    if holds_arrays(operand):
        return as_array(operand)
    if is_dask_collection(operand):
        raise TypeError(
            f"a chunked array can't be combined with a {type(operand).__name__}: make an array of it first, such as with "
            "from_delayed or to_dask_array"
        )
    if isinstance(operand, list | tuple) or hasattr(operand, "__array__") or hasattr(operand, "__array_function__"):
        array = as_numpy(operand)
        return from_memory(array, _matching(array.shape, arrays)) if array.ndim else array[()]
    return operand


def _matching(shape: tuple[int, ...], arrays: Sequence[ArrayBase]) -> Chunks:
    """Return chunks for an array in memory: those of the others where lengths agree, otherwise one block."""
    out = []
    for at, length in enumerate(shape, -len(shape)):
        sizes = next((a._chunks[at] for a in arrays if -at <= a.ndim and a.shape[at] == length), (length,))
        out.append(sizes)
    return tuple(out)


def from_memory(array: Any, chunks: Any = -1, name: str | None = None) -> Any:
    """Return the chunked array of an array in memory.

    Parameters
    ----------
    array : numpy.ndarray or another array type in memory
    chunks
        What ``normalize_chunks`` reads.
    name : str, optional
        Default: made from the contents.

    Examples
    --------
    >>> from_memory(np.arange(4), 2).chunks
    ((2, 2),)
    """
    normal = normalize_chunks(chunks, array.shape, None, array.dtype)
    if name is None:
        name = f"array-{quick_token('array', *array_parts(array), chunks_token(normal))}"
    if isinstance(array, np.ndarray):
        layer: Layer = array_source(name, array, normal)
    else:
        layer = array_source(name, array, normal, READ_AS_IS)
    return new_array(layer, normal, meta_of(array), tuple(array.shape))


def holds_arrays(x: Any) -> bool:
    """Whether a list or tuple has chunked arrays in it, at any depth.

    Examples
    --------
    >>> import minidask.array as da
    >>> holds_arrays([[1, da.ones(2)[0]]]), holds_arrays([1, [2]]), holds_arrays(da.ones(2))
    (True, False, False)
    """
    return isinstance(x, list | tuple) and any(isinstance(item, ArrayBase) or holds_arrays(item) for item in x)


def as_array(x: Any) -> Any:
    """Return an array as it is, lists of arrays stacked, anything array-like in memory in automatic chunks.

    Raises
    ------
    TypeError
        If it is a collection of another kind.
    """
    if isinstance(x, ArrayBase):
        return x
    if holds_arrays(x):
        # Through NumPy's function, whose ours is above this module.
        return np.stack([as_array(item) for item in x])
    if is_dask_collection(x):
        raise TypeError(f"expected an array, got a {type(x).__name__}: convert it first")
    array = as_numpy(x)
    return from_memory(array, -1 if array.dtype == object else "auto")
