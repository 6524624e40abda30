"""ResourceProfiler: memory and CPU of this process and of its children over time.

Place in the flow: it starts the `sampler` program and collects its samples; `plots` draws them. The sampler lives from
the first computation (or ``with``) until the block ends, `unregister` or `close`; nothing is left behind afterwards.
Memory is resident memory, summed: pages that forked children share with their parent count in each of them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from minidask.diagnostics import plots
from minidask.schedulers.callbacks import Callback

__all__ = ["ResourceData", "ResourceProfiler"]

_SAMPLER = Path(__file__).with_name("sampler.py")


class ResourceData(NamedTuple):
    """One sample: seconds since the epoch, resident memory in MB (10**6 bytes), CPU in percent of one core."""

    time: float
    mem: float
    cpu: float


class ResourceProfiler(Callback):
    """Sample memory and CPU use of this process and all its children.

    As a context manager it samples during the whole block; when registered, while any computation runs. A block or a
    computation has at least two samples, at its start and its end.

    Parameters
    ----------
    dt : float
        Seconds between samples.

    Attributes
    ----------
    results : list of ResourceData
        ``(time, mem, cpu)``. The CPU of a first sample is 0, as nothing came before it.

    Raises
    ------
    ImportError
        If psutil is missing.
    ValueError
        If `dt` is not a positive number.

    Examples
    --------
    >>> from minidask.schedulers.threads import get
    >>> with ResourceProfiler(dt=0.1) as prof:
    ...     get({"x": (sum, [1, 2])}, "x")
    3
    >>> len(prof.results) >= 2 and prof.results[0].mem > 1
    True
    """

    def __init__(self, dt: float = 1) -> None:
        if importlib.util.find_spec("psutil") is None:
            raise ImportError("ResourceProfiler needs psutil: pip install minidask[diagnostics]")
        if not (isinstance(dt, int | float) and math.isfinite(dt) and dt > 0):
            raise ValueError(f"dt is the seconds between samples and must be a positive number, got {dt!r}")
        super().__init__()
        self.dt = dt
        self.results: list[ResourceData] = []
        self._lock = threading.Lock()
        self._sampler: _Sampler | None = None
        # Reasons to sample: with-blocks and computations that have begun and not ended.
        self._users = 0
        self._states: set[int] = set()

    def __enter__(self) -> Any:
        self.clear()
        with self._lock:
            self._use()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        with self._lock:
            try:
                self._unuse()
            finally:
                if not self._users:
                    self._close()

    def _start_state(self, dsk: Any, state: Any) -> None:
        with self._lock:
            self._states.add(id(state))
            self._use()

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        with self._lock:
            if id(state) in self._states:
                self._states.discard(id(state))
                self._unuse()

    def _use(self) -> None:
        if self._sampler is None:
            self._sampler = _Sampler(self.dt)
        if self._users == 0:
            try:
                self._sampler.start()
            except BaseException:
                self._close()
                raise
        self._users += 1

    def _unuse(self) -> None:
        self._users -= 1
        if self._users == 0 and self._sampler is not None:
            try:
                self.results.extend(self._sampler.stop())
            except BaseException:
                self._close()
                raise

    def unregister(self) -> None:
        """Undo `register` and end the sampler. Raises KeyError if the profiler is not registered."""
        super().unregister()
        self.close()

    def close(self) -> None:
        """End the sampler process; the next computation starts another one."""
        with self._lock:
            if self._users == 0:
                self._close()

    def _close(self) -> None:
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None

    def clear(self) -> None:
        """Forget all results."""
        self.results = []

    def visualize(self, **kwargs: Any) -> Any:
        """Plot memory and CPU over time with Bokeh; arguments are those of `minidask.diagnostics.visualize`."""
        return plots.visualize(self, **kwargs)

    def _plot(self, origin: float, **kwargs: Any) -> Any:
        """Return the Bokeh figure, with times in seconds since `origin`."""
        return plots.plot_resources(self.results, origin, **kwargs)

    def _first_time(self) -> float | None:
        return min((record.time for record in self.results), default=None)


class _Sampler:
    """A running sampler process; not thread-safe, its owner holds a lock."""

    def __init__(self, dt: float) -> None:
        if not sys.executable:
            raise RuntimeError(
                "ResourceProfiler needs a Python program to run its sampler, but sys.executable is empty"
            )
        self.process = subprocess.Popen(
            [sys.executable, str(_SAMPLER), str(os.getpid()), repr(dt)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._finalizer = weakref.finalize(self, _end, self.process, os.getpid())
        self._expect("ready")

    def start(self) -> None:
        """Begin to sample; returns when the first sample is taken."""
        self._send("start")
        self._expect("started")

    def stop(self) -> list[ResourceData]:
        """End sampling and return the samples."""
        self._send("stop")
        samples = []
        while (line := self._read()) != "end":
            now, memory_mb, percent = map(float, line.split())
            samples.append(ResourceData(now, memory_mb, percent))
        return samples

    def close(self) -> None:
        """End the process and wait for it."""
        self._finalizer()

    def _send(self, command: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def _expect(self, answer: str) -> None:
        if self._read() != answer:
            raise self._died()

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise self._died()
        return line.strip()

    def _died(self) -> RuntimeError:
        assert self.process.stderr is not None
        reason = self.process.stderr.read().strip().rpartition("\n")[2]
        return RuntimeError(f"the process that samples memory and CPU has ended: {reason or 'no reason was given'}")


def _end(process: subprocess.Popen[str], owner_pid: int) -> None:
    """End the sampler; in a forked child only its copies of the pipes are closed."""
    if os.getpid() == owner_pid and process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # Closing flushes: what a dead sampler has not read is of no use to anybody.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
