"""Pages that are files: reports and pictures, opened without a server and without a network."""

from __future__ import annotations

import time

import pytest

from minidask_distributed import performance_report

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network]

KEY = "<img src=x onerror=alert(3)>-1"

ROWS = """() => Bokeh.documents.flatMap((one) => [...one.all_models]).filter((one) => one.type === "GlyphRenderer")
    .map((one) => Object.values(one.data_source.data)[0]?.length ?? 0)"""


def nap(seconds):
    time.sleep(seconds)


def test_a_report(site, tmp_path):
    file = tmp_path / "report.html"
    with performance_report(str(file)):
        site.client.gather(site.client.map(nap, [0.01] * 8, pure=False))
        site.client.submit(nap, 1.2, key=KEY).result()

    async def look(visit):
        await visit.page.context.set_offline(True)
        await visit.page.goto(file.as_uri())
        await visit.until("() => window.Bokeh?.documents.length > 0")
        rows = await visit.page.evaluate(ROWS)
        assert max(rows) >= 9
        assert "with performance_report" in await visit.page.locator("pre").inner_text()
        # The longest task of all is wide enough to be pointed at, and its name is a text.
        figure = visit.page.locator(".bk-Figure").first
        await figure.scroll_into_view_if_needed()
        await visit.until("() => document.querySelector('.bk-Figure')?.getBoundingClientRect().width > 500")
        x, y = await visit.page.evaluate(PLACE, KEY)
        await visit.page.mouse.move(x, y)
        await visit.page.locator(".bk-Tooltip").get_by_text(KEY, exact=True).wait_for()
        assert await visit.page.locator("img").count() == 0
        assert visit.hosts() <= {"", site.base.split("/")[2]}
        assert visit.troubles == []

    site.look(look, troubles=True)


PLACE = """(key) => {
    const roots = [...Bokeh.index.roots].filter((one) => one.model.type === "Figure");
    const view = roots[0];
    const source = view.model.renderers.map((one) => one.data_source).find((one) => one.data.name);
    const row = source.data.name.indexOf(key);
    const box = view.el.getBoundingClientRect();
    const inner = view.canvas_view.el.getBoundingClientRect();
    const middle = (source.data.left[row] + source.data.right[row]) / 2;
    return [inner.x + view.frame.x_scale.compute(middle), inner.y + view.frame.y_scale.compute(source.data.y[row])];
}"""
