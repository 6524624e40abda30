"""Calls by name: those that peers make to the scheduler, and those that the scheduler makes to them.

Place in the flow: `server` hands every `Call` to a `CallDesk`, which runs the handler of that name and answers, and every
`Answer` to `Questions`, which wakes whoever asked. What a handler does stands in `handlers`.

Invariants: every call is answered, once, unless its caller is gone; a handler that raises answers with the failure; a
question ends with its answer, its time, or its peer. Arguments are plain values and payloads, which nothing here unpickles.

Not for: the messages about tasks, which have no answers of this kind.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import Answer, Call, Message
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.scheduler.peers import CLOSE_S, Connection

logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[..., Any]
"""``handler(scheduler, caller: Connection, **arguments)`` returns a plain value, or a coroutine of one."""

Send: TypeAlias = Callable[[Connection, list[Message]], None]


class RemoteFailure(Exception):
    """A peer answered a question with a failure.

    Parameters
    ----------
    fields
        Of `protocol.failures`; they are passed on as they are.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(f"{fields.get('type')}: {fields.get('text')}")
        self.fields = fields


def failure_fields(error: BaseException) -> dict[str, Any]:
    """Return an exception as the plain fields of `protocol.failures`; a remote one as it came.

    Examples
    --------
    >>> failure_fields(RemoteFailure({"type": "ValueError", "text": "no"}))
    {'type': 'ValueError', 'text': 'no'}
    >>> failure_fields(KeyError("x"))["type"]
    'KeyError'
    """
    return error.fields if isinstance(error, RemoteFailure) else pack_failure(error)


class CallDesk:
    """Run the handlers of calls and answer.

    Parameters
    ----------
    server
        What handlers get first.
    handlers
        {name: handler}.
    blocked
        Names that are refused.
    reply
        Keeps the answer of a call that is answered at once, to be sent behind what the messages before it led to.
    send
        Sends an answer that was waited for; never raises.
    """

    def __init__(
        self, server: Any, handlers: Mapping[str, Handler], blocked: Collection[str], reply: Send, send: Send
    ) -> None:
        self._server = server
        self._handlers = dict(handlers)
        self._blocked = frozenset(blocked)
        self._reply = reply
        self._send = send
        self._running: dict[Connection, set[asyncio.Task[None]]] = {}

    def take(self, caller: Connection, call: Call) -> None:
        """Run a call's handler; answer now or, if it is a coroutine, when that is done."""
        try:
            if type(call.arguments) is not dict or type(call.request) is not int:
                raise TypeError("a call's arguments must be a mapping, and its request a whole number")
            handler = self._handlers.get(call.name) if type(call.name) is str else None
            if handler is None:
                raise ValueError(f"the scheduler has no handler {call.name!r:.80}")
            if call.name in self._blocked:
                raise PermissionError(
                    f"this scheduler refuses {call.name!r}, by the setting distributed.scheduler.blocked-handlers"
                )
            # A wrong argument is told apart from a TypeError inside the handler.
            arguments = inspect.signature(handler).bind(self._server, caller, **call.arguments)
            value = handler(*arguments.args, **arguments.kwargs)
        except Exception as error:
            self._reply(caller, [Answer(call.request, None, failure_fields(error))])
            return
        if not inspect.iscoroutine(value):
            self._reply(caller, [Answer(call.request, value, None)])
            return
        task = asyncio.get_running_loop().create_task(self._answer(caller, call, value))
        self._running.setdefault(caller, set()).add(task)
        task.add_done_callback(lambda done: self._ended(caller, done))

    async def _answer(self, caller: Connection, call: Call, work: Any) -> None:
        try:
            answer = Answer(call.request, await work, None)
        except Exception as error:
            answer = Answer(call.request, None, failure_fields(error))
        self._send(caller, [answer])

    def _ended(self, caller: Connection, task: asyncio.Task[None]) -> None:
        tasks = self._running.get(caller)
        if tasks is not None:
            tasks.discard(task)
            if not tasks:
                del self._running[caller]
        if not task.cancelled() and task.exception() is not None:
            logger.error("answering %r failed", caller, exc_info=task.exception())

    def gone(self, caller: Connection) -> None:
        """Give up what runs for a peer that left."""
        for task in self._running.pop(caller, ()):
            task.cancel()

    async def close(self) -> None:
        """Give up all that runs, and wait a moment until it has ended."""
        tasks = [task for tasks in self._running.values() for task in tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            # What runs may be a user's, and needn't heed that.
            await asyncio.wait(tasks, timeout=CLOSE_S)


class Questions:
    """Calls to peers, and who waits for their answers.

    Parameters
    ----------
    send
        Sends messages to a connection; never raises.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._last = 0
        self._open: dict[Connection, dict[int, asyncio.Future[Any]]] = {}

    async def ask(self, peer: Connection, name: str, arguments: dict[str, Any], timeout_s: float | None = None) -> Any:
        """Make a call and return its answer.

        Parameters
        ----------
        peer, name, arguments
            Whom, and what.
        timeout_s
            Seconds to wait; None: as long as the peer lives.

        Raises
        ------
        RemoteFailure
            If the peer's handler failed.
        CommClosedError
            If the peer is, or gets, gone.
        TimeoutError
            If no answer came in time.
        """
        if peer.ended:
            raise CommClosedError(f"{peer!r} is gone")
        call, future = self.open(peer, name, arguments)
        self._send(peer, [call])
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise TimeoutError(f"{peer!r} didn't answer {name!r} within {timeout_s:g} s") from None

    def open(self, peer: Connection, name: str, arguments: dict[str, Any]) -> tuple[Call, asyncio.Future[Any]]:
        """Return a call that the caller of this sends, and the future of its answer."""
        self._last += 1
        request = self._last
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open.setdefault(peer, {})[request] = future
        future.add_done_callback(lambda _: self._forget(peer, request))
        return Call(request, name, arguments), future

    def _forget(self, peer: Connection, request: int) -> None:
        waiting = self._open.get(peer)
        if waiting is not None:
            waiting.pop(request, None)
            if not waiting:
                del self._open[peer]

    def take(self, peer: Connection, answer: Answer) -> None:
        """Give an answer to whoever asked; one that nobody waits for any more is dropped."""
        future = self._open.get(peer, {}).get(answer.request)
        if future is None or future.done():
            return
        if answer.failure is None:
            future.set_result(answer.value)
        else:
            future.set_exception(RemoteFailure(answer.failure))

    def gone(self, peer: Connection) -> None:
        """Tell those who wait for a peer's answers that it left."""
        for future in list(self._open.pop(peer, {}).values()):
            if not future.done():
                future.set_exception(CommClosedError(f"{peer!r} is gone"))
