"""Callbacks: who is called, in which order, from which computations, and what happens when one raises."""

import asyncio
import os
import threading
from operator import add

import pytest

import minidask.callbacks
from minidask.schedulers import sync, threads
from minidask.schedulers.callbacks import ActiveCallbacks, Callback, active_callbacks, add_callbacks

GRAPH = {"x": 1, "y": (add, "x", 10), "z": (add, "y", "x")}
GETS = pytest.mark.parametrize("get", [sync.get, threads.get])


class Recorder(Callback):
    """Write down every event."""

    def __init__(self):
        super().__init__()
        self.events = []

    def _start(self, dsk):
        self.events.append(("start", set(dsk)))

    def _start_state(self, dsk, state):
        self.state = state
        self.events.append(("start_state", len(state["waiting"]) + len(state["ready"])))

    def _pretask(self, key, dsk, state):
        assert state is self.state
        self.events.append(("pretask", key))

    def _posttask(self, key, result, dsk, state, worker_id):
        assert state is self.state
        self.events.append(("posttask", key, result))

    def _finish(self, dsk, state, errored):
        self.events.append(("finish", errored))


def keys(event, recorder):
    return [entry[1] for entry in recorder.events if entry[0] == event]


@GETS
def test_all_events_in_order(get):
    with Recorder() as recorder:
        assert get(GRAPH, "z") == 12
    names = [entry[0] for entry in recorder.events]
    assert names[:2] == ["start", "start_state"]
    assert names[-1] == "finish"
    assert ("posttask", "z", 12) in recorder.events
    assert keys("pretask", recorder) == keys("posttask", recorder)
    for key in ("y", "z"):
        assert recorder.events.index(("pretask", key)) < [entry[:2] for entry in recorder.events].index(
            ("posttask", key)
        )
    assert recorder.events[-1] == ("finish", False)


@GETS
def test_error_of_a_task(get):
    with Recorder() as recorder, pytest.raises(ZeroDivisionError):
        get({"x": (divmod, 1, 0)}, "x")
    assert keys("pretask", recorder) == ["x"]
    assert keys("posttask", recorder) == []
    assert recorder.events[-1] == ("finish", True)


@GETS
@pytest.mark.parametrize("event", ["start", "start_state", "pretask", "posttask", "finish"])
def test_error_of_a_callback_propagates_and_all_are_finished(get, event):
    def fail(*args):
        raise LookupError(f"in {event}")

    before, after = Recorder(), Recorder()
    with add_callbacks(before, Callback(**{event: fail}), after), pytest.raises(LookupError, match=f"in {event}"):
        get(GRAPH, "z")
    assert before.events[-1][0] == after.events[-1][0] == "finish"
    assert before.events[-1][1] is (event != "finish")
    assert get(GRAPH, "z") == 12


def test_functions_instead_of_methods():
    seen = []
    with Callback(pretask=lambda key, dsk, state: seen.append(key)):
        sync.get(GRAPH, "z")
    assert {"y", "z"} <= set(seen)


@pytest.mark.parametrize("event", ["start", "start_state", "pretask", "posttask", "finish"])
def test_not_callable(event):
    with pytest.raises(TypeError, match=f"{event} must be callable or None, not int: 3"):
        Callback(**{event: 3})


def test_nothing_active():
    assert not active_callbacks()
    assert active_callbacks() == ((), (), (), (), ())
    with Callback():
        assert not active_callbacks()


def test_each_callback_once_in_order_of_registration_then_of_entry():
    calls = []
    first, second, third = (Callback(start=lambda dsk, name=name: calls.append(name)) for name in "abc")
    third.register()
    try:
        third.register()
        with first, second, first, third:
            for hook in active_callbacks().start:
                hook({})
    finally:
        third.unregister()
    assert calls == ["c", "a", "b"]
    assert not active_callbacks()


def test_unregister_what_is_not_registered():
    with pytest.raises(KeyError, match="not registered"):
        Callback().unregister()


def test_leaving_one_of_two_entries_keeps_the_other():
    callback = Callback(start=print)
    with callback:
        with callback:
            pass
        assert len(active_callbacks().start) == 1
    assert not active_callbacks()


def test_blocks_that_close_in_another_order():
    first, second = Callback(start=print), Callback(start=print)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert len(active_callbacks().start) == 1
    second.__exit__(None, None, None)
    assert not active_callbacks()


def in_thread(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join()
    return result[0]


def test_blocks_concern_their_thread_and_registered_ones_all():
    callback = Callback(start=print)
    with callback:
        assert not in_thread(active_callbacks)
        assert active_callbacks()
    callback.register()
    try:
        assert in_thread(active_callbacks)
    finally:
        callback.unregister()
    assert not in_thread(active_callbacks)


def test_several_threads_see_only_their_own_computations():
    recorders = [Recorder() for _ in range(4)]
    barrier = threading.Barrier(4)

    def work(number):
        with recorders[number]:
            barrier.wait(30)
            for turn in range(20):
                key = (number, turn)
                assert threads.get({key: (add, 1, number + turn + 0.5)}, key) == 1 + number + turn + 0.5

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for number, recorder in enumerate(recorders):
        assert keys("posttask", recorder) == [(number, turn) for turn in range(20)]


def test_asyncio_tasks_have_their_own_blocks():
    async def compute(recorder, ready, other):
        with recorder:
            ready.set()
            await other.wait()
            return sync.get({"x": (add, 1, 2)}, "x")

    async def main():
        first, second = Recorder(), Recorder()
        one, two = asyncio.Event(), asyncio.Event()
        assert await asyncio.gather(compute(first, one, two), compute(second, two, one)) == [3, 3]
        return first, second

    for recorder in asyncio.run(main()):
        assert keys("posttask", recorder) == ["x"]


def test_add_callbacks_takes_tuples():
    calls = []
    hooks = (None, None, None, lambda *args: calls.append(args[0]), None)
    with add_callbacks(hooks):
        sync.get({"x": (add, 1, 2)}, "x")
    assert calls == ["x"]
    assert not active_callbacks()


@pytest.mark.parametrize(
    ("callback", "error", "message"),
    [
        (print, TypeError, "expected a Callback or a tuple of five functions, got builtin_function_or_method"),
        ((print, None), ValueError, "five items, one for each of start, start_state, pretask, posttask, finish; got 2"),
        ((1, None, None, None, None), TypeError, "start must be callable or None, not int"),
    ],
)
def test_add_callbacks_bad_input(callback, error, message):
    with pytest.raises(error, match=message), add_callbacks(Callback(start=print), callback):
        raise AssertionError("the block must not run")
    assert not active_callbacks()


def test_finish_all_raises_the_first_error_after_calling_all():
    calls = []

    def fail(number):
        def finish(dsk, state, errored):
            calls.append(number)
            raise LookupError(number)

        return finish

    hooks = ActiveCallbacks(finish=(fail(1), lambda *args: calls.append(2), fail(3)))
    with pytest.raises(LookupError, match="1"):
        hooks.finish_all({}, None, False)
    assert calls == [1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_are_not_watched():
    callback = Callback(start=print)
    callback.register()
    try:
        with callback:
            child = os.fork()
            if child == 0:
                os._exit(1 if active_callbacks() else 0)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            assert active_callbacks()
    finally:
        callback.unregister()


def test_facade():
    assert minidask.callbacks.Callback is Callback
    assert minidask.callbacks.add_callbacks is add_callbacks
