"""What a client says of itself: for people, for notebooks, and for programs that ask it by the field's names.

Place in the flow: a part of `Client`, over its connection; nothing here waits or sends.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from minidask.graph.task import Key
from minidask.units import format_bytes
from minidask_distributed.client.connection import Connection
from minidask_distributed.client.dashboard_link import dashboard_link
from minidask_distributed.client.session import State
from minidask_distributed.security import write_scheduler_file
from minidask_distributed.summaries import folded, rows, table


class SchedulerOf(NamedTuple):
    """The scheduler of a client, as far as a client knows it."""

    address: str


class SchedulerInfo(dict[str, Any]):
    """What `Client.scheduler_info` returns: a dict that notebooks show as tables."""

    def _repr_html_(self) -> str:
        workers = self.get("workers", {})
        facts = [
            ("address", self.get("address", "")),
            ("workers", self.get("n_workers", len(workers))),
            ("threads", self.get("total_threads", 0)),
            ("memory", format_bytes(self.get("total_memory") or 0)),
        ]
        lines = [
            (
                worker["name"],
                address,
                worker["status"],
                worker["nthreads"],
                format_bytes(worker["memory_limit"]) if worker["memory_limit"] else "no limit",
                worker["n_processing"],
                worker["n_held"],
            )
            for address, worker in list(workers.items())[:MOST_WORKERS]
        ]
        headings = ("name", "address", "status", "threads", "memory", "processing", "results")
        title = f"{len(workers)} workers" if len(lines) == len(workers) else f"{len(lines)} of {len(workers)} workers"
        return table("Scheduler", facts, folded(title, rows(headings, lines)) if lines else "")


MOST_WORKERS = 100
"""That are shown of a scheduler."""


class Describes(Connection):
    """The part of a client that describes it."""

    # Of the client.
    cluster: Any

    @property
    def id(self) -> str:
        """The client's name, by which the scheduler knows it."""
        return self.name

    @property
    def scheduler(self) -> SchedulerOf | None:
        """What has the scheduler's ``address``; None before the client is connected."""
        return SchedulerOf(self.address) if self.address else None

    @property
    def futures(self) -> dict[Key, State]:
        """{key: state} of the tasks that futures of this client stand for."""
        with self._lock:
            return {state.key: state for state in self._session.states.values()}

    @property
    def dashboard_link(self) -> str:
        """The address of the dashboard, with the token for viewing; "" where there is none."""
        if getattr(self.cluster, "dashboard_link", ""):
            return str(self.cluster.dashboard_link)
        comm = self._comm
        # What the scheduler said of itself in the handshake.
        places = {} if comm is None else comm.peer.info.get("places", {})
        return dashboard_link(places.get("dashboard"), self.address, self.security)

    def write_scheduler_file(self, scheduler_file: str | os.PathLike[str]) -> None:
        """Write a file with which other clients, and workers, find this scheduler; readable by its owner alone.

        Parameters
        ----------
        scheduler_file : path
            For ``Client(scheduler_file=...)`` and ``minidask-worker --scheduler-file``. One that is there is replaced.

        Raises
        ------
        RuntimeError
            If the client isn't connected.
        ValueError
            If the scheduler can be reached in this process alone.
        OSError
            If the file can't be written.
        """
        self._check_open()
        if self.address.startswith("inproc://"):
            raise ValueError(f"nothing outside of this process can connect to {self.address}: use protocol='tcp'")
        info = {"address": self.address}
        token = None if self.security is None else self.security.token_for(self.address.startswith("tls://"))
        write_scheduler_file(scheduler_file, info if token is None else {**info, "token": token})

    def __repr__(self) -> str:
        return f"<Client: {self.address or 'not connected'!r}, {self.status}>"

    def _repr_html_(self) -> str:
        facts = [
            ("name", self.name),
            ("status", self.status),
            ("scheduler", self.address or "not connected"),
            ("dashboard", self.dashboard_link),
        ]
        shown = "" if self.cluster is None else getattr(self.cluster, "_repr_html_", lambda: "")()
        return table("Client", facts, folded("Cluster", shown) if shown else "")
