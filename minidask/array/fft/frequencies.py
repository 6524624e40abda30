"""What goes with transforms: the frequencies of their elements, and moving the frequency 0 to the middle and back.

Place in the flow: sources and slices; nothing here transforms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, chunks_token, normalize_axis
from minidask.array.collection import another, new_array
from minidask.array.devices import takes_device
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.joining import concatenate
from minidask.array.meta import numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.sources import made_layer
from minidask.tokenize import quick_token


@takes_device
def fftfreq(n: int, d: float = 1.0, chunks: Any = "auto") -> Any:
    """Return the frequencies of the elements of ``fft``: 0, the positive ones, the negative ones.

    Parameters
    ----------
    n : int
        Length of the transform.
    d : float
        Distance of two samples; the frequencies are in cycles a unit of it.
    chunks
        What ``normalize_chunks`` reads.

    Raises
    ------
    ValueError
        If ``n`` is no integer, or below 1.

    Examples
    --------
    >>> fftfreq(4, d=0.5, chunks=2).compute()
    array([ 0. ,  0.5, -1. , -0.5])
    """
    return _frequencies("fftfreq", n, d, n, n, chunks)


@takes_device
def rfftfreq(n: int, d: float = 1.0, chunks: Any = "auto") -> Any:
    """Return the frequencies of the elements of ``rfft``: 0 and the positive ones; arguments as ``fftfreq``'s.

    Raises
    ------
    ValueError
        If ``n`` is no integer, or below 1.

    Examples
    --------
    >>> rfftfreq(4, d=0.5).compute()
    array([0. , 0.5, 1. ])
    """
    return _frequencies("rfftfreq", n, d, None, n // 2 + 1 if hasattr(n, "__index__") else n, chunks)


def _frequencies(name: str, n: Any, d: float, wraps: int | None, length: int, chunks: Any) -> Any:
    if not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"n should be an integer of at least 1, got {n!r:.60}")
    normal = normalize_chunks(chunks, (length,), None, np.dtype(float))
    layer = made_layer(
        f"{name}-{quick_token(name, int(n), repr(d), chunks_token(normal))}",
        frequencies,
        normal,
        wraps,
        1.0 / (n * d),
        cheap=True,
    )
    return new_array(layer, normal, numpy_meta(np.dtype(float), 1))


def frequencies(bounds: Any, wraps: int | None, step: float) -> Any:
    """Return a part of the frequencies; from the middle of ``wraps`` on they are negative.

    Examples
    --------
    >>> frequencies(((1, 3),), 4, 0.25)
    array([ 0.25, -0.5 ])
    """
    numbers = np.arange(*bounds[0])
    if wraps is not None:
        numbers[numbers >= (wraps + 1) // 2] -= wraps
    return numbers * step


@implements(np.fft.fftshift)
@planned
def fftshift(x: Any, axes: Any = None) -> Any:
    """Return an array with the frequency 0 moved to the middle of axes, by default all.

    Raises
    ------
    UnknownChunkSizes
        If the length of an axis isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> fftshift(da.fft.fftfreq(4)).compute()
    array([-0.5 , -0.25,  0.  ,  0.25])
    """
    return _shift("fftshift", x, axes, lambda length: length - length // 2)


@implements(np.fft.ifftshift)
@planned
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Return an array with the frequency 0 moved from the middle of axes to their beginning; undoes ``fftshift``.

    Raises
    ------
    UnknownChunkSizes
        If the length of an axis isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> ifftshift(da.arange(5, chunks=2)).compute()
    array([2, 3, 4, 0, 1])
    """
    return _shift("ifftshift", x, axes, lambda length: length // 2)


def _shift(name: str, given: Any, axes: Any, first_of: Any) -> Any:
    x = as_array(given)
    if axes is None:
        axes = range(x.ndim)
    for axis in axes if isinstance(axes, tuple | list | range) else (axes,):
        at = normalize_axis(axis, x.ndim)
        check_known(name, (x.shape[at],))
        first = first_of(x.shape[at])
        if 0 < first < x.shape[at]:
            before = (slice(None),) * at
            x = concatenate([x[(*before, slice(first, None))], x[(*before, slice(None, first))]], axis=at)
    return another(x) if x is given else x
