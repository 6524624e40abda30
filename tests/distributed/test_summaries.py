"""HTML for notebooks: whatever a name is, it is shown as a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed import summaries


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_an_element(title, name, value):
    html = summaries.table(title, [(name, value)], summaries.folded(title, summaries.rows([name], [[value]])))
    assert set(re.findall(r"<(\w+)", html)) <= {"table", "caption", "tr", "th", "td", "details", "summary", "a"}
    assert "<script" not in html


@pytest.mark.parametrize("address", ["http://127.0.0.1:8787/status?token=a&b", "https://node7/"])
def test_addresses_become_links(address):
    assert f'<a href="{address.replace("&", "&amp;")}"' in summaries.table("x", [("dashboard", address)])


@pytest.mark.parametrize("text", ["javascript:alert(1)", "tcp://127.0.0.1:1", "data:text/html,x", ' http://"><script>'])
def test_other_texts_do_not(text):
    assert "<a " not in summaries.table("x", [("dashboard", text)])


def test_an_address_can_not_leave_its_attribute():
    assert "<img" not in summaries.table("x", [("dashboard", 'http://a"><img src=x onerror=alert(1)>')])


def test_empty_values_are_left_out():
    assert summaries.table("x", [("nanny", ""), ("threads", 0)]) == (
        "<table><caption>x</caption><tr><th>threads</th><td>0</td></tr></table>"
    )
