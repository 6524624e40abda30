"""How NumPy arrays travel: any layout, memory order and data type without copies, where pickle alone would make some.

Place in the flow: registers with `registry.reducers` when NumPy is loaded; `pickling` imports this module.

NumPy itself hands over the memory of contiguous arrays of plain types, so those are left to it. Here are the others:
dates, records and types from other packages (which the buffer protocol doesn't know), transposed and strided views (made
contiguous, in the order in which they lie in memory), and broadcast ones (what is repeated travels once). Arrays that hold
Python objects, and subclasses of ``ndarray``, are pickled by NumPy.

Invariants: values, shape, data type and being read-only are the same at the other end; the memory order of a contiguous
array, too.
"""

from __future__ import annotations

from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any

from minidask_distributed.protocol.registry import reducers

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["reduce_ndarray"]

_PLAIN_KINDS = frozenset("biufcSUT")


def reduce_ndarray(array: Array) -> Any:
    """Return what pickle needs to make an array again, as ``__reduce_ex__`` does; its memory is a ``PickleBuffer``.

    Examples
    --------
    >>> import numpy as np, pickle
    >>> view = np.arange(12).reshape(3, 4).T[::2]
    >>> rebuild, args = reduce_ndarray(view)
    >>> np.array_equal(rebuild(*args), view)
    True
    """
    dtype = array.dtype
    flags = array.flags
    plain = dtype.kind in _PLAIN_KINDS and dtype.isbuiltin != 2
    if dtype.hasobject or not dtype.itemsize or dtype.kind == "T":
        return array.__reduce_ex__(5)
    if plain and (flags.c_contiguous or flags.f_contiguous):
        return array.__reduce_ex__(5)
    writable = flags.writeable
    shape = array.shape
    repeated = [not stride and length > 1 for stride, length in zip(array.strides, shape, strict=True)]
    if writable or not any(repeated):
        shape_once = None
    else:
        array = array[tuple(slice(0, 1) if again else slice(None) for again in repeated)]
        shape_once = shape
    # Axes from the longest step in memory to the shortest: contiguous then, if the array is so in any order.
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    ordered = array.transpose(axes)
    if not ordered.flags.c_contiguous:
        ordered = ordered.copy("C")
        ordered.flags.writeable = writable
    memory = PickleBuffer(ordered.reshape(-1).view("u1").data)
    return _rebuild, (memory, dtype, ordered.shape, tuple(axes), shape_once)


def _rebuild(
    memory: Any, dtype: Any, shape: tuple[int, ...], axes: tuple[int, ...], repeat: tuple[int, ...] | None
) -> Any:
    import numpy as np

    inverse = sorted(range(len(axes)), key=axes.__getitem__)
    array: Array = np.ndarray(shape, dtype, memory).transpose(inverse)
    return array if repeat is None else np.broadcast_to(array, repeat)


@reducers.register_lazy("numpy")
def _register_numpy() -> None:
    import numpy as np

    reducers.register(np.ndarray, reduce_ndarray, subclasses=False)
