"""Run a task of the cluster here, in the user's process, for a debugger to look into.

Place in the flow: a part of `Client`. The scheduler says what the task's function and arguments are; the results that it
takes are gathered; the call is made on the caller's thread.

Invariants: the task is the very one that failed, also where the future asked about only depends on it; its function and
arguments are read from what was uploaded, as a worker reads them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.client.future import Future
from minidask_distributed.client.gather import Gathers
from minidask_distributed.client.queries import as_key
from minidask_distributed.client.waiting import futures_of
from minidask_distributed.protocol.calls import load_recipe

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Replays(Gathers):
    """The part of a client that runs tasks locally."""

    def recreate_error_locally(self, future: Any) -> Any:
        """Call the function that failed, with the same arguments, here: it raises here, too.

        Parameters
        ----------
        future : future, collection or list of them
            One that failed, or depends on what failed. The first one that did counts.

        Returns
        -------
        object
            What the function returns, should it succeed here.

        Raises
        ------
        Exception
            What the function raises.
        ValueError
            If none has failed.

        Examples
        --------
        >>> future = client.submit(divmod, 1, 0)  # doctest: +SKIP
        >>> client.recreate_error_locally(future)  # doctest: +SKIP
        Traceback (most recent call last):
        ...
        ZeroDivisionError: integer division or modulo by zero
        """
        if self.asynchronous:
            return self._recreate(self._failed_call(future))
        return self._made(self.sync(self._failed_call, future))

    def recreate_task_locally(self, future: Any) -> Any:
        """Call the function of a task, with the same arguments, here; return what it returns.

        Parameters
        ----------
        future : future, or collection of one
            Of any state; what it depends on is waited for, and computed again if need be.

        Raises
        ------
        Exception
            What the function raises.
        ValueError
            If there isn't exactly one future, or it is scattered data, which nothing computes.
        """
        futures = futures_of(future)
        if len(futures) != 1:
            raise ValueError(f"one future is needed, got {len(futures)}")
        if self.asynchronous:
            return self._recreate(self._call_of(futures[0], culprit=False))
        return self._made(self.sync(self._call_of, futures[0], culprit=False))

    def _made(self, call: Call) -> Any:
        result = _make(call)
        return self.sync(_awaited, result) if inspect.iscoroutine(result) else result

    async def _recreate(self, call: Any) -> Any:
        result = _make(await call)
        return await result if inspect.iscoroutine(result) else result

    async def _failed_call(self, future: Any) -> Call:
        futures = futures_of(future)
        await self._wait_async([one._state for one in futures])
        failed = next((one for one in futures if one.status == "error"), None)
        if failed is None:
            states = ", ".join(sorted({one.status for one in futures})) or "no futures"
            raise ValueError(f"nothing has failed here: {states}; recreate_task_locally runs a task of any state")
        return await self._call_of(failed, culprit=True)

    async def _call_of(self, future: Future, culprit: bool) -> Call:
        answer = await self.call("recipe", task=future._state.id, culprit=culprit)
        keys: list[Key] = [as_key(key) for key, _ in answer["deps"]]
        inputs = [Future(key, self) for key in keys]  # type: ignore[arg-type]
        values = await self._results_async([one._state for one in inputs], "raise", None)
        recipe = load_recipe(answer["recipe"])
        args, kwargs = recipe.bind(answer["literals"], values)
        return recipe.func, tuple(args), kwargs


async def _awaited(work: Any) -> Any:
    return await work


def _make(call: Call) -> Any:
    function, args, kwargs = call
    return function(*args, **kwargs)
