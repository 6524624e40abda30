"""The process that measures one library at one workload, and does what ``compare`` tells it.

Place: started by ``compare`` as ``python -m benchmarks.worker FILE WORKLOAD LIBRARY`` with the library's interpreter.
It answers one line of JSON for each line of JSON: ``{"seconds": s}`` asks for a round of about so many seconds of
repetitions, ``{"ok": …}`` or ``{"error": …}`` comes back. An empty line or the end of input ends it.

Measured inside, around the call alone: neither starting, importing, preparing nor the pipe counts.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.workload import Workload, load

MOST_REPETITIONS = 1000


def plain(value: Any) -> Any:
    """Return the value as JSON can carry it: NumPy numbers become Python's, tuples lists.

    >>> plain((1, 2.5, "x"))
    [1, 2.5, 'x']
    """

    def without_numpy(part: Any) -> Any:
        if hasattr(part, "tolist"):
            return part.tolist()
        raise TypeError(
            f"a case must return numbers, strings, lists or dicts to be compared, not {type(part).__name__}"
        )

    return json.loads(json.dumps(value, default=without_numpy))


def time_calls(call: Callable[[], Any], seconds: float, known: float) -> tuple[list[float], Any]:
    """Time repeated calls, as many as fit into `seconds` at `known` seconds each and at least one.

    Returns the times in seconds and the last call's value. Garbage of earlier rounds is collected before, not during.
    """
    repetitions = min(MOST_REPETITIONS, max(1, round(seconds / known))) if known else 1
    times = []
    value = None
    gc.collect()
    for _ in range(repetitions):
        del value
        start = time.perf_counter()
        value = call()
        times.append(time.perf_counter() - start)
    return times, value


def run_program(text: str) -> tuple[list[float], Any]:
    """Run a program in a fresh interpreter; return what it measured and its value."""
    # A library is measured as users meet it, compiled: an import that compiles takes three times as long.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
    if done.returncode:
        error = done.stderr.strip().splitlines()
        raise RuntimeError(f"the program failed: {error[-1] if error else f'exit code {done.returncode}'}")
    measured, value = json.loads(done.stdout.strip().splitlines()[-1])
    return [measured], value


class Runner:
    """Prepares a case on the first round, warms it up, and measures from then on; close it at the end."""

    def __init__(self, workload: Workload, library: str) -> None:
        self.workload = workload
        self.case = workload.cases[library]
        self.prepared: Any = None
        self.known = 0.0
        self.open = contextlib.ExitStack()

    def prepare(self) -> Any:
        """Call the case; where it yields, what stands after that is for `close`."""
        if inspect.isgeneratorfunction(self.case):
            return self.open.enter_context(contextlib.contextmanager(self.case)())
        return self.case()

    def close(self) -> None:
        """Have a case that yields close what it has opened."""
        self.open.close()

    def round(self, seconds: float) -> dict[str, Any]:
        """Measure one round of about so many seconds; return the measures and the value."""
        if self.prepared is None:
            self.prepared = self.prepare()
            if not (isinstance(self.prepared, str) if self.workload.kind == "process" else callable(self.prepared)):
                wanted = {
                    "call": "a function to be timed",
                    "process": "the text of a program",
                    "measure": "a function that measures",
                }[self.workload.kind]
                raise TypeError(
                    f"a case of kind {self.workload.kind!r} must return {wanted}, not {self.prepared!r:.60}"
                )
            self.warm_up()
        if self.workload.kind == "process":
            measures, value = run_program(self.prepared)
        elif self.workload.kind == "measure":
            gc.collect()
            measured, value = self.prepared()
            measures = [measured]
        else:
            measures, value = time_calls(self.prepared, seconds, self.known)
        return {"measures": measures, "value": plain(value)}

    def warm_up(self) -> None:
        """Call once for caches and pools, and once more to learn how long it takes; run a program once for the disk."""
        if self.workload.kind == "measure":
            return
        if self.workload.kind == "process":
            if self.workload.unit == "s":
                run_program(self.prepared)
            return
        for _ in range(2):
            start = time.perf_counter()
            self.prepared()
            self.known = time.perf_counter() - start


def main(file: str, name: str, library: str) -> None:
    """Answer the lines of standard input until they end."""
    # What the measured library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with contextlib.closing(Runner(load([Path(file)])[name], library)) as runner:
        while line := sys.stdin.readline().strip():
            try:
                answer: dict[str, Any] = {"ok": runner.round(**json.loads(line))}
            except ImportError as error:
                answer = {"error": f"{type(error).__name__}: {error}", "missing": True}
            except Exception as error:  # whatever the library raises is reported, and the other workloads go on
                traceback.print_exc()
                answer = {"error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
