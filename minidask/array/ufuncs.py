"""NumPy's ufuncs on chunked arrays, by one table.

``UFUNCS`` maps each name to a ``Ufunc``, which builds one elementwise layer. ``call_ufunc`` is what operators,
``minidask.array.sin`` and ``numpy.sin`` (through ``__array_ufunc__``) come to, with ``out=``, ``where=`` and ``dtype=``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.dispatch import call_registered
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.reductions.by_ufunc import accumulate_by, reduce_by
from minidask.array.remedies import remedy
from minidask.tokenize import tokenize

_NAMES = [
    "abs", "absolute", "acos", "acosh", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_count", "bitwise_invert",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "cbrt", "ceil", "conj",
    "conjugate", "copysign", "cos", "cosh", "deg2rad", "degrees", "divide", "divmod", "equal", "exp", "exp2", "expm1",
    "fabs", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frexp", "gcd", "greater",
    "greater_equal", "heaviside", "hypot", "invert", "isfinite", "isinf", "isnan", "isnat", "lcm", "ldexp",
    "left_shift", "less", "less_equal", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod", "modf", "multiply", "negative",
    "nextafter", "not_equal", "positive", "pow", "power", "rad2deg", "radians", "reciprocal", "remainder",
    "right_shift", "rint", "sign", "signbit", "sin", "sinh", "spacing", "sqrt", "square", "subtract", "tan", "tanh",
    "true_divide", "trunc",
]  # fmt: skip


# What may be said of the memory of results, since it changes nothing.
_DEFAULTS = {"order": "K", "subok": True, "signature": None}

# Attributes of NumPy's ufuncs that say what these are.
_FACTS = frozenset({"identity", "nargs", "ntypes", "signature", "types"})


def call_ufunc(
    ufunc: np.ufunc, *inputs: Any, out: Any = None, where: Any = True, dtype: Any = None, **kwargs: Any
) -> Any:
    """Return a ufunc of arrays.

    Parameters
    ----------
    ufunc : numpy.ufunc
    *inputs
    out : Array or tuple of Array, optional
        Takes the result as by assignment, and is returned.
    where : Array or bool
        Where it is False the result has the values of ``out``, which must be given then.
    dtype : dtype, optional
        In which NumPy calculates.

    Raises
    ------
    TypeError
        If NumPy has no loop for the dtypes, ``out`` is no such array, or another keyword is given than ``casting``.
    ValueError
        If shapes don't broadcast, or ``where`` is given without ``out``.

    Examples
    --------
    >>> import minidask.array as da
    >>> call_ufunc(np.sqrt, da.full(2, 9.0, chunks=1)).compute()
    array([3., 3.])
    """
    outs = out if isinstance(out, tuple) else None if out is None else (out,)
    if outs is not None and all(o is None for o in outs):
        outs = None
    options: dict[str, Any] = {"dtype": np.dtype(dtype)} if dtype is not None else {}
    if "casting" in kwargs:
        options["casting"] = kwargs.pop("casting")
    if kwargs:
        kwargs = {key: value for key, value in kwargs.items() if key not in _DEFAULTS or value != _DEFAULTS[key]}
    if kwargs:
        raise TypeError(
            f"{ufunc.__name__} of chunked arrays takes out, where, dtype and casting, not {sorted(kwargs)}: blocks promise no "
            "order in memory, and keep their types"
        )
    if len(inputs) != ufunc.nin:
        raise TypeError(f"{ufunc.__name__}() takes {ufunc.nin} positional arguments but {len(inputs)} were given")
    if not any(isinstance(x, ArrayBase) for x in inputs):
        inputs = (as_array(inputs[0]), *inputs[1:])
    result = elementwise(ufunc, *inputs, kwargs=options or None, nout=ufunc.nout)
    if where is not True:
        if outs is None or ufunc.nout > 1:
            raise ValueError(
                "where= leaves elements without a value: give out= as well, an array that has values there"
            )
        result = elementwise(np.where, where, result, outs[0])
    if outs is None:
        return result
    results = result if isinstance(result, tuple) else (result,)
    for target, value in zip(outs, results, strict=True):
        rebind(ufunc.__name__, target, value)
    return outs[0] if ufunc.nout == 1 else outs


class Ufunc:
    """One of NumPy's ufuncs, for chunked arrays and all that can be made one.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.add(da.ones(2, chunks=1), 1).compute()
    array([2., 2.])
    """

    def __init__(self, ufunc: np.ufunc) -> None:
        self.ufunc = ufunc
        first = (ufunc.__doc__ or "").split("\n\n")
        line = first[1] if len(first) > 1 else ""
        how = f"Elementwise and lazy; arguments as numpy.{ufunc.__name__}'s: x, ..., out=, where=, dtype=."
        self.__doc__ = f"{line.strip()}\n\n{how}"

    @property
    def __name__(self) -> str:
        return self.ufunc.__name__

    @property
    def nin(self) -> int:
        """Number of inputs."""
        return self.ufunc.nin

    @property
    def nout(self) -> int:
        """Number of outputs."""
        return self.ufunc.nout

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        if (
            not any(isinstance(x, ArrayBase) for x in inputs)
            and inputs
            and all(map(np.isscalar, inputs))
            and not kwargs
        ):
            return self.ufunc(*inputs)
        return call_ufunc(self.ufunc, *inputs, **kwargs)

    def outer(self, one: Any, other: Any, **kwargs: Any) -> Any:
        """Return the ufunc of all pairs of elements."""
        return outer(self.ufunc, one, other, **kwargs)

    def reduce(
        self,
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Return the reduction along an axis, by default the first."""
        options = {"axis": axis, "dtype": dtype, "out": out, "keepdims": keepdims, "initial": initial, "where": where}
        return call_method(self.ufunc, "reduce", (as_array(array),), options)

    def accumulate(self, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """Return the running reduction along an axis, by default the first."""
        return call_method(self.ufunc, "accumulate", (as_array(array),), {"axis": axis, "dtype": dtype, "out": out})

    def __getattr__(self, name: str) -> Any:
        if name in _FACTS:
            return getattr(self.ufunc, name)
        instead = remedy("ufuncs", name)
        if instead is None:
            raise AttributeError(f"a ufunc of chunked arrays has no attribute {name!r}")
        raise AttributeError(f"{name} of ufuncs isn't built for chunked arrays: {instead}")

    def __repr__(self) -> str:
        return f"<ufunc {self.ufunc.__name__!r} of chunked arrays>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Ufunc, (self.ufunc,)


@planned
def outer(ufunc: np.ufunc, one: Any, other: Any, **kwargs: Any) -> Any:
    """Return a ufunc of all pairs of elements of two arrays; raises TypeError unless it takes two operands.

    Examples
    --------
    >>> import minidask.array as da
    >>> outer(np.multiply, da.arange(3, chunks=2), da.arange(2, chunks=2)).compute().tolist()
    [[0, 0], [0, 1], [0, 2]]
    """
    if ufunc.nin != 2:
        raise TypeError(f"outer needs a function of two operands, {ufunc.__name__} takes {ufunc.nin}")
    left, right = as_array(one), as_array(other)
    return call_ufunc(ufunc, left[(..., *[None] * right.ndim)], right, **kwargs)


# {ufunc: (NumPy's function that is its reduction, the one that is its running form)}
_FOLDED: dict[Any, tuple[Any, Any]] = {
    np.add: (np.sum, np.cumsum), np.multiply: (np.prod, np.cumprod), np.minimum: (np.min, None), np.maximum: (np.max, None),
    np.logical_and: (np.all, None), np.logical_or: (np.any, None),
}  # fmt: skip


def call_method(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Return what a method of a ufunc gives for arrays: ``outer``, ``reduce`` or ``accumulate``.

    Raises
    ------
    TypeError
        For other methods.
    ValueError
        Where NumPy has no such method of the ufunc, or can't reduce the array.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.add.reduce(da.ones((2, 3), chunks=1)).compute()
    array([2., 2., 2.])
    """
    if method == "outer":
        return outer(ufunc, *inputs, **kwargs)
    if method not in ("reduce", "accumulate"):
        raise TypeError(
            f"{ufunc.__name__}.{method} isn't built for chunked arrays: {remedy('ufuncs', method)}; or call it on x.compute()"
        )
    options = dict(zip(("axis", "dtype", "out"), inputs[1:], strict=False)) | dict(kwargs)
    axis = options.pop("axis", 0)
    options = {key: value for key, value in options.items() if value is not None}
    reduction, running = _FOLDED.get(ufunc, (None, None))
    func = reduction if method == "reduce" else running
    if func is None or (ufunc not in (np.add, np.multiply) and {"dtype", "initial"} & set(options)):
        return (reduce_by if method == "reduce" else accumulate_by)(ufunc, inputs[0], axis, **options)
    return call_registered(func, inputs[:1], {"axis": axis, **options})


class FromPython:
    """Make a ufunc of a Python function, in each process by itself: NumPy's don't travel."""

    __slots__ = ("func", "nin", "nout", "ufunc")

    def __init__(self, func: Any, nin: int, nout: int) -> None:
        self.func = func
        self.nin = nin
        self.nout = nout
        self.ufunc = np.frompyfunc(func, nin, nout)

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return str(getattr(self.func, "__name__", "frompyfunc"))

    def __call__(self, *blocks: Any) -> Any:
        return self.ufunc(*blocks)

    def __getattr__(self, name: str) -> Any:
        # Reductions take it for the ufunc.
        if name in _FACTS or name in ("reduce", "accumulate", "__name__"):
            return self.short_name if name == "__name__" else getattr(self.ufunc, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<{self.short_name} {tokenize(self.func)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return FromPython, (self.func, self.nin, self.nout)


class PythonUfunc:
    """What ``frompyfunc`` returns: a function of chunked arrays, called for each element.

    Examples
    --------
    >>> import minidask.array as da
    >>> frompyfunc(hex, 1, 1)(da.arange(2, chunks=1)).compute()
    array(['0x0', '0x1'], dtype=object)
    >>> frompyfunc(max, 2, 1).reduce(da.arange(5, chunks=2)).compute()
    4
    """

    def __init__(self, func: Any, nin: int, nout: int) -> None:
        self._made = FromPython(func, nin, nout)
        self._name = f"{self._made.short_name} {tokenize(func, nin, nout)}"
        self.nin, self.nout = self._made.nin, self._made.nout

    @property
    def __name__(self) -> str:
        return self._made.short_name

    def __getattr__(self, name: str) -> Any:
        if name in _FACTS:
            return getattr(self._made, name)
        instead = remedy("ufuncs", name)
        if instead is None:
            raise AttributeError(f"a function of frompyfunc has no attribute {name!r}")
        raise AttributeError(f"{name} of functions of frompyfunc isn't built for chunked arrays: {instead}")

    def outer(self, one: Any, other: Any) -> Any:
        """Return the function of all pairs of elements; raises TypeError unless it takes two operands."""
        if self.nin != 2:
            raise TypeError(f"outer needs a function of two operands, {self.__name__} takes {self.nin}")
        left, right = as_array(one), as_array(other)
        return self(left[(..., *[None] * right.ndim)], right)

    def reduce(self, array: Any, axis: Any = 0, **kwargs: Any) -> Any:
        """Return the reduction along an axis, which becomes one block, from the first element on; see ``numpy.ufunc.reduce``."""
        return reduce_by(self._made, as_array(array).astype(object), axis, **kwargs)  # type: ignore[arg-type]

    def accumulate(self, array: Any, axis: int = 0, **kwargs: Any) -> Any:
        """Return the running reduction along an axis, which becomes one block."""
        return accumulate_by(self._made, as_array(array).astype(object), axis, **kwargs)  # type: ignore[arg-type]

    def __call__(self, *inputs: Any) -> Any:
        if len(inputs) != self.nin:
            raise TypeError(f"{self._made.short_name} takes {self.nin} arrays, got {len(inputs)}")
        if not any(isinstance(x, ArrayBase) for x in inputs):
            inputs = (as_array(inputs[0]), *inputs[1:])
        ndim = max([x.ndim if isinstance(x, ArrayBase) else np.ndim(x) for x in inputs])
        # Said without calling the function, which may do anything.
        metas = (numpy_meta(np.dtype(object), ndim),) * self.nout
        return elementwise(self._made, *inputs, name=self._name, metas=metas, nout=self.nout)

    def __repr__(self) -> str:
        return f"<ufunc {self._made.short_name!r} of chunked arrays>"

    def __reduce__(self) -> tuple[Any, ...]:
        return PythonUfunc, self._made.__reduce__()[1]


def frompyfunc(func: Any, nin: int, nout: int) -> PythonUfunc:
    """Return a function of chunked arrays that calls a Python function for each element; results are objects.

    Parameters
    ----------
    func : callable
    nin, nout : int
        How many arguments it takes and results it returns.

    Raises
    ------
    TypeError
        If ``func`` can't be called.
    ValueError
        If there is no argument.

    Examples
    --------
    >>> import minidask.array as da
    >>> both = frompyfunc(divmod, 2, 2)
    >>> [x.compute().tolist() for x in both(da.arange(4, chunks=2), 3)]
    [[0, 0, 0, 1], [0, 1, 2, 0]]
    """
    if not callable(func):
        raise TypeError(f"frompyfunc needs a function, got {type(func).__name__}")
    if nin < 1 or nout < 1:
        raise ValueError(f"frompyfunc needs at least one argument and one result, got {nin} and {nout}")
    return PythonUfunc(func, nin, nout)


UFUNCS: dict[str, Ufunc] = {name: Ufunc(getattr(np, name)) for name in _NAMES if hasattr(np, name)}
