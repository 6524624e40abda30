"""HTML made of elements, every text of which is escaped: the pages that the server writes itself.

Place in the flow: `page_shell` and the info pages build with it; nothing else writes HTML.

Invariants: a `str` is text and gets escaped, in elements and attributes alike; only what `tag` returns is markup. Attributes that
take an address accept paths and http(s) alone, so that no name of a task or worker becomes a script.

Not for: templates; pages are functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, TypeAlias

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_ADDRESSES = frozenset({"href", "src"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = "str | int | float | Markup | Iterable[Content] | None"


def tag(name: str, /, *content: Content, **attributes: Any) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Of the element, a literal.
    content
        Texts (escaped), markup, numbers, None (nothing), or iterables of these.
    attributes
        Values are escaped; True stands without a value, None and False leave it out. ``class_`` is ``class``, an underscore
        a dash.

    Raises
    ------
    ValueError
        If an address isn't a path or of http(s).

    Examples
    --------
    >>> tag("td", "<script>", class_="key")
    '<td class="key">&lt;script&gt;</td>'
    >>> tag("a", "x", href="javascript:alert(1)")
    Traceback (most recent call last):
    ...
    ValueError: 'javascript:alert(1)' is no address for a page
    """
    written = "".join(_attribute(attribute, value) for attribute, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Return content as markup, texts escaped.

    Examples
    --------
    >>> joined(["a<b", None, 3, tag("b", "c")])
    'a&lt;b3<b>c</b>'
    """
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str | int | float):
        return Markup(escape(str(content)))
    return Markup("".join(map(joined, content)))


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = str(value)
    if name in _ADDRESSES and not is_address(text):
        raise ValueError(f"{text!r:.100} is no address for a page")
    return f' {name}="{escape(text)}"'


def is_address(text: str) -> bool:
    """Say whether a text is a path, or an address of http(s).

    Examples
    --------
    >>> is_address("info/a.html"), is_address("https://a/"), is_address("javascript:x"), is_address("//evil.example/")
    (True, True, False, False)
    """
    if text.startswith(("http://", "https://")):
        return True
    head = text.partition("/")[0].partition("?")[0].partition("#")[0]
    return ":" not in head and not text.startswith(("//", "\\", "/\\")) and text.isprintable()


def table(headings: Sequence[Content], rows: Iterable[Sequence[Content]], **attributes: Any) -> Markup:
    """Return a table.

    Examples
    --------
    >>> table(["name"], [["<a>"]])
    '<table><thead><tr><th>name</th></tr></thead><tbody><tr><td>&lt;a&gt;</td></tr></tbody></table>'
    """
    head = tag("thead", tag("tr", (tag("th", heading) for heading in headings)))
    body = tag("tbody", (tag("tr", (tag("td", cell) for cell in row)) for row in rows))
    return tag("table", head, body, **attributes)


def facts(rows: Iterable[tuple[str, Content]]) -> Markup:
    """Return names and values, one a row."""
    return tag(
        "table", (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows), class_="facts"
    )


def bare_document(title: str, main: Content) -> str:
    """Return a document that needs no other file, for those who may not have any.

    Examples
    --------
    >>> bare_document("403", tag("p", "no"))[:45]
    '<!doctype html>\\n<html lang="en"><head><meta c'
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
    )
    body = tag(
        "body", tag("main", main), style="font: 16px/1.5 system-ui, sans-serif; margin: 3em auto; max-width: 42em"
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"
