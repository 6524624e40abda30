"""The tables that the dashboard's pages show, one module a family; `ALL` has those of the scheduler by their names.

Place in the flow: `desk.FeedDesk` takes `ALL`; a new feed is a class in its family's module and its name in that module's
``FEEDS``, and a new family one line here.
"""

from __future__ import annotations

from minidask_distributed.dashboard.feeds import (
    bandwidth,
    events,
    exceptions,
    graph,
    history,
    lanes,
    progress,
    shuffle,
    stealing,
    task_stream,
    workers,
)
from minidask_distributed.dashboard.feeds.base import MAX_ROWS, Columns, Feed, StreamFeed, registry

__all__ = ["ALL", "MAX_ROWS", "Columns", "Feed", "StreamFeed", "registry"]

ALL: dict[str, Feed] = registry(
    *history.FEEDS,
    *workers.FEEDS,
    *lanes.FEEDS,
    *task_stream.FEEDS,
    *progress.FEEDS,
    *graph.FEEDS,
    *bandwidth.FEEDS,
    *stealing.FEEDS,
    *shuffle.FEEDS,
    *events.FEEDS,
    *exceptions.FEEDS,
)
"""{name: feed} of the scheduler's pages."""
