"""Pages of plots, their figures, and files: what a browser loads before feeds fill it.

Place in the flow: routes of `application`; the pages come from `pages` (of a worker: `worker_parts`), figures from `figures`.

Invariants: pages and figures hold no data of the cluster; files come from two folders and from nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from minidask_distributed.dashboard import figures
from minidask_distributed.dashboard.layout import Page
from minidask_distributed.dashboard.page_shell import page
from minidask_distributed.dashboard.routes import Look

FIRST = "status"


class Home(Look):
    """The address without a path."""

    def get(self, *args: str) -> None:
        """Lead to the first page."""
        self.redirect(FIRST)


class Plots(Look):
    """A page of plots and tables."""

    async def get(self, route: str) -> None:
        """Answer with the page."""
        application = self.application_
        found = next((one for one in application.pages if one.route == route), None)
        if found is None:
            names = ", ".join(one.route for one in application.pages)
            raise HTTPError(404, f"there is no page {route[:80]!r}; there are: {names}")
        await self.show(found, individual=False)

    async def show(self, found: Page, *, individual: bool) -> None:
        """Answer with a page, or say what it needs."""
        needs_plots = any(hasattr(part, "make") for part in found.parts())
        if needs_plots and figures.bokeh_scripts() is None:
            raise HTTPError(503, figures.REMEDY)
        application = self.application_
        self.send_page(page(found, application.pages, title=application.title, individual=individual, home=self.home))


class IndividualPlot(Plots):
    """A plot alone, for a frame."""

    async def get(self, name: str) -> None:
        """Answer with the page."""
        plot = self.application_.individual.get(name)
        if plot is None:
            names = ", ".join(self.application_.individual)
            raise HTTPError(404, f"there is no plot {name[:80]!r}; there are: {names}")
        found = Page(f"individual-{name}", plot.title, "", ((plot,),), in_navigation=False)
        await self.show(found, individual=True)


class IndividualPlots(Look):
    """The list of plots, as JupyterLab's extension for clusters reads it."""

    def get(self, *args: str) -> None:
        """Answer with {title: path}."""
        named = {plot.title: f"/individual-{name}" for name, plot in self.application_.individual.items()}
        self.send_json(json.dumps(named))


class Figure(Look):
    """A plot's figure."""

    async def get(self, name: str) -> None:
        """Answer with the JSON that BokehJS embeds."""
        plot = self.application_.plots.get(name)
        if plot is None:
            raise HTTPError(404, f"there is no plot {name[:80]!r}")
        try:
            item = await figures.json_of(plot, self.get_query_argument("theme", "light"))
        except figures.BokehMissing as error:
            raise HTTPError(503, str(error)) from None
        except ValueError as error:
            raise HTTPError(400, str(error)) from None
        self.send_json(item)


class Assets(Look):
    """A file of the pages, of those that a folder has."""

    def initialize(self, application_: Any, folder: Path | None = None) -> None:  # type: ignore[override]
        """Take the folder; None: there is none."""
        super().initialize(application_)
        self.folder = folder

    async def get(self, name: str) -> None:
        """Answer with the file, or say that the browser's copy is still right."""
        found = None if self.folder is None else await asyncio.to_thread(_read, self.folder, name)
        if found is None:
            raise HTTPError(404, "there is no such file")
        content, mark = found
        self.set_header("Etag", f'"{mark}"')
        self.set_header("Cache-Control", "private, no-cache")
        if self.check_etag_header():
            self.set_status(304)
            return
        kind = _KINDS.get(Path(name).suffix, "application/octet-stream")
        self.set_header("Content-Type", kind)
        self.finish(content)


_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def _read(folder: Path, name: str) -> tuple[bytes, str] | None:
    """Return a file's content and what changes with it; None if the folder itself has no file of this name."""
    if name not in os.listdir(folder):
        return None
    path = folder / name
    if not path.is_file():
        return None
    about = path.stat()
    return path.read_bytes(), f"{about.st_mtime_ns:x}-{about.st_size:x}"


PAGE_ROUTES = [
    ("", Home),
    (r"individual-plots\.json", IndividualPlots),
    ("individual-([a-z0-9-]+)", IndividualPlot),
    (r"figures/([a-z0-9-]+)\.json", Figure),
    ("([a-z0-9-]+)", Plots),
]
