"""Activities of workers at the scheduler: kept unread, unpacked for readers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.scheduler.observing.activities import CODES, COLUMNS, KINDS, Activities, check
from minidask_distributed.worker import activities as sending
from minidask_distributed.worker.activities import ActivityLog


def told(*activities, offset_s=0.0):
    log = ActivityLog()
    for activity in activities:
        log.add(*activity)
    return log.take(offset_s)["activities"]


def some(count, kind="transfer-in"):
    return told(*[(kind, float(at), 0.5, 1_000_000, f"tcp://p{at}", "ndarray") for at in range(count)])


def test_both_sides_name_the_kinds_alike():
    assert sending.KINDS == KINDS


def test_columns():
    activities = Activities(100)
    activities.add("tcp://a", told(("transfer-in", 1.0, 0.5, 10**6, "tcp://b", "numpy.ndarray"), offset_s=100.0))
    activities.add("tcp://b", told(("disk-write", 2.0, 0.25, 5000), ("transfer-out", 2.0, 0.01, 7, "tcp://a")))
    columns = activities.columns()
    assert tuple(columns) == COLUMNS
    assert list(zip(*columns.values(), strict=True)) == [
        ("tcp://a", "transfer-in", 101_000_000, 500_000, 10**6, "tcp://b", "numpy.ndarray"),
        ("tcp://b", "disk-write", 2_000_000, 250_000, 5000, "", ""),
        ("tcp://b", "transfer-out", 2_000_000, 10_000, 7, "tcp://a", ""),
    ]
    assert activities.columns(start_us=2_000_000, stop_us=3_000_000)["kind"] == ["disk-write", "transfer-out"]
    assert activities.columns(stop_us=2_000_000)["kind"] == []
    assert activities.columns(count=1)["kind"] == ["transfer-out"]
    assert activities.columns(count=0)["kind"] == []


@given(st.integers(1, 30), st.lists(st.one_of(st.none(), st.integers(1, 9)), max_size=20))
def test_readers_get_what_they_have_not_seen(length, acts):
    activities = Activities(length)
    cursor, unread = 0, []
    serial = 0
    for act in acts:
        if act is None:
            columns, cursor = activities.since(cursor)
            kept = columns["start"]
            assert kept == (unread[-len(kept) :] if kept else [])
            assert len(kept) == min(len(unread), len(activities)) or len(kept) >= len(unread)
            assert cursor == activities.total
            unread = []
        else:
            activities.add("w", told(*[("disk-read", (serial + at) / 1e6, 1.0, 1) for at in range(1, act + 1)]))
            unread += range(serial + 1, serial + act + 1)
            serial += act
    assert len(activities) <= max(length, 9)
    assert activities.total == serial


def test_they_are_bounded_by_whole_beats():
    activities = Activities(10)
    for _ in range(5):
        activities.add("w", some(4))
    assert (len(activities), activities.total) == (8, 20)
    activities.add("w", some(50))
    assert len(activities) == 50


def test_an_empty_beat_is_nothing():
    activities = Activities(10)
    empty = {name: b"" for name in CODES} | {"peers": [], "types": []}
    activities.add("w", empty)
    assert len(activities) == activities.total == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: None, "must be a dict with the columns kind, start, duration, nbytes, peer, type"),
        (lambda told: {**told, "start": told["start"][1:]}, "aren't bytes of one length"),
        (lambda told: {**told, "duration": [1, 2]}, "aren't bytes of one length"),
        (lambda told: {**told, "kind": 7}, "aren't bytes of one length"),
        (lambda told: {**told, "kind": b"\x09\x00"}, "name a kind that isn't there"),
        (lambda told: {**told, "peers": ["", "one"]}, "name a peer that isn't there"),
        (lambda told: {**told, "types": []}, "name a type that isn't there"),
        (lambda told: {**told, "types": [1, 2]}, "must be lists of texts"),
        (lambda told: {name: column for name, column in told.items() if name != "peers"}, "must be a dict"),
    ],
)
def test_what_is_not_in_the_form_is_refused(change, message):
    activities = Activities(10)
    with pytest.raises(ValueError, match=message):
        activities.add("w", change(some(2)))
    assert len(activities) == 0
    assert check(some(2)) == 2
