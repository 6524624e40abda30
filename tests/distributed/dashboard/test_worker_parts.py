"""A worker's own pages."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.dashboard import worker_parts as parts

pytestmark = pytest.mark.network


def test_feeds_and_plots_fit_together():
    for page in parts.PAGES:
        for part in page.parts():
            for feed in part.feeds:
                assert feed in parts.FEEDS
            for name, _, _ in getattr(part, "columns", ()):
                assert name in parts.FEEDS[part.feed].columns


def test_the_pages(looking, visitor_of):
    async def main():
        async with looking(workers=1) as found:
            [worker] = found.workers
            visitor = visitor_of(worker.services._started[0])
            page = await visitor.text("status")
            assert "worker worker-0" in page
            assert "← cluster" not in page
            assert "No task runs" in await visitor.text("call-stacks")
            assert "Log of worker worker-0" in await visitor.text("logs")
            assert set(await visitor.json("individual-plots.json")) == {plot.title for plot in parts.INDIVIDUAL_PLOTS}
            for plot in parts.INDIVIDUAL_PLOTS:
                assert (await visitor.get(f"figures/{plot.name}.json?theme=dark")).code == 200
            frame = await visitor.json("feeds/poll?feeds=" + ",".join(parts.FEEDS))
            assert all("set" in part for part in frame["feeds"].values())

    asyncio.run(main())
