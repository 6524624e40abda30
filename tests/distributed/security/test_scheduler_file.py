"""Scheduler files: an address and its token, for those who may read them."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from minidask_distributed.security import new_token, read_scheduler_file, scheduler_file_appears, write_scheduler_file


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "scheduler.json"
    info = {"address": "tcp://127.0.0.1:8786", "token": new_token(), "id": "abc", "workers": {}}
    write_scheduler_file(path, info)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_scheduler_file(path) == json.loads(path.read_text()) == info
    write_scheduler_file(path, {"address": "tls://node7:8786"})
    assert read_scheduler_file(str(path)) == {"address": "tls://node7:8786"}


def test_a_file_may_come_later(tmp_path, monkeypatch):
    path = tmp_path / "scheduler.json"
    looked = threading.Event()
    results = []

    def look(seconds):
        looked.set()
        return written.wait(10)

    written = threading.Event()
    monkeypatch.setattr("minidask_distributed.security.scheduler_file.time.sleep", look)
    thread = threading.Thread(target=lambda: results.append(read_scheduler_file(path, wait_s=10)))
    thread.start()
    assert looked.wait(10)
    write_scheduler_file(path, {"address": "tcp://127.0.0.1:1"})
    written.set()
    thread.join()
    assert results == [{"address": "tcp://127.0.0.1:1"}]


@pytest.mark.parametrize(
    ("wait_s", "text"), [(0, r"scheduler.json: is the"), (0.02, r"scheduler.json after 0.02 s: is the")]
)
def test_a_missing_file_is_named(tmp_path, wait_s, text):
    with pytest.raises(FileNotFoundError, match=text):
        read_scheduler_file(tmp_path / "scheduler.json", wait_s=wait_s)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no scheduler file: Expecting value"),
        ("[1]", "a JSON object was expected, not list"),
        ("{}", "has no address"),
        ('{"address": 5}', "has no address"),
        ('{"address": "tcp://a:1", "token": "short"}', "the token in .* has 5 characters"),
    ],
)
def test_what_is_no_scheduler_file(tmp_path, text, message):
    path = tmp_path / "scheduler.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_scheduler_file(path)


def test_files_that_others_may_read_are_refused(tmp_path):
    path = tmp_path / "scheduler.json"
    write_scheduler_file(path, {"address": "tcp://a:1"})
    path.chmod(0o644)
    with pytest.raises(PermissionError, match=r"the scheduler file .* can be read or changed by other users"):
        read_scheduler_file(path)


def test_bad_information_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "scheduler.json"
    with pytest.raises(ValueError, match="info has no address"):
        write_scheduler_file(path, {"token": new_token()})
    with pytest.raises(ValueError, match="the token in info"):
        write_scheduler_file(path, {"address": "tcp://a:1", "token": "short"})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_scheduler_file(path, {"address": "tcp://a:1", "x": object()})
    assert not path.exists()


def test_waiting_on_an_event_loop(tmp_path):
    path = tmp_path / "scheduler.json"

    async def main():
        await scheduler_file_appears(path, 0)
        await scheduler_file_appears(path, 0.01)
        waiting = asyncio.ensure_future(scheduler_file_appears(path, 30))
        await asyncio.sleep(0)
        assert not waiting.done()
        write_scheduler_file(path, {"address": "tcp://a:1"})
        await asyncio.wait_for(waiting, 10)

    asyncio.run(main())
