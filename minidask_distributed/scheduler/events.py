"""What happened in the cluster, by topic, for people and subscribers: a bounded log.

Place in the flow: the server logs here what the machine notices (workers that come and go, failures), what workers
and clients say (`print`, `warn`, `log_event`), and sends the `Event` that comes back to whom it is for.

State: {topic: last events, as (seconds since the epoch, content)}; {topic: subscribed peers}; {topic: when its events are
forgotten}.

Invariants: contents are opaque, plain values or payloads, and never unpickled here; a topic keeps at most ``length``
events, and a topic of somebody who left ends some time later. No clock: the time is an argument.

Not for: log lines of the process (`minidask_distributed.logs`).
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any

from minidask_distributed.messages import Event

FOR_ALL_CLIENTS = frozenset({"print", "warn"})
"""Topics that every client hears."""


class EventLog:
    """Events by topic, and who wants to hear of them.

    Parameters
    ----------
    length
        Events kept of each topic.
    cleanup_delay_s
        Seconds for which events stay after their topic was ended.

    Examples
    --------
    >>> events = EventLog(length=100)
    >>> events.subscribe(7, "news")
    >>> events.log("news", {"cat": "black"}, 1.5)
    (Event(topic='news', stamp=1.5, content={'cat': 'black'}), [7])
    >>> events.of("news")
    [(1.5, {'cat': 'black'})]
    """

    def __init__(self, length: int, cleanup_delay_s: float = 3600.0) -> None:
        self.length = length
        self.cleanup_delay_s = cleanup_delay_s
        self._topics: dict[str, deque[tuple[float, Any]]] = {}
        self._subscribers: dict[str, dict[int, None]] = {}
        self._ends: dict[str, float] = {}

    def log(self, topic: str, content: Any, stamp: float) -> tuple[Event, list[int]]:
        """Keep an event; return it with the peers that subscribed to its topic."""
        kept = self._topics.get(topic)
        if kept is None:
            kept = self._topics[topic] = deque(maxlen=self.length)
        kept.append((stamp, content))
        # Something new after its end: the topic is in use again.
        self._ends.pop(topic, None)
        return Event(topic, stamp, content), list(self._subscribers.get(topic, ()))

    def of(self, topic: str) -> list[tuple[float, Any]]:
        """Return the events of a topic, oldest first; none of one that nobody logged to."""
        return list(self._topics.get(topic, ()))

    def latest(self, topic: str, count: int) -> list[tuple[float, Any]]:
        """Return the last so many events of a topic, oldest first, without a look at the others."""
        return list(islice(reversed(self._topics.get(topic, ())), count))[::-1]

    def topics(self) -> list[str]:
        """Return the topics that have events."""
        return list(self._topics)

    def subscribe(self, peer: int, topic: str) -> None:
        """Let a peer hear of a topic from now on; again for one that does already: nothing."""
        self._subscribers.setdefault(topic, {})[peer] = None

    def unsubscribe(self, peer: int, topic: str) -> None:
        """Let a peer hear no more of a topic.

        Raises
        ------
        ValueError
            If it didn't.
        """
        peers = self._subscribers.get(topic, {})
        if peer not in peers:
            raise ValueError(f"not subscribed to the topic {topic!r}")
        del peers[peer]
        if not peers:
            del self._subscribers[topic]

    def gone(self, peer: int) -> None:
        """Forget a peer that left."""
        for topic in [topic for topic, peers in self._subscribers.items() if peer in peers]:
            self.unsubscribe(peer, topic)

    def end(self, topic: str, now: float) -> None:
        """Let a topic's events be forgotten after the delay: who it is about has left."""
        if topic in self._topics:
            self._ends[topic] = now + self.cleanup_delay_s

    def tick(self, now: float) -> None:
        """Forget what is to be forgotten by ``now`` (on the clock of `end`)."""
        # In the order of their ends, unless one was ended again: that one is only found later.
        for topic, end in list(self._ends.items()):
            if end > now:
                break
            del self._ends[topic]
            self._topics.pop(topic, None)
