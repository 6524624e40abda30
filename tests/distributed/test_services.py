"""Services of a server: all are started or none is, and all are closed."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.services import Services


class Echo:
    """A service that tells what happens to it."""

    def __init__(self, name="echo", log=None, fails=""):
        self.name, self.port, self.log, self.fails = name, 0, [] if log is None else log, fails

    async def start(self, server):
        if self.fails == "start":
            raise OSError("no port")
        self.port = 7
        self.log.append(f"start {self.name} of {server}")

    async def close(self):
        self.log.append(f"close {self.name}")
        if self.fails == "close":
            raise ValueError("stuck")

    def describe(self):
        return {"port": self.port}


def test_life():
    async def main():
        log = []
        services = Services([Echo("a", log), lambda: Echo("b", log)])
        assert services.ports() == services.places == {}
        await services.start("me")
        assert services.ports() == {"a": 7, "b": 7}
        assert services.places == {"a": {"port": 7}, "b": {"port": 7}}
        await services.close()
        await services.close()
        assert log == ["start a of me", "start b of me", "close b", "close a"]
        assert services.ports() == services.places == {}

    asyncio.run(main())


def test_none_runs_if_one_cannot_start():
    async def main():
        log = []
        services = Services([Echo("a", log), Echo("b", log, fails="start")])
        with pytest.raises(OSError, match="no port"):
            await services.start("me")
        assert log == ["start a of me", "close a"]
        assert services.places == {}

    asyncio.run(main())


def test_all_are_closed_whatever_one_raises(caplog):
    async def main():
        log = []
        services = Services([Echo("a", log), Echo("b", log, fails="close")])
        await services.start("me")
        await services.close()
        assert log[-2:] == ["close b", "close a"]
        assert "closing the service b failed" in caplog.text

    asyncio.run(main())


def test_what_is_no_service():
    with pytest.raises(TypeError, match="a service has name, port, start, close, describe; got str"):
        Services(["dashboard"])
    with pytest.raises(TypeError, match="a service has name, port, start, close, describe; got dict"):
        Services([dict])
    with pytest.raises(ValueError, match=r"services need different names, got \['x', 'x'\]"):
        Services([Echo("x"), Echo("x")])
