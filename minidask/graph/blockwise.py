"""One function over aligned blocks: the layer of everything elementwise, of sources and of partition-wise work.

A ``Blockwise`` layer says with index symbols which block of each operand a block of the output needs: with ``out_ind=("i", "j")``
an operand indexed ``("j", "i")`` is transposed; one whose grid has a single block along a symbol is broadcast along it; a symbol
that the output lacks is contracted: the function gets a list (nested, one level a symbol) of all the blocks along it; lists of
several operands have one length, a single block being repeated.

Operands: layers, constants (the same value for every block), ``Parts`` (one value a block: a data source is a layer whose only
operand is ``Parts``), and ``BlockId`` (the block's own index).

Place in the flow: collections build these layers, ``minidask.optimize.blockwise`` fuses them into one whose function is a
``Program``, ``lower`` writes one task a block. Nothing here knows about arrays or dataframes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

from minidask.graph.annotations import resolve
from minidask.graph.layer import Layer
from minidask.graph.program import ProgramBuilder
from minidask.graph.task import Key, Task, TaskRef, func_name, task_of
from minidask.tokenize import quick_token
from minidask.tokenize.objects import importable_name

Symbol = Hashable
Index = tuple[Symbol, ...]


class Parts:
    """Values of which each block gets its own: ``values[i]`` along one symbol, ``values[i, j]`` along an index of two (or none).

    Parameters
    ----------
    values : sequence
        As many values as blocks; it may be lazy (any object with ``__len__`` and ``__getitem__``).

    Examples
    --------
    >>> Parts(["a.csv", "b.csv"])
    Parts(2 values)
    """

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Parts({len(self.values)} values)"

    def __reduce__(self) -> tuple[Any, ...]:
        return Parts, (self.values,)

    def __dask_tokenize__(self) -> tuple[str, Any]:
        return "Parts", self.values


class BlockId:
    """Stand for the index of the block that is being made (a tuple of ints, in the order of the operand's symbols).

    Examples
    --------
    >>> blockwise(str, "ij", (BlockId(), "ji"), new_axes={"i": 1, "j": 2}, name="x").lower()[("x", 0, 1)]({})
    '(1, 0)'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "BlockId()"

    def __eq__(self, other: object) -> bool:
        return type(other) is BlockId

    def __hash__(self) -> int:
        return hash(BlockId)

    def __dask_tokenize__(self) -> str:
        return "BlockId"


class InputOf(NamedTuple):
    """An operand that is an input layer, by its place among ``inputs``."""

    at: int


class Constant(NamedTuple):
    """An operand with one value for every block."""

    value: Any


Operand = InputOf | Constant | Parts | BlockId

_ALIGNED, _CONSTANT, _MAPPED, _PARTS, _GRID_PARTS, _BLOCK_ID, _CONTRACTED = (
    "aligned",
    "constant",
    "mapped",
    "parts",
    "grid parts",
    "id",
    "contracted",
)
# How to find an operand's arguments: (kind, name or value, places, ranges), see Blockwise._readers.
_Reader = tuple[str, Any, tuple[int, ...], tuple[range, ...]]


class Blockwise(Layer):
    """Apply a function to aligned blocks; made by ``blockwise`` and ``source``.

    Parameters
    ----------
    name, inputs, annotations
        As for ``Layer``.
    func : callable
        Called with the operands' blocks in order, then ``kwargs``.
    out_ind : tuple of symbols
        One symbol a dimension of the output.
    operands : tuple of (operand, index)
        The index is a tuple of symbols for ``InputOf``, ``Parts`` and ``BlockId``, and ``()`` for ``Constant``.
    sizes : mapping
        Number of blocks along each symbol.
    kwargs : mapping, optional
        Keyword arguments of ``func``, the same for every block.
    contract : callable, optional
        Applied to the (nested) list of blocks of a contracted operand before ``func`` sees it, such as a concatenation.
    """

    __slots__ = ("contract", "func", "kwargs", "operands", "out_ind", "sizes")

    func: Callable[..., Any]
    out_ind: Index
    operands: tuple[tuple[Operand, Index], ...]
    sizes: Mapping[Symbol, int]
    kwargs: Mapping[str, Any] | None
    contract: Callable[[Any], Any] | None

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...],
        func: Callable[..., Any],
        out_ind: Index,
        operands: tuple[tuple[Operand, Index], ...],
        sizes: Mapping[Symbol, int],
        kwargs: Mapping[str, Any] | None = None,
        contract: Callable[[Any], Any] | None = None,
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, inputs, tuple([sizes[symbol] for symbol in out_ind]), annotations)
        self.func = func
        self.out_ind = out_ind
        self.operands = operands
        self.sizes = sizes
        self.kwargs = kwargs
        self.contract = contract

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task for each wanted block."""
        name = self.name
        if wanted is None:
            indices: Iterable[tuple[int, ...]] = product(*map(range, self.numblocks))
        else:
            blocks: Iterable[Any] = filter(self.__contains__, wanted)
            indices = sorted([key[1:] for key in blocks])
        readers, func, kwargs = self._readers()
        annotations = self.annotations or None
        kwargs = kwargs or None
        per_key = annotations is not None and any(map(callable, annotations.values()))
        tasks: dict[Key, Task] = {}
        for index in indices:
            args: list[Any] = []
            for kind, what, places, ranges in readers:
                if kind is _ALIGNED:
                    args.append(TaskRef((what, *index)))
                elif kind is _CONSTANT:
                    args.append(what)
                elif kind is _MAPPED:
                    padded = (*index, 0)
                    args.append(TaskRef((what, *[padded[at] for at in places])))
                elif kind is _PARTS:
                    args.append(what[(*index, 0)[places[0]]])
                elif kind is _GRID_PARTS:
                    args.append(what[tuple([index[at] for at in places])])
                elif kind is _BLOCK_ID:
                    args.append(tuple([index[at] for at in places]))
                else:
                    for inner in product(*ranges):
                        padded = (*index, *inner, 0)
                        args.append(TaskRef((what, *[padded[at] for at in places])))
            key: Key = (name, *index)
            keys = [arg.key for arg in args if type(arg) is TaskRef]
            unique = tuple(dict.fromkeys(keys)) if len(keys) > 1 else tuple(keys)
            hints = resolve(annotations, key) if per_key else annotations
            tasks[key] = task_of(func, tuple(args), unique, kwargs, hints)
        return tasks

    def _readers(self) -> tuple[list[_Reader], Callable[..., Any], Mapping[str, Any] | None]:
        """Return how to find each operand's arguments from a block's index, and the call that takes these arguments.

        ``places`` point into the block's index, followed by the index among the contracted blocks, followed by 0 (for
        dimensions in which the operand has a single block: place -1).
        """
        axis = {symbol: at for at, symbol in enumerate(self.out_ind)}
        readers: list[_Reader] = []
        packs: dict[int, list[int]] = {}
        for number, (operand, ind) in enumerate(self.operands):
            if isinstance(operand, Constant):
                readers.append((_CONSTANT, operand.value, (), ()))
            elif isinstance(operand, Parts) and len(ind) == 1:
                readers.append((_PARTS, operand.values, (axis[ind[0]] if len(operand.values) > 1 else -1,), ()))
            elif isinstance(operand, Parts):
                readers.append((_GRID_PARTS, operand.values, tuple(axis[s] for s in ind), ()))
            elif isinstance(operand, BlockId):
                readers.append((_BLOCK_ID, None, tuple(axis[s] for s in ind), ()))
            else:
                layer = self.inputs[operand.at]
                if ind == self.out_ind and layer.numblocks == self.numblocks:
                    readers.append((_ALIGNED, layer.name, (), ()))
                    continue
                contracted = [symbol for symbol in dict.fromkeys(ind) if symbol not in axis]
                place = axis | {symbol: len(axis) + at for at, symbol in enumerate(contracted)}
                places = tuple(place[s] if n > 1 else -1 for s, n in zip(ind, layer.numblocks, strict=True))
                if contracted:
                    # A single block along a symbol that has more elsewhere is repeated, so that lists are of one length.
                    extents = [self.sizes[symbol] for symbol in contracted]
                    packs[number] = extents
                    readers.append((_CONTRACTED, layer.name, places, tuple(map(range, extents))))
                else:
                    readers.append((_MAPPED, layer.name, places, ()))
        if packs:
            return readers, self._packed(packs), None
        return readers, self.func, self.kwargs

    def _packed(self, packs: Mapping[int, list[int]]) -> Callable[..., Any]:
        """Return the call with contracted operands' blocks taken one by one and packed into nested lists."""
        build = ProgramBuilder()
        args: list[int] = []
        for number in range(len(self.operands)):
            if number not in packs:
                args.append(build.input())
                continue
            blocks = [build.input() for _ in range(prod(packs[number]))]
            packed = build.pack_nested(blocks, packs[number])
            args.append(packed if self.contract is None else build.call(self.contract, [packed]))
        keywords = dict(self.kwargs or {})
        args += [build.constant(value) for value in keywords.values()]
        return build.finish(build.call(self.func, args, tuple(keywords)))

    def __dask_tokenize__(self) -> str:
        return self.name


def blockwise(
    func: Callable[..., Any],
    out_ind: Sequence[Symbol],
    *operands: tuple[Any, Sequence[Symbol] | None],
    prefix: str | None = None,
    name: str | None = None,
    token: Any = None,
    new_axes: Mapping[Symbol, int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    contract: Callable[[Any], Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> Blockwise:
    """Make a ``Blockwise`` layer, naming it by what it computes.

    Parameters
    ----------
    func : callable
    out_ind : sequence of symbols
    *operands : (operand, index)
        ``operand`` is a layer, ``Parts`` or ``BlockId`` with its index, or any value with None for a constant.
    prefix : str, optional
        First part of the name; default: the function's name.
    name : str, optional
        The whole name, when the caller has made it already.
    token : optional
        Stands for ``func`` when the name is made: give the operation's name where that says all (it is cheap).
    new_axes : mapping, optional
        Number of blocks along output symbols that no operand has.
    kwargs, contract, annotations
        See ``Blockwise``.

    Raises
    ------
    ValueError
        If operands disagree on the number of blocks along a symbol, an index does not fit its layer, the output has a
        symbol twice or one of unknown size, or ``Parts`` or ``BlockId`` have a symbol that the output lacks.
    TypeError
        If an operand with an index is none of the three.

    Examples
    --------
    >>> from operator import add
    >>> x = source(abs, [-1, -2, -3], name="x")
    >>> y = blockwise(add, "i", (x, "i"), (10, None), name="y")
    >>> y.lower()[("y", 2)]
    <Task add(('x', 2), 10)>
    """
    inputs: list[Layer] = []
    places: dict[str, int] = {}
    sizes: dict[Symbol, int] = dict(new_axes or {})
    prepared: list[tuple[Operand, Index]] = []
    out_ind = tuple(out_ind)
    if len(set(out_ind)) != len(out_ind):
        raise ValueError(f"the output's index {out_ind!r} has a symbol twice")
    # named: a letter for the kind of each operand, so that no two different lists of operands look alike.
    named: list[Any] = []
    for operand, ind in operands:
        if ind is None:
            prepared.append((Constant(operand), ()))
            named += ("c", operand)
            continue
        ind = tuple(ind)
        if isinstance(operand, Parts | BlockId) and not set(ind) <= set(out_ind):
            raise ValueError(f"the index {ind!r} of {operand!r} must consist of symbols of the output's, {out_ind!r}")
        if isinstance(operand, Layer):
            blocks = operand.numblocks
            if operand.name not in places:
                places[operand.name] = len(inputs)
                inputs.append(operand)
            prepared.append((InputOf(places[operand.name]), ind))
            named += ("l", operand.name, ind)
        elif isinstance(operand, Parts):
            blocks = (len(operand.values),)
            prepared.append((operand, ind))
            named += ("p", operand, ind)
        elif isinstance(operand, BlockId):
            prepared.append((operand, ind))
            named += ("b", ind)
            continue
        else:
            raise TypeError(f"an operand with an index must be a Layer, Parts or BlockId, got {type(operand).__name__}")
        if len(ind) != len(blocks):
            raise ValueError(f"the index {ind!r} has {len(ind)} symbols, but {operand!r} has {len(blocks)} dimensions")
        for symbol, count in zip(ind, blocks, strict=True):
            known = sizes.get(symbol, 1)
            if known == 1:
                sizes[symbol] = count
            elif count not in (1, known):
                raise ValueError(
                    f"operands disagree on the number of blocks along {symbol!r}: {known} and {count} ({operand!r})"
                )
    for symbol in out_ind:
        if symbol not in sizes:
            raise ValueError(f"no operand has the output's symbol {symbol!r}: give its number of blocks in new_axes")
    if name is None:
        what = token
        if what is None:
            # By name where that says all, as its token does: plain text is hashed in a tenth of the time.
            what = importable_name(func) or func
        extra = (new_axes, kwargs, contract) if new_axes or kwargs or contract else None
        digest = quick_token("blockwise", what, out_ind, *named, extra)
        name = f"{prefix or func_name(func)}-{digest}"
    return Blockwise(name, tuple(inputs), func, out_ind, tuple(prepared), sizes, kwargs, contract, annotations)


def source(
    func: Callable[..., Any],
    parts: Sequence[Any],
    *,
    prefix: str | None = None,
    name: str | None = None,
    token: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> Blockwise:
    """Make a layer that reads or creates data: block ``i`` is ``func(parts[i], **kwargs)``.

    Examples
    --------
    >>> source(len, ["ab", "c"], name="lengths").lower()
    {('lengths', 0): <Task len('ab')>, ('lengths', 1): <Task len('c')>}
    """
    return blockwise(
        func,
        ("i",),
        (Parts(parts), ("i",)),
        prefix=prefix,
        name=name,
        token=token,
        kwargs=kwargs,
        annotations=annotations,
    )
