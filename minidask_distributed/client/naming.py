"""Keys of submitted calls.

A *pure* call is named by its function and arguments: equal calls have equal keys, in every process, whether they were
submitted or mapped. Any other call has a key that nobody had before.

Place in the flow: `submitting` and `mapping` name their tasks here; graphs come with keys.

Invariants: a key is ``"<function name>-<token>"``; futures among the arguments count by their keys. The token of an importable
function is worked out once; any other function's each time, since what it refers to may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minidask.graph.task import func_name
from minidask.tokenize import quick_token, tokenize
from minidask.tokenize.objects import importable_name
from minidask_distributed.client.future import Future

# {id of an importable function: (the function, its token)}
_tokens: dict[int, tuple[Any, str]] = {}
_MOST_TOKENS = 10_000


def check_function(what: str, func: Any) -> None:
    """Raise TypeError if it can't be called by tasks; ``what``: the method that it was given to.

    Examples
    --------
    >>> check_function("submit", 5)
    Traceback (most recent call last):
    ...
    TypeError: the first argument of submit must be callable, got int
    """
    if not callable(func):
        raise TypeError(f"the first argument of {what} must be callable, got {type(func).__name__}")
    if hasattr(type(func), "__dask_graph__"):
        # It can be called, but what comes of it is a graph.
        raise TypeError(
            f"{what} runs plain functions, got a {type(func).__name__}: give it the function itself, or compute what comes "
            "of calling it, client.compute(delayed_function(...))"
        )


def name_of(func: Callable[..., Any]) -> str:
    """Return a function's name as keys begin with it.

    Examples
    --------
    >>> name_of(len), name_of(lambda: 0)
    ('len', 'lambda')
    """
    return func_name(func).strip("<>")


def function_token(func: Callable[..., Any], kwargs: Mapping[str, Any]) -> str:
    """Return the token of a function and the keyword arguments of its call.

    Raises
    ------
    TokenizationError
        If the setting ``tokenize.ensure-deterministic`` asks for tokens that can't be had.

    Examples
    --------
    >>> function_token(len, {}) == function_token(len, {}), function_token(int, {}) == function_token(int, {"base": 2})
    (True, False)
    """
    known = _tokens.get(id(func))
    if known is not None and known[0] is func:
        token = known[1]
    else:
        token = tokenize("call", func)
        if importable_name(func) is not None:
            if len(_tokens) >= _MOST_TOKENS:
                _tokens.clear()
            _tokens[id(func)] = (func, token)
    return tokenize(token, **kwargs) if kwargs else token


def call_token(function: str, args: Sequence[Any]) -> str:
    """Return the token of a call, given that of the function.

    Examples
    --------
    >>> call_token("f", (1, "a")) == call_token("f", (1, "a")), call_token("f", (1,)) == call_token("f", (1.0,))
    (True, False)
    """
    if Future in map(type, args):
        # Which arguments are futures is part of the name: a text that looks like a key is something else.
        places = [at for at, arg in enumerate(args) if type(arg) is Future]
        args = [arg.key if type(arg) is Future else arg for arg in args]
        return quick_token(function, tuple(places), *args)
    return quick_token(function, *args)
