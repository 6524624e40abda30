"""Tests of `minidask_distributed.scheduler.registered`."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.registered import RegisteredPlugins


def test_by_kind_and_name_there_is_one_in_the_order_of_registration():
    registered = RegisteredPlugins()
    assert registered.add("worker", "b", 1)
    assert registered.add("worker", "a", 2)
    assert registered.add("nanny", "a", 3)
    assert registered.add("worker", "b", 4)
    assert not registered.add("worker", "a", 5, idempotent=True)
    assert registered.of("worker") == [{"name": "b", "plugin": 4}, {"name": "a", "plugin": 2}]
    assert registered.of("nanny") == [{"name": "a", "plugin": 3}]
    assert registered.of("client") == []
    registered.remove("worker", "b")
    assert registered.of("worker") == [{"name": "a", "plugin": 2}]


def test_bad_names_and_kinds():
    registered = RegisteredPlugins()
    with pytest.raises(ValueError, match="'scheduler', 'worker' or 'nanny', not 'client'"):
        registered.add("client", "a", 1)
    registered.add("worker", "known", 1)
    with pytest.raises(ValueError, match="no worker plugin is called 'a'; there are: known"):
        registered.remove("worker", "a")
    with pytest.raises(ValueError, match="there are: none"):
        registered.remove("nanny", "a")
