"""The example on real flights: every answer against plain pandas."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import zipfile
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("pandas")
SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "flights.py"


@pytest.fixture(scope="module")
def example():
    spec = spec_from_file_location("flights_example", SOURCE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def expected(example):
    data = example.data_directory()
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = pd.read_csv(io.BytesIO(archive.read("flights.csv")), parse_dates=["time_hour"], low_memory=False)
    good = flights.dropna(subset=["dep_delay", "arr_delay"])
    weekday = good["time_hour"].dt.tz_convert("America/New_York").dt.day_of_week
    good = good.assign(weekday=weekday)
    carrier = good.groupby("carrier")["dep_delay"].agg(["count", "mean"]).reset_index()
    carrier = carrier.merge(pd.read_csv(data / "airlines.csv"), on="carrier")
    joined = good.merge(pd.read_csv(data / "weather.csv"), on=["origin", "year", "month", "day", "hour"])
    return {
        "months": flights.groupby("month", sort=True),
        "head": flights.head(),
        "flights": len(flights),
        "flown": len(good),
        "gained": (good["dep_delay"] - good["arr_delay"]).mean(),
        "by_carrier": carrier.sort_values("mean", ascending=False).reset_index(drop=True),
        "by_hour": good.groupby("hour")["dep_delay"].mean(),
        "by_weekday": good.groupby("weekday")["dep_delay"].mean(),
        "correlation": joined[["dep_delay", "visib", "precip"]].corr(),
        "miles": good["distance"].sum(),
    }


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_every_answer_is_that_of_pandas(example, expected, scheduler, tmp_path, capsys):
    answers = example.main(["--dir", str(tmp_path), "--scheduler", scheduler])
    check(answers, expected)
    check_output(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.network
def test_on_a_cluster_of_its_own(example, expected, tmp_path, capsys):
    answers = example.main(["--dir", str(tmp_path), "--workers", "2"])
    check(answers, expected)
    printed = capsys.readouterr().out
    check_output(printed)
    assert re.search(r"tcp://127\.0\.0\.1:\d+: 2 workers", printed)
    assert re.search(r"Look at it: http://127\.0\.0\.1:\d+/status\?token=\w+", printed)
    assert "100%" in printed
    # The report stays, the data don't.
    report = tmp_path / "flights-report.html"
    assert f"Performance report: {report}" in printed
    assert list(tmp_path.iterdir()) == [report]
    assert "Task stream" in report.read_text()
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.network
def test_on_a_cluster_of_processes_by_its_scheduler_file(expected, tmp_path):
    """The documented way by hand: a scheduler, two workers and the script, each a process of its own."""
    file = tmp_path / "cluster.json"
    programs = Path(sys.executable).parent
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "PYTHONWARNINGS": "error"}
    with ExitStack() as stack:

        def start(name: str, *options: str) -> subprocess.Popen[str]:
            command = [str(programs / name), "--scheduler-file", str(file), *options]
            process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE, env=environment)
            stack.callback(end, process)
            return process

        scheduler = start("minidask-scheduler", "--port", "0", "--no-dashboard")
        workers = [start("minidask-worker", "--nthreads", "1") for _ in range(2)]
        script = subprocess.run(
            [sys.executable, str(SOURCE), "--scheduler-file", str(file), "--dir", str(tmp_path / "data")],
            capture_output=True, text=True, timeout=100, env=environment,
        )  # fmt: skip
        assert script.returncode == 0, script.stderr
        check_output(script.stdout)
        assert re.search(r"tcp://127\.0\.0\.1:\d+: [12] workers", script.stdout)
        assert file.stat().st_mode & 0o777 == 0o600
        for process in [*workers, scheduler]:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, process.stderr.read()
    assert not file.exists()


def end(process):
    """Leave no process behind, whatever happened."""
    if process.poll() is None:
        process.kill()
    process.communicate()


def check(answers, expected):
    assert set(answers) == set(expected) - {"months"}
    assert answers["flights"] == expected["flights"] == 336_776
    assert answers["flown"] == expected["flown"]
    assert answers["miles"] == expected["miles"]
    assert answers["gained"] == pytest.approx(expected["gained"], rel=1e-12)
    first_file = expected["months"].get_group(1).head()
    pd.testing.assert_frame_equal(answers["head"], first_file)
    for name in ("by_carrier", "correlation"):
        pd.testing.assert_frame_equal(answers[name], expected[name], rtol=1e-9)
    for name in ("by_hour", "by_weekday"):
        pd.testing.assert_series_equal(answers[name], expected[name], rtol=1e-9)


def check_output(printed):
    assert "336,776 flights" in printed
    assert "Frontier Airlines Inc." in printed


def test_the_months_hold_all_flights(example, tmp_path):
    paths = example.write_months(example.data_directory(), tmp_path)
    assert [path.name for path in paths] == [f"flights-{month:02d}.csv" for month in range(1, 13)]
    assert sum(path.read_bytes().count(b"\n") - 1 for path in paths) == 336_776


def test_a_directory_without_the_files_is_an_error(example, tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match=r"no CSV file matches '.*flights-\*\.csv'"):
        example.main(["--dir", str(tmp_path), "--reuse"])


def test_the_cluster_can_be_held(example, tmp_path, monkeypatch, capsys):
    class Client:
        dashboard_link = "http://127.0.0.1:1/status"

    def keyboard(typed):
        read, write = os.pipe()
        os.write(write, typed)
        os.close(write)
        return open(read)

    for typed, seconds in ((b"\n", 0.0), (b"\n", 100.0), (b"", 0.0), (b"", 0.01)):
        with keyboard(typed) as stdin, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            example.hold(Client(), seconds)
    printed = capsys.readouterr().out
    assert printed.count("http://127.0.0.1:1/status") == 4
    assert "stays for 100 s until you press Enter" in printed


def test_only_a_cluster_can_be_held(example, capsys):
    with pytest.raises(SystemExit):
        example.main(["--scheduler", "threads", "--hold"])
    assert "--hold is for a cluster" in capsys.readouterr().err


def test_reports_are_of_clusters(example, tmp_path):
    assert example.arguments(["--scheduler", "threads", "--report", "x.html"]).report is None
    assert example.arguments(["--dir", str(tmp_path)]).report == str(tmp_path / "flights-report.html")
    assert example.arguments([]).report is None


def test_options_that_need_a_directory_say_so(example, capsys):
    with pytest.raises(SystemExit):
        example.main(["--keep"])
    assert "--reuse and --keep need --dir" in capsys.readouterr().err


def test_tables_align_texts_left_and_numbers_right(example, capsys):
    example.table(pd.DataFrame({"name": ["a", "bcd"], "value": [1.5, 1000.0]}))
    assert capsys.readouterr().out == "   name     value\n   a         1.50\n   bcd   1,000.00\n"


def test_long_tables_are_cut(example, capsys):
    example.table(pd.DataFrame({"x": range(9)}), count=1)
    assert capsys.readouterr().out.split() == ["x", "0", "...", "8"]
