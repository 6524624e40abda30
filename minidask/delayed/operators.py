"""What Python's syntax means on delayed objects: operators are lazy and pure; what can't be lazy says what to do.

``Operators`` is the base of ``Delayed``, which gives it ``_operate(name, func, *operands)``. Operators are named by
what they compute, so that ``x + 1`` written twice is one task. Augmented assignment (``x += 1``) binds the name to a
new object, as for numbers.

NumPy arrays and pandas objects leave operators with a delayed object on their right to it (``__array_ufunc__``,
``__pandas_priority__``).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

# Functions for the operators of which ``operator`` has none under the method's name.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "divmod": divmod,
    "round": round,
    "pow": pow,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "and": operator.and_,
    "or": operator.or_,
    "abs": abs,
}

_ARITHMETIC = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow")
_BINARY = (*_ARITHMETIC, "lshift", "rshift", "and", "xor", "or")
_COMPARISONS = ("lt", "le", "eq", "ne", "gt", "ge")
_UNARY = ("neg", "pos", "abs", "invert", "round", "trunc", "floor", "ceil")


class Operators:
    """Give a class the operators of Python, each as a call of ``self._operate``."""

    __slots__ = ()

    # ``array + x`` is then ours: NumPy would otherwise add to each element by itself.
    __array_ufunc__: ClassVar[None] = None
    # pandas defers to whoever has a higher number; its own frames have 4000.
    __pandas_priority__: ClassVar[int] = 10_000

    def _operate(self, name: str, func: Callable[..., Any], *operands: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define _operate()")

    def __getitem__(self, index: Any) -> Any:
        return self._operate("getitem", operator.getitem, self, index)

    # Comparisons are lazy, so equality can't be what makes two objects one: each is itself alone.
    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"the truth value of a {type(self).__name__} isn't known before it is computed: call .compute() first, or "
            "put the condition into a function of its own and call that with delayed(...)"
        )

    def __float__(self) -> NoReturn:
        _not_yet(self, "float()")

    def __int__(self) -> NoReturn:
        _not_yet(self, "int()")

    def __complex__(self) -> NoReturn:
        _not_yet(self, "complex()")

    def __index__(self) -> NoReturn:
        _not_yet(self, "an index")

    def __contains__(self, item: Any) -> NoReturn:
        raise TypeError(
            f"whether something is in a {type(self).__name__} isn't known before it is computed: call .compute() "
            "first, or use delayed(operator.contains)(x, item)"
        )

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TypeError(_immutable(self, "assign to its items"))

    def __delitem__(self, index: Any) -> NoReturn:
        raise TypeError(_immutable(self, "delete its items"))


def _not_yet(x: Any, use: str) -> NoReturn:
    raise TypeError(
        f"a {type(x).__name__} has no value for {use} before it is computed: call .compute() first, or do this inside "
        "a delayed function"
    )


def _immutable(x: Any, what: str) -> str:
    return (
        f"a {type(x).__name__} stands for a result and can't be changed: you can't {what}; change the value inside a "
        "delayed function"
    )


def _function(name: str) -> Callable[..., Any]:
    return _FUNCTIONS.get(name) or getattr(operator, name)


def _method(name: str, func: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Operators, *others: Any) -> Any:
        return self._operate(name, func, self, *others)

    return method


def _reflected(name: str, func: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Operators, other: Any) -> Any:
        return self._operate(name, func, other, self)

    return method


def _install() -> None:
    for name in (*_BINARY, *_COMPARISONS, *_UNARY):
        setattr(Operators, f"__{name}__", _method(name, _function(name)))
    for name in _BINARY:
        setattr(Operators, f"__r{name}__", _reflected(name, _function(name)))


_install()
