"""What happened: events by topic, as people and the cluster logged them.

Place in the flow: the page *events*; `scheduler.events` keeps them.

Invariants: contents are never unpickled: what isn't plain is named by its size; texts are cut at `MOST_TEXT`. Of each topic the
last `OF_EACH` events are looked at, of at most `TOPICS` topics.
"""

from __future__ import annotations

import reprlib
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed
from minidask_distributed.dashboard.feeds.naming import short

TOPICS = 500
OF_EACH = 100
SHOWN = 500
LABELLED = 24
MOST_TEXT = 500

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 200
_repr.maxdict = _repr.maxlist = _repr.maxtuple = 20


def text_of(content: Any) -> str:
    """Return an event's content as text.

    Examples
    --------
    >>> text_of("ready"), text_of({"worker": "a", "n": 1}), text_of(b"1234")
    ('ready', "n: 1, worker: 'a'", '4 bytes')
    """
    if isinstance(content, str):
        text = content
    elif isinstance(content, bytes | bytearray | memoryview):
        text = f"{len(content)} bytes"
    elif isinstance(content, dict):
        text = ", ".join(f"{key}: {_repr.repr(content[key])}" for key in sorted(content, key=str)[:20])
    else:
        text = _repr.repr(content)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def latest(server: Any) -> list[tuple[float, str, Any]]:
    """Return the last events of all topics, oldest first: (seconds since the epoch, topic, content)."""
    log = server.events
    rows = [
        (stamp, topic, content) for topic in log.topics()[-TOPICS:] for stamp, content in log.latest(topic, OF_EACH)
    ]
    rows.sort(key=lambda row: row[0])
    return rows[-SHOWN:]


class EventList(Feed):
    """Events as a table: what was logged under several topics stands there once."""

    name = "event-list"
    period_s = 0.5
    columns = ("time", "topic", "text")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row an event, the latest first."""
        topics: dict[tuple[float, int], list[str]] = {}
        contents: dict[tuple[float, int], Any] = {}
        for stamp, topic, content in latest(server)[::-1]:
            # One event under several topics is one object, see `Announcer.log_event`.
            which = stamp, id(content)
            topics.setdefault(which, []).append(topic)
            contents[which] = content
        return {
            "time": [stamp for stamp, _ in topics],
            "topic": [", ".join(sorted(names, key=lambda name: (name == "all", name))) for names in topics.values()],
            "text": [text_of(content) for content in contents.values()],
        }


class Events(Feed):
    """Events, each in the row of its topic."""

    name = "events"
    period_s = 0.5
    columns = ("time", "topic", "text", "y")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row an event, the latest first."""
        rows = latest(server)[::-1]
        places = {topic: at for at, topic in enumerate(topics_of(rows))}
        return {
            "time": [row[0] for row in rows],
            "topic": [row[1] for row in rows],
            "text": [text_of(row[2]) for row in rows],
            "y": [places[row[1]] for row in rows],
        }


def topics_of(rows: list[tuple[float, str, Any]]) -> list[str]:
    """Return the topics of events, in their order of the alphabet."""
    return sorted({row[1] for row in rows})


class EventTopics(Feed):
    """Labels of the rows of `Events`."""

    name = "event-topics"
    period_s = 0.5
    columns = ("y", "label", "topic")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a topic."""
        topics = topics_of(latest(server))
        labelled = len(topics) <= LABELLED
        return {
            "y": list(range(len(topics))),
            "label": [short(topic, 26) if labelled else "" for topic in topics],
            "topic": topics,
        }


FEEDS = (Events(), EventTopics(), EventList())
