"""Routes of the pages about single things; what only workers know they are asked for, over the connection that they have.

Place in the flow: routes of the scheduler's `application`, under ``info/``; `info_pages` has what they show.

Invariants: a worker that doesn't answer in time costs a page with that text, never the event loop.
"""

from __future__ import annotations

import time
from typing import Any

from tornado.web import HTTPError

from minidask_distributed.dashboard import info_pages, paths
from minidask_distributed.dashboard.feeds.naming import short
from minidask_distributed.dashboard.markup import Content
from minidask_distributed.dashboard.page_shell import document, root_of
from minidask_distributed.dashboard.routes import Look
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.calls import RemoteFailure
from minidask_distributed.scheduler.machine.records import Worker
from minidask_distributed.scheduler.observing.explaining import explain_asking, explain_worker, key_of_text

ANSWER_S = 5.0
"""How long a worker has to answer: people wait for a page that long."""


class Info(Look):
    """A page about something."""

    @property
    def scheduler(self) -> Any:
        """The scheduler."""
        return self.application_.server

    @property
    def root(self) -> str:
        """The way to the top."""
        return root_of(self.place)

    def show(self, title: str, main: Content) -> None:
        """Answer with a page."""
        self.send_page(document(self.place, self.application_.pages, f"{title} · minidask", main))

    def worker_of(self, address: str) -> Worker:
        """Return the worker of an address.

        Raises
        ------
        HTTPError
            404, if there is none.
        """
        worker: Worker | None = self.scheduler.workers.get(address)
        if worker is None:
            raise HTTPError(404, "there is no worker of this address now; its page may say why")
        return worker

    async def ask(self, worker: Worker, name: str, **arguments: Any) -> Any:
        """Ask a worker; None if it didn't answer, and the page says so."""
        connection = self.scheduler.connections.get(worker.peer)
        try:
            if connection is None:
                raise ConnectionError("its connection has ended")
            return await self.application_.during(self.scheduler.questions.ask(connection, name, arguments, ANSWER_S))
        except (OSError, RemoteFailure) as error:
            self.set_status(504)
            self.show("No answer", info_pages.unreachable(worker, error, self.root))
            return None


class Workers(Info):
    """All workers."""

    def get(self, *args: str) -> None:
        """Answer with their list."""
        self.show("Workers", info_pages.workers_page(self.scheduler, self.root))


class OneWorker(Info):
    """One worker, or why it left."""

    def get(self, address: str) -> None:
        """Answer with its page."""
        explained = explain_worker(self.scheduler, paths.read(address))
        if explained is None:
            raise HTTPError(404, "there is no worker of this address or name, and none is remembered")
        worker = self.scheduler.workers.get(explained.address) if explained.state != "gone" else None
        self.show(f"Worker {explained.name}", info_pages.worker_page(worker, explained, self.root))


class OneTask(Info):
    """One task."""

    async def get(self, text: str) -> None:
        """Answer with its page; 404 with keys that look like it if there is none."""
        text = paths.read(text)
        key = key_of_text(self.scheduler, text)
        explained = await self.application_.during(explain_asking(self.scheduler, text if key is None else key))
        if explained.state == "unknown":
            self.set_status(404)
        self.show(f"Task {short(paths.shown_key(explained.key), 60)}", info_pages.task_page(explained, self.root))


class SchedulerLog(Info):
    """The scheduler's log."""

    def get(self, *args: str) -> None:
        """Answer with its last lines."""
        kept = self.scheduler.logs
        lines = [] if kept is None else kept.last(info_pages.MOST_LINES)
        self.show("Log of the scheduler", info_pages.logs_page("the scheduler", lines, time.time()))


class WorkerLog(Info):
    """A worker's log."""

    async def get(self, address: str) -> None:
        """Answer with its last lines."""
        worker = self.worker_of(paths.read(address))
        lines = await self.ask(worker, "logs", n=info_pages.MOST_LINES)
        if lines is not None:
            self.show(f"Log of worker {worker.name}", info_pages.logs_page(f"worker {worker.name}", lines, time.time()))


class CallStacks(Info):
    """What a worker's threads are doing."""

    async def get(self, address: str) -> None:
        """Answer with the stacks of its running tasks."""
        worker = self.worker_of(paths.read(address))
        found = await self.ask(worker, "call_stack")
        if found is not None:
            keys, stacks = decode_keys(found["keys"]), found["stacks"]
            self.show(f"Call stacks on {worker.name}", info_pages.call_stacks_page(worker, keys, stacks, self.root))


INFO_ROUTES = [
    (r"info/main/workers\.html", Workers),
    (r"info/worker/(.+)\.html", OneWorker),
    (r"info/task/(.+)\.html", OneTask),
    (r"info/logs\.html", SchedulerLog),
    (r"info/logs/(.+)\.html", WorkerLog),
    (r"info/call-stacks/(.+)\.html", CallStacks),
]
