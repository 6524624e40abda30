"""ProgressBar: how much of a computation is done, in a terminal, a notebook or a log.

Place in the flow: a `Callback` that only learns when computations begin and end. A timer thread reads the sizes of
the scheduler's state a few times a second and draws, so the bar costs nothing per task, however many and quick
they are, and what it shows is what the state holds.

Invariants: the thread lives from the start of the first running computation to the end of the last and leaves nothing
behind; the last thing drawn is the final state. There is one line at a time, of the oldest running computation:
those that start inside its tasks, or meanwhile in other threads, are not drawn unless they outlive it.

Where output can't be rewritten (`out` is no terminal) a line is written every `LOG_INTERVAL_S` and at the end.
"""

from __future__ import annotations

import html
import math
import shutil
import sys
import threading
import time
from typing import Any, TextIO

from minidask.diagnostics.notebook import HtmlDisplay, in_notebook
from minidask.schedulers.callbacks import Callback
from minidask.units import format_time

__all__ = ["ProgressBar"]

# A log shows that the program lives, and stays short: 360 lines an hour.
LOG_INTERVAL_S = 10.0
PENDING = ("waiting", "ready", "running")


class ProgressBar(Callback):
    """Draw a progress bar while computations run.

    Use it around computations, or `register` it for all of them.

    Parameters
    ----------
    minimum : float
        Seconds that a computation must take before its bar appears.
    width : int
        Characters of the bar.
    dt : float
        Seconds between updates.
    out : text file, optional
        Where to write. By default ``sys.stdout`` (as it is when a computation starts), or the notebook's output.

    Attributes
    ----------
    last_duration : float
        Seconds that the last computation took.

    Raises
    ------
    ValueError
        If `minimum` is negative, or `width` or `dt` is not positive.
    TypeError
        If `out` can't be written to.

    Examples
    --------
    >>> import io
    >>> from minidask.schedulers.threads import get
    >>> out = io.StringIO()
    >>> with ProgressBar(width=10, out=out):
    ...     get({"x": (sum, [1, 2])}, "x")
    3
    >>> out.getvalue()  # doctest: +ELLIPSIS
    '[##########] | 100% Completed | ...s\\n'
    """

    def __init__(self, minimum: float = 0, width: int = 40, dt: float = 0.1, out: TextIO | None = None) -> None:
        if not minimum >= 0:
            raise ValueError(f"minimum is in seconds and can't be negative, got {minimum!r}")
        if not width >= 1:
            raise ValueError(f"width is a number of characters, at least 1, got {width!r}")
        if not (0 < dt < math.inf):
            raise ValueError(f"dt is the seconds between updates and must be positive, got {dt!r}")
        if out is not None and not hasattr(out, "write"):
            raise TypeError(f"out must be a text file to write to, not {type(out).__name__}")
        super().__init__()
        self.minimum = minimum
        self.width = width
        self.dt = dt
        self.out = out
        self.last_duration = 0.0
        self._lock = threading.RLock()
        # Running computations, the oldest, which is the one drawn, first.
        self._runs: list[_Run] = []
        self._timer: _Timer | None = None

    def _start_state(self, dsk: Any, state: Any) -> None:
        with self._lock:
            self._runs.append(_Run(state, self._new_line()))
            if self._timer is None:
                self._timer = _Timer(self._tick, self.dt)
                self._timer.start()

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        with self._lock:
            run = next((run for run in self._runs if run.state is state), None)
            if run is None:
                return
            drawn = run is self._runs[0]
            self._runs.remove(run)
            timer = self._timer
            if self._runs:
                timer = None
            else:
                self._timer = None
            self.last_duration = elapsed = time.perf_counter() - run.begin
        if timer is not None:
            timer.stop()
        with self._lock:
            if drawn and elapsed >= self.minimum:
                run.line.write_last(self._text(run, elapsed, "Stopped" if errored else "Completed"))
            if timer is not None and timer.error is not None and not errored:
                raise timer.error

    def _tick(self) -> None:
        with self._lock:
            if not self._runs:
                return
            run = self._runs[0]
            elapsed = time.perf_counter() - run.begin
            if elapsed >= self.minimum:
                run.line.write(self._text(run, elapsed, "Completed"), elapsed)

    def _text(self, run: _Run, elapsed: float, verb: str) -> tuple[float, str]:
        """Return (fraction done, text beside the bar)."""
        fraction = run.fraction()
        return fraction, f"{_percent(fraction):3d}% {verb} | {format_time(elapsed)}"

    def _new_line(self) -> _Line:
        if self.out is None and in_notebook():
            return _NotebookLine(self.width)
        out = sys.stdout if self.out is None else self.out
        if out is None:
            return _Line(self.width)
        if hasattr(out, "isatty") and out.isatty():
            return _TerminalLine(self.width, out)
        return _LogLine(self.width, out)


class _Run:
    """One computation."""

    def __init__(self, state: Any, line: _Line) -> None:
        self.state = state
        self.line = line
        self.begin = time.perf_counter()
        # No task has run: what is pending now, and what counts as finished already, is all there will be.
        self.total = sum(len(state[name]) for name in PENDING) + len(state["finished"])

    def fraction(self) -> float:
        return len(self.state["finished"]) / self.total if self.total else 1.0


class _Timer:
    """A thread that calls a function every `dt` seconds until `stop`, or until the function raises."""

    def __init__(self, function: Any, dt: float) -> None:
        self.function = function
        self.dt = dt
        self.ended = threading.Event()
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._loop, name="minidask-progress", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()

    def _loop(self) -> None:
        try:
            while not self.ended.wait(self.dt):
                self.function()
        except Exception as error:
            # A closed or full output: the computation goes on, and raises this when it ends.
            self.error = error


class _Line:
    """Where one computation's bar is drawn; this one draws nothing, for programs without a standard output."""

    def __init__(self, width: int) -> None:
        self.width = width

    def write(self, text: tuple[float, str], elapsed: float) -> None:
        """Draw the state at `elapsed` seconds."""

    def write_last(self, text: tuple[float, str]) -> None:
        """Draw the final state."""

    def _bar(self, fraction: float, beside: str, width: int) -> str:
        return f"[{'#' * int(fraction * width):<{width}}] | {beside}"


class _TerminalLine(_Line):
    """Rewrite the terminal's last line."""

    def __init__(self, width: int, out: TextIO) -> None:
        super().__init__(width)
        self.out = out
        self.written = 0

    def _draw(self, text: tuple[float, str], end: str) -> None:
        fraction, beside = text
        # A line that wraps can't be rewritten, so a narrow terminal gets a narrow bar.
        room = shutil.get_terminal_size().columns - len(beside) - 6
        line = self._bar(fraction, beside, max(1, min(self.width, room)))
        self.out.write(f"\r{line:<{self.written}}{end}")
        self.out.flush()
        self.written = len(line)

    def write(self, text: tuple[float, str], elapsed: float) -> None:
        self._draw(text, "")

    def write_last(self, text: tuple[float, str]) -> None:
        self._draw(text, "\n")


class _LogLine(_Line):
    """Append whole lines, seldom."""

    def __init__(self, width: int, out: TextIO) -> None:
        super().__init__(width)
        self.out = out
        self.due = LOG_INTERVAL_S

    def write(self, text: tuple[float, str], elapsed: float) -> None:
        if elapsed >= self.due:
            self.due = elapsed + LOG_INTERVAL_S
            self.write_last(text)

    def write_last(self, text: tuple[float, str]) -> None:
        self.out.write(self._bar(*text, self.width) + "\n")
        if hasattr(self.out, "flush"):
            self.out.flush()


class _NotebookLine(_Line):
    """Rewrite one place in the notebook's output."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.display = HtmlDisplay()

    def write(self, text: tuple[float, str], elapsed: float) -> None:
        self.write_last(text)

    def write_last(self, text: tuple[float, str]) -> None:
        fraction, beside = text
        bar = f'<progress value="{fraction:.4f}" max="1" style="width: {self.width * 0.6:.0f}em"></progress>'
        self.display.write(f"<div>{bar} <code>{html.escape(beside)}</code></div>", self._bar(*text, self.width))


def _percent(fraction: float) -> int:
    """Return whole percents; 100 only when all is done.

    >>> _percent(0.999), _percent(1.0)
    (99, 100)
    """
    return int(100 * fraction)
