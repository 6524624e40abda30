"""`get_task_metadata`: what became of the tasks that ended during a block.

Place in the flow: a context manager of users; it asks the scheduler at the beginning of the block from where on to look, and at
its end for what there is since (the call ``ended_tasks``).

Invariants: bounded by what the scheduler remembers (``distributed.scheduler.dashboard.tasks.task-stream-length`` and
``...records-length``). Not for: tasks that still run when the block ends, or results.
"""

from __future__ import annotations

from typing import Any

from minidask.graph.task import Key
from minidask_distributed.client.around import Around
from minidask_distributed.client.current import current_client
from minidask_distributed.client.queries import executions_of
from minidask_distributed.protocol.keys import decode_keys

__all__ = ["get_task_metadata"]


class get_task_metadata(Around):
    """Collect what became of the tasks that end during a block, in ``metadata`` and ``state`` afterwards.

    Parameters
    ----------
    client : Client, optional
        Default: the current one.

    Attributes
    ----------
    metadata : dict
        {key: dict}: ``"worker"`` (address; "" if it isn't known), ``"thread"`` (number or None), ``"startstops"`` as in
        `get_task_stream`, and ``"nbytes"`` of a result, or ``"exception"`` (type and text) of a task that failed.
    state : dict
        {key: ``"memory"`` for a task that had a result, ``"erred"`` for one that failed}.

    Raises
    ------
    ValueError
        If there is no client.
    TypeError
        With an asynchronous client, unless it is used with ``async with``.

    Examples
    --------
    >>> with get_task_metadata() as tasks:  # doctest: +SKIP
    ...     future = client.submit(inc, 1, key="one")
    ...     future.result()
    >>> tasks.state, tasks.metadata["one"]["nbytes"]  # doctest: +SKIP
    ({'one': 'memory'}, 28)
    """

    def __init__(self, client: Any = None) -> None:
        self.client = current_client() if client is None else client
        self.metadata: dict[Key, dict[str, Any]] = {}
        self.state: dict[Key, str] = {}
        self._cursors: list[int] | None = None

    async def _begin(self) -> None:
        answer = await self.client.call("ended_tasks")
        self._cursors = answer["cursors"]

    async def _end(self) -> None:
        answer = await self.client.call("ended_tasks", cursors=self._cursors)
        # When each ended decides, should one have failed and been run again, or the other way round.
        ended: dict[Key, float] = {}
        for record in executions_of(answer["finished"]):
            key = record["key"]
            if key is not None:
                ended[key] = record["startstops"][0]["stop"]
                self.state[key] = "memory"
                self.metadata[key] = {name: record[name] for name in ("worker", "thread", "nbytes", "startstops")}
        names = ("worker", "thread", "type", "text", "duration", "stop")
        rows = zip(decode_keys(answer["failed"]), *(answer[name] for name in names), strict=True)
        for key, worker, thread, type_name, text, duration, stop in rows:
            if stop >= ended.get(key, stop):
                ended[key] = stop
                self.state[key] = "erred"
                span = {"action": "compute", "start": stop - duration, "stop": stop}
                about = {"worker": worker, "thread": thread, "exception": f"{type_name}: {text}", "startstops": [span]}
                self.metadata[key] = about
