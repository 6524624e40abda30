"""Python's operators on arrays: each is one of NumPy's ufuncs, through ``elementwise``.

Place in the flow: a mixin of ``Array``. An operand whose type knows better (it has ``__array_ufunc__`` of its own, and its
values are not what blocks can be) is left to that type.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.chunk_types import defers_to
from minidask.array.collection import ArrayBase
from minidask.array.dispatch import call_registered
from minidask.array.elementwise import elementwise, operation_name
from minidask.array.ufuncs import call_ufunc

_SIMPLE = frozenset({int, float, complex, bool})


def _binary(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    name = operation_name(ufunc)

    def forward(self: Any, other: Any) -> Any:
        if type(other) in _SIMPLE or isinstance(other, ArrayBase):
            return elementwise(ufunc, self, other, name=name)
        return NotImplemented if defers_to(other) else elementwise(ufunc, self, other, name=name)

    return forward


def _comparison(ufunc: np.ufunc, whole: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return ``==`` or ``!=``, also of what NumPy's ufuncs don't compare: records field by field, others are never equal."""
    plain = _binary(ufunc)

    def compare(self: Any, other: Any) -> Any:
        if self._meta.dtype.kind == "V" and not defers_to(other):
            return elementwise(whole, self, other, name=f"records-{ufunc.__name__}", dtype=bool)
        try:
            return plain(self, other)
        except TypeError:
            return elementwise(whole, self, other, name=f"any-{ufunc.__name__}")

    return compare


def _reflected(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    name = operation_name(ufunc)

    def backward(self: Any, other: Any) -> Any:
        return NotImplemented if defers_to(other) else elementwise(ufunc, other, self, name=name)

    return backward


def _unary(ufunc: np.ufunc) -> Callable[[Any], Any]:
    name = operation_name(ufunc)

    def call(self: Any) -> Any:
        return elementwise(ufunc, self, name=name)

    return call


def _matmul(one: Any, other: Any) -> Any:
    if defers_to(one) or defers_to(other):
        return NotImplemented
    return call_registered(np.matmul, (one, other), {})


class Operators(ArrayBase):
    """The operators of ``Array``."""

    __slots__ = ()

    __add__, __radd__ = _binary(np.add), _reflected(np.add)
    __sub__, __rsub__ = _binary(np.subtract), _reflected(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply), _reflected(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.true_divide), _reflected(np.true_divide)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide), _reflected(np.floor_divide)
    __mod__, __rmod__ = _binary(np.remainder), _reflected(np.remainder)
    __and__, __rand__ = _binary(np.bitwise_and), _reflected(np.bitwise_and)
    __or__, __ror__ = _binary(np.bitwise_or), _reflected(np.bitwise_or)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _reflected(np.bitwise_xor)
    __lshift__, __rlshift__ = _binary(np.left_shift), _reflected(np.left_shift)
    __rshift__, __rrshift__ = _binary(np.right_shift), _reflected(np.right_shift)
    __rpow__ = _reflected(np.power)
    __lt__, __le__ = _binary(np.less), _binary(np.less_equal)
    __gt__, __ge__ = _binary(np.greater), _binary(np.greater_equal)
    # Elementwise, which no hash could agree with.
    __eq__, __ne__ = _comparison(np.equal, operator.eq), _comparison(np.not_equal, operator.ne)
    __hash__ = None  # type: ignore[assignment]
    __neg__, __pos__, __invert__, __abs__ = (
        _unary(np.negative),
        _unary(np.positive),
        _unary(np.invert),
        _unary(np.absolute),
    )

    def __pow__(self, other: Any) -> Any:
        if defers_to(other):
            return NotImplemented
        # As NumPy does it for these exponents: a product and a root cost a fraction of a power.
        if type(other) in (int, float) and self.dtype.kind in "biufc":
            if other == 2 and (type(other) is int or self.dtype.kind in "fc"):
                return elementwise(np.square, self, name="square")
            if other == 0.5 and self.dtype.kind in "fc":
                return elementwise(np.sqrt, self, name="sqrt")
        return elementwise(np.power, self, other, name="power")

    def __matmul__(self, other: Any) -> Any:
        return _matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _matmul(other, self)

    def __divmod__(self, other: Any) -> Any:
        return NotImplemented if defers_to(other) else call_ufunc(np.divmod, self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return NotImplemented if defers_to(other) else call_ufunc(np.divmod, other, self)
