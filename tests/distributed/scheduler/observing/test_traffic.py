"""Sums of what went between workers."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.observing.traffic import Traffic


def beat(incoming=(), received=()):
    return {"incoming": [list(row) for row in incoming], "received": [list(row) for row in received]}


def test_sums_and_recent_bandwidth():
    traffic = Traffic(10)
    traffic.add("a", beat([("b", 100, 1_000_000, 1)], [("ndarray", 100, 1_000_000, 1)]), 1.0)
    traffic.add("a", beat([("b", 300, 1_000_000, 2), ("c", 5, 0, 1)]), 2.0)
    assert traffic.pairs() == {
        "source": ["b", "c"],
        "target": ["a", "a"],
        "nbytes": [400, 5],
        "count": [3, 1],
        "bandwidth": [200.0, 5_000_000.0],
        "time": [2.0, 2.0],
    }
    assert traffic.types() == {"type": ["ndarray"], "nbytes": [100], "count": [1], "bandwidth": [100.0], "time": [1.0]}


def test_what_moved_longest_ago_is_forgotten():
    traffic = Traffic(3)
    for source in "bcd":
        traffic.add("a", beat([(source, 1, 1, 1)]), 1.0)
    traffic.add("a", beat([("b", 1, 1, 1)]), 2.0)
    traffic.add("a", beat([("e", 1, 1, 1)]), 3.0)
    assert traffic.pairs()["source"] == ["d", "b", "e"]


def test_empty():
    assert Traffic(3).pairs() == {name: [] for name in ("source", "target", "nbytes", "count", "bandwidth", "time")}


@pytest.mark.parametrize(
    "told",
    [
        {"incoming": 5},
        {"incoming": [["b", 1, 1]]},
        {"incoming": [["b", 1, -1, 1]]},
        {"incoming": [[1, 1, 1, 1]]},
        {"received": [["t", 1.5, 1, 1]]},
        {"received": ["text"]},
    ],
)
def test_what_is_not_in_the_form_is_refused(told):
    with pytest.raises(ValueError, match=r"a worker's traffic is|of a worker must be a list"):
        Traffic(3).add("a", told, 1.0)
