"""Who may look, and what visitors leave behind: nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess

import pytest

from minidask_distributed.dashboard.access import view_token

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network]


def test_the_link_lets_in_and_the_token_leaves_the_address(site):
    async def look(visit):
        answer = await visit.page.goto(site.cluster.dashboard_link)
        assert answer.status == 200
        assert visit.page.url == f"{visit.base}status"
        await visit.live()
        # No script can read what lets this browser in.
        assert await visit.page.evaluate("() => document.cookie") == ""

    site.look(look, with_token=False)


@pytest.mark.parametrize("query", ["", "?token=nonsense", f"?token={view_token('0' * 64)}"])
def test_without_the_right_token_there_is_a_page_that_says_so(site, query):
    async def look(visit):
        answer = await visit.open(f"status{query}")
        assert answer.status == 403
        assert "token" in await visit.page.locator("main").inner_text()
        # The page that says so needs nothing else, and what is under it isn't there either.
        assert [one for one in visit.troubles if not one.startswith(("403: ", "console: Failed to load"))] == []
        for path in ("json/counts.json", "figures/task-stream.json", "static/app.js", "feeds/poll?feeds=summary"):
            assert (await visit.open(path)).status == 403

    site.look(look, troubles=True, with_token=False)


def test_a_name_that_leads_here_is_refused(site):
    """As after DNS rebinding: the browser thinks that this is a page of the other host."""

    async def look(visit):
        answer = await visit.page.goto(f"http://evil.example:{site.port}/status?token={site.token}")
        assert answer.status == 403
        assert "allowed-hosts" in await visit.page.locator("main").inner_text()

    site.look(look, troubles=True, with_token=False)


FROM_ELSEWHERE = """([url, token]) => new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}feeds/ws?feeds=summary&token=${token}`);
    socket.onmessage = () => resolve("read");
    socket.onclose = () => resolve("closed");
})"""


def test_a_page_of_another_origin_reads_nothing(site):
    async def look(visit):
        # Another port is another origin, though a cookie of this host goes along.
        other = await asyncio.start_server(answer_anything, "127.0.0.1", 0)
        async with other:
            await visit.page.goto(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/")
            assert await visit.page.evaluate(FROM_ELSEWHERE, [site.base, site.token]) == "closed"
            read = "(url) => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'refused')"
            assert await visit.page.evaluate(read, f"{site.base}json/counts.json") == "refused"
            framed = """(url) => new Promise((resolve) => {
                const frame = document.createElement("script");
                frame.src = url;
                frame.onload = () => resolve("run");
                frame.onerror = () => resolve("refused");
                document.head.append(frame);
            })"""
            assert await visit.page.evaluate(framed, f"{site.base}json/counts.json") == "refused"
            await visit.page.goto("about:blank")

    site.look(look, troubles=True)
    assert not site.application.desk.readers


async def answer_anything(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_fifty_pages_that_were_opened_and_closed_leave_nothing(site):
    async def look(visit):
        pages = await asyncio.gather(*(visit.page.context.new_page() for _ in range(10)))
        for turn in range(5):
            routes = ["status" if turn == at else "events" if at % 2 else "exceptions" for at in range(10)]
            # Each page closes the one before it.
            await asyncio.gather(*(page.goto(visit.base + route) for page, route in zip(pages, routes, strict=True)))
            live = "() => document.querySelector('#connection').dataset.state === 'live'"
            await asyncio.gather(*(page.wait_for_function(live, polling=50) for page in pages))
            await asyncio.to_thread(site.until, lambda: len(site.application.desk.readers) == 10)
        await asyncio.gather(*(page.close() for page in pages))
        await asyncio.to_thread(site.until, lambda: not site.application.desk.readers)

    site.look(look)
    application = site.application
    site.until(lambda: not application.open_sockets and not application._http._connections)
    assert not application.desk._states
    assert not application.desk._attached
    assert not application.background
    assert site.client.submit(sum, [1, 2], pure=False).result() == 3


def test_the_scheduler_outlives_a_browser_that_is_killed(site, needs_program, tmp_path):
    command = [needs_program("chromium"), "--headless", *site.browsing.arguments, f"--user-data-dir={tmp_path}"]
    with subprocess.Popen(
        [*command, site.cluster.dashboard_link],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            site.until(lambda: site.application is not None and site.application.desk.readers, 60)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    site.until(lambda: not site.application.desk.readers)
    assert site.client.submit(sum, [1, 2], pure=False).result() == 3
    site.look(look_again)


async def look_again(visit):
    await visit.open("status")
    await visit.live()
