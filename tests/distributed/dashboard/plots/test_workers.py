import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import workers

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["memory", "processing", "cpu", "occupancy", "transfer"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(workers, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_memory_is_stacked_in_one_colour_and_grey(render, columns_of):
    assert {"managed", "unmanaged", "unmanaged_recent", "spilled", "color"} <= columns_of(render(workers.memory))[
        "workers-memory"
    ]
