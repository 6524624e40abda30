"""The transforms: each is its function of ``numpy.fft``, or another library's, on every block.

``fft_wrap`` makes them all. A ``kind``, which is a name of NumPy's, says how long the axes of the result are: those of ``rfft``
and ``ihfft`` are half as long and one more, those of ``irfft`` and ``hfft`` twice as long less two; of several axes this holds
for the last one.

Place in the flow: one blockwise layer each, which fuses with what is elementwise around it. Not for: transforms along axes in
several blocks, which would move everything between blocks: rechunking says so plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minidask.array.chunks import Chunks, Sizes, check_known, normalize_axis
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import meta_of
from minidask.array.sources import grid_sizes, symbols
from minidask.graph import Blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token, tokenize

_ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_TWO_AXES = ("fft2", "ifft2", "rfft2", "irfft2")
_ANY_AXES = ("fftn", "ifftn", "rfftn", "irfftn")
KINDS = (*_ONE_AXIS, *_TWO_AXES, *_ANY_AXES)

_REAL = (np.dtype("f4"), np.dtype("f8"))
_HALVING = ("rfft", "ihfft", "rfft2", "rfftn")
_DOUBLING = ("irfft", "hfft", "irfft2", "irfftn")


class Transform:
    """Call a transform on a block; its keywords are all it needs besides."""

    __slots__ = ("func", "kwargs")

    def __init__(self, func: Callable[..., Any], kwargs: tuple[tuple[str, Any], ...]) -> None:
        self.func = func
        self.kwargs = kwargs

    @property
    def whole_axes(self) -> tuple[int, ...]:
        """The axes that are transformed: along others blocks may be cut in any way."""
        axes = dict(self.kwargs)
        return axes["axes"] if "axes" in axes else (axes["axis"],)

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.func, "__name__", "transform"))

    def __call__(self, block: Any) -> Any:
        if type(block) is np.ndarray and not block.flags.forc:
            # Lines are read one by one: of a part of a larger array each would cross all of its memory.
            block = block.copy()
        kwargs = dict(self.kwargs)
        if self.func is np.fft.fft and type(block) is np.ndarray and block.dtype in _REAL:
            return fft_of_real(block, **kwargs)
        return self.func(block, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Transform, (self.func, self.kwargs)


def fft_of_real(block: Any, axis: int, n: int | None = None, norm: Any = None) -> Any:
    """Return ``numpy.fft.fft`` of real numbers by way of ``rfft``, in half the time: the other half mirrors it.

    Examples
    --------
    >>> fft_of_real(np.array([1.0, 2.0, 4.0]), 0).round(2)
    array([ 7.+0.j  , -2.+1.73j, -2.-1.73j])
    """
    length = block.shape[axis] if n is None else n
    shape = (*block.shape[:axis], length, *block.shape[axis + 1 :])
    out = np.empty_like(block, np.result_type(block.dtype, np.complex64), shape=shape)
    lines = np.moveaxis(out, axis, 0)
    half = length // 2 + 1
    np.fft.rfft(block, n, axis, norm, out=np.moveaxis(lines[:half], 0, axis))
    np.conjugate(lines[length - half : 0 : -1], out=lines[half:])
    return out


def fft_wrap(
    fft_func: Callable[..., Any], kind: str | None = None, dtype: Any = None, allow_fftpack: bool = False
) -> Callable[..., Any]:
    """Make a transform of chunked arrays from one of arrays in memory.

    Parameters
    ----------
    fft_func : callable
        As the functions of ``numpy.fft``: ``(a, n, axis, norm)``, or ``(a, s, axes, norm)`` for several axes; ``scipy.fft`` has
        such.
    kind : str, optional
        The name of the function of ``numpy.fft`` whose shapes it has; default: its own name.
    dtype : dtype, optional
        Of the result; default: found by transforming a few ones.
    allow_fftpack : bool
        Whether functions of ``scipy.fftpack`` are taken. Their real transforms have another layout, so that these are not.

    Raises
    ------
    ValueError
        If there is no such kind, or the function is one of ``scipy.fftpack`` and isn't allowed.

    Examples
    --------
    >>> import minidask.array as da
    >>> transform = fft_wrap(np.fft.rfft)
    >>> transform(da.ones((4, 8), chunks=(2, 8))).chunks
    ((2, 2), (5,))
    """
    kind = kind or getattr(fft_func, "__name__", "")
    if kind not in KINDS:
        raise ValueError(
            f"there is no kind of transform {kind!r}: pass kind=, one of {', '.join(KINDS)}; other functions of blocks are for "
            "x.map_blocks"
        )
    if "fftpack" in (getattr(fft_func, "__module__", "") or ""):
        if not allow_fftpack:
            raise ValueError("the functions of scipy.fftpack are out of date: use those of numpy.fft or scipy.fft")
        if kind in _HALVING or kind in _DOUBLING:
            raise ValueError(
                f"scipy.fftpack's {kind} lays its result out in another way than numpy.fft's: use scipy.fft's"
            )
    own = None if dtype is None else np.dtype(dtype)
    numpys = getattr(np.fft, kind)
    named = kind if fft_func is numpys else f"{kind} {tokenize(fft_func)}"

    def along_axis(a: Any, n: Any = None, axis: Any = None, norm: Any = None) -> Any:
        return _transform(fft_func, kind, named, own, a, n, -1 if axis is None else axis, norm)

    def along_axes(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        if axes is None and kind in _TWO_AXES:
            axes = (-2, -1)
        return _transform(fft_func, kind, named, own, a, s, axes, norm)

    transform: Any = along_axis if kind in _ONE_AXIS else along_axes
    what, default = (
        ("n", "-1") if kind in _ONE_AXIS else ("s", "(-2, -1)" if kind in _TWO_AXES else "the last len(s), or all")
    )
    where = "axis" if kind in _ONE_AXIS else "axes"
    transform.__name__ = transform.__qualname__ = kind
    transform.__doc__ = f"""Transform an array as ``numpy.fft.{kind}`` does, along whole axes.

    Parameters
    ----------
    a : Array or array-like
        With one block along each axis that is transformed.
    {what} : optional
        Length{" of the axis" if what == "n" else "s of the axes"}, for which the array is cut or filled up with zeros.
    {where} : optional
        Default: {default}.
    norm : {{"backward", "ortho", "forward"}}, optional
        Which direction is scaled.

    Raises
    ------
    ValueError
        If an axis is in several blocks: rechunk it to one with ``x.rechunk({{axis: -1}})``; or a length is below 1.
    TypeError
        If NumPy can't transform the dtype.
    numpy.exceptions.AxisError
        If an axis is out of range.
    """
    return transform


def _transform(
    func: Callable[..., Any], kind: str, named: str, dtype: Any, a: Any, lengths: Any, axes: Any, norm: Any
) -> Any:
    x = as_array(a)
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm!r}; should be "backward", "ortho" or "forward".')
    single = kind in _ONE_AXIS
    along = (axes,) if single else _axes(axes, lengths, x.ndim)
    places = [normalize_axis(axis, x.ndim) for axis in along]
    if not places and kind in ("fftn", "ifftn", "fft2", "ifft2"):
        return x
    if not places:
        raise ValueError(f"{kind} needs an axis to transform, got none")
    chunks = _chunks(kind, x, places, (lengths,) if single else lengths)
    kwargs: list[tuple[str, Any]] = [("axis", places[0])] if single else [("axes", tuple(places))]
    if lengths is not None:
        kwargs.append(("n", _length(kind, lengths)) if single else ("s", tuple([_length(kind, n) for n in lengths])))
    if norm is not None:
        kwargs.append(("norm", norm))
    if dtype is None:
        dtype = transform_dtype(func, x.dtype, len(places))
    token = quick_token(named, x.name, repr(kwargs))
    index = symbols(x.ndim)
    layer = Blockwise(
        f"{kind}-{token}",
        (x._layer,),
        Transform(func, tuple(kwargs)),
        index,
        ((InputOf(0), index),),
        grid_sizes(x._layer.numblocks),
    )
    return new_array(layer, chunks, meta_of(x._meta, x.ndim, dtype))


@lru_cache(256)
def transform_dtype(func: Callable[..., Any], dtype: np.dtype[Any], axes: int) -> np.dtype[Any]:
    """Return the dtype of a transform of a dtype along so many axes; raises what it raises.

    Examples
    --------
    >>> transform_dtype(np.fft.fft, np.dtype("f4"), 1)
    dtype('complex64')
    """
    return np.dtype(func(np.ones((*(2,) * (axes - 1), 4), dtype)).dtype)


def _axes(axes: Any, lengths: Sequence[int] | None, ndim: int) -> tuple[Any, ...]:
    if lengths is not None and not isinstance(lengths, tuple | list | np.ndarray):
        raise TypeError(
            f"s must be a sequence of lengths, one for each axis, got {type(lengths).__name__}: {lengths!r:.60}"
        )
    if axes is None:
        return tuple(range(-ndim, 0)) if lengths is None else tuple(range(-len(lengths), 0))
    axes = tuple(axes) if isinstance(axes, tuple | list | np.ndarray | range) else (axes,)
    if lengths is not None and len(lengths) != len(axes):
        raise ValueError(f"Shape and axes have different lengths: s={tuple(lengths)}, axes={axes}")
    return axes


def _length(kind: str, n: Any) -> int:
    if not hasattr(n, "__index__"):
        raise TypeError(f"the length of a transformed axis must be an integer, got {type(n).__name__}: {n!r:.60}")
    length: int = n.__index__()
    # NumPy takes -1 among several for an axis that keeps its length.
    if length < 1 and (length != -1 or kind in _ONE_AXIS):
        raise ValueError(f"Invalid number of FFT data points ({length}) specified.")
    return length


def _chunks(kind: str, x: Any, places: Sequence[int], lengths: Any) -> Chunks:
    sizes: list[Sizes] = list(x._chunks)
    for at, axis in enumerate(places):
        if len(x._chunks[axis]) > 1:
            raise ValueError(
                f"{kind} goes along axis {axis}, which is in {len(x._chunks[axis])} blocks and has to be in one: "
                f"rechunk it first, x.rechunk({{{axis}: -1}})"
            )
        given = None if lengths is None else lengths[at]
        length = None if given is None else _length(kind, given)
        last = at == len(places) - 1
        if length is None or length == -1:
            check_known(kind, sizes[axis])
            # NumPy takes -1 for the length that there is, of which twice as much would be made without.
            doubled = last and kind in _DOUBLING and length is None
            length = int(sizes[axis][0])
            if doubled:
                length = 2 * (length - 1)
            if length < 1:
                raise ValueError(f"Invalid number of FFT data points ({length}) specified.")
        if axis in places[:at] and kind not in _DOUBLING:
            # Transformed more than once: NumPy begins with the last axis, so that the first of equal ones decides.
            continue
        sizes[axis] = (length // 2 + 1 if last and kind in _HALVING else length,)
    return tuple(sizes)


fft = implements(np.fft.fft)(fft_wrap(np.fft.fft))
ifft = implements(np.fft.ifft)(fft_wrap(np.fft.ifft))
rfft = implements(np.fft.rfft)(fft_wrap(np.fft.rfft))
irfft = implements(np.fft.irfft)(fft_wrap(np.fft.irfft))
hfft = implements(np.fft.hfft)(fft_wrap(np.fft.hfft))
ihfft = implements(np.fft.ihfft)(fft_wrap(np.fft.ihfft))
fft2 = implements(np.fft.fft2)(fft_wrap(np.fft.fft2))
ifft2 = implements(np.fft.ifft2)(fft_wrap(np.fft.ifft2))
rfft2 = implements(np.fft.rfft2)(fft_wrap(np.fft.rfft2))
irfft2 = implements(np.fft.irfft2)(fft_wrap(np.fft.irfft2))
fftn = implements(np.fft.fftn)(fft_wrap(np.fft.fftn))
ifftn = implements(np.fft.ifftn)(fft_wrap(np.fft.ifftn))
rfftn = implements(np.fft.rfftn)(fft_wrap(np.fft.rfftn))
irfftn = implements(np.fft.irfftn)(fft_wrap(np.fft.irfftn))
