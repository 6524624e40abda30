"""Prometheus reads the metrics with its own parser; labels are bounded."""

from __future__ import annotations

import asyncio
import sys

import pytest

from minidask_distributed import Client
from minidask_distributed.dashboard import metrics

pytestmark = pytest.mark.network


def parsed(text):
    from prometheus_client.parser import text_string_to_metric_families

    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_of_scheduler_and_workers(looking):
    async def main():
        async with looking(workers=1) as found:
            async with Client(found.scheduler.address, security=found.scheduler.security, asynchronous=True) as client:
                futures = [client.submit(pow, number, 2, key=f"secret-key-{number}") for number in range(5)]
                await client.gather(futures)
                text = await found.visitor.text("metrics")
                got = parsed(text)
                assert got["minidask_scheduler_tasks{state=memory}"] == 5
                assert got["minidask_scheduler_workers{state=idle}"] == 1
                assert got["minidask_scheduler_clients"] == 1
                assert got["minidask_scheduler_threads"] == 1
                assert got["minidask_scheduler_transitions_total"] >= 15
                assert got["process_resident_memory_bytes"] > 0
                assert "secret-key" not in text
                port = found.workers[0].services.ports()["dashboard"]
                got = parsed(await found.visitor.text(f"proxy/{port}/127.0.0.1/metrics"))
                assert got["minidask_worker_tasks{state=in_memory}"] == 5
                assert got["minidask_worker_tasks_finished_total"] == 5
                assert got["minidask_worker_memory_bytes{type=unmanaged}"] > 0
                assert got["minidask_worker_threads"] == 1

    asyncio.run(main())


def test_the_content_type_is_prometheus_own(looking):
    async def main():
        async with looking() as found:
            answer = await found.visitor.get("metrics")
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")

    asyncio.run(main())


def test_without_the_package_it_says_what_to_install(looking, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ImportError, match="metrics need prometheus_client: pip install"):
        metrics.load()

    async def main():
        async with looking() as found:
            assert "pip install" in await found.visitor.text("metrics", 503)

    asyncio.run(main())
