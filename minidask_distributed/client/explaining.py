"""The part of a client that asks why: why a task waits, runs, failed or is kept, why a worker has gone.

Place in the flow: `Client` inherits it; the scheduler answers (`scheduler.observing.explaining`), after asking the workers
concerned. What comes back is a value of `minidask_distributed.explanation`.

Not for: waiting, or what runs at this moment in detail (`queries.call_stack`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minidask.graph.task import Key
from minidask.units import parse_timedelta
from minidask_distributed.client.future import Future
from minidask_distributed.client.queries import Queries, keys_of
from minidask_distributed.explanation import Explanation, WorkerExplanation, from_plain
from minidask_distributed.protocol.keys import encode_keys

__all__ = ["Explains"]


class Explains(Queries):
    """Questions why."""

    def explain(self, what: Any, timeout: float | str = "1 s") -> Any:
        """Return why a task is where it is, or how a worker is and why it has gone.

        Parameters
        ----------
        what : Future, key or str
            A future, a collection of one, or a key. A text that is no key may be the address or name of a worker.
        timeout : float or str
            Seconds that workers have to add what they know, such as whether a thread has begun the task. Without their answer
            it is said what is likely.

        Returns
        -------
        Explanation or WorkerExplanation
            Print it, show it in a notebook, or look at its attributes. A key that the scheduler doesn't know has the state
            ``"unknown"``.

        Raises
        ------
        TypeError
            For what is none of these.
        ValueError
            For several futures or keys: one is explained at a time.

        Examples
        --------
        >>> client.explain(future)  # doctest: +SKIP
        'total' is waiting (for 4.10 s): it waits for 1 of its 2 dependencies
          'load-1' runs on alice (tcp://127.0.0.1:41234) for 4.08 s
        """
        keys = keys_of(what) or []
        if len(keys) != 1:
            raise ValueError(f"one task is explained at a time, got {len(keys)}")
        wait_s = parse_timedelta(timeout)
        if wait_s is None or wait_s < 0:
            raise ValueError(f"timeout is the time that workers have to answer, got {timeout!r}")
        return self.sync(self._explain, keys[0], what, float(wait_s))

    async def _explain(self, key: Key, what: Any, wait_s: float) -> Explanation | WorkerExplanation:
        answer = from_plain(await self.call("explain", keys=encode_keys([key]), timeout=wait_s))
        if isinstance(answer, Explanation) and answer.state == "unknown" and isinstance(what, Future):
            return _without_task(answer, what)
        return answer


def _without_task(answer: Explanation, future: Future) -> Explanation:
    """Say what this client knows of a future whose task the scheduler doesn't know."""
    reasons = {
        "cancelled": "it was cancelled, and so forgotten",
        "pending": "it is on its way to the scheduler: large submissions are sent bit by bit, as fast as they are taken",
        "lost": "the connection to its scheduler was lost",
        "error": "it failed, and was forgotten since; the future has the error: future.exception()",
    }
    if future.status not in reasons:
        return answer
    return replace(answer, reason=reasons[future.status], nearest=())
