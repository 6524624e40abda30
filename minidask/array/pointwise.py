"""Functions that work element by element and are no ufuncs of NumPy's: ``where``, ``clip``, ``round``, ``astype``, ``isclose``,
...

Place in the flow: each builds one elementwise layer, as ``ufuncs`` does. Not for: what looks at more than one element at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase, another, new_array
from minidask.array.devices import check_device
from minidask.array.dispatch import call_registered, implements
from minidask.array.dtypes import check_called
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import as_block, with_dtype
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.reductions.folds import all_
from minidask.array.spelling import also_named

# None is a value that elements may have.
_ABSENT: Any = getattr(np, "_NoValue", ...)


class AsType:
    """Cast blocks; a block that has the dtype already is passed on."""

    __slots__ = ("casting", "dtype")
    # An element of the result depends on that of the block alone: blocks may be merged.
    any_cut = True

    def __init__(self, dtype: Any, casting: Any = "unsafe") -> None:
        self.dtype = dtype
        self.casting = casting

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "astype"

    def __call__(self, block: Any) -> Any:
        block = as_block(block)
        if type(block) is np.ndarray:
            return block.astype(self.dtype, casting=self.casting, copy=False)
        return block.astype(self.dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return AsType, (self.dtype, self.casting)


@implements(np.astype)
def astype(
    x: Any, dtype: Any, casting: Any = "unsafe", copy: bool = True, order: Any = None, *, device: Any = None
) -> Any:
    """Return an array cast to a dtype; the array itself if it has it.

    Parameters
    ----------
    x : Array
    dtype : dtype
    casting : str
        What is allowed, as for ``numpy.ndarray.astype``.
    copy : bool
        Whether an array that has the dtype already gives another one, which assignments to ``x`` don't change.
    order
        Accepted for compatibility: the order in memory isn't promised.

    Raises
    ------
    TypeError
        If the cast isn't allowed.
    ValueError
        If there is no such ``casting``, ``order`` or ``device`` (there is ``"cpu"``).

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(3, chunks=2).astype("f4").compute()
    array([0., 1., 2.], dtype=float32)
    """
    x = as_array(x)
    kind = np.dtype(dtype)
    if device is not None:
        check_device(device)
    if order not in (None, "C", "F", "A", "K"):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    if kind == x.dtype:
        return another(x) if copy else x
    if not np.can_cast(x.dtype, kind, casting=casting):
        raise TypeError(f"Cannot cast array from {x.dtype!r} to {kind!r} according to the rule {casting!r}")
    if kind.itemsize == 0 and kind.kind in "SU":
        # Text without a length takes what its longest element needs, which empty blocks can't say.
        longest = np.zeros(1, x.dtype).astype(kind).dtype
        kind = longest if x.dtype.kind != "O" else kind
    if kind.itemsize == 0 and kind.kind in "SU":
        raise TypeError(
            f"the length of {kind.kind!r} text isn't known before computing: give it, such as '{kind.kind}16'"
        )
    return elementwise(AsType(kind, casting), x, name=f"astype {kind} {casting}", meta=with_dtype(x._meta, kind))


@implements(np.where)
def where(condition: Any, x: Any = _ABSENT, y: Any = _ABSENT) -> Any:
    """Return the elements of ``x`` where a condition is true and those of ``y`` elsewhere; without both, where it is true.

    Raises
    ------
    ValueError
        If only one of ``x`` and ``y`` is given, or shapes don't broadcast.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(4, chunks=2)
    >>> da.where(x > 1, x, -1).compute()
    array([-1, -1,  2,  3])
    """
    if x is _ABSENT and y is _ABSENT:
        return call_registered(np.nonzero, (as_array(condition),), {})
    if x is _ABSENT or y is _ABSENT:
        raise ValueError("either both or neither of x and y should be given")
    if not any(isinstance(each, ArrayBase) for each in (condition, x, y)):
        condition = as_array(condition)
    return elementwise(np.where, condition, x, y)


@implements(np.clip)
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    dtype: Any = None,
) -> Any:
    """Return an array with values below ``a_min`` and above ``a_max`` replaced by these.

    Raises
    ------
    ValueError
        If a bound is given under both of its names.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(5, chunks=2).clip(1, 3).compute()
    array([1, 1, 2, 3, 3])
    """
    if (min is not None and a_min is not None) or (max is not None and a_max is not None):
        raise ValueError("give a bound once: as a_min or min, a_max or max")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if not any(isinstance(each, ArrayBase) for each in (a, low, high)):
        a = as_array(a)
    return rebind(
        "clip", out, elementwise(np.clip, a, low, high, kwargs=None if dtype is None else {"dtype": np.dtype(dtype)})
    )


@implements(np.round, np.around)
@also_named(x="a")
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Return an array rounded to so many decimals, halves to even.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.from_array([1.26, 2.5], chunks=1).round(1).compute()
    array([1.3, 2.5])
    """
    return rebind("round", out, elementwise(np.round, as_array(a), kwargs={"decimals": decimals}))


@implements(np.real)
def real(val: Any) -> Any:
    """Return the real parts; an array of real numbers is returned itself.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.from_array([1 + 2j], chunks=1).real.compute()
    array([1.])
    """
    x = as_array(val)
    return x if x.dtype.kind in "biufmMSUV" else elementwise(np.real, x)


@implements(np.imag)
def imag(val: Any) -> Any:
    """Return the imaginary parts: zeros for real numbers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.from_array([1 + 2j], chunks=1).imag.compute()
    array([2.])
    """
    return elementwise(np.imag, as_array(val))


@implements(np.angle)
@also_named(x="z")
def angle(z: Any, deg: bool = False) -> Any:
    """Return the angle of complex numbers, in radians unless ``deg``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.angle(da.from_array([1j, -1], chunks=1), deg=True).compute()
    array([ 90., 180.])
    """
    return elementwise(np.angle, as_array(z), kwargs={"deg": deg} if deg else None)


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Return an array with numbers for NaN and the infinities (by default the largest and smallest of the dtype).

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nan_to_num(da.from_array([1.0, np.nan], chunks=1)).compute()
    array([1., 0.])
    """
    return elementwise(np.nan_to_num, as_array(x), kwargs={"nan": nan, "posinf": posinf, "neginf": neginf})


@implements(np.isclose)
@also_named(arr1="a", arr2="b")
def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Return where two arrays are equal within ``atol + rtol * abs(b)``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isclose(da.ones(2, chunks=1), [1, 1.1]).compute()
    array([ True, False])
    """
    if not any(isinstance(each, ArrayBase) for each in (a, b)):
        a = as_array(a)
    kwargs = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan}
    check_called(np.isclose, a, b, **kwargs)
    return elementwise(np.isclose, a, b, kwargs=kwargs, dtype=bool)


@implements(np.allclose)
@also_named(arr1="a", arr2="b")
def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Return, as a lazy array of one element, whether ``isclose`` is true everywhere.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.allclose(da.ones(2, chunks=1), 1).compute()
    np.True_
    """
    return all_(isclose(a, b, rtol, atol, equal_nan))


@implements(np.isreal)
def isreal(x: Any) -> Any:
    """Return where the imaginary part is zero.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isreal(da.from_array([1j, 1], chunks=1)).compute()
    array([False,  True])
    """
    x = as_array(x)
    check_called(np.isreal, x)
    return elementwise(np.isreal, x, dtype=bool)


@implements(np.iscomplex)
def iscomplex(x: Any) -> Any:
    """Return where the imaginary part is not zero.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.iscomplex(da.from_array([1j, 1], chunks=1)).compute()
    array([ True, False])
    """
    x = as_array(x)
    check_called(np.iscomplex, x)
    return elementwise(np.iscomplex, x, dtype=bool)


@implements(np.i0)
def i0(x: Any) -> Any:
    """Return the modified Bessel function of the first kind, order 0.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.i0(da.zeros(1)).compute()
    array([1.])
    """
    return elementwise(np.i0, as_array(x))


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """Return ``sin(pi * x) / (pi * x)``, 1 at 0.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.sinc(da.zeros(1)).compute()
    array([1.])
    """
    return elementwise(np.sinc, as_array(x))


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    """Return an array rounded towards zero.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.fix(da.from_array([-1.5, 1.5], chunks=1)).compute()
    array([-1.,  1.])
    """
    return rebind("fix", out, elementwise(np.fix, as_array(x)))


@implements(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    """Return where an element is negative infinity.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isneginf(da.from_array([-np.inf, 1], chunks=1)).compute()
    array([ True, False])
    """
    x = as_array(x)
    check_called(np.isneginf, x)
    return rebind("isneginf", out, elementwise(np.isneginf, x, dtype=bool))


@implements(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    """Return where an element is positive infinity.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isposinf(da.from_array([np.inf, 1], chunks=1)).compute()
    array([ True, False])
    """
    x = as_array(x)
    check_called(np.isposinf, x)
    return rebind("isposinf", out, elementwise(np.isposinf, x, dtype=bool))


class View:
    """Read the bytes of blocks as another dtype."""

    __slots__ = ("dtype", "order")

    def __init__(self, dtype: Any, order: str) -> None:
        self.dtype = dtype
        self.order = order

    def __call__(self, block: Any) -> Any:
        if self.order == "F":
            return np.ascontiguousarray(block.T).view(self.dtype).T
        return np.ascontiguousarray(block).view(self.dtype) if np.ndim(block) else np.asarray(block).view(self.dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return View, (self.dtype, self.order)


def view(x: Any, dtype: Any = None, order: str = "C") -> Any:
    """Return the same bytes as another dtype.

    Parameters
    ----------
    x : Array
    dtype : dtype, optional
        Default: float64, as for new arrays.
    order : str
        Whether the last axis (``"C"``) or the first (``"F"``) changes its length where sizes of elements differ.

    Raises
    ------
    ValueError
        If a block's length along that axis does not hold whole elements of the dtype.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((2, 2), dtype="i4", chunks=2).view("i2").shape
    (2, 4)
    """
    x = as_array(x)
    kind = np.dtype(float if dtype is None else dtype)
    if order not in ("C", "F"):
        raise ValueError(f"order must be 'C' or 'F', got {order!r}")
    out = elementwise(View(kind, order), x, name=f"view {kind} {order}", dtype=kind)
    old, new = x.dtype.itemsize, kind.itemsize
    if old == new:
        return out
    if x.ndim == 0:
        raise ValueError("changing the dtype of a 0d array is only supported if the itemsize is unchanged")
    axis = 0 if order == "F" else x.ndim - 1
    if any(size == size and size * old % new for size in x._chunks[axis]):
        raise ValueError(
            f"blocks of {max(x._chunks[axis])} elements of {x.dtype} along axis {axis} don't hold whole "
            f"elements of {kind}: rechunk first"
        )
    sizes = tuple([size * old // new if size == size else size for size in x._chunks[axis]])
    return new_array(out._layer, (*x._chunks[:axis], sizes, *x._chunks[axis + 1 :]), out._meta)


@implements(np.outer)
@planned
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Return the products of all pairs of elements of two arrays, each as if it had one axis; ``out`` takes them.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.outer(da.arange(2, chunks=1), [1, 2]).compute().tolist()
    [[0, 0], [1, 2]]
    """
    return rebind("outer", out, elementwise(np.multiply, as_array(a).ravel()[:, None], as_array(b).ravel()))


@implements(np.array_equal)
@planned
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Return, as a lazy array of one element, whether two arrays have the same shape and elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.array_equal(da.ones(3, chunks=2), [1, 1, 1]).compute()
    np.True_
    """
    one, other = as_array(a1), as_array(a2)
    if len(one.shape) != len(other.shape) or any(
        n != m and n == n and m == m for n, m in zip(one.shape, other.shape, strict=True)
    ):
        return as_array(np.asarray(False))
    same = one == other
    if equal_nan and one.dtype.kind in "fcmM" and other.dtype.kind in "fcmM":
        same = same | (elementwise(np.isnan, one) & elementwise(np.isnan, other))
    return all_(same)


@implements(np.array_equiv)
@planned
def array_equiv(a1: Any, a2: Any) -> Any:
    """Return, as a lazy array of one element, whether two arrays broadcast to each other with equal elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.array_equiv(da.ones((2, 3), chunks=2), 1).compute()
    np.True_
    """
    try:
        return all_(as_array(a1) == as_array(a2))
    except ValueError:  # shapes that don't broadcast
        return as_array(np.asarray(False))


def isnull(values: Any) -> Any:
    """Return which elements are missing, as ``pandas.isnull`` does: NaN, NaT, None; raises ImportError without pandas.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isnull(da.from_array(np.array([None, 1], object), chunks=1)).compute()
    array([ True, False])
    """
    import pandas as pd

    return elementwise(pd.isnull, as_array(values), dtype=bool)


def notnull(values: Any) -> Any:
    """Return which elements aren't missing; see ``isnull``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.notnull(da.from_array([1.0, np.nan], chunks=1)).compute()
    array([ True, False])
    """
    return elementwise(np.logical_not, isnull(values))
