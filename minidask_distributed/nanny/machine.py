"""What a nanny decides: when a worker process is started again, after how long, when it is given up, and in which words.

Place in the flow: `server` tells the machine what happened (`starting`, `able`, `running`, `left`, `ended` …), hands on
what others want (`order`, `close`) and does what it answers. The worker's process passes through the states of `STATES`.

Rules: a worker that closed on purpose is not started again, whatever its exit status was; one that a task ended with
``os._exit(0)`` did not close on purpose. One that dies soon after its start is started again after a pause that doubles,
and is given up when it couldn't even begin `MAX_FAILED_STARTS` times in a row. The first start of all has one attempt:
whoever asked for it learns at once what is wrong.

Invariants: sans-IO and deterministic; the clock is the argument ``now_s`` (monotonic seconds).
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

State: TypeAlias = Literal["idle", "starting", "running", "stopping", "waiting", "ended"]

STATES: Final[dict[State, str]] = {
    "idle": "nothing has been started yet",
    "starting": "the process loads its libraries and registers",
    "running": "the worker belongs to the cluster",
    "stopping": "the process was told to end, or killed, and hasn't ended yet",
    "waiting": "it died; the pause before the next start runs",
    "ended": "it is gone for good",
}

TRANSITIONS: Final[dict[tuple[State, State], str]] = {
    ("idle", "starting"): "first start",
    ("starting", "running"): "the worker says that it is registered",
    ("starting", "waiting"): "died before it could begin",
    ("running", "waiting"): "died",
    ("starting", "stopping"): "ordered to end",
    ("running", "stopping"): "ordered to end, or over its memory limit",
    ("stopping", "waiting"): "has ended, and another one is wanted",
    ("stopping", "ended"): "has ended",
    ("waiting", "starting"): "the pause is over",
    ("waiting", "ended"): "closed while it waited",
    ("starting", "ended"): "the first start failed, or too many in a row",
    ("running", "ended"): "the worker closed on purpose",
    ("idle", "ended"): "closed before anything was started",
}

SETTLED_S = 15.0
"""A process that lived that long (from its start on) has proved that it can: the pause begins anew at its death."""

PAUSE_S = 0.1
"""The first pause. The first death in a row has none: a task that crashes its worker should cost little."""

LONGEST_PAUSE_S = 30.0

MAX_FAILED_STARTS = 6
"""So many starts in a row without a worker that registers: about six seconds of pauses, and no hope that the next helps."""

LAST_LINES = 12
"""Lines of a dead process's log that go into the reason: the traceback of a crash, in the main."""

_SIGNAL_WORDS: Final[dict[str, str]] = {
    "SIGSEGV": "a segmentation fault: compiled code read or wrote memory that isn't its own",
    "SIGBUS": "a bus error: a mapped file was cut, or its disk is full",
    "SIGABRT": "compiled code gave up: abort()",
    "SIGFPE": "an arithmetic error in compiled code",
    "SIGILL": "an instruction that this processor doesn't have",
    "SIGKILL": "often because the machine ran out of memory",
    "SIGXCPU": "its limit of processor time was used up",
    "SIGTERM": "somebody asked it to end",
}


class Verdict(NamedTuple):
    """What follows the end of a process."""

    reason: str  # for people
    restart_in_s: float | None  # None: no other one is started
    failed: bool  # whether it ended for good and nobody had wanted that


class NannyMachine:
    """The life of one worker's processes, one after the other.

    Examples
    --------
    >>> machine = NannyMachine(restart=True)
    >>> machine.starting(0.0)
    >>> machine.running()
    >>> machine.ended(100.0, -10)
    Verdict(reason='was killed by SIGUSR1', restart_in_s=0.0, failed=False)
    """

    def __init__(self, restart: bool = True) -> None:
        """Begin in the state "idle"; ``restart`` says whether a process that dies is followed by another one."""
        self.restart = restart
        self.state: State = "idle"
        self.deaths = 0  # of this nanny's processes so far, those that were ordered apart
        self._started_s = 0.0
        self._able = False  # whether the present process got so far that it may have run tasks
        self._ever_able = False
        self._quick_deaths = 0  # in a row
        self._failed_starts = 0  # in a row
        self._order: tuple[str, bool] | None = None  # (reason, restart) of the order that is being carried out
        self._leaving: tuple[str, bool] | None = None  # (reason, ok) that the worker gave for closing on purpose

    def _go(self, state: State) -> None:
        if (self.state, state) not in TRANSITIONS:
            raise RuntimeError(f"a nanny's process can't go from {self.state!r} to {state!r}")
        self.state = state

    def starting(self, now_s: float) -> None:
        """Note that a process was started."""
        self._go("starting")
        self._started_s, self._able, self._order, self._leaving = now_s, False, None, None

    def able(self) -> None:
        """Note that the worker is about to register: from now on it may run tasks, and die of them."""
        self._able = True

    def running(self) -> None:
        """Note that the worker registered; a process that was ordered to end meanwhile stays ordered."""
        self._able = self._ever_able = True
        self._failed_starts = 0
        if self.state == "starting":
            self._go("running")

    def failed(self) -> None:
        """Note that the worker says itself that it can't start."""
        self._able = False

    def left(self, reason: str, ok: bool) -> None:
        """Note that the worker closes on purpose; ``ok`` is False if it gave up on its scheduler."""
        self._leaving = reason, ok

    def order(self, reason: str, restart: bool) -> bool:
        """Want the process to end now; return whether there is one that must be made to.

        A later order replaces an earlier one, but can't ask for another process where an earlier one forbade that.
        """
        if self.state in ("idle", "waiting", "ended"):
            return False
        if self._order is not None:
            restart = restart and self._order[1]
        self._order = reason, restart
        if self.state != "stopping":
            self._go("stopping")
        return True

    def close(self, reason: str) -> bool:
        """Want the process to end for good; return whether there is one that must be made to."""
        self.restart = False
        if self.state in ("idle", "waiting"):
            self._go("ended")
        return self.order(reason, restart=False)

    def ended(self, now_s: float, exitcode: int, log: Sequence[str] = ()) -> Verdict:
        """Note that the process is gone, and say what follows.

        Parameters
        ----------
        now_s
            Monotonic seconds.
        exitcode
            As `subprocess` has it: negative for signals.
        log
            Its last lines, for the reason.
        """
        if self._order is not None:
            reason, restart = self._order
            if restart and self.restart:
                return self._again(reason, 0.0)
            return self._over(reason, failed=False)
        if self._leaving is not None:
            reason, ok = self._leaving
            return self._over(reason, failed=not ok)
        self.deaths += 1
        reason = describe_exit(exitcode, log)
        if not self._able:
            self._failed_starts += 1
            reason = f"couldn't start: it {reason}"
            if not self._ever_able or self._failed_starts >= MAX_FAILED_STARTS:
                return self._over(reason, failed=True)
        if not self.restart:
            return self._over(reason, failed=True)
        self._quick_deaths = self._quick_deaths + 1 if now_s - self._started_s < SETTLED_S else 0
        return self._again(reason, pause_s(self._quick_deaths))

    def _again(self, reason: str, pause: float) -> Verdict:
        self._go("waiting")
        return Verdict(reason, pause, failed=False)

    def _over(self, reason: str, failed: bool) -> Verdict:
        self._go("ended")
        return Verdict(reason, None, failed)


def pause_s(quick_deaths: int) -> float:
    """Return the seconds to wait before the next start, after so many deaths soon after a start, in a row.

    Examples
    --------
    >>> [pause_s(deaths) for deaths in (0, 1, 2, 3, 4, 50)]
    [0.0, 0.0, 0.1, 0.2, 0.4, 30.0]
    """
    if quick_deaths < 2:
        return 0.0
    return min(PAUSE_S * 2.0 ** min(quick_deaths - 2, 20), LONGEST_PAUSE_S)


def over_limit(used_bytes: int, limit_bytes: int, fraction: float | Literal[False]) -> bool:
    """Say whether a process must be ended for its memory.

    Parameters
    ----------
    used_bytes
        Resident memory of the process.
    limit_bytes
        The worker's limit, 0 for none.
    fraction
        The part of the limit that it may use; False: there is no such bound.

    Examples
    --------
    >>> over_limit(96, 100, 0.95), over_limit(94, 100, 0.95), over_limit(96, 0, 0.95), over_limit(96, 100, False)
    (True, False, False, False)
    """
    return bool(limit_bytes) and fraction is not False and used_bytes > limit_bytes * fraction


def describe_exit(exitcode: int, log: Sequence[str] = ()) -> str:
    """Say in words how a process ended, and what it wrote last.

    Parameters
    ----------
    exitcode
        As `subprocess` has it: negative for signals.
    log
        Its last lines.

    Examples
    --------
    >>> describe_exit(3, ["Oh no"])
    'exited with status 3. The last lines of its log:\\n    Oh no'
    >>> describe_exit(-9)
    'was killed by SIGKILL (often because the machine ran out of memory)'
    """
    if exitcode >= 0:
        text = f"exited with status {exitcode}"
    else:
        try:
            name = signal.Signals(-exitcode).name
        except ValueError:
            name = f"signal {-exitcode}"
        words = _SIGNAL_WORDS.get(name)
        text = f"was killed by {name}" + (f" ({words})" if words else "")
    # The list of extension modules, which Python writes at a crash, is long and says nothing of the reason.
    lines = [line for line in log if line.strip() and not line.startswith("Extension modules:")][-LAST_LINES:]
    if lines:
        text += ". The last lines of its log:\n" + "\n".join(f"    {line}" for line in lines)
    return text
