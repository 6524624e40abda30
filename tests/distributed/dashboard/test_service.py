"""The service: a bound socket until somebody comes, and nothing left at the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import socket
import subprocess
import sys
import threading
import weakref

import psutil
import pytest

from minidask import config
from minidask_distributed.dashboard.service import Dashboard, parse_listen_address, parse_prefix
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        (":8787", ("127.0.0.1", 8787)),
        ("8787", ("127.0.0.1", 8787)),
        (8787, ("127.0.0.1", 8787)),
        (":0", ("127.0.0.1", 0)),
        ("", ("127.0.0.1", 0)),
        ("0.0.0.0:8787", ("0.0.0.0", 8787)),
        ("node7", ("node7", 0)),
        ("[::1]:9", ("::1", 9)),
        ("[::]", ("::", 0)),
        ("http://node7:80/", ("node7", 80)),
    ],
)
def test_addresses(address, parsed):
    assert parse_listen_address(address) == parsed


@pytest.mark.parametrize("address", [":x", "a:70000", "::1", "a b:1", "a/b:1", "tcp://a:1"])
def test_addresses_that_are_none(address):
    with pytest.raises(ValueError, match="dashboard_address"):
        parse_listen_address(address)


@pytest.mark.parametrize("address", [None, True, 1.5, b":1"])
def test_addresses_of_a_wrong_type(address):
    with pytest.raises(TypeError, match="dashboard_address must be a text as ':8787'"):
        parse_listen_address(address)


@pytest.mark.parametrize(
    ("prefix", "parsed"), [(None, ""), ("", ""), ("/", ""), ("/a/b/", "/a/b"), ("a", "/a"), ("~me", "/~me")]
)
def test_prefixes(prefix, parsed):
    assert parse_prefix(prefix) == parsed


@pytest.mark.parametrize("prefix", ["a b", "a?b", "<a>", "a/../b", "é", "a%2fb", "(.*)"])
def test_prefixes_that_are_none(prefix):
    with pytest.raises(ValueError, match="a dashboard's prefix is a path as '/minidask'"):
        parse_prefix(prefix)


def test_it_listens_on_loopback_and_answers(looking):
    async def main():
        async with looking() as found:
            assert found.dashboard.address == f"http://127.0.0.1:{found.dashboard.port}/"
            assert found.scheduler.services.ports() == {"dashboard": found.dashboard.port}
            assert await found.visitor.text("health", token=False) == "ok"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", found.dashboard.port), 1)
        assert repr(found.dashboard).endswith("closed>")

    asyncio.run(main())


@pytest.mark.slow
def test_nothing_is_imported_before_somebody_comes():
    code = """
import asyncio, sys
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.security import Security

async def main():
    dashboard = Dashboard(":0")
    async with Scheduler(port=0, security=Security(token="t" * 64), services=[dashboard]):
        heavy = {"tornado", "bokeh", "jinja2", "prometheus_client", "minidask_distributed.dashboard.application"}
        print(sorted(heavy & set(sys.modules)))
        reader, writer = await asyncio.open_connection("127.0.0.1", dashboard.port)
        writer.write(b"GET /health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n")
        print((await reader.read())[-2:].decode())
        writer.close()
        await writer.wait_closed()
        print(sorted({"bokeh", "jinja2", "prometheus_client"} & set(sys.modules)), "tornado" in sys.modules)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == ["[]", "ok", "[] True"]


def test_ipv6(looking):
    async def main():
        async with looking(address="[::1]:0") as found:
            assert found.dashboard.address.startswith("http://[::1]:")
            assert await found.visitor.text("health") == "ok"

    if not socket.has_ipv6 or "::1" not in {a.address for entries in psutil.net_if_addrs().values() for a in entries}:
        pytest.skip("this machine has no IPv6")
    asyncio.run(main())


def taken():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock


def test_a_taken_port_that_was_asked_for_is_an_error():
    async def main():
        with taken() as sock:
            port = sock.getsockname()[1]
            scheduler = Scheduler(port=0, security=Security(token=new_token()), services=[Dashboard(f":{port}")])
            with pytest.raises(
                OSError, match=f"the dashboard can't listen on 127.0.0.1:{port}: Address already in use"
            ) as caught:
                await scheduler.start()
            assert caught.value.errno == errno.EADDRINUSE
            assert scheduler.status == "closed"

    asyncio.run(main())


def test_a_taken_port_of_the_default_gives_way(caplog):
    async def main():
        with taken() as sock:
            port = sock.getsockname()[1]
            dashboard = Dashboard(f":{port}", strict=False)
            with caplog.at_level(logging.INFO, "minidask_distributed"):
                async with Scheduler(port=0, security=Security(token=new_token()), services=[dashboard]):
                    assert dashboard.port not in (0, port)
            assert f"port {port} is in use: the dashboard listens on another one" in caplog.text

    asyncio.run(main())


def test_the_default_port_is_not_insisted_on():
    assert not Dashboard()._strict
    assert not Dashboard(":8787")._strict
    assert Dashboard(":8788")._strict
    assert Dashboard("127.0.0.1:8787")._strict


def test_a_host_that_is_not_ours(caplog):
    async def main():
        scheduler = Scheduler(port=0, security=Security(token=new_token()), services=[Dashboard("192.0.2.1:0")])
        with pytest.raises(OSError, match=r"the dashboard can't listen on 192\.0\.2\.1:0"):
            await scheduler.start()

    asyncio.run(main())


def test_listening_to_others_is_told_of_and_known_by_its_numbers(looking, caplog):
    async def main():
        with caplog.at_level(logging.WARNING, "minidask_distributed"):
            async with looking(address="0.0.0.0:0") as found:
                assert found.dashboard.describe()["host"] == ""
                own = socket.gethostname()
                assert await found.visitor.text("health", headers={"Host": own}) == "ok"
                assert await found.visitor.text("json/counts.json", headers={"Host": f"{own}:1"})
                await found.visitor.text("json/counts.json", 403, headers={"Host": "evil.example"})

        assert "can be reached from other machines, and isn't encrypted" in caplog.text

    asyncio.run(main())


def test_it_is_started_once(looking):
    async def main():
        async with looking() as found:
            with pytest.raises(RuntimeError, match="a dashboard can be started once"):
                await found.dashboard.start(found.scheduler)

    asyncio.run(main())


def test_closing_without_a_start_and_again():
    async def main():
        dashboard = Dashboard(":0")
        await dashboard.close()
        await dashboard.close()

    asyncio.run(main())


def test_closing_while_it_opens(looking):
    async def main():
        async with looking() as found:
            _, writer = await asyncio.open_connection("127.0.0.1", found.dashboard.port)
            await asyncio.sleep(0)
        writer.close()

    asyncio.run(main())


def test_the_prefix_of_the_settings(looking):
    async def main():
        with config.set({"distributed.dashboard.prefix": "team/a"}):
            async with looking() as found:
                assert found.dashboard.address.endswith("/team/a/")
                assert await found.visitor.text("health", token=False) == "ok"
                address = found.dashboard.address
                for path, code, location in (
                    ("/team/a", 302, "a/"),
                    ("/team/a/", 302, "status"),
                    ("/health", 404, None),
                    ("/", 404, None),
                ):
                    found.dashboard.prefix = ""
                    answer = await found.visitor.get(path[1:])
                    assert (answer.code, answer.headers.get("Location")) == (code, location), path
                assert address

    asyncio.run(main())


@pytest.mark.slow
def test_tls_by_the_clusters_certificates(looking, monkeypatch):
    monkeypatch.setenv("MINIDASK_TOKEN", new_token())

    async def main():
        async with looking(workers=1, security=Security.temporary(), protocol="tls") as found:
            assert found.dashboard.scheme == "https"
            assert found.dashboard.describe()["scheme"] == "https"
            assert (await found.visitor.json("json/counts.json"))["workers"] == 1
            answer = await found.visitor.get(f"status?token={found.visitor.token}", token=False)
            assert "; Secure" in answer.headers["Set-Cookie"]
            [worker] = found.workers
            port = worker.services.ports()["dashboard"]
            assert (await found.visitor.json(f"proxy/{port}/127.0.0.1/json/counts.json"))["threads"] == 1

    asyncio.run(main())


def test_certificates_that_cannot_be_used(tmp_path):
    async def main():
        (tmp_path / "bad.pem").write_text("no certificate")
        bad = str(tmp_path / "bad.pem")
        security = Security(tls_ca_file=bad, tls_scheduler_cert=bad, token=new_token())
        dashboard = Dashboard(":0", security=security)
        with pytest.raises(ValueError, match=r"the TLS certificate of the scheduler .* can't be used"):
            await Scheduler(port=0, security=Security(token=new_token()), services=[dashboard]).start()

    asyncio.run(main())


@pytest.mark.slow
def test_fifty_visitors_leave_nothing(looking):
    async def main():
        async with looking(workers=1) as found:
            visitor = found.visitor
            await visitor.text("json/counts.json")
            readers = [
                await visitor.socket("feeds/ws?feeds=" + ",".join(found.dashboard._application.desk.feeds))
                for _ in range(2)
            ]
            for reader in readers:
                await reader.read_message()
                reader.close()
            await visitor.text("info/main/workers.html")
            desk = found.dashboard._application.desk
            while desk.readers or found.dashboard._application.open_sockets:
                await asyncio.sleep(0)
            gc.collect()
            process = psutil.Process()
            before = process.num_fds(), len(asyncio.all_tasks()), threading.active_count()
            gone = []
            for _ in range(50):
                socket_ = await visitor.socket("feeds/ws?feeds=" + ",".join(desk.feeds))
                await socket_.read_message()
                gone.append(weakref.ref(next(iter(found.dashboard._application.open_sockets))))
                socket_.close()
                while desk.readers or found.dashboard._application.open_sockets:
                    await asyncio.sleep(0)
                await visitor.text("health")
            while process.num_fds() > before[0]:
                await asyncio.sleep(0)
            gc.collect()
            assert len(asyncio.all_tasks()) <= before[1]
            assert threading.active_count() <= before[2] + 2  # of the pool for imports
            assert sum(one() is not None for one in gone) <= 1
            assert not found.scheduler.recorder.is_attached

    asyncio.run(main())


def test_a_scheduler_closes_with_readers_attached(looking):
    async def main():
        async with looking() as found:
            sockets = [await found.visitor.socket("feeds/ws?feeds=" + ",".join(["workers-memory"])) for _ in range(3)]
            for one in sockets:
                assert await one.read_message()
        for one in sockets:
            async with asyncio.timeout(5):
                while await one.read_message() is not None:
                    pass
            one.close()

    asyncio.run(main())


def test_a_scheduler_closes_with_a_browser_that_says_nothing(looking):
    async def main():
        async with looking() as found:
            await found.visitor.text("health")
            reader, writer = await asyncio.open_connection("127.0.0.1", found.dashboard.port)
            writer.write(b"GET /status HTT")
            await writer.drain()
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 5
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()

    asyncio.run(main())


def test_a_server_without_a_token_that_can_be_read_says_so(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("MINIDASK_TOKEN_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("MINIDASK_TOKEN", raising=False)

    async def main():
        class Server:
            name = "server"
            security = Security()

        dashboard = Dashboard(":0")
        await dashboard.start(Server())
        reader, writer = await asyncio.open_connection("127.0.0.1", dashboard.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionResetError):  # it was in the queue of the socket that closed
                assert await reader.read() == b""
        writer.close()
        await dashboard.close()
        assert "the dashboard can't start, and closes" in caplog.text

    asyncio.run(main())
    assert not os.path.exists(tmp_path / "none")
