"""Functions of one dimension along an axis, and reductions over one axis after the other: ``apply_along_axis``,
``apply_over_axes``.

Place in the flow: above ``mapping``; NumPy's functions of these names come here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.checking import as_declared
from minidask.array.chunks import is_unknown, normalize_axis
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.mapping import map_blocks
from minidask.array.meta import meta_of
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import expand_dims
from minidask.graph.task import func_name


class Along:
    """Call a function on the lanes of a block along an axis."""

    __slots__ = ("args", "axis", "dtype", "func", "kwargs", "shape")

    def __init__(
        self,
        func: Callable[..., Any],
        axis: int,
        shape: tuple[int, ...],
        dtype: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.func = func
        self.axis = axis
        self.shape = shape
        self.dtype = dtype
        self.args = args
        self.kwargs = kwargs

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block: Any) -> Any:
        outer = (*block.shape[: self.axis], *self.shape, *block.shape[self.axis + 1 :])
        if 0 in (*block.shape[: self.axis], *block.shape[self.axis + 1 :]):
            return np.empty(outer, self.dtype)
        made = np.apply_along_axis(self.func, self.axis, block, *self.args, **self.kwargs)
        if made.shape != outer:
            inner = made.shape[self.axis : made.ndim - (block.ndim - self.axis - 1)]
            raise ValueError(
                f"{self.short_name} returned a result of shape {inner} where {self.shape} was declared: correct shape="
            )
        return as_declared(made, self.dtype, self.short_name, "dtype=")

    def __reduce__(self) -> tuple[Any, ...]:
        return Along, (self.func, self.axis, self.shape, self.dtype, self.args, self.kwargs)


@implements(np.apply_along_axis)
@planned
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, dtype: Any = None, shape: Any = None, **kwargs: Any
) -> Any:
    """Return a function's results for all lanes along an axis, whose own axes take the place of that one.

    Parameters
    ----------
    func1d : callable
        Gets vectors, then ``args`` and ``kwargs``.
    axis : int
        Brought into one block.
    arr : Array
    dtype : dtype, optional
        Of the results. Default, together with the shape: found by calling the function on a vector of ones.
    shape : tuple of int, optional
        Of a result.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    TypeError
        If ``func1d`` can't be called. Where it is computed: if results have a dtype of another kind.
    ValueError
        If the array has no lanes, or dtype and shape can't be found. Where it is computed: if a result has another shape.

    Examples
    --------
    >>> import minidask.array as da
    >>> apply_along_axis(lambda lane: lane[0] + lane[-1], 0, da.arange(6, chunks=2).reshape((3, 2))).compute()
    array([4, 6])
    """
    if not callable(func1d):
        raise TypeError(f"apply_along_axis needs a function, got {type(func1d).__name__}: {func1d!r:.60}")
    x = as_array(arr)
    axis = normalize_axis(axis, x.ndim)
    if any(length == 0 for at, length in enumerate(x.shape) if at != axis):
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    x = rechunk_to(x, (*x._chunks[:axis], (sum(x._chunks[axis]),), *x._chunks[axis + 1 :]))
    if dtype is None or shape is None:
        sample = _sample(func1d, x, axis, args, kwargs)
        dtype = sample.dtype if dtype is None else np.dtype(dtype)
        shape = sample.shape if shape is None else shape
    own = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    call: Any = Along(func1d, axis, own, np.dtype(dtype), args, kwargs)
    return map_blocks(
        call,
        x,
        chunks=(*x._chunks[:axis], *[(n,) for n in own], *x._chunks[axis + 1 :]),
        drop_axis=axis,
        new_axis=list(range(axis, axis + len(own))) if own else None,
        meta=meta_of(x._meta, x.ndim - 1 + len(own), np.dtype(dtype)),
        token=func_name(func1d).strip("<>"),
    )


def _sample(func1d: Callable[..., Any], x: Any, axis: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    length = x.shape[axis]
    if is_unknown(length):
        raise ValueError("dtype= and shape= are needed for an axis whose length isn't known before computing")
    lane = np.ones(length, x.dtype) if x.dtype.kind in "biufc" else np.zeros(length, x.dtype)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(func1d(lane, *args, **kwargs))
    except Exception as error:
        raise ValueError(
            f"dtype and shape of {func_name(func1d)} could not be found by calling it on a vector of ones, which raised "
            f"{type(error).__name__}: {error}. Say them with dtype= and shape="
        ) from error


@implements(np.apply_over_axes)
@planned
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """Return an array reduced by ``func(array, axis)`` over one axis after the other; dimensions stay, with length 1.

    Parameters
    ----------
    func : callable
        A reduction of chunked arrays, such as ``minidask.array.sum`` or ``numpy.sum``.
    a : Array
    axes : int or sequence of int

    Raises
    ------
    ValueError
        If the function changes the number of dimensions by more than one.
    numpy.exceptions.AxisError
        If an axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> apply_over_axes(np.sum, da.ones((2, 3), chunks=1), [0, 1]).compute()
    array([[6.]])
    """
    x = as_array(a)
    for axis in axes if isinstance(axes, tuple | list | np.ndarray) else (axes,):
        at = normalize_axis(axis, x.ndim)
        made = as_array(func(x, at))
        if made.ndim == x.ndim - 1:
            made = expand_dims(made, at)
        if made.ndim != x.ndim:
            raise ValueError(
                f"function is not returning an array of the correct shape: {made.ndim} dimensions of "
                f"{x.ndim} were left along axis {at}"
            )
        x = made
    return x
