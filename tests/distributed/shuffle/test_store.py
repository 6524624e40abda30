"""Stores of pieces: room and its end, tickets that die, stores that ask each other over real connections."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import pickle
import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.shuffle.pieces import join_all, split_rows
from minidask_distributed.comm import connect_bulk, listen
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.loops import LoopThread
from minidask_distributed.messages import Bye, GetData, GetPieces
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.security import Security
from minidask_distributed.shuffle import files
from minidask_distributed.shuffle.form import Encoded, encode
from minidask_distributed.shuffle.store import Store, Stub
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.transfer import DataServer, Fetcher

SECURITY = Security(token="t" * 64)
PATIENCE_S = 20.0


def raw(**pieces):
    """Pieces of random bytes, whose sizes are given."""
    return Encoded(b"d" * 16, pickle.dumps(None), {int(at[1:]): os.urandom(size) for at, size in pieces.items()})


class Place:
    """Makes stores, and closes them."""

    def __init__(self, folder):
        self.folder = folder
        self.stack = contextlib.ExitStack()

    def store(self, limit_bytes=1 << 20, fetcher=None, address="here", **more):
        made = Store(self.folder / address, address, fetcher, limit_bytes=limit_bytes, **more)
        self.stack.callback(made.close)
        return made


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    threads = set(threading.enumerate())
    with made.stack:
        yield made
    assert not [path for path in tmp_path.rglob("*.pieces")]
    assert not {thread for thread in threading.enumerate() if thread not in threads and thread.is_alive()}


def test_pieces_live_as_long_as_their_ticket(place):
    store = place.store()
    ticket = store.put("s", "t", raw(p0=100, p2=50))
    assert store.memory_bytes == 150
    assert not store.empty
    del ticket
    gc.collect()
    assert store.until_empty(PATIENCE_S)
    assert store.empty


def test_a_ticket_travels_as_its_stub(place):
    store = place.store()
    ticket = store.put("s", ("t", 1), raw(p0=100))
    stub = pickle.loads(pickle.dumps(ticket))
    assert stub == Stub(("t", 1), "here", ticket.stub.run, b"d" * 16)
    assert not store.empty


def test_a_ticket_counts_for_little_and_is_never_spilled(place, tmp_path):
    store = place.store()
    ticket = store.put("s", ("t", 1), raw(p0=100_000))
    assert dumps_small(ticket) is not None
    data = SpillBuffer(tmp_path / "spill", target_bytes=1)
    data[1] = ticket
    del ticket
    data.spill(1 << 30)
    assert data.settle(PATIENCE_S)
    assert not data.spilled()
    assert not store.empty
    data.close()
    assert store.until_empty(PATIENCE_S)


def test_what_is_too_much_goes_to_disk_and_comes_back(place):
    store = place.store(limit_bytes=10_000)
    tickets, everything = [], []
    for at in range(20):
        encoded = raw(p0=1000, p1=500)
        tickets.append(store.put("s", ("t", at), encoded))
        everything.append(encoded)
    assert store.memory_bytes <= 10_000
    assert store.disk_bytes > 15_000
    assert store.spilled_bytes > 15_000
    for output in (0, 1):
        runs = [ticket.stub.run for ticket in tickets]
        found = [bytes(data) for data in store._find(runs, output, 0)]
        assert found == [bytes(encoded.pieces[output]) for encoded in everything]
    before = store.disk_bytes
    store.finish([ticket.stub for ticket in tickets], 0)
    # Its room is given back, in memory and on disk, while the rest is there still.
    with store._changed:
        assert store._changed.wait_for(lambda: store._files.nbytes < before / 2, PATIENCE_S)
    assert store._find([tickets[0].stub.run], 0, 0) == [None]
    assert bytes(store._find([tickets[0].stub.run], 1, 0)[0]) == bytes(everything[0].pieces[1])
    tickets.clear()
    assert store.until_empty(PATIENCE_S)


def test_answers_are_bounded(place):
    store = place.store()
    tickets = [store.put("s", at, raw(p0=400)) for at in range(5)]
    runs = [ticket.stub.run for ticket in tickets]
    answer = store.answer(GetPieces(runs, 0, 1000, []), True)
    assert answer.nbytes == [400, 400]
    assert answer.layouts == [[b"d" * 16, pickle.dumps(None)]]
    answer = store.answer(GetPieces([runs[0], 12345, runs[1]], 1, 1000, [b"d" * 16]), True)
    assert (answer.nbytes, answer.layouts) == ([0, -1, 0], [])
    answer = store.answer(GetPieces(runs[:2], 0, 1, []), True)
    assert answer.nbytes == [400], "one piece, however large"


def test_a_full_disk_fails_who_finds_no_room_and_nobody_else(place):
    store = place.store(limit_bytes=10_000, most_disk_bytes=3_000)
    first = store.put("big-shuffle", "a", raw(p0=9_000))
    with pytest.raises(OSError, match="the shuffle 'big-shuffle' needs 9000 bytes more on the worker here") as caught:
        store.put("big-shuffle", "b", raw(p0=9_000))
    assert caught.value.errno == errno.ENOSPC
    assert "the limit of 3000 bytes on disk is reached" in str(caught.value)
    assert "local_directory" in str(caught.value)
    assert len(store._find([first.stub.run], 0, 0)[0]) == 9_000
    assert not list(place.folder.rglob("*.pieces"))
    # Once there is room again, it goes on.
    del first
    assert store.put("big-shuffle", "b", raw(p0=9_000)).stub.key == "b"


def test_a_disk_that_has_room_again_is_used_again(place, monkeypatch):
    store = place.store(limit_bytes=1_000)
    kept = [store.put("s", 0, raw(p0=900))]
    with monkeypatch.context() as patch:

        def full(descriptor, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(files.os, "write", full)
        with pytest.raises(OSError, match="No space left on device"):
            store.put("s", 1, raw(p0=900))
    kept.append(store.put("s", 1, raw(p0=900)))
    assert [len(data) for data in store._find([ticket.stub.run for ticket in kept], 0, 0)] == [900, 900]


def test_a_transfer_waits_for_room_that_another_ticket_makes(place, monkeypatch):
    store = place.store(limit_bytes=1_000)
    first = store.put("s", 0, raw(p0=900))
    writing, go = threading.Event(), threading.Event()
    real = store._files.append

    def held(*args):
        writing.set()
        assert go.wait(PATIENCE_S)
        return real(*args)

    monkeypatch.setattr(store._files, "append", held)
    done = []
    thread = threading.Thread(target=lambda: done.append(store.put("s", 1, raw(p0=800))))
    thread.start()
    assert writing.wait(PATIENCE_S)
    assert not done
    go.set()
    thread.join(PATIENCE_S)
    assert done
    del first


def test_closing_ends_who_waits(place, monkeypatch):
    store = place.store(limit_bytes=1_000)
    first = store.put("s", 0, raw(p0=900))
    monkeypatch.setattr(store._shelf, "next_write", lambda pressed: None)
    caught = []

    def put():
        try:
            store.put("s", 1, raw(p0=900))
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=put)
    thread.start()
    store.close()
    thread.join(PATIENCE_S)
    assert caught == ["the worker here closes, it takes no more of the shuffle 's'"]
    del first


# ---------------------------------------------------------------- two of them


class Peers:
    """Stores with listeners, as workers have them."""

    def __init__(self, place):
        self.place = place
        self.loop = LoopThread("peers")
        self.loop.start()
        place.stack.callback(self.loop.stop)

    def add(self, **options):
        connect = partial(connect_bulk, security=SECURITY, timeout_s=5.0, patient=False)
        fetcher = Fetcher(connect, lambda fetched: None)
        server = DataServer(SpillBuffer(None), lambda *args: None)

        async def refuse(comm):
            await comm.close()

        listener = self.loop.run(
            listen("tcp://127.0.0.1:0", refuse, role="worker", security=SECURITY, on_bulk=server.serve)
        )
        self.place.stack.callback(lambda: self.loop.run(listener.close()))
        self.place.stack.callback(fetcher.close)
        address = listener.contact_address
        made = Store(
            self.place.folder / address.rpartition(":")[2],
            address,
            fetcher,
            **{"limit_bytes": 1 << 20, **options},
        )
        self.place.stack.callback(made.close)
        server.answers.update(dict.fromkeys((GetPieces,), made.answer))
        made.server = server
        made.listener = listener
        return made


@pytest.fixture
def peers(place):
    return Peers(place)


class ByValue:
    """Rows go where their value says."""

    columns = ()

    def __call__(self, frame):
        return frame["x"].to_numpy() % 3


def sources(count=6, rows=50):
    return [
        pd.DataFrame({"x": np.arange(rows) * (at + 1), "s": [f"{at}-{i}" for i in range(rows)]}) for at in range(count)
    ]


@pytest.mark.network
@pytest.mark.parametrize("limit_bytes", [1 << 20, 2_000], ids=["memory", "disk"])
@pytest.mark.parametrize("message_bytes", [1, 1 << 20])
def test_pieces_come_from_all_in_the_order_of_the_sources(peers, limit_bytes, message_bytes):
    stores = [peers.add(limit_bytes=limit_bytes, message_bytes=message_bytes) for _ in range(3)]
    splits = [split_rows(part, ByValue(), 3) for part in sources()]
    tickets = [stores[at % 2].put("s", at, encode(split, range(3))) for at, split in enumerate(splits)]
    stubs = [ticket.stub for ticket in tickets]
    for output in range(3):
        for store in stores:
            pieces, gone = store.collect(stubs, output)
            assert not gone
            pd.testing.assert_frame_equal(join_all(output, pieces), join_all(output, splits))


@pytest.mark.network
def test_bytes_are_counted_by_shuffle(peers):
    first, second = peers.add(), peers.add(limit_bytes=2_000)
    splits = [split_rows(part, ByValue(), 3) for part in sources()]
    tickets = [
        (first, second)[at % 2].put(f"s-{at % 2}", at, encode(split, range(3))) for at, split in enumerate(splits)
    ]
    [[name, split_here, fetched, spilled]] = first.tally.told()
    assert (name, fetched, spilled) == ("s-0", 0, 0)
    assert split_here == first.memory_bytes > 0
    # What was put beyond the limit waited for the disk.
    [[name, split_there, _, spilled]] = second.tally.told()
    assert name == "s-1"
    assert split_there - 2_000 <= spilled <= split_there
    for output in range(3):
        first.collect([ticket.stub for ticket in tickets if ticket.stub.address == first.address], output, "s-0")
        first.collect([ticket.stub for ticket in tickets if ticket.stub.address == second.address], output, "s-1")
    assert first.tally.told() == [["s-0", split_here, 0, 0], ["s-1", 0, split_there, 0]]


@pytest.mark.network
def test_finished_outputs_are_dropped_everywhere(peers):
    first, second = peers.add(), peers.add()
    second.server.answers.clear()
    ticket = first.put("s", 0, encode(split_rows(sources()[0], ByValue(), 3), range(3)))
    first.finish([ticket.stub], 0)
    pieces, gone = first.collect([ticket.stub], 0)
    assert not pieces
    assert [(stub.key, why) for stub, why in gone] == [(0, f"{first.address} doesn't have it any more")]
    # One that doesn't know what is meant, or can't be reached, keeps nobody from ending.
    other = Stub("k", second.address, 5, b"d" * 16)
    first.finish([other], 0)
    assert first.collect([other, ticket.stub], 1)[1][0][0] == other


@pytest.mark.network
def test_a_peer_that_is_gone_is_named(peers):
    first, second = peers.add(), peers.add()
    ticket = second.put("s", "key", encode(split_rows(sources()[0], ByValue(), 3), range(3)))
    assert first.collect([ticket.stub], 0)[0]
    peers.loop.run(second.listener.close())
    _, gone = first.collect([ticket.stub], 0)
    assert gone[0][0].key == "key"
    assert second.address in gone[0][1]
    assert "can't be reached" in gone[0][1]


@pytest.mark.network
def test_damaged_files_are_pieces_that_are_gone(peers):
    first, second = peers.add(limit_bytes=100), peers.add()
    ticket = first.put("s", "key", encode(split_rows(sources()[0], ByValue(), 3), range(3)))
    with first._changed:
        assert first._changed.wait_for(lambda: first.spilled_bytes and not first.memory_bytes, PATIENCE_S)
    for path in peers.place.folder.rglob("*.pieces"):
        path.write_bytes(b"not what was written")
    for store in (first, second):
        assert [stub.key for stub, _ in store.collect([ticket.stub], 1)[1]] == ["key"]


@pytest.mark.network
def test_a_fetcher_asks_on_the_calling_thread(peers):
    store = peers.add()
    fetcher = store._fetcher
    assert fetcher.ask(store.address, GetData([]), 5.0).tasks == []
    with pytest.raises(CommClosedError):
        fetcher.ask(store.address, Bye("no message for a bulk connection"), 5.0)
