"""Which of our functions stands for which of NumPy's: the table behind ``__array_function__``.

Functions enter themselves with ``implements`` where they are defined. What is not in the table raises with a hint: nothing is
ever computed silently because a NumPy function was called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from minidask.array.rebinding import rebind
from minidask.array.remedies import remedy

# {NumPy's function: ours}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}

_F = TypeVar("_F", bound=Callable[..., Any])


def implements(*numpy_functions: Any) -> Callable[[_F], _F]:
    """Have the decorated function called for NumPy's where an argument is a chunked array.

    Examples
    --------
    >>> import numpy as np
    >>> import minidask.array as da
    >>> np.concatenate([da.ones(2, chunks=1), da.zeros(1, chunks=1)]).compute()
    array([1., 1., 0.])
    """

    def enter(func: _F) -> _F:
        for numpy_function in numpy_functions:
            FUNCTIONS[numpy_function] = func
        return func

    return enter


def call_registered(func: Any, args: Any, kwargs: Any) -> Any:
    """Call what is entered for a NumPy function.

    Raises
    ------
    TypeError
        If nothing is; the message says what to do.
    """
    own = FUNCTIONS.get(func)
    if own is None:
        module, name = getattr(func, "__module__", "numpy"), getattr(func, "__name__", str(func))
        instead = remedy(module.removeprefix("numpy").lstrip("."), name)
        raise TypeError(
            f"{module}.{name} isn't built for chunked arrays, and would have to compute them: "
            f"{instead or 'use x.map_blocks for work on one block at a time'}; or call it on x.compute()"
        )
    if not kwargs:
        return own(*args)
    names, takes_out = arguments(func, own)
    if names:
        kwargs = {names.get(name, name): value for name, value in kwargs.items()}
    if takes_out or "out" not in kwargs:
        return own(*args, **kwargs)
    kwargs = dict(kwargs)
    out = kwargs.pop("out")
    return rebind(getattr(func, "__name__", str(func)), out, own(*args, **kwargs))


@lru_cache(1024)
def arguments(func: Any, own: Callable[..., Any]) -> tuple[dict[str, str], bool]:
    """Return NumPy's names of arguments that ours has other names for, and whether ours takes ``out`` by itself.

    Examples
    --------
    >>> import numpy as np
    >>> import minidask.array as da
    >>> arguments(np.roll, da.roll)
    ({'a': 'array'}, False)
    """
    ours = inspect.signature(own).parameters
    takes_out = "out" in ours or any(one.kind is one.VAR_KEYWORD for one in ours.values())
    try:
        theirs = inspect.signature(func).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return {}, takes_out
    pairs = zip(theirs.values(), ours.values(), strict=False)
    names = {
        one.name: other.name
        for one, other in pairs
        if one.name not in ours and other.kind is other.POSITIONAL_OR_KEYWORD and other.name not in theirs
    }
    return names, takes_out
