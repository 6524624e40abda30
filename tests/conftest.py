"""Fixtures that all tests share, and the rule that a run may forbid skipped tests.

With ``MINIDASK_TEST_NO_SKIPS=1`` (continuous integration sets it, after installing the system programs) every skipped
test fails the run, so that no part of the suite goes missing unseen.

With ``MINIDASK_TEST_SOAK_SHARE=N`` every Nth of the tests marked ``soak`` runs, the first one always: what continuous integration
has the time for.

The examples that Hypothesis draws are the same in each run, so that no change is blamed for what it didn't do; with
``MINIDASK_TEST_RANDOM=1`` they are other ones each time.

``make test`` runs in several processes (pytest-xdist). A test marked ``alone`` is held to seconds that leave little room,
or compares times, and runs while the other processes of the run do nothing.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine and what else it does than about the code.
_unhurried = [*settings.default.suppress_health_check, HealthCheck.too_slow]
settings.register_profile(
    "minidask",
    settings.default,
    deadline=None,
    suppress_health_check=_unhurried,
    derandomize=os.environ.get("MINIDASK_TEST_RANDOM", "") in ("", "0"),
    print_blob=True,
)
settings.load_profile("minidask")

NO_SKIPS = os.environ.get("MINIDASK_TEST_NO_SKIPS", "") not in ("", "0")

SOAK_SHARE = int(os.environ.get("MINIDASK_TEST_SOAK_SHARE", "") or 1)

_skipped: dict[str, str] = {}


class Turns:
    """Lets the processes of one run test side by side, or one of them alone, by two locks on files.

    `room` is held by whoever tests: shared, or by one alone. Who wants in holds `gate` until then, so that one who wants to be
    alone isn't overtaken for ever.
    """

    def __init__(self, folder: Path) -> None:
        self.gate = os.open(folder / "gate", os.O_RDWR | os.O_CREAT)
        self.room = os.open(folder / "room", os.O_RDWR | os.O_CREAT)

    def enter(self, alone: bool) -> None:
        fcntl.flock(self.gate, fcntl.LOCK_EX)
        fcntl.flock(self.room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self.gate, fcntl.LOCK_UN)

    def leave(self) -> None:
        fcntl.flock(self.room, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self.gate)
        os.close(self.room)


TURNS = pytest.StashKey[Turns]()
TURNS_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a process of the run, which pytest-xdist is about to start, where their locks are."""
    stash = node.config.stash
    if TURNS_FOLDER not in stash:
        stash[TURNS_FOLDER] = tempfile.TemporaryDirectory(prefix="minidask-turns-")
    node.workerinput["turns"] = stash[TURNS_FOLDER].name


def pytest_configure(config: pytest.Config) -> None:
    if folder := getattr(config, "workerinput", {}).get("turns"):
        config.stash[TURNS] = Turns(Path(folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    if turns := config.stash.get(TURNS, None):
        turns.close()
    if folder := config.stash.get(TURNS_FOLDER, None):
        folder.cleanup()


# Outside of all others, those that limit a test's time above all: waiting is no part of the test.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    turns = item.config.stash.get(TURNS, None)
    if turns is None:
        return (yield)
    turns.enter(alone=item.get_closest_marker("alone") is not None)
    try:
        return (yield)
    finally:
        turns.leave()


def pytest_collection_finish() -> None:
    """Spare the garbage collector a look at what is there for good: every module and test, half a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def interpreter_left_alone() -> Iterator[None]:
    """No test changes how the interpreter switches threads or collects garbage: others' timing would depend on it."""
    before = sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()
    yield
    assert (sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()) == before


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """Give a function that returns a system program's path, and skips the test where the program is missing.

    Use it as ``needs_program("dot")``; the package that has the program belongs in
    ``continuous_integration/apt-packages.txt``.
    """

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"the program {program!r} is not installed")
        return path

    return find


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    soaking = [item for item in items if item.get_closest_marker("soak")]
    left_out = {item for at, item in enumerate(soaking) if at % SOAK_SHARE}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_report_header() -> str | None:
    return "MINIDASK_TEST_NO_SKIPS=1: a skipped test fails the run" if NO_SKIPS else None


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure is also reported as "skipped", but it did run.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped[report.nodeid] = reason


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note_skip(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if NO_SKIPS and _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NO_SKIPS and _skipped:
        terminalreporter.section("skipped, and skips are forbidden", red=True)
        for nodeid, reason in _skipped.items():
            terminalreporter.line(f"{nodeid}: {reason}")
