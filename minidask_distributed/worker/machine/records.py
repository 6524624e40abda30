"""What a worker keeps of a task, of a result that is wanted from elsewhere, and of a recipe.

Place in the flow: `machine` makes and changes them; an executor thread that has taken a `Task` reads what it needs to run it
(``recipe``, ``literals``, ``deps``, ``inlined``, ``options``) and may load the recipe, nothing more.

Slotted, since there may be hundreds of thousands. Not for: values; those lie in the worker's data, by task id.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from minidask_distributed.messages import priority_of
from minidask_distributed.worker.machine.states import RELEASED

FIRST_ATTEMPT = 1
"""The attempt that a column of None stands for."""

COPY = 0
"""In place of an attempt: the result came from elsewhere and was reported as a copy."""

UNKNOWN_US = -1
"""An expected duration that isn't known."""

FROM_SCHEDULER = -1
"""In place of a fetch's serial: the scheduler sent the data itself, and they are being unpacked."""


class Recipe:
    """A function with the shape of its call, as the scheduler named it on this connection."""

    __slots__ = ("asked", "expected_us", "is_coroutine", "loaded", "nbytes", "number", "source", "waiters")

    def __init__(self, number: int) -> None:
        self.number = number
        self.source: Any = None  # bytes, or a calls.Recipe in-process; None: not here, asked for
        self.nbytes = 0
        self.loaded: Any = None  # the calls.Recipe, once a thread has read it
        self.is_coroutine = False  # known once loaded
        self.expected_us = UNKNOWN_US  # by the scheduler, or measured here until it says something
        self.asked = False
        self.waiters: dict[int, Task] = {}  # {task id: task that waits for the source}

    def __repr__(self) -> str:
        return f"<Recipe {self.number}: {'not here' if self.source is None else f'{self.nbytes} bytes'}>"


class Want:
    """How a result that this worker needs may come here."""

    __slots__ = ("holders", "kept", "priority", "serial", "size", "tried")

    def __init__(self, priority: int, size: int, kept: bool) -> None:
        self.holders: list[int] = []  # workers that should have it and weren't tried
        self.tried: list[int] = []  # workers that couldn't give it
        self.priority = priority  # of the first task that needs it
        self.size = size  # bytes, 0: not known
        self.serial = 0  # of the fetch that it is in, 0: none
        self.kept = kept  # wanted for itself, not only for tasks here


class Task:
    """A task to run, a result that is held, or one that is wanted from elsewhere."""

    __slots__ = (
        "attempt",
        "dependents",
        "deps",
        "id",
        "inlined",
        "key",
        "lacks",
        "literals",
        "nbytes",
        "options",
        "priority",
        "recipe",
        "state",
        "want",
    )

    def __init__(
        self,
        id: int,
        key: Hashable,
        attempt: int = FIRST_ATTEMPT,
        recipe: Recipe | None = None,
        literals: Any = None,
    ) -> None:
        self.id = id
        self.key = key  # None for dependencies, whose keys the scheduler doesn't name
        self.attempt = attempt
        self.state = RELEASED
        self.recipe = recipe  # None unless it is to be run
        self.literals = literals
        self.deps: list[int] | tuple[()] = ()
        self.inlined: dict[int, Any] | None = None  # {dependency: value} that came along
        self.options: dict[str, Any] | None = None
        self.priority = id  # the least runs first
        self.lacks = 0  # dependencies, and recipe, that it still waits for
        self.dependents: dict[int, Task] | None = None  # {task id: task} that wait for this one's result
        self.nbytes = 0  # of the result
        self.want: Want | None = None  # while fetching or missing

    def set_options(self, options: dict[str, Any]) -> None:
        """Take what the task asks for beyond its function."""
        self.options = options
        self.priority = priority_of(self.id, options.get("priority") or 0)

    @property
    def executor(self) -> str:
        """The name of the executor that is to run it."""
        return executor_of(self.options)

    @property
    def resources(self) -> dict[str, float]:
        """What it takes of the worker's resources while it runs."""
        return (self.options or {}).get("resources") or {}

    def __repr__(self) -> str:
        return f"<Task {self.key!r} ({self.id}) {self.state}>"


DEFAULT_EXECUTOR = "default"


def executor_of(options: dict[str, Any] | None) -> str:
    """Return the name of the executor that a task's options ask for.

    Examples
    --------
    >>> executor_of({"annotations": {"executor": "gpu"}}), executor_of(None)
    ('gpu', 'default')
    """
    if options is None:
        return DEFAULT_EXECUTOR
    return (options.get("annotations") or {}).get("executor") or DEFAULT_EXECUTOR
