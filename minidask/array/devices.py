"""Where blocks are, for the array API: in memory, ``device="cpu"``.

Place in the flow: below everything, a decorator on functions that make arrays, which take the keyword as NumPy's do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., Any])


def check_device(device: Any, stream: Any = None) -> None:
    """Raise ValueError unless a device is None or ``"cpu"``.

    Examples
    --------
    >>> check_device("cpu")
    >>> check_device("cuda")
    Traceback (most recent call last):
    ...
    ValueError: blocks are in memory: the device is 'cpu', got 'cuda'
    """
    if stream is not None:
        raise ValueError(f"blocks are in memory: the device is 'cpu', got {device!r}, stream={stream!r}")
    if device is not None and device != "cpu":
        raise ValueError(f"blocks are in memory: the device is 'cpu', got {device!r}")


def takes_device(func: _F) -> _F:
    """Have a function take the keyword ``device``, which has to be None or ``"cpu"``.

    Examples
    --------
    >>> @takes_device
    ... def threes(n):
    ...     return [3] * n
    >>> threes(2, device="cpu"), str(inspect.signature(threes))
    ([3, 3], '(n, *, device=None)')
    """

    @wraps(func)
    def call(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        if device is not None:
            check_device(device)
        return func(*args, **kwargs)

    own = inspect.signature(func)
    parameters = list(own.parameters.values())
    last = len(parameters) - (bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    keyword = inspect.Parameter(
        "device",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Any if any(p.annotation is not p.empty for p in parameters) else inspect.Parameter.empty,
    )
    cast(Any, call).__signature__ = own.replace(parameters=[*parameters[:last], keyword, *parameters[last:]])
    return cast(_F, call)
