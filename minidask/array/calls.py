"""What tasks call to run somebody's function on blocks: told its block's index, given joined blocks, its result checked.

Place in the flow: ``mapping`` builds layers of these; they are pickled, so they refer to no array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from minidask.array.assemble import join_nested
from minidask.array.checking import as_declared, check_shape
from minidask.array.chunks import Chunks, starts_of
from minidask.graph.task import func_name


class Call:
    """Call a user's function on blocks, telling it which block it makes if it asks."""

    __slots__ = ("func", "infos", "wants_id", "wants_info")

    def __init__(self, func: Callable[..., Any], wants_id: bool, wants_info: bool, infos: Any) -> None:
        self.func = func
        self.wants_id = wants_id
        self.wants_info = wants_info
        self.infos = infos

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block_id: tuple[int, ...], *blocks: Any, **kwargs: Any) -> Any:
        if self.wants_id:
            kwargs["block_id"] = block_id
        if self.wants_info:
            kwargs["block_info"] = self.infos.at(block_id)
        return self.func(*blocks, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (self.func, self.wants_id, self.wants_info, self.infos)


class Infos:
    """What ``block_info`` says: for each array by its place, and under None for the result, where the block lies."""

    __slots__ = ("arrays", "dtype", "out")

    def __init__(self, arrays: Mapping[int, tuple[Chunks, tuple[int, ...]]], out: Chunks, dtype: Any) -> None:
        # arrays: {place: (chunks, for each of its axes that of the result, -1 for one that the result lacks)}
        self.arrays = arrays
        self.out = out
        self.dtype = dtype

    def at(self, block_id: tuple[int, ...]) -> dict[Any, Any]:
        """Return the information about one block."""
        out: dict[Any, Any] = {}
        for place, (chunks, axes) in self.arrays.items():
            index = [
                block_id[axis] if axis >= 0 and len(sizes) > 1 else 0 for axis, sizes in zip(axes, chunks, strict=True)
            ]
            out[place] = _describe(chunks, index)
        own = _describe(self.out, block_id)
        own["chunk-shape"] = tuple([high - low for low, high in own["array-location"]])
        own["dtype"] = self.dtype
        out[None] = own
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        return Infos, (self.arrays, self.out, self.dtype)


def _describe(chunks: Chunks, index: Sequence[int]) -> dict[str, Any]:
    edges = [starts_of(sizes) for sizes in chunks]
    return {
        "shape": tuple([edge[-1] for edge in edges]),
        "num-chunks": tuple(map(len, chunks)),
        "array-location": [(edge[i], edge[i + 1]) for edge, i in zip(edges, index, strict=True)],
        "chunk-location": tuple(index),
    }


class Checked:
    """Check that a block of a function, which is told the block's index, has the shape and dtype that were declared for it."""

    __slots__ = ("call", "chunks", "dtype")

    def __init__(self, call: Callable[..., Any], chunks: Chunks, dtype: Any) -> None:
        self.call = call
        self.chunks = chunks
        self.dtype = dtype

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.call, "short_name", None) or func_name(self.call))

    def __call__(self, block_id: tuple[int, ...], *blocks: Any, **kwargs: Any) -> Any:
        block = self.call(block_id, *blocks, **kwargs)
        declared = tuple([sizes[i] for sizes, i in zip(self.chunks, block_id, strict=True)])
        if getattr(block, "shape", None) != declared:
            check_shape(block, declared, self.short_name, "chunks=, drop_axis= or new_axis=")
        if getattr(block, "dtype", None) == self.dtype:
            return block
        return as_declared(block, self.dtype, self.short_name, "dtype= or meta=")

    def __reduce__(self) -> tuple[Any, ...]:
        return Checked, (self.call, self.chunks, self.dtype)


class Anywhere(NamedTuple):
    """Call a function that doesn't ask for the block's index."""

    func: Callable[..., Any]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.func, "short_name", None) or func_name(self.func))

    def __call__(self, block_id: tuple[int, ...], *blocks: Any, **kwargs: Any) -> Any:
        return self.func(*blocks, **kwargs)


class JoinFirst:
    """Join the nested lists that contracted operands come as, then call the function."""

    __slots__ = ("axes", "func")

    def __init__(self, func: Callable[..., Any], axes: tuple[tuple[int, ...], ...]) -> None:
        # axes: for each operand those along which its blocks come in lists, outermost first.
        self.func = func
        self.axes = axes

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.func, "short_name", None) or func_name(self.func))

    def __call__(self, *blocks: Any, **kwargs: Any) -> Any:
        joined = [join_nested(block, axes) for block, axes in zip(blocks, self.axes, strict=True)]
        return self.func(*joined, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return JoinFirst, (self.func, self.axes)
