"""Functions with core dimensions on arrays, as NumPy's generalized ufuncs: ``apply_gufunc``.

Core dimensions, which the function works on as a whole, come last and in one block; the others, the loop dimensions, are
broadcast and paired block by block. All inputs of a block go into one task; several outputs are taken apart behind it.

Place in the flow: above ``signatures`` and ``unify``. What is found without data: dtypes, by calling the function on ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from minidask.array.arguments import WithKeywords, lift_keywords, sample_argument
from minidask.array.checking import as_declared
from minidask.array.chunks import Chunks, chunks_token, is_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.array.elementwise import as_array
from minidask.array.meta import meta_of
from minidask.array.naming import func_part
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import transpose
from minidask.array.signatures import Axes, Core, Signature, from_the_end, parse_signature, read_axes, to_the_end
from minidask.array.unify import broadcast_shape, unify_chunks
from minidask.graph import BlockId, Blockwise
from minidask.graph.blockwise import InputOf
from minidask.graph.task import func_name
from minidask.tokenize import quick_token, tokenize


class Vectorized:
    """A function of core dimensions alone, called for each place of the loop dimensions."""

    __slots__ = ("dtypes", "func", "signature")

    def __init__(self, func: Callable[..., Any], signature: str, dtypes: tuple[Any, ...] | None) -> None:
        self.func = func
        self.signature = signature
        self.dtypes = dtypes

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        otypes = None if self.dtypes is None else [np.dtype(d) for d in self.dtypes]
        return np.vectorize(self.func, otypes=otypes, signature=self.signature)(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Vectorized, (self.func, self.signature, self.dtypes)


class Apply:
    """Call the function on the blocks of one place, and check what it returns."""

    __slots__ = ("dtypes", "func", "loops", "tails")

    def __init__(
        self, func: Callable[..., Any], loops: Chunks, tails: tuple[tuple[Any, ...], ...], dtypes: tuple[Any, ...]
    ) -> None:
        self.func = func
        # Sizes of blocks along the loop dimensions; lengths of each output's core dimensions, and its dtype.
        self.loops = loops
        self.tails = tails
        self.dtypes = dtypes

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block_id: tuple[int, ...], *blocks: Any, **kwargs: Any) -> Any:
        made = self.func(*[only(block) for block in blocks], **kwargs)
        results = made if isinstance(made, tuple | list) else (made,)
        count = len(self.tails)
        if count == 1 and not isinstance(made, tuple):
            results = (made,)
        if len(results) != count:
            raise ValueError(
                f"{self.short_name} returned {len(results)} results where the signature has {count} outputs"
            )
        loop = tuple([sizes[at] for sizes, at in zip(self.loops, block_id, strict=True)])
        results = tuple([r if hasattr(r, "shape") else np.asarray(r) for r in results])
        for number, (result, tail) in enumerate(zip(results, self.tails, strict=True)):
            declared = (*loop, *tail)
            if len(declared) != len(result.shape) or any(
                n == n and n != m for n, m in zip(declared, result.shape, strict=True)
            ):
                raise ValueError(
                    f"{self.short_name} returned an array of shape {result.shape} where {declared} was declared for "
                    f"output {number}: loop dimensions {loop}, core dimensions {tail}; correct the signature or output_sizes, "
                    "or pass vectorize=True for a function of core dimensions alone"
                )
        results = tuple(
            [
                as_declared(result, dtype, self.short_name, "output_dtypes= or meta=")
                for result, dtype in zip(results, self.dtypes, strict=True)
            ]
        )
        return results if count > 1 else results[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return Apply, (self.func, self.loops, self.tails, self.dtypes)


def only(blocks: Any) -> Any:
    """Return the only block of nested lists: a core dimension has a single one.

    Examples
    --------
    >>> only([[5]])
    5
    """
    while isinstance(blocks, list):
        blocks = blocks[0]
    return blocks


@planned
def apply_gufunc(
    func: Callable[..., Any],
    signature: str,
    *args: Any,
    axes: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    output_dtypes: Any = None,
    output_sizes: Mapping[str, int] | None = None,
    vectorize: bool | None = None,
    allow_rechunk: bool = False,
    meta: Any = None,
    **kwargs: Any,
) -> Any:
    """Return what a function with core dimensions gives for arrays.

    Parameters
    ----------
    func : callable
        Gets blocks, their core dimensions last, and returns an array or a tuple of arrays of the loop dimensions followed by
        the output's core dimensions.
    signature : str
        Core dimensions of inputs and outputs: ``"(i,j),(j)->(i)"``.
    *args
        Arrays and what can be made one.
    axes : list of tuple of int, optional
        Where core dimensions lie in inputs and outputs; default: last.
    axis : int, optional
        The same for a single core dimension.
    keepdims : bool
        Whether core dimensions stay with length 1, where outputs have none.
    output_dtypes : dtype or sequence of dtype, optional
        Default: found by calling the function on ones.
    output_sizes : mapping, optional
        ``{dimension: length}`` of core dimensions that only outputs have.
    vectorize : bool, optional
        Whether the function takes core dimensions alone, and is to be called for each place of the others.
    allow_rechunk : bool
        Whether core dimensions of several blocks are brought into one, which may take much memory.
    meta : array or sequence of arrays, optional
        Empty arrays of the outputs' types; instead of ``output_dtypes``.
    **kwargs
        For the function; collections among them are passed computed.

    Returns
    -------
    Array, or tuple of Array where the signature has several outputs

    Raises
    ------
    ValueError
        If the signature is invalid or doesn't fit the arguments, lengths differ, core dimensions are in several blocks, or
        dtypes can't be found. Where it is computed: if the function returns another number of results or another shape.
    TypeError
        If ``func`` can't be called. Where it is computed: if a result has a dtype of another kind than declared.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(6, chunks=3).reshape((2, 3))
    >>> apply_gufunc(lambda block: block.mean(axis=-1), "(i)->()", x).compute()
    array([1., 4.])
    """
    if not callable(func):
        raise TypeError(f"apply_gufunc needs a function, got {type(func).__name__}: {func!r:.60}")
    parsed = parse_signature(signature)
    if len(args) != len(parsed.inputs):
        raise ValueError(
            f"According to `signature`, `func` requires {len(parsed.inputs)} arguments, but {len(args)} given"
        )
    if meta is not None and output_dtypes is not None:
        raise ValueError("Only one of `meta` and `output_dtypes` should be given (`meta` is preferred).")
    places = read_axes(parsed, axes, axis, keepdims)
    arrays = _cores_last([as_array(a) for a in args], parsed.inputs, places)
    lengths = _lengths(arrays, parsed, output_sizes or {})
    arrays = [_one_block(x, core, allow_rechunk) for x, core in zip(arrays, parsed.inputs, strict=True)]
    # -- loop dimensions, counted from the last ---------------------------------------------------------------------
    ndims = [x.ndim - len(core) for x, core in zip(arrays, parsed.inputs, strict=True)]
    broadcast_shape([x.shape[:n] for x, n in zip(arrays, ndims, strict=True)])
    indices = [
        (*range(-n, 0), *[("core", number, at) for at in range(len(core))])
        for number, (n, core) in enumerate(zip(ndims, parsed.inputs, strict=True))
    ]
    sizes, arrays = unify_chunks(*[part for pair in zip(arrays, indices, strict=True) for part in pair])
    loop_index = tuple(range(-max(ndims, default=0), 0))
    loops: Chunks = tuple([sizes[at] for at in loop_index])
    tails = tuple([tuple([lengths[name] for name in core]) for core in parsed.outputs])
    metas = _metas(func, signature, parsed, arrays, len(loops), tails, output_dtypes, meta, vectorize, kwargs)
    # -- layers -----------------------------------------------------------------------------------------------------
    if vectorize:
        func = Vectorized(func, signature, tuple([m.dtype for m in metas]))
    apply: Any = Apply(func, loops, tails, tuple([m.dtype for m in metas]))
    layers: list[Any] = []
    operands: list[Any] = [(BlockId(), loop_index)]
    for x, index in zip(arrays, indices, strict=True):
        names = [layer.name for layer in layers]
        if x.name not in names:
            layers.append(x._layer)
            names.append(x.name)
        operands.append((InputOf(names.index(x.name)), index))
    plain, lazy = lift_keywords(kwargs)
    if lazy:
        apply = WithKeywords(apply, tuple(lazy))
        operands += [(InputOf(len(layers) + at), ()) for at in range(len(lazy))]
        layers += lazy.values()
    counts = {symbol: len(s) for symbol, s in sizes.items()}
    single = len(tails) == 1
    tail_index = tuple([("tail", at) for at in range(len(tails[0]))]) if single else ()
    token = quick_token(
        "gufunc",
        func_part(func),
        signature,
        tails,
        tuple([x.name for x in arrays]),
        tuple([str(m.dtype) for m in metas]),
        tokenize(kwargs) if kwargs else None,
        chunks_token(loops),
    )
    layer = Blockwise(
        f"{func_name(func).strip('<>')}-{token}",
        tuple(layers),
        apply,
        (*loop_index, *tail_index),
        tuple(operands),
        {**counts, **dict.fromkeys(tail_index, 1)},
        plain or None,
    )
    outputs = [
        new_array(layer if single else _taken(layer, at, len(tail)), (*loops, *[(n,) for n in tail]), m)
        for at, (tail, m) in enumerate(zip(tails, metas, strict=True))
    ]
    done = tuple(
        [
            _placed(x, core, at, len(parsed.inputs[0]) if keepdims else 0)
            for x, core, at in zip(outputs, parsed.outputs, places.outputs, strict=True)
        ]
    )
    return done[0] if single else done


def _cores_last(arrays: Sequence[Any], cores: Sequence[Core], places: Axes) -> list[Any]:
    out = []
    for number, (x, core, axes) in enumerate(zip(arrays, cores, places.inputs, strict=True)):
        if x.ndim < len(core):
            raise ValueError(
                f"argument #{number} has {x.ndim} dimensions, but the signature has {len(core)} core dimensions for it: {core}"
            )
        order = to_the_end(axes, x.ndim)
        out.append(x if order == tuple(range(x.ndim)) else transpose(x, order))
    return out


def _lengths(arrays: Sequence[Any], parsed: Signature, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{core dimension: length}``."""
    lengths: dict[str, Any] = {}
    for x, core in zip(arrays, parsed.inputs, strict=True):
        for name, length in zip(core, x.shape[x.ndim - len(core) :], strict=True):
            known = lengths.setdefault(name, int(name) if name.isdigit() else length)
            if is_unknown(known):
                lengths[name] = length
            elif not is_unknown(length) and known != length:
                raise ValueError(f"Dimension `'{name}'` with different lengths in arrays: {known} and {length}")
    for core in parsed.outputs:
        for name in core:
            if name in lengths:
                continue
            if name.isdigit():
                lengths[name] = int(name)
            elif name in given:
                lengths[name] = int(given[name])
            else:
                raise ValueError(
                    f"no input has the core dimension {name!r} of an output: give its length, output_sizes={{{name!r}: ...}}"
                )
    return lengths


def _one_block(x: Any, core: Core, allow_rechunk: bool) -> Any:
    ndim = x.ndim - len(core)
    split = [name for name, sizes in zip(core, x._chunks[ndim:], strict=True) if len(sizes) > 1]
    if not split:
        return x
    if not allow_rechunk:
        raise ValueError(
            f"Core dimension `'{split[0]}'` consists of multiple chunks. To fix, rechunk into a single chunk along this "
            "dimension or set `allow_rechunk=True`, but beware that this may increase memory usage significantly."
        )
    return rechunk_to(x, (*x._chunks[:ndim], *[(n,) for n in x.shape[ndim:]]))


def _metas(
    func: Callable[..., Any],
    signature: str,
    parsed: Signature,
    arrays: Sequence[Any],
    ndim: int,
    tails: tuple[tuple[Any, ...], ...],
    output_dtypes: Any,
    meta: Any,
    vectorize: bool | None,
    kwargs: Mapping[str, Any],
) -> list[Any]:
    ndims = [ndim + len(tail) for tail in tails]
    if meta is not None:
        given = list(meta) if isinstance(meta, tuple | list) else [meta]
        what = "meta"
    elif output_dtypes is not None:
        # A list, or several in a tuple, are one for each output; otherwise the fields of a structured dtype.
        several = isinstance(output_dtypes, tuple) or (
            isinstance(output_dtypes, list) and not all(isinstance(d, tuple) for d in output_dtypes)
        )
        kinds = list(output_dtypes) if several else [output_dtypes]
        given = [np.empty(0, np.dtype(kind)) for kind in kinds]
        what = "output_dtypes"
        base = next((x._meta for x in arrays if type(x._meta) is not np.ndarray), None)
        if base is not None:
            given = [meta_of(base, None, m.dtype) for m in given]
    else:
        given = _called(func, signature, parsed, arrays, vectorize, kwargs)
        what = "the result of func"
    if len(given) != len(tails):
        raise ValueError(f"{what} has {len(given)} entries, but the signature has {len(tails)} outputs")
    return [meta_of(m, n) for m, n in zip(given, ndims, strict=True)]


def _called(
    func: Callable[..., Any],
    signature: str,
    parsed: Signature,
    arrays: Sequence[Any],
    vectorize: bool | None,
    kwargs: Mapping[str, Any],
) -> list[Any]:
    """Return the function's results for ones: for short core dimensions, or those that it will get."""
    call = Vectorized(func, signature, None) if vectorize else func
    reason: Exception | None = None
    for longest in (2, None):
        samples = []
        for x, core in zip(arrays, parsed.inputs, strict=True):
            ndim = x.ndim - len(core)
            lengths = [
                int(name) if name.isdigit() else 2 if is_unknown(n) else n if longest is None else min(n, longest)
                for name, n in zip(core, x.shape[ndim:], strict=True)
            ]
            samples.append(_ones(x, (*[1] * ndim, *lengths)))
        try:
            named = {name: sample_argument(value, 1) for name, value in kwargs.items()}
            with np.errstate(all="ignore"):
                made = call(*samples, **named)
        except Exception as error:
            reason = error
            continue
        results = made if isinstance(made, tuple) or (isinstance(made, list) and len(parsed.outputs) > 1) else (made,)
        return [r if hasattr(r, "dtype") else np.asarray(r) for r in results]
    raise ValueError(
        f"the dtype of {func_name(func)} could not be found by calling it on ones, which raised "
        f"{type(reason).__name__}: {reason}. Say it with output_dtypes= or meta="
    ) from reason


def _ones(x: ArrayBase, shape: tuple[int, ...]) -> Any:
    if x.dtype.kind in "biufc":
        return np.ones(shape, x.dtype)
    return np.zeros(shape, x.dtype)


def _taken(layer: Blockwise, at: int, tails: int) -> Blockwise:
    """Return the layer of one of several outputs."""
    tail = tuple([("tail", number) for number in range(tails)])
    sizes = {symbol: layer.sizes[symbol] for symbol in layer.out_ind}
    return Blockwise(
        f"{layer.name}-out{at}",
        (layer,),
        itemgetter(at),
        (*layer.out_ind, *tail),
        ((InputOf(0), layer.out_ind),),
        {**sizes, **dict.fromkeys(tail, 1)},
    )


def _placed(x: Any, core: Core, axes: tuple[int, ...], kept: int) -> Any:
    """Return an output with its core dimensions where they are wanted, with new ones of length 1 if inputs' are kept."""
    if kept:
        x = x[(..., *[None] * kept)]
    order = from_the_end(axes, x.ndim)
    return x if order == tuple(range(x.ndim)) else transpose(x, order)
