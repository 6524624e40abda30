"""Everything is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.dashboard.markup import Markup, bare_document, facts, is_address, joined, table, tag

EVIL = '<script>alert("1")</script>&\''


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@given(st.text(), st.text())
def test_no_text_becomes_an_element_or_an_attribute(text, value):
    parsed = Tags(tag("p", text, title=value, data_x=value))
    assert [name for name, _ in parsed.tags] == ["p"]
    assert set(parsed.tags[0][1]) == {"title", "data-x"}


@given(st.text())
def test_no_address_becomes_a_script(text):
    if not is_address(text):
        with pytest.raises(ValueError, match="is no address for a page"):
            tag("a", "x", href=text)
    else:
        [(_, attributes)] = Tags(tag("a", "x", href=text)).tags
        assert not attributes["href"].strip().lower().startswith(("javascript:", "data:", "vbscript:"))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        " javascript:x",
        "data:text/html,x",
        "//evil",
        "\\\\evil",
        "java\nscript:x",
    ],
)
def test_addresses_that_are_none(address):
    with pytest.raises(ValueError, match="is no address"):
        tag("a", "x", href=address)


def test_content():
    assert joined(["a<", 1, 2.5, None, [Markup("<b>")]]) == "a&lt;12.5<b>"
    assert tag("input", disabled=True, hidden=False, value=None, aria_label="x") == '<input disabled aria-label="x">'
    assert tag("br") == "<br>"
    assert tag("meta", name="viewport") == '<meta name="viewport">'


def test_tables_and_facts_and_documents():
    for made in (table([EVIL], [[EVIL]]), facts([(EVIL, EVIL)]), bare_document(EVIL, tag("p", EVIL))):
        assert "<script" not in made
        assert "alert(" in made
