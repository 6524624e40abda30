"""What a client knows of its tasks: their states, who waits for them, and what is to be sent; pure, without clock or loop.

Place in the flow: `client` calls it under its lock from any thread, sends what `take` returns, and hands received messages
to `handle`. A `State` is shared by all futures of one task; futures ask it without a lock.

- ``states``: {local id: state} of what futures stand for; an id that isn't in it any more was released, and messages about
  it are void.
- ``by_key``: {key: state}: the newest state of each key that another equal call may share.
- ``waiters``: {local id: callbacks} for those that somebody waits for.
- ``outbox``: messages in the order in which they must arrive. A `Release` never overtakes an `Upload` that names the
  task, so the whole outbox waits when an upload has to (``credit``).

States of a task: pending -> finished | error | cancelled | lost; finished and error may become pending again (the result was
lost and is made anew; a retry). Cancelled and lost are final: an equal call afterwards is another task.

Invariants: ids ascend and are never reused, nor by the session after it (`successor`); a state's ``outcome`` is there before its
``status`` says so; each callback is called exactly once, when its state is done, on whichever thread found out.

Not for: locks, sockets, or reading what results hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.client.rows import Rows
from minidask_distributed.messages import (
    Cancel,
    Cancelled,
    Destinations,
    Done,
    Failed,
    KeepUntilDone,
    Message,
    Release,
    Retry,
    Scatter,
    SessionOpened,
    Undone,
    Upload,
    UploadTaken,
    Want,
)
from minidask_distributed.protocol.calls import CallEncoder
from minidask_distributed.protocol.keys import encode_keys

PENDING, FINISHED, ERROR, CANCELLED, LOST = "pending", "finished", "error", "cancelled", "lost"

RELEASE_TASKS = 4096
"""Most tasks in one `Release` or `Cancel`: a message of a million would be taken in one go, and nobody served meanwhile."""

Callback = Callable[[], object]


class State:
    """What is known of one task.

    ``outcome`` by ``status``: finished: the small value (``bytes``, ``ByReference``) or the number of bytes to be gathered;
    error: the fields of the failure; cancelled, lost: the reason; pending: None. ``refs`` counts the futures.

    Examples
    --------
    >>> state = State(1, "x", {})
    >>> state.add_waiter(lambda: print("done"))
    >>> state.settle(FINISHED, 8)
    done
    >>> state.status, state.outcome, state.done
    ('finished', 8, True)
    """

    __slots__ = ("_waiters", "id", "key", "outcome", "refs", "status")

    def __init__(self, local: int, key: Key, waiters: dict[int, list[Callback]]) -> None:
        self.id = local
        self.key = key
        self.status = PENDING
        self.outcome: Any = None
        self.refs = 1
        self._waiters = waiters

    def __repr__(self) -> str:
        return f"<State {self.id} {self.key!r}: {self.status}>"

    @property
    def done(self) -> bool:
        """Whether the task is neither waiting nor running."""
        return self.status != PENDING

    def add_waiter(self, callback: Callback) -> None:
        """Have ``callback()`` called once the task is done: at once if it is, else on the client's loop; from any thread."""
        callbacks = self._waiters.setdefault(self.id, [])
        callbacks.append(callback)
        # Done meanwhile: whoever said so may have looked before the callback was there. Each is popped, so called, once.
        if self.status != PENDING:
            drain(callbacks)
            drain(self._waiters.pop(self.id, ()))

    def remove_waiter(self, callback: Callback) -> None:
        """Take a callback out again; one that isn't there (any more) is ignored."""
        callbacks = self._waiters.get(self.id)
        try:
            if callbacks is not None:
                callbacks.remove(callback)
        except ValueError:
            return

    def settle(self, status: str, outcome: Any) -> None:
        """Note what became of the task, and call who waits for it."""
        self.outcome = outcome
        self.status = status
        drain(self._waiters.pop(self.id, ()))


def drain(callbacks: Sequence[Callback]) -> None:
    """Call callbacks in their order; several threads may do so with one list, each callback is called once.

    Examples
    --------
    >>> callbacks = [lambda: print("once")]
    >>> drain(callbacks), drain(callbacks)
    once
    (None, None)
    """
    while callbacks:
        try:
            callback = callbacks.pop(0)  # type: ignore[attr-defined]
        except IndexError:
            return
        callback()


class Session:
    """The state of one client's session with a scheduler.

    Examples
    --------
    >>> session = Session()
    >>> _ = session.handle([SessionOpened(1, 1, 4, True)])
    >>> state = session.add("x")
    >>> for callbacks in session.handle([Done([state.id], [b"..."], [8])]):
    ...     drain(callbacks)
    >>> state.status
    'finished'
    >>> session.release([state])
    >>> session.take()
    [Release(tasks=[1])]
    """

    def __init__(self, first: int = 1, serialize: bool = True) -> None:
        self.states: dict[int, State] = {}
        self.by_key: dict[Key, State] = {}
        self.waiters: dict[int, list[Callback]] = {}
        self.outbox: deque[Message] = deque()
        self.credit = 0
        self.serialize = serialize
        # What its calls are encoded with; numbers of recipes are this session's.
        self.encoder = CallEncoder(serialize=serialize)
        self.opened: SessionOpened | None = None
        # Why nothing more will come; set once.
        self.closed: str | None = None
        # Called with the states that have failed, were cancelled or lost: for those who wait for many.
        self.failure_hooks: dict[object, Callable[[list[State]], object]] = {}
        # {first local id: callback} of scatters that wait to hear where to put their data.
        self.destinations: dict[int, Callable[[Destinations], object]] = {}
        # Recipes that were encoded and aren't sent: they go with the next upload, whichever that is.
        self.recipes: list[list[Any]] = []
        self._next = first
        self._submission = 0
        # Rows of single submissions, to be sent together.
        self._rows: Rows | None = None

    # -- tasks ------------------------------------------------------------------------------------------------------

    def reserve(self, count: int) -> int:
        """Return the first of ``count`` local ids that nobody had before."""
        first = self._next
        self._next += count
        return first

    def new_submission(self) -> int:
        """Return the number of a new submission."""
        self._submission += 1
        return self._submission

    def find(self, key: Key) -> State | None:
        """Return the state that an equal call may share: pending, finished or failed; None if there is none."""
        return self.by_key.get(key)

    def add(self, key: Key, local: int | None = None) -> State:
        """Make the state of a task that a future is to stand for; the newest of its key."""
        if local is None:
            local = self.reserve(1)
        state = State(local, key, self.waiters)
        if self.closed is not None:
            # It closed after the caller had looked.
            state.outcome, state.status = self.closed, LOST
            return state
        self.states[local] = state
        self.by_key[key] = state
        return state

    def add_many(self, keys: Sequence[Key], first: int) -> list[State]:
        """Make the states of tasks with consecutive ids."""
        waiters = self.waiters
        if self.closed is not None:
            return [self.add(key, local) for local, key in enumerate(keys, first)]
        states = [State(local, key, waiters) for local, key in enumerate(keys, first)]
        self.states.update(zip(range(first, first + len(states)), states))
        self.by_key.update(zip(keys, states))
        return states

    # -- what is to be sent -----------------------------------------------------------------------------------------

    def rows(self, local: int) -> Rows:
        """Return the rows that single submissions are collected in, of which the next has the id ``local``."""
        rows = self._rows
        if rows is None or rows.first + len(rows.keys) != local:
            self.end_rows()
            rows = self._rows = Rows(local)
        return rows

    def end_rows(self) -> None:
        """Make an upload of the rows that were collected, if there are any."""
        rows, self._rows = self._rows, None
        if rows is not None and rows.keys:
            roots = rows.n_deps.count(0)
            self.outbox.append(rows.upload(self.new_submission(), len(rows.keys), roots, True, self.take_recipes()))

    def take_recipes(self) -> list[list[Any]]:
        """Return the recipes that the next upload must carry; they are taken for sent."""
        recipes, self.recipes = self.recipes, []
        return recipes

    def post(self, message: Message) -> None:
        """Put a message behind all that was posted before."""
        self.end_rows()
        self.outbox.append(message)

    def release(self, states: Iterable[State]) -> None:
        """Note that of each of these states a future is gone; release those that have none left."""
        gone = []
        for state in states:
            state.refs -= 1
            if state.refs > 0:
                continue
            if self.states.pop(state.id, None) is not None and state.status not in (CANCELLED, LOST):
                gone.append(state.id)
            if self.by_key.get(state.key) is state:
                del self.by_key[state.key]
        for start in range(0, len(gone), RELEASE_TASKS):
            self.post(Release(gone[start : start + RELEASE_TASKS]))

    def cancel(self, states: Iterable[State], force: bool, reason: str) -> list[list[Callback]]:
        """Give tasks up; those that were given up already are left as they are. Returns callbacks as `handle` does."""
        given_up = []
        for state in states:
            if state.status not in (CANCELLED, LOST) and state.id in self.states:
                self._end(state, CANCELLED, reason)
                given_up.append(state)
        woken: list[list[Callback]] = []
        if given_up:
            ids = [state.id for state in given_up]
            for start in range(0, len(ids), RELEASE_TASKS):
                self.post(Cancel(ids[start : start + RELEASE_TASKS], force, reason))
            self._wake(given_up, woken)
        return woken

    def retry(self, states: Iterable[State]) -> None:
        """Run failed tasks again; others are left as they are."""
        failed = [state for state in states if state.status == ERROR and state.id in self.states]
        for state in failed:
            state.status, state.outcome = PENDING, None
        if failed:
            self.post(Retry([state.id for state in failed]))

    def keep_until_done(self, states: Iterable[State]) -> None:
        """Have the scheduler run these whatever becomes of their futures."""
        wanted = [state.id for state in states if state.id in self.states and state.status not in (CANCELLED, LOST)]
        if wanted:
            self.post(KeepUntilDone(wanted))

    def want(self, keys: Sequence[Key]) -> list[State]:
        """Return states for results that exist already; a future more on those that are known here."""
        states: list[State | None] = [self.find(key) for key in keys]
        missing = [key for key, state in zip(keys, states, strict=True) if state is None]
        for state in states:
            if state is not None:
                state.refs += 1
        if not missing:
            return states  # type: ignore[return-value]
        new: dict[Key, State] = {}
        for key in missing:
            if key in new:
                new[key].refs += 1
            else:
                new[key] = self.add(key)
        self.post(Want(next(iter(new.values())).id, encode_keys(list(new))))
        return [state if state is not None else new[key] for key, state in zip(keys, states, strict=True)]

    def scatter(
        self,
        keys: Sequence[Key],
        nbytes: list[int],
        payloads: list[Any],
        workers: list[str] | None,
        copies: int,
        on_destinations: Callable[[Destinations], object] | None = None,
    ) -> list[State]:
        """Announce data; ``on_destinations`` hears where to put those without a payload. Returns the states."""
        first = self.reserve(len(keys))
        states = self.add_many(keys, first)
        if on_destinations is not None:
            self.destinations[first] = on_destinations
        self.post(Scatter(first, encode_keys(keys), nbytes, payloads, workers, copies))
        return states

    @property
    def has_output(self) -> bool:
        """Whether `take` would return something."""
        if self.opened is None or self.closed is not None:
            return False
        if self.outbox:
            return self.credit > 0 or type(self.outbox[0]) is not Upload
        return self._rows is not None and bool(self._rows.keys) and self.credit > 0

    def take(self) -> list[Message]:
        """Return what is to be sent now, in order: up to an upload for which there is no credit, or one full release.

        `has_output` then says whether there is more; what is taken together is read by the scheduler in one go.
        """
        if self.opened is None or self.closed is not None:
            return []
        outbox = self.outbox
        if self._rows is not None and self.credit > sum(type(message) is Upload for message in outbox):
            self.end_rows()
        taken: list[Message] = []
        while outbox:
            if type(outbox[0]) is Upload:
                if self.credit <= 0:
                    break
                self.credit -= 1
            message = outbox.popleft()
            taken.append(message)
            if type(message) in (Release, Cancel) and len(message.tasks) == RELEASE_TASKS:  # type: ignore[attr-defined]
                break
        return taken

    def put_back(self, messages: list[Message]) -> None:
        """Put what `take` returned, and what wasn't sent, before all others again."""
        self.outbox.extendleft(reversed(messages))
        self.credit += sum(type(message) is Upload for message in messages)

    # -- what comes in ----------------------------------------------------------------------------------------------

    def handle(self, messages: Iterable[Message]) -> list[list[Callback]]:
        """Take in messages about tasks; return lists of callbacks, to be given to `drain` when no lock is held.

        Raises
        ------
        TypeError
            For a message that isn't about tasks.
        """
        woken: list[list[Callback]] = []
        for message in messages:
            handler = _HANDLERS.get(type(message))
            if handler is None:
                raise TypeError(f"a scheduler doesn't send {type(message).__name__} to a client's session")
            handler(self, message, woken)
        return woken

    def lose(self, reason: str) -> list[list[Callback]]:
        """Note that the connection is gone: what isn't here already won't come. Returns callbacks as `handle` does."""
        if self.closed is not None:
            return []
        self.closed = reason
        self.outbox.clear()
        self._rows = None
        lost = []
        for state in self.states.values():
            if state.status == PENDING or (state.status == FINISHED and type(state.outcome) is int):
                state.outcome, state.status = reason, LOST
                lost.append(state)
        woken: list[list[Callback]] = []
        self._wake(lost, woken)
        self.by_key.clear()
        self.destinations.clear()
        return woken

    def successor(self) -> Session:
        """Return the session that follows one that was lost: its ids ascend from there, so that none means two tasks."""
        return Session(self._next, self.serialize)

    def _opened(self, message: SessionOpened, woken: list[list[Callback]]) -> None:
        self.opened = message
        self.credit = message.credit
        if message.serialize != self.serialize:
            self.serialize = message.serialize
            self.encoder = CallEncoder(serialize=message.serialize)

    def _upload_taken(self, message: UploadTaken, woken: list[list[Callback]]) -> None:
        self.credit += message.credit

    def _done(self, message: Done, woken: list[list[Callback]]) -> None:
        states, waiters = self.states, self.waiters
        values = repeat(None) if message.values is None else message.values
        for local, value, nbytes in zip(message.tasks, values, message.nbytes):
            state = states.get(local)
            if state is None:
                continue
            status = state.status
            if status != PENDING and (status in (CANCELLED, LOST) or _has_value(state)):
                continue
            state.outcome = nbytes if value is None else value
            state.status = FINISHED
            if waiters and (callbacks := waiters.pop(local, None)) is not None:
                woken.append(callbacks)

    def _failed(self, message: Failed, woken: list[list[Callback]]) -> None:
        failed = []
        for local, culprit in zip(message.tasks, message.culprit, strict=True):
            state = self.states.get(local)
            # A value that is here stays, even if the cluster lost it and couldn't make it again.
            if state is None or state.status in (CANCELLED, LOST) or _has_value(state):
                continue
            failure = message.failures[culprit]
            if failure.get("kind") == "cancelled":
                self._end(state, CANCELLED, failure["text"])
            else:
                state.outcome, state.status = failure, ERROR
            failed.append(state)
        self._wake(failed, woken)

    def _undone(self, message: Undone, woken: list[list[Callback]]) -> None:
        for local in message.tasks:
            state = self.states.get(local)
            if state is not None and state.status in (FINISHED, ERROR) and not _has_value(state):
                state.status, state.outcome = PENDING, None

    def _cancelled(self, message: Cancelled, woken: list[list[Callback]]) -> None:
        ended = []
        for local in message.tasks:
            state = self.states.get(local)
            if state is not None and state.status not in (CANCELLED, LOST):
                self._end(state, CANCELLED, message.reason)
                ended.append(state)
        self._wake(ended, woken)

    def _go_to(self, message: Destinations, woken: list[list[Callback]]) -> None:
        callback = self.destinations.pop(message.first, None)
        if callback is not None:
            woken.append([lambda: callback(message)])

    def _end(self, state: State, status: str, reason: str) -> None:
        state.outcome, state.status = reason, status
        if self.by_key.get(state.key) is state:
            del self.by_key[state.key]

    def _wake(self, ended: list[State], woken: list[list[Callback]]) -> None:
        for state in ended:
            callbacks = self.waiters.pop(state.id, None)
            if callbacks is not None:
                woken.append(callbacks)
        if ended:
            woken.extend([partial(hook, ended)] for hook in list(self.failure_hooks.values()))


def _has_value(state: State) -> bool:
    return state.status == FINISHED and type(state.outcome) is not int


_HANDLERS: dict[type[Message], Callable[[Session, Any, list[list[Callback]]], None]] = {
    SessionOpened: Session._opened,
    UploadTaken: Session._upload_taken,
    Done: Session._done,
    Failed: Session._failed,
    Undone: Session._undone,
    Cancelled: Session._cancelled,
    Destinations: Session._go_to,
}
