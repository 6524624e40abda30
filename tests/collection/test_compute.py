"""From collections to results: shared work, kinds of collections, schedulers, and collections that users wrote."""

from __future__ import annotations

import os
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import add

import pytest

from minidask import annotate, compute, config, delayed, local, optimize, persist
from minidask.collection.compute import merged_graph
from minidask.graph import LayeredGraph
from tests.collection.samples import Grid, Tuple, numbers


@pytest.fixture
def calls():
    """A list to which ``counted`` functions add their arguments."""
    return []


def counted(calls, func=lambda x: x):
    def call(*args):
        calls.append(args)
        return func(*args)

    return call


@dataclass
class Pair:
    left: object
    right: object


# -- arguments -----------------------------------------------------------------------------------------------------


def test_nested_arguments_come_back_in_their_shape():
    x, y = delayed(1), numbers()
    assert compute([x, {"y": y}], Pair(y, 5), "text") == ([1, {"y": (1, 2, 3)}], Pair((1, 2, 3), 5), "text")


def test_without_collections_the_arguments_are_returned():
    args = ([1, 2], {"a": 3})
    assert compute(*args) == args
    assert persist(*args) == args
    assert optimize(*args) == args
    assert compute() == ()


def test_traverse_false_leaves_containers_alone():
    x = delayed(1)
    ((inside,), outside) = compute([x], x, traverse=False)
    assert inside is x
    assert outside == 1


def test_an_object_that_is_no_collection_is_refused_by_name():
    with pytest.raises(TypeError, match=r"expected a collection \(with __dask_graph__\), got int"):
        merged_graph([1])


# -- sharing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_shared_parts_are_computed_once(calls, scheduler):
    x = delayed(counted(calls))(1)
    assert compute(x + 1, [x + 2, {"a": x}], x, scheduler=scheduler) == (2, [3, {"a": 1}], 1)
    assert calls == [(1,)]


def test_parts_shared_by_collections_of_several_kinds_are_computed_once(calls):
    x = numbers(call=counted(calls))
    total = delayed(sum)(x)
    assert compute(x, total) == ((1, 2, 3), 6)
    assert sorted(calls) == [(1,), (2,), (3,)]


def test_a_dict_shared_by_collections_is_converted_and_run_once(calls):
    graph = {"a": (counted(calls), 1), "b": (add, "a", 1), "c": (add, "a", 2)}
    assert compute(Tuple(graph, ["b"]), Tuple(graph, ["c"]), scheduler="sync") == ((2,), (3,))
    assert calls == [(1,)]


def test_one_collection_twice_is_computed_once(calls):
    x = numbers(call=counted(calls))
    assert compute(x, [x]) == ((1, 2, 3), [(1, 2, 3)])
    assert len(calls) == 3


# -- optimising ----------------------------------------------------------------------------------------------------


def test_collections_of_one_kind_are_optimised_together():
    seen = []

    class Watched(Tuple):
        @staticmethod
        def __dask_optimize__(dsk, keys, **kwargs):
            seen.append((sorted(keys), kwargs))
            return dsk

    x = Watched({"a": 1}, ["a"])
    y = Watched({"b": 2}, ["b"])
    assert compute(x, y, delayed(3), bogus=True, scheduler="sync") == ((1,), (2,), 3)
    assert seen == [(["a", "b"], {"bogus": True})]


def test_optimize_graph_false_skips_the_optimiser(calls):
    class Never(Tuple):
        @staticmethod
        def __dask_optimize__(dsk, keys, **kwargs):
            raise AssertionError("was called")

    assert compute(Never({"a": 1}, ["a"]), optimize_graph=False) == ((1,),)


def test_an_optimiser_that_returns_no_graph_is_named():
    class Broken(Tuple):
        @staticmethod
        def __dask_optimize__(dsk, keys, **kwargs):
            return None

    with pytest.raises(TypeError, match=r"Broken.__dask_optimize__.*returned NoneType, not a graph"):
        compute(Broken({"a": 1}, ["a"]))


def test_optimize_culls_and_keeps_the_values():
    x = Tuple({"a": 1, "b": (add, "a", 1), "unused": 0}, ["b"])
    (y,) = optimize(x)
    assert isinstance(y, Tuple)
    assert sorted(y.__dask_graph__()) == ["a", "b"]
    assert y.compute() == (2,)


def test_optimised_and_original_collections_may_meet():
    class Fusing(Tuple):
        @staticmethod
        def __dask_optimize__(dsk, keys, **kwargs):
            return {"b": (add, 1, 1)}

        def __dask_postpersist__(self):
            return Fusing, (self._keys,)

    x = Fusing({"a": 1, "b": (add, "a", 1)}, ["b"])
    (y,) = optimize(x)
    assert compute(x, y, delayed(sum)(x)) == ((2,), (2,), 2)


# -- persisting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [numbers, lambda call: Tuple({"a": (call, 1)}, ["a"])])
def test_persisted_collections_hold_results(calls, make):
    x = make(call=counted(calls))
    (held,) = persist(x)
    count = len(calls)
    assert held.compute() == x.compute(optimize_graph=False)
    assert len(calls) == 2 * count
    assert set(held.__dask_graph__()) == set(held.__dask_keys__())


def test_persisted_and_original_collections_may_meet(calls):
    x = numbers(call=counted(calls))
    (held,) = persist(x)
    assert compute(x, held) == ((1, 2, 3), (1, 2, 3))
    assert compute(delayed(sum)(held), delayed(sum)(x)) == (6, 6)


def test_a_grid_keeps_its_shape_and_name_when_it_is_persisted():
    x = Grid.of([[1, 2], [3, 4]]) + 10
    held = x.persist()
    assert (held.name, held.shape, held.compute()) == (x.name, x.shape, [[11, 12], [13, 14]])
    assert (held + 1).compute() == [[12, 13], [14, 15]]


def test_persist_works_through_containers():
    x, y = delayed(1) + 1, numbers()
    named, (held_y,) = persist({"x": x}, [y])
    held_x = named["x"]
    assert (held_x.key, len(held_x.dask)) == (x.key, 1)
    assert compute(held_x, held_y) == (2, (1, 2, 3))


# -- what is refused -----------------------------------------------------------------------------------------------


def test_one_key_with_two_tasks_is_an_error_and_never_the_last_one_wins():
    x, y = Tuple({"a": 1}, ["a"]), Tuple({"a": 2}, ["a"])
    with pytest.raises(ValueError, match="two different tasks have the key 'a'"):
        compute(x, y)


def test_one_key_with_two_tasks_in_collections_of_two_kinds_is_an_error():
    x = Tuple({"a": 1}, ["a"])
    with pytest.raises(ValueError, match="two different tasks have the key 'a'"):
        compute(x, delayed(2, name="a"))


def test_one_key_with_two_tasks_below_a_third_is_an_error():
    with pytest.raises(ValueError, match="two different tasks have the key 'a'"):
        delayed(add)(Tuple({"a": 1}, ["a"]), delayed(abs)(2, dask_key_name="a")).compute()


def test_one_key_with_equal_tasks_is_one_task(calls):
    call = counted(calls)
    assert compute(Tuple({"a": (call, 1)}, ["a"]), Tuple({"a": (call, 1)}, ["a"])) == ((1,), (1,))
    assert calls == [(1,)]


def test_a_missing_key_is_named():
    with pytest.raises(KeyError, match="the key 'nothing' is not in the graph"):
        Tuple({"a": 1}, ["nothing"]).compute()


def test_errors_of_tasks_keep_their_type_and_name_the_task():
    with pytest.raises(ZeroDivisionError) as caught:
        compute(delayed(lambda: 1 / 0)(dask_key_name="bad"))
    assert "Raised by the task 'bad' (<lambda>)." in caught.value.__notes__


# -- schedulers ----------------------------------------------------------------------------------------------------


def recorder():
    """Return a scheduler that remembers how it was called."""

    def get(dsk, keys, **kwargs):
        get.calls.append((keys, kwargs))
        return local.get_sync(dsk, keys, **kwargs)

    get.calls = []
    return get


def test_the_keyword_wins_over_the_setting_over_the_collection():
    own, setting, keyword = recorder(), recorder(), recorder()

    class Own(Tuple):
        __dask_scheduler__ = staticmethod(own)

    x = Own({"a": 1}, ["a"])
    compute(x)
    with config.set(scheduler=setting):
        compute(x)
        compute(x, scheduler=keyword)
        compute(x, get=keyword)
    assert [len(get.calls) for get in (own, setting, keyword)] == [1, 1, 2]


def test_keywords_reach_the_scheduler():
    get = recorder()
    compute(delayed(1), scheduler=get, num_workers=3, bogus="x")
    assert get.calls[0][1] == {"num_workers": 3, "bogus": "x"}


def test_keys_arrive_nested_as_the_collections_nest_them():
    get = recorder()
    x = Grid.of([[1], [2]])
    compute(x, delayed(1, name="one"), scheduler=get)
    assert get.calls[0][0] == [x.__dask_keys__(), ["one"]]


def test_an_executor_runs_the_tasks():
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
        name = delayed(lambda: threading.current_thread().name)()
        assert compute(name, scheduler=pool)[0].startswith("mine")


@pytest.mark.slow
def test_processes_run_the_tasks():
    assert delayed(os.getpid)().compute(scheduler="processes", num_workers=1) != os.getpid()


def test_collections_of_different_defaults_ask_for_a_choice():
    x, y = Grid.of([[1]]), numbers()
    with pytest.raises(ValueError, match="say which one with scheduler="):
        compute(x, y)
    assert compute(x, y, scheduler="sync") == ([[1]], (1, 2, 3))


@pytest.mark.parametrize(
    ("scheduler", "error", "message"),
    [
        ("bananas", ValueError, "unknown scheduler 'bananas'; choose one of 'sync'"),
        (5, TypeError, "scheduler must be a name, a get function or an Executor, got int"),
        ("distributed", RuntimeError, "there is no Client"),
    ],
)
def test_unknown_schedulers_are_refused(scheduler, error, message):
    with pytest.raises(error, match=message):
        compute(delayed(1), scheduler=scheduler)


def test_a_collection_without_a_scheduler_runs_in_threads():
    class Plain:
        def __dask_graph__(self):
            return {"a": (threading.get_ident,)}

        def __dask_keys__(self):
            return ["a"]

        def __dask_postcompute__(self):
            return list, ()

    assert compute(Plain())[0] != [threading.get_ident()]


def test_annotations_reach_the_tasks():
    with annotate(priority=3, note="here"):
        x = Grid.of([[1]])
        y = delayed(abs)(-1)
    graph = LayeredGraph.merge(x.dask, y.dask)
    assert all(task.annotations == {"priority": 3, "note": "here"} for task in graph.values())
    assert compute(x, y, scheduler="sync") == ([[1]], 1)


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_a_traceback_goes_from_compute_to_the_users_function(scheduler):
    def broken(x):
        return 1 / x

    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        compute(delayed(broken)(0), scheduler=scheduler)
    names = [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)]
    assert names == ["test_a_traceback_goes_from_compute_to_the_users_function", "compute", "_run", "broken"]
    assert caught.value.__cause__ is None


def test_an_error_of_the_scheduler_itself_keeps_its_traceback():
    def refuse(dsk, keys, **kwargs):
        raise OSError("no scheduler today")

    with pytest.raises(OSError, match="no scheduler today") as caught:
        compute(delayed(abs)(0), scheduler=refuse)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "refuse"


def test_an_asynchronous_client_is_not_waited_for():
    class Client:
        asynchronous = True

        def get(self, dsk, keys, **kwargs):
            raise AssertionError("its result would have to be awaited")

    with pytest.raises(RuntimeError, match=r"would block the event loop.*await client\.compute\(x\)"):
        compute(delayed(add)(1, 2), get=Client().get)
