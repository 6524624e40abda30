"""Collections among the arguments of a user's function: each becomes an operand, computed as a whole, that all blocks get.

Place in the flow: ``mapping`` and ``gufunc`` ask here for what is neither an array cut into blocks nor plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.collection import collection_layers, unpack_collections
from minidask.delayed import delayed
from minidask.graph import Key, Layer, Task, TaskRef, func_name, identity

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), np.ndarray, np.dtype, type})


class Whole(Layer):
    """A grid without axes, whose one block is what another layer has under a key."""

    __slots__ = ("key",)
    key: Key

    def __init__(self, name: str, inputs: tuple[Layer, ...], key: Key) -> None:
        super().__init__(name, inputs)
        self.key = key

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        return {(self.name,): Task(identity, (TaskRef(self.key),), None, self.annotations or None)}


def whole(value: Any) -> Layer | None:
    """Return the layer of the result of a collection, or of a container that holds some; None for anything else.

    Examples
    --------
    >>> import minidask.array as da
    >>> whole([1, da.ones(2)]).numblocks, whole([1, 2])
    ((), None)
    """
    if type(value) in _PLAIN or not unpack_collections(value)[0]:
        return None
    computed = delayed(value)
    return Whole(f"whole-{computed.key}", collection_layers(computed), computed.key)


def lift_keywords(kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Layer]]:
    """Return the keyword arguments that are plain, and the layers of the others."""
    layers = {name: layer for name, value in kwargs.items() if (layer := whole(value)) is not None}
    return {name: value for name, value in kwargs.items() if name not in layers}, layers


def sample_argument(value: Any, length: int = 0) -> Any:
    """Return what stands for an argument where a function is called without data: for an array a short one.

    Raises
    ------
    ValueError
        If it holds another collection, of which nothing is known.
    """
    if isinstance(value, ArrayBase):
        return np.ones((length,) * value.ndim, value.dtype) if length else value._meta
    if type(value) not in _PLAIN and unpack_collections(value)[0]:
        raise ValueError("an argument is a collection whose value isn't known before computing")
    return value


class WithKeywords(NamedTuple):
    """Pass the last arguments by keyword."""

    func: Callable[..., Any]
    names: tuple[str, ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.func, "short_name", None) or func_name(self.func))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        first = len(args) - len(self.names)
        return self.func(*args[:first], **dict(zip(self.names, args[first:], strict=True)), **kwargs)
