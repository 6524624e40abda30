"""``minidask-scheduler`` as a real process: what it writes, how clients and workers find it, how it ends."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from minidask_distributed.cli.scheduler import main
from minidask_distributed.client.client import Client
from minidask_distributed.security import Security, new_token

slow = pytest.mark.slow
network = pytest.mark.network

COMMAND = [sys.executable, "-W", "error", "-m", "minidask_distributed.cli.scheduler"]


@contextlib.contextmanager
def scheduler(folder, *flags, wait_for="who may join"):
    """Run one with a home directory of its own; give the process and its log so far."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MINIDASK_TOKEN")}
    with subprocess.Popen(
        [*COMMAND, *flags], stderr=subprocess.PIPE, text=True, env={**environ, "HOME": str(folder)}, cwd=folder
    ) as process:
        try:
            log = []
            while not log or wait_for not in log[-1]:
                line = process.stderr.readline()
                assert line, "".join(log)
                log.append(line)
            yield process, log
        finally:
            process.kill()


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.communicate(timeout=20)[1]


@slow
@network
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_start_be_found_and_end(tmp_path, number):
    path, pid = tmp_path / "scheduler.json", tmp_path / "pid"
    with scheduler(tmp_path, "--port", "0", "--scheduler-file", str(path), "--pid-file", str(pid)) as (process, log):
        info = json.loads(path.read_text())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert info["token"] not in "".join(log)
        assert pid.read_text() == f"{process.pid}\n"
        assert f"scheduler listens on {info['address']}" in "".join(log)
        assert f"workers join with: minidask-worker --scheduler-file {path}" in "".join(log)
        assert os.path.join(".config", "minidask", "token") in log[-1]
        with Client(scheduler_file=path) as client:
            assert client.scheduler_info()["address"] == info["address"]
        rest = end(process, number)
    assert process.returncode == 0
    assert f"{number.name}: ending" in rest
    assert "scheduler has ended" in rest
    assert "Traceback" not in rest
    assert not path.exists()
    assert not pid.exists()


@slow
@network
def test_a_token_file_and_a_name_of_the_host(tmp_path):
    token = new_token()
    path = tmp_path / "token"
    path.write_text(token)
    path.chmod(0o600)
    with scheduler(tmp_path, "--port", "0", "--host", "localhost", "--token-file", str(path)) as (process, log):
        address = log[0].split("listens on ")[1].strip()
        with Client(address, security=Security(token=token)) as client:
            assert client.scheduler_info()["workers"] == {}
        with pytest.raises(PermissionError, match="token"):
            Client(address, security=Security(token=new_token()))
        end(process)
    assert process.returncode == 0
    assert not (tmp_path / ".config").exists()


@slow
@network
def test_it_ends_when_idle_and_when_a_client_says_so(tmp_path):
    with scheduler(tmp_path, "--port", "0", "--idle-timeout", "100 ms") as (process, _):
        err = process.communicate(timeout=20)[1]
        assert process.returncode == 0
        assert "nothing to do for 0.1 s" in err
    path = tmp_path / "scheduler.json"
    with scheduler(tmp_path, "--port", "0", "--scheduler-file", str(path)) as (process, _):
        with Client(scheduler_file=path) as client:
            client.shutdown()
        process.communicate(timeout=20)
        assert process.returncode == 0


@slow
@network
def test_a_port_that_is_taken(tmp_path):
    with scheduler(tmp_path, "--port", "0") as (process, log):
        port = log[0].strip().rpartition(":")[2]
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=20, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("Error: ")
        assert port in done.stderr
        assert "Traceback" not in done.stderr
        end(process)


@slow
@network
def test_preloads(tmp_path):
    preload = tmp_path / "hello.py"
    preload.write_text(
        "import click, sys\n@click.command()\n@click.argument('word')\n"
        "def dask_setup(scheduler, word): print(word, scheduler.status, file=sys.stderr)\n"
        "def dask_teardown(scheduler): print('goodbye', file=sys.stderr)\n"
    )
    flags = ["--port", "0", "--preload", str(preload), "--preload-argv", "hello", "--no-dashboard"]
    with scheduler(tmp_path, *flags) as (process, log):
        assert "hello starting\n" in log
        assert "dashboard" not in "".join(log)
        assert "goodbye\n" in end(process)


@slow
@network
def test_the_dashboard_and_its_link(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER", f"{sys.executable} -c \"import sys; open('shown', 'w').write(sys.argv[1])\" %s &")
    flags = ["--port", "0", "--dashboard-address", ":0", "--dashboard-prefix", "/team", "--show"]
    with scheduler(tmp_path, *flags, wait_for="client.dashboard_link") as (process, log):
        [line] = [line for line in log if "dashboard: http" in line and "client.dashboard_link" in line]
        assert "token=" not in "".join(log)  # files of logs are read by others
        address = next(word for word in "".join(log).split() if word.startswith("tcp://"))
        token = (tmp_path / ".config" / "minidask" / "token").read_text().strip()
        with Client(address.rstrip(","), security=Security(token=token)) as client:
            link = client.dashboard_link
            assert link.partition("?")[0] in line
            page, query = link.split("?")
            request = urllib.request.Request(page, headers={"Authorization": "Bearer " + query.removeprefix("token=")})
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 200
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(page, timeout=20)
            assert client.scheduler_info()["services"] == {"dashboard": int(page.split(":")[2].partition("/")[0])}
        end(process)
    assert (tmp_path / "shown").read_text() == link


@slow
@network
def test_a_dashboard_port_that_is_taken_is_one_line(tmp_path):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--port", "0", "--dashboard-address", f":{port}"],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "HOME": str(tmp_path), "MINIDASK_TOKEN": new_token()},
        )
    assert done.returncode == 1
    assert f"the dashboard can't listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "70000"], "70000 is not in the range"),
        (["--port", "many"], "'many' is not a valid integer"),
        (["--host", "127.0.0.1", "--interface", "lo"], "give --host or --interface, not both"),
        (["--show", "--no-dashboard"], "--show needs a dashboard"),
        (["--dashboard-address", "::1"], "write an IPv6 host in brackets"),
        (["--tls-key", "key.pem"], "--tls-key needs --tls-cert"),
        (["--token-file", "/no/such/token"], "there is no token file /no/such/token"),
        (["--colour"], "No such option"),
        (["--jupyter"], "--jupyter isn't built; instead: run `jupyter lab` beside the scheduler"),
        (["--use-xheaders", "true"], "--use-xheaders isn't built; instead: use --dashboard-prefix"),
        (["--idle-timeout", "soon"], "Invalid value for --idle-timeout: can't read 'soon' as a span of time"),
        (["--interface", "no-such-interface"], "Invalid value for --interface: there is no network interface"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_wrong_command_lines(flags, message):
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--protocol", "pigeon", "--port", "0"], "pigeon"),
    ],
)
def test_starts_that_fail(flags, message, monkeypatch):
    monkeypatch.setenv("MINIDASK_TOKEN", new_token())
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_help_teaches():
    text = CliRunner().invoke(main, ["--help"], prog_name="minidask-scheduler").output
    for part in ("minidask-worker tcp://", "Client(", "token", "SIGTERM", "--scheduler-file", "--idle-timeout", "8786"):
        assert part in text
    assert all(len(parameter.help) > 10 for parameter in main.params)
