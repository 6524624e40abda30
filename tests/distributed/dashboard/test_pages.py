import re

import pytest

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.layout import Plot, Table
from minidask_distributed.dashboard.pages import INDIVIDUAL_PLOTS, PAGES

ROUTES = (
    "status", "workers", "tasks", "system", "profile", "profile-server", "graph", "groups", "bandwidth", "stealing", "shuffle",
    "events", "exceptions",
)  # fmt: skip

KINDS = {"bytes", "rate", "seconds", "count", "exact", "percent", "time", "text", "share", "state", "name", "pre"}

PARTS = {part.name: part for page in PAGES for part in page.parts()}


def test_every_page_is_there_once():
    assert tuple(page.route for page in PAGES) == ROUTES
    assert len({page.title for page in PAGES}) == len(PAGES)
    assert all(page.lead.endswith(".") for page in PAGES)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_part_names_feeds_that_exist_and_says_what_will_appear(part):
    assert set(part.feeds) <= set(ALL)
    assert part.empty.endswith(".")
    assert re.fullmatch("[a-z0-9-]+", part.name)


@pytest.mark.parametrize(
    "table", [part for part in PARTS.values() if isinstance(part, Table)], ids=lambda part: part.name
)
def test_tables_show_columns_that_their_feeds_have(table):
    columns = set(ALL[table.feed].columns)
    for name, heading, kind in table.columns:
        what, _, other = kind.partition(":")
        assert heading
        assert name in columns
        assert what in KINDS or (what == "link" and other in columns)


@pytest.mark.parametrize("plot", INDIVIDUAL_PLOTS, ids=lambda plot: plot.name)
def test_plots_say_which_feeds_their_sources_name(plot):
    pytest.importorskip("bokeh")
    from importlib import import_module

    from bokeh.models import ColumnDataSource

    module, _, function = plot.make.partition(":")
    figure = getattr(import_module(f"minidask_distributed.dashboard.plots.{module}"), function)("light")
    tags = [tag for source in figure.select({"type": ColumnDataSource}) for tag in source.tags]
    tags += [tag for axis in figure.axis for tag in axis.tags]
    named = {tag.split(":")[1] for tag in tags if tag.startswith(("feed:", "labels:"))}
    assert named - set(FETCHED) == set(plot.feeds)


def test_no_two_parts_have_one_name():
    named = {}
    for page in PAGES:
        for part in page.parts():
            assert named.setdefault(part.name, part) is part


def test_names_are_unique_and_every_plot_has_a_page_of_its_own():
    names = [plot.name for plot in INDIVIDUAL_PLOTS]
    assert len(set(names)) == len(names)
    assert {part.name for part in PARTS.values() if isinstance(part, Plot)} == set(names)


def test_every_page_has_the_strip_of_numbers():
    assert all("summary" in page.feeds() for page in PAGES)


def test_every_feed_is_shown_somewhere():
    assert {feed for page in PAGES for feed in page.feeds()} == set(ALL)
