"""The rules of the shared conftest, each proven on a small run of pytest in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "conftest.py"


def run(folder: Path, test: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run `test` under the project's conftest; return the exit code and what was printed."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    soak: endurance\n    alone: measures\n")
    (folder / "test_it.py").write_text(test)
    ours = ("MINIDASK_TEST_NO_SKIPS", "MINIDASK_TEST_SOAK_SHARE", "MINIDASK_TEST_RANDOM")
    env = {k: v for k, v in os.environ.items() if k not in ours} | environment
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    command += arguments
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


MISSING = "def test_draw(needs_program):\n    needs_program('no-such-program')\n"
FOUND = "def test_draw(needs_program):\n    assert needs_program('sh').endswith('/sh')\n"
MODULE_SKIP = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "forbidden", "code", "says"),
    [
        (MISSING, "0", 0, "1 skipped"),
        (MISSING, "1", 1, "test_it.py::test_draw: Skipped: the program 'no-such-program' is not installed"),
        (FOUND, "1", 0, "1 passed"),
        (MODULE_SKIP, "1", 1, "test_it.py: Skipped: not here"),
        (EXPECTED_FAILURE, "1", 0, "1 xfailed"),
    ],
    ids=["allowed", "forbidden", "program found", "whole module", "expected failure"],
)
def test_skips_fail_the_run_where_they_are_forbidden(tmp_path, test, forbidden, code, says):
    returned, printed = run(tmp_path, test, MINIDASK_TEST_NO_SKIPS=forbidden)
    if test is MODULE_SKIP and returned == pytest.ExitCode.NO_TESTS_COLLECTED:
        returned = 1  # nothing left to run is a failure of its own
    assert (returned, says in printed) == (code, True), printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "says"),
    [
        (MISSING, "test_it.py::test_draw: Skipped: the program 'no-such-program' is not installed"),
        (MODULE_SKIP, "test_it.py: Skipped: not here"),
    ],
    ids=["one test", "whole module"],
)
def test_skips_fail_a_run_in_several_processes(tmp_path, test, says):
    returned, printed = run(tmp_path, test + "\ndef test_quick(): pass\n", "-n", "2", MINIDASK_TEST_NO_SKIPS="1")
    assert (returned != 0, says in printed) == (True, True), printed


ALONE = """
import os, time
import pytest

def work(kind):
    for what in ("begins", "ends"):
        with open("log", "a") as log:
            log.write(f"{os.getpid()} {kind} {what}\\n")
        time.sleep(0.005)  # so that tests meet that may

@pytest.mark.parametrize("n", range(40))
def test_beside(n): work("beside")

@pytest.mark.alone
@pytest.mark.parametrize("n", range(10))
def test_alone(n): work("alone")

@pytest.mark.parametrize("n", range(40))
def test_beside_again(n): work("beside")
"""


@pytest.mark.slow
def test_some_tests_run_while_no_other_does(tmp_path):
    returned, printed = run(tmp_path, ALONE, "-n", "2", "--dist", "load")
    assert (returned, "90 passed" in printed) == (0, True), printed
    events = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len(events) == 180
    assert len({pid for pid, _, _ in events}) == 2
    begun = [at for at, (_, kind, what) in enumerate(events) if (kind, what) == ("alone", "begins")]
    assert len(begun) == 10
    for at in begun:
        assert events[at + 1] == [events[at][0], "alone", "ends"]


SOAKING = """
import pytest

@pytest.mark.soak
@pytest.mark.parametrize("n", range(7))
def test_soak(n): pass

def test_quick(): pass
"""


@pytest.mark.slow
@pytest.mark.parametrize(("share", "says"), [("", "8 passed"), ("1", "8 passed"), ("3", "4 passed, 4 deselected")])
def test_a_share_of_the_endurance_tests(tmp_path, share, says):
    returned, printed = run(tmp_path, SOAKING, MINIDASK_TEST_SOAK_SHARE=share)
    assert (returned, says in printed) == (0, True), printed


RANDOM = """
from hypothesis import given, strategies as st

@given(st.integers(0, 2**60))
def test_it(n):
    with open("drawn", "a") as file:
        file.write(f"{n} ")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "same"), [("", True), ("0", True), ("1", False)])
def test_examples_are_the_same_in_each_run_unless_others_are_asked_for(tmp_path, chosen, same):
    drawn = []
    for turn in range(2):
        (folder := tmp_path / str(turn)).mkdir()
        returned, printed = run(folder, RANDOM, MINIDASK_TEST_RANDOM=chosen)
        assert returned == 0, printed
        drawn.append((folder / "drawn").read_text())
    assert (drawn[0] == drawn[1]) is same
