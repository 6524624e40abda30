"""What programs read: health, counts and identity as JSON, the site map, and Prometheus' metrics.

Place in the flow: routes of `application`, of schedulers and workers alike.

Invariants: ``health`` needs no token and says nothing else; answers cost a few microseconds whatever the cluster's size, but for
``identity.json``, which has a row a worker.
"""

from __future__ import annotations

import asyncio
import json

from minidask_distributed.dashboard import metrics
from minidask_distributed.dashboard.counting import counts
from minidask_distributed.dashboard.markup import tag
from minidask_distributed.dashboard.page_shell import document
from minidask_distributed.dashboard.routes import Look
from minidask_distributed.scheduler.identity import identity


class Health(Look):
    """What load balancers ask."""

    def get(self, *args: str) -> None:
        """Answer "ok"."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ok")


class Counts(Look):
    """Counts of workers, tasks and bytes."""

    def get(self, *args: str) -> None:
        """Answer with {name: number}."""
        self.send_json(json.dumps(counts(self.application_.server, self.application_.role)))


class Identity(Look):
    """What the server is."""

    def get(self, *args: str) -> None:
        """Answer with plain values, nested."""
        server = self.application_.server
        told = identity(server) if self.application_.role == "scheduler" else server.identity()
        self.send_json(json.dumps(told, default=str))


class Index(Look):
    """The list of what there is as JSON."""

    def get(self, *args: str) -> None:
        """Answer with a page of links."""
        names = ("counts.json", "identity.json")
        links = tag("ul", (tag("li", tag("a", name, href=name)) for name in names))
        application = self.application_
        main = [tag("h1", "JSON"), tag("p", "For programs, which send the token as Authorization: Bearer."), links]
        self.send_page(document(self.place, application.pages, "JSON · minidask", main, home=self.home))


class SiteMap(Look):
    """All paths."""

    def get(self, *args: str) -> None:
        """Answer with {"paths": [...]}."""
        application = self.application_
        paths = [f"/{page.route}" for page in application.pages]
        paths += [f"/individual-{name}" for name in application.individual]
        paths += ["/individual-plots.json", "/health", "/metrics", "/sitemap.json"]
        paths += ["/json/counts.json", "/json/identity.json", "/json/index.html"]
        if application.role == "scheduler":
            paths += ["/info/main/workers.html", "/info/logs.html"]
        self.send_json(json.dumps({"paths": sorted(paths)}))


class Metrics(Look):
    """Numbers for Prometheus."""

    async def get(self, *args: str) -> None:
        """Answer in Prometheus' text format."""
        application = self.application_
        try:
            await asyncio.to_thread(metrics.load)
            text, kind = metrics.exposition(application.server, application.role)
        except ImportError as error:
            self.set_status(503)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{error}\n")
            return
        self.set_header("Content-Type", kind)
        self.finish(text)


DATA_ROUTES = [
    ("health", Health),
    ("metrics", Metrics),
    (r"sitemap\.json", SiteMap),
    (r"json/counts\.json", Counts),
    (r"json/identity\.json", Identity),
    (r"json/index\.html", Index),
]
