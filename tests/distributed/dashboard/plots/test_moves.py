import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import moves

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["stealing", "stealing_by_worker", "events", "shuffles"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(moves, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_events_stand_in_the_rows_of_their_topics(render):
    assert render(moves.events).yaxis[0].tags == ["labels:event-topics:y:label"]


@pytest.mark.parametrize("name", ["stealing", "events"])
def test_the_first_and_the_last_dot_are_not_cut(name, render):
    plot = render(getattr(moves, name))
    assert plot.x_range.range_padding > 0
    assert plot.y_range.range_padding > 0
