"""Figures as the pages get them: rendered for both themes."""

from __future__ import annotations

import json
import re

import pytest

from minidask_distributed.dashboard.plots import charts

embed = pytest.importorskip("bokeh.embed")
check_integrity = pytest.importorskip("bokeh.core.validation").check_integrity

FORBIDDEN = ("CustomJS", "HTMLTemplateFormatter", "JavaScript", "http://", "https://", "{safe}")
TAG = re.compile(r"areas|feed:[a-z0-9-]+|derive:\w+=\w+:\w+|labels:[a-z0-9-]+:\w+:\w+")


def rendered(make):
    """Render a figure in both themes; nothing in it may need code or another host."""
    plots = {}
    for theme in charts.THEMES:
        plot = make(theme)
        text = json.dumps(embed.json_item(plot))
        assert not [word for word in FORBIDDEN if word in text]
        issues = check_integrity(plot.references())
        assert not [issue for issue in issues.error if issue.name != "MISSING_RENDERERS"]
        plots[theme] = plot
    return plots["light"]


def sources_of(plot):
    """Return {feed: columns of its sources that the feed must have}, derived ones by what they are made of."""
    from bokeh.models import ColumnDataSource

    found = {}
    for source in plot.select({"type": ColumnDataSource}):
        feeds = [tag.removeprefix("feed:") for tag in source.tags if tag.startswith("feed:")]
        if not feeds:
            continue
        assert all(TAG.fullmatch(tag) for tag in source.tags), source.tags
        derived = dict(tag.removeprefix("derive:").split("=") for tag in source.tags if tag.startswith("derive:"))
        needed = {
            how.split(":")[1] if name in derived else name for name in source.data for how in [derived.get(name, "")]
        }
        found.setdefault(feeds[0], set()).update(needed)
    for axis in plot.axis:
        for tag in axis.tags:
            _, feed, *columns = tag.split(":")
            found.setdefault(feed, set()).update(columns)
    return found


@pytest.fixture
def render():
    return rendered


@pytest.fixture
def columns_of():
    return sources_of
