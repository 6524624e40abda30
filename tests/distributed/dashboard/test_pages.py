from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.layout import Plot
from minidask_distributed.dashboard.pages import INDIVIDUAL_PLOTS, PAGES

ROUTES = (
    "status", "workers", "tasks", "system", "profile", "profile-server", "graph", "groups", "bandwidth", "stealing", "shuffle",
    "events", "exceptions",
)  # fmt: skip

PARTS = {part.name: part for page in PAGES for part in page.parts()}


def test_every_page_is_there_once():
    assert tuple(page.route for page in PAGES) == ROUTES
    assert len({page.title for page in PAGES}) == len(PAGES)
    assert all(page.lead.endswith(".") for page in PAGES)


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
