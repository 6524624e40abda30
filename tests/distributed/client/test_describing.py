"""What a client says of itself."""

from __future__ import annotations

import os
from operator import add
from pathlib import Path

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.describing import MOST_WORKERS, SchedulerInfo
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.security import read_scheduler_file
from tests.distributed.client.scripted import TOKEN, connected

pytestmark = pytest.mark.network


def test_names_and_addresses() -> None:
    with connected() as (made, client):
        assert client.scheduler is not None
        assert client.scheduler.address == client.address == made.scheduler_address
        assert client.id == client.name
        assert client.dashboard_link == ""
        future = client.submit(add, 1, 2, key="x")
        assert future.result() == 3
        assert list(client.futures) == ["x"]
        assert client.futures["x"].status == "finished"
    assert Client(asynchronous=True).scheduler is None


def test_for_notebooks() -> None:
    with connected() as (made, client):
        client.name = "<me>"
        shown = client._repr_html_()
        assert "&lt;me&gt;" in shown
        assert made.scheduler_address in shown
        assert "running" in shown


def test_a_scheduler_for_notebooks() -> None:
    worker = {"name": "<script>", "status": "running", "nthreads": 2, "memory_limit": 0, "n_processing": 1, "n_held": 3}
    info = SchedulerInfo(address="tcp://a:1", workers={f"tcp://b:{port}": worker for port in range(MOST_WORKERS + 1)})
    shown = info._repr_html_()
    assert f"<summary>{MOST_WORKERS} of {MOST_WORKERS + 1} workers</summary>" in shown
    assert shown.count("<td>&lt;script&gt;</td>") == MOST_WORKERS
    assert "<details" not in SchedulerInfo(address="tcp://a:1", workers={})._repr_html_()


def test_a_scheduler_file(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    with connected() as (made, client):
        client.write_scheduler_file(path)
        assert read_scheduler_file(path) == {"address": made.scheduler_address, "token": TOKEN}
        assert os.stat(path).st_mode & 0o077 == 0
        with Client(scheduler_file=path) as other:
            assert other.submit(add, 1, 2).result() == 3
    with pytest.raises(CommClosedError):
        client.write_scheduler_file(path)
    with connected("inproc://") as (_, client), pytest.raises(ValueError, match="outside of this process"):
        client.write_scheduler_file(path)
