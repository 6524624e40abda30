"""Functions with core dimensions that are called on arrays like functions: ``gufunc``, ``as_gufunc``, NumPy's generalized ufuncs.

Place in the flow: above ``gufunc``, whose ``apply_gufunc`` does the work. Not for: reading signatures (``signatures``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minidask.array.gufunc import apply_gufunc
from minidask.array.signatures import parse_signature
from minidask.graph.task import func_name


class gufunc:
    """A function with core dimensions that is called on arrays; see ``apply_gufunc``, whose arguments these are.

    Parameters
    ----------
    pyfunc : callable
    signature : str, optional
        Default: that of a NumPy generalized ufunc.

    Raises
    ------
    ValueError
        If there is no signature, or an invalid one.
    TypeError
        If ``pyfunc`` can't be called.

    Examples
    --------
    >>> import minidask.array as da
    >>> mean = gufunc(lambda block: block.mean(axis=-1), signature="(i)->()", output_dtypes=float)
    >>> mean(da.ones((2, 3), chunks=(1, 3))).compute()
    array([1., 1.])
    """

    def __init__(
        self,
        pyfunc: Callable[..., Any],
        *,
        signature: str | None = None,
        vectorize: bool = False,
        axes: Any = None,
        axis: Any = None,
        keepdims: bool = False,
        output_sizes: Mapping[str, int] | None = None,
        output_dtypes: Any = None,
        allow_rechunk: bool = False,
        meta: Any = None,
    ) -> None:
        if not callable(pyfunc):
            raise TypeError(f"gufunc needs a function, got {type(pyfunc).__name__}: {pyfunc!r:.60}")
        signature = signature_of(pyfunc) if signature is None else signature
        parse_signature(signature)
        if meta is not None and output_dtypes is not None:
            raise ValueError("Only one of `meta` and `output_dtypes` should be given (`meta` is preferred).")
        self.pyfunc = pyfunc
        self.signature = signature
        self.vectorize = vectorize
        self.axes = axes
        self.axis = axis
        self.keepdims = keepdims
        self.output_sizes = output_sizes
        self.output_dtypes = output_dtypes
        self.allow_rechunk = allow_rechunk
        self.meta = meta
        self.__name__ = func_name(pyfunc)
        own = getattr(pyfunc, "__doc__", None)
        self.__doc__ = f"{own or self.__name__}\n\nOn chunked arrays, with core dimensions {signature}."

    def __call__(self, *args: Any, allow_rechunk: bool | None = None, **kwargs: Any) -> Any:
        return apply_gufunc(
            self.pyfunc,
            self.signature,
            *args,
            axes=self.axes,
            axis=self.axis,
            keepdims=self.keepdims,
            output_sizes=self.output_sizes,
            output_dtypes=self.output_dtypes,
            vectorize=self.vectorize,
            allow_rechunk=self.allow_rechunk if allow_rechunk is None else allow_rechunk,
            meta=self.meta,
            **kwargs,
        )

    def __repr__(self) -> str:
        return f"<gufunc {self.__name__} {self.signature}>"


def signature_of(func: Any) -> str:
    """Return the signature of one of NumPy's ufuncs; raises ValueError for other functions.

    Examples
    --------
    >>> signature_of(np.add)
    '(),()->()'
    """
    if not isinstance(func, np.ufunc):
        raise ValueError(f"gufunc needs signature=, such as '(i,j),(j)->(i)', for {func_name(func)}")
    plain = f"{','.join(['()'] * func.nin)}->{','.join(['()'] * func.nout)}"
    return func.signature or plain


_OPTIONS = {
    "vectorize", "axes", "axis", "keepdims", "output_sizes", "output_dtypes", "allow_rechunk", "meta",
}  # fmt: skip


def as_gufunc(signature: str | None = None, **kwargs: Any) -> Callable[[Callable[..., Any]], gufunc]:
    """Return a decorator that makes a ``gufunc``; arguments as for that.

    Raises
    ------
    TypeError
        If a keyword is unknown.

    Examples
    --------
    >>> import minidask.array as da
    >>> @as_gufunc("(i)->()", output_dtypes=float)
    ... def mean(block):
    ...     return block.mean(axis=-1)
    >>> mean(da.ones((2, 3), chunks=(1, 3))).compute()
    array([1., 1.])
    """
    unknown = sorted(set(kwargs) - _OPTIONS)
    if unknown:
        raise TypeError(f"as_gufunc got an unexpected keyword argument {unknown[0]!r}; there are {sorted(_OPTIONS)}")

    def decorate(pyfunc: Callable[..., Any]) -> gufunc:
        return gufunc(pyfunc, signature=signature, **kwargs)

    return decorate


def call_generalized(ufunc: np.ufunc, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what one of NumPy's generalized ufuncs (numba's, SciPy's) gives for arrays.

    Raises
    ------
    TypeError
        For keywords other than ``axes``, ``axis``, ``keepdims`` and ``dtype``.
    ValueError
        If core dimensions are in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> call_generalized(np.vecdot, (da.ones((2, 3), chunks=(1, 3)), np.arange(3)), {}).compute()
    array([3., 3.])
    """
    options = {key: value for key, value in kwargs.items() if value is not None}
    own = {key: options.pop(key) for key in ("axes", "axis", "keepdims") if key in options}
    if set(options) - {"dtype"}:
        raise TypeError(
            f"{ufunc.__name__} of chunked arrays takes axes, axis, keepdims and dtype, not {sorted(set(options) - {'dtype'})}"
        )
    return apply_gufunc(ufunc, signature_of(ufunc), *inputs, **own, **options)
