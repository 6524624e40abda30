import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import profile

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["flame_workers", "flame_server", "timeline"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(profile, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_each_flame_graph_says_whose_it_is(render):
    assert render(profile.flame_workers).tags == ["flame:workers"]
    assert render(profile.flame_server).tags == ["flame:scheduler"]
