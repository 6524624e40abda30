"""Random lives of a cluster: everything that can happen does, at moments that a seed decides, then calm, then nothing.

Place in the flow: the tests run many seeds; as a program it replays one::

    python -m minidask_distributed.testing.lives --seed 17 --verbose

A life has three parts. In the *storm*, clients submit, cancel and leave while links break, workers freeze, die, retire and
join. Then comes the *calm*: links are sound, some workers are there for every kind of task, and all that is wanted must come to
its end. Last, the clients leave, and nothing may be left.

Invariants: those of `invariants`, after every event. A failure says the seed. Not for: speed (`scale`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from random import Random

from minidask_distributed.scheduler.machine.states import NAMES
from minidask_distributed.testing.clients import SimulatedClient
from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.invariants import cancelled_lawfully, check_calm, check_empty, check_now
from minidask_distributed.testing.workers import SimulatedWorker
from minidask_distributed.testing.workload import KINDS, PACES

MOST_EVENTS = 50_000
"""A life that has more of them never ends."""


class SimulationError(AssertionError):
    """A life went wrong; the text says the seed, the time and what was wrong."""


class Life:
    """One life.

    Parameters
    ----------
    seed : int
    acts : int
        How many things happen in the storm.

    Examples
    --------
    >>> life = Life(seed=3, acts=10)
    >>> life.live()
    >>> life.cluster.machine.tasks_by_key
    {}
    """

    def __init__(self, seed: int, acts: int = 40) -> None:
        self.seed = seed
        self.acts = acts
        self.dice = Random(seed)
        self.cluster = SimulatedCluster(self.dice)
        self.stage = "storm"

    # ------------------------------------------------------------ the whole

    def live(self) -> None:
        """Live through all three parts.

        Raises
        ------
        SimulationError
            If an invariant is broken, or a machine raises.
        """
        try:
            self._storm()
            self._calm()
            self._end()
        except Exception as error:
            raise SimulationError(
                f"seed {self.seed}, {self.acts} acts: at {self.cluster.clock.now:.4f} s ({self.stage}): "
                f"{type(error).__name__}: {error}\n"
                f"replay: python -m minidask_distributed.testing.lives --seed {self.seed} --acts {self.acts} --verbose"
            ) from error

    def _step(self) -> bool:
        clock = self.cluster.clock
        if clock.n_run > MOST_EVENTS:
            raise AssertionError(f"{MOST_EVENTS} events, and no end")
        happened = clock.run_next()
        check_now(self.cluster)
        return happened

    def _pass(self, seconds: float) -> None:
        clock = self.cluster.clock
        until = clock.now + seconds
        reached = [False]

        def arrive() -> None:
            reached[0] = True

        clock.call_at(until, arrive)
        while not reached[0]:
            self._step()

    # ------------------------------------------------------------ the storm

    def _storm(self) -> None:
        cluster, dice = self.cluster, self.dice
        for _ in range(dice.randint(1, 3)):
            self._add_worker()
        cluster.add_client()
        weights = [weight for weight, _ in ACTS]
        actions = [action for _, action in ACTS]
        for _ in range(self.acts):
            self._pass(dice.choice((0.0, 0.001, 0.003, 0.01, 0.01, 0.1, 0.5, 2.0 if not dice.randrange(4) else 0.02)))
            (action,) = dice.choices(actions, weights)
            action(self)
            check_now(cluster)

    def _clients(self) -> list[SimulatedClient]:
        return [client for client in self.cluster.clients if client.alive and client.end.open]

    def _workers(self) -> list[SimulatedWorker]:
        return [worker for worker in self.cluster.workers if worker.alive]

    def _some_client(self) -> SimulatedClient | None:
        clients = self._clients()
        return self.dice.choice(clients) if clients else None

    def _some_futures(self, client: SimulatedClient, most: int = 6) -> list[int]:
        futures = list(client.futures)
        return self.dice.sample(futures, self.dice.randint(1, min(most, len(futures)))) if futures else []

    def _submit(self) -> None:
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

    def _submit_known(self) -> None:
        """Submit what somebody submitted before, with all that it is made of."""
        client, catalogue = self._some_client(), self.cluster.catalogue
        if client is not None and catalogue.rows:
            self._submit_again(client, self.dice.choice(list(catalogue.rows)))

    def _change_mind(self) -> None:
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

    def _release(self) -> None:
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.release(some)

    def _cancel(self) -> None:
        client = self._some_client()
        if client is None:
            return
        some = self._some_futures(client, 3)
        pending = self._pending(client)
        if pending and self.dice.random() < 0.7:
            some = self.dice.sample(pending, min(len(pending), self.dice.randint(1, 3)))
        if some:
            client.cancel(some, self.dice.random() < 0.25)

    def _retry(self) -> None:
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.retry(some)

    def _keep(self) -> None:
        client = self._some_client()
        if client is not None and (some := self._some_futures(client)):
            client.keep(some)
            if self.dice.random() < 0.7:
                client.release(some)

    def _want(self) -> None:
        client = self._some_client()
        keys = [key for one in self._clients() for key in one.futures.values()]
        if client is not None and keys:
            client.want(self.dice.sample(keys, min(len(keys), 2)))

    def _scatter(self) -> None:
        client = self._some_client()
        if client is None:
            return
        dice = self.dice
        keys = [self.cluster.catalogue.add_data(dice.randrange(1000)) for _ in range(dice.randint(1, 3))]
        workers = [dice.choice(self._workers()).name] if self._workers() and dice.random() < 0.3 else None
        client.scatter(list(dict.fromkeys(keys)), dice.random() < 0.5, workers, dice.choice((1, 1, 2, 0)))

    def _gather(self) -> None:
        client = self._some_client()
        if client is not None:
            for local in self._some_futures(client):
                client.gather(local)

    def _add_client(self) -> None:
        if len(self._clients()) < 3:
            self.cluster.add_client()

    def _client_leaves(self) -> None:
        client = self._some_client()
        if client is not None:
            if self.dice.random() < 0.5:
                client.leave()
            else:
                client.die()

    def _add_worker(self) -> None:
        if len(self._workers()) < 5:
            dice = self.dice
            name = "special" if not dice.randrange(5) and not any(w.name == "special" for w in self._workers()) else ""
            resources = {"GPU": 1.0} if dice.random() < 0.3 else None
            self.cluster.add_worker(name, dice.randint(1, 2), resources, nanny=dice.random() < 0.5)

    def _with_worker(self, action: Callable[[SimulatedWorker], object]) -> None:
        workers = self._workers()
        if workers:
            action(self.dice.choice(workers))

    def _kill(self) -> None:
        self._with_worker(lambda worker: self.cluster.crash(worker, "killed", self.dice.random() < 0.2))

    def _cut(self) -> None:
        self._with_worker(lambda worker: worker.end and worker.end.cut())

    def _silence(self) -> None:
        self._with_worker(lambda worker: worker.end and worker.end.silence(10.0))

    def _freeze(self) -> None:
        self._with_worker(lambda worker: worker.freeze(self.dice.choice((0.1, 1.0, 9.0))))

    def _status(self) -> None:
        def change(worker: SimulatedWorker) -> None:
            if worker.machine.status != "closing":
                status = "closing" if not self.dice.randrange(6) else self.dice.choice(("paused", "running"))
                worker.machine.set_status(status)
                worker.settle()

        self._with_worker(change)

    def _retire(self) -> None:
        self._with_worker(self.cluster.retire)

    def _damage(self) -> None:
        self._with_worker(lambda worker: worker.lose(self.dice.choice))

    # ------------------------------------------------------------ the calm, and the end

    def _calm(self) -> None:
        self.stage = "calm"
        cluster = self.cluster
        cluster.network.rough = False
        self._pass(12.0)
        for worker in self._workers():
            if worker.machine.status == "paused":
                worker.machine.set_status("running")
                worker.settle()
        self._provide()
        for _ in range(15):
            self._pass(3.0)
            if not cluster.machine.state.no_worker and not self._unsettled():
                break
            # Tasks that end processes may have taken the last one that could run something.
            self._provide()
        for client in self._clients():
            for local in client.futures:
                client.gather(local)
        self._pass(6.0)
        check_calm(cluster)
        for client in self._clients():
            for local, key in client.futures.items():
                if client.words.get(local) == "Cancelled":
                    assert cancelled_lawfully(cluster, client, key), f"{client}: nobody cancelled {key}"

    def _unsettled(self) -> bool:
        state = self.cluster.machine.state
        active = ("waiting", "queued", "no-worker", "processing")
        return any(state.counts[NAMES.index(name)] for name in active) or any(
            worker.machine.unwanted for worker in self._workers()
        )

    def _provide(self) -> None:
        """Let workers be there for every kind of task."""
        there = self.cluster.machine.state.running
        while len(self._workers()) < 2:
            self.cluster.add_worker()
        if not any(worker.name == "special" for worker in there):
            self.cluster.add_worker("special")
        if not any("GPU" in worker.resources for worker in there):
            self.cluster.add_worker(resources={"GPU": 1.0})

    def _end(self) -> None:
        self.stage = "end"
        for client in self._clients():
            client.leave()
        self._pass(6.0)
        check_empty(self.cluster)


SPECIAL = (
    [{"resources": {"GPU": 1.0}}],
    [{"workers": ["special"]}],
    [{"workers": ["special"], "allow_other_workers": True}],
    [{"priority": 3}, {"priority": -3}],
    [{"annotations": {"executor": "side"}}],
)
"""Sets of options that rows may ask for."""

ACTS: list[tuple[float, Callable[[Life], None]]] = [
    (25, Life._submit),
    (8, Life._submit_known),
    (8, Life._release),
    (6, Life._change_mind),
    (6, Life._cancel),
    (4, Life._retry),
    (3, Life._keep),
    (4, Life._want),
    (5, Life._scatter),
    (5, Life._gather),
    (3, Life._add_client),
    (2, Life._client_leaves),
    (6, Life._add_worker),
    (4, Life._kill),
    (2, Life._cut),
    (1, Life._silence),
    (3, Life._freeze),
    (5, Life._status),
    (2, Life._retire),
    (2, Life._damage),
]
"""What happens in the storm, and how often."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Live through some lives and print what came of them; return 1 if one went wrong."""
    parser = argparse.ArgumentParser(prog="python -m minidask_distributed.testing.lives", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many seeds")
    parser.add_argument("--acts", type=int, default=40, help="how many things happen in each storm")
    parser.add_argument("--verbose", action="store_true", help="print tracebacks")
    chosen = parser.parse_args(arguments)
    failed = 0
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        life = Life(seed, chosen.acts)
        try:
            life.live()
        except SimulationError as error:
            failed += 1
            if chosen.verbose:
                raise
            print(error, file=sys.stderr)
        else:
            cluster = life.cluster
            print(f"seed {seed}: {cluster.clock.now:.1f} s, {cluster.n_messages} messages, {cluster.digest}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
