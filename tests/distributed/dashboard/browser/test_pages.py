"""Every page in a real browser, while a cluster works."""

from __future__ import annotations

import threading
import time
from operator import truediv

import pytest

from minidask_distributed import wait
from minidask_distributed.dashboard.layout import Plot
from minidask_distributed.dashboard.pages import PAGES

np = pytest.importorskip("numpy")
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network]

SCRIPT = "<script>alert(1)</script>-1"
LONG = "<img src=x onerror=alert(2)>-1"


def block(number):
    return np.full(30_000, number, dtype="float64")


def nap(seconds, *others):
    time.sleep(seconds)
    return seconds


def total(*blocks):
    return float(sum(one.sum() for one in blocks))


class Work:
    """What keeps the cluster busy: blocks made on one worker and summed on both, failures, events, now and then a shuffle."""

    def __init__(self, client):
        self.client = client
        self.workers = list(client.scheduler_info()["workers"])
        self.ended = threading.Event()
        self.error = None
        self.shuffled = None  # held, so that it stays in sight
        self.thread = threading.Thread(target=self.run, name="work")

    def run(self):
        at = 0
        try:
            while not self.ended.is_set():
                self.once(at)
                at += 1
        except BaseException as error:
            self.error = error
            raise

    def once(self, at):
        client = self.client
        here = self.workers[at % 2]
        blocks = client.map(block, range(8), pure=False, workers=here)
        # Where their blocks are there is a queue, and the other worker has nothing to do.
        sums = [client.submit(total, *blocks[k % 4 :], pure=False) for k in range(4)]
        busy = client.map(nap, [0.1] * 4, pure=False)
        held = client.submit(block, at, pure=False, workers=here)
        stolen = [client.submit(nap, 0.01, held, pure=False) for _ in range(24)]
        failed = client.submit(truediv, at, 0, pure=False)
        wait([*sums, *busy, *stolen, failed])
        client.log_event("news", {"round": at, "text": "<b>bold</b>"})
        if at % 8 == 0:
            self.shuffled = shuffled()


def shuffled():
    import pandas as pd

    import minidask.dataframe as dd

    frame = dd.from_pandas(pd.DataFrame({"x": range(400), "y": 1.0}), npartitions=4).shuffle("x").persist()
    assert len(frame) == 400
    return frame


@pytest.fixture(scope="module")
def work(site):
    """The site of a cluster that works, with a task that took a while and one with a script for its name."""
    failed = site.client.submit(truediv, 1, 0, key=SCRIPT)
    made = Work(site.client)
    made.thread.start()
    try:
        yield site
    finally:
        made.ended.set()
        made.thread.join(60)
        made.shuffled = None
    assert made.error is None
    assert failed.status == "error"


NUMBERS = """() => document.querySelector("main").innerText + Bokeh.documents.flatMap((one) => [...one.all_models])
    .filter((one) => one.type === "ColumnDataSource" && one.tags.length)
    .map((one) => JSON.stringify(Object.values(one.data))).join()"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.route)
def test_a_page_shows_what_goes_on(work, page):
    tables = [part.name for part in page.parts() if not isinstance(part, Plot) and part.name != "departures"]

    async def look(visit):
        await visit.open(page.route)
        await visit.live()
        # Every glyph that is seen has something to draw, every table rows.
        await visit.until(
            """(tables) => [...minidask.figures.shown.values()].every((one) => one.fills.every(({ source }) => source.length > 0))
                && tables.every((name) => document.querySelector(`#part-${name} tbody tr`)?.innerText.trim())""",
            tables,
        )
        if any(isinstance(part, Plot) for part in page.parts()):
            assert sum(await visit.rows()) > 0
        # And it goes on.
        await visit.page.evaluate(f"window.before = ({numbers(page)})()")
        await visit.until(f"() => ({numbers(page)})() !== window.before")
        assert await visit.page.title() == f"{page.title} · minidask"

    work.look(look)


def numbers(page):
    """What is seen on a page, as JavaScript; pages of tables alone load no Bokeh."""
    return NUMBERS if any(isinstance(part, Plot) for part in page.parts()) else "() => document.body.innerText"


def test_the_task_stream_grows(work):
    async def look(visit):
        await visit.open("tasks")
        await visit.live()
        await visit.until("() => minidask.store.rows('task-stream') > 0")
        before = max(await visit.rows())
        await visit.until(f"(before) => Math.max(...({ROWS_OF_STREAM})()) > before + 20", before)

    work.look(look)


ROWS_OF_STREAM = """() => [...minidask.figures.shown.values()].flatMap((one) => one.fills)
    .filter(({ feed }) => feed === "task-stream").map(({ source }) => source.length)"""

PLACE = """(key) => {
    const [figure] = [...minidask.figures.shown.values()].filter((one) => one.name.startsWith("task-stream"));
    const { source } = figure.fills.find(({ feed }) => feed === "task-stream");
    const row = source.data.name.indexOf(key);
    const { frame } = figure.views.roots[0];
    const box = figure.place.getBoundingClientRect();
    const middle = (source.data.left[row] + source.data.right[row]) / 2;
    return [box.x + frame.x_scale.compute(middle), box.y + frame.y_scale.compute(source.data.y[row])];
}"""

SPAN = """() => {
    const [figure] = [...minidask.figures.shown.values()].filter((one) => one.name.startsWith("task-stream"));
    return figure.model.x_range.end - figure.model.x_range.start;
}"""


async def with_a_long_task(work, visit, key):
    """Open the task stream with a task that is wide enough to be pointed at, and hold it."""
    await visit.open("tasks")
    await visit.live()
    future = work.client.submit(nap, 0.8, key=key)
    await visit.until("(key) => minidask.store.columns('task-stream')?.name.includes(key)", key)
    await visit.page.get_by_role("button", name="Pause").click()
    future.release()


def test_pointing_at_a_task_shows_its_key(work):
    async def look(visit):
        await with_a_long_task(work, visit, LONG)
        await visit.page.mouse.move(*await visit.page.evaluate(PLACE, LONG))
        # Bokeh's boxes are in a shadow of their own.
        box = visit.page.locator(".bk-Tooltip")
        await box.get_by_text(LONG, exact=True).wait_for()
        assert await box.get_by_text("took").is_visible()
        assert await box.get_by_text("worker").is_visible()
        assert await box.locator("img").count() == 0

    work.look(look)


def test_the_wheel_zooms_and_reset_brings_the_view_back(work):
    async def look(visit):
        await with_a_long_task(work, visit, "another-long-task")
        whole = await visit.page.evaluate(SPAN)
        x, y = await visit.page.evaluate(PLACE, "another-long-task")
        await visit.page.mouse.move(x, y)
        await visit.page.mouse.wheel(0, -300)
        await visit.until(f"(whole) => ({SPAN})() < 0.9 * whole", whole)
        follow = visit.page.get_by_role("button", name="Follow")
        assert await follow.get_attribute("aria-pressed") == "false"
        # Dragging pans.
        before = await visit.page.evaluate("() => minidask.figures.shown.values().next().value.model.x_range.start")
        await visit.page.mouse.down()
        await visit.page.mouse.move(x + 60, y, steps=3)
        await visit.page.mouse.up()
        await visit.until(
            "(before) => minidask.figures.shown.values().next().value.model.x_range.start < before", before
        )
        await visit.page.get_by_role("button", name="Reset").click()
        await visit.until(f"(whole) => Math.abs(({SPAN})() - whole) < 1", whole)
        assert await follow.get_attribute("aria-pressed") == "true"
        assert await visit.page.get_by_role("button", name="Pause").count() == 1  # it goes on, too

    work.look(look)


ROWS_IN_VIEW = """() => {
    const [figure] = [...minidask.figures.shown.values()].filter((one) => one.name.startsWith("task-stream"));
    return Math.abs(figure.model.y_range.end - figure.model.y_range.start);
}"""


def test_the_wheel_over_the_names_shows_fewer_rows(work):
    async def look(visit):
        await with_a_long_task(work, visit, "a-long-task-in-a-row")
        page = visit.page
        rows, span = await page.evaluate(ROWS_IN_VIEW), await page.evaluate(SPAN)
        box = await page.locator("[data-figure=task-stream-long]").bounding_box()
        await page.mouse.move(box["x"] + 30, box["y"] + box["height"] / 3)
        await page.mouse.wheel(0, -300)
        await visit.until(f"(rows) => ({ROWS_IN_VIEW})() < 0.9 * rows", rows)
        assert await page.evaluate(SPAN) == pytest.approx(span)
        fewer = await page.evaluate(ROWS_IN_VIEW)
        # What comes meanwhile doesn't take the view away.
        await page.get_by_role("button", name="Resume").click()
        before = await page.evaluate(ROWS_OF_STREAM_NOW)
        futures = work.client.map(nap, [0.01] * 4, pure=False)
        await visit.until(f"(before) => ({ROWS_OF_STREAM_NOW})() > before", before)
        assert len(futures) == 4
        assert await page.evaluate(ROWS_IN_VIEW) == pytest.approx(fewer)
        await page.get_by_role("button", name="Reset").click()
        await visit.until(f"(rows) => Math.abs(({ROWS_IN_VIEW})() - rows) < 0.01", rows)

    work.look(look)


RANGE = """() => {
    const [figure] = [...minidask.figures.shown.values()].filter((one) => one.name.startsWith("task-stream"));
    return [figure.model.x_range.start, figure.model.x_range.end];
}"""


def test_the_task_stream_by_keyboard(work):
    async def look(visit):
        await with_a_long_task(work, visit, "by-keyboard")
        page = visit.page
        follow, figure = page.get_by_role("button", name="Follow"), page.locator("[data-figure=task-stream-long]")
        await figure.focus()

        async def press(key):
            before = await page.evaluate(RANGE)
            await page.keyboard.press(key)
            await visit.until(f"(before) => String(({RANGE})()) !== String(before)", before)
            return before, await page.evaluate(RANGE)

        (start, end), (nearer, last) = await press("+")
        assert last - nearer == pytest.approx((end - start) / 2)
        assert await follow.get_attribute("aria-pressed") == "false"
        (start, end), (further, last) = await press("-")
        assert last - further == pytest.approx(2 * (end - start))
        (start, end), (left, last) = await press("ArrowLeft")
        assert (start - left, end - last) == (pytest.approx((end - start) / 5), pytest.approx((end - start) / 5))
        await press("ArrowRight")
        assert (await page.evaluate(RANGE))[0] == pytest.approx(start)
        # Follow comes back to the present, also while the page is held.
        await press("ArrowLeft")
        await press("f")
        assert await follow.get_attribute("aria-pressed") == "true"
        await page.keyboard.press(" ")
        await page.get_by_role("button", name="Pause").wait_for()
        await page.keyboard.press(" ")
        await page.get_by_role("button", name="Resume").wait_for()
        await press("+")
        # Reset goes on, too.
        await press("0")
        await page.get_by_role("button", name="Pause").wait_for()
        assert await follow.get_attribute("aria-pressed") == "true"
        # Keys with others belong to the browser, and those on its buttons to them.
        await page.keyboard.press("Control+-")
        await page.get_by_role("button", name="Reset").focus()
        await page.keyboard.press("+")
        assert await follow.get_attribute("aria-pressed") == "true"

    work.look(look)


ROWS_OF_STREAM_NOW = "() => minidask.store.rows('task-stream')"
DRAWN = f"() => Math.max(...({ROWS_OF_STREAM})())"


def test_pause_holds_the_page_and_follow_moves_with_the_time(work):
    async def look(visit):
        page = visit.page
        await visit.open("tasks")
        await visit.live()
        await visit.until("() => minidask.store.rows('task-stream') > 0")
        # It follows.
        start = await page.evaluate(RANGE)
        await visit.until(f"(start) => ({RANGE})()[1] > start + 500", start[1])
        pause = page.get_by_role("button", name="Pause")
        await pause.click()
        drawn, known = await page.evaluate(DRAWN), await page.evaluate(ROWS_OF_STREAM_NOW)
        await visit.until(f"(known) => ({ROWS_OF_STREAM_NOW})() > known + 20", known)
        assert await page.evaluate(DRAWN) == drawn
        # What came meanwhile is drawn at once when it goes on.
        await page.get_by_role("button", name="Resume").click()
        await visit.until(f"(drawn) => ({DRAWN})() > drawn", drawn)
        # Without following the view stays while rows are added.
        await page.get_by_role("button", name="Follow").click()
        held, drawn = await page.evaluate(RANGE), await page.evaluate(DRAWN)
        await visit.until(f"(drawn) => ({DRAWN})() > drawn + 5", drawn)
        assert await page.evaluate(RANGE) == held
        # Window and history are the viewer's choice.
        await page.get_by_label("Window").select_option("5")
        await visit.until(f"() => ({SPAN})() < 6000")
        await page.get_by_label("History").select_option("1000")
        assert await page.evaluate("() => minidask.store.tables.get('task-stream').keep") == 1000

    work.look(look)


def test_a_workers_own_profiles(work):
    async def look(visit):
        page = visit.page
        await visit.open("workers")
        await visit.live()
        await page.locator("#part-workers tbody tr").first.locator("a").first.click()
        await page.get_by_role("link", name="Its own dashboard").click()
        await visit.live()
        for name in ("Profile", "Server profile"):
            await page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
            await page.wait_for_url("**/profile*")
            await visit.until("() => minidask.store.rows('profile-boxes') > 1")
            await visit.until("() => document.querySelectorAll('[data-ready]').length === 2")
        # One event loop is all that it has.
        assert await page.get_by_label("Event loop").count() == 0

    work.look(look)


@pytest.mark.parametrize("width", [1100, 1280, 1520])
def test_the_table_of_workers_fits(work, width):
    async def look(visit):
        await visit.page.set_viewport_size({"width": width, "height": 800})
        await visit.open("workers")
        await visit.live()
        await visit.until("() => document.querySelectorAll('#part-workers tbody tr').length === 2")
        place = visit.page.locator("#part-workers .table")
        wide, seen = await place.evaluate("(place) => [place.scrollWidth, place.clientWidth]")
        assert wide <= seen
        heading = visit.page.locator("#part-workers th", has_text="Thr.")
        assert await heading.get_attribute("title") == "Threads that run tasks"
        for name in ("Memory", "Limit", "Spilled", "In", "Delay", "Seen"):
            assert await visit.page.get_by_role("button", name=name, exact=True).is_visible()
        assert await visit.page.get_by_role("button", name="Address").is_visible() == (width > 1240)

    work.look(look)


def test_from_the_workers_to_one_and_back(work):
    async def look(visit):
        page = visit.page
        await visit.open("workers")
        await visit.live()
        name = page.locator("#part-workers tbody tr").first.locator("a").first
        shown = await name.inner_text()
        await name.click()
        await page.wait_for_url("**/info/worker/*.html")
        assert f"Worker {shown}" in await page.locator("h1").inner_text()
        await page.get_by_role("link", name="Log", exact=True).click()
        await page.wait_for_url("**/info/logs/*.html")
        await page.go_back()
        await page.get_by_role("link", name="Its own dashboard").click()
        await page.wait_for_url("**/proxy/**")
        await visit.live()
        await visit.until(
            "() => [...minidask.figures.shown.values()].every((one) => one.fills.every(({ source }) => source.length))"
        )
        await page.get_by_role("link", name="← cluster").click()
        await visit.live()
        assert page.url.startswith(visit.base)
        assert "/proxy/" not in page.url
        await page.get_by_role("navigation").get_by_role("link", name="Workers").click()
        await page.wait_for_url("**/workers")

    work.look(look)


def test_sorting_the_workers(work):
    async def look(visit):
        await visit.open("workers")
        await visit.live()
        await visit.until("() => document.querySelectorAll('#part-workers tbody tr').length === 2")
        heading = visit.page.get_by_role("button", name="Name")
        cell = visit.page.locator("#part-workers thead th").first
        names = visit.page.locator("#part-workers tbody tr td:first-child")
        await heading.click()
        assert await cell.get_attribute("aria-sort") == "ascending"
        assert await names.all_inner_texts() == ["0", "1"]
        await heading.click()
        assert await cell.get_attribute("aria-sort") == "descending"
        assert await names.all_inner_texts() == ["1", "0"]

    work.look(look)


def test_a_name_that_is_a_script_stays_a_text(work):
    async def look(visit):
        await visit.open("exceptions")
        await visit.live()
        await visit.page.get_by_role("searchbox").fill("alert(1)")
        link = visit.page.get_by_role("link", name=SCRIPT)
        await link.click()
        await visit.page.wait_for_url("**/info/task/**")
        assert SCRIPT in await visit.page.locator("main").inner_text()
        assert "ZeroDivisionError" in await visit.page.locator("main").inner_text()
        await visit.open("events")
        await visit.live()
        await visit.until("() => document.querySelector('main').innerText.includes('<b>bold</b>')")

    work.look(look)


FORMULAS = ["$$x^2$$", "$$$$x^2$$$$", "\\[x^2\\]", "\\(x^2\\)"]

AXIS_LABELS = """() => [...minidask.figures.shown.values()].filter((one) => one.name === "progress").flatMap((one) => one.labels)
    .flatMap(({ axis }) => [...(axis.major_label_overrides?.values() ?? [])])"""


def test_a_name_that_is_a_formula_stays_a_text(work):
    held = [work.client.submit(abs, -1, key=f"{name}-1") for name in FORMULAS]

    async def look(visit):
        await visit.open("individual-progress")
        await visit.until("(name) => minidask.store.columns('progress')?.prefix.includes(name)", FORMULAS[-1])
        await visit.until(f"(n) => ({AXIS_LABELS})().filter((label) => label.includes('x^2')).length === n", len(held))
        shown = [label for label in await visit.page.evaluate(AXIS_LABELS) if "x^2" in label]
        assert {label.replace("\u2060", "") for label in shown} == set(FORMULAS)
        # With a sign in between nothing is taken for the begin of a formula.
        assert not any(begin in label for label in shown for begin in ("$$", "\\[", "\\("))

    work.look(look)


BLOCKED = "window.WebSocket = class { constructor() { throw new Error('blocked'); } };"


@pytest.mark.parametrize("script", ["delete window.WebSocket;", BLOCKED], ids=["missing", "blocked"])
def test_without_websockets_the_page_polls(work, script):
    async def look(visit):
        await visit.open("status")
        await visit.until("() => document.querySelector('#connection').dataset.state === 'polling'")
        await visit.until("() => minidask.store.rows('task-stream') > 0")
        before = await visit.page.evaluate("() => minidask.store.time")
        await visit.until("(before) => minidask.store.time > before + 1", before)

    work.look(look, script=script)


def test_light_and_dark(work):
    background = "() => getComputedStyle(document.body).backgroundColor"
    ready = (
        "() => [...minidask.figures.shown.values()].every((one) => one.fills.every(({ source }) => source.length > 0))"
    )
    axis = """() => [...minidask.figures.shown.values()].flatMap((one) => [...one.document.all_models])
        .find((one) => one.type === "LinearAxis").major_label_text_color"""

    async def look(visit):
        await visit.open("system")
        await visit.live()
        await visit.until(ready)
        dark = await visit.page.evaluate(background), await visit.page.evaluate(axis)
        await visit.page.get_by_role("button", name="light theme").click()
        await visit.live()
        await visit.until(ready)
        light = await visit.page.evaluate(background), await visit.page.evaluate(axis)
        assert light[0] != dark[0]
        assert light[1] != dark[1]
        # The choice lasts.
        await visit.open("events")
        await visit.live()
        assert await visit.page.evaluate(background) == light[0]

    work.look(look, color_scheme="dark")


def test_tabs_show_their_plots_when_they_are_chosen(work):
    async def look(visit):
        await visit.open("status")
        await visit.live()
        await visit.page.get_by_role("tab", name="CPU").click()
        await visit.until("() => document.querySelector('[data-figure=workers-cpu]').dataset.ready")
        assert await visit.page.locator("[data-figure=workers-processing]").is_hidden()

    work.look(look)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(work, width):
    async def look(visit):
        await visit.page.set_viewport_size({"width": width, "height": 800})
        for route in ("status", "workers", "info/main/workers.html"):
            await visit.open(route)
            if not route.startswith("info"):
                await visit.live()
            wide = await visit.page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= width, route

    work.look(look)
