"""Tests of `minidask_distributed.scheduler.identity`."""

from __future__ import annotations

import asyncio
import json

import pytest

from minidask_distributed.scheduler.identity import identity, remove_own_file
from tests.distributed.scheduler.scripted import cluster


@pytest.mark.network
def test_what_a_scheduler_says_of_itself():
    async def main():
        async with cluster(name="mine") as made:
            await made.worker("alice", nthreads=3, resources={"GPU": 1})
            told = identity(made.scheduler)
            assert json.loads(json.dumps(told)) == told
            assert (told["type"], told["name"], told["address"]) == ("Scheduler", "mine", made.scheduler.address)
            assert (told["n_workers"], told["total_threads"], told["total_memory"]) == (1, 3, 1 << 30)
            (worker,) = told["workers"].values()
            assert (worker["name"], worker["nthreads"], worker["pid"], worker["host"]) == ("alice", 3, 7, "here")
            assert (worker["resources"], worker["status"], worker["nanny"]) == ({"GPU": 1}, "running", None)

    asyncio.run(main())


def test_removing_a_file_that_is_ours(tmp_path):
    path = tmp_path / "scheduler.json"
    path.write_text('{"id": "theirs"}')
    remove_own_file(str(path), "ours")
    assert path.exists()
    path.write_text('{"id": "ours"}')
    remove_own_file(str(path), "ours")
    assert not path.exists()
    remove_own_file(str(path), "ours")
