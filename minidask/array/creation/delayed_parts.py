"""Arrays of one block that something else computes: ``from_delayed``, ``from_func``; many are joined by ``stack`` or ``block``.

Place in the flow: above ``sources`` and delayed values; a block is checked for the shape that was declared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from minidask.array.checking import as_declared
from minidask.array.chunks import Chunks
from minidask.array.collection import new_array
from minidask.array.meta import meta_of
from minidask.array.sources import made_layer
from minidask.collection import collection_layers, is_dask_collection
from minidask.graph import Key, Layer, SingleLayer, Task, TaskRef, func_name, held
from minidask.tokenize import quick_token, tokenize


class OneBlock(Layer):
    """A single block: the result of another layer, under whatever key, checked for its shape and dtype."""

    __slots__ = ("dtype", "key", "shape")
    key: Key
    shape: tuple[Any, ...]
    dtype: Any

    def __init__(self, name: str, inputs: tuple[Layer, ...], key: Key, shape: tuple[Any, ...], dtype: Any) -> None:
        super().__init__(name, inputs, (1,) * len(shape))
        self.key = key
        self.shape = shape
        self.dtype = dtype

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        own = self.key_at((0,) * len(self.shape))
        return {own: Task(checked_block, (TaskRef(self.key), self.shape, self.dtype), None, self.annotations or None)}


def checked_block(block: Any, shape: tuple[Any, ...], dtype: Any, who: str = "from_delayed") -> Any:
    """Return a block, in the dtype that was declared, if it has the shape; raises, naming both, if not.

    Examples
    --------
    >>> import numpy as np
    >>> checked_block(np.ones(3), (2,), np.dtype(float))
    Traceback (most recent call last):
    ...
    ValueError: a block was declared with shape (2,), but has (3,): correct the shape given to from_delayed
    """
    actual = getattr(block, "shape", ())
    if len(actual) != len(shape) or any(n == n and n != m for n, m in zip(shape, actual, strict=True)):
        raise ValueError(f"a block was declared with shape {shape}, but has {actual}: correct the shape given to {who}")
    return as_declared(block, dtype, who, "dtype= or meta=")


def from_delayed(
    value: Any, shape: tuple[Any, ...], dtype: Any = None, meta: Any = None, name: str | None = None
) -> Any:
    """Make an array of one block that is a delayed value.

    Parameters
    ----------
    value : Delayed, or a client's future
    shape : tuple of int
        NaN where a length isn't known.
    dtype : dtype
        Needed unless ``meta`` is given.
    meta : optional
        An empty array of the block's type.
    name : str, optional

    Raises
    ------
    TypeError
        If ``value`` is neither; on computing, if the value has a dtype of another kind.
    ValueError
        If there is neither dtype nor meta; on computing, if the value has another shape.

    Examples
    --------
    >>> import numpy as np, minidask.array as da
    >>> from minidask.delayed import delayed
    >>> da.from_delayed(delayed(np.ones)(3), shape=(3,), dtype=float).sum().compute()
    np.float64(3.0)
    """
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if dtype is None and meta is None:
        raise ValueError("from_delayed can't look at a value that isn't computed: give its dtype=, or meta=")
    if getattr(type(value), "__minidask_future__", False):
        # What stands for a result on a cluster becomes a task that holds it.
        key = f"held-{tokenize('future', value.key)}"
        inputs: tuple[Layer, ...] = (SingleLayer(key, held(value)),)
    elif is_dask_collection(value) and hasattr(value, "key"):
        inputs, key = collection_layers(value), value.key
    else:
        raise TypeError(f"from_delayed takes a delayed value or a future, got {type(value).__name__}: {value!r:.60}")
    found = meta_of(meta, len(shape), dtype)
    name = name or f"from-value-{quick_token('from-delayed', key, shape, str(found.dtype))}"
    chunks: Chunks = tuple([(n,) for n in shape])
    return new_array(OneBlock(name, inputs, key, shape, found.dtype), chunks, found, shape)


class Called:
    """Call a function with arguments, whatever the block's bounds."""

    __slots__ = ("args", "dtype", "func", "kwargs")

    def __init__(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], dtype: Any) -> None:
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.dtype = dtype

    def __call__(self, bounds: tuple[tuple[int, int], ...]) -> Any:
        shape = tuple([high - low for low, high in bounds])
        return checked_block(self.func(*self.args, **self.kwargs), shape, self.dtype, "from_func")

    def __reduce__(self) -> tuple[Any, ...]:
        return Called, (self.func, self.args, self.kwargs, self.dtype)


def from_func(
    func: Callable[..., Any],
    shape: Any,
    dtype: Any = None,
    name: str | None = None,
    args: tuple[Any, ...] = (),
    kwargs: Any = None,
) -> Any:
    """Make an array of one block that a function returns when it is called.

    Raises
    ------
    TypeError
        If ``func`` can't be called.
    ValueError
        If there is no dtype; on computing, if the block has another shape.

    Examples
    --------
    >>> import numpy as np, minidask.array as da
    >>> da.from_func(np.arange, (3,), dtype=int, args=(3,)).compute()
    array([0, 1, 2])
    """
    if not callable(func):
        raise TypeError(f"from_func needs a function, got {type(func).__name__}: {func!r:.60}")
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    found = meta_of(None, len(shape), dtype)
    call = Called(func, tuple(args), dict(kwargs or {}), found.dtype)
    named = quick_token("from-func", func, shape, call.args, call.kwargs, str(found.dtype))
    name = name or f"{func_name(func)}-{named}"
    chunks: Chunks = tuple([(n,) for n in shape])
    return new_array(made_layer(name, call, chunks), chunks, found, shape)
