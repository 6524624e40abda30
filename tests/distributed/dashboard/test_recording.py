"""What the pages showed is written down, and played into the same pages."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging

import pytest

from minidask_distributed import Client
from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.pages import PAGES
from minidask_distributed.dashboard.recording import MARK, Playback, Recording
from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker

HEAD = {
    MARK: 1,
    "feeds": {"events": ["time", "topic", "text", "y"], "moves": list(ALL["moves"].columns), "gone": ["x"]},
}


def written(path, *frames):
    path.write_text("".join(f"{json.dumps(frame)}\n" for frame in [HEAD, *frames]))
    return path


def part(*values):
    return {name: [f"{name}-{value}" for value in values] for name in ALL["moves"].columns}


def frame(at, **feeds):
    return {"seq": at, "time": 1000.0 + at, "feeds": feeds}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["shown.jsonl", "shown.jsonl.gz"])
def test_what_a_cluster_did_is_shown_again(tmp_path, visitor_of, name):
    path, security = tmp_path / name, Security(token=new_token())

    async def main():
        recording = Recording(path)
        async with Scheduler(port=0, security=security, services=[recording]) as scheduler:
            assert scheduler.recorder.is_attached
            async with (
                Worker(scheduler.address, name="alice", nthreads=1, memory_limit=None, security=security),
                Client(scheduler.address, asynchronous=True, security=security) as client,
            ):
                await client.gather(client.map(str, range(30), key="<b>"))
                desk = recording._desk
                ticks = desk.ticks
                async with asyncio.timeout(20):
                    while desk.ticks < ticks + 8:
                        await asyncio.sleep(0.02)
            await recording.close()
            await recording.close()
            assert not scheduler.recorder.is_attached
        playback = Playback(path, speed=1e6, security=security)
        dashboard = Dashboard("127.0.0.1:0", security=security)
        await dashboard.start(playback)
        try:
            visitor = visitor_of(dashboard)
            page = await visitor.text("status")
            assert 'data-figure="task-stream"' in page
            asked = next(page for page in PAGES if page.route == "status").feeds()
            told = (await visitor.json(f"feeds/poll?feeds={','.join(asked)}"))["feeds"]
            assert sum(told["task-stream"]["set"]["count"]) == 30
            assert "alice" in told["workers-memory"]["set"]["worker"]
            assert told["summary"]["set"]["workers"] in ([0], [1])
            socket = await visitor.socket("feeds/ws?feeds=task-stream")
            assert json.loads(await socket.read_message())["time"] == pytest.approx(
                playback.frames[-1]["time"], abs=0.01
            )
            socket.close()
            assert await visitor.text("health") == "ok"
            # Pages that ask the cluster itself aren't there.
            for missing in ("profile", "json/counts.json", "json/profile.json", "info/main/workers.html"):
                assert (await visitor.get(missing)).code == 404
            assert (await visitor.get("status", token=False)).code == 403
        finally:
            await dashboard.close()

    asyncio.run(main())


def test_rows_come_at_their_times(tmp_path):
    made = Playback(
        written(
            tmp_path / "shown",
            frame(0, moves={"set": part(1, 2), "rollover": 10}, events={"set": {"time": [1]}}, other={"set": {}}),
            frame(1, moves={"append": part(3)}, events={"error": "no"}),
            frame(2, events={"set": {"time": [2]}}),
            # The disk was slow: all rows come again, of which some are known.
            frame(3, moves={"set": part(2, 3, 4), "rollover": 10}),
            frame(4, moves={"set": part(8, 9), "rollover": 10}),
        )
    )
    assert set(made.dashboard_parts.FEEDS) == {"events", "moves"}
    stream = made.dashboard_parts.FEEDS["moves"]
    cursor = stream.begin(made)
    seen = []
    for now, last in ((1000.0, "1,2"), (1001.5, "3"), (1002.9, ""), (1003.0, "4"), (1010.0, "8,9")):
        columns, cursor = stream.read_since(made, cursor, now)
        seen.append(",".join(value.rpartition("-")[2] for value in columns["source"]))
        assert seen[-1] == last
    assert made.columns("events", 1010.0) == {"time": [2]}
    assert made.frame_clock() <= 1004.0
    assert [page.route for page in made.dashboard_parts.PAGES] == []


def test_a_file_that_ends_in_the_middle_is_played_so_far(tmp_path):
    path = written(tmp_path / "shown", frame(0, events={"set": {"time": [1]}}))
    with path.open("a") as file:
        file.write('{"seq": 2, "time": 1001.0, "fee')
    assert len(Playback(path).frames) == 1


def test_a_file_is_bounded_and_its_end_is_told(tmp_path, caplog):
    caplog.set_level(logging.WARNING)

    async def main():
        recording = Recording(tmp_path / "shown", ["summary"], most_bytes=100)
        async with Scheduler(
            addresses=["inproc://"], security=Security(token=new_token()), services=[recording]
        ) as scheduler:
            async with asyncio.timeout(20):
                while scheduler.recorder.is_attached:
                    await asyncio.sleep(0.01)
        assert "as long as it may" in caplog.text

    asyncio.run(main())
    assert len((tmp_path / "shown").read_text().splitlines()) <= 3


def test_what_cannot_be_written_is_told(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.WARNING)

    def full(self, line):
        if MARK not in line:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Recording, "_write", full)

    async def main():
        recording = Recording(tmp_path / "shown", ["summary"])
        async with Scheduler(
            addresses=["inproc://"], security=Security(token=new_token()), services=[recording]
        ) as scheduler:
            async with asyncio.timeout(20):
                while scheduler.recorder.is_attached:
                    await asyncio.sleep(0.01)

    asyncio.run(main())
    assert "No space left" in caplog.text


@pytest.mark.parametrize("content", ["", "[]\n", "{}\n", '{"minidask-recording": 2, "feeds": {}}\n', "x\n"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.gz"
    with gzip.open(path, "wt") as file:
        file.write(content)
    with pytest.raises(ValueError, match=r"other.gz is no recording of a dashboard"):
        Playback(path)


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError):
        Playback(tmp_path / "nothing")
    with pytest.raises(ValueError, match="speed must be positive, got 0"):
        Playback(tmp_path / "nothing", speed=0)
    with pytest.raises(KeyError, match="no-feed"):
        Recording(tmp_path / "x", ["no-feed"])
