"""The synchronous scheduler: the order, the errors, the memory that it holds."""

import sys
import traceback
from operator import add, neg

import pytest

from minidask import config
from minidask.schedulers import sync


def test_tasks_run_in_order_in_the_calling_thread():
    done = []

    def note(key, *needs):
        done.append(key)
        return key

    graph = {
        "a": (note, "A"),
        "b": (note, "B", "a"),
        "c": (note, "C"),
        "d": (note, "D", "c"),
        "e": (note, "E", "b", "d"),
    }
    assert sync.get(graph, "e", num_workers=5, unknown=True) == "E"
    assert done == ["A", "B", "C", "D", "E"]


@pytest.mark.slow
def test_a_chain_of_fifty_thousand_tasks():
    graph = {at: ((add, at - 1, 1.5) if at else 0) for at in range(50_000)}
    assert sync.get(graph, 49_999) == 49_999 * 1.5


def fail(value):
    raise ValueError(f"bad {value}")


def test_an_error_has_its_type_the_key_and_the_users_frames():
    with pytest.raises(ValueError, match=r"bad 3") as caught:
        sync.get({"x": 3, "y": (fail, "x")}, "y")
    assert caught.value.__notes__ == ["Raised by the task 'y' (fail)."]
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["drive", "fail"]  # nothing of the graph's machinery in between


def test_the_context_of_an_error_is_kept():
    def wrapped():
        try:
            fail(1)
        except ValueError:
            raise KeyError("two")

    def caused():
        try:
            fail(1)
        except ValueError as error:
            raise KeyError("two") from error

    with pytest.raises(KeyError) as caught:
        sync.get({"x": (wrapped,)}, "x")
    assert isinstance(caught.value.__context__, ValueError)
    assert not caught.value.__suppress_context__
    with pytest.raises(KeyError) as caught:
        sync.get({"x": (caused,)}, "x")
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("error", [StopIteration("s"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_every_kind_of_error_comes_through(error):
    def task():
        raise error

    with pytest.raises(type(error)) as caught:
        sync.get({"x": (task,)}, "x")
    assert caught.value is error


def test_nested_computations_name_each_task_once():
    def inner():
        return sync.get({"in": (fail, 1)}, "in")

    def middle():
        return sync.get({"in": (inner,)}, "in")

    with pytest.raises(ValueError, match=r"bad 1") as caught:
        sync.get({"out": (middle,)}, "out")
    assert caught.value.__notes__ == [
        "Raised by the task 'in' (fail).",
        "Raised by the task 'in' (inner).",
        "Raised by the task 'out' (middle).",
    ]


def test_a_debugger_lands_in_the_task():
    """What ``pdb.pm()`` shows: the innermost frame is the user's, with its variables."""
    try:
        sync.get({"x": (fail, 7)}, "x")
    except ValueError:
        innermost = list(traceback.walk_tb(sys.exc_info()[2]))[-1][0]
    assert innermost.f_code.co_name == "fail"
    assert innermost.f_locals == {"value": 7}


def test_settings_are_those_of_the_caller():
    with config.set(num_workers=3):
        assert sync.get({"x": (config.get, "num_workers")}, "x") == 3


class Counted:
    """A result that is counted while it lives."""

    alive = 0
    most = 0

    def __init__(self):
        cls = type(self)
        cls.alive += 1
        cls.most = max(cls.most, cls.alive)

    def __del__(self):
        type(self).alive -= 1


def make(*needs):
    return Counted()


def test_a_chain_holds_two_results():
    Counted.most = Counted.alive = 0
    graph = {0: (make,), **{at: (make, at - 1) for at in range(1, 100)}}
    sync.get(graph, 99)
    assert Counted.most == 2
    assert Counted.alive == 0


def test_operators_are_named_in_notes():
    with pytest.raises(TypeError) as caught:
        sync.get({"x": (neg, None)}, "x")
    assert caught.value.__notes__ == ["Raised by the task 'x' (neg)."]
