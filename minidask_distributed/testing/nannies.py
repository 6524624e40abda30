"""A simulated nanny: it watches one worker process, says how it ended, and starts the next one.

Place in the flow: made by `cluster` beside a worker; has a link of its own to the scheduler.

Invariants: it reports each end once, with what was on the worker's threads at that moment; it may be slow, and it may be gone
with its host, in which case nobody says anything. Not for: restart policies (`nanny.machine`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidask_distributed.messages import KillWorker, Message, RegisterNanny, WorkerDied
from minidask_distributed.testing.network import End, Process
from minidask_distributed.testing.workers import SimulatedWorker

if TYPE_CHECKING:
    from minidask_distributed.testing.cluster import SimulatedCluster


class SimulatedNanny(Process):
    """A nanny of one worker at a time.

    Parameters
    ----------
    cluster : SimulatedCluster
    name : str
        Its id.
    """

    def __init__(self, cluster: SimulatedCluster, name: str) -> None:
        super().__init__(cluster.network, name)
        self.cluster = cluster
        self.worker: SimulatedWorker | None = None
        self.end: End | None = None
        self._restart: bool | None = None  # what the scheduler asked for when it had the worker killed

    def join(self) -> None:
        """Connect to the scheduler."""
        self.end, _ = self.cluster.connect(self)
        self.end.on_messages, self.end.on_close = self._received, self._lost
        self.end.send([RegisterNanny(self.name, self.name, {})])

    def _lost(self) -> None:
        self.end = None
        self.after(0.1, self.join)

    def _received(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, KillWorker) and self.worker is not None and self.worker.alive:
                self._restart = message.restart
                self.cluster.crash(self.worker, message.reason)

    def died(self, worker: SimulatedWorker, running: list[int], reason: str) -> None:
        """Take note that the worker's process ended."""
        dice = self.cluster.dice
        restarts = dice.random() < 0.6 if self._restart is None else self._restart
        self._restart = None

        def report() -> None:
            if self.end is not None:
                self.end.send([WorkerDied(self.name, worker.address, running, reason, restarts)])
            if restarts:
                self.after(0.05 + dice.random() / 4, self._start_another)

        # Mostly at once; sometimes so late that the scheduler has given up waiting.
        self.after(0.01 if dice.random() < 0.9 else 3.0, report)

    def _start_another(self) -> None:
        old = self.worker
        assert old is not None
        self.worker = self.cluster.start_worker(old.name, old.nthreads, old.resources, self, old.memory_limit)
