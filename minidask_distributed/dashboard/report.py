"""`performance_report`: one HTML page about what a cluster did during a block, to keep and to send to others.

Place in the flow: a block begins a record at the scheduler (`client.lasting`, ``handlers.measuring.record``); at its end the
tasks that ran, the profiles and the record are asked for, and `page_parts` makes a page of them with `pictures` and `filling`.

Invariants: the page loads nothing from anywhere, which its Content-Security-Policy says, too; every name in it is a text; an
error of the block is never hidden by one of the report.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType, TracebackType
from typing import Any

import fsspec

from minidask.units import format_bytes, format_time
from minidask_distributed.client.current import current_client
from minidask_distributed.client.lasting import LastingCall
from minidask_distributed.client.versioning import mismatches
from minidask_distributed.dashboard import pictures
from minidask_distributed.dashboard.feeds.naming import host_and_port, worker_label
from minidask_distributed.dashboard.figures import BokehMissing, bokeh_scripts
from minidask_distributed.dashboard.filling import REMEDY as NEEDS_BOKEH
from minidask_distributed.dashboard.filling import figure_of, page_of
from minidask_distributed.dashboard.markup import Content, Markup, facts, table, tag
from minidask_distributed.prefixes import prefix_of
from minidask_distributed.profile_tree import Node, from_columns, merge

__all__ = ["performance_report"]

MODES = ("inline", "cdn")

SHOWN = 100
"""Rows of a table; what is left out is said."""

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1d2430; background: #fff;
  max-width: 1200px; margin: 0 auto; padding: 1rem 1.25rem 4rem }
h1 { font-size: 1.5rem; margin: .5rem 0 }
h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; border-top: 1px solid #e4e8ee; padding-top: 1rem }
p.note { color: #5b6675; margin: 0 0 .5rem }
nav a { margin-right: 1rem; white-space: nowrap }
a { color: #1f62b5 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-bottom: 1rem }
td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top }
thead th { border-bottom: 1px solid #e4e8ee }
.facts th { font-weight: normal; color: #5b6675 }
pre { background: #f4f6f9; padding: .75rem; overflow: auto;
  font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace }
.wide { overflow-x: auto }
"""


@dataclass(frozen=True)
class Told:
    """What a report is made of."""

    records: Sequence[Mapping[str, Any]]  # as of Client.get_task_stream
    record: Mapping[str, Any]  # as of handlers.measuring.record
    workers: Node  # profiles
    scheduler: Node
    info: Mapping[str, Any]  # as of Client.scheduler_info
    versions: Mapping[str, Any]  # as of Client.get_versions
    code: str
    error: str


class performance_report:
    """Write a page about what the cluster did during a block: tasks, profiles, memory, transfers, failures, versions.

    Parameters
    ----------
    filename : str
        Of the HTML page, or a URL that fsspec writes to.
    stacklevel : int
        Whose code is shown: 1 is who makes this, 2 who called that.
    mode : str, optional
        "inline" (the default): Bokeh's code is in the page, which works anywhere. "cdn": it is loaded when the page is read.
    storage_options : dict, optional
        For ``fsspec.open``.

    Raises
    ------
    ValueError
        For another mode or stacklevel, or if there is no client.
    ImportError
        At the beginning of the block, if Bokeh isn't installed.
    OSError
        At the end of the block, if the file can't be written.

    Examples
    --------
    >>> with performance_report("sum.html"):  # doctest: +SKIP
    ...     x.sum().compute()
    """

    def __init__(
        self,
        filename: str = "minidask-report.html",
        stacklevel: int = 1,
        mode: str | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        if mode not in (None, *MODES):
            raise ValueError(f"mode must be 'inline' or 'cdn', got {mode!r}")
        if not isinstance(stacklevel, int) or stacklevel < 1:
            raise ValueError(f"stacklevel must be 1 or more, got {stacklevel!r}")
        self.filename = filename
        self._mode = mode or "inline"
        self._options = dict(storage_options or {})
        try:
            self._code = code_of(sys._getframe(stacklevel))
        except ValueError:
            raise ValueError(f"stacklevel={stacklevel} is beyond the outermost call") from None

    async def _begin(self) -> None:
        self._call = LastingCall(self._client, "record")
        # The first question has the scheduler keep the keys from now on.
        await self._client.call("task_stream", count=0)
        await self._call.begin()
        self._start = time.time()

    async def _end(self, error: BaseException | None) -> None:
        client, record = self._client, await self._call.end()
        bounds = {"start": record["start"], "stop": record["stop"]}
        profiles = await client._broadcast("profile", {"key": None, "server": False, **bounds}, on_error="ignore")
        told = Told(
            records=await client._get_task_stream(record["start"], record["stop"], None),
            record=record,
            workers=merge(from_columns(columns) for columns in profiles.values()),
            scheduler=from_columns(await client.call("profile", **bounds)),
            info=await client._scheduler_info(-1),
            versions=await client._get_versions(False, []),
            code=self._code,
            error="" if error is None else f"{type(error).__name__}: {error}",
        )
        page = page_of(f"minidask: {_when(record['start'])}", page_parts(told), _resources(self._mode), STYLE)
        with fsspec.open(self.filename, "w", encoding="utf-8", **self._options) as file:
            file.write(page)

    def _check(self) -> None:
        if bokeh_scripts() is None:
            raise BokehMissing(NEEDS_BOKEH)
        self._client: Any = current_client()

    def __enter__(self) -> performance_report:
        self._check()
        if self._client.asynchronous:
            raise TypeError("the client is asynchronous: use `async with performance_report(...)`")
        self._client.sync(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            self._client.sync(self._end, error)
        except Exception as trouble:
            _tell(error, trouble)

    async def __aenter__(self) -> performance_report:
        self._check()
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            await self._end(error)
        except Exception as trouble:
            _tell(error, trouble)


def _tell(error: BaseException | None, trouble: Exception) -> None:
    """Raise what went wrong with the report, unless the block has failed: then its error is what matters."""
    if error is None:
        raise trouble
    error.add_note(f"and the performance report couldn't be written: {type(trouble).__name__}: {trouble}")


def _resources(mode: str) -> Any:
    if mode == "inline":
        return None
    from bokeh.resources import CDN

    return CDN


def code_of(frame: FrameType) -> str:
    """Return the statement that a frame is at, a ``with`` block wholly; "" if the code isn't there.

    Parameters
    ----------
    frame
        Of a function or a module.
    """
    try:
        lines, _ = inspect.findsource(frame)
    except (OSError, TypeError):
        return ""
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        # A cell with magic in it, say: the line has to do.
        return lines[frame.f_lineno - 1].strip() if 0 < frame.f_lineno <= len(lines) else ""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, _SCOPES)]
    around = [node for node in blocks if node.lineno <= frame.f_lineno <= (node.end_lineno or node.lineno)]
    if not around:
        return ""
    # Of all statements around this line the `with` that begins last, or else the innermost one.
    withs = [node for node in around if isinstance(node, ast.With | ast.AsyncWith)]
    chosen = max(withs or around, key=lambda node: node.lineno)
    return textwrap.dedent("".join(lines[chosen.lineno - 1 : chosen.end_lineno])).rstrip()


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _when(stamp: float) -> str:
    return datetime.fromtimestamp(stamp).astimezone().isoformat(" ", "seconds")


# ---------------------------------------------------------------- the page


def page_parts(told: Told) -> list[Any]:
    """Return the page's parts: markup and figures."""
    names = {address: worker["name"] for address, worker in told.info["workers"].items()}
    names = {address: worker_label(str(name), 40) for address, name in names.items()}
    sections: list[tuple[str, list[Any]]] = [
        ("Summary", [facts(_summary(told))]),
        ("Task stream", _stream(told, names)),
        ("Tasks by prefix", [_prefixes(told.records)]),
        ("Memory and load", _history(told.record["history"])),
        (
            "Profile of tasks",
            _profile(told.workers, "No thread was seen in a task: all of them were short, or none ran."),
        ),
        ("Profile of the scheduler", _profile(told.scheduler, "Its event loop wasn't seen at work.")),
        ("Bandwidth", _bandwidth(told.record, names)),
        ("Failures", [_failures(told.record["failures"], names)]),
        ("Workers", [_workers(told.info)]),
        ("Versions", _versions(told.versions)),
        ("Code", [tag("pre", told.code) if told.code else tag("p", "It isn't known.", class_="note")]),
    ]
    anchors = [(title.lower().replace(" ", "-"), title) for title, _ in sections]
    parts: list[Any] = [
        tag("h1", "Performance report"),
        tag("nav", (tag("a", title, href=f"#{anchor}") for anchor, title in anchors), aria_label="Parts"),
    ]
    for (anchor, title), (_, content) in zip(anchors, sections, strict=True):
        parts += [tag("h2", title, id=anchor), *content]
    return parts


def _summary(told: Told) -> list[tuple[str, Content]]:
    record, workers = told.record, told.info["workers"].values()
    seconds = record["stop"] - record["start"]
    threads = sum(worker["nthreads"] for worker in workers)
    busy = sum(one["stop"] - one["start"] for task in told.records for one in task["startstops"])
    spent: dict[str, float] = {}
    for kind, duration in zip(record["activities"]["kind"], record["activities"]["duration"], strict=True):
        spent[kind] = spent.get(kind, 0.0) + duration / 1e6
    disk = spent.get("disk-write", 0.0) + spent.get("disk-read", 0.0)
    peak = max(record["history"]["process"], default=0)
    share = f", {100 * busy / (seconds * threads):.0f} % of all threads' time" if seconds * threads else ""
    rows: list[tuple[str, Content]] = [
        ("From", _when(record["start"])),
        ("Time", format_time(seconds)),
        ("Tasks", f"{len(told.records):,}, {len(record['failures']['time']):,} failures"),
        ("Computing", f"{format_time(busy)} in all{share}"),
        ("Transfers", f"{format_bytes(sum(record['pairs']['nbytes']))} in {sum(record['pairs']['count']):,}"),
        ("Receiving, as far as sampled", format_time(spent.get("transfer-in", 0.0))),
        ("Disk, as far as sampled", format_time(disk)),
        ("Most memory of all processes", format_bytes(peak) if peak else "not sampled: the block was too short"),
        ("Workers", f"{len(workers)}, {threads} threads"),
    ]
    return [("Error of the block", told.error), *rows] if told.error else rows


def _stream(told: Told, names: Mapping[str, str]) -> list[Any]:
    if not told.records and not told.record["activities"]["worker"]:
        return [_note("No task ran.")]
    figure = pictures.task_stream(told.records, names=names, activities=told.record["activities"])
    note = "A row a thread, and one a worker for transfers (red), disk (orange) and serialisation (grey). Wheel: zoom; drag: pan."
    return [_note(note), figure]


def _note(text: str) -> Markup:
    return tag("p", text, class_="note")


def _prefixes(records: Sequence[Mapping[str, Any]]) -> Markup:
    sums: dict[str, list[float]] = {}
    for task in records:
        row = sums.setdefault("(forgotten)" if task["key"] is None else prefix_of(task["key"]), [0, 0.0, 0.0, 0])
        spent = sum(one["stop"] - one["start"] for one in task["startstops"])
        row[0] += 1
        row[1] += spent
        row[2] = max(row[2], spent)
        row[3] += task["nbytes"] or 0
    ordered = sorted(sums.items(), key=lambda item: -item[1][1])
    return _table(
        ("Prefix", "Tasks", "Time in all", "Mean", "Longest", "Bytes of results"),
        [
            (name, f"{count:,.0f}", *map(format_time, (spent, spent / count, longest)), format_bytes(nbytes))
            for name, (count, spent, longest, nbytes) in ordered
        ],
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[Content]], none: str = "None.") -> Markup:
    if not rows:
        return _note(none)
    left = f"{len(rows) - SHOWN:,} more rows aren't shown." if len(rows) > SHOWN else None
    return tag("div", table(headings, rows[:SHOWN]), tag("p", left, class_="note") if left else None, class_="wide")


def _history(history: Mapping[str, Sequence[Any]]) -> list[Any]:
    if len(history["time"]) < 2:
        return [_note("The block was too short for samples over time, of which there are two a second.")]
    feeds = {"cluster-memory": history, "system": history}
    parts: list[Any] = []
    for note, make in (
        (
            "Memory of all workers: results, the rest (paler), what appeared within 30 s (palest), on disk (grey).",
            "cluster_memory",
        ),
        ("CPU of all workers, in percent of one processor.", "cluster_cpu"),
        ("CPU of the scheduler, in percent of one processor.", "scheduler_cpu"),
        ("Tasks that ended in a second.", "throughput"),
    ):
        parts += [_note(note), figure_of(f"history:{make}", feeds, 170)]
    return parts


def _profile(tree: Node, none: str) -> list[Any]:
    return [_note("Width: share of the samples."), pictures.profile(tree)] if tree else [_note(none)]


def _bandwidth(record: Mapping[str, Any], names: Mapping[str, str]) -> list[Any]:
    pairs, types = record["pairs"], record["types"]
    if not pairs["source"]:
        return [_note("Workers sent each other nothing.")]

    def rows(columns: Mapping[str, Sequence[Any]], *labels: Sequence[Any]) -> list[Sequence[Content]]:
        sums = zip(columns["nbytes"], columns["count"], columns["bandwidth"], strict=True)
        made = [
            (nbytes, (*label, format_bytes(nbytes), f"{count:,}", f"{format_bytes(rate)}/s"))
            for *label, (nbytes, count, rate) in zip(*labels, sums, strict=True)
        ]
        return [row for _, row in sorted(made, key=lambda one: -one[0])]

    shown = [[names.get(one, one) for one in pairs[name]] for name in ("source", "target")]
    return [
        _table(("From", "To", "Bytes", "Transfers", "Bandwidth lately"), rows(pairs, *shown)),
        _table(
            ("Type", "Bytes", "Transfers", "Bandwidth lately"),
            rows(types, [one or "(unknown)" for one in types["type"]]),
        ),
    ]


def _failures(failures: Mapping[str, Sequence[Any]], names: Mapping[str, str]) -> Markup:
    columns = (failures[name] for name in ("key", "worker", "type", "text"))
    rows = [
        (key, names.get(worker, worker), f"{kind}: {text}") for key, worker, kind, text in zip(*columns, strict=True)
    ]
    return _table(("Task", "Worker", "Error"), rows, "No task failed.")


def _workers(info: Mapping[str, Any]) -> Markup:
    rows = [
        (
            str(worker["name"]),
            host_and_port(address),
            worker["nthreads"],
            format_bytes(worker["memory_limit"]) if worker.get("memory_limit") else "none",
        )
        for address, worker in info["workers"].items()
    ]
    return _table(("Name", "Address", "Threads", "Memory limit"), rows)


def _versions(versions: Mapping[str, Any]) -> list[Any]:
    packages = versions["client"]["packages"]
    rows: list[tuple[str, Content]] = [
        ("Python", f"{versions['client']['host']['python']}, {versions['client']['host']['OS']}"),
        *((name, str(version)) for name, version in packages.items() if version is not None and name != "python"),
    ]
    differing = mismatches(versions)
    parts: list[Any] = [facts(rows)]
    if differing:
        parts.append(tag("div", _note("These differ:"), tag("ul", (tag("li", line) for line in differing))))
    return parts
