import asyncio
from types import SimpleNamespace

import pytest

from minidask_distributed.client.around import Around


class Noted(Around):
    def __init__(self, asynchronous):
        self.notes = []
        self.client = SimpleNamespace(asynchronous=asynchronous, sync=lambda call: asyncio.run(call()))

    async def _begin(self):
        self.notes.append("begins")

    async def _end(self):
        self.notes.append("ends")


def test_a_block_has_its_beginning_and_its_end():
    with Noted(False) as noted:
        noted.notes.append("works")
    assert noted.notes == ["begins", "works", "ends"]


def test_it_ends_behind_an_error_too():
    noted = Noted(False)
    with pytest.raises(KeyError), noted:
        raise KeyError("x")
    assert noted.notes == ["begins", "ends"]


def test_asynchronously():
    async def main():
        async with Noted(True) as noted:
            noted.notes.append("works")
        return noted.notes

    assert asyncio.run(main()) == ["begins", "works", "ends"]


def test_an_asynchronous_client_needs_async_with():
    with pytest.raises(TypeError, match=r"use `async with Noted\(\.\.\.\)`"), Noted(True):
        pass


def test_both_halves_are_needed():
    with pytest.raises(NotImplementedError, match=r"Around must define _begin\(\)"):
        asyncio.run(Around()._begin())
    with pytest.raises(NotImplementedError, match=r"Around must define _end\(\)"):
        asyncio.run(Around()._end())
