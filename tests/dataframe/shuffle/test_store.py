"""Memory first, then files; small pieces together."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.shuffle.pieces import Split, join_all, split_rows
from minidask.dataframe.shuffle.spill import SpilledSplit
from minidask.dataframe.shuffle.store import Store, gather, split_into
from minidask.io.folder import Folder, FolderCopy
from minidask.tokenize import tokenize
from tests.dataframe.shuffle.test_layout import equal
from tests.dataframe.shuffle.test_pieces import Places

FRAME = pd.DataFrame({"k": np.arange(1000) % 3, "v": np.arange(1000.0)})
TARGETS = Places(*FRAME["k"])


@pytest.fixture
def folder(tmp_path):
    found = Folder(tmp_path, "shuffle")
    yield found
    found.close()


def test_what_has_room_stays_and_what_has_none_is_written(folder):
    store = Store(folder, 30_000)
    one, two = split_into(FRAME, TARGETS, 3, store), split_into(FRAME, TARGETS, 3, store)
    assert (type(one), type(two)) == (Split, SpilledSplit)
    del one
    assert type(split_into(FRAME, TARGETS, 3, store)) is Split
    assert type(split_into(FRAME.iloc[:0], TARGETS, 3, Store(folder, 0))) is Split


def test_children_write_and_strangers_do_not(folder):
    child = FolderCopy(folder.path, os.getppid())
    kept = split_into(FRAME, TARGETS, 3, Store(child, 1 << 30))
    assert type(kept) is SpilledSplit
    assert kept.owner == os.getppid()
    assert type(split_into(FRAME, TARGETS, 3, Store(FolderCopy(folder.path, 1 << 40), 1 << 30))) is Split


def test_a_folder_that_cannot_be_written_is_an_error(folder):
    (folder.path).rmdir()
    with pytest.raises(
        OSError, match=r"could not write its temporary files: No such file or directory.*set temporary-directory"
    ):
        split_into(FRAME, TARGETS, 3, Store(folder, 0))


@pytest.mark.parametrize("limit", [0, 20_000, 1 << 30])
def test_small_pieces_are_gathered(limit, folder):
    store = Store(folder, limit)
    parts = [FRAME.iloc[at : at + 30] for at in range(0, 300, 30)] + [FRAME.iloc[:0], FRAME.iloc[300:301]]
    splits = [split_into(part, Places(*part["k"]), 3, store) for part in parts]
    assert not limit or type(splits[0]) is Split
    gathered = gather(store, *splits)
    assert len(gathered) == 1
    assert type(gathered[0]) is (SpilledSplit if not limit else Split)
    for at in range(3):
        equal(join_all(at, gathered), FRAME.iloc[:301][FRAME["k"].iloc[:301] == at])


def test_others_stay_as_they_are(folder):
    large = [split_into(FRAME, TARGETS, 3, Store(folder, limit)) for limit in (1 << 30, 0)]
    assert gather(Store(folder, 0), *large) == tuple(large)
    odd = split_rows(FRAME.set_index(["k", "v"]), Places(*[0] * 1000), 9)
    assert gather(None, odd, odd) == (odd, odd)
    alone = split_rows(FRAME.iloc[:9], TARGETS, 3)
    assert gather(None, alone) == (alone,)


def test_runs_of_one_layout_are_gathered(folder):
    ints = [split_rows(FRAME[["k"]].iloc[at : at + 5], Places(*[1] * 5), 3) for at in (0, 5)]
    floats = [split_rows(FRAME[["v"]].iloc[at : at + 5], Places(*[1] * 5), 3) for at in (0, 5)]
    found = gather(None, *ints, *floats, *ints)
    assert [len(split) for split in found] == [10, 10, 10]
    # A file that was written in one piece is written anew where it has no neighbours to be gathered with.
    store = Store(folder, 0)
    first = split_into(FRAME[["k"]].iloc[:5], Places(*[1] * 5), 3, store)
    second = split_into(FRAME[["v"]].iloc[:5], Places(*[1] * 5), 3, store)
    assert first.whole
    assert second.whole
    found = gather(store, first, second)
    assert [type(split) for split in found] == [SpilledSplit, SpilledSplit]
    assert not any(split.whole for split in found)
    equal(join_all(1, found[:1]), FRAME[["k"]].iloc[:5])


def test_stores_have_tokens(folder):
    assert tokenize(Store(folder, 1)) == tokenize(Store(folder, 1)) != tokenize(Store(folder, 2))
