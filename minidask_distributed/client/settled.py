"""Wait until all of many tasks are done, at a cost of next to nothing for each.

Place in the flow: `awaiting` waits through it for threads and coroutines. It walks along the states and stands at the
first that isn't done; when that one is done it walks on, on whichever thread found out. So of 100,000 states only those that
it has to stop at get a callback, and whoever waits is woken once.

Invariants: the callback is called exactly once: when all are done, or, if asked for, as soon as one of them is done without
a result. What was done when the walk passed it may be pending again at the end (its result was lost): look again.
"""

from __future__ import annotations

from collections.abc import Sequence

from minidask_distributed.client.session import FINISHED, PENDING, Callback, Session, State


class AllDone:
    """Call back once all states are done.

    Parameters
    ----------
    session : Session
    states : sequence of State
    callback : callable without arguments
    stop_early : bool
        Call back at once when one of them failed, was cancelled or lost.

    Examples
    --------
    >>> session = Session()
    >>> x, y = session.add("x"), session.add("y")
    >>> AllDone(session, [x, y], lambda: print("all")).start()
    >>> y.settle(FINISHED, b"")
    >>> x.settle(FINISHED, b"")
    all
    """

    __slots__ = ("_at", "_callbacks", "_ids", "_session", "_states", "_stop_early")

    def __init__(self, session: Session, states: Sequence[State], callback: Callback, stop_early: bool = False) -> None:
        self._session = session
        self._states = states
        self._callbacks = [callback]
        self._stop_early = stop_early
        self._at = 0
        self._ids: set[int] | None = None

    def start(self) -> None:
        """Begin; the callback may be called before this returns."""
        if self._stop_early:
            # The hook first: what fails from now on is told, what failed before is found here.
            self._session.failure_hooks[self] = self._failed
            if any(state.status not in (FINISHED, PENDING) for state in self._states):
                self._finish()
                return
        self._walk()

    def stop(self) -> None:
        """Give up waiting: the callback isn't called any more."""
        self._callbacks.clear()
        self._session.failure_hooks.pop(self, None)
        if self._at < len(self._states):
            self._states[self._at].remove_waiter(self._walk)

    def _walk(self) -> None:
        states = self._states
        while self._at < len(states):
            if not self._callbacks:
                return
            state = states[self._at]
            if state.status == PENDING:
                state.add_waiter(self._walk)
                return
            self._at += 1
        self._finish()

    def _failed(self, failed: Sequence[State]) -> None:
        if self._ids is None:
            self._ids = {state.id for state in self._states}
        if not self._ids.isdisjoint(state.id for state in failed):
            self._finish()

    def _finish(self) -> None:
        self._session.failure_hooks.pop(self, None)
        try:
            callback = self._callbacks.pop()
        except IndexError:
            return
        callback()
