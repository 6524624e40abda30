"""A real browser that looks at a real cluster at work: Chromium, driven by Playwright.

Both live as long as a module's tests. Playwright runs on a thread with an event loop of its own, so that this thread has none,
and a client waits here as it does in a program.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from minidask_distributed import Client, LocalCluster

async_api = pytest.importorskip("playwright.async_api")
pytest.importorskip("bokeh")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name of another host that leads here, as an attacker's may.
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
]

TIMEOUT_MS = 30_000

ROWS = """() => Bokeh.documents.flatMap((one) => [...one.all_models]).filter((one) => one.type === "GlyphRenderer")
    .map((one) => one.data_source).filter((one) => one.tags.some((tag) => String(tag).startsWith("feed:")))
    .map((one) => Object.values(one.data)[0]?.length ?? 0)"""
"""The number of rows that each glyph of the page's figures draws."""


class Visit:
    """A page, and what went wrong on it."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.base = base
        self.troubles: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("dialog", self._asked)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    async def _asked(self, dialog: Any) -> None:
        self.troubles.append(f"a script ran: {dialog.message}")
        await dialog.dismiss()

    def _failed(self, request: Any) -> None:
        # What is under way when a page is left is given up.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.troubles.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")

    def hosts(self) -> set[str]:
        """Return where requests went."""
        return {urlsplit(url).netloc for url in self.requests if not url.startswith(("data:", "blob:"))}

    async def open(self, path: str) -> Any:
        return await self.page.goto(self.base + path)

    async def until(self, condition: str, argument: Any = None) -> None:
        """Wait until a function of the page returns something true."""
        await self.page.wait_for_function(condition, arg=argument, polling=50, timeout=TIMEOUT_MS)

    async def live(self) -> None:
        """Wait until the page gets its feeds, and its visible figures stand."""
        await self.until(
            """() => document.querySelector("#connection").dataset.state === "live" && [...document.querySelectorAll(
                "[data-figure]")].every((one) => one.offsetParent === null || one.dataset.ready)"""
        )

    async def rows(self) -> list[int]:
        return await self.page.evaluate(ROWS)


class Browsing:
    """Chromium on a thread of its own."""

    def __init__(self, program: str) -> None:
        self.arguments = ARGUMENTS
        self._program = program
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="playwright", daemon=True)

    def __enter__(self) -> Browsing:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self.run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
            self._loop.close()

    async def _start(self) -> None:
        self._driver = await async_api.async_playwright().start()
        self.browser = await self._driver.chromium.launch(executable_path=self._program, args=ARGUMENTS)

    async def _stop(self) -> None:
        await self.browser.close()
        await self._driver.stop()

    def run(self, coroutine: Coroutine[Any, Any, Any], timeout_s: float = 100) -> Any:
        """Run a coroutine beside this thread; return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_s)


class Site:
    """The pages of a cluster at work."""

    def __init__(self, browsing: Browsing, cluster: Any, client: Any) -> None:
        self.browsing, self.cluster, self.client = browsing, cluster, client
        link = urlsplit(cluster.dashboard_link)
        self.token = link.query.removeprefix("token=")
        self.port = link.port
        self.base = f"{link.scheme}://{link.netloc}/"

    @property
    def dashboard(self) -> Any:
        """The service, in this process."""
        [service] = self.cluster.scheduler.services._started
        return service

    @property
    def application(self) -> Any:
        return self.dashboard._application

    @asynccontextmanager
    async def visit(self, *, script: str = "", with_token: bool = True, **options: Any) -> AsyncIterator[Visit]:
        """Open a page without anything on it, in a browser that has the token's cookie."""
        context = await self.browsing.browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
        context.set_default_timeout(TIMEOUT_MS)
        try:
            if script:
                await context.add_init_script(script)
            page = await context.new_page()
            if with_token:
                await page.goto(f"{self.base}json/counts.json?token={self.token}")
                await page.goto("about:blank")
            yield Visit(page, self.base)
        finally:
            await context.close()

    def look(self, visitor: Callable[..., Awaitable[Any]], *, troubles: bool = False, **options: Any) -> Any:
        """Let a function look at a page; nothing may go wrong there, unless it checks the troubles itself."""

        async def main() -> Any:
            async with self.visit(**options) as visit:
                found = await visitor(visit)
                if not troubles:
                    assert visit.troubles == []
                    assert visit.hosts() <= {urlsplit(self.base).netloc}
                return found

        return self.browsing.run(main())

    def until(self, condition: Callable[[], Any], timeout_s: float = 30) -> None:
        """Wait for something of this process."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, "it didn't come to pass"
            threading.Event().wait(0.02)


@pytest.fixture(scope="module")
def browsing(needs_program: Callable[[str], str]) -> Iterator[Browsing]:
    """The browser."""
    with Browsing(needs_program("chromium")) as browsing:
        yield browsing


@pytest.fixture(scope="module")
def site(browsing: Browsing) -> Iterator[Site]:
    """A cluster of two workers, and its pages."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield Site(browsing, cluster, client)


@pytest.fixture
def visit_of() -> Callable[..., Any]:
    """A function: let a visitor look with a browser that knows nothing yet, at whatever cluster."""

    def look(browsing: Browsing, visitor: Callable[[Visit], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            context = await browsing.browser.new_context(viewport={"width": 1280, "height": 1000})
            context.set_default_timeout(TIMEOUT_MS)
            try:
                return await visitor(Visit(await context.new_page(), ""))
            finally:
                await context.close()

        return browsing.run(main())

    return look
