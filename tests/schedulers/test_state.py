"""The state machine: random graphs in random order of events, and results that leave as soon as nobody needs them."""

from operator import add, neg

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from minidask.graph import convert
from minidask.graph.task import Task, TaskRef
from minidask.graph.traverse import CycleError
from minidask.schedulers.state import State, StateView


@st.composite
def graphs(draw):
    """Graphs of up to 25 tasks in which each needs up to four of the earlier ones, and some outputs."""
    size = draw(st.integers(1, 25))
    graph = {}
    for at in range(size):
        needs = draw(st.lists(st.integers(0, at - 1), max_size=4)) if at else []
        graph["k", at] = Task(lambda *args: 1 + sum(args), tuple(TaskRef(("k", need)) for need in needs))
    outputs = draw(st.lists(st.sampled_from(sorted(graph)), min_size=1, max_size=5))
    return graph, outputs


def expected(graph, outputs):
    values = {}
    for key, task in graph.items():  # made in topological order
        values[key] = task(values)
    return {key: values[key] for key in outputs}


class Life(RuleBasedStateMachine):
    """Pop and finish in any order that workers could bring about; ``check`` after every event."""

    @initialize(graph=graphs())
    def begin(self, graph):
        self.graph, self.outputs = graph
        self.state = State(*graph)
        self.running = []
        self.popped = set()

    @precondition(lambda self: self.state.ready)
    @rule()
    def pop(self):
        smallest = min(self.state.ready)
        at = self.state.pop()
        assert at == smallest
        assert at not in self.popped
        self.popped.add(at)
        self.running.append(at)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data):
        at = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        before = len(self.state.ready)
        count = self.state.finish(at, self.state.tasks[at](self.state.cache))
        assert len(self.state.ready) == before + count

    @precondition(lambda self: self.state.done)
    @rule()
    def stay(self):
        """Nothing happens to a computation that is done."""
        assert not self.state.ready

    @invariant()
    def sound(self):
        self.state.check()
        assert self.state.done or self.state.ready or self.running
        view = StateView(self.state)
        for name in ("waiting", "ready", "running", "finished"):
            assert len(view[name]) == len(list(view[name]))
        parts = [set(view[name]) for name in ("waiting", "ready", "running", "finished")]
        assert sum(map(len, parts)) == len(set().union(*parts)) == len(self.state.keys)

    def teardown(self):
        if not hasattr(self, "state"):
            return
        while not self.state.done:
            if self.state.ready:
                self.pop()
            at = self.running.pop()
            self.state.finish(at, self.state.tasks[at](self.state.cache))
            self.state.check()
        assert self.state.cache == expected(self.graph, self.outputs)


TestLife = pytest.mark.slow(Life.TestCase)
TestLife.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.slow
@given(graphs())
@settings(max_examples=100, deadline=None)
def test_only_what_is_needed_is_there(case):
    graph, outputs = case
    state = State(graph, outputs)
    needed = set(outputs)
    pending = list(needed)
    while pending:
        for key in graph[pending.pop()].dependencies:
            if key not in needed:
                needed.add(key)
                pending.append(key)
    assert set(state.keys) == needed
    assert [state.place[key] for key in state.keys] == list(range(len(needed)))


def test_a_result_leaves_when_its_last_user_has_finished():
    state = State(convert({"x": 1, "y": (neg, "x"), "z": (add, "x", "y")}), ["z"])
    held = []
    while not state.done:
        at = state.pop()
        state.finish(at, state.tasks[at](state.cache))
        held.append(set(state.cache))
    assert held == [{"x"}, {"x", "y"}, {"z"}]


def test_an_output_that_others_need_stays():
    state = State(convert({"x": 1, "y": (neg, "x")}), ["x", "y", "x"])
    while not state.done:
        at = state.pop()
        state.finish(at, state.tasks[at](state.cache))
    assert state.cache == {"x": 1, "y": -1}


def test_nothing_to_do():
    state = State({}, [])
    assert state.done
    with pytest.raises(IndexError):
        state.pop()


def test_check_finds_a_result_that_is_held_too_long():
    state = State(convert({"x": 1, "y": (neg, "x")}), ["y"])
    state.finish(state.pop(), 1)
    state.finish(state.pop(), -1)
    state.cache["x"] = 1
    with pytest.raises(AssertionError, match=r"'x' is held without need"):
        state.check()


def test_a_cycle_and_a_missing_key_are_errors_at_once():
    with pytest.raises(CycleError, match=r"'a' -> 'b' -> 'a'"):
        State(convert({"a": (neg, "b"), "b": (neg, "a")}), ["a"])
    with pytest.raises(KeyError, match=r"the key 'b' is not in the graph"):
        State({"a": Task(neg, (TaskRef("b"),))}, ["a"])


def test_the_view_follows_the_state():
    state = State(convert({"x": 1, "y": (neg, "x"), "z": (neg, "y")}), ["z"])
    view = StateView(state)
    assert list(view) == ["waiting", "ready", "running", "finished", "cache", "dependencies"]
    assert len(view) == 6
    assert (list(view["waiting"]), list(view["ready"])) == (["y", "z"], ["x"])
    at = state.pop()
    assert "x" in view["running"]
    assert "x" not in view["ready"]
    assert "nothing" not in view["running"]
    state.finish(at, 1)
    assert list(view["finished"]) == ["x"]
    assert view["cache"] == {"x": 1}
    assert view["dependencies"]["y"] == {"x"}
    assert list(view["dependencies"]) == ["x", "y", "z"]
    assert len(view["dependencies"]) == 3
