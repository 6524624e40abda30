"""Sampler: a small process that measures memory and CPU of another one and of all its children.

Place in the flow: `resources.ResourceProfiler` runs this file as a program and talks to it over its standard input and
output, in lines. ``start`` begins to sample, ``stop`` ends that and answers one line ``time memory cpu`` for each
sample and then ``end``; the end of the input ends the program. It says ``ready`` at first.

It is a process because a thread would wait for the interpreter's lock: a task that keeps it (unpickling a large
frame, a tight loop in C) would hide its own peak. It is a plain program, not a multiprocessing child, so that the
user's main module is not imported again. It imports nothing of this package, as it runs as a file.

Invariants: the program ignores Ctrl-C, which belongs to the watched process, and ends when its input closes or when it
has another parent. A tree's CPU time is that of its live processes plus that of the children they have reaped.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import psutil

MEGABYTE = 1e6
# Shortest interval to divide CPU time by: the kernel counts it in ticks of 10 ms.
CPU_INTERVAL_S = 0.05


class TreeMeter:
    """Measure a process and its descendants.

    Parameters
    ----------
    pid : int
        Root of the tree.
    exclude : set of int
        Process ids that do not count.
    """

    def __init__(self, pid: int, exclude: set[int]) -> None:
        self.root = psutil.Process(pid)
        self.exclude = exclude
        self.reset(time.time())

    def reset(self, now: float) -> None:
        """Take `now` as the moment before which no CPU time counts."""
        _, self.marked_cpu_s = self._totals()
        self.marked_at = now
        self.percent = 0.0

    def measure(self, now: float) -> tuple[float, float, float]:
        """Return the time in seconds, the resident memory in MB and the CPU use in percent since an earlier sample."""
        memory_bytes, cpu_s = self._totals()
        interval_s = now - self.marked_at
        if interval_s >= CPU_INTERVAL_S:
            # A child that was not reaped takes its time with it, which must not look negative.
            self.percent = 100 * max(0.0, cpu_s - self.marked_cpu_s) / interval_s
            self.marked_at, self.marked_cpu_s = now, cpu_s
        return now, memory_bytes / MEGABYTE, self.percent

    def _totals(self) -> tuple[int, float]:
        """Return (resident bytes, CPU seconds) of the whole tree."""
        memory_bytes, cpu_s = 0, 0.0
        for process in (self.root, *self.root.children(recursive=True)):
            if process.pid in self.exclude:
                continue
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory_bytes += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # it ended while we looked, or belongs to somebody else
            cpu_s += times.user + times.system + times.children_user + times.children_system
        return memory_bytes, cpu_s


class Recorder(threading.Thread):
    """Collect a sample at once, one every `dt` seconds, and one at the end."""

    def __init__(self, meter: TreeMeter, dt: float) -> None:
        super().__init__(daemon=True)
        self.meter = meter
        self.dt = dt
        self.samples: list[tuple[float, float, float]] = []
        self.ended = threading.Event()
        meter.reset(time.time())
        self.samples.append(meter.measure(time.time()))

    def run(self) -> None:
        while not self.ended.wait(self.dt):
            self._sample()

    def stop(self) -> list[tuple[float, float, float]]:
        """End the thread and return the samples."""
        self.ended.set()
        self.join()
        self._sample()
        return self.samples

    def _sample(self) -> None:
        try:
            self.samples.append(self.meter.measure(time.time()))
        except psutil.NoSuchProcess:
            self.ended.set()


def _end_with(pid: int) -> None:
    """End this program when process `pid` is no longer its parent, even if somebody else holds our input open."""
    while os.getppid() == pid:
        time.sleep(5)
    os._exit(0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(pid: int, dt: float) -> None:
    """Obey the commands on standard input until it ends; see the module's docstring."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(pid,), daemon=True).start()
    meter = TreeMeter(pid, {os.getpid()})
    recorder = None
    _say("ready")
    for line in sys.stdin:
        command = line.strip()
        if command == "start":
            recorder = Recorder(meter, dt)
            recorder.start()
            _say("started")
        elif command == "stop" and recorder is not None:
            for now, memory_mb, percent in recorder.stop():
                _say(f"{now!r} {memory_mb!r} {percent!r}")
            _say("end")
            recorder = None


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
