"""Flame graphs on demand: ``json/profile.json``, which the pages of profiles ask.

Place in the flow: a route of `scheduler_parts` and of `worker_parts`. The scheduler asks its workers (a part of them, where they
are many) for their samples and merges them with `profile_tree`; a worker answers of itself. The answer has the columns that
`feeds.profile` names.

Invariants: one question goes to the workers at a time, however many look; an answer is kept for `KEPT_S` for all who ask the
same. Nothing is sampled for this: workers and schedulers do that all the time.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from tornado.web import HTTPError

from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots.palette import PREFIX_COLORS
from minidask_distributed.dashboard.routes import Look
from minidask_distributed.profile_tree import Node, flame
from minidask_distributed.scheduler.profiling import profile_of_workers, timeline_of_workers

SCOPES = {"scheduler": ("workers", "scheduler", "workers-loop"), "worker": ("workers", "workers-loop")}
"""{role: of what it has profiles}; a worker has those of its own tasks and loop."""

KEPT_S = 1.0
MOST_BOXES = 2_000
MOST_STEPS = 1_800

_kept: WeakKeyDictionary[Any, dict[Any, tuple[float, str]]] = WeakKeyDictionary()
_locks: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


def boxes(tree: Node) -> dict[str, list[Any]]:
    """Return the boxes of a flame graph as columns, with colours by file: the same file, the same colour."""
    columns = dict(flame(tree, MOST_BOXES))
    files: list[str] = columns["file"]
    modules = [file.replace("\\", "/").rpartition("/")[2] for file in files]
    columns["color"] = [PREFIX_COLORS[_number(file) % len(PREFIX_COLORS)] if file else "#98a1ad" for file in files]
    columns["place"] = [
        f"{file}:{line}" if file else "" for file, line in zip(files, columns["line_number"], strict=True)
    ]
    columns["label"] = [
        f"{name} · {module}" if module else "all samples" for name, module in zip(columns["name"], modules, strict=True)
    ]
    return {name: columns[name] for name in FETCHED["profile-boxes"]}


def _number(text: str) -> int:
    return sum(ord(letter) * 31**at for at, letter in enumerate(text[-40:])) & 0xFFFFFF


def timeline(steps: list[tuple[float, Mapping[str, int]]], prefix: str | None) -> dict[str, list[Any]]:
    """Return samples over time as columns, of all kinds of tasks or of one.

    Examples
    --------
    >>> timeline([(10.0, {"inc": 3, "add": 1}), (11.0, {"add": 2})], "add")
    {'time': [10.0, 11.0], 'count': [1, 2]}
    """
    steps = steps[-MOST_STEPS:]
    counts = [sum(names.values()) if prefix is None else names.get(prefix, 0) for _, names in steps]
    return {"time": [when for when, _ in steps], "count": counts}


class ProfileOf(Look):
    """A flame graph."""

    async def get(self, *args: str) -> None:
        """Answer with {"boxes": columns, "timeline": columns, "prefixes": names, "samples": number}."""
        scope = self.get_query_argument("scope", "workers")
        role = self.application_.role
        if scope not in SCOPES[role]:
            raise HTTPError(400, f"the scopes are {', '.join(SCOPES[role])}")
        prefix = self.get_query_argument("prefix", "") or None
        start, stop = self._seconds("start"), self._seconds("stop")
        server = self.application_.server
        self.send_json(await answer(server, role, scope, prefix, start, stop))

    def _seconds(self, name: str) -> float | None:
        text = self.get_query_argument(name, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise HTTPError(400, f"{name} must be a number of seconds since the epoch")
        return value


async def answer(
    server: Any, role: str, scope: str, prefix: str | None, start: float | None, stop: float | None
) -> str:
    """Return the answer as JSON.

    Parameters
    ----------
    server
        The `Scheduler` or `Worker`.
    role
        "scheduler" or "worker".
    scope
        Of its `SCOPES`.
    prefix
        Of keys; None: all.
    start, stop
        Seconds since the epoch; None: all that is remembered.
    """
    question = scope, prefix, start, stop
    lock = _locks.setdefault(server, asyncio.Lock())
    async with lock:
        kept = _kept.setdefault(server, {})
        now = time.monotonic()
        for old in [one for one, (until, _) in kept.items() if until < now]:
            del kept[old]
        if question not in kept:
            ask = _ask if role == "scheduler" else _look
            text = json.dumps(await ask(server, scope, prefix, start, stop), separators=(",", ":"))
            kept[question] = time.monotonic() + KEPT_S, text
        return kept[question][1]


async def _ask(server: Any, scope: str, prefix: str | None, start: float | None, stop: float | None) -> dict[str, Any]:
    steps: list[tuple[float, Mapping[str, int]]] = []
    if scope == "scheduler":
        profile = server.profile.loop
        tree = profile.tree(start=start, stop=stop)
        steps = profile.timeline()
    elif scope == "workers":
        tree = await profile_of_workers(server, prefix, start, stop)
        steps = list(await timeline_of_workers(server))
    else:
        tree = await profile_of_workers(server, None, start, stop, server=True)
    return _told(tree, steps, prefix, with_prefixes=scope == "workers")


async def _look(worker: Any, scope: str, prefix: str | None, start: float | None, stop: float | None) -> dict[str, Any]:
    """As `_ask`, of one worker."""
    if scope == "workers":
        profile = worker.profile.tasks
        return _told(profile.tree(prefix, start, stop), profile.timeline(), prefix, with_prefixes=True)
    profile = worker.profile.loop
    return _told(profile.tree(start=start, stop=stop), profile.timeline(), None, with_prefixes=False)


def _told(
    tree: Node, steps: list[tuple[float, Mapping[str, int]]], prefix: str | None, with_prefixes: bool
) -> dict[str, Any]:
    prefixes: dict[str, int] = {}
    if with_prefixes:
        for _, names in steps:
            for name, count in names.items():
                prefixes[name] = prefixes.get(name, 0) + count
    return {
        "boxes": boxes(tree),
        "timeline": timeline(steps, prefix),
        "prefixes": sorted(prefixes, key=lambda name: -prefixes[name])[:200],
        "samples": tree.count,
    }


PROFILE_ROUTES = [(r"json/profile\.json", ProfileOf)]
