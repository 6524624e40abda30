"""The connection of a client: opening, losing, calling, flushing, waiting."""

from __future__ import annotations

import asyncio
import threading
import time
from operator import add
from typing import Any

import pytest

from minidask_distributed import loops
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureLostError
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import (
    Bye,
    Cancel,
    ClientBeat,
    Done,
    Event,
    KeepUntilDone,
    Message,
    OpenSession,
    Release,
    Upload,
)
from tests.distributed.client.scripted import Scripted, connected, in_loop, on_loop, scheduler

pytestmark = pytest.mark.network


def test_opening_and_closing() -> None:
    with scheduler() as made:
        client = Client(made, name="alice", heartbeat_interval="10 ms")
        assert client.status == "running"
        client.sync(_received, made, ClientBeat)
        client.close()
        assert client.status == "closed"
        assert made.gone.wait(5)
        session = made.sessions[0]
        (opening,) = session.of(OpenSession)
        assert opening.name == "alice"
        assert set(opening.info) == {"program", "pid", "host", "cwd"}
        assert isinstance(session.received[-1], Bye)


async def _received(made: Scripted, kind: type) -> None:
    async with asyncio.timeout(5):
        while not made.sessions[0].of(kind):
            await asyncio.sleep(0.001)


def test_a_scheduler_that_opens_no_session() -> None:
    with scheduler() as made:
        made.open_sessions = False
        with pytest.raises(TimeoutError, match=r"opened no session within 0\.05 s"):
            Client(made, timeout=0.05)
        assert made.gone.wait(5)


def test_a_scheduler_that_refuses() -> None:
    with scheduler() as made:
        made.open_sessions = False
        made.handle = lambda session, message: session.comm.abort()  # type: ignore[method-assign]
        with pytest.raises(CommClosedError, match="was lost"):
            Client(made, timeout=5)


def test_nobody_there() -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"tcp://127\.0\.0\.1:1"):
        Client("tcp://127.0.0.1:1", timeout=0.3)
    assert time.monotonic() - started < 5
    assert loops._shared.thread is None


@pytest.mark.parametrize("on_purpose", [True, False])
def test_the_scheduler_goes(on_purpose: bool) -> None:
    # Without a goodbye it is looked for again, and not found.
    with connected(auto=False) as (made, client):
        here = client.submit(add, 1, 2)
        away = client.submit(add, 3, 4)
        pending = client.map(abs, range(10))
        client.sync(client.call, "locate", tasks=[])
        made.say(Done([here._state.id], [b"\x80\x05K\x03."], [28]), Done([away._state.id], None, [28]))
        client._wait([away._state])
        calling = threading.Thread(target=_call_that_fails, args=(client,))
        made.handlers["never"] = lambda session: time.sleep(0) or _never()
        calling.start()
        waiting = threading.Thread(target=_wait_that_fails, args=(pending,))
        waiting.start()
        if on_purpose:
            made.say(Bye("shut down by its user"))
        else:
            client._timeout_s = 0.01
            client.sync(made.listener.close)
        on_loop(made.sessions[0].comm.abort)
        waiting.join(5)
        calling.join(5)
        assert not waiting.is_alive()
        assert not calling.is_alive()
        assert here.result() == 3
        why = "ended the session: shut down by its user" if on_purpose else "was lost"
        for future in [away, *pending]:
            assert future.status == "lost"
            with pytest.raises(FutureLostError, match=why):
                future.result()
        until_closed(client)
        if not on_purpose:
            why = "was lost and couldn't be made again within 0.01 s: nothing listens there; make a new Client"
        with pytest.raises(CommClosedError, match=why):
            client.submit(add, 1, 2)
        with pytest.raises(CommClosedError, match=why):
            client.map(abs, [1])
        with pytest.raises(CommClosedError, match=why):
            client.cancel(pending)
        with pytest.raises(CommClosedError, match=why):
            client.sync(client.call, "locate", tasks=[])


def until_closed(client: Client) -> None:
    """Wait until a client has given its scheduler up."""
    client.sync(_ended, client)


async def _ended(client: Client) -> None:
    if client._reopening is not None:
        await asyncio.wait([client._reopening])
    assert client.status == "closed"


def test_a_connection_that_drops(caplog: pytest.LogCaptureFixture) -> None:
    with connected(auto=False) as (made, client):
        made.handlers["subscribe"] = lambda session, topic: None
        heard = threading.Event()
        client.subscribe_topic("news", lambda event: heard.set())
        here, away, pending = (client.submit(add, 1, at) for at in range(3))
        client.sync(client.call, "locate", tasks=[])
        made.say(Done([here._state.id], [b"\x80\x05K\x01."], [28]), Done([away._state.id], None, [28]))
        client._wait([away._state])
        made.auto = True
        again = []
        # Whoever hears of the loss may go on at once.
        pending._state.add_waiter(lambda: again.append(client.submit(add, 1, 2)))
        on_loop(made.sessions[0].comm.abort)
        with pytest.raises(FutureLostError, match="was lost"):
            pending.result()
        assert client.submit(add, 1, 1).result(5) == 2
        assert again[0].result(5) == 3
        assert again[0]._state.id > pending._state.id
        assert client.gather(client.map(add, range(5), range(5))) == [0, 2, 4, 6, 8]
        assert client.status == "running"
        # What is here stays here; the new connection knows nothing of what belonged to the old one.
        assert here.result() == 1
        assert away.status == "lost"
        with pytest.raises(FutureLostError, match=r"held for a connection that was lost; pass the value itself"):
            client.submit(add, here, 1)
        client.cancel([here, away, pending])
        del here, away, pending
        client.sync(client.call, "locate", tasks=[])
        made.say(Event("news", 1.0, None), to=1)
        assert heard.wait(5)
        old, new = made.sessions
        assert not {1, 2, 3} & {
            one for message in new.received if isinstance(message, Release | Cancel) for one in message.tasks
        }
        assert new.of(Upload)[0].recipes
        assert new.name == old.name
    assert "trying to connect again for 10 s" in caplog.text


def test_what_is_submitted_while_the_scheduler_is_away() -> None:
    with connected() as (made, client):
        future = client.submit(add, 1, 1)
        assert future.result(5) == 2
        made.open_sessions = False
        on_loop(made.sessions[0].comm.abort)
        _until(lambda: len(made.sessions) == 2)
        assert client.status == "connecting"
        waiting = client.submit(add, 1, 2)
        calling = threading.Thread(target=client.sync, args=(client.call, "locate"), kwargs={"tasks": []})
        calling.start()
        with pytest.raises(TimeoutError):
            waiting.result(0.01)
        # An attempt that fails isn't the last one.
        made.open_sessions = True
        on_loop(made.sessions[1].comm.abort)
        assert waiting.result(5) == 3
        calling.join(5)
        assert not calling.is_alive()


def test_a_scheduler_that_stays_away() -> None:
    with connected() as (made, client):
        made.open_sessions = False
        client._timeout_s = 0.2
        on_loop(made.sessions[0].comm.abort)
        _until(lambda: len(made.sessions) == 2)
        waiting = client.submit(add, 1, 2)
        with pytest.raises(
            FutureLostError, match=r"was lost.* couldn't be made again.*: it took the connection, but opened"
        ):
            waiting.result(5)
        until_closed(client)
        with pytest.raises(CommClosedError, match="can't be used any more"):
            client.submit(add, 1, 2)


def test_one_that_says_goodbye_to_who_comes_back() -> None:
    with connected() as (made, client):
        made.open_sessions = False
        on_loop(made.sessions[0].comm.abort)
        _until(lambda: len(made.sessions) == 2)
        made.say(Bye("full"), to=1)
        on_loop(made.sessions[1].comm.abort)
        until_closed(client)
        with pytest.raises(CommClosedError, match="ended the session: full"):
            client.submit(add, 1, 2)


def test_closing_while_it_looks_for_the_scheduler() -> None:
    with scheduler() as made:
        client = Client(made, timeout=10)
        made.open_sessions = False
        on_loop(made.sessions[0].comm.abort)
        _until(lambda: len(made.sessions) == 2)
        future = client.submit(add, 1, 2)
        client.close()
        assert client.status == "closed"
        with pytest.raises(FutureLostError, match="the client was closed"):
            future.result()


def test_an_asynchronous_client_connects_again() -> None:
    async def work(made: Any, client: Any) -> None:
        lost = [client.submit(add, 1, at) for at in range(3)]
        made.sessions[0].comm.abort()
        outcomes = await asyncio.gather(*lost, return_exceptions=True)
        assert {type(one) for one in outcomes} <= {int, FutureLostError}
        assert await client.submit(add, 1, 2) == 3

    in_loop(work)


def _until(condition: Any) -> None:
    async def look() -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.001)

    thread = loops.acquire()
    try:
        thread.run(look())
    finally:
        loops.release(thread)


def _never() -> Any:
    raise SystemExit


def _call_that_fails(client: Client) -> None:
    with pytest.raises((CommClosedError, FutureLostError)):
        client.sync(_wait_for_call, client)


async def _wait_for_call(client: Client) -> None:
    waiting = client._calls[0] = client.loop.create_future()
    await waiting


def _wait_that_fails(futures: list[Any]) -> None:
    with pytest.raises(FutureLostError):
        futures[-1].result()


def test_calls() -> None:
    with connected() as (made, client):
        made.handlers["double"] = lambda session, name: name * 2
        made.handlers["fail"] = lambda session: 1 / 0
        assert client.sync(client.call, "double", name=21) == 42
        with pytest.raises(ZeroDivisionError):
            client.sync(client.call, "fail")
        with pytest.raises(KeyError, match="unknown"):
            client.sync(client.call, "unknown")
        with pytest.raises(TypeError):
            client.sync(client.call, "double", name=object())
        # What can't be sent takes nothing else with it.
        assert client.sync(client.call, "double", name=1) == 2
        assert not client._calls


def test_a_message_that_can_not_be_sent_ends_the_session(caplog: pytest.LogCaptureFixture) -> None:
    with connected() as (_, client):
        future = client.submit(add, 1, 2, pure=False)
        future.result()
        pending = client.submit(add, 1, 3)
        client._post(KeepUntilDone([object()]))
        with pytest.raises(CommClosedError, match="a KeepUntilDone can't be sent"):
            while pending.result() is not None:
                pending = client.submit(add, 1, pending)
        assert "can't be sent" in caplog.text


def test_events() -> None:
    with connected() as (made, client):
        heard: list[tuple[str, float, Any]] = []
        done = threading.Event()

        def bad(topic: str, stamp: float, content: Any) -> None:
            raise ValueError

        def hear(topic: str, stamp: float, content: Any) -> None:
            heard.append((topic, stamp, content))
            done.set()

        client.topics["news"] = [bad, hear]
        made.say(Event("other", 1.0, None), Event("news", 2.0, {"a": 1}))
        assert done.wait(5)
        assert heard == [("news", 2.0, {"a": 1})]


def test_sync() -> None:
    async def work(x: int, *, y: int = 0) -> int:
        await asyncio.sleep(0)
        return x + y

    async def slow() -> None:
        await asyncio.sleep(60)

    with connected() as (_, client):
        assert client.sync(work, 1, y=2) == 3
        with pytest.raises(TimeoutError):
            client.sync(slow, callback_timeout=0.01)
        with pytest.raises(RuntimeError, match="on the event loop's own thread"):
            on_loop(client.sync, work, 1)
    with pytest.raises(RuntimeError, match="closed"):
        client.sync(work, 1)


def test_sync_of_an_asynchronous_client_from_other_threads() -> None:
    async def work(made: Any, client: Any) -> None:
        assert client.asynchronous
        assert await client.sync(client.call, "locate", tasks=[])

        def elsewhere() -> int:
            assert not client.asynchronous
            futures = client.map(add, [1, 2], [3, 4])
            assert client.gather(futures) == [4, 6]
            made.small = 0
            return client.submit(add, 20, 3).result()

        assert await asyncio.to_thread(elsewhere) == 23
        with pytest.raises(TimeoutError):
            await client.sync(asyncio.sleep, 60, callback_timeout=0.01)

    in_loop(work)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "inproc://"])
def test_what_ctrl_c_kept_from_leaving_goes_later(address: str) -> None:
    with connected(address) as (made, client):
        comm = client._comm
        assert comm is not None
        send = comm.send

        def interrupted(messages: list[Message]) -> None:
            comm.send = send  # type: ignore[method-assign]
            raise KeyboardInterrupt

        on_loop(client._flush)
        comm.send = interrupted  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            client.map(add, range(10), range(10))
        assert client.submit(add, 1, 2).result(5) == 3
        assert client.gather(client.map(add, range(10), range(10))) == list(range(0, 20, 2))
        assert made.sessions[0].of(Upload)[0].recipe


def test_single_submissions_share_messages() -> None:
    with connected() as (made, client):
        client.submit(add, -1, 0)
        on_loop(_submit_many, client)
        client.submit(add, -2, 0).result()
        uploads = made.sessions[0].of(Upload)
        assert sum(len(upload.recipe) for upload in uploads) == 502
        assert len(uploads) <= 4


def _submit_many(client: Client) -> None:
    for at in range(500):
        client.submit(add, at, 0)


def test_a_waiter_that_raises_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    with connected(auto=False) as (made, client):
        future = client.submit(add, 1, 2)

        def bad() -> None:
            raise ValueError

        future._state.add_waiter(bad)
        arrived = threading.Event()
        future._state.add_waiter(arrived.set)
        client.sync(client.call, "locate", tasks=[])
        made.run(made.sessions[0])
        assert arrived.wait(5)
    assert "a callback of a future failed" in caplog.text


def test_releases_wait_for_others() -> None:
    with connected() as (made, client):
        for at in range(50):
            assert client.submit(add, at, 1).result() == at + 1
        client.sync(client.call, "locate", tasks=[])
        kinds = [type(message) for message in made.sessions[0].received]
        # Each goes with the next upload, not in a message of its own that wakes the loop.
        assert kinds.count(Release) >= 40
