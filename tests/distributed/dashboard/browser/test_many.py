"""Pages of two hundred workers and of very many tasks: nothing is too much for a screen, and nothing is cut."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import pytest

from minidask_distributed import Client
from tests.distributed.dashboard.crowd import crowd

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network]

N_WORKERS = 200
N_TASKS = 100_000


def load(number):
    return number


def quick(number):
    return number


def total(*numbers):
    return sum(numbers)


def bad(number):
    raise ValueError(number)


@pytest.fixture(scope="module")
def many():
    """A crowd with tasks of all kinds before it, and with more than anybody can draw one by one."""
    with crowd(N_WORKERS) as made, Client(made.address, security=made.security) as client:
        client.wait_for_workers(N_WORKERS)
        loaded = client.map(load, range(2000), pure=False)
        held = [client.submit(total, *loaded[at::20], pure=False) for at in range(20)]
        held += client.map(bad, range(20), pure=False)
        held += client.map(quick, range(N_TASKS), pure=False)
        yield made


READY = """() => document.querySelector("#connection").dataset.state === "live" && [...document.querySelectorAll(
    "[data-figure]")].every((one) => one.offsetParent === null || one.dataset.ready)"""

LABELS = """() => [...minidask.figures.shown.values()].flatMap((figure) => {
    const view = figure.views.roots[0];
    return figure.labels.map(({ axis }) => {
        const screen = [...axis.major_label_overrides.keys()].map((at) => view.frame.y_scale.compute(at)).sort((a, b) => a - b);
        const gaps = screen.slice(1).map((at, row) => at - screen[row]);
        return [figure.name, screen.length, gaps.length ? Math.min(...gaps) : 99];
    });
})"""

ROWS = (
    """() => Object.fromEntries([...minidask.store.tables.keys()].map((name) => [name, minidask.store.rows(name)]))"""
)


@pytest.mark.parametrize("route", ["status", "workers", "tasks", "groups", "graph", "bandwidth", "shuffle"])
def test_pages_of_many_workers_and_tasks(browsing, visit_of, many, route):
    async def look(visit):
        await visit.page.goto(many.link)
        base = many.dashboard.address
        await visit.page.goto(base + route)
        await visit.until(READY)
        await visit.until("() => minidask.store.rows('summary') === 1")
        assert await visit.page.evaluate("() => minidask.store.columns('summary').workers[0]") == N_WORKERS
        if route != "shuffle":
            await visit.until(
                "() => [...minidask.figures.shown.values()].every((one) => one.fills.some(({ source }) => source.length))"
            )
        wide = await visit.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 1280
        for name, count, gap in await visit.page.evaluate(LABELS):
            # Twelve pixels are a line of text.
            assert count < 2 or gap >= 12, (route, name, count, gap)
        rows = await visit.page.evaluate(ROWS)
        for name, most in {"workers-memory": 101, "workers-load": 101, "shuffle-workers": 16, "graph": 2000}.items():
            assert rows.get(name, 0) <= most
        if route == "workers":
            await visit.until("(n) => document.querySelectorAll('#part-workers tbody tr').length === n", N_WORKERS)
            await visit.page.get_by_role("searchbox").first.fill("node-17")
            await visit.until("() => document.querySelectorAll('#part-workers tbody tr').length === 10")
        assert visit.troubles == []
        assert visit.hosts() == {urlsplit(base).netloc}

    visit_of(browsing, look)
    assert threading.active_count() < 50
