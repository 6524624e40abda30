"""What a worker gets of a machine: processors, memory, also within control groups."""

import math
import os

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.limits import cpu_count, parse_memory_limit, system_memory, workers_and_threads

TOTAL = psutil.virtual_memory().total


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "100000\n"}, None),
    ],
)
def test_processors_of_control_groups(tmp_path, files, expected):
    mine = len(os.sched_getaffinity(0))
    assert cpu_count(write(tmp_path, files)) == (mine if expected is None else min(mine, expected))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, TOTAL),
        ({"memory.max": "max\n"}, TOTAL),
        ({"memory.max": "1000000\n"}, 1000000),
        ({"memory/memory.limit_in_bytes": "2000000\n"}, 2000000),
        ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, TOTAL),
    ],
)
def test_memory_of_control_groups(tmp_path, files, expected):
    assert system_memory(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, 0),
        (0, 0),
        ("0", 0),
        (0.0, 0),
        (1_000_000, 1_000_000),
        ("1000000", 1_000_000),
        ("1 MB", 1_000_000),
        ("1MiB", 2**20),
        (0.5, system_memory() // 2),
        ("0.5", system_memory() // 2),
        (1.0, system_memory()),
        ("auto", system_memory() // 4),
        (10**18, system_memory()),
    ],
)
def test_memory_limits(limit, expected):
    assert parse_memory_limit(limit, share=0.25) == expected


def test_auto_is_never_more_than_the_machine():
    assert parse_memory_limit("auto", share=3.0) == system_memory()


@pytest.mark.parametrize(
    ("limit", "error", "message"),
    [
        ("lots", ValueError, "memory_limit: can't read 'lots' as a number of bytes"),
        (-5, ValueError, "memory_limit must be at least 0"),
        (True, TypeError, "memory_limit: a number of bytes is"),
        ([1], TypeError, "memory_limit: a number of bytes is"),
        (float("nan"), ValueError, "memory_limit: a number of bytes must be finite"),
    ],
)
def test_what_is_no_limit(limit, error, message):
    with pytest.raises(error, match=message):
        parse_memory_limit(limit)


@given(st.integers(1, 512))
def test_processors_are_shared_without_rest(processors):
    processes, threads = workers_and_threads(processors)
    assert processes * threads == processors
    assert processes >= threads
    assert processors <= 4 or processes >= math.isqrt(processors)
