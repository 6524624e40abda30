"""What every feed promises."""

from __future__ import annotations

import numpy as np
import pytest

from minidask_distributed.dashboard.feeds.base import Feed, StreamFeed, check_columns, registry


class Numbers(StreamFeed):
    name = "numbers"
    columns = ("x",)
    rollover = 3

    def begin(self, server):
        return 0

    def read_since(self, server, cursor, now):
        return {"x": server[cursor:]}, len(server)


class Plain(Feed):
    name = "plain"
    columns = ("a", "b")


def test_a_snapshot_has_the_last_rows_and_the_cursor_behind_them():
    assert Numbers().snapshot([1, 2, 3, 4, 5], 0.0) == ({"x": [3, 4, 5]}, 5)
    assert Numbers().read([1], 0.0) == {"x": [1]}


def test_a_feed_must_read():
    with pytest.raises(NotImplementedError, match="Plain must read its table"):
        Plain().read(None, 0.0)


def test_a_stream_must_begin_and_read():
    class Half(StreamFeed):
        name = "half"
        columns = ()

    with pytest.raises(NotImplementedError, match="Half must say where its rows begin"):
        Half().begin(None)
    with pytest.raises(NotImplementedError, match="Half must read its rows"):
        Half().read_since(None, 0, 0.0)


def test_columns_are_checked():
    check_columns(Plain(), {"b": [1], "a": np.array([2])})
    with pytest.raises(ValueError, match=r"plain returned the columns \['a'\], not \['a', 'b'\]"):
        check_columns(Plain(), {"a": []})
    with pytest.raises(ValueError, match=r"differ in length: \{'a': 1, 'b': 2\}"):
        check_columns(Plain(), {"a": [1], "b": [1, 2]})


def test_names_are_unique():
    assert list(registry(Plain(), Numbers())) == ["plain", "numbers"]
    with pytest.raises(ValueError, match=r"feeds of one name: \['plain'\]"):
        registry(Plain(), Plain())
