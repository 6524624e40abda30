"""A simulated client: it submits graphs, lets go, cancels, retries, scatters and gathers, as the protocol allows.

Place in the flow: made by `cluster`; `lives` says when it does what, `invariants` compares what it was told with what the
scheduler knows.

State
- ``futures``: ``{local id: key}`` of what it holds, the order of arrival kept.
- ``words``: ``{local id: latest word}``, the class's name of the last message that spoke of it; failures are in ``failures``.

Invariants, asserted when something comes: values that come along, or are gathered, are right; nothing is told of ids that were
never used. What it sends obeys the order of a real session: an upload waits for credit, and what comes behind it waits, too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from minidask_distributed.messages import (
    Answer,
    Call,
    Cancel,
    Cancelled,
    Destinations,
    Done,
    Failed,
    ForgetRecipes,
    KeepUntilDone,
    Message,
    OpenSession,
    Release,
    Retry,
    Scatter,
    SessionOpened,
    Undone,
    Upload,
    UploadTaken,
    Want,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import ByReference, pack, unpack
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.testing.network import End, Process
from minidask_distributed.testing.workers import SimulatedWorker
from minidask_distributed.testing.workload import nbytes_of

if TYPE_CHECKING:
    from minidask_distributed.testing.cluster import SimulatedCluster


class SimulatedClient(Process):
    """One client.

    Parameters
    ----------
    cluster : SimulatedCluster
    name : str
    """

    def __init__(self, cluster: SimulatedCluster, name: str) -> None:
        super().__init__(cluster.network, name)
        self.cluster = cluster
        self.end: End
        self.peer = 0
        self.checked: object = None  # what its link was when it was held against the scheduler
        self.futures: dict[int, str] = {}
        self.words: dict[int, str] = {}
        self.failures: dict[int, dict[str, Any]] = {}
        self.keys: list[str] = []  # {local id: key} of all that it ever named
        self.cancelled: list[str] = []  # keys of which it was told that they are cancelled
        self.given_up: set[str] = set()  # keys that it cancelled, or that it wanted when nobody knew them
        self.n_submissions = 0
        self.n_gathered = 0
        self._recipes: dict[str, int] = {}  # {name: number} of those that it may name
        self._n_recipes = 0
        self._credit = 0
        self._outbox: list[Message] = []
        self._asked: dict[int, int] = {}  # {request: local id}

    def join(self) -> None:
        """Open a session."""
        self.end, self.peer = self.cluster.connect(self)
        self.end.on_messages, self.end.on_close = self._received, self.die
        self.end.send([OpenSession(self.name, {})])

    def leave(self) -> None:
        """End the session in order."""
        self.end.close()
        self.die()

    # ------------------------------------------------------------ what comes

    def _received(self, messages: list[Message]) -> None:
        for message in messages:
            self._take(message)
        self._send()

    def _take(self, message: Message) -> None:
        match message:
            case SessionOpened():
                self._credit = message.credit
            case UploadTaken():
                self._credit += message.credit
            case Done():
                for at, local in enumerate(message.tasks):
                    value = message.values[at] if message.values is not None else None
                    if value is not None:
                        self._compare(local, unpack(value))
            case Failed():
                for local, culprit in zip(message.tasks, message.culprit, strict=True):
                    self.failures[local] = message.failures[culprit]
            case Undone() | Cancelled():
                pass
            case Destinations():
                self._put(message)
            case Answer():
                self._located(self._asked.pop(message.request), message.value)
            case _:
                raise AssertionError(f"{self} can't do anything with {message}")
        if isinstance(message, Done | Failed | Undone | Cancelled):
            for local in message.tasks:
                assert 0 <= local < len(self.keys), f"{self} was told of {local}, which it never named"
                self.words[local] = type(message).__name__
                if isinstance(message, Cancelled):
                    self.futures.pop(local, None)
                    self.cancelled.append(self.keys[local])

    def _compare(self, local: int, value: int) -> None:
        key = self.keys[local]
        expected = self.cluster.catalogue.value(key)
        assert value == expected, f"{self} got {value} for {key}, which is {expected}"

    # ------------------------------------------------------------ what goes

    def post(self, *messages: Message) -> None:
        """Send messages, when it is their turn."""
        self._outbox += messages
        self._send()

    def _send(self) -> None:
        ready: list[Message] = []
        while self._outbox:
            if isinstance(self._outbox[0], Upload):
                if not self._credit:
                    break
                self._credit -= 1
            ready.append(self._outbox.pop(0))
        self.end.send(ready)

    @property
    def waiting(self) -> list[Message]:
        """What hasn't been sent yet."""
        return self._outbox

    def submit(self, rows: list[tuple[str, list[int]]], wanted: list[int], options: list[dict[str, Any]]) -> None:
        """Submit tasks.

        Parameters
        ----------
        rows : list of (key, local ids of its dependencies)
            Keys of the catalogue; rows number on from the local ids that were used so far.
        wanted : list of int
            Places in ``rows`` that it keeps futures of.
        options : list of dict
            That some rows get, by chance.
        """
        dice, catalogue = self.cluster.dice, self.cluster.catalogue
        first, count = len(self.keys), len(rows)
        self.keys += [key for key, _ in rows]
        dependents = [0] * count
        for _, deps in rows:
            for dep in deps:
                if dep >= first:
                    dependents[dep - first] += 1
        self.n_submissions += 1
        roots = sum(not deps for _, deps in rows)
        cuts = sorted({0, count, *[dice.randrange(count + 1) for _ in range(dice.randrange(3))]})
        for start, stop in pairwise(cuts):
            part = rows[start:stop]
            names = [catalogue.rows[key].recipe for key, _ in part]
            fresh = [name for name in dict.fromkeys(names) if name not in self._recipes]
            self._recipes |= {name: self._n_recipes + at for at, name in enumerate(fresh)}
            self._n_recipes += len(fresh)
            self._outbox.append(
                Upload(
                    submission=self.n_submissions,
                    first=first + start,
                    announced=count,
                    roots=roots,
                    last=stop == count,
                    keys=encode_keys([key for key, _ in part]),
                    recipes=[[self._recipes[name], name.encode().ljust(16), name.encode()] for name in fresh],
                    recipe=[self._recipes[name] for name in names],
                    literals=[str(catalogue.rows[key].literal).encode() for key, _ in part],
                    deps=[dep for _, deps in part for dep in deps],
                    n_deps=[len(deps) for _, deps in part],
                    dependents=dependents[start:stop],
                    wanted=[row - start for row in wanted if start <= row < stop],
                    named=[row for row in range(len(part)) if not dice.randrange(10)],
                    options=options,
                    option=[dice.randrange(-1, len(options)) for _ in part] if options else None,
                )
            )
        self.futures |= {first + row: rows[row][0] for row in wanted}
        self._send()

    def release(self, locals_: list[int]) -> None:
        """Let futures go."""
        self.post(Release(locals_))
        for local in locals_:
            self.futures.pop(local, None)

    def cancel(self, locals_: list[int], force: bool) -> None:
        """Cancel tasks, also in the middle of the upload that made them."""
        keys = [self.keys[local] for local in locals_]
        self.cluster.cancelled(self, keys, force)
        last = max((at for at, one in enumerate(self._outbox) if isinstance(one, Upload)), default=-1)
        known = max((at for at, one in enumerate(self._outbox) if self._introduces(one, max(locals_))), default=-1)
        place = self.cluster.dice.randint(known + 1, max(last, known) + 1)
        self._outbox.insert(place, Cancel(locals_, force, "enough"))
        for local in locals_:
            self.futures.pop(local, None)
        self._send()

    @staticmethod
    def _introduces(message: Message, local: int) -> bool:
        return isinstance(message, Upload | Want | Scatter) and message.first <= local

    def retry(self, locals_: list[int]) -> None:
        """Run failed tasks again."""
        self.post(Retry(locals_))

    def keep(self, locals_: list[int]) -> None:
        """Fire and forget."""
        self.post(KeepUntilDone(locals_))

    def forget_recipes(self, most: int) -> None:
        """Promise not to name some recipes again: the next task that has one brings it along, by another number."""
        names = self.cluster.dice.sample(list(self._recipes), min(most, len(self._recipes)))
        if names:
            self.post(ForgetRecipes([self._recipes.pop(name) for name in names]))

    def want(self, keys: list[str]) -> None:
        """Hold what others made."""
        first = len(self.keys)
        self.keys += keys
        self.futures |= dict(enumerate(keys, first))
        self.given_up.update(keys)
        self.post(Want(first, encode_keys(keys)))

    def scatter(self, keys: list[str], announced: bool, workers: list[str] | None, copies: int) -> None:
        """Scatter data: with their payloads, or to be put to workers."""
        first = len(self.keys)
        self.keys += keys
        self.futures |= dict(enumerate(keys, first))
        values = [self.cluster.catalogue.data[key] for key in keys]
        wrap = self.cluster.dice.choice((pack, ByReference, dumps_small))
        payloads = [None if announced else wrap(value) for value in values]
        sizes = [nbytes_of(key) for key in keys]
        self.post(Scatter(first, encode_keys(keys), sizes, payloads, workers, copies))

    # ------------------------------------------------------------ bulk data

    def _put(self, message: Destinations) -> None:
        for at, (task, addresses) in enumerate(zip(message.tasks, message.addresses, strict=True)):
            key = self.keys[message.first + at]
            self.cluster.keys[task] = key
            for address in addresses:
                self._put_one(address, task, key)

    def _put_one(self, address: str, task: int, key: str) -> None:
        value = self.cluster.catalogue.data[key]

        def question(worker: SimulatedWorker) -> bool:
            worker.put([task], encode_keys([key]), [value])
            return True

        def again() -> None:
            # A real client tells its user; here it is what makes the data come in the end, if the worker lives.
            if address in self.network.listeners:
                self._put_one(address, task, key)

        self.network.ask(self, address, question, lambda answer: None, again)

    def gather(self, local: int) -> None:
        """Ask where a result is, fetch it and compare it."""
        request = len(self.words) + len(self._asked) + 1_000 * self.n_gathered
        while request in self._asked:
            request += 1
        self._asked[request] = local
        self.post(Call(request, "locate", {"tasks": [local]}))

    def _located(self, local: int, answer: dict[str, Any]) -> None:
        if not answer["tasks"]:
            return
        (task,), (addresses,) = answer["tasks"], answer["addresses"]

        def question(worker: SimulatedWorker) -> int | None:
            return worker.data.get(task)

        def answered(value: int | None) -> None:
            if value is not None:
                self._compare(local, value)
                self.n_gathered += 1

        if addresses:
            address = self.cluster.dice.choice(addresses)
            self.network.ask(self, address, question, answered, lambda: None)
