"""One call of a distribution as an array: each block is drawn by a generator of its own, from its parts of the parameters.

Place in the flow: above ``streams``, below the generators. Parameters that are arrays are broadcast and cut to the chunks; those
in memory go into tasks piece by piece.

Invariant: making an array costs the same for any number of chunks, and draws nothing (but checks scalars by NumPy's own rules).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Chunks, check_known, chunks_token, is_unknown, length_of, numblocks_of
from minidask.array.collection import ArrayBase, new_array
from minidask.array.creation.filled import shape_tuple
from minidask.array.elementwise import as_array, from_memory
from minidask.array.meta import as_block, numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.random.streams import OfGenerator, OfRandomState, Stream
from minidask.array.rechunk import rechunk_to
from minidask.array.sources import Bounds, symbols
from minidask.array.unify import broadcast_shape, common_sizes
from minidask.graph import BlockId, Blockwise, Layer, Parts
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token

# Parameters of that many values together are checked at once; more of them when they are computed.
_CHECKED = 1000

_PLAIN = frozenset({int, float, bool, type(None)})

_PROBES: dict[type, Any] = {
    OfGenerator: np.random.default_rng(0),
    OfRandomState: np.random.RandomState(0),
}


class Draw(NamedTuple):
    """Draw a block: ``draw(block_id, bounds, *parameters)``."""

    stream: Stream
    method: str
    dtype: Any

    @property
    def short_name(self) -> str:
        """The distribution's name, for people."""
        return self.method

    def __call__(self, block_id: tuple[int, ...], bounds: Any, *parameters: Any, **kwargs: Any) -> Any:
        size: Any = tuple([high - low for low, high in bounds])
        if any(map(is_unknown, size)):
            # Unknown lengths come from parameters, which have them.
            size = None
        drawn = getattr(self.stream.at(block_id), self.method)(*parameters, size=size, **kwargs)
        return as_block(drawn).astype(self.dtype, copy=False)


def draw(
    stream: Stream,
    method: str,
    parameters: Sequence[Any],
    size: Any,
    chunks: Any,
    dtype: Any,
    kwargs: Mapping[str, Any] | None = None,
    core: Sequence[int] = (),
) -> Any:
    """Return the array of a distribution.

    Parameters
    ----------
    stream : Stream
    method : str
        NumPy's name of the distribution.
    parameters : sequence
        Scalars, arrays in memory and chunked arrays.
    size : int, tuple of int or None
        None: what the parameters broadcast to.
    chunks
        What ``normalize_chunks`` reads; ``"auto"`` keeps the chunks of parameters that have some.
    dtype : dtype
        Of the result.
    kwargs : mapping, optional
        For NumPy's method.
    core : sequence of int
        For each parameter how many of its last axes belong to one draw: a vector of probabilities has 1. If any has, the draw
        is a vector of the same length.

    Raises
    ------
    ValueError
        If parameters don't broadcast to the size, are out of the distribution's range, or chunks don't fit.
    TypeError
        If a keyword is unknown to NumPy's method, or a parameter is no number.

    Examples
    --------
    >>> stream = Stream(OfGenerator(np.random.PCG64), 5, (), 4)
    >>> draw(stream, "uniform", (0, np.array([1, 10])), (4, 2), 3, np.dtype(float))
    minidask.array<uniform, shape=(4, 2), dtype=float64, chunksize=(3, 2), chunktype=numpy.ndarray>
    """
    core = tuple(core) or (0,) * len(parameters)
    operands = [_operand(each) for each in parameters]
    loops = [_shape(each)[: len(_shape(each)) - n] for each, n in zip(operands, core, strict=True)]
    shape = broadcast_shape(loops)
    if size is not None:
        asked = shape_tuple(size)
        if len(shape) > len(asked) or any(
            length not in (1, wanted)
            for length, wanted in zip(shape, asked[len(asked) - len(shape) :], strict=True)
            if not is_unknown(length)
        ):
            raise ValueError(f"Output size {asked} is not compatible with broadcast dimensions of inputs {shape}.")
        if any(map(is_unknown, shape)):
            check_known(f"{method} with size=", shape)
        shape = asked
    tail = _tail(method, operands, core)
    _check(stream, method, operands, core, kwargs)
    own = _chunks(chunks, shape, operands, core, np.dtype(dtype))
    # -- layer ------------------------------------------------------------------------------------------------------
    ndim = len(own)
    index = symbols(ndim)
    out_index = symbols(ndim + len(tail))
    inputs: list[Layer] = []
    prepared: list[Any] = [(BlockId(), index), (Parts(Bounds(own)), index)]  # type: ignore[arg-type]
    named: list[Any] = []
    for operand, n in zip(operands, core, strict=True):
        if not isinstance(operand, ArrayBase) and len(_shape(operand)) == n:
            prepared.append((Constant(operand), ()))
            named += (0, operand)
            continue
        array = _cut(operand, own, n)
        names = [layer.name for layer in inputs]
        if array.name not in names:
            inputs.append(array._layer)
            names.append(array.name)
        loop = array.ndim - n
        prepared.append((InputOf(names.index(array.name)), (*index[ndim - loop :], *out_index[ndim:] * n)))
        named.append(array.name)
    options = dict(kwargs or {})
    # Types are hashed by their names.
    named_options = [
        (each, np.dtype(value).str if each == "dtype" and value is not None else value)
        for each, value in sorted(options.items())
    ]
    token = quick_token(
        method, *stream.parts, chunks_token(own), np.dtype(dtype).str, len(named), *named, *chain(*named_options)
    )
    chunks_out = (*own, *[(length,) for length in tail])
    func: Any = Draw(stream, method, np.dtype(dtype))
    layer = Blockwise(
        f"{method}-{token}",
        tuple(inputs),
        func,
        out_index,
        tuple(prepared),
        dict(enumerate(numblocks_of(chunks_out))),
        options or None,
    )
    return new_array(layer, chunks_out, numpy_meta(np.dtype(dtype), len(chunks_out)))


def _operand(value: Any) -> Any:
    if isinstance(value, ArrayBase) or np.isscalar(value) or value is None:
        return value
    if hasattr(value, "__dask_graph__"):
        return as_array(value)
    array = np.asarray(value)
    return array if array.ndim else array[()]


def _shape(value: Any) -> tuple[Any, ...]:
    return tuple(value.shape) if isinstance(value, ArrayBase | np.ndarray) else ()


def _tail(method: str, operands: Sequence[Any], core: Sequence[int]) -> tuple[int, ...]:
    """Return the axes of one draw: none, or the length of a vector."""
    for operand, n in zip(operands, core, strict=True):
        if not n:
            continue
        if len(_shape(operand)) < n:
            raise ValueError(f"{method} needs an array of {n} dimensions or more, got {len(_shape(operand))}")
        length = operand.shape[-1]
        check_known(method, (length,))
        return (int(length),)
    return ()


def _chunks(
    chunks: Any, shape: tuple[Any, ...], operands: Sequence[Any], core: Sequence[int], dtype: np.dtype[Any]
) -> Chunks:
    known = [x._chunks[: x.ndim - n] for x, n in zip(operands, core, strict=True) if isinstance(x, ArrayBase)]
    if not known or not (isinstance(chunks, str) and chunks == "auto"):
        if any(map(is_unknown, shape)):
            check_known("chunks=", shape)
        return normalize_chunks(chunks, shape, None, dtype)
    described: list[Any] = []
    for at, length in enumerate(shape, -len(shape)):
        sizes = [own[at] for own in known if -at <= len(own) and not (length_of(own[at]) == 1 != length)]
        described.append(common_sizes(sizes) if sizes else "auto")
    return normalize_chunks(tuple(described), shape, None, dtype)


def _cut(operand: Any, chunks: Chunks, core: int) -> Any:
    """Return a parameter in the chunks of the result, its axes of length 1 in one block."""
    array = operand if isinstance(operand, ArrayBase) else from_memory(operand)
    loop = array.ndim - core
    wanted: list[Any] = []
    for sizes, own in zip(array._chunks[:loop], chunks[len(chunks) - loop :], strict=True):
        stretched = length_of(sizes) == 1 and length_of(own) != 1
        wanted.append((1,) if stretched else own)
    wanted += [(length,) for length in array.shape[loop:]]
    return rechunk_to(array, tuple(wanted))


def _check(
    stream: Stream, method: str, operands: Sequence[Any], core: Sequence[int], kwargs: Mapping[str, Any] | None
) -> None:
    """Have NumPy check parameters that are known, by drawing next to nothing."""
    if isinstance(stream.make, OfRandomState) and stream.make.factory is not None:
        return
    chunked = any(isinstance(each, ArrayBase) for each in operands)
    if any(core):
        # The covariance of a multivariate distribution would be factorized here already.
        if chunked or method == "multivariate_normal" or sum([np.size(each) for each in operands]) > _CHECKED:
            return
        size: Any = (
            1,
            *np.broadcast_shapes(*[_shape(x)[: len(_shape(x)) - n] for x, n in zip(operands, core, strict=True)]),
        )
    elif any(isinstance(each, np.ndarray) for each in operands) or chunked:
        size = None
        lengths = prod(np.broadcast_shapes(*[_shape(each) for each in operands])) if not chunked else _CHECKED + 1
        if lengths > _CHECKED:
            operands = [np.empty(0, x.dtype) if isinstance(x, ArrayBase | np.ndarray) else x for x in operands]
    elif all(type(each) in _PLAIN for each in operands) and not (kwargs and any(map(_is_held, kwargs.values()))):
        kinds = tuple(map(type, operands))
        kind: Any = type(stream.make)
        _accepted(kind, method, tuple(operands), kinds, tuple((kwargs or {}).items()))
        return
    else:
        size = (1,)
    getattr(_PROBES[type(stream.make)], method)(*operands, size=size, **(kwargs or {}))


def _is_held(option: Any) -> bool:
    return not (isinstance(option, bool | str | type | np.dtype) or option is None)


@lru_cache(1024)
def _accepted(kind: Any, method: str, numbers: tuple[Any, ...], kinds: tuple[type, ...], options: Any) -> None:
    """Draw one number, once for all calls with these arguments; raises what NumPy does."""
    getattr(_PROBES[kind], method)(*numbers, size=(1,), **dict(options))
