"""Figures of a worker's pages have the columns of their feed."""

from __future__ import annotations

import pytest
from bokeh.models import ColumnDataSource

from minidask_distributed.dashboard.feeds.one_worker import FEEDS
from minidask_distributed.dashboard.plots import one_worker


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [one_worker.memory, one_worker.cpu, one_worker.tasks])
def test_sources_name_their_feed_and_its_columns(make, theme):
    sources = list(make(theme).select({"type": ColumnDataSource}))
    assert sources
    for source in sources:
        [name] = [tag.removeprefix("feed:") for tag in source.tags if tag.startswith("feed:")]
        derived = {
            tag.partition(":")[2].partition("=")[0]: tag.rpartition(":")[2]
            for tag in source.tags
            if tag.startswith("derive:")
        }
        assert set(derived.values()) <= set(FEEDS[name].columns)
        assert set(source.data) - set(derived) <= set(FEEDS[name].columns)
        assert all(len(column) == 0 for column in source.data.values())
