import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import task_stream

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["task_stream", "long_task_stream"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(task_stream, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_the_stream_is_a_timeline_that_the_script_moves(render):
    plot = render(task_stream.task_stream)
    assert {"timeline", "stream:task-stream", "lanes:task-lanes", "window:30", "history:20000"} <= set(plot.tags)
    assert plot.toolbar.active_scroll is not None
    assert plot.toolbar.active_drag is not None


def test_the_longer_one_keeps_more(render):
    assert "history:50000" in render(task_stream.long_task_stream).tags
