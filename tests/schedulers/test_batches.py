"""The loop over batches, with a carrier that keeps them here: sizes, order, failures, memory, and the warning of large data."""

import weakref
from operator import add

import numpy as np
import pytest

from minidask import config
from minidask.graph import convert
from minidask.graph.task import Task
from minidask.schedulers.batches import drive, warn_if_large
from minidask.schedulers.remote import run_parcel
from minidask.schedulers.run import run
from minidask.schedulers.state import State


class Here:
    """Run what is sent when it is asked for, the latest first."""

    def __init__(self, workers=2, late=0):
        self.workers = workers
        self.late = late  # workers that come only after the first news
        self.sent = []
        self.sizes = []
        self.expected = []

    def expect(self, ready):
        self.expected.append(ready)

    def room(self):
        return self.workers - len(self.sent), self.late

    def send(self, batch, parcel):
        self.sizes.append(len(batch))
        self.sent.append((batch, parcel))

    def receive(self):
        if self.late:
            self.workers += self.late
            self.late = 0
            return None
        batch, parcel = self.sent.pop()
        return batch, run_parcel(parcel)


def compute(graph, keys, chunksize=1, **kwargs):
    carrier = Here(**kwargs)
    return run(graph, keys, lambda state, watch: drive(state, watch, carrier, chunksize)), carrier


@pytest.mark.parametrize("chunksize", [1, 2, 6, 100])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results(chunksize, workers):
    graph = {("x", at): at for at in range(20)}
    graph |= {("y", at): (add, ("x", at), ("x", (at + 1) % 20)) for at in range(20)}
    graph["sum"] = (sum, [("y", at) for at in range(20)])
    result, carrier = compute(graph, ["sum", ("y", 19)], chunksize, workers=workers)
    assert result == (380, 19)
    assert max(carrier.sizes) <= chunksize


def test_few_tasks_are_spread():
    graph = {at: (int,) for at in range(6)}
    assert compute(graph, list(graph), 6, workers=2)[1].sizes == [3, 3]
    assert compute(graph, list(graph), 6, workers=1)[1].sizes == [6]
    # A worker that is still starting gets its share, too.
    assert compute(graph, list(graph), 6, workers=1, late=1)[1].sizes == [3, 3]


def test_workers_are_asked_for_by_need():
    carrier = compute({"x": 1, "y": (abs, "x"), "z": (abs, "y")}, "z")[1]
    assert carrier.expected == [1, 1, 1]


def test_a_failure_names_its_task_and_no_other_of_the_batch():
    graph = {"a": (int,), "b": (divmod, 1, 0), "c": (int,)}
    with pytest.raises(ZeroDivisionError) as caught:
        compute(graph, ["a", "b", "c"], 3, workers=1)
    assert caught.value.__notes__ == ["Raised by the task 'b' (divmod)."]


class Result:
    """Something to refer to."""


def test_results_are_not_held_while_others_are_waited_for():
    seen = []

    def make():
        result = Result()
        seen.append(weakref.ref(result))
        return result

    def look(value):
        return [ref() for ref in seen]

    graph = {"a": (make,), "b": (lambda value: None, "a"), "c": (look, "b")}
    assert compute(graph, "c")[0] == [None]


LIMIT = 10 * 2**20


def test_large_data_in_a_graph_bring_a_warning_with_size_and_advice():
    graph = convert({"small": 1, "big": (np.sum, np.zeros(3 * LIMIT // 8)), "z": (add, "small", "big")})
    with pytest.warns(UserWarning, match=r"the graph carries 30.00 MiB of data") as caught:
        warn_if_large(State(graph, ["z"]), LIMIT)
    text = str(caught[0].message)
    assert "the largest is a ndarray of 30.00 MiB in the task 'big' (sum). Load the data inside the task" in text
    assert caught[0].filename == __file__


def test_large_data_are_found_in_keywords_in_nested_work_and_in_sums():
    array = np.zeros(LIMIT // 8 // 2)
    nested = convert({"x": (sum, [(len, array), (len, array), (len, array)])})
    keyword = {"x": Task(dict, (), {"data": np.zeros(LIMIT)})}
    many = {at: Task(len, (array,)) for at in range(3)}
    for graph, keys in [(nested, ["x"]), (keyword, ["x"]), (many, [0, 1, 2])]:
        with pytest.warns(UserWarning, match=r"the graph carries"):
            warn_if_large(State(graph, keys), LIMIT)


def test_small_data_bring_none():
    graph = {at: Task(len, ("text" * 10,)) for at in range(100)}
    warn_if_large(State(graph, list(graph)), LIMIT)


def test_the_advice_names_a_setting_that_exists():
    assert config.get("optimization.graph-warning-size") == "10 MiB"
