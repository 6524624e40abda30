"""What is known during one local computation: which tasks wait, are ready, run, are done, and which results are held.

A pure state machine: ``pop()`` says what to run next, ``finish(task, value)`` takes a result. Threads, processes, time
and locks are the business of the runners around it (``sync``, ``threads``, ``executor``), which all share this one.

State
- ``keys``: the keys in the order of execution; everything below is indexed by place in it (``place: {key: place}``).
- ``waiting``: ``[number of results that the task still waits for]``.
- ``users``: ``[number of tasks that still need the result, plus one if it was asked for]``.
- ``dependents``: ``[places of the tasks that need the result]``.
- ``ready``: heap of places whose tasks can run; the smallest runs first, which keeps to the order.
- ``running``: places that were popped and have not finished.
- ``cache``: ``{key: result}`` of the results that somebody still needs.

Invariants (``check`` asserts them): a result leaves ``cache`` the moment its last user has finished; a task is popped
once, after all that it needs has finished; when ``done`` all that was asked for is in ``cache`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

from minidask.graph.order import order
from minidask.graph.task import Key, Task


class State:
    """Track one computation.

    Parameters
    ----------
    graph : mapping of key to Task
    outputs : iterable of keys
        What was asked for; only what these need is run.

    Raises
    ------
    CycleError, KeyError
        As ``order`` does.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> state = State(convert({"x": -1, "y": (abs, "x")}), ["y"])
    >>> while not state.done:
    ...     at = state.pop()
    ...     state.finish(at, state.tasks[at](state.cache))
    1
    0
    >>> state.cache
    {'y': 1}
    """

    __slots__ = (
        "cache",
        "dependents",
        "finished",
        "keys",
        "needs",
        "place",
        "ready",
        "running",
        "tasks",
        "users",
        "waiting",
    )

    def __init__(self, graph: Mapping[Key, Task], outputs: Iterable[Key]) -> None:
        outputs = list(outputs)
        self.place: dict[Key, int] = order(graph, outputs)
        place = self.place
        self.keys: list[Key] = list(place)
        self.tasks: list[Task] = [graph[key] for key in self.keys]
        self.dependents: list[list[int]] = [[] for _ in self.keys]
        self.needs: list[tuple[int, ...] | list[int]] = []
        dependents = self.dependents
        ready: list[int] = []
        for at, task in enumerate(self.tasks):
            keys = task.dependencies
            if keys:
                needs = [place[key] for key in keys]
                self.needs.append(needs)
                for need in needs:
                    dependents[need].append(at)
            else:
                self.needs.append(())
                ready.append(at)
        self.waiting: list[int] = [len(needs) for needs in self.needs]
        self.users: list[int] = [len(users) for users in dependents]
        for key in set(outputs):
            self.users[place[key]] += 1
        # Ascending, so it is a heap already.
        self.ready: list[int] = ready
        self.running: set[int] = set()
        self.finished = 0
        self.cache: dict[Key, Any] = {}

    @property
    def done(self) -> bool:
        """Whether all tasks have finished."""
        return self.finished == len(self.keys)

    def pop(self) -> int:
        """Take the next task to run (raises IndexError if none is ready); return its place."""
        at = heappop(self.ready)
        self.running.add(at)
        return at

    def finish(self, at: int, value: Any) -> int:
        """Take the result of a running task, release what nobody needs any more; return how many tasks became ready."""
        self.running.remove(at)
        self.finished += 1
        cache, users, keys = self.cache, self.users, self.keys
        cache[keys[at]] = value
        for need in self.needs[at]:
            users[need] -= 1
            if not users[need]:
                del cache[keys[need]]
        count = 0
        waiting = self.waiting
        for dependent in self.dependents[at]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                heappush(self.ready, dependent)
                count += 1
        return count

    def check(self) -> None:
        """Assert the invariants (for tests; linear in the number of tasks)."""
        done = [not waiting and at not in self.running for at, waiting in enumerate(self.waiting)]
        for at in self.ready:
            done[at] = False
        assert sum(done) == self.finished, "tasks are ready, waiting, running or finished"
        for at, key in enumerate(self.keys):
            assert self.waiting[at] == sum(not done[need] for need in self.needs[at])
            unfinished = sum(not done[user] for user in self.dependents[at])
            asked = self.users[at] - unfinished
            assert asked in (0, 1), f"{key!r} counts {self.users[at]} users, {unfinished} are unfinished"
            assert (key in self.cache) == (done[at] and self.users[at] > 0), f"{key!r} is held without need, or lost"


class StateView(Mapping[str, Any]):
    """What callbacks see of a ``State``: a mapping with live, sized views, made only when there are callbacks.

    Parameters
    ----------
    state : State
    """

    def __init__(self, state: State) -> None:
        views: dict[str, Any] = {name: _Places(state, name) for name in ("waiting", "ready", "running", "finished")}
        views["cache"] = state.cache
        views["dependencies"] = _Dependencies(state)
        self._views = views

    def __getitem__(self, name: str) -> Any:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)


class _Places:
    """The keys of the tasks in one state; its length is cheap, walking it is not."""

    def __init__(self, state: State, kind: str) -> None:
        self._state = state
        self._kind = kind

    def __len__(self) -> int:
        state = self._state
        if self._kind == "ready":
            return len(state.ready)
        if self._kind == "running":
            return len(state.running)
        if self._kind == "finished":
            return state.finished
        return len(state.keys) - state.finished - len(state.running) - len(state.ready)

    def _all(self) -> set[int]:
        state = self._state
        if self._kind == "ready":
            return set(state.ready)
        if self._kind == "running":
            return set(state.running)
        free = {at for at, waiting in enumerate(state.waiting) if not waiting}
        if self._kind == "finished":
            return free.difference(state.ready, state.running)
        return set(range(len(state.keys))) - free

    def __iter__(self) -> Iterator[Key]:
        keys = self._state.keys
        return iter([keys[at] for at in sorted(self._all())])

    def __contains__(self, key: object) -> bool:
        at = self._state.place.get(key)  # type: ignore[call-overload]
        return at is not None and at in self._all()


class _Dependencies(Mapping[Key, Any]):
    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, key: Key) -> set[Key]:
        return set(self._state.tasks[self._state.place[key]].dependencies)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._state.keys)

    def __len__(self) -> int:
        return len(self._state.keys)
