"""Where pages are, and which of the workers' own can be reached."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.dashboard import paths
from minidask_distributed.scheduler.machine.records import Worker


@given(st.one_of(st.text(), st.tuples(st.text(), st.integers())))
def test_a_key_is_one_segment(key):
    path = paths.task_page(key)
    assert path.count("/") == 2
    assert not set(path) & set('<>"? #')
    inner = path.removeprefix("info/task/").removesuffix(".html")
    assert paths.read(inner) == paths.shown_key(key)
    # Whoever decodes, or encodes what is safe, changes nothing.
    assert unquote(inner) == inner == quote(inner)
    assert "/" not in inner


def test_pages_of_workers():
    assert paths.worker_page("tcp://a:1") == "info/worker/~tcp~3A~2F~2Fa~3A1.html"
    assert paths.logs_page() == "info/logs.html"
    assert paths.logs_page("tcp://a:1") == "info/logs/~tcp~3A~2F~2Fa~3A1.html"
    assert paths.call_stacks_page("tcp://a:1") == "info/call-stacks/~tcp~3A~2F~2Fa~3A1.html"


def worker(address="tcp://127.0.0.1:4000", place=None):
    made = Worker(1, 7, address, "alice", 2, 0)
    made.info = {} if place is None else {"places": {"dashboard": place}}
    return made


@pytest.mark.parametrize(
    ("address", "place", "reached", "path"),
    [
        ("tcp://127.0.0.1:4000", None, None, ""),
        ("tcp://127.0.0.1:4000", "nonsense", None, ""),
        ("tcp://127.0.0.1:4000", {"port": "1"}, None, ""),
        ("tcp://127.0.0.1:4000", {"port": 9, "host": "127.0.0.1"}, ("127.0.0.1", 9), "proxy/9/127.0.0.1/status"),
        ("inproc://1/2", {"port": 9, "host": "127.0.0.1"}, ("127.0.0.1", 9), "proxy/9/127.0.0.1/status"),
        ("tcp://[::1]:4000", {"port": 9, "host": ""}, ("::1", 9), "proxy/9/%3A%3A1/status"),
        ("tcp://10.0.0.7:4000", {"port": 9, "host": ""}, ("10.0.0.7", 9), "proxy/9/10.0.0.7/status"),
        # Loopback of another machine.
        ("tcp://10.0.0.7:4000", {"port": 9, "host": "127.0.0.1"}, None, ""),
    ],
)
def test_own_pages(address, place, reached, path):
    assert paths.own_pages(worker(address, place)) == reached
    assert paths.proxied(worker(address, place)) == path
