"""Layers of any pattern: each block of the result says which blocks of which inputs it is made of.

For operations whose blocks depend on one another neither one to one nor as a tree: factorizations, convolutions, transforms. The
optimiser takes such a layer as it is.

Place in the flow: beside ``sources``; operations on the whole of a grid build these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from minidask.array.slicing.layers import wanted_indices
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.graph.layer import annotated


class Ref(NamedTuple):
    """Block ``block`` of input number ``at``; with ``at`` None a block of the layer itself, or one of its inner results.

    Inner results have indices that are no place in the grid, such as ``("factor", 0)``.
    """

    at: int | None
    block: tuple[Any, ...]


Plan: TypeAlias = "Callable[[tuple[Any, ...]], tuple[Callable[..., Any], tuple[Any, ...]]]"


class OpaqueLayer(Layer):
    """Blocks by a plan; made by ``opaque_layer``."""

    __slots__ = ("plan",)
    plan: Plan

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...],
        numblocks: tuple[int, ...],
        plan: Plan,
        annotations: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, inputs, numblocks, annotations)
        self.plan = plan

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        names = [layer.name for layer in self.inputs]
        tasks: dict[Key, Task] = {}
        pending: list[tuple[Any, ...]] = list(wanted_indices(self, wanted))
        while pending:
            index = pending.pop()
            key: Key = (self.name, *index)
            if key in tasks:
                continue
            func, args = self.plan(index)
            found: list[Any] = []
            for arg in args:
                if type(arg) is Ref:
                    if arg.at is None:
                        pending.append(arg.block)
                    found.append(TaskRef((self.name if arg.at is None else names[arg.at], *arg.block)))
                else:
                    found.append(arg)
            tasks[key] = annotated(Task(func, tuple(found)), key, self.annotations)
        return tasks


class TwoWays(OpaqueLayer):
    """Blocks by a plan, or by another one of another layer, which is taken where the graph has that layer anyway.

    ``other_source`` is its name, ``other_plan`` the plan, of input 0 alone. Both give the same values (see ``share_factors``).
    """

    __slots__ = ("other_plan", "other_source")
    other_source: str
    other_plan: Plan

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...],
        numblocks: tuple[int, ...],
        plan: Plan,
        other_source: str,
        other_plan: Plan,
    ) -> None:
        super().__init__(name, inputs, numblocks, plan)
        self.other_source = other_source
        self.other_plan = other_plan


def opaque_layer(name: str, inputs: tuple[Layer, ...], numblocks: tuple[int, ...], plan: Plan) -> OpaqueLayer:
    """Make a layer whose block ``index`` is ``func(*args)`` with ``func, args = plan(index)``.

    Parameters
    ----------
    name : str
        Says what is computed of what.
    inputs : tuple of Layer
        Each layer once.
    numblocks : tuple of int
    plan : callable
        Picklable; ``Ref`` among the args (not inside lists) stand for blocks. It is asked for inner results' indices as well.

    Raises
    ------
    ValueError
        If an input is given twice.

    Examples
    --------
    >>> from operator import add
    >>> from minidask.graph import source
    >>> x = source(abs, [-1, -2], name="x")
    >>> both = opaque_layer("both", (x,), (1,), lambda index: (add, (Ref(0, (0,)), Ref(0, (1,)))))
    >>> both.lower()[("both", 0)]
    <Task add(('x', 0), ('x', 1))>
    """
    if len({layer.name for layer in inputs}) != len(inputs):
        raise ValueError("an input is given twice: refer to it by one place")
    return OpaqueLayer(name, inputs, numblocks, plan)
