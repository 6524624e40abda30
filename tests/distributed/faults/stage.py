"""What the tests of this folder share: time limits, gates in tasks of other processes, programs, and a look for leftovers."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 60.0
"""Whatever a test waits for comes long before, or never."""

TOKEN = "5eed" * 16


@contextlib.contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Assert that the block took less than so many seconds; longer, as far as others wanted the processors too."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    assert took < limit_s * (1 + crowd), f"it took {took:.1f} s, {limit_s:g} s at most (at a load of {crowd:.1f})"


def until(condition: Callable[[], Any], limit_s: float = PATIENCE_S) -> Any:
    """Look until something is true that no event tells of, in another process for the most part; return it."""
    deadline = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it didn't become true within {limit_s:g} s"
        select.select([], [], [], 0.005)
    return found


class Gate:
    """A task's function in another process: it says that it began, waits to be let on, and returns its argument.

    Named pipes carry both, so that neither side ever looks at a clock; a process that dies lets go of them.
    """

    def __init__(self, folder: Path, name: str = "gate") -> None:
        self.paths = [str(folder / f"{name}-{what}") for what in ("began", "go")]
        for path in self.paths:
            os.mkfifo(path)
        # Opened both ways, so that opening never waits.
        self._ends = [os.open(path, os.O_RDWR) for path in self.paths]

    def __reduce__(self) -> Any:
        return _there, (self.paths,)

    def __call__(self, value: Any = None) -> Any:
        return _there(self.paths)(value)

    def until_begun(self) -> int:
        """Wait until a task has begun; return the number of its process."""
        assert select.select([self._ends[0]], [], [], PATIENCE_S)[0], "no task has begun"
        return int(os.read(self._ends[0], 16))

    @property
    def begun(self) -> bool:
        """Whether a task has begun since the last `until_begun`."""
        return bool(select.select([self._ends[0]], [], [], 0)[0])

    def let_on(self, count: int = 1) -> None:
        """Let so many tasks go on, also those that begin later."""
        os.write(self._ends[1], b"." * count)

    def close(self) -> None:
        """Let go of the pipes."""
        for end in self._ends:
            os.close(end)


def _there(paths: list[str]) -> Callable[..., Any]:
    """Return what a task calls in its own process."""

    def pass_through(value: Any = None) -> Any:
        with open(paths[0], "wb", buffering=0) as began:
            began.write(b"%16d" % os.getpid())
        with open(paths[1], "rb", buffering=0) as go:
            go.read(1)
        return value

    return pass_through


class Program:
    """A Python program in a process of its own, whose output is read as it comes."""

    def __init__(self, *arguments: Any, cwd: Path, **environ: str) -> None:
        self.output = ""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env=environment(cwd, **environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own, as a shell gives it, for signals that a terminal sends to all.
            process_group=0,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 65536):
            with self._changed:
                self.output += data.decode(errors="replace")
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def until_said(self, text: str, count: int = 1) -> str:
        """Wait until it has written a text (so often); return all that it has written."""
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            while self.output.count(text) < count:
                ended = not self.reader.is_alive() and self.output.count(text) < count
                left_s = 0.0 if ended else deadline - time.monotonic()
                assert left_s > 0, f"it never said {text!r} but:\n{self.output}"
                self._changed.wait(min(left_s, 0.5))
        return self.output

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            # Until its last thread has stopped it may still answer.
            os.waitpid(self.process.pid, os.WUNTRACED)

    def wait(self, limit_s: float = PATIENCE_S) -> int:
        """Wait until it has ended; return its exit status."""
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it didn't end within {limit_s:g} s:\n{self.output}") from None
        self.reader.join(PATIENCE_S)
        return code

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exception: object) -> None:
        left = descendants(self.process.pid)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.reader.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


def environment(home: Path, **environ: str) -> dict[str, str]:
    """Return the environment of a program: without the user's own files, warnings being errors as they are here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MINIDASK", "PYTEST"))}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "MINIDASK_TOKEN": TOKEN,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "PYTHONWARNINGS": "error",
        "PYTHONUNBUFFERED": "1",
        **environ,
    }


def script(folder: Path, text: str, *arguments: Any, **environ: str) -> Program:
    """Run a script from a file, as users do."""
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return Program(path, *arguments, cwd=folder, **environ)


def scheduler_program(folder: Path, *flags: Any, port: int = 0, **environ: str) -> Program:
    """Run ``minidask-scheduler``."""
    return Program("-m", "minidask_distributed.cli.scheduler", "--port", port, *flags, cwd=folder, **environ)


def worker_program(folder: Path, address: str, *flags: Any, **environ: str) -> Program:
    """Run ``minidask-worker`` with one worker of one thread."""
    module = "minidask_distributed.cli.worker"
    return Program("-m", module, address, "--nthreads", 1, "--memory-limit", 0, *flags, cwd=folder, **environ)


def address_of(program: Program) -> str:
    """Return the address that a scheduler's log names."""
    return program.until_said("workers join with: minidask-worker ").partition("minidask-worker ")[2].split()[0]


def descendants(pid: int) -> list[psutil.Process]:
    """Return the processes below one."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_running(pid: int) -> bool:
    """Whether a process runs; what nobody has reaped yet doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def scratch(folder: Path) -> list[str]:
    """Return what workers have left in a folder for temporary files, below its shared part."""
    return sorted(path.name for path in folder.glob("minidask-scratch-space*/*"))
