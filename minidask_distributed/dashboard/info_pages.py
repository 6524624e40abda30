"""Pages about single things, written whole by the server: workers, one worker, one task, logs, call stacks.

Place in the flow: `info_routes` asks workers for what only they know and writes these pages of it. They work without bokeh and
without scripts.

Invariants: everything is escaped (`markup`); lists are bounded, and say how much they leave out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from minidask.graph.task import Key
from minidask.units import format_bytes, format_time
from minidask_distributed.dashboard import paths
from minidask_distributed.dashboard.markup import Content, Markup, facts, table, tag
from minidask_distributed.explanation import Departure, Explanation, Relative, WorkerExplanation
from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.machine.states import NAMES

MOST_TASKS = 200
MOST_WORKERS = 1000
MOST_LINES = 2000


def link(text: str, path: str, root: str) -> Markup:
    """Return a link to a page, or the text alone where there is none."""
    return tag("a", text, href=root + path) if path else tag("span", text)


def card(title: str, *content: Content) -> Markup:
    """Return a part of a page."""
    return tag("section", tag("header", tag("h2", title)), content, class_="card")


def workers_page(scheduler: Any, root: str) -> list[Content]:
    """Return the list of all workers."""
    workers = list(scheduler.workers.values())
    now = time.monotonic()
    rows = [_worker_row(worker, root, now) for worker in workers[:MOST_WORKERS]]
    headings = (
        "Name",
        "Address",
        "Status",
        "Threads",
        "CPU",
        "Memory",
        "Limit",
        "Spilled",
        "Running",
        "Results",
        "Last seen",
        "More",
    )
    return [
        tag("h1", "Workers"),
        tag(
            "p", f"{len(workers)} workers. Each one's page says what it does, and why it left if it did.", class_="lead"
        ),
        card(
            "Workers",
            tag("div", table(headings, rows), class_="table"),
            _left_out(len(workers), MOST_WORKERS, "workers"),
        )
        if workers
        else tag("p", "There are none. Start some with minidask-worker and the scheduler's address."),
    ]


def _worker_row(worker: Worker, root: str, now: float) -> list[Content]:
    measured = worker.metrics
    own = paths.proxied(worker)
    more = [
        link("logs", paths.logs_page(worker.address), root),
        " ",
        link("call stacks", paths.call_stacks_page(worker.address), root),
        [" ", link("dashboard", own, root)] if own else None,
    ]
    return [
        link(worker.name, paths.worker_page(worker.address), root),
        worker.address,
        worker.status,
        worker.nthreads,
        f"{measured.get('cpu') or 0:.0f} %",
        format_bytes(measured.get("memory") or 0),
        format_bytes(worker.memory_limit) if worker.memory_limit else "none",
        format_bytes(measured.get("spilled") or 0),
        len(worker.processing),
        len(worker.held),
        f"{format_time(max(now - worker.last_seen, 0.0))} ago",
        more,
    ]


def worker_page(worker: Worker | None, explained: WorkerExplanation, root: str) -> list[Content]:
    """Return the page of a worker that is there, or of one that is remembered."""
    rows: list[tuple[str, Content]] = [
        ("Name", explained.name),
        ("Address", explained.address),
        ("Status", explained.state),
    ]
    parts: list[Content] = [tag("h1", f"Worker {explained.name}"), tag("p", explained.reason, class_="lead")]
    if worker is not None:
        told = worker.info
        rows += [
            ("Host, process", f"{told.get('host', '')}, {told.get('pid', '')}"),
            ("Threads", worker.nthreads),
            (
                "Memory",
                f"{format_bytes(explained.memory)} of {format_bytes(worker.memory_limit) if worker.memory_limit else 'no limit'}",
            ),
            ("Resources", ", ".join(f"{name}: {amount:g}" for name, amount in worker.resources.items()) or "none"),
            ("Directory", told.get("local_directory", "")),
            ("Nanny", worker.nanny or "none"),
        ]
        own = paths.proxied(worker)
        links = [link("Log", paths.logs_page(worker.address), root), " · "]
        links.append(link("Call stacks of its tasks", paths.call_stacks_page(worker.address), root))
        if own:
            links += [Markup(" · "), link("Its own dashboard", own, root)]
        elif (worker.info.get("places") or {}).get("dashboard"):
            note = "Its own dashboard listens on its machine's loopback alone: start it with --dashboard-address HOST:PORT."
            links.append(tag("p", note))
        rows.append(("More", links))
    parts.append(card("What it is", facts(rows)))
    if explained.details:
        parts.append(card("How it is", tag("ul", (tag("li", detail) for detail in explained.details))))
    if explained.advice:
        parts.append(card("What to do", tag("p", explained.advice)))
    if worker is not None:
        parts.append(_tasks("Tasks that it was given", list(worker.processing), root))
        parts.append(_tasks("Results that it holds", sorted(worker.held, key=lambda task: -task.nbytes), root))
        if worker.metrics:
            shown = sorted(
                (name.replace("_", " "), shown_metric(name, value))
                for name, value in worker.metrics.items()
                if isinstance(value, int | float | str)
            )
            parts.append(card("Its last measurements", facts(shown)))
    if explained.departures:
        parts.append(
            card("Ends of workers of this name or address", [_departure(one, root) for one in explained.departures])
        )
    return parts


def shown_metric(name: str, value: float | str) -> str:
    """Return what a worker measured with its unit, as far as its name tells it; what users' metrics mean only they know.

    Examples
    --------
    >>> (
    ...     shown_metric("memory", 35078144),
    ...     shown_metric("cpu", 12.0),
    ...     shown_metric("ready", 1200),
    ...     shown_metric("mine", 0.5),
    ... )
    ('33.45 MiB', '12 %', '1,200', '0.5')
    """
    if isinstance(value, str):
        return value
    if name in _BYTES:
        return format_bytes(int(value))
    if name in ("bandwidth_in", "bandwidth_out"):
        return f"{format_bytes(int(value))}/s"
    if name == "cpu":
        return f"{value:.0f} %"
    if name == "loop_delay":
        return format_time(value)
    if name == "time":
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


_BYTES = frozenset(
    [
        "bytes_in",
        "bytes_out",
        "disk_bytes",
        "managed",
        "memory",
        "spilled",
        "unmanaged",
        "unmanaged_old",
        "unmanaged_recent",
    ]
)


def _tasks(title: str, tasks: Sequence[Task], root: str) -> Markup:
    rows = (
        [link(paths.shown_key(task.key), paths.task_page(task.key), root), NAMES[task.state], format_bytes(task.nbytes)]
        for task in tasks[:MOST_TASKS]
    )
    content: Content = table(("Key", "State", "Bytes"), rows) if tasks else tag("p", "None.")
    return card(
        f"{title}: {len(tasks)}", tag("div", content, class_="table"), _left_out(len(tasks), MOST_TASKS, "tasks")
    )


def _left_out(number: int, most: int, what: str) -> Markup | None:
    return tag("p", f"{number - most} more {what} aren't shown.") if number > most else None


def task_page(explained: Explanation, root: str) -> list[Content]:
    """Return the page of a task."""
    since = "" if explained.since_s is None else f", for {format_time(explained.since_s)}"
    rows: list[tuple[str, Content]] = [("Key", paths.shown_key(explained.key)), ("State", f"{explained.state}{since}")]
    if explained.worker:
        rows.append(("Worker", _worker_link(explained.worker, root)))
    if explained.workers:
        rows.append(("Held by", _listed(_worker_link(address, root) for address in explained.workers)))
    if explained.nbytes:
        rows.append(("Size", format_bytes(explained.nbytes)))
    if explained.ahead is not None:
        rows.append(("Ahead in its queue", f"{explained.ahead} tasks"))
    if explained.blocked_by:
        rows.append(("Waits for, in the end", _listed(_task_link(key, root) for key in explained.blocked_by)))
    rows += [("Attempt", explained.attempt), ("Retries left", explained.retries)]
    rows += [
        (name, number)
        for name, number in (("Made again", explained.n_recomputed), ("Workers that died of it", explained.crashes))
        if number
    ]
    rows.append(("Wanted by", ", ".join(explained.wanted_by) or "no client"))
    parts: list[Content] = [
        tag("h1", "Task"),
        tag("p", explained.reason, class_="lead"),
        card("Why it is where it is", facts(rows), tag("ul", (tag("li", detail) for detail in explained.details))),
    ]
    if explained.advice:
        parts.append(card("What to do", tag("p", explained.advice)))
    if explained.failure is not None:
        parts.append(_failure(explained.failure, root))
    if explained.nearest:
        nearest = tag("ul", (tag("li", _task_link(key, root)) for key in explained.nearest))
        parts.append(card("Tasks whose keys look like it", nearest))
    parts.append(_relatives("Depends on", explained.dependencies, explained.n_dependencies, root))
    parts.append(_relatives("Needed by", explained.dependents, explained.n_dependents, root))
    if explained.departures:
        parts.append(
            card("Workers that died while they ran it", [_departure(one, root) for one in explained.departures])
        )
    moves = (
        [f"{format_time(move.ago_s)} ago", move.start, move.finish, move.why, move.stimulus] for move in explained.story
    )
    story: Content = (
        table(("When", "From", "To", "Why", "Event"), moves) if explained.story else tag("p", "Nothing is remembered.")
    )
    parts.append(card("Its story", tag("div", story, class_="table")))
    return parts


def _failure(failure: Mapping[str, Any], root: str) -> Markup:
    rows: list[tuple[str, Content]] = [("Error", f"{failure.get('type', '')}: {failure.get('text', '')}")]
    if failure.get("worker"):
        rows.append(("On", _worker_link(str(failure["worker"]), root)))
    trace = failure.get("traceback")
    return card("How it failed", facts(rows), tag("pre", str(trace)) if trace else None)


def _relatives(title: str, relatives: Sequence[Relative], number: int, root: str) -> Markup:
    rows = (
        [
            _task_link(one.key, root),
            one.state,
            one.note,
            _listed(_worker_link(address, root) for address in one.workers),
            format_bytes(one.nbytes) if one.nbytes else "",
        ]
        for one in relatives
    )
    content: Content = table(("Key", "State", "Note", "Workers", "Size"), rows) if relatives else tag("p", "Nothing.")
    return card(f"{title}: {number}", tag("div", content, class_="table"), _left_out(number, len(relatives), "tasks"))


def _task_link(key: Key, root: str) -> Markup:
    return link(paths.shown_key(key), paths.task_page(key), root)


def _worker_link(address: str, root: str) -> Markup:
    return link(address, paths.worker_page(address), root)


def _listed(items: Iterable[Markup]) -> list[Content]:
    return [[", " if at else "", item] for at, item in enumerate(items)]


def _departure(departure: Departure, root: str) -> Markup:
    rows: list[tuple[str, Content]] = [
        ("When", f"{format_time(departure.ago_s)} ago"),
        ("Worker", f"{departure.name}, {departure.address}"),
        ("Why", departure.reason),
    ]
    if departure.signal:
        rows.append(("Signal", departure.signal))
    if departure.memory:
        limit = f" of {format_bytes(departure.memory_limit)}" if departure.memory_limit else ""
        rows.append(("Memory", f"{format_bytes(departure.memory)}{limit}"))
    if departure.running:
        tasks = _listed(link(key, paths.task_page(key), root) for key in departure.running)
        rows.append(("It was running", tasks))
    lines = tag("pre", "\n".join(departure.log)) if departure.log else None
    return tag("article", facts(rows), lines)


def logs_page(whose: str, lines: Sequence[Sequence[str]], now: float) -> list[Content]:
    """Return a log.

    Parameters
    ----------
    whose
        For the title.
    lines
        (level, line), the newest first.
    now
        Seconds since the epoch.
    """
    shown = [
        tag("span", line, "\n", class_=f"level-{level.lower()}" if level.isalpha() else None) for level, line in lines
    ]
    stamp = datetime.fromtimestamp(now).astimezone().isoformat(" ", "seconds")
    return [
        tag("h1", f"Log of {whose}"),
        tag("p", f"The last {len(lines)} lines, the newest first, as of {stamp}.", class_="lead"),
        card("Lines", tag("pre", shown, class_="log") if lines else tag("p", "There are none.")),
    ]


def call_stacks_page(worker: Worker, keys: Sequence[Key], stacks: Sequence[Sequence[str]], root: str) -> list[Content]:
    """Return what the running tasks of a worker are doing."""
    parts: list[Content] = [
        tag("h1", f"Call stacks on {worker.name}"),
        tag(
            "p",
            "What each running task is doing at this moment, the innermost call last; load again for another moment.",
            class_="lead",
        ),
    ]
    if not keys:
        parts.append(tag("p", "No task runs there."))
    parts += [
        card("Task", tag("p", _task_link(key, root)), tag("pre", "".join(stack)))
        for key, stack in zip(keys, stacks, strict=True)
    ]
    return parts


def unreachable(worker: Worker, error: Exception, root: str) -> list[Content]:
    """Return what to show where a worker didn't answer."""
    return [
        tag("h1", f"Worker {worker.name} doesn't answer"),
        tag("p", f"{type(error).__name__}: {error}", class_="lead"),
        tag("p", "Compiled code that holds Python's lock keeps a worker from answering; so does a stopped process."),
        tag("p", link("What the scheduler knows of it", paths.worker_page(worker.address), root)),
    ]
