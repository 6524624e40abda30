"""The whole state of the scheduler, the outboxes, and the few operations that every part uses.

Place in the flow: made by `machine.SchedulerMachine`, handed to the functions of `transitions`, `queues`, `upload`,
`outcomes`, `workers` and `clients`. Nothing here decides.

Invariants: dicts are iterated in the order in which things came; sets are never iterated without sorting; no clock (the
machine sets ``now``), no randomness.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.messages import EPOCH_SHIFT, Cancelled, Done, Failed, Free, Message, Undone
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.scheduler.machine.index import AmountIndex
from minidask_distributed.scheduler.machine.log import MoveLog
from minidask_distributed.scheduler.machine.pages import Pages
from minidask_distributed.scheduler.machine.records import (
    Client,
    Failure,
    GivingUp,
    Options,
    Recipe,
    Slice,
    Task,
    Worker,
)

SERIAL_MASK = (1 << EPOCH_SHIFT) - 1


@dataclass(frozen=True)
class Limits:
    """What the machine is allowed; the defaults are what a cluster of processes uses."""

    depth_us: int = 20_000  # work sent ahead to each thread; few tasks a message cost many times what hundreds do
    depth_count: int = 512  # tasks at a worker, at most
    allowed_failures: int = 3  # workers that may die while they run a task
    recall_after_s: float = (
        0.2  # a worker that reported nothing for so long is asked for what it hasn't started, if another is idle
    )
    value_bytes: int = 64 << 20  # small results kept here
    failure_bytes: int = 64 << 20  # exceptions and tracebacks kept here; of earlier ones only the messages are
    credit: int = 8  # upload chunks on their way from each client
    worker_ttl_s: float = 300.0  # silence after which a worker counts as gone, 0: never
    client_ttl_s: float = 0.0
    nanny_report_s: float = 2.0  # how long a nanny's word about a dead worker is awaited
    bandwidth: int = 100 << 20  # bytes per second between workers until it was measured
    log: int = 50_000  # moves
    spread_from: int = 4  # submissions with fewer roots are placed one by one
    memory_pressure: float = (
        0.6  # managed bytes as a fraction of all workers' limits from which roots run in plain order
    )
    drops: int = 10_000  # tasks let go between two flushes: about 50 ms
    free_after_s: float = 0.005  # small results are freed so late, or with what their worker is sent before
    free_at_once_bytes: int = 1 << 20  # larger ones are freed at once


class ClusterState:
    """Everything that the scheduler knows."""

    def __init__(self, epoch: int, limits: Limits, serialize: bool = True) -> None:
        self.epoch = epoch
        self.limits = limits
        self.serialize = serialize
        self.now = 0.0
        self.next_serial = 1
        self.next_recipe = 1
        self.next_worker = 1
        self.next_session = 1
        self.keys: dict[Key, Task] = {}
        self.chosen: set[Task] = set()  # tasks of `keys` as their users wrote them, under keys that these chose
        self.tasks: Pages[Task] = Pages()  # by serial, the lower bits of the id
        self.recipes: dict[bytes, Recipe] = {}  # by digest, alive while a task uses it
        self.recipes_by_number: dict[int, Recipe] = {}
        # {digest: (expected microseconds, expected bytes)} of recipes that were forgotten.
        self.measured: dict[bytes, tuple[int, int]] = {}
        self.options: dict[str, Options] = {}  # by canonical text
        self.workers: dict[int, Worker] = {}  # by number
        self.worker_peers: dict[int, Worker] = {}
        self.worker_names: dict[str, Worker] = {}  # by address and by name
        self.clients: dict[int, Client] = {}  # by peer
        self.nannies: dict[int, str] = {}  # {peer: nanny's id}
        self.nanny_peers: dict[str, int] = {}
        self.other_out: dict[int, list[Message]] = {}  # outboxes of nannies, and of peers that are refused
        self.keeper = Client(0, -1, "fire-and-forget", {})  # wants what was fired and forgotten until it is done
        # Touched since the last flush: workers that may have room or work.
        self.dirty: dict[Worker, None] = {}
        self.touched: dict[Worker, None] = {}  # workers with something in their outbox
        self.freeing: dict[Worker, float] = {}  # workers with nothing but small results to free in it, and since when
        self.leaving: dict[str, None] = {}  # addresses of the latest workers that were to leave in order, gone or not
        self.leaving_changed = False  # whether a worker that wants to leave may be able to now
        self.dirty_clients: dict[Client, None] = {}
        self.idle: dict[Worker, None] = {}  # running workers with room and nothing queued, by becoming so
        self.backlogs = AmountIndex()  # queued tasks that may move
        self.unstarted = AmountIndex()  # sent tasks beyond the threads, of workers that are busy for a while
        self.pool: list[tuple[int, Task]] = []  # queued without any worker there: a heap
        self.orphans: list[Slice] = []  # shares of workers that left
        self.no_worker: dict[Task, None] = {}
        # What is to be let go and was too much for one turn: see `clearing`.
        self.drops_left: float = limits.drops
        self.unneeded: list[Task] = []
        self.departing: deque[tuple[Client, Iterator[int]]] = deque()  # with the local ids that are left
        self.giving_up: deque[GivingUp] = deque()  # see `cancelling`
        # Clients whose messages are kept until that is through, and whether their calls are, too: they gave it up themselves.
        self.behind: dict[Client, bool] = {}
        self.calls: list[tuple[int, Message]] = []  # for the shell, whose turn it is: (peer, call)
        self.homeless: deque[tuple[Worker, list[tuple[int, Task]]]] = deque()  # heaps of workers that take nothing
        self.running: list[Worker] = []  # workers that take tasks, by joining
        self.pressed = False  # whether results fill so much memory that roots run in plain order
        self.memory_limit = 0  # of all running workers, 0 if one has none
        self.managed_bytes = 0  # of results, each copy counted
        self.value_bytes = 0  # of results kept here
        self.failures: deque[tuple[Failure, int]] = deque()  # with their sizes: those that are kept whole, by time
        self.failure_bytes = 0  # of these
        self.bandwidth = limits.bandwidth
        self.turn = 0  # of round-robin placement
        self.warm: Worker | None = None  # the idle worker that the last task without dependencies went to
        self.log = MoveLog(limits.log)
        # Queued tasks that changed their worker, for people: (time, address from, address to, count), the latest.
        self.stolen: deque[tuple[float, str, str, int]] = deque(maxlen=1000)
        self.notices: list[tuple[str, Any]] = []  # for the shell: (topic, content)
        self.to_close: list[tuple[int, str]] = []  # for the shell: (peer, why)
        self.departed: set[int] = set()  # peers that were told to go and whose comm is still open
        self.counts = [0] * 8  # tasks by state

    # ------------------------------------------------------------ ids

    def task_id(self, serial: int) -> int:
        """Return the id of a serial in this epoch."""
        return self.epoch << EPOCH_SHIFT | serial

    def find(self, task_id: int) -> Task | None:
        """Return the task of an id, None if it is forgotten or of another epoch."""
        if task_id >> EPOCH_SHIFT != self.epoch:
            return None
        return self.tasks.get(task_id & SERIAL_MASK)

    def reserve(self, count: int) -> int:
        """Return the first of so many new serials."""
        serial = self.next_serial
        self.next_serial += count
        return serial

    # ------------------------------------------------------------ moves

    def move(self, task: Task, finish: int) -> None:
        """Put a task into another state and log it."""
        start, log, counts = task.state, self.log, self.counts
        log.tasks.append(task.id)
        log.moves.append(start << 4 | finish)
        counts[start] -= 1
        counts[finish] += 1
        task.state = finish

    # ------------------------------------------------------------ records

    def recipe(self, digest: bytes, payload: Any) -> Recipe:
        """Return the recipe of a digest, made if it isn't known."""
        recipe = self.recipes.get(digest)
        if recipe is None:
            recipe = Recipe(self.next_recipe, digest, payload)
            self.next_recipe += 1
            recipe.expected_us, recipe.expected_bytes = self.measured.pop(digest, (-1, 0))
            self.recipes[digest] = recipe
            self.recipes_by_number[recipe.number] = recipe
        return recipe

    def drop_recipe(self, recipe: Recipe) -> None:
        """Forget a recipe that no task uses, but not what was measured."""
        if self.recipes.get(recipe.digest) is recipe:
            del self.recipes[recipe.digest], self.recipes_by_number[recipe.number]
            if recipe.expected_us >= 0:
                if len(self.measured) >= 10_000:
                    del self.measured[next(iter(self.measured))]
                self.measured[recipe.digest] = recipe.expected_us, recipe.expected_bytes

    def drop_options(self, options: Options) -> None:
        """One task fewer has these options; forget them with the last one."""
        options.n_tasks -= 1
        if not options.n_tasks and self.options.get(options.text) is options:
            del self.options[options.text]
            for worker in options.candidates:
                worker.restricted.pop(options, None)

    def keep_failure(self, failure: Failure) -> None:
        """Keep a failure with its exception and traceback until later ones need the room; clients have been told by then."""
        payload = failure.fields.get("payload")
        if payload is not None and not isinstance(payload, Payload):
            return  # passed by reference, and whatever it refers to mustn't be kept alive here
        nbytes = failure.nbytes
        self.failures.append((failure, nbytes))
        self.failure_bytes += nbytes
        while self.failure_bytes > self.limits.failure_bytes:
            earliest, nbytes = self.failures.popleft()
            self.failure_bytes -= nbytes
            earliest.cut("The scheduler had no room for the traceback: too many tasks failed after this one.")

    # ------------------------------------------------------------ outboxes

    def tell_done(self, client: Client, local: int, value: Any, nbytes: int) -> None:
        """Tell a client that a result is there."""
        if not client.takes_values:
            value = None
        out = client.out
        if out and type(out[-1]) is Done:
            message = out[-1]
        else:
            message = Done([], None, [])
            out.append(message)
            self.dirty_clients[client] = None
        if value is not None:
            if message.values is None:
                message.values = [None] * len(message.tasks)
            message.values.append(value)
        elif message.values is not None:
            message.values.append(None)
        message.tasks.append(local)
        message.nbytes.append(nbytes)

    def tell_failed(self, client: Client, local: int, failure: Failure) -> None:
        """Tell a client that a task failed, or was cancelled."""
        out = client.out
        self.dirty_clients[client] = None
        if failure.kind == "cancelled":
            self.tell_cancelled(client, local, str(failure.fields.get("text", "")))
            return
        message = out[-1] if out and type(out[-1]) is Failed else None
        if message is None:
            message = Failed([], [], [])
            out.append(message)
        if not message.failures or message.failures[-1] is not failure.fields:
            message.failures.append(failure.fields)
        message.tasks.append(local)
        message.culprit.append(len(message.failures) - 1)

    def tell_undone(self, client: Client, local: int) -> None:
        """Tell a client that a result is gone and being made again."""
        out = client.out
        if not out or type(out[-1]) is not Undone:
            out.append(Undone([]))
            self.dirty_clients[client] = None
        out[-1].tasks.append(local)  # type: ignore[attr-defined]

    def tell_cancelled(self, client: Client, local: int, reason: str) -> None:
        """Tell a client that a task is given up."""
        out = client.out
        last = out[-1] if out else None
        if type(last) is not Cancelled or last.reason != reason:
            last = Cancelled([], reason)
            out.append(last)
            self.dirty_clients[client] = None
        last.tasks.append(local)

    def make_room(self, worker: Worker, nbytes: int) -> None:
        """A worker holds so much less, and may be sent more if that was what it lacked."""
        worker.nbytes -= nbytes
        self.managed_bytes -= nbytes
        if worker.memory_limit and worker not in self.idle:
            self.dirty[worker] = None

    def tell_free(self, worker: Worker, task_id: int, has_time: bool = False) -> None:
        """Tell a worker to forget a task; ``has_time``: not in a message of its own, if another one comes soon."""
        out = worker.out
        if not out or type(out[-1]) is not Free:
            out.append(Free([]))
        out[-1].tasks.append(task_id)  # type: ignore[attr-defined]
        if not has_time:
            self.touched[worker] = None
        elif worker not in self.freeing:
            self.freeing[worker] = self.now

    def tell_worker(self, worker: Worker, message: Message) -> None:
        """Give a worker a message of its own."""
        worker.out.append(message)
        self.touched[worker] = None

    def notice(self, topic: str, **content: Any) -> None:
        """Leave a note for the shell: plugins, events, logs."""
        self.notices.append((topic, content))
