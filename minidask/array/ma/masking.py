"""Make masked arrays, fill them, and look at their masks: NumPy's functions of ``numpy.ma``, one block at a time.

Place in the flow: each function builds one elementwise layer. Not for: reductions (``reductions.masked``, ``ma.weighing``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import has_unknown
from minidask.array.collection import ArrayBase
from minidask.array.dispatch import call_registered
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import meta_of, numpy_meta
from minidask.array.planned import planned
from minidask.tokenize import tokenize


class OfMasked(NamedTuple):
    """Call a function of ``numpy.ma`` on blocks, with some keywords."""

    function: str
    keywords: tuple[tuple[str, Any], ...] = ()

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return self.function

    def __call__(self, *blocks: Any) -> Any:
        return getattr(np.ma, self.function)(*blocks, **dict(self.keywords))


def masked_meta(dtype: Any, ndim: int) -> Any:
    """Return the empty masked array of a dtype and number of dimensions.

    Examples
    --------
    >>> type(masked_meta(np.dtype(float), 2)).__name__
    'MaskedArray'
    """
    return np.ma.masked_array(np.zeros((0,) * ndim, dtype))


@planned
def call_masked(function: str, *operands: Any, dtype: Any = None, plain: bool = False, **keywords: Any) -> Any:
    """Return the array of a function of ``numpy.ma``, of a dtype (default: the first array's); masked unless ``plain``."""
    arrays = [o for o in operands if isinstance(o, ArrayBase)]
    kind = np.dtype(arrays[0].dtype if dtype is None else dtype)
    ndim = max(np.ndim(o) if not isinstance(o, ArrayBase) else o.ndim for o in operands)
    meta = numpy_meta(kind, ndim) if plain else meta_of(masked_meta(kind, ndim))
    call: Any = OfMasked(function, tuple(sorted(keywords.items())))
    name = f"ma-{function} {tokenize(keywords)}" if keywords else f"ma-{function}"
    return elementwise(call, *operands, name=name, meta=meta)


def _masked_by(function: str, x: Any, *values: Any, **keywords: Any) -> Any:
    x = as_array(x)
    return call_masked(function, x, *values, **keywords)


def masked_array(data: Any, mask: Any = False, fill_value: Any = None, **kwargs: Any) -> Any:
    """Return a masked array of data and a mask.

    Parameters
    ----------
    data : Array
        One that is masked keeps its mask beside the new one.
    mask : bool or array-like
        True where data are masked; of the data's shape, or one for all.
    fill_value : optional
        A single value, or a lazy one without axes.
    **kwargs
        ``dtype``, ``keep_mask``, ``hard_mask`` of ``numpy.ma.masked_array``.

    Raises
    ------
    numpy.ma.MaskError
        If the mask has another shape.
    ValueError
        If the fill value has axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ma.masked_array(da.arange(3, chunks=2), mask=[True, False, False])
    >>> x.sum().compute()
    np.int64(3)
    """
    x = as_array(data)
    if kwargs.get("dtype") is not None:
        x = x.astype(kwargs["dtype"])
    kwargs.pop("dtype", None)
    if np.ndim(fill_value) if not isinstance(fill_value, ArrayBase) else fill_value.ndim:
        raise ValueError("a fill value must be a single one")
    if isinstance(mask, ArrayBase) or np.ndim(mask):
        mask = as_array(mask)
        if mask.shape != x.shape and not has_unknown((*mask.shape, *x.shape)):
            raise np.ma.MaskError(
                f"Mask and data not compatible: data shape is {x.shape}, and mask shape is {mask.shape}."
            )
    keywords = {**kwargs, **({} if fill_value is None else {"fill_value": fill_value})}
    if isinstance(fill_value, ArrayBase):
        filled_with = keywords.pop("fill_value")
        made = call_masked("masked_array", x, mask, **keywords)
        return elementwise(with_fill_value, made, filled_with, meta=made._meta)
    return call_masked("masked_array", x, mask, **keywords)


def with_fill_value(block: Any, fill_value: Any) -> Any:
    """Return a masked block with another fill value; the block itself stays.

    Examples
    --------
    >>> int(with_fill_value(np.ma.array([1]), 5).fill_value)
    5
    """
    out = np.ma.array(block, copy=False, subok=True).view()
    out.fill_value = fill_value
    return out


def set_fill_value(a: Any, fill_value: Any) -> None:
    """Give an array another fill value; arrays made from it before keep theirs.

    Raises
    ------
    TypeError
        If ``a`` is no chunked array, or the value doesn't fit its dtype.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ma.masked_equal(da.arange(3, chunks=2), 1)
    >>> da.ma.set_fill_value(x, 9)
    >>> da.ma.filled(x).compute()
    array([0, 9, 2])
    """
    if not isinstance(a, ArrayBase):
        raise TypeError(f"set_fill_value changes a chunked array, got {type(a).__name__}: use numpy.ma.set_fill_value")
    if not isinstance(fill_value, ArrayBase):
        with_fill_value(np.ma.zeros(1, a.dtype), fill_value)
    made = elementwise(with_fill_value, a, fill_value, meta=meta_of(masked_meta(a.dtype, a.ndim)))
    a._layer, a._meta, a._graph = made._layer, made._meta, None


def filled(a: Any, fill_value: Any = None) -> Any:
    """Return a plain array with a value in the places that are masked; default: the array's fill value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.filled(da.ma.masked_equal(da.arange(3, chunks=2), 1), -1).compute()
    array([ 0, -1,  2])
    """
    x = as_array(a)
    return (
        call_masked("filled", x, plain=True) if fill_value is None else call_masked("filled", x, fill_value, plain=True)
    )


def getdata(a: Any) -> Any:
    """Return the data under the mask, as a plain array.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.getdata(da.ma.masked_equal(da.arange(3, chunks=2), 1)).compute()
    array([0, 1, 2])
    """
    return call_masked("getdata", as_array(a), plain=True)


def getmaskarray(a: Any) -> Any:
    """Return where an array is masked, as a plain array of bool.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.getmaskarray(da.ma.masked_equal(da.arange(3, chunks=2), 1)).compute()
    array([False,  True, False])
    """
    return call_masked("getmaskarray", as_array(a), dtype=bool, plain=True)


def masked_where(condition: Any, a: Any) -> Any:
    """Return an array masked where a condition of its shape is true; raises IndexError if shapes differ.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(3, chunks=2)
    >>> da.ma.masked_where(x > 0, x).sum().compute()
    np.int64(0)
    """
    x = as_array(a)
    if isinstance(condition, ArrayBase) or np.ndim(condition):
        condition = as_array(condition)
        if condition.shape != x.shape and not has_unknown((*condition.shape, *x.shape)):
            raise IndexError(
                f"Inconsistent shape between the condition and the input (got {condition.shape} and {x.shape})"
            )
    return call_masked("masked_where", condition, x, dtype=x.dtype)


def masked_greater(x: Any, value: Any, copy: bool = True) -> Any:
    """Return an array masked where it is above a value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_greater(da.arange(3, chunks=2), 1).max().compute()
    np.int64(1)
    """
    return _masked_by("masked_greater", x, value)


def masked_greater_equal(x: Any, value: Any, copy: bool = True) -> Any:
    """Return an array masked where it is not below a value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_greater_equal(da.arange(3, chunks=2), 1).max().compute()
    np.int64(0)
    """
    return _masked_by("masked_greater_equal", x, value)


def masked_less(x: Any, value: Any, copy: bool = True) -> Any:
    """Return an array masked where it is below a value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_less(da.arange(3, chunks=2), 1).min().compute()
    np.int64(1)
    """
    return _masked_by("masked_less", x, value)


def masked_less_equal(x: Any, value: Any, copy: bool = True) -> Any:
    """Return an array masked where it is not above a value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_less_equal(da.arange(3, chunks=2), 1).min().compute()
    np.int64(2)
    """
    return _masked_by("masked_less_equal", x, value)


def masked_not_equal(x: Any, value: Any, copy: bool = True) -> Any:
    """Return an array masked where it isn't equal to a value.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_not_equal(da.arange(3, chunks=2), 1).sum().compute()
    np.int64(1)
    """
    return _masked_by("masked_not_equal", x, value)


def masked_equal(a: Any, value: Any) -> Any:
    """Return an array masked where it is equal to a single value, which fills it too; raises ValueError for several.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_equal(da.arange(3, chunks=2), 1).sum().compute()
    np.int64(2)
    """
    return _masked_by("masked_equal", a, _single(value, "masked_equal"))


def masked_values(x: Any, value: Any, rtol: float = 1e-05, atol: float = 1e-08, shrink: bool = True) -> Any:
    """Return an array masked where it is about a single value; raises ValueError for several.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_values(da.from_array([1.0, 1.1], chunks=1), 1.1).sum().compute()
    np.float64(1.0)
    """
    value = _single(value, "masked_values")
    return _masked_by("masked_values", x, value, rtol=rtol, atol=atol, shrink=shrink, copy=True)


def masked_inside(x: Any, v1: Any, v2: Any) -> Any:
    """Return an array masked where it lies between two values, or on one of them.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_inside(da.arange(5, chunks=2), 1, 3).sum().compute()
    np.int64(4)
    """
    return _masked_by("masked_inside", x, _single(v1, "masked_inside"), _single(v2, "masked_inside"))


def masked_outside(x: Any, v1: Any, v2: Any) -> Any:
    """Return an array masked where it lies outside of two values.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_outside(da.arange(5, chunks=2), 1, 3).sum().compute()
    np.int64(6)
    """
    return _masked_by("masked_outside", x, _single(v1, "masked_outside"), _single(v2, "masked_outside"))


def _single(value: Any, function: str) -> Any:
    ndim = value.ndim if isinstance(value, ArrayBase) else np.ndim(value)
    if ndim:
        raise ValueError(f"da.ma.{function} doesn't support array `value`s: give single values, or use masked_where")
    return value


def masked_invalid(a: Any) -> Any:
    """Return an array masked where it is NaN or infinite.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.masked_invalid(da.from_array([1.0, np.nan], chunks=1)).sum().compute()
    np.float64(1.0)
    """
    return _masked_by("masked_invalid", a)


def fix_invalid(a: Any, fill_value: Any = None) -> Any:
    """Return an array masked where it is NaN or infinite, with a fill value in these places of the data.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.getdata(da.ma.fix_invalid(da.from_array([1.0, np.nan], chunks=1), 0)).compute()
    array([1., 0.])
    """
    return _masked_by("fix_invalid", a, **({} if fill_value is None else {"fill_value": fill_value}))


def _like(function: str, a: Any, kwargs: dict[str, Any]) -> Any:
    x = as_array(a)
    extra = set(kwargs) - {"dtype", "order", "subok"}
    if extra:
        raise TypeError(f"{function} of masked arrays keeps the shape and the mask, and takes no {sorted(extra)}")
    dtype = kwargs.get("dtype")
    if dtype is None:
        return call_masked(function, x)
    kind = np.dtype(dtype)
    call: Any = OfMasked(function, (("dtype", kind),))
    return elementwise(call, x, name=f"ma-{function} {kind}", meta=meta_of(masked_meta(kind, x.ndim)))


def ones_like(a: Any, **kwargs: Any) -> Any:
    """Return an array of ones with the shape and the mask of another.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.ones_like(da.ma.masked_equal(da.arange(3, chunks=2), 1)).sum().compute()
    np.int64(2)
    """
    return _like("ones_like", a, kwargs)


def zeros_like(a: Any, **kwargs: Any) -> Any:
    """Return an array of zeros with the shape and the mask of another.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.zeros_like(da.ma.masked_equal(da.arange(3, chunks=2), 1)).sum().compute()
    np.int64(0)
    """
    return _like("zeros_like", a, kwargs)


def empty_like(a: Any, **kwargs: Any) -> Any:
    """Return an array of anything with the shape and the mask of another.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.empty_like(da.ma.masked_equal(da.arange(3, chunks=2), 1)).shape
    (3,)
    """
    return _like("empty_like", a, kwargs)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return elements of ``x`` where a condition is true and of ``y`` elsewhere; masked where these or the condition are.

    Without both, where the condition is true.

    Raises
    ------
    ValueError
        If only one of both is given.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ma.masked_equal(da.arange(3, chunks=2), 1)
    >>> da.ma.where(x > 0, x, -1).sum().compute()
    np.int64(1)
    """
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    operands = [condition, x, y]
    if not any(isinstance(one, ArrayBase) for one in operands):
        operands[0] = as_array(condition)
    # As numpy.ma: a number is an array of its own dtype, and what masks has none.
    kinds = [one.dtype if hasattr(one, "dtype") else np.asarray(one).dtype for one in (x, y) if one is not np.ma.masked]
    return call_masked("where", *operands, dtype=np.result_type(*(kinds or [float])))


def nonzero(a: Any) -> Any:
    """Return the positions of the elements that are neither zero nor masked, an array an axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.nonzero(da.ma.masked_equal(da.arange(3, chunks=2), 1))[0].compute()
    array([2])
    """
    return call_registered(np.nonzero, (filled(a, 0),), {})
