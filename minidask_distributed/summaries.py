"""HTML that notebooks show of clients, clusters, servers and futures: tables of names and values.

Place in the flow: below all of the package; every ``_repr_html_`` that has no form of its own is written by `table`.

Invariants: every name and value is a text and gets escaped; only addresses of http(s) become links. Not for: the dashboard's
pages (`dashboard.markup`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

__all__ = ["folded", "rows", "table"]


def table(title: str, facts: Iterable[tuple[str, Any]], *more: str) -> str:
    """Return a table of names and values under a title.

    Parameters
    ----------
    title
    facts
        Pairs; those with an empty value are left out.
    *more
        HTML that stands under it, as of `folded`.

    Examples
    --------
    >>> table("Worker <a>", [("threads", 2), ("nanny", "")])
    '<table><caption>Worker &lt;a&gt;</caption><tr><th>threads</th><td>2</td></tr></table>'
    """
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{_value(value)}</td></tr>" for name, value in facts if value not in ("", None)
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>{''.join(more)}"


def rows(headings: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table with headings.

    Examples
    --------
    >>> rows(["name"], [["<a>"]])
    '<table><tr><th>name</th></tr><tr><td>&lt;a&gt;</td></tr></table>'
    """
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_value(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><tr>{head}</tr>{body}</table>"


def folded(title: str, content: str) -> str:
    """Return HTML that unfolds at a click.

    Examples
    --------
    >>> folded("2 workers", "<p></p>")
    '<details><summary>2 workers</summary><p></p></details>'
    """
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _value(value: Any) -> str:
    text = str(value)
    if text.startswith(("http://", "https://")):
        return f'<a href="{escape(text)}" target="_blank" rel="noopener">{escape(text)}</a>'
    return escape(text)
