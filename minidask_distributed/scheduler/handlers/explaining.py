"""Why a task waits or failed, why a worker has gone: the calls behind ``Client.explain``.

Place in the flow: handlers of calls, see `handlers`; `observing.explaining` has the answers.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.observing.explaining import ANSWER_S, explain_asking, explain_worker
from minidask_distributed.scheduler.peers import Connection


async def explain(scheduler: Any, caller: Connection, keys: list[Any], timeout: float = ANSWER_S) -> dict[str, Any]:
    """Explain a task, or a worker.

    Parameters
    ----------
    keys
        A column of one key; a text that is no key may be the address or name of a worker.
    timeout
        Seconds that workers have to add what they know.

    Returns
    -------
    dict
        Plain values of `explanation.from_plain`.

    Raises
    ------
    ValueError
        If it isn't one key.
    """
    decoded = decode_keys(keys)
    if len(decoded) != 1:
        raise ValueError(f"one key is explained at a time, got {len(decoded)}")
    [key] = decoded
    if isinstance(key, str | int) and key not in scheduler.tasks:
        worker = explain_worker(scheduler, str(key))
        if worker is not None:
            return worker.as_plain()
    return (await explain_asking(scheduler, key, timeout)).as_plain()


HANDLERS = {handler.__name__: handler for handler in (explain,)}
