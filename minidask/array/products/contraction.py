"""Contraction: pair the blocks of arrays by index symbols, multiply, and sum over the symbols that the result lacks.

Operands are cut to common chunks along each symbol; nothing is joined. How the partial products of one block of the result are
summed depends on what has to be held meanwhile:

- where blocks of the operands are needed for one product only and are larger than it (``X.T @ X`` of a tall X), each partial
  product is a task of its own, made as soon as its blocks are there, and a tree adds them up;
- otherwise, operands' blocks stay in memory for other products anyway: a task adds up a few products (``PRODUCTS_PER_TASK``), and
  a narrow tree what these tasks make, so that few partial products exist at a time.

Blocks of the result that would be larger than automatic chunks are cut smaller before anything is multiplied: an outer product of
long blocks has no other bound.

Place in the flow: above ``unify``; ``dot``, ``matmul``, ``tensordot`` and ``einsum`` say what ``func`` is. Invariant: building
costs the same for any number of blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from minidask import config
from minidask.array.assemble import flatten
from minidask.array.chunks import REMEDY, Chunks, Sizes, UnknownChunkSizes, has_unknown, largest_of
from minidask.array.collection import ArrayBase, new_array
from minidask.array.meta import as_block, is_numpy, meta_of, numpy_meta
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.products.blas import shared_cores
from minidask.array.products.masked import is_masked, masked_product
from minidask.array.rechunk import rechunk_to
from minidask.array.remembered import remembered
from minidask.array.unify import unify_chunks
from minidask.graph import Blockwise, Layer, tree_reduction
from minidask.graph.blockwise import InputOf
from minidask.graph.reduction import SPLIT_EVERY, TreeReduction
from minidask.tokenize import quick_token
from minidask.units import parse_bytes

# More would make fewer tasks and hold more blocks at once; a tree of the same width follows.
PRODUCTS_PER_TASK = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A function of NumPy's with keyword arguments; compares by value."""

    func: Callable[..., Any]
    kwargs: tuple[tuple[str, Any], ...] = ()

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(self.func.__name__)

    def __repr__(self) -> str:
        return f"{self.func.__name__}{self.kwargs}"

    def __call__(self, *blocks: Any) -> Any:
        return self.func(*blocks, **dict(self.kwargs))


@dataclass(frozen=True, slots=True)
class SumOfProducts:
    """Sum ``func`` of each ``count`` blocks in turn."""

    func: Callable[..., Any]
    count: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return str(getattr(self.func, "short_name", "product"))

    def __call__(self, *blocks: Any) -> Any:
        with shared_cores:
            return add_up(self.func(*blocks[at : at + self.count]) for at in range(0, len(blocks), max(self.count, 1)))


@dataclass(frozen=True, slots=True)
class AddUp:
    """Sum partial products that come in nested lists."""

    depth: int
    name: str

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return f"{self.name}-sum"

    def __call__(self, nested: Any) -> Any:
        return add_up(flatten(nested, self.depth))


def add_up(parts: Any) -> Any:
    """Return the sum of blocks of one shape; none of them is changed.

    Examples
    --------
    >>> add_up([np.ones(2), np.ones(2), np.ones(2)])
    array([3., 3.])
    """
    total: Any = None
    own = False
    for part in parts:
        if total is None:
            total = part
        elif own:
            total += part
        else:
            total = np.add(total, part)
            # From here on the sum is nobody else's.
            own = type(total) is np.ndarray and total.ndim > 0
    return total


def only(blocks: Any) -> Any:
    """Return the only block of nested lists."""
    while isinstance(blocks, list):
        blocks = blocks[0]
    return blocks


def contract(
    name: str, func: Callable[..., Any], out: Sequence[Any], *operands: Any, dtype: Any = None, meta: Any = None
) -> Any:
    """Return the sum of products of arrays along the symbols that ``out`` lacks.

    Parameters
    ----------
    name : str
        The operation; with ``func`` and the indices it says what is made.
    func : callable
        Called with a block of each operand; returns a block with axes ``out``. A NamedTuple whose repr says what it does, as
        ``Call``.
    out : sequence of symbols
        Of the result's axes.
    *operands
        Pairs of array and index (a symbol an axis). Axes of length 1 are stretched.
    dtype, meta : optional
        Of the result; default: found by calling ``func`` on blocks of one element.

    Raises
    ------
    ValueError
        If lengths along a symbol differ, or unknown chunk sizes don't match.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(6, chunks=2)
    >>> contract("dot", Call(np.dot), (), x, "i", x, "i").compute()
    np.int64(55)
    """
    out = tuple(out)
    indices = [tuple(index) for index in operands[1::2]]
    given = list(operands[::2])
    if any(map(is_masked, given)):

        def multiply(kind: Any, *arrays: Any) -> Any:
            pairs = [part for pair in zip(arrays, indices, strict=True) for part in pair]
            return contract(name, func, out, *pairs, dtype=kind)

        return masked_product(multiply, dtype, *given)
    if dtype is None:
        dtype = product_dtype(func, *[(x._meta.dtype, len(x._chunks)) for x in given])
    sizes, arrays = aligned(given, indices)
    limit = _bytes_of(config.get("array.chunk-size")) / max(dtype.itemsize, 1)
    longest = {s: _longest(own) for s, own in sizes.items()}
    if prod([longest[s] for s in out]) > limit:
        finer = bounded(sizes, out, limit)
        if finer != sizes:
            arrays = [
                rechunk_to(
                    x, tuple([own if own == (1,) else finer[s] for s, own in zip(index, x._chunks, strict=True)])
                )
                for x, index in zip(arrays, indices, strict=True)
            ]
            sizes = finer
            longest = {s: _longest(own) for s, own in sizes.items()}
    if any(n != n for n in longest.values()):
        _check_stretched(arrays, indices, sizes, out)
    chunks: Chunks = tuple([sizes[s] for s in out])
    if meta is None:
        meta = product_meta(func, [x._meta for x in arrays], dtype, len(out))
    # What ``func`` is its repr says: of a dataclass whose fields are plain, which is hashed in a tenth of the time.
    pattern, summed = described(out, tuple(indices))
    token = quick_token(name, repr(func), pattern, *[x._layer.name for x in arrays])
    layer = _layer(name, token, func, out, summed, arrays, indices, sizes, longest, dtype)
    return new_array(layer, chunks, meta)


_bytes_of = lru_cache(16)(parse_bytes)


def aligned(arrays: list[Any], indices: Sequence[tuple[Any, ...]]) -> tuple[dict[Any, Sizes], list[Any]]:
    """Return what ``unify_chunks`` does; sooner where chunks agree already."""
    sizes: dict[Any, Sizes] = {}
    for x, index in zip(arrays, indices):
        if len(index) != x.ndim:
            raise ValueError(f"the index {index!r} has {len(index)} symbols, but the array has {x.ndim} dimensions")
        for symbol, own in zip(index, x._chunks):
            known = sizes.setdefault(symbol, own)
            if known is not own and known != own:
                return unify_chunks(*[part for pair in zip(arrays, indices) for part in pair])
    return sizes, arrays


def _check_stretched(
    arrays: list[Any], indices: Sequence[tuple[Any, ...]], sizes: Mapping[Any, Sizes], out: tuple[Any, ...]
) -> None:
    """Raise UnknownChunkSizes if an axis of length 1 is paired with blocks of which nobody knows whether they are one element."""
    for x, index in zip(arrays, indices, strict=True):
        for symbol, own in zip(index, x._chunks, strict=True):
            if symbol not in out and own == (1,) and len(sizes[symbol]) > 1 and has_unknown(sizes[symbol]):
                raise UnknownChunkSizes(f"a product along an axis of length 1 and one of unknown length: {REMEDY}")


@lru_cache(1024)
def described(out: tuple[Any, ...], indices: tuple[tuple[Any, ...], ...]) -> tuple[str, tuple[Any, ...]]:
    """Return what stands for the symbols in names, and those that are summed over.

    Examples
    --------
    >>> described(("i",), (("i", "k"), ("k",)))[1]
    ('k',)
    """
    return repr((out, indices)), tuple(dict.fromkeys([s for index in indices for s in index if s not in out]))


@lru_cache(1024)
def product_dtype(func: Callable[..., Any], *operands: tuple[np.dtype[Any], int]) -> np.dtype[Any]:
    """Return the dtype of ``func`` of arrays of these dtypes and numbers of dimensions; raises what it raises.

    Examples
    --------
    >>> product_dtype(Call(np.dot), (np.dtype("f4"), 1), (np.dtype("i1"), 1))
    dtype('float32')
    """
    with np.errstate(all="ignore"):
        return np.dtype(as_block(func(*[np.ones((1,) * ndim, dtype) for dtype, ndim in operands])).dtype)


def product_meta(func: Callable[..., Any], metas: Sequence[Any], dtype: Any, ndim: int) -> Any:
    """Return the meta of a product: of the type that ``func`` of empty blocks has where they aren't NumPy's."""
    if all(is_numpy(meta) for meta in metas):
        return numpy_meta(np.dtype(dtype), ndim)
    try:
        return meta_of(func(*metas), ndim, dtype)
    except Exception:  # types that can't multiply empty arrays: the first operand's is the likely one
        return meta_of(next(meta for meta in metas if not is_numpy(meta)), ndim, dtype)


@remembered
def _longest(sizes: Sizes) -> Any:
    return max(sizes)


def bounded(sizes: Mapping[Any, Sizes], out: Sequence[Any], limit: float) -> dict[Any, Sizes]:
    """Return sizes with the result's blocks cut until one has at most ``limit`` elements; unknown sizes stay.

    Examples
    --------
    >>> bounded({"i": (10,), "j": (4, 4)}, "ij", 20)
    {'i': (5, 5), 'j': (4, 4)}
    """
    caps = {s: largest_of(sizes[s]) for s in out if not has_unknown(sizes[s])}
    fixed = prod([largest_of(sizes[s]) for s in out if s not in caps])
    while caps and fixed * prod(caps.values()) > limit and max(caps.values()) > 1:
        longest = max(caps, key=lambda s: caps[s])
        caps[longest] = -(-caps[longest] // 2)
    return {s: _cut(own, caps[s]) if s in caps else own for s, own in sizes.items()}


@remembered
def _cut(sizes: Sizes, cap: Any) -> Sizes:
    if largest_of(sizes) <= cap:
        return sizes
    out: list[Any] = []
    for size in sizes:
        parts = max(1, -(-size // cap))
        base, more = divmod(size, parts)
        out += [base + 1] * more + [base] * (parts - more)
    return tuple(out)


def _layer(
    name: str,
    token: str,
    func: Callable[..., Any],
    out: tuple[Any, ...],
    summed: tuple[Any, ...],
    arrays: Sequence[ArrayBase],
    indices: Sequence[tuple[Any, ...]],
    sizes: Mapping[Any, Sizes],
    longest: Mapping[Any, Any],
    dtype: Any,
) -> Layer:
    blocks = {s: len(own) for s, own in sizes.items()}
    products = prod([blocks[s] for s in summed])
    one = sum_of_products(func, len(arrays))
    if products == 1:
        return _paired(f"{name}-{token}", one, out, arrays, indices, blocks, only if summed else None)
    held = held_bytes(arrays, indices, out, blocks, longest)
    partial = prod([longest[s] for s in out]) * dtype.itemsize
    if held <= partial:
        return _grouped(name, token, one, out, summed, arrays, indices, sizes, products)
    partials = _paired(f"{name}-products-{token}", one, (*out, *summed), arrays, indices, blocks)
    axes = tuple(range(len(out), len(out) + len(summed)))
    # Where partial products are small beside what they are made of a wide tree costs no memory.
    width = SPLIT_EVERY if partial * PRODUCTS_PER_TASK <= held else PRODUCTS_PER_TASK
    every = width if len(axes) == 1 else max(2, round(width ** (1 / len(axes))))
    add = adding_up(len(axes), name)
    return TreeReduction(f"{name}-{token}", partials, add, add, axes, (every,) * len(axes), False)


# The same few again and again: making a frozen dataclass costs more than finding it.
sum_of_products = lru_cache(1024)(SumOfProducts)
adding_up = lru_cache(1024)(AddUp)


def _paired(
    name: str,
    one: SumOfProducts,
    out: tuple[Any, ...],
    arrays: Sequence[ArrayBase],
    indices: Sequence[tuple[Any, ...]],
    blocks: Mapping[Any, int],
    contract: Callable[[Any], Any] | None = None,
) -> Blockwise:
    """Return the layer of products of blocks that symbols pair; all that ``graph.blockwise`` would check is known."""
    inputs: dict[str, Layer] = {}
    places: dict[str, InputOf] = {}
    operands = []
    for x, index in zip(arrays, indices, strict=True):
        layer = x._layer
        if layer.name not in inputs:
            places[layer.name] = InputOf(len(inputs))
            inputs[layer.name] = layer
        operands.append((places[layer.name], index))
    return Blockwise(name, tuple(inputs.values()), one, out, tuple(operands), blocks, None, contract)


def held_bytes(
    arrays: Sequence[ArrayBase],
    indices: Sequence[tuple[Any, ...]],
    out: Sequence[Any],
    blocks: Mapping[Any, int],
    longest: Mapping[Any, Any],
) -> float:
    """Return the bytes of the operands' blocks that one partial product needs and no other product does (inf if unknown)."""
    held: float = 0
    for x, index in zip(arrays, indices, strict=True):
        own = dict(zip(index, x._layer.numblocks, strict=True))
        if any(blocks[s] > 1 and own.get(s, 1) == 1 for s in out):
            continue
        # An axis of length 1 that is stretched counts as one.
        nbytes = prod([longest[s] if n == blocks[s] else 1 for s, n in own.items()]) * x._meta.dtype.itemsize
        held += nbytes if nbytes == nbytes else float("inf")
    return held


@dataclass(frozen=True, slots=True)
class Pairing:
    """The plan of the tasks that add up a few products each; see ``opaque_layer``.

    ``places``: for each operand its input and, for each of its axes, the place of its block's number in the block's index of the
    result followed by that among the products, -1 for its only block. ``extents``: blocks along each symbol that is summed.
    """

    func: SumOfProducts
    places: tuple[tuple[int, tuple[int, ...]], ...]
    extents: tuple[int, ...]
    out: int

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        total = prod(self.extents)
        first = index[self.out] * PRODUCTS_PER_TASK if len(index) > self.out else 0
        refs: list[Ref] = []
        for number in range(first, min(first + PRODUCTS_PER_TASK, total)):
            inner: list[int] = []
            for extent in reversed(self.extents):
                number, at = divmod(number, extent)
                inner.append(at)
            whole = (*index[: self.out], *reversed(inner))
            for at, places in self.places:
                refs.append(Ref(at, tuple([whole[place] if place >= 0 else 0 for place in places])))
        return self.func, tuple(refs)


def _grouped(
    name: str,
    token: str,
    one: SumOfProducts,
    out: tuple[Any, ...],
    summed: tuple[Any, ...],
    arrays: Sequence[ArrayBase],
    indices: Sequence[tuple[Any, ...]],
    sizes: Mapping[Any, Sizes],
    products: int,
) -> Layer:
    layers = {x.name: x._layer for x in arrays}
    order = list(layers)
    place = {symbol: at for at, symbol in enumerate((*out, *summed))}
    places = tuple(
        [
            (order.index(x.name), tuple([place[s] if n > 1 else -1 for s, n in zip(index, x.numblocks, strict=True)]))
            for x, index in zip(arrays, indices, strict=True)
        ]
    )
    grid = tuple([len(sizes[s]) for s in out])
    plan = Pairing(one, places, tuple([len(sizes[s]) for s in summed]), len(out))
    groups = -(-products // PRODUCTS_PER_TASK)
    if groups == 1:
        return opaque_layer(f"{name}-{token}", tuple(layers.values()), grid, plan)
    partials = opaque_layer(f"{name}-products-{token}", tuple(layers.values()), (*grid, groups), plan)
    add = adding_up(1, name)
    return tree_reduction(
        partials, add, add, axes=(len(out),), split_every=PRODUCTS_PER_TASK, keepdims=False, name=f"{name}-{token}"
    )
