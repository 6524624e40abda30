"""What clients send to servers to be run there: functions with their arguments, and plugins.

Place in the flow: the handlers of scheduler, workers and nannies read payloads here. These are the places where a server
unpickles what an authenticated client sent, besides tasks.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from minidask_distributed.messages import Call
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack


def sent_value(payload: Any) -> Any:
    """Return the object in a payload.

    Raises TypeError if there is no payload, and whatever reading it raises.

    Examples
    --------
    >>> sent_value(ByReference(3))
    3
    """
    if isinstance(payload, Payload | ByReference):
        return unpack(payload)
    raise TypeError(f"a payload was expected, got {type(payload).__name__}")


def sent_call(payload: Any, parameter: str, server: Any) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the function, the arguments and the keyword arguments in a payload; a function that asks for the server gets it.

    Parameters
    ----------
    payload
        Of ``(function, args, kwargs)``.
    parameter : str
        By which a function asks: ``"dask_worker"``, ``"dask_scheduler"``.
    server
        What it gets.

    Raises TypeError if the payload holds something else.

    Examples
    --------
    >>> sent_call(ByReference((lambda dask_worker: dask_worker, (), {})), "dask_worker", "me")[2]
    {'dask_worker': 'me'}
    """
    call = sent_value(payload)
    if not isinstance(call, tuple) or len(call) != 3 or not callable(call[0]):
        raise TypeError(f"(function, args, kwargs) was expected, got {type(call).__name__}")
    function, args, kwargs = call
    if _takes(function, parameter):
        kwargs = {parameter: server, **kwargs}
    return function, tuple(args), dict(kwargs)


def answer_call(
    whose: str, handlers: Mapping[str, Callable[..., Awaitable[Any]]], server: Any, call: Call
) -> Awaitable[Any]:
    """Begin what a call asks of a server; the awaitable gives the plain value or payload to answer with.

    Parameters
    ----------
    whose : str
        "a worker", for errors.
    handlers : mapping
        By name; called with the server and the call's arguments by keyword.
    server
        What the call came to.
    call : Call
        From the scheduler.

    Raises
    ------
    ValueError
        If there is no handler of that name.
    TypeError
        If its arguments don't suit the handler.
    """
    handler = handlers.get(call.name)
    if handler is None:
        raise ValueError(f"{whose} has no handler {call.name!r:.80}; it has {', '.join(handlers)}")
    arguments = inspect.signature(handler).bind(server, **call.arguments)
    return handler(*arguments.args, **arguments.kwargs)


async def run_here(payload: Any, parameter: str, server: Any, wait: bool) -> Payload | None:
    """Run a function, or a coroutine function, that a client sent, on the server's own event loop.

    Parameters
    ----------
    payload
        Of ``(function, args, kwargs)``.
    parameter : str
        See `sent_call`.
    server
        With a method ``run_in_background``.
    wait : bool
        Whether to return the result; otherwise None, once it has begun.

    Raises
    ------
    TypeError
        If that isn't what the payload holds, or the result can't be pickled.
    Whatever the function raises.
    """
    function, args, kwargs = sent_call(payload, parameter, server)
    result = function(*args, **kwargs)
    if not inspect.isawaitable(result):
        return pack(result) if wait else None
    if wait:
        return pack(await result)
    server.run_in_background(result)
    return None


def _takes(function: Any, parameter: str) -> bool:
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        # Some functions written in C say nothing about their parameters.
        return False
