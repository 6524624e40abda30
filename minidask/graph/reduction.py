"""Tree reduction: many blocks to one, a few at a time.

``TreeReduction`` takes a layer of partial results (one a block; the map that makes them is a ``Blockwise`` layer before it, so
that it fuses with what is above), combines ``split_every`` neighbours along each reduced axis until one group is left, and
finishes with ``aggregate``. ``combine`` and ``aggregate`` get a list of partial results, nested one level for each reduced
axis in ascending order, in the order of the blocks: what depends on order (first, last, concatenation) stays right.

Invariant: the shape of the tree depends on numbers of blocks only, never on data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from typing import Any

from minidask.graph.annotations import resolve
from minidask.graph.layer import Layer
from minidask.graph.program import Program, ProgramBuilder
from minidask.graph.task import Key, Task, TaskRef, func_name
from minidask.tokenize import quick_token

# Wide trees have fewer tasks and levels, narrow ones hold fewer partial results: 16 as in DESIGN of arrays and frames.
SPLIT_EVERY = 16


class TreeReduction(Layer):
    """Reduce the blocks of ``inputs[0]`` along ``axes``; made by ``tree_reduction``.

    Parameters
    ----------
    combine, aggregate : callable
        Called with one list of partial results (nested by reduced axis); ``aggregate`` makes the final value.
    axes : tuple of int
        Ascending: lists of partial results nest in this order.
    split_every : tuple of int
        How many blocks one task takes along each of ``axes``; each at least 2.
    keepdims : bool
        Whether reduced axes stay in the output's grid, with one block.
    """

    __slots__ = ("aggregate", "axes", "combine", "keepdims", "split_every")

    def __init__(
        self,
        name: str,
        partials: Layer,
        combine: Callable[[Any], Any],
        aggregate: Callable[[Any], Any],
        axes: tuple[int, ...],
        split_every: tuple[int, ...],
        keepdims: bool = True,
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        blocks = partials.numblocks
        kept = tuple(1 if at in axes else n for at, n in enumerate(blocks) if keepdims or at not in axes)
        super().__init__(name, (partials,), kept, annotations)
        self.combine = combine
        self.aggregate = aggregate
        self.axes = axes
        self.split_every = split_every
        self.keepdims = keepdims

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the tasks of the trees whose results are wanted, the levels' inner ones included."""
        shape = list(self.inputs[0].numblocks)
        levels: list[tuple[int, ...]] = [tuple(shape)]
        while any(shape[axis] > every for axis, every in zip(self.axes, self.split_every, strict=True)):
            for axis, every in zip(self.axes, self.split_every, strict=True):
                shape[axis] = -(-shape[axis] // every)
            levels.append(tuple(shape))
        outputs = self.output_keys() if wanted is None else sorted(filter(self.__contains__, wanted))
        trees = map(self._tree, outputs)
        tasks: dict[Key, Task] = {}
        programs: dict[tuple[Any, ...], Program] = {}
        for tree in trees:
            for depth in range(1, len(levels)):
                spans = [
                    range(n) if at in self.axes else range(tree[at], tree[at] + 1) for at, n in enumerate(levels[depth])
                ]
                for index in product(*spans):
                    inner: Key = (self.name, "level", depth, *index)
                    tasks[inner] = self._task(
                        inner, self.combine, self._group(index, levels[depth - 1], depth - 1), programs
                    )
            key = self._output_key(tree)
            last = len(levels) - 1
            whole = [
                range(n) if at in self.axes else range(tree[at], tree[at] + 1) for at, n in enumerate(levels[last])
            ]
            tasks[key] = self._task(key, self.aggregate, self._refs(whole, last), programs)
        return tasks

    def _output_key(self, index: tuple[int, ...]) -> Key:
        return (self.name, *[i for at, i in enumerate(index) if self.keepdims or at not in self.axes])

    def _tree(self, key: Any) -> tuple[int, ...]:
        """Return the index of an output key in the input's grid, with 0 along the reduced axes."""
        if self.keepdims:
            return tuple(key[1:])
        rest = iter(key[1:])
        return tuple([0 if at in self.axes else next(rest) for at in range(len(self.inputs[0].numblocks))])

    def _group(self, index: tuple[int, ...], shape: tuple[int, ...], depth: int) -> tuple[list[int], list[TaskRef]]:
        every = dict(zip(self.axes, self.split_every, strict=True))
        spans = [
            range(i * every[at], min((i + 1) * every[at], shape[at])) if at in every else range(i, i + 1)
            for at, i in enumerate(index)
        ]
        return self._refs(spans, depth)

    def _refs(self, spans: Sequence[range], depth: int) -> tuple[list[int], list[TaskRef]]:
        """Return the extents along the reduced axes and the references to blocks of a level, the last axis fastest."""
        prefix: tuple[Any, ...] = (self.inputs[0].name,) if depth == 0 else (self.name, "level", depth)
        return [len(spans[axis]) for axis in self.axes], [TaskRef((*prefix, *index)) for index in product(*spans)]

    def _task(
        self,
        key: Key,
        func: Callable[[Any], Any],
        group: tuple[list[int], list[TaskRef]],
        programs: dict[tuple[Any, ...], Program],
    ) -> Task:
        extents, refs = group
        shape = (func is self.aggregate, *extents)
        program = programs.get(shape)
        if program is None:
            build = ProgramBuilder(len(refs))
            program = programs[shape] = build.finish(build.call(func, [build.pack_nested(range(len(refs)), extents)]))
        return Task(program, tuple(refs), None, resolve(self.annotations, key))


def tree_reduction(
    partials: Layer,
    combine: Callable[[Any], Any],
    aggregate: Callable[[Any], Any],
    *,
    axes: Sequence[int] = (0,),
    split_every: int | Mapping[int, int] | None = None,
    keepdims: bool = True,
    prefix: str | None = None,
    name: str | None = None,
    token: Any = None,
    annotations: Mapping[str, Any] | None = None,
) -> TreeReduction:
    """Make a ``TreeReduction``, naming it by what it computes.

    Parameters
    ----------
    partials : Layer
        One partial result a block.
    combine, aggregate : callable
        See ``TreeReduction``; ``token`` may stand for both when the name is made.
    axes : sequence of int
        Axes of the grid to reduce, each in ``range(len(partials.numblocks))``; their order plays no part.
    split_every : int or {axis: int}, optional
        Blocks that one task takes along each axis, at least 2. Default 16 for one axis, its root for more.

    Raises
    ------
    ValueError
        If an axis is out of range or given twice, or ``split_every`` is below 2.

    Examples
    --------
    >>> from minidask.graph import source
    >>> parts = source(abs, list(range(40)), name="x")
    >>> total = tree_reduction(parts, sum, sum, name="total", keepdims=False)
    >>> len(total.lower()), total.lower()[("total",)].dependencies[0]
    (4, ('total', 'level', 1, 0))
    """
    axes = tuple(sorted(map(operator.index, axes)))
    dimensions = len(partials.numblocks)
    if len(set(axes)) != len(axes) or any(not 0 <= axis < dimensions for axis in axes):
        raise ValueError(f"axes must be different ones of 0..{dimensions - 1}, got {axes}")
    if split_every is None:
        split_every = max(2, round(SPLIT_EVERY ** (1 / max(len(axes), 1))))
    chosen = [split_every.get(axis, 2) if isinstance(split_every, Mapping) else split_every for axis in axes]
    if any(not hasattr(type(n), "__index__") or n < 2 for n in chosen):
        raise ValueError(f"split_every must be an integer of at least 2, got {split_every!r}")
    every = tuple(map(operator.index, chosen))
    if name is None:
        what = (combine, aggregate) if token is None else token
        digest = quick_token("tree", partials.name, what, axes, every, keepdims)
        name = f"{prefix or func_name(aggregate)}-{digest}"
    return TreeReduction(name, partials, combine, aggregate, axes, every, keepdims, annotations)
