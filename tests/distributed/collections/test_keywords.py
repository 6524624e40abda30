"""Each keyword argument of the client's methods, as users give it: what comes of it, or what is said against it."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator
from operator import add, neg
from types import SimpleNamespace
from typing import Any

import pytest

from minidask import delayed
from minidask_distributed import CancelledError, Client, LocalCluster, as_completed, fire_and_forget, futures_of, wait


def kept(x: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    return x, kwargs


@pytest.fixture(scope="module")
def known() -> Iterator[SimpleNamespace]:
    """What the calls below are about."""
    options = {"dashboard_address": None, "resources": {"GPU": 1}}
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, **options) as cluster, Client(cluster) as c:
        future, other = c.submit(neg, 1), c.submit(neg, 2)
        wait([future, other])
        addresses = [cluster.workers[name].address for name in range(2)]
        yield SimpleNamespace(c=c, f=future, g=other, d=delayed(neg)(3), addresses=addresses, cluster=cluster)


def submitted(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda k: k.c.submit(*args, **kwargs).result(10)


def mapped(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda k: k.c.gather(k.c.map(*args, **kwargs))


WORKS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "submit(key=text)": (lambda k: k.c.submit(neg, 1, key="my-key").key, "my-key"),
    "submit(key=tuple)": (lambda k: k.c.submit(neg, 1, key=("x", 0)).key, ("x", 0)),
    "submit(key=int)": (submitted(neg, 1, key=3), -1),
    "submit(pure=True)": (lambda k: k.c.submit(neg, 1).key == k.f.key, True),
    "submit(pure=False)": (lambda k: k.c.submit(neg, 1, pure=False).key == k.f.key, False),
    "submit(workers=name)": (submitted(neg, 11, workers=0), -11),
    "submit(workers=address)": (lambda k: k.c.submit(neg, 12, workers=k.addresses[:1]).result(10), -12),
    "submit(allow_other_workers)": (submitted(neg, 13, workers="nobody", allow_other_workers=True), -13),
    "submit(resources)": (submitted(neg, 14, resources={"GPU": 1}), -14),
    "submit(retries)": (submitted(neg, 15, retries=2), -15),
    "submit(priority)": (submitted(neg, 16, priority=-3), -16),
    "submit(fifo_timeout)": (submitted(neg, 17, fifo_timeout="1s"), -17),
    "submit(**kwargs)": (lambda k: k.c.submit(kept, 1, a=k.f, b=[k.g]).result(10), (1, {"a": -1, "b": [-2]})),
    "submit(future)": (lambda k: k.c.submit(neg, k.f).result(10), 1),
    "submit([future])": (lambda k: k.c.submit(sum, [k.f, k.g]).result(10), -3),
    "map()": (mapped(neg, range(3)), [0, -1, -2]),
    "map(nothing)": (mapped(neg, []), []),
    "map(several)": (mapped(add, [1, 2, 3], [10, 20]), [11, 22]),
    "map(futures)": (lambda k: k.c.gather(k.c.map(neg, [k.f, k.g])), [1, 2]),
    "map(key=prefix)": (lambda k: {one.key[:4] for one in k.c.map(neg, [1, 2], key="pre")}, {"pre-"}),
    "map(key=list)": (lambda k: [one.key for one in k.c.map(neg, [1, 2], key=["k1", "k2"])], ["k1", "k2"]),
    "map(batch_size)": (mapped(neg, range(5), batch_size=2), [0, -1, -2, -3, -4]),
    "map(pure=False)": (lambda k: len({one.key for one in k.c.map(neg, [1, 1], pure=False)}), 2),
    "map(pure=True)": (lambda k: len({one.key for one in k.c.map(neg, [1, 1])}), 1),
    "map(workers, retries, …)": (
        mapped(neg, [21], workers=[0], retries=1, priority=2, resources={"GPU": 1}, fifo_timeout="1s"),
        [-21],
    ),
    "map(allow_other_workers)": (mapped(neg, [22], workers="nobody", allow_other_workers=True), [-22]),
    "map(**kwargs)": (lambda k: k.c.gather(k.c.map(kept, [1], a=k.f)), [(1, {"a": -1})]),
    "gather(future)": (lambda k: k.c.gather(k.f), -1),
    "gather(nested)": (lambda k: k.c.gather([k.f, {"b": (k.g, 5)}, {k.f}]), [-1, {"b": (-2, 5)}, {-1}]),
    "gather(generator)": (lambda k: k.c.gather(one for one in [k.f]), [-1]),
    "gather(errors=skip)": (lambda k: k.c.gather([k.f, k.c.submit(neg, "a")], errors="skip"), [-1]),
    "gather(direct=True)": (lambda k: k.c.gather([k.f], direct=True), [-1]),
    "gather(direct=False)": (lambda k: k.c.gather([k.f], direct=False), [-1]),
    "gather(asynchronous=False)": (lambda k: k.c.gather([k.f], asynchronous=False), [-1]),
    "scatter(object)": (lambda k: k.c.scatter("abc").result(10), "abc"),
    "scatter(list)": (lambda k: k.c.gather(k.c.scatter([1, 2])), [1, 2]),
    "scatter(dict)": (lambda k: k.c.gather(k.c.scatter({"x": 1})), {"x": 1}),
    "scatter(set)": (lambda k: k.c.gather(k.c.scatter({1, 2})), {1, 2}),
    "scatter(hash=False)": (lambda k: k.c.scatter(1, hash=False).key == k.c.scatter(1, hash=False).key, False),
    "scatter(workers=name)": (lambda k: holders(k, workers=1) == k.addresses[1:], True),
    "scatter(workers=address)": (lambda k: holders(k, workers=k.addresses[:1]) == k.addresses[:1], True),
    "scatter(broadcast)": (lambda k: len(holders(k, 2, broadcast=True)), 2),
    "scatter(broadcast=1)": (lambda k: len(holders(k, broadcast=1)), 1),
    "scatter(broadcast=2)": (lambda k: len(holders(k, 2, broadcast=2)), 2),
    "scatter(direct)": (lambda k: [k.c.scatter(6, direct=one).result(10) for one in (True, False)], [6, 6]),
    "scatter(timeout)": (lambda k: k.c.scatter(7, timeout="1s").result(10), 7),
    "compute(collection)": (lambda k: k.c.compute(k.d).result(10), -3),
    "compute(list)": (lambda k: k.c.gather(k.c.compute([k.d, 5])), [-3, 5]),
    "compute(sync=True)": (lambda k: k.c.compute([k.d, 5], sync=True), [-3, 5]),
    "compute(traverse)": (lambda k: k.c.compute({"a": [k.d]}).result(10), {"a": [-3]}),
    "compute(traverse=False)": (lambda k: k.c.compute({"a": k.d}, traverse=False)["a"] is k.d, True),
    "compute(optimize_graph)": (lambda k: k.c.compute(k.d, optimize_graph=False).result(10), -3),
    "compute(workers, …)": (
        lambda k: k.c.compute(delayed(neg)(41), workers=0, retries=1, priority=2, resources={"GPU": 1}).result(10),
        -41,
    ),
    "compute(allow_other_workers)": (
        lambda k: k.c.compute(delayed(neg)(42), workers="nobody", allow_other_workers=True).result(10),
        -42,
    ),
    "persist(collection)": (lambda k: k.c.persist(k.d).compute(), -3),
    "persist(list)": (lambda k: [one.compute() for one in k.c.persist([k.d])], [-3]),
    "persist(workers, …)": (
        lambda k: k.c.persist(delayed(neg)(43), workers=0, retries=1, priority=2, fifo_timeout="1s").compute(),
        -43,
    ),
    "get(graph)": (lambda k: k.c.get({"x": (neg, 1), "y": (neg, "x")}, ["x", ["y"]]), [-1, [1]]),
    "get(sync=False)": (lambda k: k.c.gather(k.c.get({"x": (neg, 1)}, ["x"], sync=False)), [-1]),
    "cancel(nothing)": (lambda k: k.c.cancel([]), None),
    "cancel(reason, msg)": (lambda k: cancelled(k, reason="no need", msg="really"), "no need: really"),
    "retry(done)": (lambda k: k.c.retry(k.f), None),
    "wait(future)": (lambda k: wait(k.f).done == {k.f}, True),
    "wait(generator)": (lambda k: len(wait(one for one in [k.f, k.g]).done), 2),
    "wait(values)": (lambda k: len(wait({"a": k.f}.values()).done), 1),
    "wait(collection)": (lambda k: len(wait(k.c.persist(k.d)).done), 1),
    "wait(return_when)": (lambda k: k.f in wait([k.f], return_when="FIRST_COMPLETED").done, True),
    "wait(timeout)": (lambda k: k.f in wait([k.f], timeout="1s").done, True),
    "as_completed()": (lambda k: list(as_completed()), []),
    "as_completed(twice)": (lambda k: len(list(as_completed([k.f, k.f]))), 2),
    "as_completed(with_results)": (lambda k: [one for _, one in as_completed([k.f], with_results=True)], [-1]),
    "as_completed(raise_errors=False)": (
        lambda k: [one for _, one in as_completed([k.c.submit(neg, "a")], with_results=True, raise_errors=False)][0][0],
        TypeError,
    ),
    "as_completed(loop, timeout)": (lambda k: len(list(as_completed([k.f], loop=k.c.loop, timeout=5))), 1),
    "result(timeout=text)": (lambda k: k.f.result("1s"), -1),
    "fire_and_forget()": (lambda k: fire_and_forget(k.f), None),
    "futures_of()": (lambda k: len(futures_of([k.c.persist(k.d), {"a": k.f}])), 2),
    "run(on_error=ignore)": (lambda k: k.c.run(neg, "a", on_error="ignore"), {}),
    "run(on_error=return)": (
        lambda k: {type(one) for one in k.c.run(neg, "a", on_error="return").values()},
        {TypeError},
    ),
    "run(wait=False)": (lambda k: k.c.run(neg, 1, wait=False), None),
    "run(workers)": (lambda k: list(k.c.run(neg, 1, workers=k.addresses[1:]).values()), [-1]),
}


def holders(known: Any, count: int = 1, **options: Any) -> list[str]:
    """Scatter something, and return where it is, once there are so many copies: some may be on their way."""
    (data,) = known.c.scatter(["x"], hash=False, **options)
    while len(where := list(known.c.who_has([data])[data.key])) < count:
        pass
    return where


def dozes() -> None:
    while True:
        time.sleep(0.001)


def cancelled(known: Any, **options: Any) -> str:
    future = known.c.submit(dozes, pure=False)
    known.c.cancel(future, **options)
    with pytest.raises(CancelledError) as caught:
        future.result(10)
    return str(caught.value).partition("has no result: ")[2]


ACTORS = (NotImplementedError, "actors aren't built yet; keep the state")
REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "submit()": (submitted(), TypeError, "missing 1 required positional argument: 'func'"),
    "submit(no function)": (submitted(3), TypeError, "the first argument of submit must be callable, got int"),
    "submit(delayed function)": (
        lambda k: k.c.submit(delayed(neg), 1),
        TypeError,
        "submit runs plain functions, got a .*: give it the function itself, or compute",
    ),
    "submit(key=list)": (submitted(neg, 1, key=[1]), TypeError, "a key must be a str, int, float, or a tuple"),
    "submit(actor)": (submitted(neg, 1, actor=True), *ACTORS),
    "submit(actors)": (submitted(neg, 1, actors=True), *ACTORS),
    "submit(allow without workers)": (
        submitted(neg, 1, allow_other_workers=True),
        ValueError,
        "workers=, which is missing",
    ),
    "submit(resources=text)": (submitted(neg, 1, resources="GPU"), TypeError, "resources must be a mapping"),
    "submit(retries=True)": (submitted(neg, 1, retries=True), TypeError, "retries must be a whole number"),
    "submit(priority=1.5)": (submitted(neg, 1, priority=1.5), TypeError, "priority must be a whole number"),
    "submit(unknown)": (submitted(neg, 1, colour="red"), TypeError, "takes no keyword arguments"),
    "map(no function)": (mapped(3, [1]), TypeError, "the first argument of map must be callable, got int"),
    "map(delayed function)": (lambda k: k.c.map(delayed(neg), [1]), TypeError, "map runs plain functions, got a "),
    "map(nothing)": (mapped(neg), TypeError, "map takes at least one iterable"),
    "map(iterator)": (mapped(neg, iter([1])), TypeError, "map takes lists and the like, not a list_iterator"),
    "map(int)": (mapped(neg, 3), TypeError, "'int' object is not iterable"),
    "map(future)": (lambda k: k.c.map(neg, k.f), TypeError, "'Future' object is not iterable"),
    "map(key=too few)": (mapped(neg, [1, 2], key=["k"]), ValueError, "key= has 1 names for 2 calls"),
    "map(key=twice)": (mapped(neg, [1, 2], key=["k", "k"]), ValueError, "the key 'k' is in use for a different task"),
    "map(batch_size=0)": (
        mapped(neg, [1], batch_size=0),
        ValueError,
        "batch_size must be a whole number of at least 1",
    ),
    "map(batch_size=1.5)": (mapped(neg, [1], batch_size=1.5), ValueError, "batch_size must be a whole number"),
    "map(retries=-1)": (mapped(neg, [1], retries=-1), ValueError, "retries must be at least 0, got -1"),
    "map(actor)": (mapped(neg, [1], actor=True), *ACTORS),
    "gather(errors)": (
        lambda k: k.c.gather([k.f], errors="no"),
        ValueError,
        "errors must be 'raise' or 'skip', got 'no'",
    ),
    "gather(failed)": (lambda k: k.c.gather([k.f, k.c.submit(neg, "a")]), TypeError, "bad operand type for unary -"),
    "scatter(iterator)": (
        lambda k: k.c.scatter(iter([1])),
        TypeError,
        "scatter takes lists and the like, not a list_iterator",
    ),
    "scatter(broadcast=-1)": (lambda k: k.c.scatter([1], broadcast=-1), ValueError, "broadcast must be True .* got -1"),
    "scatter(broadcast=text)": (
        lambda k: k.c.scatter([1], broadcast="all"),
        ValueError,
        "broadcast must be True .* 'all'",
    ),
    "scatter(workers=nobody)": (
        lambda k: k.c.scatter(9, workers="nobody", timeout=0.05),
        TimeoutError,
        "none of the workers nobody is there",
    ),
    "scatter(timeout)": (lambda k: k.c.scatter(1, timeout="soon"), ValueError, "can't read 'soon' as a span of time"),
    "compute(actors)": (lambda k: k.c.compute(k.d, actors=True), *ACTORS),
    "compute(allow)": (lambda k: k.c.compute(k.d, allow_other_workers=True), ValueError, "workers=, which is missing"),
    "persist(int)": (lambda k: k.c.persist(3), TypeError, r"expected a collection \(with __dask_graph__\), got int"),
    "persist(nested)": (
        lambda k: k.c.persist([[k.d]]),
        TypeError,
        r"expected a collection \(with __dask_graph__\), got list",
    ),
    "persist(actors)": (lambda k: k.c.persist(k.d, actors=True), *ACTORS),
    "get(no graph)": (lambda k: k.c.get(3, "x"), TypeError, "a graph must be a mapping"),
    "get(unknown key)": (
        lambda k: k.c.get({"x": 1}, "z"),
        KeyError,
        "the key 'z' is not in the graph; did you mean 'x'",
    ),
    "cancel(int)": (lambda k: k.c.cancel(3), TypeError, "cancel takes futures, persisted collections, .* got int: 3"),
    "cancel(key)": (
        lambda k: k.c.cancel(k.f.key),
        TypeError,
        "cancel takes futures, persisted collections, .* got str",
    ),
    "retry(key)": (lambda k: k.c.retry("x"), TypeError, "retry takes futures, persisted collections, .* got str: 'x'"),
    "wait(int)": (lambda k: wait(3), TypeError, "wait takes futures, persisted collections, .* got int: 3"),
    "wait(None)": (lambda k: wait(None), TypeError, "wait takes futures, persisted collections, .* got NoneType"),
    "wait(return_when)": (
        lambda k: wait([k.f], return_when="SOME"),
        ValueError,
        "return_when must be one of ALL_COMPLETED",
    ),
    "wait(timeout)": (lambda k: wait([k.f], timeout="x"), ValueError, "can't read 'x' as a span of time"),
    "as_completed(int)": (lambda k: as_completed([3]), TypeError, "as_completed takes futures, got a int: 3"),
    "as_completed(future)": (lambda k: as_completed(k.f), TypeError, "takes several futures; use add"),
    "as_completed(raise_errors)": (
        lambda k: list(as_completed([k.c.submit(neg, "a")], with_results=True)),
        TypeError,
        "bad operand type",
    ),
    "add_done_callback(int)": (lambda k: k.f.add_done_callback(3), TypeError, "a callback must be callable, got int"),
    "fire_and_forget(int)": (
        lambda k: fire_and_forget(3),
        TypeError,
        "takes futures or persisted collections, got int",
    ),
    "run(on_error)": (
        lambda k: k.c.run(neg, 1, on_error="no"),
        ValueError,
        "on_error must be one of 'raise', 'return'",
    ),
    "run(workers)": (
        lambda k: k.c.run(neg, 1, workers=["nobody"]),
        ValueError,
        "no worker is called 'nobody'; the cluster",
    ),
    "retire_workers(nobody)": (
        lambda k: k.c.retire_workers(workers=["nobody"]),
        ValueError,
        "no worker is called 'nobody'",
    ),
    "wait_for_workers(text)": (lambda k: k.c.wait_for_workers("2"), TypeError, "must be a whole number of workers"),
    "wait_for_workers(0)": (lambda k: k.c.wait_for_workers(0), ValueError, "at least 1 worker, got 0"),
    "wait_for_workers(timeout)": (
        lambda k: k.c.wait_for_workers(9, timeout=0.05),
        TimeoutError,
        "only 2 of 9 workers are there after 0.05 s",
    ),
    "get_executor(unknown)": (lambda k: k.c.get_executor(colour=1), TypeError, "an executor has no option 'colour'"),
    "upload_file(nothing)": (lambda k: k.c.upload_file("/nowhere.py"), FileNotFoundError, "/nowhere.py"),
    "close(timeout)": (lambda k: k.c.close(timeout="x"), ValueError, "can't read 'x' as a span of time"),
    "Client(int)": (lambda k: Client(3), TypeError, "address must be a text or a cluster, got int"),
    "Client(scheme)": (lambda k: Client("odd://x:1"), ValueError, "unknown scheme odd://"),
    "Client(no port)": (
        lambda k: Client("127.0.0.1"),
        ValueError,
        "a host and a port are needed, as in tcp://node7:8786",
    ),
    "Client(two)": (
        lambda k: Client("tcp://x:1", scheduler_file="x"),
        ValueError,
        "either an address or a scheduler_file",
    ),
    "Client(unknown)": (lambda k: Client(k.cluster, colour=1), TypeError, "Client has no parameter 'colour'"),
    "Client(serializers)": (
        lambda k: Client(k.cluster, serializers=["x"]),
        NotImplementedError,
        "register them by type",
    ),
    "Client(timeout)": (
        lambda k: Client("tcp://127.0.0.1:1", timeout="x"),
        ValueError,
        "can't read 'x' as a span of time",
    ),
}


@pytest.mark.network
@pytest.mark.parametrize("call", WORKS)
def test_taken(known: SimpleNamespace, call: str) -> None:
    action, expected = WORKS[call]
    result = action(known)
    assert result == expected


@pytest.mark.network
@pytest.mark.parametrize("call", REFUSED)
def test_refused(known: SimpleNamespace, call: str) -> None:
    action, kind, message = REFUSED[call]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind) as caught:
            action(known)
    # Its own text, without what pickles and tracebacks add.
    assert re.search(message, str(caught.value)), str(caught.value)
    assert known.c.status == "running"
