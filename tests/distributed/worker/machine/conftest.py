"""A machine on its own, driven by hand: every event is followed by the check of all invariants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minidask_distributed.messages import Compute, Message, Recipes
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.worker.machine import Instruction, Task, WorkerMachine
from minidask_distributed.worker.machine.check import sanity_check

FAILURE = {"type": "ValueError", "text": "no", "traceback": "", "notes": [], "payload": None, "kind": "raised"}


class Driver:
    """A machine, the messages that it would have sent, and short ways to say things to it."""

    def __init__(self, **settings: Any) -> None:
        self.machine = WorkerMachine(validate=True, log_length=1000, **settings)
        self.clock = 100.0
        self.known = {0}

    def event(self, name: str, *args: Any) -> Any:
        """Let something happen."""
        self.clock += 1.0
        result = getattr(self.machine, name)(*args)
        sanity_check(self.machine)
        return result

    def handle(self, message: Message) -> None:
        """Let a message come."""
        self.event("handle", message, self.clock)

    def compute(self, *tasks: int, deps: dict[int, list[int]] | None = None, recipe: int = 0, **fields: Any) -> None:
        """Assign tasks; ``fields`` are those of `Compute`, ``options`` a dict a task."""
        deps = deps or {}
        options = fields.pop("options", None)
        attempt = fields.pop("attempt", None)
        send = fields.pop("send_recipe", recipe in self.known)
        self.known.discard(recipe)
        self.handle(
            Compute(
                tasks=list(tasks),
                attempts=None if attempt is None else [attempt] * len(tasks),
                keys=encode_keys([f"key-{task}" for task in tasks]),
                recipes=[[recipe, b"recipe"]] if send else [],
                recipe=[recipe] * len(tasks),
                literals=[f"literals-{task}".encode() for task in tasks],
                deps=[dep for task in tasks for dep in deps.get(task, [])],
                n_deps=[len(deps.get(task, [])) for task in tasks],
                options=[options[task] for task in options] if options else [],
                option=[list(options).index(task) if task in options else -1 for task in tasks] if options else None,
                expected=fields.pop("expected", {}),
                inlined=fields.pop("inlined", {}),
                holders=fields.pop("holders", {}),
                sizes=fields.pop("sizes", {}),
                peers=fields.pop("peers", {}),
            )
        )
        assert not fields

    def recipe(self, number: int) -> None:
        """Let a recipe come that was asked for."""
        self.handle(Recipes([[number, b"recipe"]]))

    def take(self, executor: str = "default") -> Task:
        """Take a task, which must be there."""
        task = self.event("take", executor)
        assert task is not None, "no task is ready"
        return task

    def run(self, *expected: int) -> None:
        """Take and finish these tasks, in this order."""
        for number in expected:
            task = self.take()
            assert task.id == number
            assert self.finish(task)

    def finish(self, task: Task, nbytes: int = 10, value: Any = None) -> bool:
        """Let a run give a result."""
        return self.event("finished", task, nbytes, value, self.clock, self.clock + 0.5, 3)

    def fail(self, task: Task) -> None:
        """Let a run raise."""
        self.event("failed", task, dict(FAILURE), self.clock, self.clock + 0.5)

    def idle(self) -> bool:
        """Whether no thread can take anything."""
        return self.event("take") is None

    def state(self, task: int) -> str:
        """Return a task's state."""
        known = self.machine.tasks.get(task)
        return "released" if known is None else known.state

    def sent(self) -> list[Message]:
        """Return what the scheduler would have been told since the last time."""
        return self.event("flush")

    def asked(self) -> list[Instruction]:
        """Return the instructions since the last time."""
        asked, self.machine.instructions = self.machine.instructions, []
        return asked

    def dropped(self) -> list[int]:
        """Return the ids of values to drop since the last time."""
        dropped, self.machine.drops = self.machine.drops, []
        return dropped

    def quiet(self) -> None:
        """Assert that nothing is to be said or done."""
        assert (self.sent(), self.asked(), self.dropped()) == ([], [], [])


@pytest.fixture
def drive() -> Callable[..., Driver]:
    """Give the class of drivers."""
    return Driver


@pytest.fixture
def worker() -> Driver:
    """Give a driver of a machine with the usual settings."""
    return Driver()
