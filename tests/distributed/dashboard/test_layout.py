"""What pages consist of."""

from __future__ import annotations

from minidask_distributed.dashboard.layout import Page, Plot, Table, Tabs

ONE = Plot("one", "One", "module:one", ("a", "b"))
TWO = Plot("two", "Two", "module:two", ("b",))
LIST = Table("list", "List", "c", (("x", "X", "text"),))


def test_parts_of_tabs_are_parts_of_the_page():
    page = Page("r", "R", "", ((ONE,), (Tabs((TWO, LIST)), ONE)))
    assert list(page.parts()) == [ONE, TWO, LIST, ONE]


def test_feeds_are_named_once():
    page = Page("r", "R", "", ((ONE, Tabs((TWO, LIST))),), more_feeds=("summary", "c"))
    assert page.feeds() == ("summary", "c", "a", "b")
    assert LIST.feeds == ("c",)
