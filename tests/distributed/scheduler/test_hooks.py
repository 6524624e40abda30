"""Tests of `minidask_distributed.scheduler.hooks`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import Compute, Done, Release
from minidask_distributed.plugins import SchedulerPlugin, WorkerPlugin
from tests.distributed.scheduler.scripted import cluster, finish, upload

pytestmark = pytest.mark.network


class Moves(SchedulerPlugin):
    def __init__(self):
        self.batches = []

    def transitions(self, moves):
        self.batches.append(moves)

    @property
    def moves(self):
        return [(key, start, finish) for batch in self.batches for _, key, start, finish, _ in batch]


class SingleMoves(SchedulerPlugin):
    name = "single"

    def __init__(self):
        self.moves = []
        self.stimuli = []

    def transition(self, key, start, finish, *args, stimulus_id, **kwargs):
        self.moves.append((key, start, finish))
        self.stimuli.append(stimulus_id)


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


async def one_task(made, key, submission=0):
    client = await made.client(f"client-{key}")
    client.send(upload(key))
    compute = await made.worker_.next(Compute)
    made.worker_.send(finish(compute, values=[b"1"]))
    await client.next(Done)
    client.send(Release([0]))
    await made.scheduler.until(lambda: True)
    assert await client.ask("nthreads")
    return client


def test_moves_in_batches_and_one_by_one():
    batched, single = Moves(), SingleMoves()

    async def test(made):
        made.worker_ = await made.worker()
        await one_task(made, "x")
        expected = [
            ("x", "released", "queued"),
            ("x", "queued", "processing"),
            ("x", "processing", "memory"),
            ("x", "memory", "released"),
            ("x", "released", "forgotten"),
        ]
        assert batched.moves == single.moves == expected
        assert len(batched.batches) < len(expected)
        assert [name.split(" #")[0] for name in single.stimuli] == [
            "Upload",
            "Upload",
            "Finished",
            "Release",
            "Release",
        ]
        assert made.scheduler.hooks._keys == {}

    run(test, plugins=[batched, single])


def test_moves_from_before_the_registration_are_not_told():
    plugin = Moves()

    async def test(made):
        made.worker_ = await made.worker()
        await one_task(made, "early")
        await made.scheduler.hooks.add(plugin, "moves")
        await one_task(made, "late")
        assert {key for key, _, _ in plugin.moves} == {"late"}
        await made.scheduler.hooks.remove("moves")
        told = len(plugin.moves)
        await one_task(made, "later")
        assert len(plugin.moves) == told

    run(test)


def test_one_of_the_same_name_replaces_or_stays():
    class Named(SchedulerPlugin):
        name = "named"

        def __init__(self):
            self.ends = 0

        def close(self):  # a plain method does, too
            self.ends += 1

    async def test(made):
        hooks = made.scheduler.hooks
        first, second, third = Named(), Named(), Named()
        assert await hooks.add(first) == "named"
        await hooks.add(second)
        assert (first.ends, hooks.plugins["named"]) == (1, second)
        await hooks.add(third, idempotent=True)
        assert hooks.plugins["named"] is second
        await hooks.add(third, name="another")
        assert set(hooks.plugins) == {"named", "another"}
        await hooks.remove("named")
        assert second.ends == 1
        with pytest.raises(ValueError, match="has no plugin 'named'; it has: another"):
            await hooks.remove("named")

    run(test)


def test_what_is_no_plugin():
    async def test(made):
        with pytest.raises(TypeError, match="must be a SchedulerPlugin, got WorkerPlugin"):
            await made.scheduler.hooks.add(WorkerPlugin())

    run(test)


def test_a_plugin_whose_start_fails_is_not_registered():
    class Refusing(SchedulerPlugin):
        async def start(self, scheduler):
            raise ValueError("not here")

    async def test(made):
        with pytest.raises(ValueError, match="not here"):
            await made.scheduler.hooks.add(Refusing())
        assert made.scheduler.hooks.plugins == {}

    run(test)


def test_errors_of_plugins_concern_nobody_else(caplog):
    class Broken(SchedulerPlugin):
        def add_client(self, scheduler, client):
            raise ValueError("broken add_client")

        async def add_worker(self, scheduler, worker):
            raise ValueError("broken add_worker")

        def update_graph(self, scheduler, **kwargs):
            raise ValueError("broken update_graph")

        def transition(self, *args, **kwargs):
            raise ValueError("broken transition")

        def transitions(self, moves):
            raise ValueError("broken transitions")

        async def before_close(self):
            raise ValueError("broken before_close")

        async def close(self):
            raise ValueError("broken close")

    later = Moves()

    async def test(made):
        made.worker_ = await made.worker()
        await one_task(made, "x")
        assert len(later.moves) == 5

    run(test, plugins=[Broken(), later])
    for method in ("add_client", "add_worker", "update_graph", "transition", "transitions", "before_close", "close"):
        assert f"ValueError: broken {method}" in caplog.text


def test_without_plugins_no_move_is_looked_at(monkeypatch):
    async def test(made):
        monkeypatch.setattr(made.scheduler.hooks, "_new_moves", None)
        client = await made.client()
        client.send(upload("a"))
        await client.settle()

    run(test)
