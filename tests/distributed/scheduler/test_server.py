"""Tests of `minidask_distributed.scheduler.server`: real sockets, scripted peers."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import json
import socket
import stat
import time
from functools import partial

import pytest

from minidask_distributed.comm import CommClosedError, ConnectTimeoutError, connect, endpoints
from minidask_distributed.comm.peer import Identity
from minidask_distributed.comm.versions import versions
from minidask_distributed.messages import (
    Answer,
    Bye,
    Call,
    ClientBeat,
    Compute,
    Done,
    Event,
    Finished,
    Free,
    Leave,
    OpenSession,
    RegisterWorker,
    Release,
    SessionOpened,
    UploadTaken,
    WorkerStatus,
)
from minidask_distributed.plugins import SchedulerPlugin
from minidask_distributed.scheduler import hooks, peers, server
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security
from tests.distributed.scheduler.scripted import TOKEN, cluster, finish, register, upload

pytestmark = pytest.mark.network


def run(test, **options):
    """Run a test coroutine with a cluster."""

    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


# ---------------------------------------------------------------- the way of a task


def test_tasks_go_to_the_worker_and_results_come_back():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        client.send(upload("a", "b"))
        compute = await worker.next(Compute)
        assert len(compute.tasks) == 2
        worker.send(finish(compute, values=[b"1", b"2"]))
        done = await client.next(Done)
        assert (done.tasks, done.values) == ([0, 1], [b"1", b"2"])
        assert [message for message in client.got if not isinstance(message, Event | UploadTaken)] == []
        client.send(Release([0, 1]))
        assert sorted((await worker.next(Free)).tasks) == sorted(compute.tasks)
        assert not made.scheduler.tasks

    run(test)


@pytest.mark.parametrize("how", ["it leaves", "it releases all"])
def test_what_a_client_had_is_let_go_in_turns(how):
    async def test(made):
        state = made.scheduler.machine.state
        state.limits = dataclasses.replace(state.limits, drops=10, free_after_s=0)
        worker, client = await made.worker(), await made.client()
        names = [f"x{at}" for at in range(60)]
        client.send(upload(*names))
        done = 0
        while done < len(names):
            compute = await worker.next(Compute)
            done += len(compute.tasks)
            worker.send(finish(compute))
        while done:
            done -= len((await client.next(Done)).tasks)
        if how == "it leaves":
            await client.comm.close()
        else:
            client.send(Release(list(range(60))))
        freed = []
        while sum(freed) < len(names):
            freed.append(len((await worker.next(Free)).tasks))
        assert max(freed) <= 10
        assert not made.scheduler.tasks
        assert not made.scheduler.machine.unfinished

    run(test)


def test_two_clients_share_a_task_of_one_key():
    async def test(made):
        one, two = await made.client("one"), await made.client("two")
        one.send(upload("x"))
        await one.settle()
        two.send(upload("x"))
        await two.settle()
        worker = await made.worker()
        compute = await worker.next(Compute)
        assert len(compute.tasks) == 1
        worker.send(finish(compute, values=[b"5"]))
        assert (await one.next(Done)).values == [b"5"]
        assert (await two.next(Done)).values == [b"5"]
        await one.close()
        # What the other one still wants stays.
        await made.scheduler.until(lambda: set(made.scheduler.clients) == {"two"}, 5)
        assert set(made.scheduler.tasks) == {"x"}

    run(test)


def test_a_client_that_leaves_takes_its_tasks_along():
    async def test(made):
        client = await made.client()
        client.send(upload("x"), Bye("that was all"))
        await client.settle()
        await client.close()
        await made.scheduler.until(lambda: not made.scheduler.clients, 5)
        assert not made.scheduler.tasks
        assert made.scheduler.events.of("me")[-1][1] == {
            "action": "remove-client",
            "client": "me",
            "reason": "that was all",
        }

    run(test)


def test_answers_come_behind_what_the_messages_before_them_led_to():
    async def test(made):
        client = await made.peer("client")
        client.send(OpenSession("me", {}), upload("x"), Call(1, "locate", {"tasks": [0]}))
        await client.next(Answer)
        assert {type(message) for message in client.got} <= {SessionOpened, UploadTaken}

    run(test)


def test_a_peer_that_says_much_leaves_turns_to_others(monkeypatch):
    monkeypatch.setattr(server, "TURN_S", -1.0)

    async def test(made):
        client, other = await made.client(), await made.client()
        taken = []
        handle = made.scheduler.machine.handle
        monkeypatch.setattr(
            made.scheduler.machine,
            "handle",
            lambda peer, message, now: (taken.append((peer, type(message))), handle(peer, message, now)),
        )
        client.send(upload("a", "b"), *[ClientBeat()] * 50, Release([0, 1]), ClientBeat())
        other.send(*[ClientBeat()] * 5)
        assert await made.scheduler.until(lambda: len(taken) == 58, 10)
        peers_in_turn = [peer for peer, _ in taken]
        mine = peers_in_turn[0]
        assert [kind for peer, kind in taken if peer == mine][50:] == [ClientBeat, Release, ClientBeat]
        assert peers_in_turn.index(next(peer for peer in peers_in_turn if peer != mine)) < 50
        assert not made.scheduler.tasks
        # What is said before the end counts.
        taken.clear()
        client.send(*[ClientBeat()] * 50, Bye("enough"))
        await client.comm.close()
        assert await made.scheduler.until(lambda: len(made.scheduler.clients) == 1, 10)
        assert len(taken) == 50
        assert not any(connection.untaken for connection in made.scheduler.connections.values())

    run(test)


def test_inproc_and_tcp_at_once():
    async def test(made):
        scheduler = made.scheduler
        near = await made.peer("client", scheduler.addresses[0])
        far = await made.peer("client", scheduler.addresses[1])
        assert scheduler.addresses[0].startswith("inproc://")
        assert scheduler.address == scheduler.addresses[0]
        for peer in (near, far):
            peer.send(OpenSession(f"client-{id(peer)}", {}))
            assert (await peer.next(SessionOpened)).serialize
        assert len(scheduler.clients) == 2

    run(test, addresses=["inproc://", "tcp://127.0.0.1:0"])


def test_in_process_alone_nothing_is_serialised():
    async def test(made):
        client = await made.peer("client")
        client.send(OpenSession("me", {}))
        assert not (await client.next(SessionOpened)).serialize

    run(test, addresses=["inproc://"])


# ---------------------------------------------------------------- peers that break the rules


@pytest.mark.parametrize(
    ("role", "message", "text"),
    [
        ("client", register(), "the first message of a client is OpenSession, not RegisterWorker"),
        ("worker", OpenSession("me", {}), "the first message of a worker is RegisterWorker, not OpenSession"),
        ("nanny", register(), "the first message of a nanny is RegisterNanny, not RegisterWorker"),
        ("client", Call(1, "identity", {}), "the first message of a client is OpenSession, not Call"),
        ("worker", WorkerStatus("paused"), "the first message of a worker is RegisterWorker, not WorkerStatus"),
        ("rpc", OpenSession("me", {}), "an? rpc may not send OpenSession"),
    ],
)
def test_a_first_message_that_another_role_sends(role, message, text, caplog):
    async def test(made):
        peer = await made.peer(role)
        peer.send(message)
        assert text.removeprefix("an? ") in (await peer.next(Bye)).reason
        await peer.gone()
        assert not made.scheduler.connections
        assert not made.scheduler.clients
        assert not made.scheduler.workers

    run(test)
    assert len([one for one in caplog.records if "closing the connection" in one.message]) == 1


@pytest.mark.parametrize(
    "message", [Finished([1], None, [1], [1], [1], [1], 1, None), Free([1]), SessionOpened(1, 1, 1, True)]
)
def test_a_message_that_the_role_may_not_send(message, caplog):
    async def test(made):
        client, other = await made.client(), await made.client("other")
        client.send(message, upload("never"))
        assert f"a client may not send {type(message).__name__}" in (await client.next(Bye)).reason
        await client.gone()
        assert not made.scheduler.tasks
        assert await other.ask("nthreads") == {}

    run(test)
    assert "client me" in caplog.text


def test_a_second_introduction_is_refused():
    async def test(made):
        client = await made.client()
        client.send(OpenSession("again", {}))
        assert "a client may not send OpenSession" in (await client.next(Bye)).reason
        await client.gone()

    run(test)


@pytest.mark.parametrize(
    "message",
    [
        upload("a", "b", n_deps=[0]),
        upload("a", keys=[99]),
        upload("a", recipe=[7]),
        upload("a", deps=[5], n_deps=[1]),
        upload("a", keys=None),
        upload("a", announced="many"),
        upload("a", recipes=3),
    ],
    ids=[
        "short column",
        "unknown form of keys",
        "unknown recipe",
        "unknown dependency",
        "no keys",
        "no number",
        "no list",
    ],
)
def test_malformed_columns_cost_their_sender_the_connection_and_nobody_else(message, caplog):
    async def test(made):
        worker = await made.worker()
        bad, good = await made.client("bad"), await made.client("good")
        bad.send(message)
        await bad.next(Bye)
        await bad.gone()
        assert set(made.scheduler.clients) == {"good"}
        good.send(upload("fine"))
        worker.send(finish(await worker.next(Compute)))
        assert (await good.next(Done)).tasks == [0]

    run(test)
    assert "Upload(submission=0" in caplog.text


@pytest.mark.parametrize("column", ["nbytes", "durations", "starts", "threads"])
def test_a_malformed_report_of_a_worker(column):
    async def test(made):
        worker, client = await made.worker(), await made.client()
        client.send(upload("a"))
        report = finish(await worker.next(Compute))
        setattr(report, column, [])
        worker.send(report)
        await worker.next(Bye)
        await worker.gone()
        await made.scheduler.until(lambda: not made.scheduler.workers, 5)
        # The task is still wanted, and another worker gets it.
        other = await made.worker("bob")
        other.send(finish(await other.next(Compute)))
        assert (await client.next(Done)).tasks == [0]

    run(test)


def test_an_error_inside_the_machine_is_logged_and_ends_that_peer_alone(monkeypatch, caplog):
    async def test(made):
        client, other = await made.client(), await made.client("other")
        handle = made.scheduler.machine.handle

        def broken(peer, message, now):
            if isinstance(message, ClientBeat):
                raise ZeroDivisionError("a defect")
            handle(peer, message, now)

        monkeypatch.setattr(made.scheduler.machine, "handle", broken)
        client.send(ClientBeat())
        assert (await client.next(Bye)).reason == "ZeroDivisionError: a defect"
        await client.gone()
        assert await other.ask("nthreads") == {}
        assert set(made.scheduler.clients) == {"other"}

    run(test)
    assert "ClientBeat()" in caplog.text
    assert "Traceback" in caplog.text


def test_a_duplicate_worker_is_told_why():
    async def test(made):
        await made.worker("alice")
        peer = await made.peer("worker")
        peer.send(register("alice"))
        assert "belongs to the cluster already; choose another one" in (await peer.next(Bye)).reason
        await peer.gone()
        assert len(made.scheduler.workers) == 1

    run(test)


def test_roles_without_business_are_sent_away(caplog):
    async def test(made):
        peer = await made.peer("scheduler")
        assert (await peer.next(Bye)).reason == "a 'scheduler' has no business here"
        await peer.gone()

    run(test)
    assert "has no business here" in caplog.text


def test_what_can_not_be_sent_ends_the_peer_and_not_the_scheduler(caplog):
    async def test(made):
        client, other = await made.client(), await made.client("other")
        made.scheduler.log_event("print", object())
        await client.gone()
        await other.gone()
        third = await made.client("third")
        assert await third.ask("nthreads") == {}

    run(test)
    assert "closing the connection of client me" in caplog.text


def test_a_wrong_token_gets_nowhere():
    async def test(made):
        with pytest.raises(PermissionError):
            await connect(made.scheduler.address, role="client", security=Security(token="f" * 64), timeout_s=5)
        assert not made.scheduler.connections

    run(test)


# ---------------------------------------------------------------- the end


def test_closing_says_goodbye_to_all_who_are_connected():
    async def test(made):
        worker, client, nanny = await made.worker(), await made.client(), await made.nanny()
        asker = await made.peer("rpc")
        assert (await asker.ask("identity"))["n_workers"] == 1
        client.send(upload("a"))
        await worker.next(Compute)
        await made.scheduler.close("for the night")
        assert (await worker.next(Leave)).reason == "for the night"
        for peer in (client, nanny, asker):
            assert (await peer.next(Bye)).reason == "for the night"
        for peer in (worker, client, nanny, asker):
            await peer.gone()
        assert made.scheduler.status == "closed"
        await made.scheduler.finished()
        with pytest.raises(ConnectTimeoutError):
            await connect(made.scheduler.addresses[0], role="client", security=made.security, timeout_s=0.1)

    run(test)


def test_closing_twice_and_at_once():
    async def test(made):
        await asyncio.gather(made.scheduler.close(), made.scheduler.close())
        await made.scheduler.close()
        await made.scheduler.finished()

    run(test)


def test_closing_gives_up_calls_that_wait():
    async def test(made):
        client = await made.client()
        client.ask_later("wait_for_workers", n=1)
        assert await client.ask("nthreads") == {}  # so that the first one has begun
        await made.scheduler.close()
        await client.next(Bye)
        await client.gone()
        assert not any(isinstance(message, Answer) for message in client.got)

    run(test)


@pytest.mark.slow
def test_closing_is_bounded_though_a_peer_does_not_read(monkeypatch):
    monkeypatch.setattr(peers, "CLOSE_S", 0.2)

    async def test(made):
        client = await made.client()
        client.comm.pause_reading()
        made.scheduler.log_event("print", "x" * (32 << 20))
        begun = time.monotonic()
        await made.scheduler.close()
        assert time.monotonic() - begun < 5
        client.comm.resume_reading()

    run(test)


def test_closing_is_bounded_though_users_code_does_not_end(monkeypatch, caplog):
    monkeypatch.setattr(server, "USERS_CODE_S", 0.02)
    monkeypatch.setattr(hooks, "USERS_CODE_S", 0.02)

    class Endless(SchedulerPlugin):
        async def close(self):
            await asyncio.Event().wait()

    lines = "import asyncio\nasync def dask_teardown(s): await asyncio.Event().wait()"

    async def test(made):
        made.scheduler.run_in_background(asyncio.Event().wait())
        async with asyncio.timeout(5):
            await made.scheduler.close()

    run(test, plugins=[Endless()], preload=lines)
    assert "close of the plugin Endless failed" in caplog.text
    assert "the preloads didn't end within 0.02 s" in caplog.text


def test_the_death_of_the_scheduler_is_seen_by_its_peers():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        for connection in list(made.scheduler.connections.values()):
            connection.comm.abort()  # as a process that is killed leaves its sockets
        await worker.gone()
        await client.gone()
        assert not any(isinstance(message, Bye) for message in client.got)
        with pytest.raises(CommClosedError):
            client.send(ClientBeat())
        await made.scheduler.until(lambda: not made.scheduler.workers, 5)
        assert not made.scheduler.connections

    run(test)


# ---------------------------------------------------------------- the beginning


def test_a_port_that_is_in_use_is_an_error():
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            scheduler = Scheduler(port=taken.getsockname()[1], security=Security(token=TOKEN))
            with pytest.raises(OSError, match="in use") as caught:
                await scheduler.start()
            assert caught.value.errno == errno.EADDRINUSE
        assert scheduler.status == "closed"

    asyncio.run(main())


def test_the_scheduler_file_leads_to_the_scheduler_and_is_removed(tmp_path):
    path = tmp_path / "scheduler.json"

    async def test(made):
        written = json.loads(path.read_text())
        assert (written["address"], written["token"]) == (made.scheduler.address, TOKEN)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    run(test, scheduler_file=path)
    assert not path.exists()


def test_a_scheduler_file_of_another_scheduler_stays(tmp_path):
    path = tmp_path / "scheduler.json"

    async def test(made):
        path.write_text('{"address": "tcp://elsewhere:1"}')

    run(test, scheduler_file=path)
    assert path.exists()


def test_a_start_that_fails_leaves_nothing_open(tmp_path):
    file = tmp_path / "file"
    file.touch()

    async def main():
        scheduler = Scheduler(port=0, security=Security(token=TOKEN), scheduler_file=file / "no" / "folder")
        with pytest.raises(OSError, match=r"Not a directory|File exists"):
            await scheduler.start()
        assert scheduler.status == "closed"
        with pytest.raises(ConnectTimeoutError):
            await connect(scheduler.address, role="client", security=scheduler.security, timeout_s=0.05)
        with pytest.raises(RuntimeError, match="can be started once; it is closed"):
            await scheduler.start()

    asyncio.run(main())


def test_preloads_run_before_and_after():
    lines = "seen = []\ndef dask_setup(s): s.marks = [s.status]\nasync def dask_teardown(s): s.marks.append(s.status)"

    async def main():
        async with cluster(preload=lines) as made:
            assert made.scheduler.marks == ["starting"]
        assert made.scheduler.marks == ["starting", "closing"]

    asyncio.run(main())


def test_a_preload_that_fails_stops_the_scheduler():
    async def main():
        scheduler = Scheduler(port=0, security=Security(token=TOKEN), preload=["def dask_setup(s):\n    1 / 0"])
        with pytest.raises(ZeroDivisionError):
            await scheduler.start()
        assert scheduler.status == "closed"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"addresses": "tcp://:0"}, TypeError, "must be a list of addresses"),
        ({"addresses": []}, ValueError, "at least one"),
        ({"addresses": ["tcp://:0"], "port": 1}, ValueError, "or host, port and protocol"),
        ({"port": 70_000}, ValueError, "from 0 to 65535"),
        ({"port": "8786"}, TypeError, "must be a whole number"),
        ({"security": "token"}, TypeError, "must be a Security"),
        ({"idle_timeout": "soon"}, ValueError, "span of time"),
    ],
)
def test_bad_arguments(options, error, text):
    with pytest.raises(error, match=text):
        Scheduler(**options)


def test_before_it_is_started():
    scheduler = Scheduler(port=0, name="mine")
    with pytest.raises(RuntimeError, match="no address before it is started"):
        _ = scheduler.address
    assert repr(scheduler) == "<Scheduler 'no address', created: 0 workers, 0 tasks>"


# ---------------------------------------------------------------- what happens


def test_plugins_hear_of_members_and_the_end():
    heard = []

    class Listener(SchedulerPlugin):
        async def start(self, scheduler):
            heard.append("start")

        def add_worker(self, scheduler, worker):
            heard.append(("add_worker", worker))

        async def remove_worker(self, scheduler, worker, *, stimulus_id, **kwargs):
            heard.append(("remove_worker", worker, kwargs["reason"]))

        def add_client(self, scheduler, client):
            heard.append(("add_client", client))

        def remove_client(self, scheduler, client):
            heard.append(("remove_client", client))

        def update_graph(self, scheduler, *, client, keys, tasks, **kwargs):
            heard.append(("update_graph", client, keys, tasks))

        async def before_close(self):
            heard.append("before_close")

        async def close(self):
            heard.append("close")

    async def test(made):
        client = await made.client()
        client.send(upload("a", "b", wanted=[1]))
        await client.settle()
        worker = await made.worker()
        address = next(iter(made.scheduler.workers))
        worker.send(Bye("enough"))
        await worker.close()
        await made.scheduler.until(lambda: not made.scheduler.workers, 5)
        await client.close()
        await made.scheduler.until(lambda: not made.scheduler.clients, 5)
        assert heard == [
            "start",
            ("add_client", "me"),
            ("update_graph", "me", {"b"}, ["a", "b"]),
            ("add_worker", address),
            ("remove_worker", address, "enough"),
            ("remove_client", "me"),
        ]

    run(test, plugins=[Listener()])
    assert heard[-2:] == ["before_close", "close"]


def test_versions_that_differ_are_logged(monkeypatch, caplog):
    async def test(made):
        monkeypatch.setattr(endpoints, "Identity", partial(Identity, versions={**versions(), "numpy": "0.0.1"}))
        client = await made.client()
        assert await client.ask("nthreads") == {}

    run(test)
    assert "versions differ with client client" in caplog.text
    assert "0.0.1 there" in caplog.text


def test_a_worker_that_floods_register_messages_is_one_peer():
    async def test(made):
        peer = await made.peer("worker")
        first = register("alice")
        peer.send(first, register("bob"))
        assert "may not send RegisterWorker" in (await peer.next(Bye)).reason
        await peer.gone()
        assert isinstance(first, RegisterWorker)
        assert not made.scheduler.workers

    run(test)
