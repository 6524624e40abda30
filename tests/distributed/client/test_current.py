"""Which client is meant where none is named."""

import asyncio
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from minidask.schedulers.registry import current_runner
from minidask_distributed.client.client import Client
from minidask_distributed.client.current import (
    add_default,
    current_client,
    default_client,
    leaving_slot,
    remove_default,
    set_slot_leaver,
    use_client,
)
from tests.distributed.client.scripted import scheduler


@pytest.fixture
def clients():
    """Three names in place of clients: nothing here asks them for anything but their `get`."""
    one, two, three = (SimpleNamespace(get=lambda dsk, keys, at=at: at) for at in range(3))
    yield one, two, three
    for client in (one, two, three):
        remove_default(client)


def test_none():
    with pytest.raises(ValueError, match=r"there is no client: make one first"):
        default_client()
    with pytest.raises(ValueError, match=r"with client\.as_current\(\)"):
        current_client(allow_global=False)


def test_the_last_one_that_was_opened_is_the_default(clients):
    one, two, three = clients
    add_default(one)
    add_default(two)
    assert default_client() is two
    remove_default(three)
    remove_default(two)
    assert default_client() is one
    remove_default(one)
    with pytest.raises(ValueError):
        current_client()


def test_one_that_is_given_counts(clients):
    assert default_client(clients[0]) is clients[0]


def test_the_innermost_block_counts(clients):
    one, two, three = clients
    add_default(one)
    with use_client(two) as entered:
        assert entered is two is current_client() is default_client()
        assert current_runner() is two.get
        with use_client(three):
            assert current_client(allow_global=False) is three
            assert current_runner() is three.get
        assert current_client() is two
    assert current_client() is one


def test_blocks_are_their_threads_own(clients):
    one, two, _ = clients
    add_default(one)
    found = []
    with use_client(two):
        thread = threading.Thread(target=lambda: found.append(current_client()))
        thread.start()
        thread.join()
    assert found == [one]


def test_blocks_are_their_coroutines_own(clients):
    one, two, _ = clients

    async def inside(client):
        with use_client(client):
            await asyncio.sleep(0)
            return current_client()

    async def main():
        return await asyncio.gather(inside(one), inside(two))

    assert asyncio.run(main()) == [one, two]


def test_what_is_done_while_a_client_waits():
    said = []

    @contextmanager
    def leaver():
        said.append("left")
        yield
        said.append("back")

    before = set_slot_leaver(leaver)
    try:
        with leaving_slot():
            said.append("waits")
    finally:
        assert set_slot_leaver(before) is leaver
    assert said == ["left", "waits", "back"]


@pytest.mark.network
def test_real_clients():
    with scheduler() as made:
        with Client(made) as one, Client(made, set_as_default=False) as other:
            assert default_client() is one is Client.current()
            with other.as_current():
                assert Client.current(allow_global=False) is other
            with pytest.raises(ValueError):
                Client.current(allow_global=False)
        with pytest.raises(ValueError):
            default_client()
