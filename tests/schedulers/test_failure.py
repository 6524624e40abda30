"""Errors made readable: notes, trimmed tracebacks, words for tasks, and the user's line for warnings."""

import dataclasses
import traceback
import warnings

from minidask.graph.task import Task
from minidask.schedulers import batches, sync
from minidask.schedulers.failure import add_note, blame, task_list, task_note, user_frames, user_stacklevel
from minidask.schedulers.state import State


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """An error that lets nobody set its attributes."""

    code: int


def raised_by(func):
    try:
        func()
    except BaseException as caught:
        return caught
    raise AssertionError("nothing was raised")


def raised(error):
    def func():
        raise error

    return raised_by(func)


def test_a_note_is_added_once():
    error = raised(ValueError("x"))
    for _ in range(3):
        assert blame(error, "k", Task(len, ("",))) is error
    assert error.__notes__ == ["Raised by the task 'k' (len)."]
    assert blame(error, "other", Task(len, ("",))).__notes__[-1] == "Raised by the task 'other' (len)."


def test_an_error_that_takes_no_notes_stays_what_it_is():
    assert blame(raised(Frozen(3)), "k", Task(len, ("",))) == Frozen(3)
    error = ValueError()
    error.__notes__ = 3
    add_note(error, "note")
    assert error.__notes__ == 3


def test_a_frozen_error_of_a_task_comes_through():
    def task():
        raise Frozen(4)

    caught = raised_by(lambda: sync.get({"x": (task,)}, "x"))
    assert caught == Frozen(4)


def test_names_of_tasks():
    assert task_note(("x", 0), Task(len, ("",))) == "Raised by the task ('x', 0) (len)."
    assert task_list([("x", Task(len, ("",))), ("y", Task(abs, (1,)))]) == "one of the tasks 'x' (len), 'y' (abs)"


def test_our_frames_are_dropped_from_the_top_only():
    def inner():
        raise ValueError

    def outer():
        return sync.get({"in": (inner,)}, "in")

    error = raised_by(lambda: sync.get({"out": (outer,)}, "out"))
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    # The frames of the inner computation stay: they say how the user's function was reached.
    assert names[-1] == "inner"
    assert names.index("outer") < names.index("inner")
    assert user_frames(None) is None


def test_a_traceback_of_our_frames_alone_is_kept():
    inner = raised_by(lambda: State({}, ["x"])).__traceback__.tb_next.tb_next
    assert inner is not None
    assert user_frames(inner) is inner


def test_warnings_point_at_the_users_line():
    state = State({"x": Task(len, ("a" * 100,))}, ["x"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        batches.warn_if_large(state, 10)
    assert caught[0].filename == __file__
    assert user_stacklevel() == 1
