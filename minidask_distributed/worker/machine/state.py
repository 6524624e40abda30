"""All that a worker's machine knows, and the elementary moves of its tasks.

Place in the flow: the base of `inbox.Inbox` (what messages do) and of `machine.WorkerMachine` (what events do, and the whole
story); nothing here is called from outside of these. Every change of a task's state is made by `_move`, or by the two hot
paths that note it themselves.

State
- ``tasks``: ``{task id: Task}`` of all that is to be run, is wanted, or is held.
- ``running``: those of them that run. ``unwanted``: runs that go on though nobody wants them; they aren't in ``tasks``.
- ``ready``, ``named``, ``constrained``: lines of tasks that a thread may take: of the default executor, of others by name,
  and by executor those that need resources.
- ``fetches``: what is fetched from whom. ``unreported``: missing results of which the scheduler wasn't told yet.
- ``outbox``, ``instructions``, ``drops``: for the scheduler, for the shell, and the ids whose values are to go.

Invariants: see `check.sanity_check`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from minidask_distributed.worker.machine.fetches import Fetches
from minidask_distributed.worker.machine.instructions import Instruction
from minidask_distributed.worker.machine.outbox import Outbox
from minidask_distributed.worker.machine.queues import ReadyQueue
from minidask_distributed.worker.machine.recipes import Recipes
from minidask_distributed.worker.machine.records import COPY, DEFAULT_EXECUTOR, Task, Want
from minidask_distributed.worker.machine.states import (
    CANCELLED,
    ERROR,
    FETCHING,
    MEMORY,
    MISSING,
    READY,
    RELEASED,
    RUNNING,
    TRANSITIONS,
)


class State:
    """The state of one worker; the parameters are those of `machine.WorkerMachine`."""

    def __init__(
        self,
        *,
        resources: Mapping[str, float] | None = None,
        executors: Iterable[str] = (),
        fetch_count: int = 50,
        fetch_bytes: int = 200_000_000,
        message_bytes: int = 50_000_000,
        recipe_bytes: int = 128 * 2**20,
        validate: bool = False,
        log_length: int = 0,
    ) -> None:
        self.tasks: dict[int, Task] = {}
        self.running: dict[int, Task] = {}
        self.unwanted: dict[int, Task] = {}
        self.ready = ReadyQueue()
        self.named: dict[str, ReadyQueue] = {name: ReadyQueue() for name in executors}
        self.constrained: dict[str, ReadyQueue] = {}
        self.resources = dict(resources or {})
        self.free_resources = dict(self.resources)
        self.recipes = Recipes(recipe_bytes)
        self.fetches = Fetches(fetch_count, fetch_bytes, message_bytes)
        self.unreported: dict[int, None] = {}
        self.n_held = 0
        self.status = "running"
        self.outbox = Outbox()
        self.instructions: list[Instruction] = []
        self.drops: list[int] = []
        self.validate = validate
        self.log: deque[tuple[int, str, str, str, float]] = deque(maxlen=log_length)
        # (task id, key, start, finish) of moves since they were taken from here; None: nobody hears of them.
        self.heard: list[tuple[int, Hashable, str, str]] | None = None
        self._watched = validate or log_length > 0
        self._stimulus, self._now = "", 0.0

    # ------------------------------------------------------------ moves

    def _move(self, task: Task, finish: str) -> None:
        if self._watched:
            self._note(task, finish)
        task.state = finish

    def hear(self, of_moves: bool) -> None:
        """Note all moves in ``heard``, for whoever takes them from there, or no longer."""
        self.heard = [] if of_moves else None
        self._watched = of_moves or self.validate or bool(self.log.maxlen)

    def _note(self, task: Task, finish: str) -> None:
        id, start = task.id, task.state
        if self.validate and (start, finish) not in TRANSITIONS:
            raise AssertionError(f"task {id} moved from {start!r} to {finish!r} by {self._stimulus!r}")
        self.log.append((id, start, finish, self._stimulus, self._now))
        if self.heard is not None:
            self.heard.append((id, task.key, start, finish))

    def story(self, tasks: Iterable[int]) -> list[tuple[int, str, str, str, float]]:
        """Return the remembered moves of tasks: (task id, start, finish, what set it off, seconds), oldest first."""
        asked = set(tasks)
        return [move for move in self.log if move[0] in asked]

    def _line_of(self, task: Task) -> ReadyQueue:
        if task.options is None:
            return self.ready
        executor = task.executor if task.executor in self.named else DEFAULT_EXECUTOR
        # A task that asks for more than there is at all can't wait for it: its thread refuses it.
        if task.resources and all(self.resources.get(name, 0) >= n for name, n in task.resources.items()):
            return self.constrained.setdefault(executor, ReadyQueue())
        return self.ready if executor == DEFAULT_EXECUTOR else self.named[executor]

    def _put_in_line(self, task: Task) -> None:
        self._move(task, READY)
        self._line_of(task).push(task)

    def _release_resources(self, task: Task) -> None:
        if (
            task.options is not None
            and task.resources
            and self._line_of(task) not in (self.ready, *self.named.values())
        ):
            for name, amount in task.resources.items():
                self.free_resources[name] += amount

    def _found_one(self, task: Task) -> None:
        task.lacks -= 1
        if not task.lacks:
            self._put_in_line(task)

    def _wake(self, task: Task) -> None:
        """A result is here: those that waited for it need it no longer."""
        dependents, task.dependents = task.dependents, None
        for dependent in (dependents or {}).values():
            self._found_one(dependent)

    def _hold(self, task: Task, nbytes: int) -> None:
        """A wanted result came from elsewhere."""
        self._unfind(task)
        task.want = None
        self._move(task, MEMORY)
        task.nbytes = nbytes
        task.attempt = COPY
        self.n_held += 1
        self.outbox.held(task.id, nbytes)
        self._wake(task)

    def _give_up(self, task: Task) -> None:
        """Nobody but tasks here wants this any more."""
        if task.want is not None:
            task.want.kept = False
            if not task.dependents:
                self._unwant(task)
            return
        del self.tasks[task.id]
        if task.state in RUNNING:
            self._cancel(task)
        else:
            if task.state == READY:
                self._line_of(task).discard(task)
            else:
                self._unlink(task)
            self._move(task, RELEASED)
        self._still_needed(task)

    def _cancel(self, task: Task) -> None:
        self._move(task, CANCELLED)
        del self.running[task.id]
        self.unwanted[task.id] = task

    def _unlink(self, task: Task) -> None:
        """Have a task wait for nothing any more; what is wanted for it alone isn't wanted then."""
        if task.recipe is not None:
            task.recipe.waiters.pop(task.id, None)
        task.lacks = 0
        for dep in task.deps:
            source = self.tasks.get(dep)
            if source is None or source.dependents is None or source.dependents.pop(task.id, None) is None:
                continue
            if not source.dependents and source.want is not None and not source.want.kept:
                self._unwant(source)

    def _err(self, task: Task, failure: dict[str, Any], duration_us: int) -> None:
        del self.tasks[task.id]
        self._move(task, ERROR)
        name = "" if task.recipe is None or task.recipe.loaded is None else task.recipe.loaded.name
        self.outbox.erred(task.id, task.attempt, duration_us, {**failure, "name": failure.get("name") or name})
        # The scheduler knows by the failure itself that those that wait here have no source now.
        self._still_needed(task, told=True)

    def _still_needed(self, task: Task, told: bool = False) -> None:
        """If tasks here waited for a task that is gone, they wait for its result from elsewhere now."""
        if task.dependents:
            dependents, task.dependents = task.dependents, None
            source = self._want(task.id, task.key, min(d.priority for d in dependents.values()), 0, kept=False)
            source.dependents = dependents
            self._find(source, (), told)

    # ------------------------------------------------------------ results from elsewhere

    def _want(self, id: int, key: Hashable, priority: int, size: int, kept: bool) -> Task:
        """Enter a result that is to come from elsewhere; `_find` or a `Keep` comes next."""
        task = self.tasks[id] = Task(id, key)
        task.want = Want(priority, size, kept)
        return task

    def _unfind(self, task: Task) -> None:
        """Take a wanted result out of lines and reports."""
        self.fetches.discard(task)
        self.unreported.pop(task.id, None)

    def _unwant(self, task: Task) -> None:
        """Forget a wanted result."""
        self._unfind(task)
        task.want = None
        del self.tasks[task.id]
        self._move(task, RELEASED)

    def _find(self, task: Task, holders: Iterable[int], told: bool = False) -> None:
        """Put a wanted result in line at its holders; without any it is missing, and the scheduler is told unless it knows."""
        self._unfind(task)
        want = task.want
        assert want is not None
        known = self.fetches.peers
        want.holders = [number for number in holders if number in known]
        if want.holders:
            if task.state == MISSING:
                want.tried.clear()
            if task.state != FETCHING:
                self._move(task, FETCHING)
            self.fetches.queue(task)
            return
        want.tried += [number for number in holders if number not in known and number not in want.tried]
        if task.state != MISSING:
            self._move(task, MISSING)
        if not told:
            self.unreported[task.id] = None

    def _start_fetches(self) -> None:
        if self.fetches.queued:
            self.instructions += self.fetches.start()

    def _lack(self, task: Task, dep: int, holders: list[int] | None, size: int) -> None:
        """Have a task wait for a dependency, unless that is here."""
        source = self.tasks.get(dep)
        if source is None:
            source = self._want(dep, None, task.priority, size, kept=False)
            self._find(source, holders or ())
        elif source.state == MEMORY:
            return
        elif source.want is not None and not source.want.serial:
            source.want.priority = min(source.want.priority, task.priority)
            if holders:
                self._find(source, holders)
        if source.dependents is None:
            source.dependents = {}
        source.dependents[task.id] = task
        task.lacks += 1

    def _failed_there(self, tasks: Iterable[Task], number: int, serial: int) -> None:
        """Have results wanted of other holders, unless they came, went, or are in another fetch meanwhile."""
        for task in tasks:
            want = task.want
            if want is None or want.serial != serial or self.tasks.get(task.id) is not task:
                continue
            want.serial = 0
            want.tried.append(number)
            self._find(task, [n for n in want.holders if n != number])
