"""The benchmark harness: real worker processes on tiny workloads."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks import compare, worker, workload

DECLARATIONS = """
from benchmarks.workload import size, timed_import, workload

quick = workload("{prefix}-quick", "the first library needs less", limit=0.5, per=10)
slow = workload("{prefix}-slow", "the first library needs more", limit=0.5)
wrong = workload("{prefix}-wrong", "different answers")
broken = workload("{prefix}-broken", "one fails, one prints, one is not installed")
dies = workload("{prefix}-dies", "one ends the process")
stuck = workload("{prefix}-stuck", "one never answers")
fresh = workload("{prefix}-fresh", "an import in a new process", kind="process", bound=1000.0)
tight = workload("{prefix}-tight", "an import in a new process", kind="process", bound=1e-9)
fickle = workload("{prefix}-fickle", "another answer every time")
opens = workload("{prefix}-opens", "it measures by itself, and closes", kind="measure", unit="number", goal=2.5)
leaves = workload("{prefix}-leaves", "it leaves a process behind", kind="measure", limit={"other": 0.5}, bound=5.0)
sized = workload("{prefix}-sized", "it says how large it is", kind="measure", per=size(1000, 10))

def add_up(n):
    return lambda: sum(range(n)) * 0 + 1

quick.case("minidask")(lambda: add_up(1_000))
quick.case("peer")(lambda: add_up(100_000))
slow.case("minidask")(lambda: add_up(100_000))
slow.case("peer")(lambda: add_up(1_000))
wrong.case("minidask")(lambda: lambda: [1, 2])
wrong.case("peer")(lambda: lambda: [1, 3])
broken.case("minidask")(lambda: lambda: print("noise") or 1)
broken.case("fails")(lambda: lambda: 1 / 0)

@broken.case("absent")
def _():
    import a_library_that_is_not_there

dies.case("minidask")(lambda: lambda: __import__("os")._exit(3))
stuck.case("minidask")(lambda: __import__("threading").Event().wait)
fresh.case("minidask")(lambda: timed_import("import fractions"))
tight.case("minidask")(lambda: timed_import("import fractions"))

@fickle.case("minidask")
def _():
    calls = []
    return lambda: calls.append(1) or len(calls)

@opens.case("minidask")
def _():
    calls = []
    yield lambda: (calls.append(1) or len(calls), "value")
    print("closed after", len(calls))

@leaves.case("minidask")
def _():
    import pathlib, subprocess, sys
    program = "import sys; print('here', flush=True); sys.stdin.read()"
    # A pipe to itself, which nobody closes: only the end of the group ends it.
    import os
    reading, writing = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", program], stdin=reading, stdout=subprocess.PIPE, pass_fds=[writing])
    child.stdout.readline()
    pathlib.Path(__file__).with_name("child").write_text(str(child.pid))
    # As daemons are started; it ends with its pipe.
    own = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    own.stdout.readline()
    pathlib.Path(__file__).with_name("own").write_text(str(own.pid))
    return lambda: (1.0, own.pid and 0)

leaves.case("peer")(lambda: lambda: (1.5, 0))
leaves.case("other")(lambda: lambda: (0.0, 0))

sized.case("minidask")(lambda: lambda: (1.0, size(1000, 10)))
"""


@pytest.fixture
def declared(tmp_path, request):
    """Write a file of workloads whose names no other test has; return it and the prefix of its names."""
    prefix = tmp_path.name
    file = tmp_path / f"bench_{prefix.replace('-', '_')}.py"
    file.write_text(DECLARATIONS.replace("{prefix}", prefix))
    yield file, prefix
    for name in [name for name in workload._registry if name.startswith(f"{prefix}-")]:
        del workload._registry[name]


def run(declared, names: str, *arguments: str) -> int:
    file, prefix = declared
    only = ",".join(f"{prefix}-{name}" for name in names.split(","))
    return compare.main(["--files", str(file), "--only", only, "--rounds", "2", "--seconds", "0.001", *arguments])


@pytest.mark.slow
def test_the_table_and_the_json_tell_the_ratio(declared, capsys, tmp_path):
    report = tmp_path / "folder" / "report.json"
    assert run(declared, "quick", "--gate", "--json", str(report)) == 0
    printed = capsys.readouterr().out
    assert "-quick" in printed
    assert "0.500" in printed
    assert " ok" in printed
    data = json.loads(report.read_text())
    (row,) = data["workloads"]
    assert row["results"]["minidask"]["ratio"] == 1
    assert row["results"]["peer"]["ratio"] < 0.5
    assert len(row["results"]["peer"]["rounds"]) == 2
    assert row["results"]["peer"]["value"] == 1
    assert data["machine"]["python"].startswith("3.")


@pytest.mark.slow
def test_an_exceeded_limit_fails_only_with_gate(declared, capsys):
    assert run(declared, "slow") == 0
    assert "at most 0.500 allowed" in capsys.readouterr().out
    assert run(declared, "slow", "--gate") == 1


@pytest.mark.slow
def test_different_answers_fail(declared, capsys):
    assert run(declared, "wrong") == 1
    assert "peer answered [1, 3], minidask [1, 2]" in capsys.readouterr().out


@pytest.mark.slow
def test_failures_are_told_and_the_others_go_on(declared, capfd):
    assert run(declared, "broken", "--gate") == 1
    out, err = capfd.readouterr()
    assert "fails failed: ZeroDivisionError" in out
    assert "no absent to compare with: ModuleNotFoundError" in out
    assert "missing" in out
    assert "noise" not in out
    assert "noise" in err


@pytest.mark.slow
def test_a_dead_and_a_stuck_process_are_told(declared, capsys):
    assert run(declared, "dies") == 1
    assert "the process ended with code 3" in capsys.readouterr().out
    assert run(declared, "stuck", "--timeout", "1.5") == 1
    assert "it is killed after 1.5 s" in capsys.readouterr().out


@pytest.mark.slow
def test_an_answer_that_changes_between_rounds_fails(declared, capsys):
    assert run(declared, "fickle") == 1
    assert "minidask failed: answered" in capsys.readouterr().out


@pytest.mark.slow
def test_programs_run_in_fresh_interpreters_and_bounds_are_absolute(declared, capsys):
    assert run(declared, "fresh,tight", "--gate") == 1
    printed = capsys.readouterr().out
    assert "-tight: " in printed
    assert "-fresh: " not in printed


@pytest.mark.slow
def test_a_case_measures_by_itself_and_closes_what_it_opened(declared, capfd):
    assert run(declared, "opens") == 0
    out, err = capfd.readouterr()
    assert "1.5 " in out  # the median of what it said in two rounds
    assert "goal 2.5" in out
    assert "goal reached" in out
    assert "closed after 2" in err


def state(pid: int) -> str:
    """Return the letter of a process's state: R and S live, T is stopped, Z has ended; "" is gone altogether."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def wait_for_state(pid: int, *wanted: str) -> None:
    deadline = time.monotonic() + 10
    while (letter := state(pid)) not in wanted:
        assert time.monotonic() < deadline, f"process {pid} is in state {letter!r}, not in {wanted}"
        os.sched_yield()


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")


@pytest.mark.slow
@needs_proc
def test_processes_are_stopped_while_others_are_measured(declared):
    file, prefix = declared
    made = workload.load([file])[f"{prefix}-leaves"]
    with compare.Worker(made, "minidask", sys.executable, timeout_s=60) as measuring:
        for _ in range(2):
            assert measuring.round(0.001)["ok"]["measures"] == [1.0]
            child = int(file.with_name("child").read_text())
            wait_for_state(measuring.process.pid, "T")
            wait_for_state(child, "T")
            own = int(file.with_name("own").read_text())
            wait_for_state(own, "T")
        measuring.resume()
        for each in (child, own):
            wait_for_state(each, "R", "S")
    assert measuring.process.returncode == 0


@pytest.mark.slow
@needs_proc
def test_what_a_case_leaves_behind_is_ended_with_it(declared, capsys):
    assert run(declared, "leaves") == 0
    wait_for_state(int(declared[0].with_name("child").read_text()), "Z", "")
    printed = capsys.readouterr().out
    assert "inf > 0.500" in printed  # other has measured 0
    assert "0.667 " in printed  # peer has no limit
    assert "≤ 5 s" in printed
    assert "over" in printed


@pytest.mark.slow
def test_small_sizes_only_try(declared, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv(workload.SMALL, "")  # what `--small` sets is gone after the test
    report = tmp_path / "report.json"
    assert run(declared, "sized", "--small", "--json", str(report)) == 0
    (row,) = json.loads(report.read_text())["workloads"]
    assert row["per"] == row["results"]["minidask"]["value"] == 10


@pytest.mark.parametrize(
    ("options", "measured", "expected"),
    [
        ({}, 1.0, ""),
        ({"limit": 1.0}, 1.0, "ok"),
        ({"goal": 1.0}, 1.0, "goal reached"),
        ({"goal": 1.0}, 1.1, "short of the goal"),
        ({"goal": 1.0, "bound": 2.0}, 1.1, "ok, short of the goal"),
        ({"goal": 1.0, "bound": 2.0}, 2.1, "over"),
        ({"goal": 10.0, "per": 100, "unit": "bytes", "bound": 20.0}, 1000.0, "ok, goal reached"),
        ({"goal": 1.0, "bound": 2.0}, math.nan, ""),
    ],
)
def test_verdicts(options, measured, expected):
    results = {"minidask": compare.Result("minidask", [] if math.isnan(measured) else [measured])}
    row = compare.Row(workload.Workload("x", "y", **options), results)
    compare.judge(row)
    assert compare.verdict(row) == expected


def test_limits_stand_beside_the_ratios_that_they_limit():
    made = workload.Workload("x", "y", limit={"near": 0.5, "far": 0.1})
    measures = {"minidask": 1.0, "near": 4.0, "far": 5.0, "free": 2.0}
    row = compare.Row(made, {name: compare.Result(name, [seconds]) for name, seconds in measures.items()})
    compare.judge(row)
    assert [compare.ratio_cell(row, name) for name in ("near", "far", "free", "absent")] == [
        "0.250 ≤ 0.500",
        "0.200 > 0.100",
        "0.500",
        "",
    ]
    assert row.exceeded == ["0.200 of far, at most 0.100 allowed"]


def test_each_file_has_a_table_with_its_own_peers():
    rows = []
    for file, peer in (("a.py", "pandas"), ("b.py", "ray")):
        made = workload.Workload(f"load-{peer}", "y", file=file)
        rows.append(compare.Row(made, {name: compare.Result(name, [1.0]) for name in ("minidask", peer)}))
    first, second = compare.tables(rows).split("\n\n")
    assert "pandas" in first
    assert "ray" not in first
    assert "ray" in second
    assert "pandas" not in second


def test_choosing_and_listing(declared, capsys):
    assert run(declared, "q*", "--list") == 0
    assert "the first library needs less (minidask, peer)" in capsys.readouterr().out
    assert run(declared, "nothing") == 2
    assert "no workload matches" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "--rounds must be at least 1, not 0"),
        (["--python", "ray"], "--python takes LIBRARY=PATH, not 'ray'"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit):
        compare.main(arguments)
    assert message in capsys.readouterr().err


def test_declaring_twice_is_an_error(declared):
    file, prefix = declared
    declared_there = workload.load([file])
    with pytest.raises(ValueError, match="two workloads are called"):
        workload.workload(f"{prefix}-quick", "again")
    with pytest.raises(ValueError, match="has two cases for 'peer'"):
        declared_there[f"{prefix}-quick"].case("peer")
    with pytest.raises(ValueError, match="kind must be one of 'call', 'process', 'measure', not 'other'"):
        workload.workload(f"{prefix}-new", "of no kind", kind="other")


def test_repetitions_fill_the_time_given():
    calls = []
    times, value = worker.time_calls(lambda: calls.append(1) or len(calls), seconds=1.0, known=0.1)
    assert len(times) == value == 10
    assert len(worker.time_calls(int, seconds=0.1, known=5.0)[0]) == 1
    assert len(worker.time_calls(int, seconds=1.0, known=1e-9)[0]) == worker.MOST_REPETITIONS


def test_a_failing_program_says_why():
    with pytest.raises(RuntimeError, match="the program failed: ZeroDivisionError: division by zero"):
        worker.run_program("1 / 0")


def test_numpy_values_cross_as_plain_ones():
    np = pytest.importorskip("numpy")
    assert worker.plain({"a": np.float64(0.5), "b": (np.int64(1), np.arange(2))}) == {"a": 0.5, "b": [1, [0, 1]]}


def test_values_that_cannot_be_compared_are_told():
    with pytest.raises(TypeError, match="to be compared, not object"):
        worker.plain([object()])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("call", "must return a function to be timed, not None"),
        ("process", "the text of a program"),
        ("measure", "a function that measures"),
    ],
)
def test_a_case_that_returns_the_wrong_thing_is_told(kind, message):
    made = workload.Workload("x", "y", kind=kind, cases={"minidask": lambda: None})
    with pytest.raises(TypeError, match=message):
        worker.Runner(made, "minidask").round(seconds=0.1)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [(math.nan, math.nan, True), (1, True, False), (1, 1.0, True), ("a", "a", True), ([1], [1, 2], False)],
)
def test_values_are_the_same(left, right, equal):
    assert compare.same(left, right) is equal


def test_the_projects_own_workloads_are_complete():
    declared = workload.load(sorted(compare.FOLDER.glob("bench_*.py")))
    assert declared
    for name, made in declared.items():
        assert made.about, name
        assert "minidask" in made.cases, f"{name} has no case for minidask"
        if isinstance(made.limit, dict):
            assert made.limit.keys() <= made.cases.keys() - {"minidask"}, f"{name} limits the ratio to nobody"
        assert Path(made.file).parent == compare.FOLDER


def test_the_ratio_is_that_of_neighbouring_rounds():
    made = workload.Workload("x", "y")
    results = {
        "minidask": compare.Result("minidask", [1.0, 10.0, 3.0]),
        "peer": compare.Result("peer", [2.0, 20.0, 3.0]),
    }
    assert compare.Row(made, results).ratio("peer") == 0.5
    results["peer"].rounds.clear()
    assert math.isnan(compare.Row(made, results).ratio("peer"))


def test_a_library_may_have_its_own_interpreter(declared):
    options = compare.parse(["--python", f"peer={sys.executable}"])
    assert isinstance(options, argparse.Namespace)
    assert options.python == {"peer": sys.executable}
