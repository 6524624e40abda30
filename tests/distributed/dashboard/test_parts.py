import re

import pytest

from minidask_distributed.dashboard import parts
from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED
from minidask_distributed.dashboard.layout import Plot, Table

KINDS = {"bytes", "rate", "seconds", "count", "exact", "percent", "time", "text", "share", "state", "name", "pre"}

PARTS = {part.name: part for part in vars(parts).values() if isinstance(part, Plot | Table)}

PLOTS = [part for part in PARTS.values() if isinstance(part, Plot)]


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


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
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
