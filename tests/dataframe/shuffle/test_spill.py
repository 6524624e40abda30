"""Files of split partitions: what is read is what was written, or an error."""

from __future__ import annotations

import gc
import os
import pickle

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.shuffle.pieces import join_pieces, split_rows
from minidask.dataframe.shuffle.spill import SpillDamaged, SpilledSplit, write_split
from tests.dataframe.shuffle.kinds import kinds
from tests.dataframe.shuffle.test_layout import equal
from tests.dataframe.shuffle.test_pieces import Places

KINDS = kinds()
ELSEWHERE = -1  # the process that owns a file: nobody removes it


def spilled(frame, path, places=None, whole=False, owner=ELSEWHERE):
    places = np.arange(len(frame)) % 3 if places is None else places
    split = split_rows(frame, Places(*places), 4)
    write_split(split, path, whole)
    return split, SpilledSplit(path, split.layout, owner, "here", whole)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_read_is_what_was_written(name, whole, tmp_path):
    frame = KINDS[name]
    split, stored = spilled(frame, tmp_path / "f", whole=whole)
    assert [stored.count(at) for at in range(4)] == [14, 13, 13, 0]
    stored = pickle.loads(pickle.dumps(stored))
    source = stored.load() if whole else stored
    for at in range(4):
        equal(join_pieces(at, source), split.piece(at))
        equal(join_pieces(at, split, source), pd.concat([split.piece(at), split.piece(at)]))


def test_bits_are_kept(tmp_path):
    frame = KINDS["bits of NaN"]
    split, stored = spilled(frame, tmp_path / "f")
    assert join_pieces(1, stored)["f"].to_numpy().tobytes() == split.piece(1)["f"].to_numpy().tobytes()


@pytest.mark.parametrize("at", [0, 30, -100, -20, -3])
def test_a_changed_byte_is_an_error(at, tmp_path):
    path = tmp_path / "f"
    _, stored = spilled(KINDS["plain"], path)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(SpillDamaged, match=r"a temporary file of a shuffle, .* was changed on disk"):
        [stored.cut(piece) for piece in range(3)]


@pytest.mark.parametrize("left", [0, 10, 500])
def test_a_file_that_was_cut_off_is_an_error(left, tmp_path):
    path = tmp_path / "f"
    _, stored = spilled(KINDS["plain"], path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(SpillDamaged, match=r"was changed on disk: its end can't be read"):
        stored.count(0)


def test_a_file_that_is_gone_is_an_error(tmp_path):
    _, stored = spilled(KINDS["plain"], tmp_path / "f")
    (tmp_path / "f").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"is on another machine, here, its computation has ended or runs elsewhere"
    ):
        stored.count(0)


def test_values_that_cannot_be_pickled_leave_no_file(tmp_path):
    frame = pd.DataFrame({"k": [1], "f": pd.Series([lambda: 0], dtype=object)})
    with pytest.raises(Exception, match="pickle"):
        write_split(split_rows(frame, Places(0), 1), tmp_path / "f")
    assert not list(tmp_path.iterdir())


def test_a_file_goes_with_its_last_reader(tmp_path):
    path = tmp_path / "f"
    _, stored = spilled(KINDS["plain"], path, owner=os.getpid())
    copy = pickle.loads(pickle.dumps(stored))
    del stored
    gc.collect()
    assert path.exists()
    del copy
    gc.collect()
    assert not path.exists()
