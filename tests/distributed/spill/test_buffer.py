from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minidask.sizeof import sizeof
from minidask_distributed.protocol.payload import unpack
from minidask_distributed.spill import SpillBuffer, SpillDamaged, buffer

KB = 1000


def block(fill: int, nbytes: int = 100 * KB) -> np.ndarray:
    return np.full(nbytes // 8, float(fill))


@pytest.fixture
def make(tmp_path):
    made = []

    def make_buffer(**options) -> SpillBuffer:
        folder = options.pop("directory", tmp_path / f"spill-{len(made)}")
        made.append((SpillBuffer(folder, **options), folder))
        return made[-1][0]

    yield make_buffer
    for data, folder in made:
        data.close()
        assert not folder.exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "minidask spill"]


def files(data: SpillBuffer) -> list[Path]:
    assert data._store is not None
    return sorted(data._store.directory.iterdir()) if data._store.directory.exists() else []


class Gate:
    """A value whose pickling waits until it is let through."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.data = b"g" * 50_000

    def __reduce__(self):
        self.entered.set()
        assert self.open.wait(30)
        return bytes, (self.data,)


# ---------------------------------------------------------------- a mapping


def test_a_mapping_in_memory(make):
    data = make()
    data[1], data[2] = "a", block(2)
    assert (data[1], len(data), sorted(data), 2 in data, 3 in data) == ("a", 2, [1, 2], True, False)
    assert data.fast_bytes == sizeof("a") + sizeof(data[2])
    data[1] = "longer"
    assert data.pop(1) == "longer"
    with pytest.raises(KeyError, match="1"):
        data[1]
    with pytest.raises(KeyError, match="1"):
        del data[1]
    data.discard(1)
    assert data.get(1) is None
    del data[2]
    assert (data.fast_bytes, data.slow_bytes, len(data)) == (0, 0, 0)


def test_a_known_size_is_not_estimated_again(make):
    data = make()
    data.put(1, "abc", nbytes=12_345)
    assert data.nbytes(1) == data.fast_bytes == 12_345


def test_without_a_folder_nothing_is_spilled():
    data = SpillBuffer(None, target_bytes=1)
    data[1] = block(1)
    data.spill(10**9)
    assert data.settle()
    assert data.spilled() == []
    assert data.disk_bytes == 0
    data.close()


# ---------------------------------------------------------------- least recently used


def test_the_least_recently_used_values_go_to_disk_beyond_the_target(make):
    data = make(target_bytes=350 * KB)
    for task in range(1, 4):
        data[task] = block(task)
    assert data.settle()
    assert data.spilled() == []
    assert data[1][0] == 1.0
    data[4] = block(4)
    assert data.settle()
    assert data.spilled() == [2]
    assert data.fast_bytes <= 350 * KB
    assert data.slow_bytes == data.nbytes(2)
    assert len(files(data)) == 1
    assert sorted(data) == [1, 2, 3, 4]


def test_a_value_that_is_used_comes_back_and_is_not_written_a_second_time(make):
    data = make(target_bytes=150 * KB)
    data[1], data[2] = block(1), block(2)
    assert data.settle()
    assert data.spilled() == [1]
    np.testing.assert_array_equal(data[1], block(1))
    assert data.settle()
    assert data.spilled() == [2]
    assert data[2][0] == 2.0
    assert data.settle()
    assert data.spilled() == [1]
    assert data.spill_count == 2
    assert data.load_count == 2


def test_a_value_larger_than_the_target_goes_alone_and_does_not_come_back(make):
    data = make(target_bytes=250 * KB)
    data[1], data[2] = block(1), block(2)
    data[3] = block(3, 400 * KB)
    assert data.settle()
    assert data.spilled() == [3]
    for _ in range(2):
        np.testing.assert_array_equal(data[3], block(3, 400 * KB))
        assert data.settle()
        assert data.spilled() == [3]


def test_small_values_are_never_spilled(make):
    data = make(target_bytes=100)
    for task in range(100):
        data[task] = task
    assert data.settle()
    assert data.spilled() == []
    assert files(data) == []


def test_memory_that_is_asked_for_is_freed_and_no_more(make):
    data = make()
    for task in range(10):
        data[task] = block(task)
    data.spill(250 * KB)
    assert data.settle()
    assert data.spilled() == [0, 1, 2]
    data.spill(0)
    assert data.settle()
    assert data.spilled() == [0, 1, 2]
    data.spill(10**9)
    assert data.settle()
    assert len(data.spilled()) == 10
    assert data.fast_bytes == 0


def test_spilling_views_frees_their_array_only_with_the_last_of_them(make):
    data = make()
    base = block(1, 1000 * KB)
    for task in range(4):
        data[task] = base[task:]
    assert data.fast_bytes < 1001 * KB
    data.spill(500 * KB)
    assert data.settle()
    assert len(data.spilled()) == 4
    np.testing.assert_array_equal(data[3], base[3:])


# ---------------------------------------------------------------- in wire form


def test_the_payload_of_a_spilled_value_is_served_from_its_file(make):
    data = make(target_bytes=150 * KB)
    data[1], data[2] = block(1), block(2)
    assert data.settle()
    for task in (1, 2):
        np.testing.assert_array_equal(unpack(data.payload(task)), block(task))
    assert data.spilled() == [1]
    assert data.load_count == 0
    with pytest.raises(KeyError, match="3"):
        data.payload(3)


# ---------------------------------------------------------------- trouble


def test_what_cannot_be_pickled_stays_and_is_named(make, caplog):
    data = make(target_bytes=250 * KB)
    data.put(1, threading.Lock(), nbytes=100 * KB)
    data[2], data[3] = block(2), block(3)
    assert data.settle()
    assert data.spilled() == [2]
    assert data[1].acquire(blocking=False)
    assert "the result of task 1 stays in memory" in caplog.text
    assert "lock" in caplog.text
    data.spill(10**9)
    assert data.settle()
    assert data.spilled() == [2, 3]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("read", [lambda data: data[1], lambda data: data.payload(1)], ids=["object", "payload"])
def test_a_damaged_file_names_its_task_costs_its_value_and_is_told(make, caplog, read):
    lost = []
    data = make(target_bytes=150 * KB, on_lost=lost.append)
    data[1], data[2] = block(1), block(2)
    assert data.settle()
    assert data.spilled() == [1]
    flip(files(data)[0])
    with pytest.raises(SpillDamaged, match=r"the spilled result of task 1 is lost: the checksum") as caught:
        read(data)
    assert caught.value.task == 1
    assert lost == [1]
    assert "task 1" in caplog.text
    assert 1 not in data
    with pytest.raises(KeyError, match=r"^1$"):
        data[1]
    assert data[2][0] == 2.0
    data[1] = block(11)
    assert data[1][0] == 11.0


def test_a_value_that_cannot_be_made_again_is_not_lost_but_says_so(make):
    class Broken:
        def __reduce__(self):
            return int, ("not a number",)

    data = make()
    data.put(1, Broken(), nbytes=100 * KB)
    data.spill(1)
    assert data.settle()
    with pytest.raises(ValueError, match="not a number") as caught:
        data[1]
    assert caught.value.__notes__ == ["The result of task 1 was spilled to disk and can't be read back."]
    assert 1 in data


def test_deletion_while_being_written_leaves_no_file(make):
    data = make()
    gate = Gate()
    data.put(1, gate, nbytes=50 * KB)
    data.spill(1)
    assert gate.entered.wait(30)
    del data[1]
    gate.open.set()
    assert data.settle()
    assert 1 not in data
    assert files(data) == []
    assert (data.fast_bytes, data.slow_bytes) == (0, 0)


def test_replacement_while_being_written_keeps_the_new_value(make):
    data = make()
    gate = Gate()
    data.put(1, gate, nbytes=50 * KB)
    data.spill(1)
    assert gate.entered.wait(30)
    data[1] = block(7)
    gate.open.set()
    data.spill(10**9)
    assert data.settle()
    assert data.spilled() == [1]
    np.testing.assert_array_equal(data[1], block(7))
    assert len(files(data)) == 1


def test_what_is_used_while_being_written_stays_in_memory_with_its_file(make):
    data = make()
    gate = Gate()
    data.put(1, gate, nbytes=50 * KB)
    data.put(2, block(2))
    data.spill(1)
    assert gate.entered.wait(30)
    assert data[1] is gate
    data.spill(0)
    gate.open.set()
    assert data.settle()
    assert data.spilled() == []
    assert len(files(data)) == 1
    data.spill(10**9)
    assert data.settle()
    assert data.spill_count == 2
    assert data[1] == gate.data


def test_serving_and_putting_go_on_while_a_value_is_written(make):
    data = make()
    gate = Gate()
    data[0] = block(0)
    data.put(1, gate, nbytes=50 * KB)
    data[0]
    data.spill(1)
    assert gate.entered.wait(30)
    assert data[0][0] == 0.0
    data[2] = block(2)
    assert data[2][0] == 2.0
    del data[0]
    assert data.spilled() == []
    gate.open.set()
    assert data.settle()
    assert data.spilled() == [1]


def test_close_while_writing_does_not_wait_for_the_rest(make):
    data = make()
    gate = Gate()
    gate.data = bytes(1 << 26)
    data.put(1, gate, nbytes=1 << 26)
    data.put(2, block(2))
    data.spill(10**10)
    assert gate.entered.wait(30)
    closing = threading.Thread(target=data.close)
    closing.start()
    gate.open.set()
    closing.join(30)
    assert not closing.is_alive()
    assert len(data) == 0
    assert files(data) == []
    data[1] = block(1)
    data.spill(10**9)
    assert data.settle()
    assert data.spilled() == []


def test_a_value_that_is_dropped_is_destroyed_without_the_lock(make):
    data = make()
    destroyed = []

    class Nosy:
        def __reduce__(self):
            return str, ("spilled",)

        def __del__(self):
            destroyed.append(len(data))

    for task in (1, 2, 3):
        data.put(task, Nosy(), nbytes=5000)
    data.spill(1)
    assert data.settle()
    assert destroyed == [3]
    data[2] = "other"
    assert destroyed == [3, 3]
    data.discard(3)
    assert destroyed == [3, 3, 2]
    data.put(4, Nosy(), nbytes=5000)
    del data[4]
    assert len(destroyed) == 4


# ---------------------------------------------------------------- a full disk


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_on_a_full_disk_values_stay_in_memory_and_nothing_is_lost(make, small_disk, caplog):
    data = make(directory=small_disk / "spill", target_bytes=150 * KB)
    for task in range(20):
        data[task] = block(task)
    assert data.settle()
    assert "No space left on device" in data.error
    assert caplog.text.count("results stay in memory") == 1
    assert 5 <= len(data.spilled()) <= 10
    assert data.disk_bytes <= 1_050_000
    for task in range(20):
        np.testing.assert_array_equal(data[task], block(task))
    # Room on the disk is used at once.
    for task in range(15):
        del data[task]
    assert data.settle()
    assert data.error == ""
    assert data.fast_bytes <= 150 * KB
    for task in range(15, 20):
        np.testing.assert_array_equal(data[task], block(task))


def test_a_full_disk_is_tried_again_later(make, small_disk, monkeypatch):
    monkeypatch.setattr(buffer, "RETRY_AFTER_S", 0.02)
    data = make(directory=small_disk / "spill")
    hog = small_disk / "hog"
    hog.write_bytes(bytes(1_000_000))
    data[1] = block(1)
    data.spill(1)
    assert data.settle()
    assert "No space" in data.error
    hog.unlink()
    deadline = time.monotonic() + 30
    while not data.spilled():
        assert time.monotonic() < deadline
        data.settle()
    assert data.error == ""


def test_files_of_values_that_are_in_memory_make_room_first(make, small_disk):
    data = make(directory=small_disk / "spill")
    for task in range(4):
        data[task] = block(task, 200 * KB)
    data.spill(10**9)
    assert data.settle()
    data.spill(0)
    for task in range(4):
        data[task]
    assert len(files(data)) == 4
    data[5] = block(5, 600 * KB)
    for task in range(4):
        data[task]
    data.spill(1)
    assert data.settle()
    assert data.error == ""
    assert data.spilled()
    for task in (0, 1, 2, 3, 5):
        assert data[task][0] == task


def test_a_limit_of_the_disk_is_kept(make, caplog):
    data = make(target_bytes=100 * KB, max_disk_bytes=350 * KB)
    for task in range(8):
        data[task] = block(task)
    assert data.settle()
    assert len(data.spilled()) == 3
    assert data.disk_bytes <= 350 * KB
    assert "the limit of 350000 bytes" in data.error
    assert "results stay in memory" in caplog.text


def test_one_value_that_the_disk_refuses_does_not_stop_the_others(make, monkeypatch):
    monkeypatch.setattr(buffer, "RETRY_AFTER_S", 0.0)
    data = make()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150 * KB, before[1]))
    try:
        data[1] = block(1, 300 * KB)
        data[2] = block(2)
        data.spill(80 * KB)
        assert data.settle()
        assert data.spilled() == [2]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


# ---------------------------------------------------------------- many threads


def test_readers_of_one_spilled_value_read_it_once_and_share_it(make):
    data = make()
    data[1] = block(1, 4_000 * KB)
    data.spill(1)
    assert data.settle()
    data.spill(0)
    together = threading.Barrier(8)
    got = []

    def read():
        together.wait()
        got.append(data[1])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(value) for value in got}) == 1
    assert data.load_count == 1


@pytest.mark.slow
def test_readers_writers_and_deleters_while_everything_spills(make):
    data = make(target_bytes=300 * KB)
    wrong: list[object] = []
    end = time.monotonic() + 1.0

    def live(seed: int) -> None:
        dice = random.Random(seed)
        try:
            while time.monotonic() < end:
                task = dice.randrange(30)
                match dice.randrange(5):
                    case 0:
                        data[task] = block(task, dice.choice([2, 20, 60]) * KB)
                    case 1:
                        data.discard(task)
                    case 2:
                        try:
                            if unpack(data.payload(task))[-1] != task:
                                wrong.append(task)
                        except SpillDamaged as error:
                            wrong.append(error)
                        except KeyError:
                            continue
                    case _:
                        try:
                            if data[task][-1] != task:
                                wrong.append(task)
                        except SpillDamaged as error:
                            wrong.append(error)
                        except KeyError:
                            continue
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert data.settle()
    assert data.fast_bytes <= 300 * KB
    assert data.spill_count > 10
    assert data.slow_bytes == sum(data.nbytes(task) for task in data.spilled())
    data.clear()
    assert data.settle()
    assert (data.fast_bytes, data.slow_bytes, data.disk_bytes, files(data)) == (0, 0, 0, [])


class Life(RuleBasedStateMachine):
    """Any sequence of uses gives what a dict gives, and the sums are those of the entries."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.data = SpillBuffer(Path(self.folder.name) / "spill", target_bytes=60 * KB)
        self.model: dict[int, float] = {}

    tasks = st.integers(0, 6)

    @rule(task=tasks, fill=st.integers(0, 1000), size=st.sampled_from([8, 5 * KB, 20 * KB, 80 * KB]))
    def put(self, task, fill, size):
        self.data[task] = block(fill, size)
        self.model[task] = fill

    @rule(task=tasks)
    def get(self, task):
        got = self.data.get(task)
        assert (None if got is None else got[0]) == self.model.get(task)

    @precondition(lambda self: self.model)
    @rule(task=tasks)
    def delete(self, task):
        self.data.discard(task)
        self.model.pop(task, None)

    @rule(nbytes=st.integers(0, 100 * KB))
    def spill(self, nbytes):
        self.data.spill(nbytes)

    @rule()
    def settle(self):
        assert self.data.settle()
        self.data.spill(0)
        assert self.data.fast_bytes <= 60 * KB + 7 * 1024

    @invariant()
    def sums(self):
        assert sorted(self.data) == sorted(self.model)
        assert self.data.fast_bytes >= 0

    def teardown(self):
        for task in self.model:
            assert self.data[task][0] == self.model[task]
        assert self.data.settle()
        on_disk = set(self.data.spilled())
        assert self.data.slow_bytes == sum(self.data.nbytes(task) for task in on_disk)
        assert self.data.fast_bytes == sum(self.data.nbytes(task) for task in self.model if task not in on_disk)
        self.data.close()
        assert not (Path(self.folder.name) / "spill").exists()
        self.folder.cleanup()


TestLife = pytest.mark.slow(Life.TestCase)
TestLife.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_activities_are_told(make):
    told = []
    data = make(target_bytes=150 * KB, on_activity=lambda *activity: told.append(activity))
    data[1], data[2] = block(1), block(2)
    assert data.settle()
    assert [activity[0] for activity in told] == ["serialize", "disk-write"]
    assert data.spilled() == [1]
    told.clear()
    data[1]
    assert [activity[0] for activity in told][:2] == ["disk-read", "deserialize"]
    assert data.settle()
    told.clear()
    data.payload(1)
    assert [activity[0] for activity in told] == ["serialize"]
    for _, begin, seconds, nbytes in told:
        assert begin > 0
        assert 0 <= seconds < 10
        assert nbytes >= 100 * KB


def test_small_values_are_no_activity(make):
    told = []
    data = make(on_activity=lambda *activity: told.append(activity))
    data[1] = 5
    data.payload(1)
    assert told == []
