"""Tests of `minidask_distributed.scheduler.epochs`."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import EPOCH_SHIFT, MAX_PRIORITY, priority_of
from minidask_distributed.scheduler.epochs import LAST_EPOCH, next_epoch


def test_a_directory_counts_up_and_around(tmp_path):
    folder = tmp_path / "state"
    assert [next_epoch(folder) for _ in range(3)] == [1, 2, 3]
    (folder / "epoch").write_text(f"{LAST_EPOCH}\n")
    assert next_epoch(folder) == 1
    assert [path.name for path in folder.iterdir()] == ["epoch"]


def test_without_a_directory_it_is_drawn():
    drawn = {next_epoch(None) for _ in range(50)}
    assert len(drawn) > 10
    assert all(1 <= epoch <= LAST_EPOCH for epoch in drawn)


@pytest.mark.parametrize("text", ["", "x", "-1", "99999", "1.5"])
def test_a_file_that_is_something_else(tmp_path, text):
    (tmp_path / "epoch").write_text(text)
    with pytest.raises(ValueError, match="doesn't hold an epoch but"):
        next_epoch(tmp_path)


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        next_epoch(tmp_path / "file")


def test_ids_and_priorities_fit_64_bits():
    task = LAST_EPOCH << EPOCH_SHIFT | (1 << EPOCH_SHIFT) - 1
    assert -(1 << 63) <= priority_of(task, MAX_PRIORITY) < priority_of(task, -MAX_PRIORITY) < 1 << 63
