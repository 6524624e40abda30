"""Performance reports of a real cluster."""

from __future__ import annotations

import asyncio
import re
import time
from operator import add, truediv

import pytest

import minidask_distributed
from minidask_distributed import Client, LocalCluster, performance_report
from minidask_distributed.dashboard import report
from minidask_distributed.profile_tree import Node

pytest.importorskip("bokeh")

SECTIONS = (
    "Summary", "Task stream", "Tasks by prefix", "Memory and load", "Profile of tasks", "Profile of the scheduler", "Bandwidth",
    "Failures", "Workers", "Versions", "Code",
)  # fmt: skip


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
        ) as cluster,
        Client(cluster) as made,
    ):
        yield made


def block(number):
    return bytes(200_000 + number)


def lengths(*blocks):
    until = time.monotonic() + 0.02
    while time.monotonic() < until:
        sum(range(100))
    return sum(map(len, blocks))


@pytest.mark.slow
@pytest.mark.network
def test_what_is_in_a_report(client, tmp_path):
    file = tmp_path / "report.html"
    first, second = client.scheduler_info()["workers"]
    with performance_report(str(file)):
        here = [client.submit(block, n, workers=first, pure=False) for n in range(3)]
        client.submit(lengths, *here, workers=second, pure=False).result()
        client.submit(truediv, 1, 0, key="<script>alert(1)</script>-1").exception()
    page = file.read_text()
    assert re.findall("<h2 id=[^>]*>([^<]*)</h2>", page) == list(SECTIONS)
    assert "ZeroDivisionError: division by zero" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;-1" in page
    assert "<script>alert(1)" not in page
    assert "<td>block</td><td>3</td>" in page
    # The statement, as it stands here.
    assert "with performance_report(str(file)):" in page
    assert "truediv, 1, 0" in page
    assert "SECTIONS" not in page
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert "default-src" in page
    assert "numpy" in page


@pytest.mark.slow
@pytest.mark.network
def test_a_block_in_which_nothing_happens(client, tmp_path):
    file = tmp_path / "report.html"
    with performance_report(file, mode="cdn"):
        pass
    page = file.read_text()
    assert "No task ran." in page
    assert "No task failed." in page


@pytest.mark.slow
@pytest.mark.network
def test_an_error_of_the_block_is_told_and_raised(client, tmp_path):
    file = tmp_path / "report.html"
    with pytest.raises(KeyError, match="lost"), performance_report(str(file)):
        raise KeyError("lost")
    assert "KeyError: &#x27;lost&#x27;" in file.read_text()
    missing = file / "report.html"
    with pytest.raises(KeyError, match="lost") as caught, performance_report(str(missing)):
        raise KeyError("lost")
    assert "the performance report couldn't be written" in caught.value.__notes__[0]
    with pytest.raises(OSError, match=r"report\.html"), performance_report(str(missing)):
        pass
    # Nothing is recorded any more.
    assert client.submit(add, 1, 2, pure=False).result() == 3


@pytest.mark.network
def test_with_an_asynchronous_client(tmp_path):
    file = tmp_path / "report.html"

    async def main():
        async with (
            LocalCluster(n_workers=1, processes=False, dashboard_address=None, asynchronous=True) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            with pytest.raises(TypeError, match="use `async with performance_report"), performance_report(str(file)):
                pass
            async with performance_report(str(file)):
                assert await client.submit(add, 1, 2) == 3
            assert not cluster.scheduler.recorder.is_attached

    asyncio.run(main())
    assert "<td>add</td><td>1</td>" in file.read_text()


@pytest.mark.slow
@pytest.mark.network
def test_files_elsewhere(client):
    import fsspec

    with performance_report("memory://reports/one.html", storage_options={}):
        pass
    assert b"Performance report" in fsspec.filesystem("memory").cat("/reports/one.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "server"}, "mode must be 'inline' or 'cdn', got 'server'"),
        ({"stacklevel": 0}, "stacklevel must be 1 or more, got 0"),
        ({"stacklevel": 10_000}, "stacklevel=10000 is beyond the outermost call"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        performance_report(**arguments)


def test_without_bokeh_it_says_so_before_the_block(monkeypatch):
    monkeypatch.setattr(report, "bokeh_scripts", lambda: None)
    with pytest.raises(ImportError, match=r"pip install \"minidask\[diagnostics\]\""), performance_report():
        pass


def test_the_code_is_the_statement_around():
    made = performance_report()
    assert made._code == "made = performance_report()"
    with pytest.raises(ZeroDivisionError):
        made = performance_report()
        1 / 0
    assert made._code.startswith("with pytest.raises(ZeroDivisionError):\n    made")


def test_code_that_is_nowhere():
    found = {}
    exec("from minidask_distributed import performance_report\nmade = performance_report()", found)
    assert found["made"]._code == ""


def test_another_level_of_the_stack():
    def make():
        return performance_report(stacklevel=2)

    made = make()
    assert made._code == "made = make()"


def told(**changes):
    nothing = {
        "start": 100.0,
        "stop": 102.0,
        "history": {"time": [], "process": []},
        "activities": {name: [] for name in ("worker", "kind", "start", "duration", "nbytes", "peer", "type")},
        "failures": {name: [] for name in ("time", "key", "worker", "type", "text")},
        "pairs": {name: [] for name in ("source", "target", "nbytes", "count", "bandwidth")},
        "types": {name: [] for name in ("type", "nbytes", "count", "bandwidth")},
    }
    process = {"host": {"python": "3.11", "OS": "Linux"}, "packages": {"numpy": "2.4"}}
    made = {
        "records": [],
        "record": nothing,
        "workers": Node(),
        "scheduler": Node(),
        "info": {"workers": {}},
        "versions": {"client": process, "scheduler": process, "workers": {}},
        "code": "",
        "error": "",
    }
    return report.Told(**(made | changes))


def test_versions_that_differ_are_named():
    here = {"host": {"python": "3.11", "OS": "Linux"}, "packages": {"numpy": "2.4"}}
    there = {"host": {}, "packages": {"numpy": "2.3"}}
    parts = report.page_parts(told(versions={"client": here, "scheduler": here, "workers": {"tcp://a:1": there}}))
    assert any("numpy is 2.4 here and 2.3 there" in part for part in parts)


def test_long_tables_say_what_is_left_out(monkeypatch):
    monkeypatch.setattr(report, "SHOWN", 2)
    moments = [{"action": "compute", "start": 100.0, "stop": 100.5}]
    worker = {"worker": "tcp://a:1", "thread": 0, "status": "OK", "nbytes": 1, "startstops": moments}
    parts = report.page_parts(told(records=[{"key": f"{name}-1", **worker} for name in "abc"]))
    assert any("1 more rows aren" in part for part in parts if isinstance(part, str))


def test_the_name_is_public():
    assert minidask_distributed.performance_report is performance_report
