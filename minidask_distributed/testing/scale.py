"""What a task costs the scheduler, as tasks and workers grow: the real machine, trivial peers, no sockets.

Place in the flow: a program; a smaller run of it is a test::

    python -m minidask_distributed.testing.scale --workers 1000 --tasks 1000000

One client uploads a graph in chunks, workers answer every batch at once with one report, and only the time inside the machine
counts. Two graphs: *map* (tasks that depend on nothing) and *tree* (each eight results are reduced to one). All results are
wanted and stay until the end, so the bytes are those of tasks that are held.

Invariants: the numbers of messages and of executed bytecodes don't depend on the machine that runs this; times do, so look at
their ratios. Not for: the cost of the wire, of clients or of workers (`benchmarks`).
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time
from types import FrameType
from typing import Any

from minidask_distributed.messages import Compute, Done, Finished, Message, OpenSession, RegisterWorker, Release, Upload
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine import SchedulerMachine

CHUNK = 4096
"""Rows of an upload: what a client sends at once."""

FAN_IN = 8
CLIENT = 1
GRAPHS = ("map", "tree")


@dataclass(frozen=True)
class Cost:
    """What a run came to."""

    graph: str
    tasks: int
    workers: int
    us_per_task: float  # CPU time in the machine
    messages_per_task: float  # both ways
    bytes_per_task: float  # 0: not measured
    bytecodes_per_task: float  # 0: not counted


class Meter:
    """Run the machine's methods and count what they cost."""

    def __init__(self, machine: SchedulerMachine, bytecodes: bool) -> None:
        self.machine = machine
        self.seconds = 0.0
        self.bytecodes = 0
        self.n_messages = 0
        self._count = bytecodes

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.bytecodes += 1
        return self._trace

    @contextmanager
    def _running(self) -> Iterator[None]:
        before = sys.gettrace()
        if self._count:
            sys.settrace(self._trace)
        begin = process_time()
        try:
            yield
        finally:
            self.seconds += process_time() - begin
            if self._count:
                sys.settrace(before)

    def handle(self, peer: int, messages: list[Message], now: float) -> dict[int, list[Message]]:
        """Take in one reading of a peer and return what is to be sent."""
        self.n_messages += len(messages)
        with self._running():
            for message in messages:
                self.machine.handle(peer, message, now)
            out = self.machine.flush(now)
        self.n_messages += sum(map(len, out.values()))
        return out


def uploads(graph: str, tasks: int) -> Iterator[Upload]:
    """Yield a graph of so many tasks in chunks.

    Raises
    ------
    ValueError
        For a graph of another name.

    Examples
    --------
    >>> (chunk,) = uploads("tree", 9)
    >>> chunk.n_deps, chunk.dependents
    ([0, 0, 0, 0, 0, 0, 0, 0, 8], [1, 1, 1, 1, 1, 1, 1, 1, 0])
    """
    if graph not in GRAPHS:
        raise ValueError(f"the graphs are {' and '.join(GRAPHS)}, not {graph!r}")
    deps: list[tuple[int, ...]] = []
    dependents = [0] * tasks
    pending: list[deque[int]] = [deque()]
    while len(deps) < tasks:
        # Depth first: as soon as eight results of a level are there they are reduced.
        level = (
            next((at for at, found in enumerate(pending) if len(found) >= FAN_IN), None) if graph == "tree" else None
        )
        row = len(deps)
        if level is None:
            deps.append(())
            level = -1
        else:
            deps.append(tuple(pending[level].popleft() for _ in range(FAN_IN)))
            for dep in deps[-1]:
                dependents[dep] = 1
        if level + 1 == len(pending):
            pending.append(deque())
        pending[level + 1].append(row)
    roots = sum(not found for found in deps)
    recipes: list[list[Any]] = [[0, b"leaf".ljust(16), b"leaf"], [1, b"node".ljust(16), b"node"]]
    for first in range(0, tasks, CHUNK):
        part = deps[first : first + CHUNK]
        yield Upload(
            submission=1,
            first=first,
            announced=tasks,
            roots=roots,
            last=first + CHUNK >= tasks,
            keys=encode_keys([f"{graph}-{row}" for row in range(first, first + len(part))]),
            recipes=[] if first else recipes,
            recipe=[1 if found else 0 for found in part],
            literals=[b"12345678"] * len(part),
            deps=[dep for found in part for dep in found],
            n_deps=[len(found) for found in part],
            dependents=dependents[first : first + len(part)],
            wanted=None,
            named=[],
            options=[],
            option=None,
        )


def measure(graph: str, tasks: int, workers: int, count_bytes: bool = False, count_bytecodes: bool = False) -> Cost:
    """Run a graph and return what it cost.

    Parameters
    ----------
    graph : {"map", "tree"}
    tasks, workers : int
    count_bytes : bool
        Trace all memory that the machine allocates; the time isn't worth anything then.
    count_bytecodes : bool
        Count executed bytecodes, likewise.

    Raises
    ------
    ValueError
        For another graph.
    RuntimeError
        If not all tasks were done.

    Examples
    --------
    >>> cost = measure("map", 1000, 4)
    >>> cost.tasks, cost.messages_per_task < 0.1
    (1000, True)
    """
    machine = SchedulerMachine(1)
    meter = Meter(machine, count_bytecodes)
    meter.handle(CLIENT, [OpenSession("scale", {})], 0.0)
    for number in range(workers):
        name = f"tcp://10.0.{number >> 8}.{number & 255}:4000"
        meter.handle(CLIENT + 1 + number, [RegisterWorker(name, name, 1, 0, {}, "", {}, encode_keys([]), [])], 0.0)
    meter.seconds, meter.bytecodes, meter.n_messages = 0.0, 0, 0
    chunks = uploads(graph, tasks)
    inbox: deque[tuple[int, list[Message]]] = deque()
    done = 0
    now = 1.0
    enabled = gc.isenabled()
    gc.disable()
    if count_bytes:
        gc.collect()
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0] if count_bytes else 0
        while True:
            if inbox:
                peer, messages = inbox.popleft()
            else:
                chunk = next(chunks, None)
                if chunk is None:
                    break
                peer, messages = CLIENT, [chunk]
            now += 1e-4
            out = meter.handle(peer, messages, now)
            for other, answers in out.items():
                if other == CLIENT:
                    done += sum(len(message.tasks) for message in answers if isinstance(message, Done))
                else:
                    inbox += ((other, [answer(one)]) for one in answers if isinstance(one, Compute))
        held = tracemalloc.get_traced_memory()[0] - before if count_bytes else 0
    finally:
        if count_bytes:
            tracemalloc.stop()
        if enabled:
            gc.enable()
    if done != tasks:
        raise RuntimeError(f"{done} of {tasks} tasks were done")
    cost = Cost(
        graph,
        tasks,
        workers,
        meter.seconds * 1e6 / tasks,
        meter.n_messages / tasks,
        held / tasks,
        meter.bytecodes / tasks,
    )
    machine.handle(CLIENT, Release(list(range(tasks))), now)
    while machine.unfinished:
        machine.flush(now)
    if machine.tasks_by_key:
        raise RuntimeError(f"{len(machine.tasks_by_key)} tasks are left though nobody wants them")
    return cost


def answer(message: Compute) -> Finished:
    """Return the report of a worker that did all it was told, in a microsecond each, with small results.

    Examples
    --------
    >>> answer(Compute([7], None, [], [], [], [], [], [], [], None, {}, {}, {}, {}, {})).tasks
    [7]
    """
    count = len(message.tasks)
    return Finished(message.tasks, message.attempts, [28] * count, [1] * count, [0] * count, [0] * count, 0, None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the costs of growing numbers of tasks, then of workers, as a table."""
    parser = argparse.ArgumentParser(prog="python -m minidask_distributed.testing.scale", description=__doc__)
    parser.add_argument("--workers", type=int, default=1000, help="the largest number of workers")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="the largest number of tasks")
    parser.add_argument("--graph", choices=GRAPHS, action="append", help="only this one (may be repeated)")
    parser.add_argument("--held", type=int, default=100_000, help="tasks of the run whose bytes are counted")
    chosen = parser.parse_args(arguments)
    if chosen.tasks < 1 or chosen.workers < 1 or chosen.held < 1:
        parser.error("there must be at least one task and one worker")
    sizes = [size for size in (10_000, 100_000) if size < chosen.tasks] + [chosen.tasks]
    crowds = [crowd for crowd in (10, 100) if crowd < chosen.workers] + [chosen.workers]
    _print(f"{'graph':<6}{'tasks':>11}{'workers':>9}{'us/task':>9}{'messages/task':>15}{'bytes/task':>12}")
    for graph in chosen.graph or GRAPHS:
        runs = [(size, chosen.workers, False) for size in sizes]
        runs += [(sizes[-1], crowd, False) for crowd in crowds[:-1]]
        runs.append((min(chosen.held, chosen.tasks), min(10, chosen.workers), True))
        for size, crowd, count_bytes in runs:
            cost = measure(graph, size, crowd, count_bytes)
            time = "" if count_bytes else f"{cost.us_per_task:.2f}"
            held = f"{cost.bytes_per_task:.0f}" if count_bytes else ""
            _print(f"{graph:<6}{size:>11,}{crowd:>9,}{time:>9}{cost.messages_per_task:>15.4f}{held:>12}")
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
