import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.feeds.progress import STACKED
from minidask_distributed.dashboard.plots import progress

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["progress", "groups"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(progress, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_a_bar_has_a_part_for_each_state_of_the_feed():
    assert tuple(progress.PARTS) == STACKED
