import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import history

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize(
    "name",
    [
        "cluster_memory",
        "scheduler_cpu",
        "scheduler_memory",
        "scheduler_delay",
        "scheduler_files",
        "cluster_cpu",
        "bandwidth",
        "throughput",
        "backlog",
    ],
)
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(history, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_times_are_the_viewers(render):
    for make in (history.cluster_memory, history.bandwidth):
        plot = render(make)
        assert plot.x_range.follow == "end"
