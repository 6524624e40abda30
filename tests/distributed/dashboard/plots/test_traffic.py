import pytest

pytest.importorskip("bokeh")

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.plots import traffic

COLUMNS = {name: feed.columns for name, feed in ALL.items()} | FETCHED


@pytest.mark.parametrize("name", ["pairs", "types"])
def test_the_figure_needs_no_column_that_its_feed_hasnt(name, render, columns_of):
    found = columns_of(render(getattr(traffic, name)))
    assert found
    for feed, columns in found.items():
        assert columns <= set(COLUMNS[feed]), feed


def test_both_axes_of_the_matrix_are_labelled(render):
    plot = render(traffic.pairs)
    assert plot.xaxis[0].tags == plot.yaxis[0].tags == ["labels:bandwidth-workers:y:label"]
