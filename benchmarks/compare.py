"""Run named workloads for each library side by side, and print a table of ratios.

``python -m benchmarks.compare`` runs all that the files ``bench_*.py`` declare; ``--help`` lists the options. Place:
chooses and reports; ``workload`` declares, ``worker`` measures.

How it measures, and why: every library has a process of its own for each workload, prepared and warmed up before
anything counts. Rounds are interleaved (A B B A …), so that a machine that slows down slows all; the ratio is the
median of the rounds' ratios, each between neighbours in time. Values are compared: a library that answers differently
has failed.

A worker process leads a group of processes: all that a case has started is stopped while another library is measured (an idle
cluster takes up to 7 % of a core), and ends with the worker at the latest.

Exit code: 0; 1 if a workload failed or answered differently; 2 for wrong arguments; with ``--gate`` also 1 if a limit
is exceeded or a peer is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.workload import SMALL, Workload, choose, load

FOLDER = Path(__file__).parent
FIRST = "minidask"
CLOSING_S = 60.0  # a case that closes a cluster and its processes needs a few seconds
SETTLING_S = 0.2  # after being stopped: timers that have become due run before anything is measured


@dataclass
class Result:
    """What one library did at one workload: the median measure of every round, the value, or why there is none."""

    library: str
    rounds: list[float] = field(default_factory=list)
    best: float = math.inf
    value: Any = None
    error: str = ""
    missing: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.rounds) if self.rounds else math.nan


@dataclass
class Row:
    """One workload's results, and what is wrong with them."""

    workload: Workload
    results: dict[str, Result]
    problems: list[str] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)

    @property
    def measured(self) -> float:
        """What `Workload.bound` and `Workload.goal` speak of; nan if the first library has measured nothing."""
        if FIRST not in self.results:
            return math.nan
        w = self.workload
        return self.results[FIRST].median / (w.per if w.unit == "bytes" and w.per else 1)

    def ratio(self, library: str) -> float:
        """Return the median over rounds of the first library's measure by this one's; nan if either is missing.

        A measure may be 0 where a clock is coarse: the ratio to it is infinite.
        """
        first, other = self.results.get(FIRST), self.results[library]
        if first is None or not first.rounds or not other.rounds:
            return math.nan
        return statistics.median(a / b if b else math.inf for a, b in zip(first.rounds, other.rounds, strict=True))


class Worker:
    """A ``worker`` process and the pipe to it, stopped between its rounds; a context manager that ends the process."""

    def __init__(self, workload: Workload, library: str, python: str, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.stopped = False
        command = [python, "-m", "benchmarks.worker", workload.file, workload.name, library]
        self.process = subprocess.Popen(
            command,
            cwd=FOLDER.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            process_group=0,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all that it has started, also those with a group or session of their own."""
        try:
            started = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            started = []
        with contextlib.suppress(ProcessLookupError):  # nothing is left of the group, as it ought to be at the end
            os.killpg(self.process.pid, number)
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """End the process and all that it has started."""
        self.signal(signal.SIGKILL)

    def stop(self) -> None:
        """Have the process, and all that it has started, do nothing until it is resumed."""
        self.signal(signal.SIGSTOP)
        self.stopped = True

    def resume(self) -> None:
        """Let it go on."""
        if self.stopped:
            self.stopped = False
            self.signal(signal.SIGCONT)
            time.sleep(SETTLING_S)

    def round(self, seconds: float) -> dict[str, Any]:
        """Ask for a round and wait for its answer; a worker that takes too long is killed and answers with an error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.resume()
        timer = threading.Timer(self.timeout_s, self.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps({"seconds": seconds}) + "\n")
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            self.stop()
            return json.loads(line)
        code = self.process.wait()
        return {"error": f"the process ended with code {code} (it is killed after {self.timeout_s:g} s)"}

    def finish(self) -> None:
        """Tell the process to close what it has opened, and to end."""
        assert self.process.stdin is not None
        self.resume()
        with contextlib.suppress(BrokenPipeError):  # it is dead already, which its answer has said
            self.process.stdin.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdout is not None
        self.finish()
        try:
            self.process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            print(f"the process {self.process.args} doesn't end and is killed", file=sys.stderr)
        finally:
            self.kill()
            self.process.wait()
            self.process.stdout.close()


def same(left: Any, right: Any) -> bool:
    """Say whether two values are equal, floats up to rounding.

    >>> same([1, 0.1 + 0.2], [1, 0.3]), same(1, 2), same({"a": 1}, {"b": 1})
    (True, False, False)
    """
    if isinstance(left, float) or isinstance(right, float):
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return numbers and (math.isclose(left, right, rel_tol=1e-9) or (math.isnan(left) and math.isnan(right)))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


def measure(workload: Workload, libraries: list[str], options: argparse.Namespace) -> Row:
    """Run one workload for these libraries in interleaved rounds, and judge the results."""
    row = Row(workload, {library: Result(library) for library in libraries})
    workers: dict[str, Worker] = {}
    try:
        for library in libraries:
            python = options.python.get(library, sys.executable)
            workers[library] = Worker(workload, library, python, options.timeout)
        for number in range(min(options.rounds, workload.rounds or options.rounds)):
            # Every other round runs backwards, so that nobody always follows the same neighbour.
            for library in libraries if number % 2 == 0 else reversed(libraries):
                result = row.results[library]
                if not result.error:
                    take(result, workers[library].round(options.seconds))
    finally:
        for worker in workers.values():
            worker.finish()
        for worker in workers.values():
            worker.__exit__()
    judge(row)
    return row


def take(result: Result, answer: dict[str, Any]) -> None:
    """Enter a worker's answer into the result."""
    if "error" in answer:
        result.error, result.missing = answer["error"], answer.get("missing", False)
        result.rounds.clear()
        return
    measures, value = answer["ok"]["measures"], answer["ok"]["value"]
    if result.rounds and not same(value, result.value):
        result.error = f"answered {value!r:.60} after {result.value!r:.60}"
        result.rounds.clear()
        return
    result.rounds.append(statistics.median(measures))
    result.best = min(result.best, *measures)
    result.value = value


def judge(row: Row) -> None:
    """Write down what failed, and which limits are exceeded."""
    workload = row.workload
    reference = next((r for r in row.results.values() if r.rounds), None)
    for result in row.results.values():
        if result.missing and result.library != FIRST:
            row.exceeded.append(f"no {result.library} to compare with: {result.error}")
        elif result.error:
            row.problems.append(f"{result.library} failed: {result.error}")
        elif reference is not None and not same(result.value, reference.value):
            row.problems.append(
                f"{result.library} answered {result.value!r:.60}, {reference.library} {reference.value!r:.60}"
            )
    if FIRST not in row.results or not row.results[FIRST].rounds:
        return
    for library in row.results:
        ratio, limit = row.ratio(library), workload.limit_to(library)
        if library != FIRST and limit is not None and ratio > limit:
            row.exceeded.append(f"{ratio:.3f} of {library}, at most {limit:.3f} allowed")
    if workload.bound is not None and row.measured > workload.bound:
        row.exceeded.append(
            f"{amount(row.measured, workload.unit)}, at most {amount(workload.bound, workload.unit)} allowed"
        )


def amount(value: float, unit: str) -> str:
    """Write a measure for people.

    >>> amount(0.0123, "s"), amount(2.5e-6, "s"), amount(600, "bytes"), amount(6e8, "bytes"), amount(1.08, "number")
    ('12.3 ms', '2.5 µs', '600 B', '600 MB', '1.08')
    """
    if math.isnan(value):
        return "-"
    if unit == "number":
        return f"{value:.3g}"
    scales = (
        [(1, "s"), (1e-3, "ms"), (1e-6, "µs")] if unit == "s" else [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")]
    )
    scale, name = next(((s, n) for s, n in scales if abs(value) >= s), scales[-1])
    return f"{value / scale:.3g} {name}"


def cell(row: Row, library: str) -> str:
    """Write one library's measure, and the part of one task where the workload counts tasks."""
    result = row.results.get(library)
    if result is None:
        return ""
    if not result.rounds:
        return "missing" if result.missing else "FAILED"
    text = amount(result.median, row.workload.unit)
    return f"{text} ({amount(result.median / row.workload.per, row.workload.unit)})" if row.workload.per else text


def ratio_cell(row: Row, library: str) -> str:
    """Write the ratio to a peer, and beside it the limit that the workload sets to it."""
    ratio = row.ratio(library) if library in row.results else math.nan
    if math.isnan(ratio):
        return ""
    limit = row.workload.limit_to(library)
    return f"{ratio:.3f}" if limit is None else f"{ratio:.3f} {'>' if ratio > limit else '≤'} {limit:.3f}"


def absolute_cell(row: Row) -> str:
    """Write the bound and the goal of the first library's own measure."""
    w = row.workload
    parts = [f"≤ {amount(w.bound, w.unit)}"] if w.bound is not None else []
    parts += [f"goal {amount(w.goal, w.unit)}"] if w.goal is not None else []
    return ", ".join(parts)


def verdict(row: Row) -> str:
    """Say in a word or two whether the limits are kept."""
    w = row.workload
    if row.problems:
        return "FAILED"
    if row.exceeded:
        return "over"
    if math.isnan(row.measured):
        return ""
    limited = w.limit is not None or w.bound is not None
    if w.goal is None:
        return "ok" if limited else ""
    return ("ok, " if limited else "") + ("goal reached" if row.measured <= w.goal else "short of the goal")


def table(rows: list[Row]) -> str:
    """Return the table of results as text: a ratio below 1 says that the first library needs less."""
    peers = list(dict.fromkeys(library for row in rows for library in row.results if library != FIRST))
    lines = [["workload", FIRST, *(h for peer in peers for h in (peer, "ratio, limit")), "own limit", ""]]
    for row in rows:
        line = [row.workload.name, cell(row, FIRST)]
        for peer in peers:
            line += [cell(row, peer), ratio_cell(row, peer)]
        lines.append([*line, absolute_cell(row), verdict(row)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def tables(rows: list[Row]) -> str:
    """Return a table for each file of workloads, since their peers differ."""
    files = dict.fromkeys(row.workload.file for row in rows)
    return "\n\n".join(table([row for row in rows if row.workload.file == file]) for file in files)


def machine() -> dict[str, Any]:
    """Return what the figures depend on: the processor, the system, Python and the versions of the libraries."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    except OSError:
        pass  # not Linux: the platform's own name for the processor stands
    versions = {}
    for name in ("minidask", "dask", "distributed", "ray", "numpy", "pandas", "pyarrow"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def as_json(rows: list[Row]) -> dict[str, Any]:
    """Return all results as plain data, for ``--json``."""
    return {
        "machine": machine(),
        "workloads": [
            {
                **{
                    key: getattr(row.workload, key)
                    for key in ("name", "about", "kind", "unit", "per", "limit", "bound", "goal")
                },
                "results": {
                    library: asdict(result) | {"median": result.median, "ratio": row.ratio(library)}
                    for library, result in row.results.items()
                },
                "problems": row.problems,
                "exceeded": row.exceeded,
            }
            for row in rows
        ],
    }


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="*", metavar="PATTERN", help="workloads by name, e.g. 'threads-*,import-*'")
    parser.add_argument("--libraries", default="", metavar="A,B", help="only these libraries")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="interleaved rounds (default 5)")
    parser.add_argument(
        "--seconds", type=float, default=0.3, help="repetitions in a round: about so long (default 0.3)"
    )
    parser.add_argument(
        "--timeout", type=float, default=600, help="seconds after which a round has failed (default 600)"
    )
    parser.add_argument(
        "--small", action="store_true", help="at sizes that only try whether all runs; the ratios mean nothing then"
    )
    parser.add_argument("--gate", action="store_true", help="exit with 1 when a limit is exceeded or a peer is missing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to a file")
    parser.add_argument("--list", action="store_true", help="list the workloads and stop")
    parser.add_argument("--files", nargs="+", type=Path, help="declare workloads (default: benchmarks/bench_*.py)")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="LIBRARY=PATH",
        help="run a library with an interpreter of its own",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    if wrong := [text for text in options.python if "=" not in text]:
        parser.error(f"--python takes LIBRARY=PATH, not {wrong[0]!r}")
    options.python = dict(text.split("=", 1) for text in options.python)
    return options


def main(arguments: list[str]) -> int:
    """Run what the command line asks for and print the table; return the exit code."""
    options = parse(arguments)
    if options.small:
        os.environ[SMALL] = "1"  # before workloads are declared, here and in the processes that measure
    files = options.files or sorted(FOLDER.glob("bench_*.py"))
    try:
        chosen = choose(load(files), options.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        for w in chosen:
            print(f"{w.name:32} {w.about} ({', '.join(w.cases)})")
        return 0
    info = machine()
    versions = ", ".join(f"{name} {number}" for name, number in info["versions"].items() if number)
    print(f"{info['cpu']}, {info['cores']} cores, {info['system']}\nPython {info['python']}, {versions}\n", flush=True)
    wanted = [name for name in options.libraries.split(",") if name]
    rows = []
    for w in chosen:
        libraries = [name for name in w.cases if not wanted or name in wanted]
        if libraries:
            print(f"{w.name} …", file=sys.stderr, flush=True)
            rows.append(measure(w, libraries, options))
    print(tables(rows))
    problems = [f"{row.workload.name}: {text}" for row in rows for text in row.problems]
    exceeded = [f"{row.workload.name}: {text}" for row in rows for text in row.exceeded]
    if problems or exceeded:
        print("", *problems, *exceeded, sep="\n")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(as_json(rows), indent=1))
    return 1 if problems or (options.gate and exceeded) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
