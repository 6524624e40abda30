"""What is kept of a task."""

from __future__ import annotations

from minidask_distributed.messages import priority_of
from minidask_distributed.worker.machine.records import Recipe, Task, executor_of


def test_options():
    task = Task(7, "x")
    assert (task.priority, task.executor, task.resources) == (7, "default", {})
    task.set_options({"priority": 2, "annotations": {"executor": "gpu"}, "resources": {"GPU": 1}})
    assert (task.priority, task.executor, task.resources) == (priority_of(7, 2), "gpu", {"GPU": 1})
    task.set_options({"annotations": None, "priority": None, "resources": None})
    assert (task.priority, task.executor, task.resources) == (7, "default", {})


def test_executor():
    assert executor_of({}) == "default"


def test_repr():
    recipe = Recipe(3)
    assert repr(recipe) == "<Recipe 3: not here>"
    recipe.source, recipe.nbytes = b"123", 3
    assert repr(recipe) == "<Recipe 3: 3 bytes>"
    assert repr(Task(1, ("x", 0))) == "<Task ('x', 0) (1) released>"
