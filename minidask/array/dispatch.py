"""Which of our functions stands for which of NumPy's: the table behind ``__array_function__``.

Functions enter themselves with ``implements`` where they are defined. What is not in the table raises with a hint: nothing is
ever computed silently because a NumPy function was called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

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
        name = f"{getattr(func, '__module__', 'numpy')}.{getattr(func, '__name__', func)}"
        raise TypeError(
            f"{name} isn't built for chunked arrays, and would have to compute them: call it on x.compute(), or use "
            "x.map_blocks for work on one block at a time; docs/array.rst says what there is"
        )
    return own(*args, **kwargs)
