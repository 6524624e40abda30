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
from collections.abc import Sequence
from random import Random

from minidask_distributed.scheduler.machine.states import NAMES
from minidask_distributed.testing.agreement import check_now
from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.invariants import cancelled_lawfully, check_calm, check_empty
from minidask_distributed.testing.storm import Storm

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
        self.storm = Storm(self.cluster)
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
            self.storm.add_worker()
        cluster.add_client()
        for _ in range(self.acts):
            self._pass(dice.choice((0.0, 0.001, 0.003, 0.01, 0.01, 0.1, 0.5, 2.0 if not dice.randrange(4) else 0.02)))
            self.storm.act()
            check_now(cluster)

    # ------------------------------------------------------------ the calm, and the end

    def _calm(self) -> None:
        self.stage = "calm"
        cluster = self.cluster
        cluster.network.rough = False
        self._pass(12.0)
        for worker in self.storm.workers():
            if worker.machine.status == "paused":
                worker.machine.set_status("running")
                worker.settle()
        self._provide()
        for _ in range(40):
            self._pass(3.0)
            if not cluster.machine.state.no_worker and not self._unsettled():
                break
            # Tasks that end processes may have taken the last one that could run something.
            self._provide()
        for client in self.storm.clients():
            for local in client.futures:
                client.gather(local)
        self._pass(6.0)
        check_calm(cluster)
        for client in self.storm.clients():
            for key in client.cancelled:
                assert cancelled_lawfully(cluster, client, key), f"{client}: nobody cancelled {key}"

    def _unsettled(self) -> bool:
        state = self.cluster.machine.state
        active = ("waiting", "queued", "no-worker", "processing")
        return any(state.counts[NAMES.index(name)] for name in active) or any(
            worker.machine.unwanted for worker in self.storm.workers()
        )

    def _provide(self) -> None:
        """Let workers be there for every kind of task."""
        there = self.cluster.machine.state.running
        while len(self.storm.workers()) < 2:
            self.cluster.add_worker()
        if not any(worker.name == "special" for worker in there):
            self.cluster.add_worker("special")
        if not any("GPU" in worker.resources for worker in there):
            self.cluster.add_worker(resources={"GPU": 1.0})

    def _end(self) -> None:
        self.stage = "end"
        for client in self.storm.clients():
            client.leave()
        self._pass(6.0)
        check_empty(self.cluster)


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
            sys.stderr.write(f"{error}\n")
        else:
            cluster = life.cluster
            sys.stdout.write(
                f"seed {seed}: {cluster.clock.now:.1f} s, {cluster.n_messages} messages, {cluster.digest}\n"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
