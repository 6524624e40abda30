"""Other names of arguments: NumPy's function and its namesake in other libraries of chunked arrays don't always agree.

Functions have NumPy's names of arguments; ``also_named`` has them take the other names too.

Place in the flow: a decorator on functions of the main namespace, below everything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., Any])


def also_named(**names: str) -> Callable[[_F], _F]:
    """Have a function take arguments by other names, ``other="its own"``.

    Raises
    ------
    TypeError
        When the function is called with both names.

    Examples
    --------
    >>> @also_named(x="a")
    ... def double(a):
    ...     return 2 * a
    >>> double(x=2), double(a=2), double(2)
    (4, 4, 4)
    """

    def enter(func: _F) -> _F:
        @wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                for other, own in names.items():
                    if other in kwargs:
                        if own in kwargs:
                            raise TypeError(f"{func.__name__}() got {other!r} and {own!r}, which are one argument")
                        kwargs[own] = kwargs.pop(other)
            return func(*args, **kwargs)

        return cast(_F, call)

    return enter
