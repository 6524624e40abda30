"""The pages of the scheduler's dashboard: what each shows, and one line on what to read from it.

Place in the flow: made of `parts`; `scheduler_parts` hands them to `application`; `page_shell` writes them, feeds fill them.
The guide's page on the plots (``docs/dashboard_plots.rst``) has a section for each.

Invariants: every feed that is named exists and has the columns that are shown; no bokeh here.
"""

from __future__ import annotations

from minidask_distributed.dashboard.layout import Page, Part, Plot, Tabs
from minidask_distributed.dashboard.parts import (
    BACKLOG,
    BANDWIDTH_PAIRS,
    BANDWIDTH_TYPES,
    CLUSTER_BANDWIDTH,
    CLUSTER_CPU,
    CLUSTER_MEMORY,
    CPU,
    DEPARTURES,
    EVENT_TABLE,
    EVENTS,
    EXCEPTIONS,
    GRAPH,
    GROUPS,
    LONG_TASK_STREAM,
    MOVES,
    OCCUPANCY,
    PROCESSING,
    PROFILE,
    PROFILE_SERVER,
    PROFILE_TIMELINE,
    PROGRESS,
    SCHEDULER_CPU,
    SCHEDULER_DELAY,
    SCHEDULER_FILES,
    SCHEDULER_MEMORY,
    SHUFFLE_BYTES,
    SHUFFLE_TABLE,
    SHUFFLES,
    STEALING,
    STEALING_WORKERS,
    TASK_STREAM,
    THROUGHPUT,
    TRANSFER,
    WORKERS,
    WORKERS_MEMORY,
)

SUMMARY = ("summary",)
"""Every page has the strip of the cluster's numbers."""


def _page(route: str, title: str, lead: str, *rows: tuple[Part | Tabs, ...]) -> Page:
    return Page(route, title, lead, rows, more_feeds=SUMMARY)


PAGES: tuple[Page, ...] = (
    _page(
        "status",
        "Status",
        "What the cluster does now. Gaps in the task stream are threads without work; red is waiting for data.",
        (CLUSTER_MEMORY, WORKERS_MEMORY),
        (TASK_STREAM,),
        (Tabs((PROCESSING, CPU, OCCUPANCY, TRANSFER)), PROGRESS),
    ),
    _page(
        "workers",
        "Workers",
        "Every worker's load and memory; look for one that differs from the others.",
        (WORKERS,),
        (WORKERS_MEMORY, Tabs((CPU, PROCESSING, OCCUPANCY, TRANSFER))),
        (DEPARTURES,),
    ),
    _page(
        "tasks",
        "Tasks",
        "The task stream with a longer view; drag and zoom to look at a moment, Follow to come back to the present.",
        (LONG_TASK_STREAM,),
    ),
    _page(
        "system",
        "System",
        "The scheduler's own process. Near 100 % CPU, or with long delays, it is what everything waits for: make tasks larger.",
        (SCHEDULER_CPU, SCHEDULER_DELAY),
        (THROUGHPUT, BACKLOG),
        (SCHEDULER_MEMORY, SCHEDULER_FILES),
        (CLUSTER_CPU, CLUSTER_BANDWIDTH),
    ),
    _page(
        "profile",
        "Profile",
        "Where the workers' threads spend their time: wide boxes are functions that take long.",
        (PROFILE_TIMELINE,),
        (PROFILE,),
    ),
    _page(
        "profile-server",
        "Server profile",
        "Where the event loops of the scheduler and the workers spend their time.",
        (PROFILE_TIMELINE,),
        (PROFILE_SERVER,),
    ),
    _page(
        "graph",
        "Graph",
        "The live task graph by state: what is done grows from the left, and what is stuck stays.",
        (GRAPH,),
    ),
    _page(
        "groups",
        "Groups",
        "The computation in a few boxes: which kind of task needs which, and how far each is.",
        (GROUPS,),
        (PROGRESS,),
    ),
    _page(
        "bandwidth",
        "Bandwidth",
        "How fast data travel between workers: pale rows or columns are slow hosts.",
        (BANDWIDTH_PAIRS, BANDWIDTH_TYPES),
        (CLUSTER_BANDWIDTH, TRANSFER),
    ),
    _page(
        "stealing",
        "Stealing",
        "Work that moved from busy workers to idle ones; much of it means that durations or data are spread unevenly.",
        (STEALING, STEALING_WORKERS),
        (MOVES,),
    ),
    _page(
        "shuffle",
        "Shuffle",
        "Shuffles between workers: every partition is split before the first one is put together.",
        (SHUFFLES,),
        (SHUFFLE_TABLE,),
        (SHUFFLE_BYTES, TRANSFER),
    ),
    _page(
        "events",
        "Events",
        "What happened, by topic: workers that come and go, failures, and what was logged.",
        (EVENTS,),
        (EVENT_TABLE,),
    ),
    _page(
        "exceptions",
        "Exceptions",
        "Every task that failed, with its remote traceback; unfold a row to read it.",
        (EXCEPTIONS,),
    ),
)
"""The scheduler's pages, in the order of the navigation."""

INDIVIDUAL_PLOTS: tuple[Plot, ...] = tuple(
    {part.name: part for page in PAGES for part in page.parts() if isinstance(part, Plot)}.values()
)
"""Every plot alone, under ``individual-NAME``."""
