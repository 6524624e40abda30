"""What clients send to servers to be run there: functions with their arguments, and plugins.

Place in the flow: the handlers of scheduler, workers and nannies read payloads here. These are the places where a server
unpickles what an authenticated client sent, besides tasks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minidask_distributed.protocol.payload import ByReference, Payload, unpack


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


def _takes(function: Any, parameter: str) -> bool:
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        # Some functions written in C say nothing about their parameters.
        return False
