"""What a cluster answers when it is asked why: why a task is where it is, why a worker has gone.

Place in the flow: the scheduler makes these values of its state (`scheduler.observing.reasons`); they travel as plain values
(`as_plain`, `from_plain`) to ``Client.explain``, and pages of the dashboard show them.

Invariants: plain values alone, all lists bounded by who makes them; texts are for people and escaped in HTML. Not for: deciding
why (that needs the state), or anything that a program should branch on beyond ``state``, ``kind`` and the lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from typing import Any

from minidask.graph.task import Key
from minidask.units import format_bytes, format_time

__all__ = ["Departure", "Explanation", "Move", "Relative", "WorkerExplanation", "from_plain"]

_SHOWN = {"memory": "is in memory", "no-worker": "has no worker", "erred": "has failed"}
"""{state: what is said of it, where its name doesn't follow "is"}."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A task that another one depends on, or that depends on it."""

    key: Key
    state: str
    note: str = ""  # where it is, or why, in a few words
    workers: tuple[str, ...] = ()  # that hold it, or where it runs
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a task's state."""

    start: str
    finish: str
    why: str  # in words
    stimulus: str  # the event that led to it
    ago_s: float


@dataclass(frozen=True, slots=True)
class Departure:
    """A worker that has gone."""

    address: str
    name: str
    reason: str  # for people: signal, memory and limit, the last lines of its log
    ago_s: float = 0.0
    expected: bool = False  # whether it was asked to go, or said goodbye
    memory: int = 0  # bytes of its process when it was heard of last, 0: not known
    memory_limit: int = 0
    signal: str = ""  # as "SIGKILL", "" if none ended it
    log: tuple[str, ...] = ()  # its last lines
    running: tuple[str, ...] = ()  # keys of the tasks that were on its threads, as texts
    restarts: bool = False  # whether its nanny starts another process


@dataclass(frozen=True)
class Explanation:
    """Why a task is where it is; what ``Client.explain`` returns.

    Attributes
    ----------
    key : key
    state : str
        ``"waiting"``, ``"queued"``, ``"no-worker"``, ``"processing"``, ``"memory"``, ``"erred"``, ``"released"``, or
        ``"unknown"`` for a key that the scheduler doesn't know (any more).
    kind : str
        Why, as a word that programs can compare: ``"dependencies"``, ``"data"``, ``"behind"``, ``"busy"``, ``"resources"``,
        ``"restricted"``, ``"no-workers"``, ``"paused"``, ``"running"``, ``"transfer"``, ``"sent"``, ``"leaving"``,
        ``"stored"``, ``"raised"``, ``"dependency-failed"``, ``"killed-worker"``, ``"lost"``, ``"cancelled"``,
        ``"not-needed"``, ``"unknown"``.
    reason : str
        The same in a sentence, and ``details`` with further ones, ``advice`` what can be done.
    since_s : float or None
        Seconds that it has been in this state; None if that was too long ago to be remembered.
    worker : str
        Address of the worker where it is or waits, "" if there is none.
    workers : tuple of str
        Addresses of those that hold the result.
    nbytes : int
        Of the result.
    ahead : int or None
        How many tasks go before it in its queue, as far as they were counted.
    blocked_by : tuple of key
        The chain of dependencies, from its own to the one that everything waits for.
    dependencies, dependents : tuple of Relative
        Some of them, those that it waits for first; ``n_dependencies`` and ``n_dependents`` count all.
    failure : dict or None
        ``"key"``, ``"type"``, ``"text"``, ``"traceback"``, ``"worker"`` and ``"kind"`` of the error.
    departures : tuple of Departure
        Workers that died while they ran it.
    n_recomputed : int
        How often its result was lost and made again, as far as the story goes; ``crashes``: workers that died while they ran
        it; ``attempt``: number of the present one; ``retries``: that are left.
    wanted_by : tuple of str
        Names of clients that hold a future of it.
    story : tuple of Move
        Its last changes of state, the oldest first.
    nearest : tuple of key
        For an unknown key: those that look like it.
    """

    key: Key
    state: str
    kind: str
    reason: str
    details: tuple[str, ...] = ()
    advice: str = ""
    since_s: float | None = None
    worker: str = ""
    workers: tuple[str, ...] = ()
    nbytes: int = 0
    ahead: int | None = None
    blocked_by: tuple[Key, ...] = ()
    dependencies: tuple[Relative, ...] = ()
    n_dependencies: int = 0
    dependents: tuple[Relative, ...] = ()
    n_dependents: int = 0
    failure: dict[str, Any] | None = None
    departures: tuple[Departure, ...] = ()
    n_recomputed: int = 0
    crashes: int = 0
    attempt: int = 1
    retries: int = 0
    wanted_by: tuple[str, ...] = ()
    story: tuple[Move, ...] = ()
    nearest: tuple[Key, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Return plain values, for messages; see `from_plain`."""
        return {"of": "task", **asdict(self)}

    def _headline(self) -> str:
        since = "" if self.since_s is None else f" (for {format_time(self.since_s)})"
        return _SHOWN.get(self.state, f"is {self.state}") + since

    def __repr__(self) -> str:
        lines = [f"{self.key!r} {self._headline()}: {self.reason}"]
        lines += [f"  {detail}" for detail in self.details]
        if self.advice:
            lines.append(f"  What to do: {self.advice}")
        if self.failure is not None and self.failure.get("traceback"):
            lines += ["", *_indented(str(self.failure["traceback"]).rstrip())]
        lines += _relatives("Depends on", self.dependencies, self.n_dependencies)
        lines += _relatives("Needed by", self.dependents, self.n_dependents)
        for departure in self.departures:
            lines += ["", f"Worker {departure.name}, {format_time(departure.ago_s)} ago: {departure.reason}"]
        if self.nearest:
            lines += ["", "Keys that look like it: " + ", ".join(map(repr, self.nearest))]
        if self.story:
            lines += ["", "Story:"]
            lines += [
                f"  {format_time(move.ago_s) + ' ago':>16}  {move.start} -> {move.finish}: {move.why}"
                for move in self.story
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = f"<code>{_text(self.key)}</code> <b>{escape(self._headline())}</b>"
        parts = [f"<p>{head}: {escape(self.reason)}</p>"]
        if self.details:
            parts.append("<ul>" + "".join(f"<li>{escape(detail)}</li>" for detail in self.details) + "</ul>")
        if self.advice:
            parts.append(f"<p>What to do: {escape(self.advice)}</p>")
        if self.failure is not None and self.failure.get("traceback"):
            parts.append(f"<pre>{escape(str(self.failure['traceback']))}</pre>")
        parts.append(_relatives_html("Depends on", self.dependencies, self.n_dependencies))
        parts.append(_relatives_html("Needed by", self.dependents, self.n_dependents))
        for departure in self.departures:
            ago = format_time(departure.ago_s)
            parts.append(f"<p>Worker {escape(departure.name)}, {ago} ago:</p><pre>{escape(departure.reason)}</pre>")
        if self.nearest:
            shown = ", ".join(f"<code>{_text(key)}</code>" for key in self.nearest)
            parts.append(f"<p>Keys that look like it: {shown}</p>")
        if self.story:
            rows = [
                (f"{format_time(move.ago_s)} ago", f"{move.start} → {move.finish}", move.why) for move in self.story
            ]
            parts.append(_details_html("Story", _table(rows)))
        return "".join(parts)


@dataclass(frozen=True)
class WorkerExplanation:
    """How a worker is, or why it has gone; what ``Client.explain`` returns for a worker's address or name.

    Attributes
    ----------
    address, name : str
    state : str
        ``"running"``, ``"paused"``, ``"closing"``, or ``"gone"``.
    reason : str
        Why, in a sentence; ``details`` has further ones, ``advice`` what can be done.
    memory, memory_limit : int
        Bytes: of its process when it was heard of last, 0 if that isn't known.
    signal : str
        What ended it, as ``"SIGKILL"``; "" if no signal did.
    log : tuple of str
        The last lines of a worker that died.
    departures : tuple of Departure
        All that are remembered of this address or name, the latest last.
    """

    address: str
    name: str
    state: str
    reason: str
    details: tuple[str, ...] = ()
    advice: str = ""
    memory: int = 0
    memory_limit: int = 0
    signal: str = ""
    log: tuple[str, ...] = ()
    departures: tuple[Departure, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Return plain values, for messages; see `from_plain`."""
        return {"of": "worker", **asdict(self)}

    def __repr__(self) -> str:
        lines = [f"The worker {self.name!r} ({self.address}) is {self.state}: {self.reason}"]
        lines += [f"  {detail}" for detail in self.details]
        if self.advice:
            lines.append(f"  What to do: {self.advice}")
        if self.log:
            lines += ["The last lines of its log:", *_indented("\n".join(self.log))]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        where = f"<b>{escape(self.name)}</b> ({escape(self.address)})"
        parts = [f"<p>The worker {where} is <b>{escape(self.state)}</b>: {escape(self.reason)}</p>"]
        if self.details:
            parts.append("<ul>" + "".join(f"<li>{escape(detail)}</li>" for detail in self.details) + "</ul>")
        if self.advice:
            parts.append(f"<p>What to do: {escape(self.advice)}</p>")
        if self.log:
            parts.append("<pre>" + escape("\n".join(self.log)) + "</pre>")
        return "".join(parts)


def from_plain(plain: Mapping[str, Any]) -> Explanation | WorkerExplanation:
    """Return what `as_plain` was called on, after messages have turned tuples into lists.

    Examples
    --------
    >>> made = Explanation(("x", 1), "waiting", "dependencies", "it waits", blocked_by=("y",))
    >>> from_plain(made.as_plain()) == made
    True
    """
    values = {name: value for name, value in plain.items() if name != "of"}
    if "departures" in values:
        values["departures"] = tuple(_record(Departure, one) for one in values["departures"])
    if plain.get("of") == "worker":
        return _record(WorkerExplanation, values)
    values["key"] = _key(values["key"])
    for name in ("blocked_by", "nearest"):
        values[name] = tuple(_key(one) for one in values.get(name, ()))
    for name in ("dependencies", "dependents"):
        relatives = [_record(Relative, one) for one in values.get(name, ())]
        values[name] = tuple(_with_key(one) for one in relatives)
    values["story"] = tuple(_record(Move, one) for one in values.get("story", ()))
    return _record(Explanation, values)


def _record(cls: Any, values: Mapping[str, Any]) -> Any:
    names = {one.name for one in fields(cls)}
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in names})


def _with_key(relative: Relative) -> Relative:
    return Relative(_key(relative.key), relative.state, relative.note, relative.workers, relative.nbytes)


def _key(sent: Any) -> Key:
    return tuple([_key(part) for part in sent]) if isinstance(sent, list | tuple) else sent


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]


def _relatives(title: str, shown: tuple[Relative, ...], count: int) -> list[str]:
    if not shown:
        return []
    lines = ["", f"{title}:"]
    lines += [f"  {one.key!r} {one.note or one.state}" for one in shown]
    if count > len(shown):
        lines.append(f"  … and {count - len(shown)} more")
    return lines


def _relatives_html(title: str, shown: tuple[Relative, ...], count: int) -> str:
    if not shown:
        return ""
    rows = [(repr(one.key), one.state, one.note, format_bytes(one.nbytes) if one.nbytes else "") for one in shown]
    if count > len(shown):
        rows.append((f"… and {count - len(shown)} more", "", "", ""))
    return _details_html(f"{title} {count}", _table(rows))


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{cells}</table>"


def _details_html(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _text(key: Key) -> str:
    return escape(repr(key))
