"""The layer that moves rows between partitions, and the function that makes a collection of it.

Place in the flow: merges, sorts, groups by all rows, exact quantiles and ``DataFrame.shuffle`` call ``rearrange``. How the rows
travel is decided when the layer is lowered (``methods``).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Set
from typing import Any

from minidask.dataframe.collection import new_collection
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.layers import Columns, rewritten_name
from minidask.dataframe.shuffle.methods import Plan, check_method, choose_method
from minidask.dataframe.shuffle.partitioning import is_partitioned_by
from minidask.dataframe.shuffle.targets import HashTargets
from minidask.graph import Key, Layer, Task
from minidask.tokenize import quick_token


class Rearrange(Layer):
    """Rows of one layer, each in the partition that ``targets`` says; stable."""

    __slots__ = ("meta", "method", "targets")
    meta: Any
    targets: Any
    method: str | None

    def __init__(self, name: str, source: Layer, targets: Any, npartitions: int, meta: Any, method: str | None) -> None:
        super().__init__(name, (source,), (npartitions,))
        self.targets = targets
        self.meta = meta
        self.method = method

    @property
    def partitioned_by(self) -> tuple[Any, ...]:
        """The targets, for those who ask where rows are (``partitioning``)."""
        return (self.targets,)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the tasks of the wanted partitions, by the method that suits."""
        keys: Any = self.output_keys() if wanted is None else sorted(filter(self.__contains__, wanted))
        plan = Plan(self.name, self.inputs[0], self.targets, self.numblocks[0], self.meta, self.annotations)
        return choose_method(self.method).lower(plan, [key[1] for key in keys])

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return what is needed of the source: the wanted columns and those that say where rows go."""
        looked_at = self.targets.columns
        return (None if columns is None or looked_at is None else columns | frozenset(looked_at),)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on a source of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def rearrange(
    frame: Any,
    targets: Any,
    npartitions: int,
    *,
    method: str | None = None,
    divisions: Divisions | None = None,
    prefix: str = "shuffle",
    force: bool = False,
) -> Any:
    """Return a collection of the same rows, each in the partition that ``targets`` gives it.

    A collection whose rows are known to be where ``HashTargets`` would put them is returned as it is.

    Parameters
    ----------
    frame : DataFrame, Series or Index
    targets : Targets
        See ``minidask.dataframe.shuffle.targets``.
    npartitions : int
        Partitions of the result.
    method : str, optional
        How rows travel; default: the setting ``dataframe.shuffle.method``, else what suits where the graph runs.
    divisions : tuple, optional
        Of the result; default: unknown.
    prefix : str
        First part of the keys.
    force : bool
        Whether to move rows even if they are in place.

    Raises
    ------
    ValueError
        For an unknown method.
    """
    check_method(method)
    movable = force or divisions is not None or not isinstance(targets, HashTargets)
    if not movable and is_partitioned_by(frame, targets.labels, npartitions):
        return frame
    digest = quick_token("rearrange", frame._layer.name, targets, npartitions)
    layer = Rearrange(f"{prefix}-{digest}", frame._layer, targets, npartitions, frame._meta, method)
    return new_collection(layer, frame._meta, divisions)
