"""What a worker's own dashboard consists of: its pages, plots, feeds and routes.

Place in the flow: `service` imports it by name with `application`, in a worker; `scheduler_parts` is its like.

Not for: pages about workers that the scheduler shows (`info_pages`).
"""

from __future__ import annotations

import sys
import time
import traceback

from minidask_distributed.dashboard import info_pages
from minidask_distributed.dashboard.feeds.one_worker import FEEDS
from minidask_distributed.dashboard.layout import Page, Plot, Table
from minidask_distributed.dashboard.markup import Content, tag
from minidask_distributed.dashboard.page_shell import document
from minidask_distributed.dashboard.parts import PROFILE, PROFILE_TIMELINE
from minidask_distributed.dashboard.paths import shown_key
from minidask_distributed.dashboard.profile_routes import PROFILE_ROUTES
from minidask_distributed.dashboard.routes import Look

__all__ = ["FEEDS", "INDIVIDUAL_PLOTS", "PAGES", "ROUTES"]

_HISTORY = ("worker-history",)

MEMORY = Plot(
    "worker-memory",
    "Memory of the process",
    "one_worker:memory",
    _HISTORY,
    hint="results (blue), the rest (orange), results on disk (dashed)",
    empty="Samples appear while this page is open.",
)
CPU = Plot("worker-cpu", "CPU of the process", "one_worker:cpu", _HISTORY, hint="percent of one processor")
TASKS = Plot(
    "worker-tasks", "Tasks", "one_worker:tasks", _HISTORY, hint="running (green), ready (blue), data on their way (red)"
)
PROFILE_LOOP = Plot(
    "profile-server",
    "Profile of the event loop",
    "profile:flame_loop",
    hint="width: share of the samples; click a box to see only it",
    empty="Boxes appear when the event loop has been busy for some seconds.",
    height=560,
)
RUNNING = Table(
    "worker-running",
    "Running now",
    "worker-tasks",
    (("key", "Key", "text"), ("thread", "Thread", "exact")),
    empty="No task runs.",
)
FACTS = Table(
    "worker-facts", "What it is", "worker-facts", (("name", "", "text"), ("value", "", "text")), sortable=False
)

PAGES = (
    Page(
        "status",
        "Status",
        "What this worker does, and what fills its memory.",
        ((MEMORY, CPU, TASKS), (RUNNING, FACTS)),
    ),
    Page(
        "profile",
        "Profile",
        "Where this worker's threads spend their time: wide boxes are functions that take long.",
        ((PROFILE_TIMELINE,), (PROFILE,)),
    ),
    Page(
        "profile-server",
        "Server profile",
        "Where this worker's event loop spends its time: what delays its transfers and its reports.",
        ((PROFILE_TIMELINE,), (PROFILE_LOOP,)),
    ),
    Page("call-stacks", "Call stacks", "What each running task is doing at this moment."),
    Page("logs", "Log", "The last lines of its log."),
)

INDIVIDUAL_PLOTS = (MEMORY, CPU, TASKS, PROFILE, PROFILE_LOOP)


class WorkerLook(Look):
    """A page about this worker that the server writes whole."""

    def show(self, title: str, main: Content) -> None:
        """Answer with the page."""
        application = self.application_
        title = f"{title} · {application.title}"
        self.send_page(document(self.place, application.pages, title, main, home=self.home))


class Log(WorkerLook):
    """The worker's log."""

    def get(self, *args: str) -> None:
        """Answer with its last lines."""
        kept = self.application_.server.logs
        lines = [] if kept is None else kept.last(info_pages.MOST_LINES)
        self.show("Log", info_pages.logs_page(self.application_.title, lines, time.time()))


class CallStacks(WorkerLook):
    """What the worker's threads are doing."""

    def get(self, *args: str) -> None:
        """Answer with the stacks of its running tasks."""
        frames = sys._current_frames()
        parts: list[Content] = [
            info_pages.card(shown_key(task.key), tag("pre", "".join(traceback.format_stack(frame))))
            for task, thread in self.application_.server.running_threads()
            if (frame := frames.get(thread)) is not None
        ]
        lead = tag("p", "The innermost call comes last; load again for another moment.", class_="lead")
        self.show("Call stacks", [tag("h1", "Call stacks"), lead, parts or tag("p", "No task runs.")])


ROUTES = [("call-stacks", CallStacks), ("logs", Log), *PROFILE_ROUTES]
