"""Why a task is where it is: read off the machine's state, in a user's words.

Place in the flow: `explaining` calls `explain` with what the shell knows besides (what workers answered, who has departed), for
``Client.explain`` and the dashboard's page of a task.

Invariants: pure, nothing is changed; the cost is that of the task's dependencies, of the workers and of the bounded log of moves,
never of all tasks. What only the worker knows (whether a thread has begun it) is said to be likely where the worker wasn't asked.

Not for: deciding anything, or explaining workers (`explaining`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from minidask.graph.task import Key
from minidask.units import format_bytes, format_time
from minidask_distributed.explanation import Departure, Explanation, Move, Relative
from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import (
    ERRED,
    MEMORY,
    NAMES,
    NO_WORKER,
    PROCESSING,
    QUEUED,
    RELEASED,
    TRANSITIONS,
    WAITING,
)
from minidask_distributed.scheduler.observing.eligibility import PAUSED, restriction, without_running
from minidask_distributed.scheduler.observing.queueing import Place, place_of
from minidask_distributed.scheduler.observing.relations import (
    MOST_SHOWN,
    blockers,
    moves_of,
    recomputed,
    some_dependents,
    to_culprit,
)
from minidask_distributed.scheduler.observing.wording import (
    label,
    listed,
    memory_of,
    plural,
    shown_key,
    work_of,
)

Reports = Mapping[int, Mapping[str, Any]]
"""{task id: what its worker says of it}, see `worker.handlers.task_report`."""


def explain(
    state: ClusterState,
    key: Key,
    now: float,
    *,
    reports: Reports | None = None,
    departures: Iterable[Departure] = (),
) -> Explanation | None:
    """Return why a task is where it is; None for a key that the scheduler doesn't know.

    Parameters
    ----------
    state
    key
    now
        On the machine's clock.
    reports
        What workers said of tasks that were sent to them, as far as they were asked.
    departures
        Workers that died while they ran this task.
    """
    task = state.keys.get(key)
    return None if task is None else _Story(state, task, now, reports or {}, tuple(departures)).explanation()


class _Story:
    """One explanation in the making."""

    def __init__(
        self, state: ClusterState, task: Task, now: float, reports: Reports, departures: tuple[Departure, ...]
    ) -> None:
        self.state = state
        self.task = task
        self.now = now
        self.reports = reports
        self.departures = departures
        self.chain = blockers(task)
        missing = [dep for dep in task.deps if dep.state != MEMORY]
        there = (dep for dep in task.deps if dep.state == MEMORY)
        self.deps = [*missing[:MOST_SHOWN], *islice(there, max(MOST_SHOWN - len(missing), 0))]
        self.missing = missing
        self.dependents = some_dependents(task)
        shown = {task, *self.chain, *self.deps, *self.dependents}
        self.moves = moves_of(state, {one.id for one in shown})

    def explanation(self) -> Explanation:
        task = self.task
        found = _BY_STATE[task.state](self)
        place: Place | None = found.pop("place", None)
        story = self.moves.get(task.id, [])
        return Explanation(
            key=task.key,
            state=NAMES[task.state],
            since_s=self._since(task),
            worker=task.worker.address if task.worker is not None else "",
            workers=tuple(worker.address for worker in task.holders() if worker.status != "gone"),
            nbytes=task.nbytes if task.state == MEMORY else 0,
            ahead=None if place is None else place.ahead,
            blocked_by=tuple(one.key for one in self.chain),
            dependencies=tuple(self._relative(dep) for dep in self.deps),
            n_dependencies=len(task.deps),
            dependents=tuple(self._relative(one) for one in self.dependents),
            n_dependents=task.n_live,
            departures=self.departures,
            n_recomputed=recomputed(story),
            crashes=task.crashes,
            attempt=task.attempt,
            retries=max(task.retries, 0),
            wanted_by=tuple(dict.fromkeys(client.name for client, _ in task.wants())),
            story=tuple(
                Move(
                    NAMES[start],
                    NAMES[finish],
                    TRANSITIONS.get((start, finish), ""),
                    stimulus,
                    max(self.now - when, 0.0),
                )
                for start, finish, stimulus, when in story[-MOST_SHOWN:]
            ),
            **{**found, "details": (*found.get("details", ()), *self._past(story))},
        )

    # ------------------------------------------------------------ states

    def released(self) -> dict[str, Any]:
        return {
            "kind": "not-needed",
            "reason": "nobody needs its result now; it is kept because others that exist could need it again",
        }

    def waiting(self) -> dict[str, Any]:
        task, missing = self.task, self.missing
        if task.recipe is None:
            expecting = [worker for worker in self.state.workers.values() if task in worker.expected]
            where = f" to {listed(map(label, expecting))}" if expecting else ""
            return {"kind": "data", "reason": f"its data are on their way{where} from the client that scatters them"}
        count = len(task.deps)
        reason = f"it waits for {len(missing)} of its {plural(count, 'dependency', 'dependencies')}"
        details = [f"{shown_key(dep.key)} {self._note(dep)}" for dep in missing[:5]]
        if len(missing) > 5:
            details.append(f"… and {len(missing) - 5} more: {self._by_state(missing)}")
        advice = ""
        if self.chain:
            end = self.chain[-1]
            if len(self.chain) > 1:
                details.append(f"in the end everything waits for {shown_key(end.key)}, which {self._note(end)}")
            if end.state == NO_WORKER:
                advice = restriction(self.state, end)["advice"]
        return {"kind": "dependencies", "reason": reason, "details": details, "advice": advice}

    def queued(self) -> dict[str, Any]:
        task, state = self.task, self.state
        place = place_of(state, task)
        if task.options is not None and task.options.restricted and task.options.candidates and task.worker is None:
            return {**self._candidates(place), "place": place}
        if not state.running:
            return {**without_running(list(state.workers.values())), "place": place}
        behind = "" if not place.ahead else f" behind {place.described}"
        if place.worker is not None:
            reason = f"it is queued for {label(place.worker)}{behind}"
            details = [self._occupation(place.worker)]
        else:
            reason = f"it is queued{behind}, for whichever worker has room first"
            details = [self._occupation(worker) for worker in state.running[:3]]
        threads = sum(worker.nthreads for worker in state.running)
        details.append(f"{plural(len(state.running), 'worker')} with {plural(threads, 'thread')} take tasks now")
        return {"kind": "behind" if place.ahead else "busy", "reason": reason, "details": details, "place": place}

    def no_worker(self) -> dict[str, Any]:
        return restriction(self.state, self.task)

    def processing(self) -> dict[str, Any]:
        task, worker = self.task, self.task.worker
        assert worker is not None
        name = label(worker)
        if worker.status == "gone":
            return {
                "kind": "leaving",
                "reason": f"the connection to {name} broke; it is given to another one as soon as it is known what happened",
            }
        report = self.reports.get(task.id)
        found = self._likely(worker) if report is None else self._reported(worker, report)
        details = list(found.get("details", ()))
        if task in worker.long_running and found["kind"] == "running":
            details.append("it has seceded: it takes no thread's place")
        if task in worker.recalled:
            details.append("it was asked back, since another worker has nothing to do")
        if worker.status == "paused" and found["kind"] != "running":
            found = {**PAUSED, "reason": f"{name} is paused: {memory_of(worker)}"}
            details.append("its tasks that haven't begun are given to other workers, where these may run them")
        elif worker.status == "closing" and found["kind"] != "running":
            details.append(f"{name} is leaving: {worker.closing}")
        return {**found, "details": details}

    def memory(self) -> dict[str, Any]:
        task = self.task
        holders = [worker for worker in task.holders() if worker.status != "gone"]
        where = listed(map(label, holders)) if holders else "nobody yet: it is on its way to a worker"
        details = []
        wanted = list(dict.fromkeys(client.name for client, _ in task.wants()))
        if wanted:
            details.append(
                f"it is kept because {listed(wanted)} {'has a future' if len(wanted) == 1 else 'have futures'} of it"
            )
        if task.n_waiters:
            details.append(
                f"it is kept because {plural(task.n_waiters, 'task')} still {'needs' if task.n_waiters == 1 else 'need'} it"
            )
        if task.value is not None:
            details.append("it is so small that the scheduler has a copy, too")
        if self.reports.get(task.id, {}).get("spilled"):
            details.append("it is on disk there, because the worker's memory was short")
        details += [
            f"{label(one)} is leaving: the result is copied to others first"
            for one in holders
            if one.status == "closing"
        ]
        return {
            "kind": "stored",
            "reason": f"its result ({format_bytes(task.nbytes)}) is held by {where}",
            "details": details,
        }

    def erred(self) -> dict[str, Any]:
        task, failure = self.task, self.task.failure
        if failure is None:
            return {"kind": "raised", "reason": "it failed; why isn't known any more"}
        told = failure.fields
        culprit = str(told.get("key", ""))
        names = ("key", "type", "text", "traceback", "worker", "kind")
        shown = {name: str(told.get(name) or "") for name in names}
        error = f"{shown['type']}: {shown['text']}"
        place = f" on {shown['worker']}" if shown["worker"] else ""
        kind, advice = failure.kind, ""
        if kind == "killed-worker":
            reason, advice = error, "look at why the workers died, below; split the task, or give workers more memory"
        elif kind == "cancelled":
            reason = f"it was cancelled: {shown['text']}"
        elif kind == "raised":
            reason = f"it raised{place}: {error}"
            advice = "client.recreate_error_locally(future) runs it here, client.retry(future) runs it again there"
        else:
            reason = error
        details = []
        if culprit and culprit != str(task.key):
            path = to_culprit(task)
            via = f", by way of {listed(shown_key(one.key) for one in path[:-1])}" if len(path) > 1 else ""
            reason = (
                f"it depends on {culprit!r}{via}; {'that one' if kind == 'raised' else 'there'} failed{place}: {error}"
            )
            kind = "dependency-failed"
        allowed = 0 if task.options is None else task.options.retries
        if allowed:
            details.append(f"{plural(allowed - max(task.retries, 0), 'retry', 'retries')} of {allowed} were used")
        return {"kind": kind, "reason": reason, "details": details, "advice": advice, "failure": shown}

    # ------------------------------------------------------------ parts

    def _candidates(self, place: Place) -> dict[str, Any]:
        """Why a task that some workers may run isn't with one of them."""
        options = self.task.options
        assert options is not None
        candidates = list(options.candidates)
        active = [one for one in candidates if one.status == "running"]
        wants = [f"{name}={amount:g}" for name, amount in options.resources.items()]
        if not active:
            return without_running(candidates)
        free = [
            one
            for one in active
            if all(one.free_resources.get(name, 0) >= amount for name, amount in options.resources.items())
        ]
        behind = f" behind {place.described}" if place.ahead else ""
        names = listed(map(label, active))
        if not free:
            details = []
            for one in active[:5]:
                left = ", ".join(
                    f"{one.free_resources.get(name, 0):g} of {one.resources.get(name, 0):g} {name}"
                    for name in options.resources
                )
                takers = [task for task in one.processing if task.options is not None and task.options.resources]
                used = f", used by {listed(shown_key(task.key) for task in takers[:3])}" if takers else ""
                details.append(f"{label(one)} has {left} free{used}")
            return {
                "kind": "resources",
                "reason": f"it waits{behind} for {listed(wants)}, which others use now",
                "details": details,
            }
        asks = f" with {listed(wants)}" if wants else ""
        return {
            "kind": "behind" if place.ahead else "busy",
            "reason": f"it is queued{behind}{asks} for {names}, where alone it may run",
            "details": [self._occupation(one) for one in active[:3]],
        }

    def _reported(self, worker: Worker, report: Mapping[str, Any]) -> dict[str, Any]:
        """What the worker says of a task that was sent to it."""
        name, state = label(worker), report.get("state")
        if state == "running":
            at = report.get("at")
            details = [f"at this moment in {at}"] if at else []
            return {
                "kind": "running",
                "reason": f"it runs on {name} for {format_time(report.get('for_s') or 0.0)}",
                "details": details,
            }
        if state == "waiting":
            return self._transfers(name, report)
        if state == "ready":
            ahead = report.get("ahead") or 0
            if report.get("resources"):
                return {
                    "kind": "resources",
                    "reason": f"it waits on {name} for {listed(report['resources'])}, which other tasks use there",
                }
            behind = f" behind {plural(ahead, 'other task')}" if ahead else ""
            reason = f"it waits on {name}{behind} for a thread; {work_of(worker)}"
            return {"kind": "behind" if ahead else "busy", "reason": reason}
        return {"kind": "sent", "reason": f"it is on its way to {name}, or its result is on its way back"}

    def _transfers(self, name: str, report: Mapping[str, Any]) -> dict[str, Any]:
        details: list[str] = []
        amount = 0
        wanted = list(report.get("wanted") or ())
        for task_id, nbytes, source, flying in wanted:
            amount += nbytes
            if len(details) >= 5:
                continue
            dep = self.state.find(task_id)
            key = shown_key(dep.key) if dep is not None else "a result"
            how = (
                f"being transferred from {source}"
                if flying
                else f"in line to be fetched from {source}"
                if source
                else "missing"
            )
            details.append(f"{key} ({format_bytes(nbytes)}) is {how}")
        if not wanted:
            return {"kind": "transfer", "reason": f"{name} waits for its function, which it asked for again"}
        if len(wanted) > len(details):
            details.append(f"… and {len(wanted) - len(details)} more")
        reason = (
            f"{name} waits for the data of {plural(len(wanted), 'dependency', 'dependencies')} ({format_bytes(amount)})"
        )
        return {"kind": "transfer", "reason": reason, "details": details}

    def _likely(self, worker: Worker) -> dict[str, Any]:
        """What is likely of a task that was sent to a worker that wasn't asked."""
        task, name = self.task, label(worker)
        since = self._since(task)
        ago = "" if since is None else f" {format_time(since)} ago"
        place = 0
        for other in worker.processing:
            if other is task:
                break
            place += other not in worker.long_running
        if task in worker.long_running or place < worker.nthreads:
            return {"kind": "running", "reason": f"it was sent to {name}{ago}, and is likely to run there"}
        ahead = place - worker.nthreads + 1
        reason = f"it was sent to {name}{ago}, where about {plural(ahead, 'task')} go before it"
        return {"kind": "sent", "reason": reason}

    def _occupation(self, worker: Worker) -> str:
        """What keeps a worker busy, in a sentence."""
        first = next(iter(worker.processing), None)
        text = f"{label(worker)}: {work_of(worker)}"
        if first is None:
            return text
        since = self._since(first)
        ago = "" if since is None else f" {format_time(since)} ago"
        return f"{text}, the first of them {shown_key(first.key)}, sent{ago}"

    def _note(self, task: Task) -> str:
        """Where another task is, in a few words that follow its key."""
        since = self._since(task)
        span = "" if since is None else f" for {format_time(since)}"
        if task.state == PROCESSING and task.worker is not None:
            report = self.reports.get(task.id)
            if report is not None and report.get("state") == "running":
                return f"runs on {label(task.worker)} for {format_time(report.get('for_s') or 0.0)}"
            if report is not None and report.get("state") == "waiting":
                return f"waits on {label(task.worker)} for data to be transferred"
            return f"is at {label(task.worker)}{span}"
        if task.state == QUEUED:
            where = f" for {label(task.worker)}" if task.worker is not None else ""
            return f"is queued{where}{span and ',' + span}"
        if task.state == NO_WORKER:
            return f"can't run: {restriction(self.state, task)['reason']}"
        if task.state == WAITING:
            return (
                f"waits for {plural(task.n_missing, 'dependency', 'dependencies')} of its own"
                if task.recipe
                else "is data on their way"
            )
        if task.state == MEMORY:
            return f"is held by {listed(label(one) for one in task.holders())}"
        if task.state == ERRED and task.failure is not None:
            return f"failed: {task.failure.fields.get('type')}: {str(task.failure.fields.get('text'))[:200]}"
        return f"is {NAMES[task.state]}"

    def _relative(self, task: Task) -> Relative:
        workers = [task.worker] if task.state == PROCESSING and task.worker is not None else task.holders()
        addresses = tuple(worker.address for worker in workers if worker.status != "gone")[:MOST_SHOWN]
        return Relative(
            task.key, NAMES[task.state], self._note(task), addresses, task.nbytes if task.state == MEMORY else 0
        )

    def _by_state(self, tasks: list[Task]) -> str:
        counts: dict[str, int] = {}
        for task in tasks:
            counts[NAMES[task.state]] = counts.get(NAMES[task.state], 0) + 1
        return ", ".join(f"{count} {name}" for name, count in counts.items())

    def _past(self, story: list[Any]) -> list[str]:
        """What befell it before, where that is out of the ordinary."""
        task, told = self.task, []
        again = recomputed(story)
        if again:
            told.append(f"its result was there before, and was lost or dropped {plural(again, 'time')}")
        if task.trouble is not None and task.trouble.losses:
            told.append(f"{plural(task.trouble.losses, 'time')} it found gone what it needs, which was made again")
        if task.crashes and task.state != ERRED:
            allowed = self.state.limits.allowed_failures
            told.append(f"{plural(task.crashes, 'worker')} died while they ran it; it is given up after {allowed + 1}")
        if task.trouble is not None and task.trouble.errors and task.state != ERRED:
            left = plural(max(task.retries, 0), "retry", "retries")
            told.append(f"it raised {plural(task.trouble.errors, 'time')} and was tried again; {left} left")
        return told

    def _since(self, task: Task) -> float | None:
        moves = self.moves.get(task.id)
        if moves is None:
            # One that isn't shown: looked up alone.
            moves = self.moves[task.id] = moves_of(self.state, {task.id}).get(task.id, [])
        return max(self.now - moves[-1][3], 0.0) if moves and moves[-1][1] == task.state else None


_BY_STATE = {
    RELEASED: _Story.released,
    WAITING: _Story.waiting,
    QUEUED: _Story.queued,
    NO_WORKER: _Story.no_worker,
    PROCESSING: _Story.processing,
    MEMORY: _Story.memory,
    ERRED: _Story.erred,
}
