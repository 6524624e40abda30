"""How the command lines run: signals, exit status, the file with the process's number. Real processes where they end."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap

import click
import pytest

from minidask_distributed.cli.running import Stop, run
from minidask_distributed.nanny.server import WorkerStartError


@pytest.fixture(autouse=True)
def loggers_as_they_were():
    logger = logging.getLogger("minidask_distributed")
    before = logger.level
    yield
    logger.setLevel(before)


async def ends(code):
    return code


@pytest.mark.parametrize("code", [0, 1])
def test_the_status_is_the_programs(code):
    with pytest.raises(SystemExit) as caught:
        run(lambda: ends(code), log_level="info")
    assert caught.value.code == code


@pytest.mark.parametrize("error", [OSError("port in use"), ValueError("no"), TypeError("no"), WorkerStartError("no")])
def test_errors_that_people_can_mend_are_one_line(error):
    async def fails():
        raise error

    with pytest.raises(click.ClickException, match=str(error)) as caught:
        run(fails, log_level="info")
    assert caught.value.exit_code == 1


def test_defects_keep_their_traceback():
    async def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fails, log_level="info")


def test_the_file_with_the_number(tmp_path):
    path = tmp_path / "pid"

    async def look():
        assert path.read_text() == f"{os.getpid()}\n"
        return 0

    with pytest.raises(SystemExit):
        run(look, log_level="info", pid_file=str(path))
    assert not path.exists()

    async def removes():
        path.unlink()
        return 0

    with pytest.raises(SystemExit):
        run(removes, log_level="info", pid_file=str(path))

    with pytest.raises(click.ClickException, match="can't write --pid-file"):
        run(look, log_level="info", pid_file=str(tmp_path / "no" / "such" / "folder"))


def test_the_first_signal_ends_what_is_awaited():
    async def main():
        stop = Stop(emergency=lambda: None)
        waiting = asyncio.ensure_future(stop.during(asyncio.Event().wait()))
        os.kill(os.getpid(), signal.SIGTERM)
        assert await waiting is None
        assert stop.reason == "SIGTERM"
        await stop.wait()
        assert await stop.during(ends(3)) in (None, 3)

    asyncio.run(main())


def test_what_ends_by_itself():
    async def fails():
        raise OSError("no")

    async def main():
        stop = Stop(emergency=lambda: None)
        assert await stop.during(ends(3)) == 3
        with pytest.raises(OSError, match="no"):
            await stop.during(fails())
        assert stop.reason == ""

    asyncio.run(main())


PROGRAM = """
import asyncio
from minidask_distributed.cli.running import Stop, run

async def main():
    stop = Stop(emergency=lambda: print("emergency", flush=True))
    print("ready", flush=True)
    await stop.wait()
    print("ending", flush=True)
    await asyncio.Event().wait()

run(main, log_level="info", pid_file={path!r})
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_the_process_at_once(number, tmp_path):
    program = textwrap.dedent(PROGRAM).format(path=str(tmp_path / "pid"))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.stdout.readline() == "ending\n"
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 128 + number
    assert out == "emergency\n"
    assert f"{number.name}: ending; once more to end at once" in err
    assert f"{number.name} again: ending at once" in err
    assert not (tmp_path / "pid").exists()
