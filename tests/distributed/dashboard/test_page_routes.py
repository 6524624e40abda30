"""Pages, figures and files over real sockets."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urljoin, urlsplit

import pytest

from minidask_distributed.dashboard import figures
from minidask_distributed.dashboard.pages import INDIVIDUAL_PLOTS, PAGES

pytestmark = pytest.mark.network


def test_the_way_in(looking):
    async def main():
        async with looking() as found:
            answer = await found.visitor.get("")
            assert (answer.code, answer.headers["Location"]) == (302, "status")

    asyncio.run(main())


@pytest.mark.parametrize("prefix", ["", "/team/a"])
def test_every_page_loads_with_all_that_it_names(looking, prefix):
    async def main():
        async with looking(prefix=prefix) as found:
            top = urlsplit(found.dashboard.address).path
            seen = set()
            for route in [page.route for page in PAGES] + [
                "info/main/workers.html",
                "info/logs.html",
                "json/index.html",
            ]:
                page = await found.visitor.text(route)
                addresses = re.findall(r'(?:href|src)="([^"#]+)"', page)
                for path in {urljoin(top + route, address) for address in addresses} - seen:
                    seen.add(path)
                    assert path.startswith(top), (route, path)
                    answer = await found.visitor.get(path.removeprefix(top))
                    assert answer.code == 200, (route, path)
            assert any(path.endswith("bokeh.min.js") for path in seen)

    asyncio.run(main())


@pytest.mark.slow
def test_every_figure(looking):
    async def main():
        async with looking() as found:
            plots = found_plots = {part.name for page in PAGES for part in page.parts() if hasattr(part, "make")}
            assert {plot.name for plot in INDIVIDUAL_PLOTS} <= plots | {plot.name for plot in INDIVIDUAL_PLOTS}
            for name in sorted(found_plots):
                answer = await found.visitor.get(f"figures/{name}.json")
                assert answer.code == 200, (name, answer.body[:300])
                assert answer.headers["Content-Type"] == "application/json; charset=utf-8"

    asyncio.run(main())


def test_individual_plots(looking):
    async def main():
        async with looking() as found:
            listed = await found.visitor.json("individual-plots.json", token=False)
            assert len(listed) == len(INDIVIDUAL_PLOTS)
            for title, path in listed.items():
                assert path.startswith("/individual-")
                page = await found.visitor.text(path[1:])
                assert "<nav" not in page
                assert 'class="individual"' in page
                assert title

    asyncio.run(main())


def test_what_is_not_there(looking):
    async def main():
        async with looking() as found:
            assert "there is no plot" in await found.visitor.text("individual-nix", 404)
            assert "there is no plot" in await found.visitor.text("figures/nix.json", 404)
            name = next(part.name for page in PAGES for part in page.parts() if hasattr(part, "make"))
            assert "the themes are light and dark" in await found.visitor.text(f"figures/{name}.json?theme=<neon>", 400)

    asyncio.run(main())


def test_without_bokeh_pages_say_what_to_install_and_the_rest_works(looking, monkeypatch):
    async def main():
        async with looking(workers=1) as found:
            await found.visitor.text("health")
            monkeypatch.setattr(figures, "bokeh_scripts", lambda: None)
            monkeypatch.setattr(figures, "_made", {})
            assert "minidask[diagnostics]" in await found.visitor.text("status", 503)
            name = next(part.name for page in PAGES for part in page.parts() if hasattr(part, "make"))
            assert "minidask[diagnostics]" in await found.visitor.text(f"figures/{name}.json", 503)
            for path in ("health", "metrics", "json/counts.json", "info/main/workers.html", "info/logs.html"):
                await found.visitor.text(path)

    asyncio.run(main())


def test_browsers_may_keep_files_and_ask_whether_they_changed(looking):
    async def main():
        async with looking() as found:
            first = await found.visitor.get("static/style.css")
            assert first.headers["Content-Type"] == "text/css; charset=utf-8"
            assert first.headers["Cache-Control"] == "private, no-cache"
            again = await found.visitor.get("static/style.css", headers={"If-None-Match": first.headers["Etag"]})
            assert (again.code, again.body) == (304, b"")

    asyncio.run(main())
