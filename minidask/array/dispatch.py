"""Which of our functions stands for which of NumPy's: the table behind ``__array_function__``.

Functions enter themselves with ``implements`` where they are defined. What is not in the table raises with a hint: nothing is
ever computed silently because a NumPy function was called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple, TypeVar

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
    known = arguments(func, own)
    if len(args) > known.same:
        same = int(known.same)
        args, kwargs = args[:same], {**dict(zip(known.positional[same:], args[same:], strict=False)), **kwargs}
    if not kwargs:
        return own(*args)
    if known.names or known.defaults:
        kwargs = {
            known.names.get(name, name): value
            for name, value in kwargs.items()
            if name not in known.defaults or not same_value(value, known.defaults[name])
        }
    if known.takes_out or "out" not in kwargs:
        return own(*args, **kwargs)
    kwargs = dict(kwargs)
    out = kwargs.pop("out")
    return rebind(getattr(func, "__name__", str(func)), out, own(*args, **kwargs))


class Arguments(NamedTuple):
    """How NumPy's arguments are given to ours.

    names : NumPy's names that ours has other names for.
    same : how many positional arguments mean the same; those behind are given by name.
    positional : NumPy's names of all.
    defaults : of NumPy's that ours doesn't have; with these values they can be left out.
    takes_out : whether ours takes ``out`` by itself.
    """

    names: dict[str, str]
    same: float
    positional: tuple[str, ...]
    defaults: dict[str, Any]
    takes_out: bool


def same_value(one: Any, other: Any) -> bool:
    """Whether an argument is a default.

    Examples
    --------
    >>> same_value("C", "C"), same_value(1, True), same_value([], None)
    (True, False, False)
    """
    return one is other or (type(one) is type(other) and isinstance(one, str | int | float | tuple) and one == other)


@lru_cache(1024)
def arguments(func: Any, own: Callable[..., Any]) -> Arguments:
    """Return how NumPy's arguments are given to ours.

    Examples
    --------
    >>> import numpy as np
    >>> import minidask.array as da
    >>> known = arguments(np.full_like, da.full_like)
    >>> known.same, known.positional[2:4], known.defaults
    (2, ('dtype', 'order'), {'subok': True})
    """
    ours = inspect.signature(own).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in ours.values())
    takes_out = takes_any or "out" in ours
    try:
        theirs = inspect.signature(func).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return Arguments({}, inf, (), {}, takes_out)
    names: dict[str, str] = {}
    positional = [one for one in theirs.values() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    same: float = 0
    for one, other in zip(positional, ours.values(), strict=False):
        if other.kind is other.VAR_POSITIONAL:
            same = inf
            break
        if one.name != other.name:
            both_needed = one.default is other.default is one.empty
            if one.name in ours or other.name in theirs or not both_needed:
                break
            names[one.name] = other.name
        if other.kind is other.KEYWORD_ONLY:
            break
        same += 1
    if same == len(positional):
        same = inf
    lacking = [] if takes_any else [name for name in theirs if name not in ours and name not in names and name != "out"]
    defaults = {name: theirs[name].default for name in lacking}
    return Arguments(names, same, tuple([one.name for one in positional]), defaults, takes_out)
