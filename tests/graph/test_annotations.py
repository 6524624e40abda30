from __future__ import annotations

import threading
from contextvars import copy_context

import pytest

from minidask.graph import annotate, get_annotations, source
from minidask.graph.annotations import current_annotations, resolve


def test_inner_blocks_add_and_replace():
    assert get_annotations() == {}
    assert current_annotations() is None
    with annotate(priority=1, mine="a"):
        with annotate(priority=2, retries=3):
            assert get_annotations() == {"priority": 2, "mine": "a", "retries": 3}
        assert get_annotations() == {"priority": 1, "mine": "a"}
    assert get_annotations() == {}


def test_errors_leave_no_trace():
    with pytest.raises(ZeroDivisionError):
        with annotate(priority=1):
            1 / 0
    assert get_annotations() == {}


def test_what_is_returned_is_a_copy():
    with annotate(priority=1):
        get_annotations()["priority"] = 5
        assert get_annotations() == {"priority": 1}


def test_a_function_can_be_decorated():
    @annotate(priority=7)
    def make():
        return source(abs, [1], name="x")

    assert make().annotations == {"priority": 7}
    assert make().annotations == {"priority": 7}


def test_other_threads_see_nothing_unless_given_the_context():
    seen = []
    with annotate(priority=1):
        for target in (lambda: seen.append(get_annotations()), None):
            context = copy_context()
            run = target or (lambda context=context: context.run(lambda: seen.append(get_annotations())))
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    assert seen == [{}, {"priority": 1}]


@pytest.mark.parametrize(
    ("notes", "error", "message"),
    [
        ({"priority": "high"}, TypeError, "annotation 'priority' must be an int or a function of the key, got 'high'"),
        ({"priority": True}, TypeError, "annotation 'priority' must be an int"),
        ({"retries": 1.5}, TypeError, "annotation 'retries' must be an int"),
        ({"retries": -1}, ValueError, "annotation 'retries' must not be negative, got -1"),
        ({"workers": 3}, TypeError, "annotation 'workers' must be a name or address, or a list of these, got 3"),
        ({"resources": "GPU"}, TypeError, r"annotation 'resources' must be a dict such as \{'GPU': 1\}, got 'GPU'"),
    ],
)
def test_values_that_can_not_be(notes, error, message):
    with pytest.raises(error, match=message):
        with annotate(**notes):
            pass
    assert get_annotations() == {}


@pytest.mark.parametrize(
    "notes",
    [{"priority": -3}, {"priority": len}, {"retries": 0}, {"workers": "a"}, {"workers": ["a", "b"]}, {"workers": {"a"}},
     {"resources": {"GPU": 1}}, {"allow_other_workers": True}, {"any": object()}, {"priority": None}],
)  # fmt: skip
def test_values_that_can_be(notes):
    with annotate(**notes):
        assert get_annotations() == notes


def test_functions_are_called_with_the_key():
    notes = {"priority": lambda key: key[1], "note": "n"}
    assert resolve(notes, ("x", 3)) == {"priority": 3, "note": "n"}
    plain = {"note": "n"}
    assert resolve(plain, "x") is plain
    assert resolve(None, "x") is None
