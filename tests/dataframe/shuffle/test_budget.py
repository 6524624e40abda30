"""Room in memory: granted within the limit, given back when nobody holds it."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from minidask import config
from minidask.dataframe.shuffle import budget
from minidask.dataframe.shuffle.budget import Budget, memory_limit


def test_grants_are_within_the_limit_and_come_back():
    room = Budget()
    one = room.ask(60, 100)
    assert room.ask(60, 100) is None
    assert room.ask(60, 120) is not None, "its grant is dropped at once"
    two = room.ask(40, 100)
    assert room.used == 100
    del one, two
    assert room.used == 0


def test_the_setting_says_the_limit():
    with config.set({"dataframe.shuffle.memory-limit": "3 MiB"}):
        assert memory_limit() == 3 << 20


def test_without_a_setting_it_is_a_part_of_the_memory(monkeypatch, tmp_path):
    physical, free = budget._physical(), budget._free()
    assert 0 < memory_limit() <= physical // 4
    assert free is None or memory_limit() <= max(free, budget._free()) * 0.6
    (tmp_path / "memory.max").write_text("1000000\n")
    assert budget._control_group(tmp_path) == [1_000_000]
    (tmp_path / "memory.max").write_text("max\n")
    assert budget._control_group(tmp_path) == []
    assert budget._free(tmp_path / "none") is None
    for name in ("_physical", "_free"):
        monkeypatch.setattr(budget, name, lambda: None)
    for name in ("_control_group", "_process"):
        monkeypatch.setattr(budget, name, list)
    assert memory_limit() == 1 << 30


@pytest.mark.slow
def test_the_limit_of_the_process_counts():
    code = "from minidask.dataframe.shuffle.budget import memory_limit; print(memory_limit())"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (800 << 20, 800 << 20))

    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 200 << 20
