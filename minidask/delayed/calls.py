"""The functions that tasks of delayed objects call where the function itself is not known yet, or is a method.

Place in the flow: ``objects`` puts them into tasks; they run wherever tasks run, so they are importable and small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any


def call_result(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function that was itself computed.

    Examples
    --------
    >>> call_result(pow, 2, 3)
    8
    """
    return func(*args, **kwargs)


class MethodCall:
    """Call one method of the first argument.

    Examples
    --------
    >>> MethodCall("upper")("a")
    'A'
    """

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        return getattr(obj, self.__name__)(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return method_call, (self.__name__,)


@lru_cache(maxsize=1024)
def method_call(name: str) -> MethodCall:
    """Return the caller of a method: one object a name, so that tasks share it."""
    return MethodCall(name)
