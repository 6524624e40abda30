"""Plugins of a nanny: set up, replaced, torn down."""

import asyncio

import pytest

from minidask_distributed.nanny.plugin_set import PluginSet
from minidask_distributed.plugins import NannyPlugin


class Owner:
    """Notes the orders that plugins cause."""

    def __init__(self):
        self.orders = []

    def kill_worker(self, reason, restart):
        self.orders.append((reason, restart))


class Noting(NannyPlugin):
    """Notes what is called."""

    def __init__(self, heard, restart=False):
        self.heard, self.restart = heard, restart

    async def setup(self, nanny):
        self.heard.append(("setup", nanny))

    def teardown(self, nanny):
        self.heard.append(("teardown", nanny))


def test_they_come_are_replaced_and_go():
    async def main():
        owner, heard = Owner(), []
        plugins = PluginSet(owner)
        await plugins.add("a", Noting(heard))
        await plugins.add("a", Noting(heard))
        await plugins.add("b", Noting(heard))
        await plugins.close()
        assert [what for what, _ in heard] == ["setup", "teardown", "setup", "setup", "teardown", "teardown"]
        assert {who for _, who in heard} == {owner}
        assert plugins == {}
        assert owner.orders == []

    asyncio.run(main())


def test_one_may_want_a_fresh_process():
    async def main():
        owner = Owner()
        await PluginSet(owner).add("fresh", Noting([], restart=True))
        assert owner.orders == [("the plugin fresh wants it to be restarted", True)]

    asyncio.run(main())


def test_what_goes_wrong(caplog):
    class Bad(NannyPlugin):
        def setup(self, nanny):
            raise ValueError("not here")

    class BadEnd(NannyPlugin):
        def teardown(self, nanny):
            raise ValueError("not now")

    async def main():
        plugins = PluginSet(Owner())
        with pytest.raises(ValueError, match="not here"):
            await plugins.add("bad", Bad())
        assert plugins == {}
        await plugins.add("end", BadEnd())
        await plugins.remove("end")
        with pytest.raises(ValueError, match="has no plugin 'end'; it has: none"):
            await plugins.remove("end")

    asyncio.run(main())
    assert "not now" in caplog.text
