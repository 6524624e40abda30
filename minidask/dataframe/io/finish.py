"""The last task of a write: wait for all partitions' files, then put them in place.

Place in the flow: ``to_parquet`` and ``to_csv`` make a layer that writes a file a partition, and this layer after it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import IO, Any

import pandas as pd

from minidask.collection import compute as compute_collections
from minidask.dataframe.collection import new_collection
from minidask.delayed import Delayed
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.graph.reduction import tree_reduction


class Chain(Layer):
    """Fold the blocks of a layer one after the other, in order: ``state = func(state, block, at)``; the last state is the value.

    Blocks are made side by side and released as soon as they are folded in.
    """

    __slots__ = ("func", "start")
    func: Callable[[Any, Any], Any]
    start: Any

    def __init__(self, name: str, blocks: Layer, func: Callable[[Any, Any], Any], start: Any) -> None:
        super().__init__(name, (blocks,), (1,))
        self.func = func
        self.start = start

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task a block."""
        blocks = self.inputs[0]
        tasks: dict[Key, Task] = {}
        last = blocks.numblocks[0] - 1
        state: Any = self.start
        for at in range(last + 1):
            key = (self.name, 0) if at == last else (self.name, "step", at)
            tasks[key] = Task(self.func, (state, TaskRef(blocks.key_at((at,)))))
            state = TaskRef(key)
        return tasks


def later(blocks: Layer) -> list[Delayed]:
    """Return the blocks of a layer that writes as delayed values, for ``compute(*values)``."""
    delayed: list[Delayed] = new_collection(blocks, pd.Series([], dtype=object)).to_delayed()
    return delayed


@dataclass(frozen=True)
class WriteBytes:
    """Write bytes to a file that is open."""

    data: bytes

    def __call__(self, file: IO[bytes]) -> None:
        file.write(self.data)


def finished(blocks: Layer, finish: Callable[[list[Any]], Any], name: str) -> Any:
    """Return the lazy value of ``finish([block, ...])`` over all blocks of a layer."""
    count = blocks.numblocks[0]
    return new_collection(tree_reduction(blocks, _unused, finish, split_every=max(count, 2), name=name), None)


def run(
    written: Any,
    compute: bool,
    scheduler: Any,
    compute_kwargs: Mapping[str, Any] | None,
    discard: Callable[[], None],
) -> Any:
    """Compute a write, or return it; what was written is removed if it stops.

    Raises
    ------
    Exception
        What a task raised.
    """
    if not compute:
        return written
    keywords = dict(compute_kwargs or {})
    if scheduler is not None:
        keywords["scheduler"] = scheduler
    try:
        (value,) = compute_collections(written, **keywords)
    except BaseException as error:
        try:
            discard()
        except OSError as left:
            # A task that is still running may write meanwhile; what failed first is what matters.
            error.add_note(f"temporary files could not be removed: {left}")
        raise
    return value


def check_keywords(caller: str, keywords: Mapping[str, Any], function: Callable[..., Any]) -> None:
    """Raise TypeError for keywords that pandas's function doesn't have, or that say what the caller's own arguments do.

    Examples
    --------
    >>> import pandas
    >>> check_keywords("to_csv", {"seperator": ";"}, pandas.DataFrame.to_csv)
    Traceback (most recent call last):
    ...
    TypeError: to_csv() got an unexpected keyword argument 'seperator'
    """
    known = inspect.signature(function).parameters.keys() - {"self", "path_or_buf", "mode"}
    unknown = next((name for name in keywords if name not in known), None)
    if unknown is not None:
        raise TypeError(f"{caller}() got an unexpected keyword argument {unknown!r}")


def nothing() -> None:
    """Leave what was written, for writes whose parts are whole by themselves."""


def _unused(parts: list[Any]) -> Any:
    raise AssertionError("all blocks fit into one group")
