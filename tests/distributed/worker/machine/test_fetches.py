"""Which result is asked of which peer, and when."""

from __future__ import annotations

import pytest

from minidask_distributed.worker.machine.fetches import Fetches
from minidask_distributed.worker.machine.records import Task, Want


def wanted(id, holders, size=0, priority=None):
    task = Task(id, None)
    task.want = Want(id if priority is None else priority, size, kept=False)
    task.want.holders = list(holders)
    return task


def plan(count=10, limit_bytes=1000, message_bytes=1000, peers=3):
    fetches = Fetches(count, limit_bytes, message_bytes)
    fetches.name({number: f"tcp://{number}" for number in range(1, peers + 1)})
    return fetches


def started(fetches):
    return [(fetch.number, fetch.tasks) for fetch in fetches.start()]


def test_coalesced_by_peer_the_most_urgent_first():
    fetches = plan()
    for task in (wanted(5, [1]), wanted(3, [2]), wanted(4, [1]), wanted(6, [2, 1])):
        fetches.queue(task)
    assert started(fetches) == [(2, [3, 6]), (1, [4, 5])]
    assert fetches.start() == []


def test_one_request_a_peer_and_the_next_when_it_ends():
    fetches = plan()
    fetches.queue(wanted(1, [1]))
    assert started(fetches) == [(1, [1])]
    fetches.queue(wanted(2, [1]))
    fetches.queue(wanted(3, [1]))
    assert started(fetches) == []
    assert fetches.ended(1).number == 1
    assert started(fetches) == [(1, [2, 3])]


def test_bounded_by_count():
    fetches = plan(count=2)
    for number in (1, 2, 3):
        fetches.queue(wanted(number, [number]))
    assert started(fetches) == [(1, [1]), (2, [2])]
    fetches.ended(2)
    assert started(fetches) == [(3, [3])]


def test_bounded_by_bytes():
    fetches = plan(limit_bytes=100, message_bytes=60)
    for id, holder, size in [(1, 1, 40), (2, 1, 30), (3, 2, 50), (4, 3, 20)]:
        fetches.queue(wanted(id, [holder], size))
    # 1 and 2 are too large for one message; 4 would fit beside 1 and 3 no longer.
    assert started(fetches) == [(1, [1]), (2, [3])]
    assert fetches.nbytes == 90
    fetches.ended(1)
    assert started(fetches) == [(1, [2]), (3, [4])]


def test_a_result_beyond_all_bounds_goes_alone():
    fetches = plan(limit_bytes=100, message_bytes=60)
    fetches.queue(wanted(1, [1], 5000))
    fetches.queue(wanted(2, [2], 1))
    assert started(fetches) == [(1, [1])]
    fetches.ended(1)
    assert started(fetches) == [(2, [2])]
    fetches.queue(wanted(3, [3], 5000))
    assert started(fetches) == []


def test_a_request_waits_for_the_next_peer_with_room():
    fetches = plan(limit_bytes=100)
    fetches.queue(wanted(1, [1], 90))
    fetches.queue(wanted(2, [1], 50))
    assert started(fetches) == [(1, [1])]


def test_what_is_not_wanted_any_more_is_passed_over():
    fetches = plan()
    gone, moved = wanted(1, [1]), wanted(2, [1])
    for task in (gone, moved, wanted(3, [1])):
        fetches.queue(task)
    fetches.discard(gone)
    moved.want.holders = [2]
    assert started(fetches) == [(1, [3])]
    fetches.queue(moved)
    assert started(fetches) == [(2, [2])]


def test_in_line():
    fetches = plan(count=1)
    for task in (wanted(1, [1]), wanted(5, [2]), wanted(4, [2, 3])):
        fetches.queue(task)
        fetches.queue(task)
    fetches.start()
    assert [task.id for task in fetches.in_line(2)] == [4, 5]
    assert fetches.in_line(1) == fetches.in_line(99) == []


def test_a_peer_goes():
    fetches = plan()
    fetches.queue(wanted(1, [1], 10))
    fetches.start()
    flight = fetches.gone(1)
    assert ([task.id for task in flight.tasks], fetches.nbytes) == ([1], 0)
    assert fetches.ended(flight.serial) is None
    assert fetches.gone(1) is fetches.gone(2) is None


def test_an_answer_after_the_peer_is_forgotten():
    fetches = plan()
    fetches.queue(wanted(1, [1], 10))
    fetches.start()
    del fetches.peers[1]
    assert fetches.ended(1).number == 1
    assert fetches.start() == []


def test_forgetting_all():
    fetches = plan()
    fetches.queue(wanted(1, [1], 10))
    fetches.start()
    fetches.clear()
    assert (fetches.peers, fetches.queued, fetches.flights, fetches.nbytes) == ({}, {}, {}, 0)


def test_an_address_is_named_once():
    fetches = plan()
    fetches.name({1: "tcp://other"})
    assert fetches.peers[1].address == "tcp://1"


@pytest.mark.parametrize("bounds", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_bounds(bounds):
    with pytest.raises(ValueError, match="fetches are bounded by at least 1"):
        Fetches(*bounds)
