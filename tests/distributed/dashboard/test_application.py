"""The whole server over real sockets: who gets in, what every answer has, what is bounded."""

from __future__ import annotations

import asyncio
import json

import pytest

from minidask_distributed import Client
from minidask_distributed.comm import connect
from minidask_distributed.dashboard import application as module
from minidask_distributed.security import Security

pytestmark = pytest.mark.network


async def raw(port: int, request: str) -> str:
    """Return what the server answers to bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.encode())
        async with asyncio.timeout(20):
            return (await reader.read()).decode(errors="replace")
    except ConnectionError:
        return ""
    finally:
        writer.close()


def test_without_the_token_there_is_a_page_that_says_where_to_get_it(looking):
    async def main():
        async with looking() as found:
            for path in (
                "status",
                "",
                "json/identity.json",
                "metrics",
                "static/app.js",
                "feeds/poll?feeds=x",
                "no/such/page",
            ):
                page = await found.visitor.text(path, 403, token=False)
                assert "these pages need the token of the cluster" in page, path
                assert "client.dashboard_link" in page
                assert found.visitor.token not in page
            plain = await found.visitor.text("status", 403, token=False, headers={"Accept": "*/*"})
            assert plain == "403: these pages need the token of the cluster\n"

    asyncio.run(main())


def test_a_wrong_token(looking):
    async def main():
        async with looking() as found:
            page = await found.visitor.text("status?token=<script>", 403, token=False)
            assert "the token in the address is wrong" in page
            assert "<script>" not in page
            await found.visitor.text("status", 403, token=False, headers={"Authorization": "Bearer nonsense"})
            # The cluster's own token is another one.
            own = found.scheduler.security.token_for(False)
            await found.visitor.text(f"status?token={own}", 403, token=False)

    asyncio.run(main())


def test_the_token_becomes_a_cookie_and_the_address_is_clean(looking):
    async def main():
        async with looking(prefix="/x") as found:
            visitor = found.visitor
            answer = await visitor.get(f"json/index.html?a=1&token={visitor.token}", token=False)
            assert answer.code == 302
            assert "Set-Cookie" not in answer.headers
            way = answer.headers["Location"]
            assert way.startswith("../enter?page=json")
            answer = await visitor.get(way.removeprefix("../"), token=False)
            assert answer.code == 302
            assert answer.headers["Location"] == "./json/index.html?a=1"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            # For the folder of the page that sets it, as the browser knows it.
            assert "Path" not in cookie
            assert visitor.token not in cookie
            headers = {"Cookie": cookie.partition(";")[0]}
            assert "counts.json" in await visitor.text("json/index.html", token=False, headers=headers)
            await visitor.text("json/index.html", 403, token=False, headers={"Cookie": "minidask-view=1"})

    asyncio.run(main())


def test_every_answer_has_the_headers(looking):
    async def main():
        async with looking() as found:
            for path, token in (
                ("health", True),
                ("nix", True),
                ("status", False),
                ("json/counts.json", True),
                ("static/style.css", True),
            ):
                answer = await found.visitor.get(path, token=token)
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert "Server" not in answer.headers

    asyncio.run(main())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_nothing_can_be_changed(looking, method):
    async def main():
        async with looking() as found:
            for path in (
                "status",
                "health",
                "feeds/poll?feeds=summary",
                "static/app.js",
                "info/main/workers.html",
                "nix",
                "proxy/1/a/b",
            ):
                answer = await found.visitor.get(path, method=method, body=b"x")
                assert answer.code == 405, path

    asyncio.run(main())


def test_head_is_get_without_content(looking):
    async def main():
        async with looking() as found:
            for path in ("health", "json/counts.json", "static/style.css", "info/main/workers.html"):
                answer = await found.visitor.get(path, method="HEAD")
                assert (answer.code, answer.body) == (200, b""), path
            assert (await found.visitor.get("feeds/ws?feeds=summary", method="HEAD")).code == 405

    asyncio.run(main())


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example"])
def test_another_host_is_refused(looking, host):
    async def main():
        async with looking() as found:
            page = await found.visitor.text("json/counts.json", 403, headers={"Host": host})
            assert "isn&#x27;t known as" in page

    asyncio.run(main())


def test_a_request_without_a_host_is_refused(looking):
    async def main():
        async with looking() as found:
            answer = await raw(
                found.dashboard.port,
                f"GET /json/counts.json HTTP/1.0\r\nAuthorization: Bearer {found.visitor.token}\r\n\r\n",
            )
            assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 400"))
            assert "workers" not in answer

    asyncio.run(main())


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.example", 403), ("null", 403), ("http://localhost:1", 403), ("http://127.0.0.1:1", 403)],
)
def test_a_websocket_from_elsewhere_is_refused(looking, origin, status):
    async def main():
        async with looking() as found:
            with pytest.raises(module_errors(), match=f"HTTP {status}"):
                await found.visitor.socket("feeds/ws?feeds=summary", headers={"Origin": origin})
            assert not found.dashboard._application.desk.readers

    asyncio.run(main())


def module_errors():
    from tornado.httpclient import HTTPClientError

    return HTTPClientError


def test_a_websocket_of_an_own_page_and_one_without_the_token(looking):
    async def main():
        async with looking() as found:
            own = f"http://127.0.0.1:{found.dashboard.port}"
            socket = await found.visitor.socket("feeds/ws?feeds=summary", headers={"Origin": own})
            assert json.loads(await socket.read_message())["feeds"]["summary"]
            socket.close()
            with pytest.raises(module_errors(), match="HTTP 403"):
                await found.visitor.socket("feeds/ws?feeds=summary", token=False)
            socket = await found.visitor.socket(f"feeds/ws?feeds=summary&token={found.visitor.token}", token=False)
            assert await socket.read_message()
            socket.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "path",
    [
        "static/../service.py",
        "static/..%2fservice.py",
        "static/%2e%2e/service.py",
        "static/....//service.py",
        "static//etc/passwd",
        "static/%2fetc%2fpasswd",
        "static/bokeh/../../../../__init__.py",
        "static/bokeh/..%2f..%2f..%2f__init__.py",
        "static/app.js%00.css",
        "static/",
        "static",
    ],
)
def test_files_come_from_their_folders_alone(looking, path):
    async def main():
        async with looking() as found:
            bearer = f"Authorization: Bearer {found.visitor.token}"
            request = f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{bearer}\r\n\r\n"
            answer = await raw(found.dashboard.port, request)
            assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 404", "HTTP/1.1 400")), answer[:200]
            assert "import" not in answer
            assert "root:" not in answer

    asyncio.run(main())


def test_headers_and_bodies_are_bounded(looking):
    async def main():
        async with looking() as found:
            long = "x" * (module.MAX_HEADER_BYTES + 1)
            answer = await raw(
                found.dashboard.port, f"GET /health HTTP/1.1\r\nHost: localhost\r\nCookie: {long}\r\n\r\n"
            )
            assert "200 OK" not in answer
            answer = await raw(
                found.dashboard.port,
                f"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: {module.MAX_BODY_BYTES + 1}\r\n\r\n",
            )
            assert "200 OK" not in answer
            assert await found.visitor.text("health") == "ok"

    asyncio.run(main())


@pytest.mark.parametrize(
    "request_",
    ["GET\r\n\r\n", "\x00\x01\x02\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\n\r\n"],
)
def test_nonsense_is_refused_and_the_server_lives(looking, request_):
    async def main():
        async with looking() as found:
            answer = await raw(found.dashboard.port, request_)
            assert "200 OK" not in answer
            assert await found.visitor.text("health") == "ok"

    asyncio.run(main())


SECOND = (
    "GET /json/counts.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
)


@pytest.mark.parametrize(
    "headers",
    [
        # Two ways to say where the request ends: somebody in between may have taken the other one.
        f"Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: {len(SECOND) + 60}\r\n",
        "Host: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n",
        "Host: localhost\r\nContent-Length: +0\r\n",
        "Host: localhost\r\nTransfer-Encoding: xchunked\r\n",
        "Host: localhost\r\nX: a\r\n\tfolded: b\r\nContent-Length : 0\r\n",
        # And two servers that are meant.
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: evil.example\r\nHost: localhost\r\n",
        "Host: localhost, evil.example\r\n",
        "Host: localhost@evil.example\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(looking, headers):
    async def main():
        async with looking() as found:
            token = found.visitor.token
            first = f"GET /json/counts.json HTTP/1.1\r\n{headers}Authorization: Bearer {token}\r\n\r\n"
            answer = await raw(found.dashboard.port, first + "0\r\n\r\n" + SECOND.format(token=token))
            # The first request isn't served, and nothing behind it is, either.
            assert answer.startswith(("HTTP/1.1 400", "HTTP/1.1 403")) or not answer, answer[:300]
            assert '"workers"' not in answer.partition("HTTP/1.1 200")[0]
            assert await found.visitor.text("health") == "ok"

    asyncio.run(main())


def test_no_token_is_logged_or_told(looking, caplog):
    caplog.set_level("DEBUG")

    async def main():
        async with looking(workers=1) as found:
            token = found.visitor.token
            way = f"proxy/{found.workers[0].services.ports()['dashboard']}/127.0.0.1"
            for path in (
                "status",
                "nothing",
                "info/task/x.html",
                f"{way}/status",
                f"{way}/nothing",
                "feeds/poll",
                "json/profile.json",
            ):
                for query in (f"?token={token}", f"?token={token}x", f"?feeds=summary&token={token}&since=x"):
                    answer = await found.visitor.get(path + query, token=False)
                    assert token not in answer.body.decode()
                    assert token not in str(answer.headers)
                    assert answer.headers["Referrer-Policy"] == "no-referrer"
            answer = await found.visitor.get(f"{way}/status?token={token}", token=False)
            assert answer.headers["Location"].startswith("../../../enter?page=proxy")
            socket = await found.visitor.socket(f"{way}/feeds/ws?feeds=worker-facts&token={token}", token=False)
            assert await socket.read_message()
            socket.close()
            # What this test itself sends aside: tornado's client says nothing of it.
            assert token not in caplog.text

    asyncio.run(main())


def test_the_view_token_authorises_no_call(looking):
    async def main():
        async with looking() as found:
            spy = Security(token=found.visitor.token)
            with pytest.raises(OSError, match="token"):
                await connect(found.scheduler.address, role="rpc", security=spy, timeout_s=5)
            with pytest.raises(OSError, match="token"):
                await Client(found.scheduler.address, security=spy, asynchronous=True, timeout=5)

    asyncio.run(main())


def test_what_is_not_there(looking):
    async def main():
        async with looking() as found:
            assert "there is no page" in await found.visitor.text("nix", 404)
            assert "there is no page of this address" in await found.visitor.text("nix/nix", 404)
            page = await found.visitor.text("%3Cscript%3Ealert(1)", 404)
            assert "<script>alert" not in page

    asyncio.run(main())


def test_a_defect_is_logged_and_told_of_without_details(looking, monkeypatch, caplog):
    async def main():
        async with looking() as found:
            await found.visitor.text("health")
            monkeypatch.setattr("minidask_distributed.dashboard.data_routes.counts", lambda server, role: 1 / 0)
            page = await found.visitor.text("json/counts.json", 500)
            assert "something failed here" in page
            assert "ZeroDivision" not in page
        assert "the dashboard failed at /json/counts.json" in caplog.text

    asyncio.run(main())
