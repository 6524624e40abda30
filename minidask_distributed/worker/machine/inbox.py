"""What the scheduler's messages do to a worker's state.

Place in the flow: `handle` is the machine's ear; `machine` adds the events. `Compute` is the hot path: a task that needs nothing
costs a record, an entry in the table and one in the line.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import heappush
from itertools import repeat
from typing import Any

from minidask_distributed.messages import (
    Acquire,
    Compute,
    Free,
    Holders,
    Message,
    Recall,
    Recipes,
    Stop,
    Store,
    WorkerGone,
)
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.worker.machine.instructions import Abandon, Interrupt, Keep
from minidask_distributed.worker.machine.records import COPY, FIRST_ATTEMPT, FROM_SCHEDULER, UNKNOWN_US, Recipe, Task
from minidask_distributed.worker.machine.state import State
from minidask_distributed.worker.machine.states import (
    FETCHING,
    MEMORY,
    READY,
    RELEASED,
    RESUMED,
    RUNNING,
    WAITING,
)


class Inbox(State):
    """A worker's state with what messages do to it."""

    def handle(self, message: Message, now: float) -> None:
        """Take a message of the scheduler's in.

        Parameters
        ----------
        message : Message
            Of those that speak of tasks, data, recipes and peers; the others are the shell's.
        now : float
            Seconds, for the log of moves.

        Raises
        ------
        TypeError
            For a message of another kind.
        """
        handler = self._HANDLERS.get(type(message))
        if handler is None:
            raise TypeError(f"{type(message).__name__} is no message for a worker's tasks")
        self._stimulus, self._now = type(message).__name__, now
        handler(self, message)
        self._start_fetches()

    def _compute(self, message: Compute) -> None:
        self.fetches.name(message.peers)
        for number, source in message.recipes:
            self._recipe_came(number, source)
        recipes = {number: self.recipes.use(number) for number in dict.fromkeys(message.recipe)}
        for number, expected_us in message.expected.items():
            recipe = self.recipes.get(number)
            if recipe is not None and expected_us != UNKNOWN_US:
                recipe.expected_us = expected_us
        tasks, unwanted, deps = self.tasks, self.unwanted, message.deps
        heap, in_line, watched = self.ready.heap, self.ready.tasks, self._watched
        at = 0
        for id, attempt, key, number, literals, n_deps, option in zip(
            message.tasks,
            repeat(FIRST_ATTEMPT) if message.attempts is None else message.attempts,
            decode_keys(message.keys),
            message.recipe,
            message.literals,
            message.n_deps,
            repeat(-1) if message.option is None else message.option,
        ):
            recipe = recipes[number]
            at += n_deps
            if id in tasks or id in unwanted:
                task = self._known(id, key, attempt, recipe, literals)
                if task is None:
                    continue
            else:
                task = Task(id, key, attempt, recipe, literals)
                if not n_deps and option < 0 and recipe.source is not None:
                    # The hot path: everything is here.
                    if watched:
                        self._note(task, READY)
                    task.state = READY
                    tasks[id] = in_line[id] = task
                    heappush(heap, id)
                    continue
            if option >= 0:
                task.set_options(message.options[option])
            if n_deps:
                task.deps = deps[at - n_deps : at]
            self._begin(task, message)

    def _known(self, id: int, key: Hashable, attempt: int, recipe: Recipe, literals: Any) -> Task | None:
        """Take note that a known task is assigned (again); return it if it is to be prepared like a new one."""
        task = self.tasks.get(id)
        if task is not None and task.state == MEMORY:
            self.outbox.rows.append((id, attempt, task.nbytes, self._now, self._now, 0, None))
            return None
        run = self.unwanted.pop(id, None)
        if run is not None:
            if task is not None:
                # Tasks here waited for the result from elsewhere.
                run.dependents, task.dependents = task.dependents, None
                self._unwant(task)
            self._move(run, RESUMED)
            run.attempt = attempt
            self.tasks[id] = self.running[id] = run
            return None
        assert task is not None
        if task.want is None:
            task.attempt = max(attempt, task.attempt)
            return None
        self.fetches.discard(task)
        self.unreported.pop(id, None)
        task.want = None
        task.key, task.attempt, task.recipe, task.literals = key, attempt, recipe, literals
        return task

    def _begin(self, task: Task, message: Compute) -> None:
        """Put a task in line, or have it wait for what it needs."""
        self.tasks[task.id] = task
        inlined = message.inlined
        for dep in task.deps:
            if dep in inlined:
                task.inlined = inlined
            else:
                self._lack(task, dep, message.holders.get(dep), message.sizes.get(dep, 0))
        recipe = task.recipe
        assert recipe is not None
        if recipe.source is None:
            recipe.waiters[task.id] = task
            task.lacks += 1
            if not recipe.asked:
                recipe.asked = True
                self.outbox.need_recipe(recipe.number)
        if task.lacks:
            self._move(task, WAITING)
        else:
            self._put_in_line(task)

    def _free(self, message: Free) -> None:
        tasks, drops = self.tasks, self.drops
        for id in message.tasks:
            task = tasks.get(id)
            if task is None:
                continue
            if task.state == MEMORY:
                self._move(task, RELEASED)
                del tasks[id]
                self.n_held -= 1
                drops.append(id)
                if task.attempt == COPY:
                    # Its report may have crossed this message.
                    self.outbox.lost(id)
            else:
                self._give_up(task)

    def _stop(self, message: Stop) -> None:
        for id in message.tasks:
            run = self.unwanted.pop(id, None)
            if run is not None:
                self._interrupt(run, message.reason)
            task = self.tasks.get(id)
            if task is None:
                continue
            if task.state in RUNNING:
                del self.tasks[id], self.running[id]
                self._interrupt(task, message.reason)
                self._still_needed(task)
            elif task.state == MEMORY:
                self._free(Free([id]))
            else:
                self._give_up(task)

    def _interrupt(self, run: Task, reason: str) -> None:
        self._move(run, RELEASED)
        self._release_resources(run)
        self.instructions.append(Interrupt(run, reason))

    def _recall(self, message: Recall) -> None:
        given: list[int] = []
        kept: list[int] = []
        for id in message.tasks:
            task = self.tasks.get(id)
            if task is not None and task.state in (WAITING, READY):
                self._give_up(task)
                given.append(id)
            else:
                kept.append(id)
        self.outbox.recalled(given, kept)

    def _holders(self, message: Holders) -> None:
        self.fetches.name(message.peers)
        for id, holders in message.holders.items():
            task = self.tasks.get(id)
            if task is None or task.want is None or task.want.serial == FROM_SCHEDULER:
                continue
            task.want.size = message.sizes.get(id, task.want.size)
            if not holders and not task.want.serial:
                # Gone everywhere: what is to be kept for its own sake only can't come any more.
                task.want.kept = False
                if not task.dependents:
                    self._unwant(task)
                    continue
            if not task.want.serial:
                self._find(task, holders, told=not holders)
            else:
                known = self.fetches.peers
                task.want.holders += [n for n in holders if n in known and n not in task.want.holders]

    def _recipes_came(self, message: Recipes) -> None:
        for number, source in message.recipes:
            self._recipe_came(number, source)

    def _recipe_came(self, number: int, source: Any) -> None:
        recipe = self.recipes.put(number, source)
        if recipe.waiters:
            waiters, recipe.waiters = recipe.waiters, {}
            for task in waiters.values():
                self._found_one(task)

    def _store(self, message: Store) -> None:
        tasks: list[int] = []
        payloads: list[Any] = []
        for id, key, payload in zip(message.tasks, decode_keys(message.keys), message.payloads):
            task = self.tasks.get(id)
            if task is not None and task.want is None:
                if task.state == MEMORY:
                    self.outbox.held(id, task.nbytes)
                continue
            if task is None:
                task = self._want(id, key, id, 0, kept=True)
            else:
                self._unfind(task)
            assert task.want is not None
            task.key, task.want.kept, task.want.serial = key, True, FROM_SCHEDULER
            if task.state != FETCHING:
                self._move(task, FETCHING)
            tasks.append(id)
            payloads.append(payload)
        if tasks:
            self.instructions.append(Keep(tasks, payloads))

    def _acquire(self, message: Acquire) -> None:
        self.fetches.name(message.peers)
        for id, key in zip(message.tasks, decode_keys(message.keys)):
            task = self.tasks.get(id)
            if task is None:
                task = self._want(id, key, id, message.sizes.get(id, 0), kept=True)
                self._find(task, message.holders.get(id, ()))
            elif task.state == MEMORY:
                task.key = key
                self.outbox.held(id, task.nbytes)
            elif task.want is not None:
                task.key, task.want.kept = key, True
                if not task.want.serial and message.holders.get(id):
                    self._find(task, message.holders[id])

    def _workers_gone(self, message: WorkerGone) -> None:
        for number in message.workers:
            waiting = self.fetches.in_line(number)
            flight = self.fetches.gone(number)
            if flight is not None:
                self.instructions.append(Abandon(flight.serial, number, flight.address))
                self._failed_there(flight.tasks, number, flight.serial)
            self._failed_there(waiting, number, 0)

    _HANDLERS: dict[type[Message], Callable[[Any, Any], None]] = {
        Compute: _compute,
        Free: _free,
        Stop: _stop,
        Recall: _recall,
        Holders: _holders,
        Recipes: _recipes_came,
        Store: _store,
        Acquire: _acquire,
        WorkerGone: _workers_gone,
    }

    MESSAGES = frozenset(_HANDLERS)
    """The kinds that `handle` takes."""
