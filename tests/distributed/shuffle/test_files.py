"""Files of pieces: what is written is read, what fails leaves the file as it was."""

from __future__ import annotations

import errno
import os

import pytest

from minidask_distributed.shuffle import files
from minidask_distributed.shuffle.files import PieceFiles, PiecesDamaged

PIECES = [b"a" * 1000, b"", os.urandom(500)]


def read(store, places, pieces):
    return [bytes(data) for data in store.read([(place, len(piece)) for place, piece in zip(places, pieces)])]


@pytest.fixture
def store(tmp_path):
    made = PieceFiles(tmp_path / "shuffle")
    yield made
    made.close()
    assert not (tmp_path / "shuffle").exists()


def test_pieces_come_back(store):
    first = store.append(1, PIECES)
    second = store.append(1, [b"more"])
    store.append(2, [b"other"])
    assert read(store, first, PIECES) == PIECES
    assert read(store, [second[0], first[0]], [b"more", PIECES[0]]) == [b"more", PIECES[0]]
    assert first[0].stored < 100, "compressed"
    assert second[0].offset == sum(place.stored for place in first)
    assert store.nbytes == sum(path.stat().st_size for path in store.directory.iterdir())
    assert {path.stat().st_mode & 0o777 for path in store.directory.iterdir()} == {0o600}
    store.remove(1)
    assert [path.name for path in store.directory.iterdir()] == ["2.pieces"]
    store.remove(7)


def test_the_bound_counts_what_is_on_disk(tmp_path):
    store = PieceFiles(tmp_path / "shuffle", most_bytes=1000)
    kept = store.append(1, [os.urandom(400)])
    with pytest.raises(OSError, match="the limit of 1000 bytes on disk is reached") as caught:
        store.append(1, [b"", os.urandom(700)])
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="the limit of 1000 bytes"):
        store.append(2, [os.urandom(700)])
    assert [path.name for path in store.directory.iterdir()] == ["1.pieces"]
    assert (store.directory / "1.pieces").stat().st_size == kept[0].stored == store.nbytes
    store.remove(1)
    store.append(3, [os.urandom(900)])
    store.close()


def test_a_full_disk_leaves_the_file_as_it_was(store, monkeypatch):
    places = store.append(1, [b"before"])
    real = os.write

    def full(descriptor, data):
        real(descriptor, bytes(data[:2]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            store.append(1, [b"after"])
        with pytest.raises(OSError, match="No space left"):
            store.append(2, [b"after"])
    assert [path.name for path in store.directory.iterdir()] == ["1.pieces"]
    again = store.append(1, [b"after"])
    assert read(store, [*places, *again], [b"before", b"after"]) == [b"before", b"after"]


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damage_is_noticed(store, damage):
    places = store.append(1, [b"x" * 10, os.urandom(50)])
    path = store.directory / "1.pieces"
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
        path.write_bytes(data)
    elif damage == "cut":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
    with pytest.raises(PiecesDamaged, match=r"a file of a shuffle (is damaged|can't be read)"):
        store.read([(places[1], 50)])
