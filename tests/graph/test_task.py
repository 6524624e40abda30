from __future__ import annotations

import pickle
from functools import partial
from operator import add, neg

import numpy as np
import pytest

from minidask.graph import Program, ProgramBuilder, Task, TaskRef, alias, fetched, func_name, held, identity, literal
from minidask.graph.task import task_of
from minidask.tokenize import tokenize
from tests.graph.samples import affine, record


def test_dependencies_are_unique_and_in_order_of_appearance():
    task = Task(record, (TaskRef("b"), 1, TaskRef("a"), TaskRef("b")), {"k": TaskRef("c"), "l": TaskRef("a")})
    assert task.dependencies == ("b", "a", "c")
    assert Task(record).dependencies == ()
    assert Task(record, ([TaskRef("a")],)).dependencies == ()


def test_calling_gathers_arguments_and_keywords():
    task = Task(record, (TaskRef("a"), "a"), {"k": TaskRef(("c", 0)), "l": 2})
    assert task({"a": 1, ("c", 0): 3, "other": 0}) == ("record", (1, "a"), (("k", 3), ("l", 2)))
    with pytest.raises(KeyError, match="'a'"):
        task({})


def test_bind_puts_values_in_place():
    task = Task(record, (TaskRef("a"),), {"k": TaskRef("b")}, {"priority": 1})
    bound = task.bind({"a": 1, "b": 2})
    assert bound.dependencies == ()
    assert bound({}) == ("record", (1,), (("k", 2),))
    assert bound.annotations == {"priority": 1}
    assert bound.bind({}) is bound
    assert task.dependencies == ("a", "b")


def test_rename_changes_references_only():
    task = Task(record, (TaskRef("a"), "a", TaskRef("b")), {"k": TaskRef("a")}, {"priority": 1})
    renamed = task.rename({"a": "x", "z": "y"})
    assert renamed == Task(record, (TaskRef("x"), "a", TaskRef("b")), {"k": TaskRef("x")}, {"priority": 1})
    assert renamed.dependencies == ("x", "b")


@pytest.mark.parametrize("func", [1, None, "neg", (neg,), TaskRef("x")])
def test_the_function_must_be_callable(func):
    with pytest.raises(TypeError, match="a task's function must be callable, got"):
        Task(func)


def test_literals_and_aliases():
    assert literal(3).is_literal
    assert not literal(3).is_alias
    assert alias("x").is_alias
    assert not alias("x").is_literal
    assert alias("x")({"x": 3}) == literal(3)({}) == identity(3) == 3
    assert not Task(neg, (1,)).is_literal
    # Calls of identity that have no single argument in the usual place are calls like any other.
    assert not Task(identity, (), {"value": 1}).is_literal
    assert not Task(identity, (), {"value": TaskRef("x")}).is_alias


def test_equality():
    assert Task(add, (TaskRef("x"), 1)) == Task(add, (TaskRef("x"), 1))
    assert Task(add, (TaskRef("x"), 1)) != Task(add, (TaskRef("y"), 1))
    assert Task(add, (TaskRef("x"), 1)) != Task(add, (TaskRef("x"), 1, 2))
    assert Task(add, ("x", 1)) != Task(add, (TaskRef("x"), 1))
    assert Task(affine, (1,), {"slope": 2}) == Task(affine, (1,), {"slope": 2})
    assert Task(affine, (1,), {"slope": 2}) != Task(affine, (1,), {"offset": 2})
    assert Task(neg, (1,), None, {"priority": 1}) != Task(neg, (1,))
    assert Task(neg, (1,)) != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(Task(neg, (1,)))


@pytest.mark.parametrize(
    "pair", [(1, True), (1, 1.0), (0.0, -0.0), ([1], [True]), ((1,), (1.0,)), ({"a": 1}, {"a": 1.0})]
)
def test_equal_values_that_differ_make_different_tasks(pair):
    left, right = pair
    assert left == right
    assert literal(left) != literal(right)
    assert literal(left) == literal(left)


def test_arrays_anywhere_among_the_arguments():
    def task():
        return Task(record, (np.arange(3), [np.arange(2)], float("nan")))

    assert task() == task()
    assert task() != Task(record, (np.arange(3), [np.ones(2)], float("nan")))


def test_functions_that_do_the_same_are_equal():
    def make():
        return Task(lambda x: x + 1, (TaskRef("x"),))

    assert make() == make()
    assert make() != Task(lambda x: x + 2, (TaskRef("x"),))
    assert Task(partial(int, base=2), ("1",)) == Task(partial(int, base=2), ("1",))


def test_pickle_and_token():
    task = Task(affine, (TaskRef("x"),), {"slope": TaskRef(("y", 0))}, {"priority": 1})
    copy = pickle.loads(pickle.dumps(task))
    assert copy == task
    assert copy.dependencies == ("x", ("y", 0))
    assert tokenize(task) == tokenize(copy)
    assert tokenize(Task(neg, (TaskRef("x"),))) != tokenize(Task(neg, ("x",)))
    assert tokenize(TaskRef("x")) == tokenize(TaskRef("x")) != tokenize(TaskRef("y"))


def test_references():
    assert TaskRef("x") == TaskRef("x")
    assert TaskRef("x") != TaskRef("y")
    assert TaskRef("x") != "x"
    assert len({TaskRef("x"), TaskRef("x"), TaskRef(("x", 0))}) == 2
    assert pickle.loads(pickle.dumps(TaskRef(("x", 0)))) == TaskRef(("x", 0))


def test_a_task_whose_dependencies_are_known():
    task = task_of(affine, (TaskRef("x"), 1), ("x",), {"offset": 2}, {"priority": 1})
    assert task == Task(affine, (TaskRef("x"), 1), {"offset": 2}, {"priority": 1})
    assert task.dependencies == ("x",)


def test_repr_is_short():
    assert repr(Task(add, (TaskRef(("x", 0)), 10))) == "<Task add(('x', 0), 10)>"
    assert repr(Task(affine, (1,), {"slope": None})) == "<Task affine(1, slope=None)>"
    assert repr(literal(np.arange(3))) == "<Task identity(<ndarray>)>"
    assert repr(Task(record, tuple(range(100)))).endswith("5, 6, ... 93 more)>")
    assert len(repr(literal("x" * 1000))) < 100


def test_func_name():
    class Callable:
        def __call__(self):
            return None

    class Endless:
        @property
        def func(self):
            return self

        def __call__(self):
            return None

    assert func_name(partial(partial(neg, 1))) == "neg"
    assert func_name(np.add) == "add"
    assert func_name(Callable()) == "Callable"
    assert func_name(Endless()) == "Endless"
    assert func_name("".join) == "join"
    build = ProgramBuilder(1)
    program = build.finish(build.call(neg, (0,)))
    assert type(program) is Program
    assert func_name(program) == "neg"


class Result:
    __minidask_future__ = True

    def result(self):
        return 7


def test_what_is_held_elsewhere_is_fetched():
    assert held(Result())({}) == 7
    assert fetched(Result()) == 7
    assert fetched([Result]) == [Result]
