"""The frame of every page as HTML: head, navigation, title, and places that the page's script fills.

Place in the flow: routes call `page` for the pages of plots and `document` for those that the server writes whole.

What the script (``static/app.js``) finds: ``body[data-root]``, the way to the top ("" or "../../"), to which all addresses are
relative, and ``body[data-feeds]``, what to subscribe; a ``.card`` a part, with ``[data-figure=name]``, to be filled from
``figures/<name>.json?theme=…``, or ``table[data-feed=name][data-columns]`` with rows from the feed; ``.tabs`` with a
``[role=tab]`` for each ``[role=tabpanel]``; ``[data-summary]``, numbers of the strip; ``#connection`` and ``#theme``.

Invariants: no script, style or address of another host; nothing inline but heights and colours. Not for: figures (`figures`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from minidask_distributed.dashboard.layout import Page, Part, Plot, Table, Tabs
from minidask_distributed.dashboard.markup import Content, Markup, tag

BOKEH_SCRIPTS = ("bokeh.min.js",)

SUMMARY = (
    ("workers", "workers:count", ""),
    ("threads", "threads:count", ""),
    ("CPU", "cpu:percent", ""),
    ("memory", "memory:bytes", "limit:bytes"),
    ("spilled", "spilled:bytes", ""),
    ("processing", "processing:count", ""),
    ("waiting", "waiting:count", ""),
    ("in memory", "in_memory:count", ""),
    ("tasks/s", "tasks_per_s:count", ""),
    ("erred", "erred:count", ""),
)
"""(what, number, of which): the strip under the title, from the feed ``summary``."""


def root_of(path: str) -> str:
    """Return the way from a page to the top.

    Examples
    --------
    >>> root_of("status"), root_of("info/main/workers.html")
    ('', '../../')
    """
    return "../" * path.count("/")


def page(page: Page, navigation: Sequence[Page], *, title: str, individual: bool = False, home: str = "") -> str:
    """Return a page of plots and tables as HTML.

    Parameters
    ----------
    page, navigation
        What it shows, and all pages to name in the navigation.
    title
        Of the cluster or worker, for the window's title.
    individual
        Without navigation and heading: to be shown in a frame.
    home
        Where "back to the cluster" leads; "" for none.
    """
    feeds = page.feeds()
    rows = tag("div", (tag("div", map(_part, row), class_="row") for row in page.rows), class_="rows")
    summary = _summary() if "summary" in feeds else None
    main: Content = rows if individual else [tag("h1", page.title), tag("p", page.lead, class_="lead"), summary, rows]
    return document(
        page.route,
        navigation,
        f"{page.title} · {title}",
        main,
        individual=individual,
        home=home,
        plots=any(isinstance(part, Plot) for part in page.parts()),
        feeds=feeds,
    )


def document(
    path: str,
    navigation: Sequence[Page],
    title: str,
    main: Content,
    *,
    individual: bool = False,
    home: str = "",
    plots: bool = False,
    feeds: Iterable[str] = (),
    scripts: bool = True,
) -> str:
    """Return a whole document.

    Parameters
    ----------
    path
        Where it is, to make addresses relative.
    navigation
        Pages.
    title
        Of the window.
    main
        What it shows.
    individual, home
        As for `page`.
    plots
        Whether it has plots.
    feeds
        What the script subscribes.
    scripts
        Whether it has the script, which whoever isn't let in wouldn't get.
    """
    root = root_of(path)
    feeds = ",".join(feeds)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href=f"{root}static/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href=f"{root}static/style.css"),
        (tag("script", src=f"{root}static/bokeh/{name}", defer=True) for name in BOKEH_SCRIPTS if plots),
        tag("script", src=f"{root}static/app.js", type="module") if scripts else None,
    )
    body = tag(
        "body",
        None if individual else _header(path, root, navigation, home, is_fed=bool(feeds)),
        tag("main", main, id="main"),
        tag("noscript", "These pages need JavaScript for their plots; the pages under Info and /json don't."),
        class_="individual" if individual else "page",
        data_root=root,
        data_page=path,
        data_feeds=feeds,
    )
    return f'<!doctype html>\n{Markup(f"""<html lang="en">{head}{body}</html>""")}\n'


def _header(path: str, root: str, navigation: Iterable[Page], home: str, is_fed: bool) -> Markup:
    links = [
        tag("li", tag("a", page.title, href=root + page.route, aria_current="page" if page.route == path else None))
        for page in navigation
        if page.in_navigation
    ]
    connection = tag("span", tag("span", class_="dot"), tag("span", "Connecting …"), id="connection", role="status")
    return tag(
        "header",
        tag("a", "To the content", href="#main", class_="skip"),
        tag("a", "minidask", href=root + "status", class_="brand"),
        tag("a", "← cluster", href=home, class_="home") if home else None,
        tag("nav", tag("ul", links), aria_label="Pages"),
        tag("div", connection if is_fed else None, tag("button", "Dark", id="theme", type="button"), class_="end"),
        class_="top",
    )


def _summary() -> Markup:
    def number(name: str) -> Markup:
        return tag("b", "–", data_summary=name)

    def item(name: str, what: str, limit: str) -> Markup:
        of = [" of ", number(limit)] if limit else None
        return tag("li", number(what), of, f" {name}", class_="alarm" if name == "erred" else None)

    items = (item(*row) for row in SUMMARY)
    return tag("ul", items, class_="summary", aria_label="The cluster now")


def _part(part: Part | Tabs) -> Markup:
    if isinstance(part, Tabs):
        return _tabs(part)
    return tag(
        "section",
        tag("header", tag("h2", part.title), _about(part)),
        _content(part),
        class_="card",
        id=f"part-{part.name}",
    )


def _tabs(tabs: Tabs) -> Markup:
    buttons = (
        tag(
            "button",
            part.title,
            type="button",
            role="tab",
            id=f"tab-{part.name}",
            aria_controls=f"part-{part.name}",
            aria_selected="false" if at else "true",
            tabindex="-1" if at else "0",
        )
        for at, part in enumerate(tabs.parts)
    )
    panels = (
        tag(
            "section",
            tag("header", _about(part)),
            _content(part),
            class_="panel card",
            role="tabpanel",
            id=f"part-{part.name}",
            aria_labelledby=f"tab-{part.name}",
            hidden=at > 0,
        )
        for at, part in enumerate(tabs.parts)
    )
    return tag("div", tag("div", buttons, role="tablist"), panels, class_="card tabs")


def _about(part: Part) -> list[Content]:
    key = part.key if isinstance(part, Plot) else ()
    entries = (tag("li", _swatch(color), text) for text, color in key)
    return [
        tag("p", part.hint, class_="hint") if part.hint else None,
        tag("ul", entries, class_="key") if key else None,
    ]


def _swatch(color: str) -> Markup:
    return tag("svg", tag("rect", width="10", height="10", rx="2", fill=color), viewBox="0 0 10 10", aria_hidden="true")


def _content(part: Part) -> list[Content]:
    empty = tag("p", part.empty, class_="empty")
    trouble = tag("p", class_="trouble", role="alert")
    if isinstance(part, Plot):
        style = f"height: {part.height}px"
        return [tag("div", class_="figure", data_figure=part.name, style=style), empty, trouble]
    return [_table(part), empty, tag("p", class_="more"), trouble]


def _table(table: Table) -> Markup:
    sortable = "true" if table.sortable else "false"
    levels = {name: level for level, names in enumerate(table.narrow) for name in names}
    about = {name: {"title": title} for name, title in table.titles}
    for name, level in levels.items():
        about.setdefault(name, {})["narrow"] = f"narrow-{level}"
    place = tag(
        "table",
        data_feed=table.feed,
        data_sortable=sortable,
        data_columns=json.dumps(table.columns),
        data_about=json.dumps(about),
    )
    return tag("div", place, class_="table fed", role="region", aria_label=table.title, tabindex="0")
