from __future__ import annotations

import os
import resource
import signal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minidask_distributed.protocol.payload import Payload, pack, unpack
from minidask_distributed.spill import SpillDamaged
from minidask_distributed.spill.files import FileStore, WriteAbandoned


@pytest.fixture
def store(tmp_path):
    with_files = FileStore(tmp_path / "spill")
    yield with_files
    with_files.close()
    assert not (tmp_path / "spill").exists()


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"x" * 200_000,
        {"a": [1, 2.5, "ä"]},
        np.arange(50_000).reshape(5, -1).T,
        np.empty((0, 3)),
        [np.zeros(20_000), np.ones(30_000), b"y" * 100_000],
    ],
    ids=["None", "no bytes", "bytes", "dict", "array", "empty array", "list"],
)
def test_what_is_read_is_what_was_written(store, value):
    file = store.write(7, pack(value))
    assert file.nbytes == file.path.stat().st_size == store.nbytes
    assert file.path.stat().st_mode & 0o777 == 0o600
    got = unpack(store.read(file))
    assert type(got) is type(value)
    assert repr(got) == repr(value)
    store.remove(file)
    assert not file.path.exists()
    assert store.nbytes == 0
    store.remove(file)


def test_an_array_that_was_read_can_be_written_to(store):
    assert unpack(store.read(store.write(1, pack(np.zeros(1_000_000))))).flags.writeable


def test_names_are_never_used_twice(store):
    first = store.write(1, pack(1))
    store.remove(first)
    assert store.write(1, pack(1)).path != first.path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed_and_the_task_is_named(store, at, bit):
    file = store.write(12345, pack([np.arange(20_000), b"z" * 1000]))
    data = bytearray(file.path.read_bytes())
    data[int(at * len(data))] ^= 1 << bit
    file.path.write_bytes(data)
    with pytest.raises(SpillDamaged, match=r"the spilled result of task 12345 is lost: .*its file") as caught:
        store.read(file)
    assert caught.value.task == 12345
    assert isinstance(caught.value, KeyError)
    store.remove(file)


def test_a_damaged_checksum_says_so(store):
    file = store.write(1, pack(np.arange(20_000)))
    data = bytearray(file.path.read_bytes())
    data[len(data) // 2] ^= 1
    file.path.write_bytes(data)
    with pytest.raises(SpillDamaged, match=r"checksum of its file is wrong"):
        store.read(file)


@pytest.mark.parametrize("size", [0, 5, 100, 50_000])
def test_a_file_that_was_cut_is_noticed(store, size):
    file = store.write(1, pack(np.arange(20_000)))
    os.truncate(file.path, size)
    with pytest.raises(SpillDamaged, match=f"has {size} bytes instead of {file.nbytes}"):
        store.read(file)


def test_another_tasks_file_is_noticed(store):
    file, other = store.write(1, pack(111)), store.write(2, pack(222))
    os.replace(other.path, file.path)
    with pytest.raises(SpillDamaged, match=r"its file is damaged"):
        store.read(file)


def test_a_missing_file_is_a_lost_value(store):
    file = store.write(1, pack(1))
    file.path.unlink()
    with pytest.raises(SpillDamaged, match=r"can't be read: No such file"):
        store.read(file)


def test_a_want_of_open_files_is_no_damage(store):
    file = store.write(1, pack(1))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OSError, match=r"Too many open files"):
            store.read(file)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert unpack(store.read(file)) == 1


def test_a_write_that_fails_leaves_nothing(store):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"File too large"):
            store.write(1, pack(np.zeros(100_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(store.directory.iterdir()) == []
    assert store.nbytes == 0


def test_a_write_that_nobody_wants_any_more_ends_and_leaves_nothing(store):
    asked = []

    def unwanted():
        asked.append(sum(path.stat().st_size for path in store.directory.iterdir()))
        return len(asked) > 3

    with pytest.raises(WriteAbandoned):
        store.write(1, Payload("pickle", b"", [bytes(1 << 24)] * 8), unwanted)
    assert 0 < max(asked) < 1 << 26
    assert list(store.directory.iterdir()) == []


def test_a_foreign_file_in_the_folder_stays_and_is_logged(tmp_path, caplog):
    store = FileStore(tmp_path / "spill")
    store.write(1, pack(1))
    (tmp_path / "spill" / "foreign").write_text("x")
    store.close()
    assert [path.name for path in (tmp_path / "spill").iterdir()] == ["foreign"]
    assert "can't remove the folder" in caplog.text
    store.close()


def test_a_store_that_was_never_used_makes_no_folder(tmp_path):
    store = FileStore(tmp_path / "spill")
    store.close()
    assert not (tmp_path / "spill").exists()
