"""Blocking connections for large values."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from minidask_distributed.client import transfers as transfers_module
from minidask_distributed.client.transfers import KEEP_PER_WORKER, Transfers, Unreadable
from minidask_distributed.comm import Bulk, listen
from minidask_distributed.comm.errors import CommClosedError, CommError, ConnectTimeoutError
from minidask_distributed.comm.options import Options
from minidask_distributed.loops import LoopThread
from minidask_distributed.messages import Answer, Data, GetData, PutData, Stored
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.protocol.payload import Payload, pack, unpack
from minidask_distributed.security import Security
from tests.distributed.client.scripted import TOKEN

pytestmark = pytest.mark.network


class Holder:
    """A worker that holds data."""

    def __init__(self) -> None:
        self.data: dict[int, Any] = {1: "one", 2: [2]}
        self.connections = 0
        self.close_after: int | None = None
        self.odd = False

    def serve(self, bulk: Bulk) -> None:
        self.connections += 1
        with bulk:
            try:
                while True:
                    message = bulk.recv()
                    self.answer(bulk, message)
                    if self.close_after is not None:
                        return
            except CommClosedError:
                return

    def answer(self, bulk: Bulk, message: Any) -> None:
        if self.odd:
            bulk.send(GetData([]))
        elif isinstance(message, GetData):
            held = [task for task in message.tasks if task in self.data]
            payloads = [pack(self.data[task]) if task != 9 else Payload("odd", b"") for task in held]
            bulk.send(Data(held, payloads, [task for task in message.tasks if task not in self.data]))
        elif isinstance(message, PutData):
            if "bad" in message.keys:
                bulk.send(Answer(0, None, pack_failure(ValueError("can't be read"))))
                return
            self.data.update(zip(message.tasks, map(unpack, message.payloads), strict=True))
            bulk.send(Stored([1] * len(message.tasks)))


@pytest.mark.alone
def test_who_does_not_answer_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    # A listener whose queue is full takes no connection, as a firewall that drops packets.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as fillers:
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        transfers = Transfers(Security(token=TOKEN), "me", 0.2, Options.from_settings())
        try:
            with pytest.raises(ConnectTimeoutError):
                transfers.fetch(address, [1])
            began = time.monotonic()
            for _ in range(5):
                with pytest.raises(CommError, match=r"isn't asked again for a while: no connection .* within 0\.2 s"):
                    transfers.fetch(address, [1])
            assert time.monotonic() - began < 0.15
            monkeypatch.setattr(transfers_module, "AVOID_S", 0.0)
            transfers._unreachable.clear()
            for _ in range(2):
                with pytest.raises(ConnectTimeoutError):
                    transfers.fetch(address, [1])
        finally:
            transfers.close()


@pytest.fixture
def holder() -> Iterator[tuple[Holder, str]]:
    thread = LoopThread("holder")
    thread.start()
    made = Holder()

    async def start() -> Any:
        return await listen(
            "tcp://127.0.0.1:0", lambda comm: None, role="worker", security=Security(token=TOKEN), on_bulk=made.serve
        )

    listener = thread.run(start())
    try:
        yield made, listener.contact_address
    finally:
        thread.run(listener.close())
        thread.stop()


@pytest.fixture
def transfers() -> Iterator[Transfers]:
    made = Transfers(Security(token=TOKEN), "a client", 5.0, Options())
    try:
        yield made
    finally:
        made.close()


def test_fetch_and_put(holder: tuple[Holder, str], transfers: Transfers) -> None:
    worker, address = holder
    assert transfers.fetch(address, [1, 2, 3]) == {1: "one", 2: [2]}
    transfers.put(address, [5, 6], ["x", ("y", 0)], [pack("five"), pack(b"6" * 100_000)])
    assert worker.data[6] == b"6" * 100_000
    assert transfers.fetch(address, [5]) == {5: "five"}
    assert worker.connections == 1, "it is used again"


def test_a_value_that_can_not_be_read(holder: tuple[Holder, str], transfers: Transfers) -> None:
    worker, address = holder
    worker.data[9] = None
    found = transfers.fetch(address, [1, 9])
    assert found[1] == "one"
    assert type(found[9]) is Unreadable
    assert "kind 'odd'" in str(found[9].error)


def test_data_that_the_worker_can_not_read(holder: tuple[Holder, str], transfers: Transfers) -> None:
    with pytest.raises(ValueError, match="can't be read"):
        transfers.put(holder[1], [5], ["bad"], [pack(1)])
    assert transfers.fetch(holder[1], [1]) == {1: "one"}


def test_an_idle_connection_that_was_closed(holder: tuple[Holder, str], transfers: Transfers) -> None:
    worker, address = holder
    worker.close_after = 1
    assert transfers.fetch(address, [1]) == {1: "one"}
    assert transfers.fetch(address, [1]) == {1: "one"}
    assert worker.connections == 2


def test_an_answer_that_is_none(holder: tuple[Holder, str], transfers: Transfers) -> None:
    holder[0].odd = True
    with pytest.raises(CommClosedError, match="answered with a GetData"):
        transfers.fetch(holder[1], [1])


def test_few_connections_are_kept(holder: tuple[Holder, str], transfers: Transfers) -> None:
    _worker, address = holder
    together = threading.Barrier(4)

    def fetch() -> None:
        together.wait(5)
        for _ in range(5):
            assert transfers.fetch(address, [1]) == {1: "one"}

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(transfers._open) <= KEEP_PER_WORKER


def test_nobody_there() -> None:
    transfers = Transfers(Security(token=TOKEN), "a client", 30.0, Options())
    began = time.monotonic()
    try:
        # Its address came from the scheduler: it has listened, and is gone for good.
        with pytest.raises(CommError, match=r"no connection to tcp://127\.0\.0\.1:1: nothing listens there"):
            transfers.fetch("tcp://127.0.0.1:1", [1])
    finally:
        transfers.close()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("used_before", [False, True])
def test_a_worker_that_does_not_answer_is_given_up(
    holder: tuple[Holder, str], transfers: Transfers, used_before: bool
) -> None:
    worker, address = holder
    if used_before:
        transfers.fetch(address, [1])
    asked, answer = threading.Event(), threading.Event()

    def hang(bulk: Bulk, message: Any) -> None:
        asked.set()
        answer.wait(10)

    worker.answer = hang  # type: ignore[method-assign]
    fetching = transfers.threads.submit(transfers.fetch, address, [1])
    assert asked.wait(10)
    transfers.give_up("tcp://another:1")
    assert not fetching.done()
    transfers.give_up(address)
    with pytest.raises(CommClosedError):
        fetching.result(5)
    answer.set()
    assert worker.connections == 1


def test_after_the_end(holder: tuple[Holder, str], transfers: Transfers) -> None:
    transfers.fetch(holder[1], [1])
    transfers.close()
    with pytest.raises(CommClosedError, match="the client was closed"):
        transfers.fetch(holder[1], [1])
