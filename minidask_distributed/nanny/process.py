"""One worker process as its nanny sees it: start, specification, reports, log, end.

Place in the flow: `server` makes one for each start; `child` is the other side. The process is a fresh interpreter that
runs `child.main`, not one of `multiprocessing`: it never imports the user's script, so scripts need no
``if __name__ == "__main__":``. Between the two lies a socket pair, the *control*: the specification goes down (with its
secrets, which is why it stands neither on a command line nor in the environment), reports come up as lines of JSON, and
its end tells the child that its nanny is gone.

What the process writes is passed on to this process's own output, and its last lines are kept. One thread a process
does that, waits for the end and reaps it: blocking output must never hold an event loop.

Invariants: callbacks run on the loop; ``on_exit`` comes once, after every report and every line; nothing is left after
it, no zombie, thread, descriptor or (of what the worker's tasks started) process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

PATH_VARIABLE = "MINIDASK_CHILD_PATH"
"""Hands `sys.path` on: a child must find what its parent finds. The child takes it out of its environment."""

_PROGRAM = (
    "import os, sys; "
    f"sys.path[:] = os.environ.pop({PATH_VARIABLE!r}).split(os.pathsep); "
    "from minidask_distributed.nanny.child import main; main(int(sys.argv[1]))"
)

_POLL_S = 0.1  # how often the process is asked whether it lives, where the system can't tell
_READ_BYTES = 65536
_PIPE_BYTES = 4096  # POSIX: what select says can be written is at least 512; on Linux and macOS a page or so
_LEFTOVER_BYTES = 1 << 20  # read at most so much after the end: what a process's own children write has no end
_LINE_CHARACTERS = 1000  # kept of a line

Report = dict[str, Any]


class ChildProcess:
    """A worker process.

    Parameters
    ----------
    name
        Of the worker, for people who list processes.
    environ
        The whole environment of the process.
    on_report
        Called with each report of the child.
    on_exit
        Called with the exit code (negative: the signal) when the process is gone.
    on_line
        Called with each line that it writes, on another thread.

    Raises
    ------
    OSError
        If it can't be started.
    RuntimeError
        If this interpreter doesn't know its own program file, as in some embedded ones.
    """

    def __init__(
        self,
        name: str,
        environ: Mapping[str, str],
        on_report: Callable[[Report], None],
        on_exit: Callable[[int], None],
        on_line: Callable[[str], object],
    ) -> None:
        if not sys.executable:
            raise RuntimeError(
                "worker processes can't be started, because this interpreter doesn't know the path of python "
                "(sys.executable is empty): use workers in threads, processes=False"
            )
        self._loop = asyncio.get_running_loop()
        self._on_report, self._on_exit, self._on_line = on_report, on_exit, on_line
        self._reaping = threading.Lock()
        self._reaped = False
        self._specification: queue.SimpleQueue[tuple[bytes, socket.socket | None] | None] = queue.SimpleQueue()
        self._control, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", *_interpreter_flags(), "-c", _PROGRAM, str(theirs.fileno()), name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs.fileno(),),
                env={**environ, PATH_VARIABLE: os.pathsep.join(path or os.getcwd() for path in sys.path)},
                # A group of its own: Ctrl-C in the terminal is for the nanny, and what its tasks start ends with it.
                process_group=0,
            )
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        # A daemon: an interpreter that ends without closing its cluster must not wait for it.
        self._watcher = threading.Thread(target=self._watch, name=f"minidask nanny of {name}", daemon=True)
        self._watcher.start()

    def give(self, specification: bytes, scheduler: socket.socket | None = None) -> None:
        """Send what the child is to run, and a socket that leads to its scheduler, if there is one; once."""
        self._specification.put((specification, scheduler))

    def hang_up(self) -> None:
        """Tell the child to close its worker at once: its control ends."""
        self._specification.put(None)
        # It may have ended already, which is what was wanted.
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def terminate(self) -> None:
        """Ask the child to close gracefully (SIGTERM): it hands its data over first."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process, and what its tasks started, now. Thread-safe; may be called again."""
        self._signal(signal.SIGKILL)
        self._signal_group(signal.SIGKILL)
        self._specification.put(None)

    def _signal(self, number: signal.Signals) -> None:
        # Under the lock a process that isn't reaped keeps its number: no stranger is hit.
        with self._reaping:
            if not self._reaped:
                os.kill(self.pid, number)

    def _signal_group(self, number: signal.Signals) -> None:
        with self._reaping:
            if not self._reaped:
                # The group may be empty: a task can have put the process into another one.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, number)

    # --------------------------------------------------- on the watcher's thread

    def _watch(self) -> None:
        with contextlib.ExitStack() as stack:
            out, err = self._process.stdout, self._process.stderr
            assert out is not None
            assert err is not None
            for thing in (out, err):
                stack.enter_context(thing)
            given = self._specification.get()
            if given is not None:
                # A child that has died already is noticed below.
                with contextlib.suppress(OSError):
                    _send_specification(self._control, *given)
            streams: list[_Log | _Reports] = [
                _Log(out, 1, self._on_line),
                _Log(err, 2, self._on_line),
                _Reports(self._control, self._report),
            ]
            selector = stack.enter_context(selectors.DefaultSelector())
            for stream in streams:
                os.set_blocking(stream.file.fileno(), False)
                selector.register(stream.file, selectors.EVENT_READ, stream)
            end = _open_pidfd(self.pid)
            if end is not None:
                stack.callback(os.close, end)
                selector.register(end, selectors.EVENT_READ)
            while self._is_alive():
                for key, _ in selector.select(_POLL_S if end is None else None):
                    if key.data is not None and not key.data.read(self._is_alive):
                        selector.unregister(key.fileobj)
            for stream in streams:
                stream.finish()
        # What its tasks started would live on, and may hold files of its directory.
        self._signal_group(signal.SIGKILL)
        with self._reaping:
            code = self._process.wait()
            self._reaped = True
        self._control.close()
        self._tell(self._ended, code)

    def _is_alive(self) -> bool:
        """Whether the process runs; one that doesn't isn't reaped yet."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
        except AttributeError:
            # macOS: there, asking is reaping.
            return self._process.poll() is None
        except ChildProcessError:
            # Reaped by somebody else: a program that ignores SIGCHLD has the system do it.
            return False

    def _ended(self, code: int) -> None:
        # Telling was the last that the thread did.
        self._watcher.join()
        while not self._specification.empty():
            given = self._specification.get()
            if given is not None and given[1] is not None:
                given[1].close()
        self._on_exit(code)

    def _report(self, report: Report) -> None:
        self._tell(self._on_report, report)

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        # A loop that was closed first (a program that ends in haste) needs no news.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)


def _send_specification(control: socket.socket, specification: bytes, scheduler: socket.socket | None) -> None:
    """Send what `child` reads; the descriptor of the socket goes along with the first bytes."""
    size = len(specification).to_bytes(8, "big")
    if scheduler is None:
        control.sendall(size + specification)
        return
    with scheduler:
        socket.send_fds(control, [size], [scheduler.fileno()])
    control.sendall(specification)


class _Log:
    """Output of the process: passed on, and kept as lines."""

    def __init__(self, file: IO[bytes], target: int, on_line: Callable[[str], object]) -> None:
        self.file = file
        self._target = target
        self._on_line = on_line
        self._rest = b""

    def read(self, is_alive: Callable[[], bool]) -> bool:
        """Take what is there; return False at its end."""
        data = self.file.read(_READ_BYTES)
        if data is None:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._keep(line)
        if len(self._rest) > _READ_BYTES:
            self._keep(self._rest)
            self._rest = b""
        _pass_on(self._target, data, is_alive)
        return bool(data)

    def finish(self) -> None:
        """Take what the process left behind."""
        for _ in range(_LEFTOVER_BYTES // _READ_BYTES):
            data = self.file.read(_READ_BYTES)
            if not data:
                break
            self._rest += data
            _pass_on(self._target, data, lambda: False)
        for line in self._rest.splitlines():
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        self._on_line(line[: _LINE_CHARACTERS * 4].decode(errors="replace").rstrip("\r")[:_LINE_CHARACTERS])


class _Reports:
    """Reports of the child: lines of JSON."""

    def __init__(self, file: socket.socket, on_report: Callable[[Report], None]) -> None:
        self.file = file
        self._on_report = on_report
        self._rest = b""

    def read(self, is_alive: Callable[[], bool]) -> bool:
        """Take what is there; return False at its end."""
        try:
            data = self.file.recv(_READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            # Reset: it died with the specification unread.
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_report(json.loads(line))
        return bool(data)

    def finish(self) -> None:
        """Take what the process left behind."""
        while self.file.fileno() >= 0 and select.select([self.file], [], [], 0)[0] and self.read(lambda: False):
            pass


def _pass_on(target: int, data: bytes, is_alive: Callable[[], bool]) -> None:
    """Write to this process's own output; while nobody reads that, the process waits, and once it is gone, nobody does."""
    for start in range(0, len(data), _PIPE_BYTES):
        try:
            while not select.select([], [target], [], _POLL_S)[1]:
                if not is_alive():
                    return
            os.write(target, data[start : start + _PIPE_BYTES])
        except (OSError, ValueError):
            # A closed standard output is nothing that a worker should die of.
            return


def _open_pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends; None where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _interpreter_flags() -> list[str]:
    """Return the flags of this interpreter that its children should have: warnings, development mode, optimisation."""
    # Not public, but what multiprocessing uses for its own children.
    flags: Callable[[], list[str]] = subprocess._args_from_interpreter_flags  # type: ignore[attr-defined]
    return [flag for flag in flags() if flag != "-P"]
