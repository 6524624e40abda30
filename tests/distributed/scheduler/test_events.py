"""Tests of `minidask_distributed.scheduler.events`."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Event
from minidask_distributed.scheduler.events import EventLog


def test_a_topic_keeps_its_last_events():
    events = EventLog(length=3)
    for number in range(5):
        events.log("numbers", number, float(number))
    assert events.of("numbers") == [(2.0, 2), (3.0, 3), (4.0, 4)]
    assert events.of("nothing") == []
    assert events.topics() == ["numbers"]


def test_subscribers_hear_of_their_topic_alone():
    events = EventLog(10)
    events.subscribe(1, "a")
    events.subscribe(1, "a")
    events.subscribe(2, "a")
    events.subscribe(2, "b")
    assert events.log("a", "x", 0.5) == (Event("a", 0.5, "x"), [1, 2])
    assert events.log("b", "x", 0.5)[1] == [2]
    assert events.log("c", "x", 0.5)[1] == []
    events.unsubscribe(1, "a")
    events.gone(2)
    assert events.log("a", "x", 0.5)[1] == events.log("b", "x", 0.5)[1] == []


def test_unsubscribing_from_what_one_never_subscribed_to():
    events = EventLog(10)
    with pytest.raises(ValueError, match="not subscribed to the topic 'a'"):
        events.unsubscribe(1, "a")
    events.gone(1)


def test_the_topic_of_one_who_left_is_forgotten_after_the_delay():
    events = EventLog(10, cleanup_delay_s=60)
    events.log("alice", 1, 0.0)
    events.log("bob", 1, 0.0)
    events.end("alice", 100.0)
    events.end("bob", 110.0)
    events.end("unknown", 110.0)
    events.tick(159.0)
    assert events.topics() == ["alice", "bob"]
    events.tick(160.0)
    assert events.topics() == ["bob"]
    events.log("bob", 2, 0.0)  # back again
    events.tick(1000.0)
    assert events.of("bob") == [(0.0, 1), (0.0, 2)]


def test_the_latest_events_of_a_topic():
    events = EventLog(10)
    for at in range(5):
        events.log("news", at, float(at))
    assert events.latest("news", 2) == [(3.0, 3), (4.0, 4)]
    assert events.latest("news", 100) == events.of("news")
    assert events.latest("nothing", 2) == []
