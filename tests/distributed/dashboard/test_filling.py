"""Figures that stand alone: filled as the pages' script fills them, and pages with nothing from elsewhere."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from minidask_distributed.dashboard import filling
from minidask_distributed.dashboard.figures import BokehMissing
from minidask_distributed.dashboard.markup import tag

embed = pytest.importorskip("bokeh.embed")

BARS = {
    "workers-load": {
        "y": [0, 1],
        "worker": ["</script><script>alert(1)", "bob"],
        "label": ["<b>", ""],
        "bandwidth_in": [2048.0, None],
        "bandwidth_out": [0.0, 1.0],
    }
}


def data_of(figure):
    from bokeh.models import ColumnDataSource

    return next(source.data for source in figure.select({"type": ColumnDataSource}) if "worker" in source.data)


def test_sources_and_labels_are_filled_by_their_tags():
    figure = filling.figure_of("workers:transfer", BARS, height=200)
    data = data_of(figure)
    assert data["worker"][1] == "bob"
    assert data["in_text"] == ["2.00 kiB/s", "–"]
    assert figure.yaxis[0].major_label_overrides == {0: "<b>"}
    assert figure.yaxis[0].ticker.ticks == [0]
    assert (figure.height, figure.sizing_mode) == (200, "stretch_width")


def test_no_tag_is_left_for_the_pages_script():
    figure = filling.figure_of("workers:transfer", BARS, height=200)
    assert not [model for model in figure.references() if model.tags]


def test_a_feed_without_columns_leaves_its_sources_empty():
    assert data_of(filling.figure_of("workers:transfer", {}, height=200))["worker"] == []


def test_every_kind_of_the_pages_script_is_there():
    script = (Path(filling.__file__).parent / "assets/format.js").read_text()
    names = re.search(r"export const KINDS = \{(.*?)\}", script).group(1)
    assert {name.split(":")[0].strip() for name in names.split(",")} - {"time"} == set(filling.KINDS)


def test_the_clock_is_that_of_this_place():
    stamp = 1_700_000_000.25
    shown = datetime.fromtimestamp(filling.local_ms(stamp) / 1e3, tz=None).astimezone()
    offset = datetime.fromtimestamp(stamp).astimezone().utcoffset()
    assert shown.timestamp() - stamp == offset.total_seconds()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("bytes", 2048, "2.00 kiB"),
        ("count", 12345, "12,345"),
        ("exact", 1.5, "1.50"),
        ("percent", 12.34, "12.3 %"),
        ("seconds", None, "–"),
        ("text", None, ""),
    ],
)
def test_numbers_as_people_read_them(kind, value, text):
    assert filling.KINDS[kind](value) == text


def test_a_page_needs_nothing_from_elsewhere(tmp_path):
    figure = filling.figure_of("workers:transfer", BARS, height=200)
    file = tmp_path / "page.html"
    filling.write_page(file, "<title>", [tag("h1", "<script>"), figure, tag("p", "end")], style="p { color: red }")
    page = file.read_text()
    assert "&lt;title&gt;" in page
    assert "<h1>&lt;script&gt;</h1>" in page
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    # It can't end the element that it stands in.
    assert "</script><script>alert" not in page
    assert "alert(1)" in page
    assert page.index("<h1>") < page.index("<p>end</p>")


def test_other_resources(tmp_path):
    from bokeh.resources import CDN

    page = filling.page_of("x", [filling.figure_of("workers:transfer", BARS, height=200)], CDN)
    assert "https://cdn.bokeh.org" in page


def test_a_page_without_figures_has_no_bokeh():
    assert "<script" not in filling.page_of("x", [tag("p", "y")])


def test_without_bokeh_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(filling, "bokeh_scripts", lambda: None)
    with pytest.raises(BokehMissing, match=r'pictures need bokeh: pip install "minidask\[diagnostics\]"'):
        filling.figure_of("workers:transfer", BARS, height=200)


def test_figures_can_be_embedded():
    text = json.dumps(embed.json_item(filling.figure_of("workers:transfer", BARS, height=200)))
    assert "CustomJS" not in text
