import errno
import gc
import pickle
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array import rechunk_files
from minidask.array.rechunk_files import FileBlock, write_block
from minidask.array.testing import assert_eq
from minidask.io.folder import Folder
from tests.array.arrays import EVERY_DTYPE, chunkings, few, pairs


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_any_chunks_to_any_chunks(pair, data):
    a, x = pair
    chunks = data.draw(chunkings(a.shape))
    y = x.rechunk(chunks, method="disk")
    assert y.chunks == chunks
    assert_eq(y, a)


def test_files_are_gone_when_the_computation_is(tmp_path):
    seen = []
    with config.set({"temporary-directory": str(tmp_path / "new")}):
        x = da.from_array(np.arange(400).reshape(20, 20), chunks=(5, 20)).rechunk((20, 5), method="disk")
        y = x.map_blocks(lambda block: seen.append(len(list(tmp_path.rglob("*-*")))) or block, dtype=int)
        for _ in range(2):
            assert y.sum().compute(scheduler="sync") == 79_800
    assert max(seen) >= 4
    gc.collect()
    assert not list(tmp_path.rglob("minidask-rechunk-*"))


def test_blocks_of_other_types_keep_them():
    masked = da.from_array(np.ma.array(np.arange(16).reshape(4, 4), mask=np.eye(4)), chunks=(1, 4), asarray=False)
    back = masked.rechunk((4, 1), method="disk").compute()
    assert back.mask.tolist() == np.eye(4, dtype=bool).tolist()
    objects = np.array([[1, None], ["a", 2.5]], object)
    assert_eq(da.from_array(objects, chunks=(1, 2)).rechunk((2, 1), method="disk"), objects)


@pytest.mark.slow
def test_processes_of_one_machine():
    x = da.arange(16, chunks=4).rechunk(8, method="disk")
    assert x.compute(scheduler="processes", num_workers=1).tolist() == list(range(16))


@pytest.mark.slow
def test_few_blocks_are_held():
    def peak(**kwargs):
        x = da.random.default_rng(0).random((1024, 1024), chunks=(32, 1024)).rechunk((1024, 32), **kwargs)
        total = x.map_blocks(np.sort).sum()
        total.compute(num_workers=2)
        tracemalloc.start()
        try:
            total.compute(num_workers=2)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    whole = 1024 * 1024 * 8
    assert peak() > whole
    assert peak(method="disk") < whole / 2


def test_a_rechunk_of_more_than_memory_goes_by_the_disk(monkeypatch):
    monkeypatch.setattr(sys.modules["minidask.array.rechunk"], "_LARGE", 0)
    x = da.random.random((64, 64), chunks=(8, 64))

    def by_disk(y):
        return any(isinstance(layer, rechunk_files.OnDisk) for layer in y.dask.layers.values())

    with config.set({"array.memory-limit": "10 kB"}):
        assert by_disk(x.rechunk((64, 8)))
        assert not by_disk(x.rechunk((64, 8), method="tasks"))
        assert not by_disk(x.rechunk((16, 64)))
        assert not by_disk(da.from_array(np.ones((64, 64)), chunks=(8, 64)).rechunk((64, 8)))
        with config.set(scheduler="processes"):
            assert not by_disk(x.rechunk((64, 8)))
    assert not by_disk(x.rechunk((64, 8)))
    with config.set({"array.rechunk.method": "disk"}):
        assert by_disk(x.rechunk((64, 8)))
        assert x.rechunk((8, 64)) is x


def test_a_result_that_is_put_together_needs_no_files(tmp_path):
    with config.set({"temporary-directory": str(tmp_path)}):
        a = np.arange(16).reshape(4, 4)
        assert da.from_array(a, chunks=(1, 4)).rechunk((4, 1), method="disk").compute().tolist() == a.tolist()
    assert not list(tmp_path.iterdir())


def test_copies_write_where_the_owner_removes(tmp_path):
    folder = Folder(tmp_path, "rechunk")
    copy = pickle.loads(pickle.dumps(folder))
    block = pickle.loads(pickle.dumps(write_block(copy, np.arange(5))))
    assert block[1:].tolist() == [1, 2, 3, 4]
    assert block.path.parent == folder.path
    copy.close()
    assert block.path.parent.exists()
    folder.close()
    assert not block.path.parent.exists()
    with pytest.raises(FileNotFoundError, match=r"temporary file of a rechunk isn't there: .*leave method out"):
        block[0]


def test_a_file_goes_with_its_block(tmp_path):
    folder = Folder(tmp_path, "rechunk")
    block = write_block(folder, np.arange(5))
    assert isinstance(block, FileBlock)
    path = block.path
    assert path.exists()
    del block
    gc.collect()
    assert not path.exists()
    empty = np.empty((0, 3))
    assert write_block(folder, empty) is empty
    folder.close()


def test_a_full_disk_is_said_and_nothing_stays(tmp_path, monkeypatch):
    def full(file, *args, **kwargs):
        file.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rechunk_files.np, "save", full)
    folder = Folder(tmp_path, "rechunk")
    with pytest.raises(OSError, match=r"the disk is full\. .*set temporary-directory") as caught:
        write_block(folder, np.arange(5))
    assert caught.value.errno == errno.ENOSPC
    assert not list(Path(folder.path).iterdir())
    folder.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="could not write its temporary files"):
        write_block(Folder(tmp_path / "file", "rechunk"), np.arange(5))
