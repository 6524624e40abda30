"""What the scheduler's dashboard consists of fits together."""

from __future__ import annotations

from minidask_distributed.dashboard import scheduler_parts as parts


def test_every_feed_that_a_page_shows_is_there():
    for page in parts.PAGES:
        for part in page.parts():
            for feed in part.feeds:
                # Profiles are asked for when somebody looks at them, and are no feeds.
                assert feed in parts.FEEDS or feed.startswith("profile"), (page.route, part.name, feed)


def test_names_and_routes_are_unique():
    routes = [page.route for page in parts.PAGES]
    assert len(set(routes)) == len(routes)
    names = [plot.name for plot in parts.INDIVIDUAL_PLOTS]
    assert len(set(names)) == len(names)
    assert len({plot.title for plot in parts.INDIVIDUAL_PLOTS}) == len(names)


def test_the_pages_of_the_field_are_there():
    routes = {page.route for page in parts.PAGES}
    assert {"status", "workers", "tasks", "system", "profile", "graph", "groups", "bandwidth", "exceptions"} <= routes
