"""The live half of a client: its connection, its loop and its locks.

Place in the flow: `Client` and its parts (`awaiting`, `submitting`, `gather`, `queries` …) build on it. What is known and what
is to be sent is `session.Session`'s; here it meets threads, the loop and the comm.

Threads: the session is touched under ``_lock``, for moments only. Submissions encode under ``_encoding``, which is held
longer. Whoever has something to send calls `_flush`, from any thread: one of them at a time takes the outbox and gives it to
the comm, and takes what others added meanwhile before it leaves, so that nobody waits and the order stays. Futures that are
collected only put their state into ``_dropped``, because that may happen on any thread in the middle of anything.

A connection that is lost, rather than closed by the scheduler, is made again within the timeout for connecting. What the
session knew ends there (its futures are lost: the scheduler has forgotten the client), and a new session begins at once:
what is submitted meanwhile waits in it, and is lost if the scheduler can't be reached again.

Invariants: callbacks are called without a lock held; nothing waits for the loop on the loop's own thread; the messages of a
session are sent on its own connection, or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from minidask.units import parse_timedelta
from minidask_distributed.client.errors import error_of
from minidask_distributed.client.session import Callback, Session, State, drain
from minidask_distributed.comm import connect
from minidask_distributed.comm.errors import (
    AuthenticationError,
    CommClosedError,
    ConnectTimeoutError,
    VersionMismatchError,
    cause_of,
)
from minidask_distributed.loops import result_on
from minidask_distributed.messages import Answer, Bye, Call, ClientBeat, Event, Message, OpenSession, SessionOpened

if TYPE_CHECKING:
    from minidask_distributed.comm.base import Comm
    from minidask_distributed.loops import LoopThread
    from minidask_distributed.security import Security

T = TypeVar("T")

logger = logging.getLogger(__name__)

GIVE_WAY_S = 0.0005
"""How long a submission pauses behind its first chunk."""

BURST_S = 0.0002
"""Submissions that follow one another more quickly share messages: a message alone costs about 20 microseconds."""

RELEASE_S = 0.005
"""Results are released so long after their last future is gone, together: each waking of the loop costs some 50 us."""

ALWAYS = ("print", "warn")
"""Topics whose events every client gets."""

AGAIN_S = 0.1
"""After a connection that was made and lost again, before the next attempt; `connect` itself has pauses of its own."""

NEW_CLIENT = "make a new Client when a scheduler runs there, and compute again"
"""What to do after the end of a connection."""

TopicHandler = Callable[[str, float, Any], object]


class Connection:
    """A session with a scheduler, on a loop.

    - ``loop``: the event loop that it lives on; ``_loop_thread``: the shared one of the process, for synchronous clients.
    - ``status``: "newly-created", "connecting" (also: again), "running", "closing", "closed" (also: lost for good).
    - ``topics``: {topic: handlers}: called on the loop for each `Event` with topic, time and content.
    """

    name: str
    address: str
    security: Security | None
    loop: asyncio.AbstractEventLoop
    status: str

    # Seconds for connecting, also again.
    _timeout_s: float = 30.0

    def __init__(self) -> None:
        self.status = "newly-created"
        self._asynchronous = False
        self._loop_thread: LoopThread | None = None
        self._thread_id = 0
        self._session = Session()
        self._lock = threading.Lock()
        self._encoding = threading.RLock()
        self._sending = threading.Lock()
        self._comm: Comm | None = None
        self._near_address = ""  # of a scheduler in this process
        self._info: dict[str, Any] = {}
        self._reopening: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[None] | None = None
        self._bye: str | None = None
        self._flush_is_due = False
        self._flushed_at = 0.0
        self._dropped: deque[State] = deque()
        self._release_is_due = False
        # {request: future of the answer} of calls.
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._requests = count(1)
        self._heartbeat_s = 5.0
        self._beat: asyncio.TimerHandle | None = None
        self.topics: dict[str, list[TopicHandler]] = {}

    # -- which thread ------------------------------------------------------------------------------------------------

    @property
    def asynchronous(self) -> bool:
        """Whether the methods return awaitables here: for an asynchronous client, on its loop's thread."""
        return self._asynchronous and (not self._thread_id or threading.get_ident() == self._thread_id)

    def sync(
        self,
        func: Callable[..., Coroutine[Any, Any, Any]],
        *args: Any,
        asynchronous: bool | None = None,
        callback_timeout: float | str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run a coroutine function on the client's loop: wait for its result, or return an awaitable where `asynchronous`.

        Parameters
        ----------
        func : coroutine function
        *args, **kwargs
            Its arguments.
        asynchronous : bool, optional
            Return an awaitable in any case, or in none.
        callback_timeout : float or str, optional
            Seconds to wait.

        Raises
        ------
        TimeoutError
            If it takes longer.
        RuntimeError
            If the client is closed, or this would wait on the loop's own thread.
        """
        timeout_s = parse_timedelta(callback_timeout)
        work = func(*args, **kwargs)
        if self.asynchronous if asynchronous is None else asynchronous:
            return work if timeout_s is None else asyncio.wait_for(work, timeout_s)
        if self._loop_thread is not None:
            return self._loop_thread.run(work, timeout_s)
        if threading.get_ident() == self._thread_id or self.loop.is_closed():
            work.close()
            if self.loop.is_closed():
                raise RuntimeError("the client's event loop is closed")
            raise RuntimeError(
                "this would wait, on the event loop's own thread, for the loop itself: use the asynchronous form"
            )
        return result_on(self.loop, work, timeout_s)

    def _on_loop(self, function: Callable[..., object], *args: Any) -> None:
        """Run a function on the loop soon; a closed loop has nothing left to do."""
        try:
            if threading.get_ident() == self._thread_id:
                self.loop.call_soon(function, *args)
            else:
                self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    # -- opening and closing -----------------------------------------------------------------------------------------

    async def _open(self, timeout_s: float, info: dict[str, Any]) -> None:
        """Connect and open the session.

        Raises
        ------
        TimeoutError, CommError
            If the scheduler can't be reached in time, or refuses.
        """
        self.status = "connecting"
        self.loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._info = info
        try:
            await self._begin(timeout_s)
        except BaseException:
            self._end(f"no session with the scheduler at {self.address}")
            raise

    async def _begin(self, timeout_s: float) -> None:
        """Connect, and open the session that waits for it; raise as `_open` does."""
        deadline = self.loop.time() + timeout_s
        opened = self._opened = self.loop.create_future()
        # Its own limit: it says what kept it from connecting.
        # A scheduler that is gone leaves no way within the process, and another one may have its address.
        way = self._near_address if self._reopening is None and self._near_address else self.address
        comm = await connect(way, role="client", name=self.name, security=self.security, timeout_s=timeout_s)
        with self._lock:
            self._comm = comm
        try:
            async with asyncio.timeout_at(deadline):
                comm.start(self._receive, partial(self._connection_lost, comm))
                comm.send([OpenSession(self.name, self._info)])
                await opened
        except BaseException as error:
            if self.status == "running":
                # It was opened at the last moment: that this comm ends now is nothing to be mended.
                self.status = "connecting"
            comm.abort()
            if type(error) is TimeoutError:
                why = f"took the connection, but opened no session within {timeout_s:g} s"
                raise ConnectTimeoutError(f"the scheduler at {self.address} {why}").because(f"it {why}") from None
            raise

    async def _begin_again(self, reason: str) -> None:
        """Look for the scheduler until the time is over, or it is clear that trying again won't help."""
        deadline = self.loop.time() + self._timeout_s
        try:
            while self.status == "connecting":
                try:
                    await self._begin(max(deadline - self.loop.time(), 0.001))
                    break
                except OSError as error:
                    final = self._bye is not None or isinstance(error, AuthenticationError | VersionMismatchError)
                    if final or self.loop.time() >= deadline:
                        raise
                    await asyncio.sleep(AGAIN_S)
        except OSError as error:
            within = f" within {self._timeout_s:g} s" if self.loop.time() >= deadline else ""
            text = f"{reason} and couldn't be made again{within}: {cause_of(error)}; {NEW_CLIENT}"
            logger.error("%s", text)
            self._end(text)
            return
        except BaseException:
            # Cancelled: by `_shut`, which says why, or by the end of the loop.
            if self.status != "closing":
                self._end(reason)
            raise
        logger.info("connected to the scheduler at %s again", self.address)
        for topic, handlers in self.topics.items():
            if handlers and topic not in ALWAYS:
                self._post(Call(next(self._requests), "subscribe", {"topic": topic}))

    async def _shut(self, reason: str) -> None:
        """Close the session and the connection; on the loop, once."""
        if self._beat is not None:
            self._beat.cancel()
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        self._flush()
        comm = self._comm
        if comm is not None and not comm.closed:
            with contextlib.suppress(CommClosedError):
                comm.send([Bye(reason)])
        self._end(reason)
        if comm is not None:
            await comm.close()

    def _send_beat(self) -> None:
        self._beat = self.loop.call_later(self._heartbeat_s, self._send_beat)
        self._post(ClientBeat())

    def _connection_lost(self, comm: Comm, error: BaseException | None) -> None:
        if comm is not self._comm or self.status == "closing":
            return
        ended = self._bye is not None
        if ended:
            reason = f"the scheduler at {self.address} ended the session: {self._bye}"
        else:
            why = cause_of(error)
            reason = f"the connection to the scheduler at {self.address} was lost" + (f" ({why})" if why else "")
        if self._beat is not None:
            self._beat.cancel()
        if self.status == "connecting":
            # Whoever opens the session goes on from there: to the next attempt, if it is one more.
            if self._opened is not None and not self._opened.done():
                cause = f"it ended the session: {self._bye}" if ended else "it takes connections and ends them at once"
                self._opened.set_exception(CommClosedError(reason).because(cause))
        elif self.status == "running" and not ended:
            logger.warning("%s; trying to connect again for %g s", reason, self._timeout_s)
            self.status = "connecting"
            self._reopening = self.loop.create_task(self._begin_again(reason))
            self._lose(f"{reason}; compute it again, which waits until the client has connected again", again=True)
        else:
            self._end(f"{reason}; {NEW_CLIENT}")

    def _end(self, reason: str) -> None:
        """Nothing more will come: tell everybody who waits."""
        if self.status != "closing":
            self.status = "closed"
        self._lose(reason)
        self._dropped.clear()

    def _lose(self, reason: str, again: bool = False) -> None:
        """End the session, if it hasn't ended yet; ``again``: another one follows."""
        with self._lock:
            session = self._session
            woken = session.lose(reason)
            if again:
                self._session = session.successor()
        calls, self._calls = self._calls, {}
        self._wake(woken)
        for waiting in calls.values():
            if not waiting.done():
                waiting.set_exception(CommClosedError(reason))

    def _check_open(self) -> None:
        """Raise if nothing can be submitted: CommClosedError after the end, RuntimeError before the beginning."""
        if self._session.closed is not None:
            # Whoever holds the lock may be about to put another session in its place.
            with self._lock:
                closed = self._session.closed
            if closed is not None:
                raise CommClosedError(f"the client can't be used any more: {closed}")
        if self._session.opened is None and self._reopening is None:
            raise RuntimeError(
                "the client isn't connected yet: use `client = await Client(...)` or `async with Client(...)`"
            )

    # -- sending -----------------------------------------------------------------------------------------------------

    def _post(self, message: Message) -> None:
        with self._lock:
            self._session.post(message)
        self._flush()

    def _flush(self) -> None:
        """Send what is to be sent; from any thread, without waiting for others who do."""
        while (self._dropped or self._session.has_output) and self._sending.acquire(blocking=False):
            # Who doesn't get the lock may leave: its holder looks again after giving it back.
            try:
                messages: list[Message] = []
                with self._lock:
                    session, comm = self._session, self._comm
                    if comm is not None:
                        comm.begun = 0  # a list that is gone may have had the same identity
                    if self._dropped:
                        self._release_dropped()
                    messages = session.take()
                if messages:
                    assert comm is not None
                    self._send(comm, messages)
            except KeyboardInterrupt:
                if messages and comm is not None:
                    self._interrupted(session, comm, messages)
                raise
            finally:
                self._sending.release()

    def _interrupted(self, session: Session, comm: Comm, messages: list[Message]) -> None:
        """Ctrl-C while messages were sent: what hasn't begun to leave goes later; the comm answers for the rest."""
        if comm.begun != id(messages):
            with self._lock:
                session.put_back(messages)
            self._on_loop(self._due_flush)

    def _send(self, comm: Comm, messages: list[Message]) -> None:
        try:
            comm.send(messages)
        except CommClosedError:
            # The comm tells `_connection_lost`, and that all who wait.
            return
        except Exception as error:
            # Nothing of the list was sent: find the one that can't be.
            if len(messages) > 1:
                for message in messages:
                    self._send(comm, [message])
            elif isinstance(messages[0], Call):
                self._on_loop(self._fail_call, messages[0].request, error)
            else:
                logger.exception("a message of the client can't be sent: %r", type(messages[0]).__name__)
                self._on_loop(self._end, f"a {type(messages[0]).__name__} can't be sent: {error}")
                self._on_loop(comm.abort)

    def _give_way(self) -> None:
        """Let the loop's thread, maybe the scheduler's as well, have the interpreter: else it would wait for that for 5 ms."""
        if threading.get_ident() != self._thread_id:
            time.sleep(GIVE_WAY_S)

    def _flush_soon(self) -> None:
        """Flush now if it is the first time for a while, otherwise have the loop do it, for all that is added meanwhile.

        So a lone submission doesn't wake the loop's thread, which would only get in the way, and many share messages.
        """
        if self._flush_is_due:
            return
        now = time.monotonic()
        if now - self._flushed_at > BURST_S and threading.get_ident() != self._thread_id:
            self._flushed_at = now
            self._flush()
            return
        self._flush_is_due = True
        self._on_loop(self._due_flush)

    def _due_flush(self) -> None:
        self._flush_is_due = False
        self._flushed_at = time.monotonic()
        self._flush()

    def _drop(self, state: State) -> None:
        """Note that a future of a state is gone. Takes no lock: called by the garbage collector, too."""
        if self._session.closed is not None:
            return
        self._dropped.append(state)
        if not self._release_is_due:
            self._release_is_due = True
            self._on_loop(self._release_soon)

    def _release_soon(self) -> None:
        # Nobody waits for it: a moment later it goes for many futures, or has gone with something else.
        self.loop.call_later(RELEASE_S, self._due_release)

    def _due_release(self) -> None:
        self._release_is_due = False
        self._flush()

    def _release_dropped(self) -> None:
        """Release what futures that are gone held. Under the lock."""
        dropped: list[State] = []
        try:
            while True:
                dropped.append(self._dropped.popleft())
        except IndexError:
            self._session.release(dropped)

    # -- receiving ---------------------------------------------------------------------------------------------------

    def _receive(self, messages: list[Message]) -> None:
        """Take what came in one reading; on the loop's thread."""
        about_tasks: list[Message] = []
        for message in messages:
            kind = type(message)
            if kind is Answer:
                self._answered(message)  # type: ignore[arg-type]
            elif kind is Event:
                self._event(message)  # type: ignore[arg-type]
            elif kind is Bye:
                self._bye = message.reason  # type: ignore[attr-defined]
            elif kind is SessionOpened:
                self._session_opened(message)  # type: ignore[arg-type]
            else:
                about_tasks.append(message)
        if about_tasks:
            with self._lock:
                woken = self._session.handle(about_tasks)
            self._wake(woken)
        self._flush()

    def _session_opened(self, message: SessionOpened) -> None:
        with self._lock:
            self._session.handle([message])
        if self._opened is not None and not self._opened.done():
            # At once: the connection may be lost before whoever waits for this goes on.
            self.status = "running"
            self._beat = self.loop.call_later(self._heartbeat_s, self._send_beat)
            self._opened.set_result(None)

    def _wake(self, woken: Iterable[list[Callback]]) -> None:
        for callbacks in woken:
            try:
                drain(callbacks)
            except Exception:
                # One caller's trouble must not keep the others waiting.
                logger.exception("a callback of a future failed")
                drain(callbacks)

    def _answered(self, message: Answer) -> None:
        waiting = self._calls.pop(message.request, None)
        if waiting is None or waiting.done():
            return
        if message.failure is not None:
            waiting.set_exception(error_of(message.failure))
        else:
            waiting.set_result(message.value)

    def _fail_call(self, request: int, error: Exception) -> None:
        waiting = self._calls.pop(request, None)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _event(self, message: Event) -> None:
        for handler in list(self.topics.get(message.topic, ())):
            try:
                handler(message.topic, message.stamp, message.content)
            except Exception:
                logger.exception("a handler of the topic %r failed", message.topic)

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Ask the scheduler for something by name, and return its answer.

        Parameters
        ----------
        name : str
            A name among the scheduler's handlers.
        **arguments
            Plain values and payloads.

        Raises
        ------
        CommClosedError
            If the connection is, or gets, closed.
        TypeError
            If an argument can't be sent.
        Exception
            What the handler raised.
        """
        self._check_open()
        request = next(self._requests)
        waiting = self._calls[request] = self.loop.create_future()
        try:
            self._post(Call(request, name, arguments))
            return await waiting
        finally:
            self._calls.pop(request, None)
