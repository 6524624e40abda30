"""Fixtures that all tests share, and the rule that a run may forbid skipped tests.

With ``MINIDASK_TEST_NO_SKIPS=1`` (continuous integration sets it, after installing the system programs) every skipped
test fails the run, so that no part of the suite goes missing unseen.

With ``MINIDASK_TEST_SOAK_SHARE=N`` every Nth of the tests marked ``soak`` runs, the first one always: what continuous integration
has the time for.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

NO_SKIPS = os.environ.get("MINIDASK_TEST_NO_SKIPS", "") not in ("", "0")

SOAK_SHARE = int(os.environ.get("MINIDASK_TEST_SOAK_SHARE", "") or 1)

_skipped: dict[str, str] = {}


@pytest.fixture(autouse=True)
def interpreter_left_alone() -> Iterator[None]:
    """No test changes how the interpreter switches threads or collects garbage: others' timing would depend on it."""
    before = sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()
    yield
    assert (sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()) == before


@pytest.fixture
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
