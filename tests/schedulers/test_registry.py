"""Who runs a computation: names, what counts before what, and what is said about wrong ones."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minidask import config
from minidask.delayed import delayed
from minidask.schedulers import processes, registry, sync, threads
from minidask.schedulers.registry import (
    current_runner,
    get_scheduler,
    lowered_for,
    lowering_for,
    named_scheduler,
    register_runner,
    set_runner_of_tasks,
    unregister_runner,
    use_runner,
)


class Collection:
    """All of a collection that the registry asks for."""

    def __init__(self, get):
        self.__dask_scheduler__ = get


def own(dsk, keys, **kwargs):
    return "own"


def other(dsk, keys, **kwargs):
    return "other"


@pytest.fixture
def runner():
    register_runner(other)
    yield other
    unregister_runner(other)


@pytest.mark.parametrize(
    ("name", "get"),
    [
        ("sync", sync.get),
        ("synchronous", sync.get),
        ("single-threaded", sync.get),
        ("threads", threads.get),
        ("threading", threads.get),
        ("Threads", threads.get),
        ("processes", processes.get),
        ("multiprocessing", processes.get),
        (own, own),
    ],
)
def test_names_and_functions(name, get):
    assert named_scheduler(name) is get
    assert get_scheduler(scheduler=name) is get


def test_what_counts_before_what(runner):
    collection = Collection(own)
    assert get_scheduler(get=own, scheduler="sync") is own
    with config.set(scheduler="processes"):
        assert get_scheduler(scheduler="sync", collections=[collection]) is sync.get
        assert get_scheduler(collections=[collection]) is processes.get
    assert get_scheduler(collections=[collection]) is other
    unregister_runner(other)
    assert get_scheduler(collections=[collection], default=sync.get) is own
    assert get_scheduler(default=sync.get) is sync.get
    assert get_scheduler() is threads.get


def test_a_block_chooses_for_the_code_inside():
    with config.set(scheduler="sync"):
        assert get_scheduler() is sync.get
    assert get_scheduler() is threads.get


def test_collections_that_disagree_need_a_word():
    assert get_scheduler(collections=[Collection(own), Collection(own), object()]) is own
    with pytest.raises(ValueError, match=r"different schedulers by default; say which one with scheduler="):
        get_scheduler(collections=[Collection(own), Collection(other)])


@pytest.mark.parametrize(
    ("name", "near"),
    [("thread", "threads"), ("proceses", "processes"), ("SYNC ", "sync"), ("distribute", "distributed")],
)
def test_an_unknown_name_is_met_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=rf"unknown scheduler '{name}'; did you mean '{near}'"):
        get_scheduler(scheduler=name)


def test_an_unknown_name_is_met_with_the_names():
    with pytest.raises(
        ValueError, match=r"unknown scheduler 'qqqq'; choose one of 'sync', .*'multiprocessing', a get func"
    ):
        named_scheduler("qqqq")


@pytest.mark.parametrize("wrong", [3, True, ["sync"], dict, {"get": 1}])
def test_wrong_types(wrong):
    with pytest.raises(TypeError, match=r"scheduler must be a name, a get function or an Executor, got "):
        named_scheduler(wrong)


def test_a_get_that_is_a_name():
    with pytest.raises(TypeError, match=r"get must be a get function, got str; names go into scheduler="):
        get_scheduler(get="threads")


def test_an_executor_and_a_client():
    class Client:
        def get(self, dsk, keys):
            return "client"

        def submit(self):
            """What makes it a client."""

    with ThreadPoolExecutor(1) as pool:
        assert get_scheduler(scheduler=pool)({"x": 1}, "x") == 1
    assert named_scheduler(Client())(None, None) == "client"


def test_runners_are_a_stack():
    assert current_runner() is None
    with pytest.raises(RuntimeError, match=r"there is no Client: make one first"):
        named_scheduler("distributed")
    register_runner(own)
    register_runner(other)
    try:
        assert current_runner() is other
        assert named_scheduler("distributed") is other
        unregister_runner(own)
        assert current_runner() is other
    finally:
        unregister_runner(other)
    assert current_runner() is None
    unregister_runner(other)
    assert registry.get_scheduler() is threads.get


def test_methods_are_withdrawn_by_equality():
    class Client:
        def get(self, dsk, keys):
            """A bound method is a new object each time."""

    client = Client()
    register_runner(client.get)
    unregister_runner(client.get)
    assert current_runner() is None


def test_a_runner_must_be_callable():
    with pytest.raises(TypeError, match=r"a runner must be a get function, got str"):
        register_runner("threads")


def test_blocks_and_tasks_come_before_what_is_registered(runner):
    def of_task(dsk, keys, **kwargs):
        return "of task"

    found = []
    before = set_runner_of_tasks(lambda: of_task)
    try:
        assert current_runner() is of_task
        with use_runner(own):
            assert get_scheduler() is own
            with use_runner(other):
                assert current_runner() is other
            assert current_runner() is own
            thread = threading.Thread(target=lambda: found.append(current_runner()))
            thread.start()
            thread.join()
    finally:
        set_runner_of_tasks(before)
    assert found == [of_task]
    assert current_runner() is runner


def test_a_block_that_is_left_elsewhere():
    def block():
        with use_runner(own):
            yield current_runner()

    steps = block()
    assert contextvars.copy_context().run(next, steps) is own
    assert current_runner() is None
    assert next(steps, "over") == "over"
    assert current_runner() is None


def test_layers_know_who_runs_their_tasks(runner):
    """What is asked for, not what is registered."""
    found = []
    with lowering_for(own):
        assert lowered_for() is own
        with pytest.raises(ZeroDivisionError), lowering_for(sync.get):
            found.append(lowered_for())
            raise ZeroDivisionError
        assert lowered_for() is own
    assert found == [sync.get]
    assert lowered_for() is None
    made = delayed(lowered_for)()
    assert made.compute(scheduler="sync") is sync.get
