"""Tasks that failed: where, with which error, and whether they are tried again.

Place in the flow: the page *exceptions*; the recorder's ``failures``.

Invariants: at most `SHOWN` rows, the latest first; texts were cut by the recorder.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.dashboard.feeds.bandwidth import names_of
from minidask_distributed.dashboard.feeds.base import Columns, Feed
from minidask_distributed.dashboard.feeds.naming import host_and_port, key_text
from minidask_distributed.dashboard.paths import task_page, worker_page

SHOWN = 300
OUTCOMES = {
    "failed": "failed",
    "retried": "tried again",
    "rescheduled": "asked to be run elsewhere",
    "lost": "made again: its data was gone",
    "killed-worker": "failed: workers died of it",
}


class Failures(Feed):
    """One row a failure."""

    name = "exceptions"
    period_s = 0.5
    columns = (
        "time", "key", "page", "function", "worker", "worker_page", "error", "traceback", "duration", "attempt", "retries_left",
        "outcome",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return the failures, the latest first."""
        recorded = server.recorder.failures.columns(SHOWN)
        names = names_of(server)
        made: dict[str, list[Any]] = {
            "key": [key_text(key) for key in recorded["key"]],
            "page": [task_page(key) for key in recorded["key"]],
            "worker": [names.get(one, host_and_port(one)) for one in recorded["worker"]],
            "worker_page": [worker_page(one) if one else "" for one in recorded["worker"]],
            "error": [f"{name}: {text}" for name, text in zip(recorded["type"], recorded["text"], strict=True)],
            "outcome": [OUTCOMES.get(one, one) for one in recorded["outcome"]],
        }
        made["traceback"] = [text or error for text, error in zip(recorded["traceback"], made["error"], strict=True)]
        return {name: (made[name] if name in made else recorded[name])[::-1] for name in self.columns}


FEEDS = (Failures(),)
