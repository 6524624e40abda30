"""What a worker takes note of, between two beats."""

from __future__ import annotations

import threading
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.worker.activities import KINDS, MOST_NAMES, WORTH_BYTES, WORTH_S, ActivityLog


def column(told, name, code):
    return array(code, told["activities"][name]).tolist()


def test_a_beat():
    log = ActivityLog()
    log.add("disk-write", 10.0, 0.5, 5000)
    log.add("transfer-in", 11.0, 0.25, 2_000_000, "tcp://p", "ndarray")
    log.add("transfer-out", 12.0, 0.1, 3_000_000, "bob")
    told = log.take(100.0, 2.0)
    assert told["bandwidth_in"] == 1_000_000
    assert told["bandwidth_out"] == 1_500_000
    assert (told["bytes_in"], told["bytes_out"]) == (2_000_000, 3_000_000)
    assert [KINDS[kind] for kind in column(told, "kind", "B")] == ["disk-write", "transfer-in", "transfer-out"]
    assert column(told, "start", "Q") == [110_000_000, 111_000_000, 112_000_000]
    assert column(told, "duration", "I") == [500_000, 250_000, 100_000]
    assert column(told, "nbytes", "Q") == [5000, 2_000_000, 3_000_000]
    activities = told["activities"]
    assert [activities["peers"][one] for one in column(told, "peer", "H")] == ["", "tcp://p", "bob"]
    assert [activities["types"][one] for one in column(told, "type", "H")] == ["", "ndarray", ""]
    assert activities["incoming"] == [["tcp://p", 2_000_000, 250_000, 1]]
    assert activities["received"] == [["ndarray", 2_000_000, 250_000, 1]]


def test_nothing_happened():
    log = ActivityLog()
    log.add("transfer-in", 0.0, 1.0, 10, "p")
    log.take(0.0)
    assert log.take(0.0, 1.0) == {"bandwidth_in": 0, "bandwidth_out": 0, "bytes_in": 10, "bytes_out": 0}


def test_small_ones_are_only_summed():
    log = ActivityLog()
    for _ in range(10_000):
        log.add("transfer-in", 0.0, WORTH_S / 2, WORTH_BYTES // 2, "p")
    told = log.take(0.0)
    assert told["activities"]["kind"] == b""
    assert told["activities"]["incoming"] == [["p", 5000 * WORTH_BYTES, 10_000 * int(WORTH_S / 2 * 1e6), 10_000]]
    log.add("deserialize", 0.0, WORTH_S / 2, WORTH_BYTES // 2)
    assert "activities" not in log.take(0.0)


@given(st.integers(2, 40), st.integers(0, 500))
def test_what_is_too_much_is_sampled_evenly(most, count):
    log = ActivityLog(most)
    for at in range(count):
        log.add("transfer-in", float(at), 1.0, 7, "p")
    told = log.take(0.0)
    starts = [start // 1_000_000 for start in column(told, "start", "Q")] if count else []
    assert len(starts) <= most
    if count <= most:
        assert starts == list(range(count))
    else:
        # No more than half of the room is left empty, and the gaps are alike.
        assert len(starts) >= most // 2 - 1
        assert len({after - before for before, after in pairwise(starts)}) <= 1
    assert sum(sums[1] for sums in (told["activities"]["incoming"] if count else [])) == 7 * count


def test_names_are_bounded():
    log = ActivityLog()
    for at in range(2 * MOST_NAMES):
        log.add("transfer-in", 0.0, 1.0, 1, f"peer-{at}", f"type-{at}")
    told = log.take(0.0)
    assert len(told["activities"]["incoming"]) == len(told["activities"]["received"]) == MOST_NAMES
    assert told["bytes_in"] == 2 * MOST_NAMES


def test_odd_times_fit():
    log = ActivityLog()
    log.add("disk-read", -5.0, 1e9, 1)
    log.add("disk-read", 1.0, -1.0, WORTH_BYTES)
    told = log.take(0.0, 0.0)
    assert column(told, "start", "Q") == [0, 1_000_000]
    assert column(told, "duration", "I") == [(1 << 32) - 1, 0]


def test_many_threads():
    log = ActivityLog()

    def add():
        for _ in range(1000):
            log.add("transfer-out", 0.0, 1.0, 3, "p")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in threads):
        taken = log.take(0.0)["bytes_out"]
    for thread in threads:
        thread.join()
    assert max(taken, log.take(0.0)["bytes_out"]) == 12_000


def test_an_unknown_kind():
    with pytest.raises(KeyError, match="juggling"):
        ActivityLog().add("juggling", 0.0, 1.0, 1)
