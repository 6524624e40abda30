"""Graphs to the scheduler."""

from __future__ import annotations

import gc
import threading
from operator import add, neg
from typing import Any

import pytest

from minidask.delayed import delayed
from minidask.graph import LayeredGraph, Program, ProgramBuilder, Task, TaskRef, convert, literal
from minidask.graph.layer import Derived
from minidask.graph.traverse import CycleError
from minidask_distributed.client.rows import CHUNK_ROWS, FIRST_ROWS
from minidask_distributed.client.upload import upload, user_keys, user_tasks
from minidask_distributed.messages import Release, Upload
from tests.distributed.client.scripted import connected

pytestmark = pytest.mark.network


def plain(annotations: Any) -> dict[str, Any] | None:
    return dict(annotations) if annotations else None


def sent(made: Any) -> list[Upload]:
    return made.sessions[0].of(Upload)


def chain(length: int) -> dict[Any, Task]:
    return convert({("x", 0): 1} | {("x", at): (add, ("x", at - 1), 1) for at in range(1, length)})


def test_what_the_outputs_need_in_order() -> None:
    with connected() as (made, client):
        tasks = convert({"z": (add, "x", "y"), "y": (neg, "x"), "x": 5, "unused": (add, "x", 1)})
        futures = upload(client, tasks, ["z", "x"], (), plain)
        assert client.gather([futures["z"], futures["x"]]) == [0, 5]
        (message,) = sent(made)
        rows = made.sessions[0].rows.values()
        assert [row.key for row in rows] == ["x", "y", "z"]
        assert (message.announced, message.roots, message.wanted, message.dependents) == (3, 1, [0, 2], [2, 1, 0])
        assert message.named == []


def test_chunks() -> None:
    length = FIRST_ROWS + 2 * CHUNK_ROWS + 3
    with connected(credit=1) as (made, client):
        futures = upload(client, chain(length), [("x", length - 1), ("x", 0)], [("x", 1)], plain)
        assert futures["x", length - 1].result() == length
        uploads = sent(made)
        assert [len(message.recipe) for message in uploads] == [FIRST_ROWS, CHUNK_ROWS, CHUNK_ROWS, 3]
        assert [message.last for message in uploads] == [False, False, False, True]
        assert [message.wanted for message in uploads] == [[0], [], [], [2]]
        assert [message.named for message in uploads] == [[1], [], [], []]
        assert {message.announced for message in uploads} == {length}
        # Known beforehand: the last row of a chunk has its dependent in the next one.
        assert {count for message in uploads[:3] for count in message.dependents} == {1}


def test_what_is_held_is_not_sent_again() -> None:
    with connected() as (made, client):
        first = upload(client, chain(5), [("x", 4)], (), plain)
        second = upload(client, chain(8), [("x", 7), ("x", 4)], (), plain)
        assert client.gather([second["x", 7], second["x", 4]]) == [8, 5]
        assert [len(message.recipe) for message in sent(made)] == [5, 3]
        assert second["x", 4]._state is first["x", 4]._state
        assert upload(client, chain(5), [("x", 4)], (), plain)["x", 4].result() == 5
        assert len(sent(made)) == 2


def test_keys_that_users_chose_are_sent_again() -> None:
    with connected() as (made, client):
        first = upload(client, convert({"x": (neg, 1)}), ["x"], ["x"], plain)
        second = upload(client, convert({"x": (neg, 1)}), ["x"], ["x"], plain)
        assert [first["x"].result(), second["x"].result()] == [-1, -1]
        assert [message.named for message in sent(made)] == [[0], [0]]


def test_results_in_graphs() -> None:
    with connected() as (_made, client):
        future = client.submit(add, 1, 2)
        tasks = {
            "held": literal(future),
            "alias": Task(add, (TaskRef("held"), 10)),
            "flat": Task(add, (future, 20)),
            "nested": Task(sum, ([future, 30],)),
        }
        futures = upload(client, tasks, ["held", "alias", "flat", "nested"], (), plain)
        assert futures["held"] is future
        assert client.gather([futures[key] for key in tasks]) == [3, 13, 23, 33]
        cancelled = client.submit(add, 5, 5)
        cancelled.cancel()
        with pytest.raises(Exception, match="it was cancelled"):
            upload(client, {"x": literal(cancelled)}, ["x"], (), plain)


def test_what_rows_name_is_kept_until_they_are_sent() -> None:
    with connected(auto=False, credit=1) as (made, client):
        futures = upload(client, chain(3 * CHUNK_ROWS), [("x", 3 * CHUNK_ROWS - 1)], (), plain)
        base = client.submit(add, 1, 2)
        other = upload(client, {"y": Task(neg, (base,))}, ["y"], (), plain)
        del base
        gc.collect()
        made.auto = True
        client.sync(client.call, "locate", tasks=[])
        assert other["y"].result() == -3
        kinds = [type(message) for message in made.sessions[0].received if type(message) in (Upload, Release)]
        assert Release not in kinds[: kinds.index(Upload)]
        assert futures["x", 3 * CHUNK_ROWS - 1].result() == 3 * CHUNK_ROWS


def test_options_of_tasks() -> None:
    with connected() as (made, client):
        notes = {"priority": 5}
        tasks = {
            "a": Task(neg, (1,)),
            "b": Task(neg, (TaskRef("a"),), None, notes),
            "c": Task(neg, (TaskRef("b"),), None, notes),
            "d": Task(neg, (TaskRef("c"),), None, {"retries": 1}),
        }
        assert upload(client, tasks, ["d"], (), plain)["d"].result() == 1
        (message,) = sent(made)
        assert message.options == [{"priority": 5}, {"retries": 1}]
        assert message.option == [-1, 0, 0, 1]


def test_programs_of_one_shape_are_one_recipe() -> None:
    def program(constant: int) -> Program:
        build = ProgramBuilder(1)
        return build.finish(build.call(neg, (build.call(add, (0, build.constant(constant)), label=f"s{constant}"),)))

    with connected() as (made, client):
        tasks: dict[Any, Task] = {"x": literal(1)}
        tasks |= {("p", at): Task(program(at), (TaskRef("x"),)) for at in range(20)}
        shared = program(100)
        tasks |= {("q", at): Task(shared, (TaskRef("x"),)) for at in range(5)}
        keys = [key for key in tasks if key != "x"]
        futures = upload(client, tasks, keys, (), plain)
        assert client.gather([futures[key] for key in keys]) == [-1 - at for at in range(20)] + [-101] * 5
        # The literal, the shape, and the program that several tasks use as it is.
        assert len(sent(made)[0].recipes) == 3


def test_futures_inside_of_programs() -> None:
    with connected() as (_, client):
        future = client.submit(add, 1, 2)
        build = ProgramBuilder()
        program = build.finish(build.call(add, (build.constant(future), build.constant(10))))
        tasks = {"a": Task(program), "b": Task(program)}
        futures = upload(client, tasks, ["a", "b"], (), plain)
        assert client.gather([futures["a"], futures["b"]]) == [13, 13]


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, x: int) -> int:
        return x + 1


def test_programs_of_functions_that_can_not_be_hashed() -> None:
    with connected() as (_, client):
        build = ProgramBuilder(1)
        program = build.finish(build.call(Unhashable(), (0,)))
        futures = upload(client, {"x": literal(1), "y": Task(program, (TaskRef("x"),))}, ["y"], (), plain)
        assert futures["y"].result() == 2


def test_graphs_that_can_not_be_run() -> None:
    with connected() as (_, client):
        with pytest.raises(KeyError, match="missing"):
            upload(client, {"x": Task(neg, (TaskRef("missing"),))}, ["x"], (), plain)
        with pytest.raises(CycleError):
            upload(client, {"x": Task(neg, (TaskRef("y"),)), "y": Task(neg, (TaskRef("x"),))}, ["x"], (), plain)


def test_what_was_sent_before_an_error_is_given_back() -> None:
    with connected() as (made, client):
        length = FIRST_ROWS + CHUNK_ROWS
        tasks = chain(length + 1)
        last = ("x", length)
        tasks[last] = Task(add, (TaskRef(("x", length - 1)), threading.Lock()))
        with pytest.raises(TypeError, match="lock"):
            upload(client, tasks, [last], (), plain)
        client.sync(client.call, "locate", tasks=[])
        assert [(len(message.recipe), message.last) for message in sent(made)] == [
            (FIRST_ROWS, False),
            (CHUNK_ROWS, False),
            (0, True),
        ]


def test_keys_of_users() -> None:
    for graph, keys in (
        ({"x": 1, "y": 2}, {"x", "y"}),
        (delayed(add)(1, 2).dask, set()),
        (delayed(add)(1, 2, dask_key_name="mine").dask, {"mine"}),
        (LayeredGraph.merge({"x": 1}), {"x"}),
        (Derived(convert({"x": 1})), set()),
    ):
        assert user_tasks(graph).keys() == user_keys(graph) == keys
