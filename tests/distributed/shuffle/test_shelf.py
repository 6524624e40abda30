"""The shelf, held against a model that knows where each piece is, after every event."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minidask_distributed.shuffle import shelf as module
from minidask_distributed.shuffle.shelf import Place, Shelf


def test_pieces_are_in_memory_until_there_is_too_much():
    shelf = Shelf(100)
    shelf.put(1, "s", {0: 30, 2: 45})
    assert shelf.next_write() is None
    assert [shelf.find(1, output) for output in range(3)] == [30, 0, 45]
    assert shelf.find(2, 0) is None
    assert shelf.admits(25)
    assert not shelf.admits(26)
    shelf.put(2, "s", {0: 25})
    write = shelf.next_write()
    assert (write.output, write.runs, write.nbytes) == (0, [1, 2], 55)
    assert shelf.next_write() is None, "one write at a time"
    shelf.written([Place(write.file, 0, 10, 1), Place(write.file, 10, 12, 2)])
    assert shelf.dropped == [(1, 0), (2, 0)]
    assert shelf.find(2, 0) == Place(write.file, 10, 12, 2)
    assert shelf.size(2, 0) == 25
    assert shelf.memory_bytes == 45
    shelf.check()


def test_anything_fits_on_an_empty_shelf():
    shelf = Shelf(10)
    assert shelf.admits(1000)
    shelf.put(1, "s", {0: 1000})
    assert not shelf.admits(0)
    write = shelf.next_write()
    shelf.written([Place(write.file, 0, 1, 1)])
    assert shelf.admits(1000)


def test_consumed_pieces_make_room_and_their_file_goes():
    shelf = Shelf(10)
    shelf.put(1, "s", {0: 8, 1: 1})
    write = shelf.next_write()
    shelf.written([Place(write.file, 0, 5, 1)])
    shelf.consumed([1, 99], 0)
    assert shelf.removed == [write.file]
    assert shelf.find(1, 0) is None, "what was put together is gone"
    shelf.consumed([1], 1)
    shelf.consumed([1], 7)
    assert shelf.find(1, 1) is None is shelf.find(1, 7)
    assert shelf.memory_bytes == 0
    assert not shelf.empty, "the run is still there, and knows what was consumed"
    shelf.released(1)
    shelf.released(1)
    assert shelf.empty
    shelf.check()


def test_what_is_released_while_it_is_written_never_comes_back():
    shelf = Shelf(10)
    shelf.put(1, "s", {0: 10})
    write = shelf.next_write()
    shelf.released(1)
    assert shelf.dropped == [(1, 0)]
    shelf.check()
    shelf.written([Place(write.file, 0, 5, 1)])
    assert shelf.removed == [write.file]
    assert shelf.empty


def test_a_failed_write_leaves_everything_in_memory():
    shelf = Shelf(10)
    shelf.put(1, "s", {0: 10})
    write = shelf.next_write()
    shelf.not_written("the disk is full")
    assert shelf.error == "the disk is full"
    assert shelf.removed == [write.file]
    assert shelf.find(1, 0) == 10
    assert shelf.next_write() is None
    shelf.try_again()
    assert shelf.next_write().file != write.file
    shelf.check()


def test_large_outputs_are_written_in_portions(monkeypatch):
    monkeypatch.setattr(module, "WRITE_BYTES", 10)
    shelf = Shelf(10)
    for run, nbytes in enumerate((30, 6, 4, 1), 1):
        shelf.put(run, "s", {0: nbytes})
    portions = []
    while (write := shelf.next_write()) is not None:
        portions.append(write.runs)
        shelf.written([Place(write.file, 0, 1, 1) for _ in write.runs])
    assert portions == [[1], [2, 3]]


def test_who_waits_for_room_gets_it():
    shelf = Shelf(100)
    shelf.put(1, "s", {0: 10})
    assert not shelf.admits(95)
    assert shelf.next_write() is None
    shelf.written([Place(shelf.next_write(pressed=True).file, 0, 1, 1)])
    assert shelf.admits(95)
    assert shelf.next_write(pressed=True) is None


def test_a_run_comes_once():
    shelf = Shelf(10)
    shelf.put(1, "s", {})
    with pytest.raises(ValueError, match="the run 1 is on the shelf already"):
        shelf.put(1, "s", {})


class Model(RuleBasedStateMachine):
    """Two shuffles of three outputs; the model is {(run, output): bytes} of what is alive, and what was consumed."""

    def __init__(self):
        super().__init__()
        self.shelf = Shelf(50)
        self.alive = {}
        self.consumed_pieces = set()
        self.runs = []
        self.bytes = {}
        self.files = {}
        self.write = None
        self.next_run = 1

    def drain(self):
        for piece in self.shelf.dropped:
            del self.bytes[piece]
        self.shelf.dropped.clear()
        for file in self.shelf.removed:
            self.files.pop(file, None)
        self.shelf.removed.clear()

    @rule(shuffle=st.sampled_from("ab"), pieces=st.dictionaries(st.integers(0, 2), st.integers(1, 30), max_size=3))
    def put(self, shuffle, pieces):
        total = sum(pieces.values())
        if not self.shelf.admits(total):
            assert self.shelf.memory_bytes + total > 50
            return
        run, self.next_run = self.next_run, self.next_run + 1
        self.shelf.put(run, shuffle, pieces)
        self.runs.append(run)
        for output, nbytes in pieces.items():
            self.alive[run, output] = self.bytes[run, output] = nbytes

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), output=st.integers(0, 2))
    def consume(self, data, output):
        runs = data.draw(st.lists(st.sampled_from(self.runs), unique=True))
        self.shelf.consumed(runs, output)
        for run in runs:
            self.alive.pop((run, output), None)
            self.consumed_pieces.add((run, output))
        self.drain()

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def release(self, data):
        run = data.draw(st.sampled_from(self.runs))
        self.runs.remove(run)
        self.shelf.released(run)
        for output in range(3):
            self.alive.pop((run, output), None)
        self.drain()

    @precondition(lambda self: self.write is None)
    @rule()
    def begin(self):
        self.shelf.try_again()
        self.write = self.shelf.next_write()
        if self.write is None:
            assert self.shelf.memory_bytes <= 37.5
        else:
            # All that is to be written is in memory at that moment.
            assert [self.bytes[run, self.write.output] for run in self.write.runs]

    @precondition(lambda self: self.write is not None)
    @rule(works=st.booleans())
    def end(self, works):
        write, self.write = self.write, None
        if works:
            there = self.files.setdefault(write.file, [])
            places = []
            for run in write.runs:
                places.append(Place(write.file, len(there), 1, run))
                there.append((run, write.output))
            self.shelf.written(places)
        else:
            self.shelf.not_written("no")
        self.drain()

    @invariant()
    def pieces_are_where_they_should_be(self):
        self.shelf.check()
        for run in range(1, self.next_run):
            for output in range(3):
                found = self.shelf.find(run, output)
                if run not in self.runs or (run, output) in self.consumed_pieces:
                    assert found is None
                elif (run, output) not in self.alive:
                    assert found == 0
                elif isinstance(found, Place):
                    assert self.files[found.file][found.offset] == (run, output)
                else:
                    assert found == self.bytes[run, output] == self.alive[run, output]
        assert set(self.bytes) <= set(self.alive)

    def teardown(self):
        if self.write is not None:
            self.end(works=True)
        for run in list(self.runs):
            self.shelf.released(run)
        self.drain()
        assert self.shelf.empty
        assert not self.files
        assert not self.bytes
        super().teardown()


TestShelf = Model.TestCase
TestShelf.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestShelf.pytestmark = [pytest.mark.slow]
