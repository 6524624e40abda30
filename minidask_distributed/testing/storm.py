"""What may happen to a cluster: what clients do, and what workers suffer, each thrown by the same dice.

Place in the flow: `lives` lets these things happen, `ACTS` says how often. An act that has nobody to happen to does nothing.

Invariant: whatever an act does is allowed by the protocol, so that everything that follows must come to a good end.
"""

from __future__ import annotations

from collections.abc import Callable

from minidask_distributed.testing.clients import SimulatedClient
from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.workers import SimulatedWorker
from minidask_distributed.testing.workload import KINDS, PACES


class Storm:
    """All that may happen to a cluster.

    Parameters
    ----------
    cluster : SimulatedCluster

    Examples
    --------
    >>> from random import Random
    >>> storm = Storm(SimulatedCluster(Random(1)))
    >>> storm.add_worker(), storm.kill()
    (None, None)
    >>> storm.workers()
    []
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.cluster = cluster
        self.dice = cluster.dice

    def act(self) -> None:
        """Let something happen."""
        (action,) = self.dice.choices([action for _, action in ACTS], [weight for weight, _ in ACTS])
        action(self)

    def clients(self) -> list[SimulatedClient]:
        """Return the clients that are there."""
        return [client for client in self.cluster.clients if client.alive and client.end.open]

    def workers(self) -> list[SimulatedWorker]:
        """Return the workers that live."""
        return [worker for worker in self.cluster.workers if worker.alive]

    def _some_client(self) -> SimulatedClient | None:
        clients = self.clients()
        return self.dice.choice(clients) if clients else None

    def _some_futures(self, client: SimulatedClient, most: int = 6) -> list[int]:
        futures = list(client.futures)
        return self.dice.sample(futures, self.dice.randint(1, min(most, len(futures)))) if futures else []

    def submit(self) -> None:
        """Submit a random graph."""
        client = self._some_client()
        if client is None:
            return
        dice, catalogue = self.dice, self.cluster.catalogue
        first = len(client.keys)
        outside = [local for local in client.futures if client.words.get(local) != "Cancelled"]
        rows: list[tuple[str, list[int]]] = []
        count = dice.choice((1, 1, 2, 4, 8, 14))
        shared = dice.random() < 0.5
        tame = dice.random() < 0.5
        names: dict[int, str] = dict(client.futures)
        for row in range(count):
            pool = list(range(first, first + row)) if dice.random() < 0.75 else []
            if outside and dice.random() < 0.15:
                pool += dice.sample(outside, 1)
            chosen = dice.sample(pool, min(len(pool), dice.choice((0, 1, 1, 2, 3))))
            # One task may name another only once.
            deps = list({names[local]: local for local in chosen}.values())
            kind = "sum" if tame else dice.choices(KINDS, (20, 1, 2, 2, 2, 1))[0]
            recipe = f"{kind}/{dice.choice(list(PACES))}"
            literal = dice.randrange(5) if shared else dice.randrange(100_000)
            key = catalogue.add(recipe, literal, tuple(names[local] for local in deps))
            names[first + row] = key
            rows.append((key, deps))
        named = {dep for _, deps in rows for dep in deps}
        wanted = [row for row in range(count) if first + row not in named or dice.random() < 0.25]
        options = dice.choice(([], [], [], [{"retries": 2}], *SPECIAL))
        client.submit(rows, wanted, list(options))

    def submit_known(self) -> None:
        """Submit what somebody submitted before, with all that it is made of."""
        client, catalogue = self._some_client(), self.cluster.catalogue
        if client is not None and catalogue.rows:
            self._submit_again(client, self.dice.choice(list(catalogue.rows)))

    def change_mind(self) -> None:
        """Let what is under way go, and submit it once more."""
        client = self._some_client()
        pending = self._pending(client) if client is not None else []
        if client is not None and pending:
            some = self.dice.sample(pending, self.dice.randint(1, len(pending)))
            keys = [client.futures[local] for local in some]
            client.release(some)
            for key in keys[:4]:
                self._submit_again(client, key)

    def _pending(self, client: SimulatedClient) -> list[int]:
        return [local for local in client.futures if client.words.get(local) in (None, "Undone")]

    def _submit_again(self, client: SimulatedClient, wanted: str) -> None:
        catalogue = self.cluster.catalogue
        parts = catalogue.made_of(wanted)
        if any(key in catalogue.data for key in parts):
            return
        first = len(client.keys)
        places: dict[str, int] = {}
        rows: list[tuple[str, list[int]]] = []
        for key, row in catalogue.rows.items():
            if key in parts:
                places[key] = first + len(rows)
                rows.append((key, [places[dep] for dep in row.deps]))
        client.submit(rows, [len(rows) - 1], [])

    def release(self) -> None:
        """Let some futures go."""
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.release(some)

    def cancel(self) -> None:
        """Cancel something, rather what isn't done."""
        client = self._some_client()
        if client is None:
            return
        some = self._some_futures(client, 3)
        pending = self._pending(client)
        if pending and self.dice.random() < 0.7:
            some = self.dice.sample(pending, min(len(pending), self.dice.randint(1, 3)))
        if some:
            client.cancel(some, self.dice.random() < 0.25)

    def retry(self) -> None:
        """Ask for some tasks to be run again."""
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.retry(some)

    def keep(self) -> None:
        """Fire and forget."""
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.keep(some)
            if self.dice.random() < 0.7:
                client.release(some)

    def want(self) -> None:
        """Want what others hold."""
        client = self._some_client()
        keys = [key for one in self.clients() for key in one.futures.values()]
        if client is not None and keys:
            client.want(self.dice.sample(keys, min(len(keys), 2)))

    def scatter(self) -> None:
        """Scatter data."""
        client = self._some_client()
        if client is None:
            return
        dice = self.dice
        keys = [self.cluster.catalogue.add_data(dice.randrange(1000)) for _ in range(dice.randint(1, 3))]
        workers = [dice.choice(self.workers()).name] if self.workers() and dice.random() < 0.3 else None
        client.scatter(list(dict.fromkeys(keys)), dice.random() < 0.5, workers, dice.choice((1, 1, 2, 0)))

    def gather(self) -> None:
        """Fetch results."""
        client = self._some_client()
        if client is not None:
            for local in self._some_futures(client):
                client.gather(local)

    def forget_recipes(self) -> None:
        """Let a client forget recipes."""
        client = self._some_client()
        if client is not None:
            client.forget_recipes(self.dice.randint(1, 4))

    def slow(self) -> None:
        """Let a client take its messages slowly, or quickly again."""
        client = self._some_client()
        if client is not None:
            self.cluster.slow(client, self.dice.random() < 0.6)

    def restart(self) -> None:
        """Restart the cluster."""
        self.cluster.restart()

    def add_client(self) -> None:
        """Let a client join."""
        if len(self.clients()) < 3:
            self.cluster.add_client()

    def client_leaves(self) -> None:
        """Let a client go, in order or not."""
        client = self._some_client()
        if client is not None:
            if self.dice.random() < 0.5:
                client.leave()
            else:
                client.die()

    def add_worker(self) -> None:
        """Start a worker."""
        if len(self.workers()) < 5:
            dice = self.dice
            name = "special" if not dice.randrange(5) and not any(w.name == "special" for w in self.workers()) else ""
            resources = {"GPU": 1.0} if dice.random() < 0.3 else None
            self.cluster.add_worker(
                name, dice.randint(1, 2), resources, dice.random() < 0.5, dice.choice((0, 500_000, 5_000_000))
            )

    def _with_worker(self, action: Callable[[SimulatedWorker], object]) -> None:
        workers = self.workers()
        if workers:
            action(self.dice.choice(workers))

    def kill(self) -> None:
        """End a worker's process, sometimes with its nanny."""
        self._with_worker(lambda worker: self.cluster.crash(worker, "killed", self.dice.random() < 0.2))

    def cut(self) -> None:
        """Break a worker's link."""
        self._with_worker(lambda worker: self._break(worker, None))

    def silence(self) -> None:
        """Let a worker's link lose everything."""
        self._with_worker(lambda worker: self._break(worker, 10.0))

    def _break(self, worker: SimulatedWorker, noticed_s: float | None) -> None:
        if worker.end is not None:
            if noticed_s is None:
                worker.end.cut()
            else:
                worker.end.silence(noticed_s)

    def freeze(self) -> None:
        """Suspend a worker's process."""
        self._with_worker(lambda worker: worker.freeze(self.dice.choice((0.1, 1.0, 9.0))))

    def status(self) -> None:
        """Pause a worker, let it go on, or close."""

        def change(worker: SimulatedWorker) -> None:
            if worker.machine.status != "closing":
                status = "closing" if not self.dice.randrange(6) else self.dice.choice(("paused", "running"))
                worker.machine.set_status(status)
                worker.settle()

        self._with_worker(change)

    def retire(self) -> None:
        """Let a worker leave in order."""
        self._with_worker(self.cluster.retire)

    def damage(self) -> None:
        """Damage a result on disk."""
        self._with_worker(lambda worker: worker.lose(self.dice.choice))


SPECIAL = (
    [{"resources": {"GPU": 1.0}}],
    [{"workers": ["special"]}],
    [{"workers": ["special"], "allow_other_workers": True}],
    [{"priority": 3}, {"priority": -3}],
    [{"annotations": {"executor": "side"}}],
)
"""Sets of options that rows may ask for."""

ACTS: list[tuple[float, Callable[[Storm], None]]] = [
    (25, Storm.submit),
    (8, Storm.submit_known),
    (8, Storm.release),
    (6, Storm.change_mind),
    (6, Storm.cancel),
    (4, Storm.retry),
    (3, Storm.keep),
    (4, Storm.want),
    (5, Storm.scatter),
    (5, Storm.gather),
    (4, Storm.forget_recipes),
    (2, Storm.slow),
    (3, Storm.add_client),
    (2, Storm.client_leaves),
    (6, Storm.add_worker),
    (4, Storm.kill),
    (2, Storm.cut),
    (1, Storm.silence),
    (3, Storm.freeze),
    (5, Storm.status),
    (2, Storm.retire),
    (2, Storm.damage),
    (1, Storm.restart),
]
"""What happens in the storm, and how often."""
