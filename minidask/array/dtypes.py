"""Which dtype and type of block an operation gives, found without data.

A cache on (ufunc, operands' dtypes) answers nearly always; otherwise the function is called on empty arrays. Python's numbers are
*weak* in NumPy (NEP 50): they take part by their type alone, unless an int doesn't fit the dtype of the others, which the call on
empty arrays finds out as NumPy would.

Place in the flow: ``elementwise`` and reductions ask here. Not for: looking at data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minidask.array.meta import is_numpy, numpy_meta

# An int in this range fits every numeric dtype, so that its value plays no part.
_SMALL = range(128)
_KINDS = frozenset("biufcmM")


def literal_kind(value: Any) -> Any:
    """Return what stands for a literal in the cache: its dtype or Python type; None if its value may matter.

    Examples
    --------
    >>> literal_kind(1.5), literal_kind(1000), literal_kind(np.float32(1))
    (<class 'float'>, None, dtype('float32'))
    """
    kind = type(value)
    if kind is int:
        return int if value in _SMALL else None
    if kind is float or kind is complex or kind is bool:
        return kind
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 and value.dtype.kind in _KINDS:
        return value.dtype
    return None


@lru_cache(4096)
def ufunc_dtypes(ufunc: np.ufunc, kinds: tuple[Any, ...]) -> tuple[np.dtype[Any], ...]:
    """Return the dtypes of a ufunc's outputs for dtypes (or Python types of numbers) of its inputs.

    Raises
    ------
    TypeError
        If NumPy has no loop for them.

    Examples
    --------
    >>> ufunc_dtypes(np.add, (np.dtype("f4"), float))
    (dtype('float32'),)
    """
    return call_empty(ufunc, [numpy_meta(k, 1) if isinstance(k, np.dtype) else k(1) for k in kinds])


def call_empty(func: Callable[..., Any], args: Sequence[Any], kwargs: Any = None) -> tuple[np.dtype[Any], ...]:
    """Return the dtypes of a function's outputs on empty arrays; raises what it raises."""
    with np.errstate(all="ignore"):
        out = func(*args, **(kwargs or {}))
    return tuple([np.asarray(o).dtype for o in out]) if isinstance(out, tuple) else (np.asarray(out).dtype,)


def metas_of_call(
    func: Callable[..., Any],
    operands: Sequence[Any],
    ndim: int,
    kwargs: Any = None,
    kinds: tuple[Any, ...] | None = None,
) -> tuple[Any, ...]:
    """Return the metas of an elementwise function's outputs.

    Parameters
    ----------
    func : callable
    operands : sequence
        Metas and literals.
    ndim : int
        Of the result.
    kwargs : mapping, optional
    kinds : tuple, optional
        What stands for the operands in the cache, where all are plain.

    Raises
    ------
    TypeError
        If the function has no loop for the dtypes, as NumPy does.
    """
    if kinds is not None and isinstance(func, np.ufunc) and not kwargs:
        return tuple([numpy_meta(dtype, ndim) for dtype in ufunc_dtypes(func, kinds)])
    if all(is_numpy(o) for o in operands if hasattr(o, "dtype") and hasattr(o, "ndim") and o.ndim):
        flat = [numpy_meta(o.dtype, 1) if is_numpy(o) else o for o in operands]
        if any(is_numpy(o) for o in operands):
            return tuple([numpy_meta(dtype, ndim) for dtype in call_empty(func, flat, kwargs)])
    with np.errstate(all="ignore"):
        out = func(*operands, **(kwargs or {}))
    return out if isinstance(out, tuple) else (out,)


@lru_cache(4096)
def reduced_dtype(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of NumPy's reduction ``name`` of a dtype.

    Raises
    ------
    TypeError
        If NumPy has no such reduction for the dtype.

    Examples
    --------
    >>> reduced_dtype("sum", np.dtype("i1")), reduced_dtype("mean", np.dtype("f4"))
    (dtype('int64'), dtype('float32'))
    """
    sample: Any = np.zeros(1, dtype) if dtype.kind != "O" else np.ones(1, dtype)
    with np.errstate(all="ignore"):
        out: np.dtype[Any] = np.asarray(getattr(np, name)(sample)).dtype
    return np.dtype(object) if dtype.kind == "O" and name not in ("argmin", "argmax") else out


@lru_cache(4096)
def accumulated_dtype(name: str, dtype: np.dtype[Any], result: np.dtype[Any], alone: bool) -> np.dtype[Any]:
    """Return the dtype of NumPy's reduction into a dtype, which timedeltas ignore; ``alone`` if nothing but an element is left.

    Raises
    ------
    TypeError
        If NumPy has no such reduction.

    Examples
    --------
    >>> accumulated_dtype("sum", np.dtype("m8[s]"), np.dtype("f8"), True)
    dtype('<m8[s]')
    >>> accumulated_dtype("nanmean", np.dtype("f8"), np.dtype("i2"), True)
    Traceback (most recent call last):
    ...
    TypeError: If a is inexact, then dtype must be inexact
    """
    if result.kind in "fc" and dtype.kind not in "mMSUV":
        return result
    with np.errstate(all="ignore"):
        made = getattr(np, name)(np.ones((2, 2), dtype), axis=None if alone else 0, dtype=result)
    return np.asarray(made).dtype if dtype.kind == "m" else result


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype in the machine's order of bytes, in which ufuncs and joined arrays come.

    Examples
    --------
    >>> native(np.dtype(">f8")) == np.dtype(float)
    True
    """
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def check_called(func: Callable[..., Any], *operands: Any, **kwargs: Any) -> None:
    """Raise what NumPy raises where a function has no loop for dtypes; plain numbers, which all have, are passed over.

    Examples
    --------
    >>> check_called(np.isposinf, np.ones(2, complex))
    Traceback (most recent call last):
    ...
    TypeError: This operation is not supported for complex128 values because it would be ambiguous.
    """
    dtypes = [getattr(operand, "dtype", None) for operand in operands]
    if any(dtype is not None and dtype.kind not in "biuf" for dtype in dtypes):
        call_empty(
            func,
            [
                operand if dtype is None else numpy_meta(dtype, 1)
                for operand, dtype in zip(operands, dtypes, strict=True)
            ],
            kwargs,
        )


def as_element(value: Any, dtype: Any) -> Any:
    """Return a scalar as an element of a dtype, by assignment: casting turns inf into some integer, 300 into 44 of one byte.

    Raises
    ------
    OverflowError
        If the dtype has no such number.

    Examples
    --------
    >>> as_element(2.5, np.dtype("i8"))
    np.int64(2)
    """
    out = np.zeros((), dtype)
    out[()] = value
    return out[()]
