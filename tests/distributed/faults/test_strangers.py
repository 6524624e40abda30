"""Who has no business here: wrong tokens, other programs, other versions, taken names and ports. One line each, and closed."""

from __future__ import annotations

import contextlib
import http.client
import pickle
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.comm.errors import AuthenticationError
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.security import Security
from tests.distributed.faults.stage import (
    PATIENCE_S,
    TOKEN,
    Program,
    address_of,
    scheduler_program,
    scratch,
    script,
    within,
    worker_program,
)

WRONG = "bad0" * 16


class Cluster:
    """A scheduler and a worker as programs."""

    def __init__(self, scheduler: Program, worker: Program) -> None:
        self.scheduler, self.worker = scheduler, worker
        self.address = address_of(scheduler)
        self.worker_address = worker.until_said(" listens on ").partition(" listens on ")[2].split(",")[0]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with scheduler_program(folder) as scheduler:
        address = address_of(scheduler)
        with worker_program(folder, address, "--name", "alice", "--no-nanny") as worker:
            yield Cluster(scheduler, worker)
            worker.signal(15)
            assert worker.wait() == 0
        scheduler.signal(15)
        assert scheduler.wait() == 0
    assert not scratch(folder)


@pytest.fixture
def works(programs: Cluster) -> Iterator[None]:
    """Whatever strangers do, the cluster works for those who belong to it."""
    yield
    with Client(programs.address, security=Security(token=TOKEN), timeout=5) as client:
        assert client.submit(sum, [1, 2], pure=False).result(PATIENCE_S) == 3


def place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition("//")[2].rpartition(":")
    return host, int(port)


class Canary:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return print, ("the canary was unpickled",)


@pytest.mark.usefixtures("works")
def test_a_wrong_token(programs: Cluster, tmp_path: Path):
    with within(5), pytest.raises(AuthenticationError, match="token") as caught:
        Client(programs.address, security=Security(token=WRONG))
    text = str(caught.value)
    assert programs.address in text
    assert WRONG not in text
    assert TOKEN not in text
    for nanny in ("--nanny", "--no-nanny"):
        with within(15), worker_program(tmp_path, programs.address, nanny, MINIDASK_TOKEN=WRONG) as worker:
            assert worker.wait() == 1
            assert "token" in worker.output.splitlines()[-1]
            assert "Traceback" not in worker.output
            assert WRONG not in worker.output
    log = programs.scheduler.until_said("(said once for this host)")
    assert len([line for line in log.splitlines() if "closed a connection" in line and "token" in line]) == 1
    assert TOKEN not in log
    assert not scratch(tmp_path)


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("of", ["scheduler", "worker"])
def test_http_on_the_port(programs: Cluster, of: str):
    host, port = place(programs.address if of == "scheduler" else programs.worker_address)
    for _ in range(3):
        with within(5), pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(f"http://{host}:{port}/status", timeout=10)
    # A program that hangs up at the first strange byte may take its question along; this one waits for the end.
    with within(5), socket.create_connection((host, port)) as sock:
        sock.sendall(b"GET /status HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sock.recv(4096):
                pass
    said = "is no part of a minidask cluster: it speaks HTTP"
    (line,) = [line for line in getattr(programs, of).until_said(said).splitlines() if said in line]
    assert "closed a connection" in line
    assert "(said once for this host)" in line


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("of", ["scheduler", "worker"])
@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100_000,
        b"\xff" * 64,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        pickle.dumps(Canary()) * 10,
        b"",
    ],
    ids=["zeros", "ones", "ssh", "pickle", "nothing"],
)
def test_garbage_on_the_port(programs: Cluster, of: str, data: bytes):
    with (
        within(5),
        socket.create_connection(place(programs.address if of == "scheduler" else programs.worker_address)) as sock,
    ):
        sock.settimeout(5)
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            if not data:
                sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
    assert "canary" not in getattr(programs, of).output


@pytest.mark.usefixtures("works")
def test_many_silent_strangers_keep_nobody_out(programs: Cluster):
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(place(programs.address)))
        with within(10), Client(programs.address, security=Security(token=TOKEN), timeout=5) as client:
            assert client.submit(sum, [1, 2], pure=False).result(PATIENCE_S) == 3


OTHER_VERSIONS = """
import sys
import minidask_distributed.comm.versions as ours
from minidask.distributed import Client

installed = dict(ours.versions())
changed = tuple((installed | {name: "99.9" for name in sys.argv[2:]}).items())
ours._installed = lambda: changed
with Client(sys.argv[1]) as client:
    print(client.submit(sum, [1, 2]).result(), flush=True)
"""


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minidask", r"minidask is 99\.9 here and \S+ there: install the same version on both sides"),
        ("protocol", r"the protocol is 99\.9 here and 1 there: install the same version on both sides of minidask"),
    ],
)
def test_another_version_is_refused(programs: Cluster, tmp_path: Path, name: str, message: str):
    with within(15), script(tmp_path, OTHER_VERSIONS, programs.address, name) as program:
        assert program.wait() == 1
        assert re.search(f"VersionMismatchError: .*{message}", program.output), program.output
    # The other side says so, too, once for a host.
    assert len(re.findall(r"closed a connection: .* there: install the same version", programs.scheduler.output)) == 1


@pytest.mark.usefixtures("works")
def test_other_versions_of_packages_are_named(programs: Cluster, tmp_path: Path):
    for _ in range(2):
        with within(15), script(tmp_path, OTHER_VERSIONS, programs.address, "numpy", "cloudpickle") as program:
            assert program.wait() == 0, program.output
            assert "3\n" in program.output
            assert "numpy is 99.9 here and" in program.output
    log = programs.scheduler.until_said("99.9 there")
    assert re.search(r"cloudpickle is \S+ here and 99\.9 there; numpy is \S+ here and 99\.9 there", log)


@pytest.mark.usefixtures("works")
def test_a_name_that_is_taken(programs: Cluster, tmp_path: Path):
    message = "a worker with the name 'alice' belongs to the cluster already; choose another one"
    for nanny in ("--nanny", "--no-nanny"):
        with within(15), worker_program(tmp_path, programs.address, nanny, "--name", "alice") as worker:
            assert worker.wait() == 1
            assert message in worker.output.splitlines()[-1], worker.output
    assert not scratch(tmp_path)


def test_a_name_that_is_free_again(programs: Cluster, tmp_path: Path):
    with Client(programs.address, security=Security(token=TOKEN)) as client:
        for _ in range(2):
            with worker_program(tmp_path, programs.address, "--name", "bob") as worker:
                client.wait_for_workers(2, timeout=PATIENCE_S)
                assert client.submit(sum, [1, 2], workers=["bob"], pure=False).result(PATIENCE_S) == 3
                worker.signal(9)
                worker.wait()


def test_a_port_that_is_in_use(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with within(5), pytest.raises(OSError, match=f"{port}") as caught:
            LocalCluster(n_workers=1, scheduler_port=port, dashboard_address=None, local_directory=tmp_path)
        assert "in use" in str(caught.value)
        with within(10), scheduler_program(tmp_path, port=port) as program:
            assert program.wait() == 1
            last = program.output.splitlines()[-1]
            assert str(port) in last
            assert "in use" in last
            assert "Traceback" not in program.output
    assert not scratch(tmp_path)


def test_the_default_port_gives_way(tmp_path: Path):
    # Somebody has it, whoever that is.
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", 8786)))
        arguments = ("-m", "minidask_distributed.cli.scheduler")
        with within(10), Program(*arguments, cwd=tmp_path) as program:
            assert not address_of(program).endswith(":8786")
            assert "tcp://127.0.0.1:8786 is in use; listening on another port" in program.output
            program.signal(15)
            assert program.wait() == 0


@pytest.mark.usefixtures("works")
def test_nobody_there(tmp_path: Path):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{sock.getsockname()[1]}"
        with (
            within(5),
            pytest.raises(TimeoutError, match=f"no connection to {address} within 0.5 s .*nothing listens there"),
        ):
            Client(address, timeout=0.5)
        with within(10), worker_program(tmp_path, address, "--death-timeout", "0.5s") as worker:
            assert worker.wait() == 1
            assert "nothing listens there" in worker.output
    assert not [thread for thread in threading.enumerate() if "minidask" in thread.name]
