"""The frame of pages: relative addresses, escaped texts, places for the script."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from minidask_distributed.dashboard.layout import Page, Plot, Table, Tabs
from minidask_distributed.dashboard.page_shell import document, page, root_of

EVIL = "<script>alert(1)</script>"
PLOT = Plot("a-plot", EVIL, "module:make", ("a",), hint=EVIL, empty=EVIL, key=((EVIL, "#ff0000"),))
OTHER = Plot("b-plot", "B", "module:make", ("b",))
TABLE = Table("a-table", EVIL, "a", ((EVIL, EVIL, "text"),), hint=EVIL, empty=EVIL)
PAGES = (
    Page("first", EVIL, EVIL, ((PLOT, Tabs((OTHER, TABLE))),), more_feeds=("summary",)),
    Page("second", "Second", "", in_navigation=False),
)


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.found.append((name, dict(attributes)))

    def with_(self, attribute):
        return [attributes for _, attributes in self.found if attribute in attributes]


def test_a_page_has_a_place_for_every_part():
    made = Elements(page(PAGES[0], PAGES, title=EVIL))
    assert [one["data-figure"] for one in made.with_("data-figure")] == ["a-plot", "b-plot"]
    [table] = made.with_("data-columns")
    assert table["data-feed"] == "a"
    assert json.loads(table["data-columns"]) == [[EVIL, EVIL, "text"]]
    [body] = made.with_("data-root")
    assert (body["data-root"], body["data-feeds"]) == ("", "summary,a,b")
    assert made.with_("data-summary")
    ids = [one["id"] for one in made.with_("id")]
    assert len(set(ids)) == len(ids)


def test_nothing_is_markup_that_should_be_text():
    scripts = [attributes for name, attributes in Elements(page(PAGES[0], PAGES, title=EVIL)).found if name == "script"]
    assert all("src" in attributes for attributes in scripts)


def test_the_navigation_has_the_pages_that_want_it():
    made = page(PAGES[0], PAGES, title="x")
    assert 'href="first"' in made
    assert 'href="second"' not in made
    assert "<nav" not in page(PAGES[0], PAGES, title="x", individual=True)


def test_addresses_are_relative_and_of_this_server():
    for path in ("status", "info/main/workers.html"):
        made = document(path, PAGES, "x", "y", plots=True)
        root = root_of(path)
        for address in re.findall(r'(?:href|src)="([^"]+)"', made):
            assert address.startswith((f"{root}static/", f"{root}first", f"{root}status", "#")), address


def test_pages_without_plots_load_no_bokeh():
    assert "bokeh" not in document("x", (), "x", "y")
    assert "bokeh" in document("x", (), "x", "y", plots=True)


def test_the_way_back_to_the_cluster():
    assert 'href="../../../workers"' in document("x", (), "x", "y", home="../../../workers")
