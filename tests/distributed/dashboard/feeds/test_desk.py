"""The desk: one reading and one encoding a tick, whoever many read; slow readers and those who poll lose nothing."""

from __future__ import annotations

import asyncio
import json
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask_distributed.dashboard.feeds import desk as module
from minidask_distributed.dashboard.feeds.base import Feed, StreamFeed
from minidask_distributed.dashboard.feeds.desk import FeedDesk, Reader, encode


class Server:
    """What the feeds of these tests read."""

    def __init__(self):
        self.table = {"a": [1]}
        self.rows = []
        self.reads = 0
        self.fails = False


class Table(Feed):
    name = "table"
    columns = ("a",)

    def read(self, server, now):
        server.reads += 1
        if server.fails:
            raise OSError("<no>")
        return server.table


class Rows(StreamFeed):
    name = "rows"
    columns = ("x",)
    rollover = 100

    def begin(self, server):
        return 0

    def read_since(self, server, cursor, now):
        if server.fails:
            raise OSError("no")
        return {"x": server.rows[cursor:]}, len(server.rows)


class Page:
    """A reader that keeps what a page would show."""

    def __init__(self, desk, names=("table", "rows")):
        self.frames = []
        self.data = {}
        self.came = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.desk = desk
        self.reader = Reader(names, self.send)
        desk.add(self.reader)

    async def send(self, text):
        await self.gate.wait()
        self.take(text)
        self.came.set()

    def take(self, text):
        frame = json.loads(text)
        self.frames.append(frame)
        for name, part in frame["feeds"].items():
            if "set" in part:
                self.data[name] = part["set"]
            elif "append" in part:
                for column, values in part["append"].items():
                    self.data[name][column] = (self.data[name][column] + values)[-part["rollover"] :]

    async def frame(self):
        self.came.clear()
        async with asyncio.timeout(5):
            await self.came.wait()
        return self.frames[-1]


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """Ticks that a test needn't wait for."""
    monkeypatch.setattr(module, "TICK_S", 0.01)
    monkeypatch.setattr(module, "SOON_S", 0.001)
    monkeypatch.setattr(Feed, "period_s", 0.0)


def desk_of(server, **options):
    return FeedDesk(server, {"table": Table(), "rows": Rows()}, **options)


def test_a_new_reader_gets_everything_and_then_what_is_new():
    async def main():
        server = Server()
        server.rows = [1, 2]
        desk = desk_of(server)
        page = Page(desk)
        first = await page.frame()
        assert first["feeds"] == {"table": {"set": {"a": [1]}}, "rows": {"set": {"x": [1, 2]}, "rollover": 100}} | {
            "table": {"set": {"a": [1]}}
        }
        server.rows.append(3)
        while "rows" not in (second := await page.frame())["feeds"]:
            pass
        assert second["feeds"] == {"rows": {"append": {"x": [3]}, "rollover": 100}}
        assert second["seq"] > first["seq"]
        server.table = {"a": [2]}
        while "table" not in (third := await page.frame())["feeds"]:
            pass
        assert third["feeds"] == {"table": {"set": {"a": [2]}}}
        desk.close()

    asyncio.run(main())


def test_without_readers_nothing_is_read_and_the_recorder_rests():
    async def main():
        told = []
        server = Server()
        desk = desk_of(server, on_first=lambda: told.append("first"), on_last=lambda: told.append("last"))
        await asyncio.sleep(0)
        assert (told, server.reads) == ([], 0)
        one, two = Page(desk), Page(desk, ["table"])
        await one.frame()
        await two.frame()
        assert told == ["first"]
        desk.remove(one.reader)
        assert told == ["first"]
        desk.remove(two.reader)
        assert told == ["first", "last"]
        ticks = desk.ticks
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.05)
        assert desk.ticks == ticks
        three = Page(desk)
        await three.frame()
        desk.close()
        assert told == ["first", "last", "first", "last"]

    asyncio.run(main())


def test_many_readers_cost_one_reading_and_one_encoding(monkeypatch):
    async def main():
        server = Server()
        desk = desk_of(server)
        pages = [Page(desk) for _ in range(50)]
        encoded = []
        monkeypatch.setattr(module, "encode", lambda columns: encoded.append(1) or encode(columns))
        await pages[-1].frame()
        assert desk.ticks == 1
        assert server.reads == 1
        assert len(encoded) == 2
        assert len({id(page.frames[0]["feeds"]) for page in pages}) == 50  # each got it
        desk.close()

    asyncio.run(main())


def test_a_slow_reader_holds_one_frame_and_is_told_all_later():
    async def main():
        server = Server()
        desk = desk_of(server)
        slow, quick = Page(desk), Page(desk)
        await quick.frame()
        slow.gate.clear()
        for number in range(10):
            server.rows.append(number)
            seen = quick.frames[-1]["seq"]
            while (await quick.frame())["seq"] < seen + 2:
                pass
        assert slow.reader.skipped > 3
        held = len(slow.frames)
        slow.gate.set()
        while slow.data.get("rows") != quick.data["rows"]:
            await slow.frame()
        assert len(slow.frames) <= held + 3
        assert quick.data["rows"] == {"x": list(range(10))}
        desk.close()

    asyncio.run(main())


def test_polling_gets_the_same_rows():
    async def main():
        server = Server()
        server.rows = [1]
        desk = desk_of(server)
        first = json.loads(desk.poll(["table", "rows"]))
        assert first["feeds"]["rows"] == {"set": {"x": [1]}, "rollover": 100}
        assert first["feeds"]["table"] == {"set": {"a": [1]}}
        assert json.loads(desk.poll(["table", "rows"], first["seq"]))["feeds"] == {}
        server.rows += [2, 3]
        page = Page(desk)  # ticks go on meanwhile, and others get the news first
        await page.frame()
        server.rows += [4]
        await page.frame()
        second = json.loads(desk.poll(["table", "rows"], first["seq"]))
        while "rows" not in second["feeds"] or second["feeds"]["rows"]["append"]["x"] != [2, 3, 4]:
            await page.frame()
            second = json.loads(desk.poll(["table", "rows"], first["seq"]))
        assert json.loads(desk.poll(["rows"], second["seq"]))["feeds"] == {}
        desk.close()

    asyncio.run(main())


@pytest.mark.parametrize("since", [0, 1, 10**15])
def test_polling_with_a_number_of_another_life_gets_all(since):
    async def main():
        desk = desk_of(Server())
        desk.poll(["rows"])
        assert "set" in json.loads(desk.poll(["rows"], since))["feeds"]["rows"]
        desk.close()

    asyncio.run(main())


def test_who_polls_after_a_long_time_gets_all(monkeypatch):
    async def main():
        monkeypatch.setattr(module, "KEPT_TICKS", 2)
        server = Server()
        desk = desk_of(server)
        first = json.loads(desk.poll(["rows"]))
        page = Page(desk)
        for number in range(5):
            server.rows.append(number)
            while (await page.frame()) and page.data["rows"]["x"][-1:] != [number]:
                pass
        again = json.loads(desk.poll(["rows"], first["seq"]))
        assert again["feeds"]["rows"]["set"] == {"x": [0, 1, 2, 3, 4]}
        desk.close()

    asyncio.run(main())


def test_who_polled_is_forgotten_after_a_while(monkeypatch):
    async def main():
        monkeypatch.setattr(module, "LEASE_S", 0.02)
        ended = asyncio.Event()
        desk = desk_of(Server(), on_last=ended.set)
        desk.poll(["table"])
        async with asyncio.timeout(5):
            await ended.wait()
        desk.close()

    asyncio.run(main())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["new", "poll", "tick", "slow", "free"])), max_size=25))
def test_every_reader_ends_with_the_same_rows(steps):
    async def main():
        server = Server()
        desk = desk_of(server)
        pages = [Page(desk, ["rows"])]
        polled, since = {}, None

        def poll():
            nonlocal since
            frame = json.loads(desk.poll(["rows"], since))
            since = frame["seq"]
            part = frame["feeds"].get("rows", {})
            if "set" in part:
                polled["x"] = part["set"]["x"]
            elif part:
                polled["x"] = (polled["x"] + part["append"]["x"])[-100:]

        poll()
        for count, step in steps:
            server.rows += range(len(server.rows), len(server.rows) + count)
            if step == "new":
                pages.append(Page(desk, ["rows"]))
            elif step == "poll":
                poll()
            elif step == "slow":
                pages[0].gate.clear()
            elif step == "free":
                pages[0].gate.set()
            desk._tick()
            await asyncio.sleep(0)
        pages[0].gate.set()
        expected = server.rows[-100:]
        async with asyncio.timeout(5):
            for page in pages:
                while page.data.get("rows", {}).get("x") != expected:
                    await page.frame()
        poll()
        assert polled["x"] == expected
        desk.close()

    asyncio.run(main())


def test_a_feed_that_fails_is_told_and_logged_once_and_recovers(caplog):
    async def main():
        server = Server()
        server.rows = [1]
        server.fails = True
        desk = desk_of(server)
        with caplog.at_level(logging.ERROR):
            page = Page(desk)
            first = await page.frame()
            assert first["feeds"]["table"] == {"error": "OSError: <no>"}
            assert first["feeds"]["rows"] == {"error": "OSError: no"}
            await page.frame()
        assert len(caplog.records) == 2
        server.fails = False
        while page.data.get("rows") != {"x": [1]} or page.data.get("table") != {"a": [1]}:
            await page.frame()
        desk.close()

    asyncio.run(main())


def test_a_feed_that_breaks_its_promise_is_an_error():
    async def main():
        server = Server()
        server.table = {"b": [1]}
        desk = desk_of(server)
        page = Page(desk, ["table"])
        frame = await page.frame()
        assert frame["feeds"]["table"]["error"].startswith("ValueError: the feed table returned the columns")
        desk.close()

    asyncio.run(main())


def test_names_are_checked():
    async def main():
        desk = desk_of(Server())
        assert desk.check(["rows", "table", "rows", ""]) == ("rows", "table")
        for names in ([], ["", ""]):
            with pytest.raises(KeyError, match="name at least one feed"):
                desk.check(names)
        with pytest.raises(KeyError, match=r"there is no feed 'nope'; there are: rows, table"):
            desk.add(Reader(["nope"], None))
        with pytest.raises(KeyError, match="there is no feed"):
            desk.poll(["nope"])
        desk.close()
        with pytest.raises(RuntimeError, match="the server closes"):
            desk.add(Reader(["rows"], None))
        with pytest.raises(RuntimeError, match="the server closes"):
            desk.poll(["rows"])

    asyncio.run(main())


def test_a_long_tick_leaves_the_loop_to_others(monkeypatch):
    async def main():
        server = Server()
        desk = desk_of(server)
        asked = []
        schedule = desk._schedule
        monkeypatch.setattr(desk, "_schedule", lambda delay_s: (asked.append(delay_s), schedule(delay_s)))
        page = Page(desk)
        clock = iter(range(1000))
        monkeypatch.setattr(desk, "_now", lambda: next(clock))
        desk._tick()
        assert asked[-1] >= 2
        desk.close()
        del page

    asyncio.run(main())


def test_values_that_json_has_not():
    assert json.loads(encode({"a": np.array([1, 2]), "b": [float("inf"), [float("nan"), np.float64(1)]]})) == {
        "a": [1, 2],
        "b": [None, [None, 1.0]],
    }
    assert encode({"<": ["</script>"]}) == '{"<":["</script>"]}'


def test_a_loop_that_comes_late_has_its_ticks_due_earlier(monkeypatch):
    monkeypatch.setattr(module, "TICK_S", 0.2)

    async def main():
        desk = FeedDesk(Server(), {feed.name: feed for feed in (Table(), Rows())})
        page = Page(desk)
        await page.frame()

        def tick(late_s):
            desk._due = desk._now() - late_s
            desk._tick()
            # Behind a tick that took no time the next one is due so much after it began.
            return desk._due - desk._last_tick

        assert tick(0.0) == pytest.approx(0.2, abs=0.02)
        assert tick(0.06) == pytest.approx(0.14, abs=0.02)
        # That it came late is remembered for some ticks, and forgotten again.
        assert tick(0.0) == pytest.approx(0.2 - 0.8 * 0.06, abs=0.02)
        for _ in range(20):
            last = tick(0.0)
        assert last == pytest.approx(0.2, abs=0.02)
        # However late it comes, others have their turn.
        assert tick(5.0) == pytest.approx(0.1, abs=0.02)
        # A tick that somebody's polling brings about before it was due says nothing.
        desk._ahead_s = 0.0
        assert tick(-0.1) == pytest.approx(0.2, abs=0.02)
        desk.close()

    asyncio.run(main())


def test_a_loop_that_is_late_for_its_timers_ticks_when_it_is_asked(monkeypatch):
    monkeypatch.setattr(module, "TICK_S", 0.05)

    async def main():
        server = Server()
        desk = desk_of(server)
        desk.catch_up()  # nobody reads
        assert desk.ticks == 0
        page = Page(desk)
        await page.frame()
        ticks = desk.ticks
        desk.catch_up()  # nothing is due
        assert desk.ticks == ticks
        # The loop gets no turn meanwhile.
        end = asyncio.get_running_loop().time() + 0.06
        while asyncio.get_running_loop().time() < end:
            desk.catch_up()
        assert desk.ticks == ticks + 1
        desk.close()
        desk.catch_up()
        assert desk.ticks == ticks + 1

    asyncio.run(main())
