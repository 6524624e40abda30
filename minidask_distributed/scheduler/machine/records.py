"""What the scheduler knows: tasks, recipes, options, workers, clients, submissions.

Place in the flow: plain slotted records without decisions; `state` holds them together, `queues`, `transitions`,
`upload`, `outcomes`, `workers` and `clients` change them. Every attribute is explained where it is declared.

Invariants are checked by `check.sanity_check`. One holder or one client is a direct reference: a set of one costs 216
bytes, and most tasks have one holder and at most one client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.messages import Message
from minidask_distributed.scheduler.machine import states
from minidask_distributed.scheduler.machine.pages import Pages

UNKNOWN_COST_US = 10_000
"""What a task of a function that was never measured counts: two of them fill a thread's twenty milliseconds."""


class Recipe:
    """A function with the shape of its call, shared by tasks; what is known about its running time and its results' sizes."""

    __slots__ = ("digest", "expected_bytes", "expected_us", "n_tasks", "number", "payload", "prefix")

    def __init__(self, number: int, digest: bytes, payload: Any) -> None:
        self.number = number  # on the wire to workers
        self.digest = digest
        self.payload = payload  # bytes, or the recipe itself where nothing is serialised
        self.n_tasks = 0  # tasks that use it; at 0 it is forgotten
        self.expected_us = -1  # moving average of the measured durations in microseconds, -1: never measured
        self.expected_bytes = 0  # moving average of the results' sizes, 0: never measured
        self.prefix = ""  # of its tasks' keys, for people

    def measured(self, duration_us: int) -> None:
        """Take a measurement into the moving average, whose newest value counts half."""
        expected = self.expected_us
        self.expected_us = duration_us if expected < 0 else (expected + duration_us) >> 1

    @property
    def cost_us(self) -> int:
        """What a task of this function is expected to take."""
        return UNKNOWN_COST_US if self.expected_us < 0 else self.expected_us


class Options:
    """What tasks ask for beyond their function; equal sets share one record, and the queue of those that are restricted."""

    __slots__ = (
        "allow_other_workers",
        "candidates",
        "heap",
        "keeps_inputs",
        "n_tasks",
        "priority",
        "resources",
        "restricted",
        "retries",
        "sent",
        "text",
        "workers",
    )

    def __init__(self, text: str, fields: dict[str, Any]) -> None:
        self.text = text  # canonical, by which equal sets are found
        self.n_tasks = 0  # that use it; at 0 it is forgotten
        self.priority: int = fields.get("priority") or 0
        self.retries: int = fields.get("retries") or 0
        self.workers: tuple[str, ...] = tuple(fields.get("workers") or ())  # addresses, names or hosts
        self.allow_other_workers = bool(fields.get("allow_other_workers"))
        self.resources: dict[str, float] = fields.get("resources") or {}
        self.restricted = bool(self.workers or self.resources)
        # The result only stands for those of the dependencies, where they are: they live as long as it, and it as long as they.
        self.keeps_inputs = bool((fields.get("annotations") or {}).get("keeps_inputs"))
        # What workers need to know.
        self.sent = {k: v for k, v in fields.items() if k not in ("workers", "allow_other_workers", "retries")}
        self.candidates: dict[Worker, None] = {}  # workers that may run these tasks, by joining
        self.heap: list[tuple[int, Task]] = []  # queued tasks of a restricted set


class Failure:
    """Why a task, and all that depend on it, give no result."""

    __slots__ = ("fields", "kind")

    def __init__(self, fields: dict[str, Any], kind: str) -> None:
        self.fields = fields  # of protocol.failures, and: key (as text), worker, name (of the function), kind
        self.kind = kind  # "raised", "killed-worker", "lost", "cancelled", "refused"

    @property
    def nbytes(self) -> int:
        """About what its texts and its pickled exception take."""
        fields = self.fields
        texts = (fields.get("text"), fields.get("traceback"), *(fields.get("notes") or ()))
        return 1000 + sum(len(text) for text in texts if text) + getattr(fields.get("payload"), "nbytes", 0)

    def cut(self, why: str) -> None:
        """Keep what it was, without the exception itself and the traceback. What is on its way to clients stays whole."""
        fields = self.fields
        self.fields = {
            **fields,
            "payload": None,
            "traceback": "",
            "text": str(fields.get("text"))[:1000],
            "notes": [why],
        }

    @classmethod
    def own(cls, task: Task, kind: str, type_name: str, text: str, worker: str = "") -> Failure:
        """Return a failure that the scheduler itself found: there is no exception object and no traceback."""
        fields: dict[str, Any] = {"type": type_name, "text": text, "traceback": "", "notes": [], "payload": None}
        fields |= {"key": str(task.key), "worker": worker, "name": "", "kind": kind}
        return cls(fields, kind)


class Trouble:
    """What went wrong with a task; kept apart, because a scheduler holds a million tasks of which few have any."""

    __slots__ = ("crashes", "doubts", "errors", "failure", "losses")

    def __init__(self) -> None:
        self.crashes = 0
        self.losses = 0  # how often it found gone what results of others stand for
        self.errors = 0  # how often it raised and was tried again
        self.doubts: dict[int, int] = {}  # {number of a worker: how often it couldn't get the data from who has them}
        self.failure: Failure | None = None


class Task:
    """One task: what makes its result, who needs it, where it is."""

    __slots__ = (
        "announced",
        "attempt",
        "client",
        "copies",
        "cost_us",
        "dependents",
        "deps",
        "holder",
        "id",
        "key",
        "literals",
        "local",
        "n_live",
        "n_missing",
        "n_waiters",
        "nbytes",
        "options",
        "others",
        "priority",
        "recipe",
        "state",
        "trouble",
        "value",
        "worker",
    )

    def __init__(
        self,
        id: int,
        key: Key,
        recipe: Recipe | None,
        literals: Any,
        deps: tuple[Task, ...],
        options: Options | None,
    ) -> None:
        self.id = id
        self.key = key
        self.recipe = recipe  # None: data without lineage
        self.literals = literals  # opaque arguments
        self.deps = deps
        self.options = options
        self.priority = id if options is None else id - (options.priority << 48)
        self.state = states.RELEASED
        self.dependents: Task | list[Task] | None = None  # forgotten ones may linger in the list
        self.n_live = 0  # dependents that aren't forgotten
        # Dependents that need the result: waiting, queued, no-worker, processing; and those in memory that keep their inputs.
        self.n_waiters = 0
        self.announced = 0  # dependents that are still to arrive in open submissions
        self.n_missing = 0  # dependencies that aren't in memory; counts while waiting
        self.client: Client | None = None  # a client that wants the result, under the local id `local`
        self.local = 0
        self.others: list[tuple[Client, int]] | None = None  # further wants
        self.worker: Worker | None = None  # where it is processing, or in whose queue it is
        self.holder: Worker | None = None  # a worker that has the result
        self.copies: dict[Worker, None] | None = None  # further holders
        self.nbytes = 0  # of the result; while it is processing, what that is expected to take
        self.value: Any = None  # the result itself, if it is small and within the budget
        self.cost_us = 0  # what it counts in its worker's load
        self.attempt = 1
        self.trouble: Trouble | None = None  # what went wrong with it; most tasks have none

    def __repr__(self) -> str:
        return f"<Task {self.key!r} {states.NAMES[self.state]}>"

    @property
    def failure(self) -> Failure | None:
        """Why it failed; while it is erred."""
        return None if self.trouble is None else self.trouble.failure

    @failure.setter
    def failure(self, failure: Failure | None) -> None:
        if self.trouble is not None or failure is not None:
            self._troubled().failure = failure

    @property
    def crashes(self) -> int:
        """How many workers died while they ran it."""
        return 0 if self.trouble is None else self.trouble.crashes

    @crashes.setter
    def crashes(self, count: int) -> None:
        if self.trouble is not None or count:
            self._troubled().crashes = count

    @property
    def retries(self) -> int:
        """How often it may still be tried again after it raised."""
        allowed = 0 if self.options is None else self.options.retries
        return allowed if self.trouble is None else allowed - self.trouble.errors

    def try_again(self) -> None:
        """Count one of the retries as used."""
        self._troubled().errors += 1

    def count_loss(self) -> int:
        """Count that it found gone what results of others stand for; return how often it has."""
        trouble = self._troubled()
        trouble.losses += 1
        return trouble.losses

    def count_doubt(self, worker: Worker) -> int:
        """Count that a worker couldn't get the data from a worker that has them; return how often it has."""
        doubts = self._troubled().doubts
        doubts[worker.number] = count = doubts.get(worker.number, 0) + 1
        return count

    @property
    def keeps_inputs(self) -> bool:
        """Whether its result and those of its dependencies live and die together, see `Options`."""
        return self.options is not None and self.options.keeps_inputs

    @property
    def kept(self) -> bool:
        """Whether its result is bound to where it was made, since it stands for something there."""
        return any(dependent.keeps_inputs for dependent in self.all_dependents())

    def _troubled(self) -> Trouble:
        if self.trouble is None:
            self.trouble = Trouble()
        return self.trouble

    @property
    def wanted(self) -> bool:
        """Whether a client wants the result."""
        return self.client is not None

    @property
    def needed(self) -> bool:
        """Whether somebody needs the result: a client, a dependent, or one that is still to arrive."""
        return self.client is not None or self.n_waiters > 0 or self.announced > 0

    def all_dependents(self) -> list[Task]:
        """The dependents that aren't forgotten, by arrival."""
        dependents = self.dependents
        if dependents is None:
            return []
        if type(dependents) is Task:
            dependents = [dependents]
        return [task for task in dependents if task.state != states.FORGOTTEN]  # type: ignore[union-attr]

    def holders(self) -> list[Worker]:
        """The workers that hold the result."""
        if self.holder is None:
            return []
        return [self.holder] if self.copies is None else [self.holder, *self.copies]

    def held_by(self, worker: Worker) -> bool:
        """Whether a worker holds the result."""
        return self.holder is worker or (self.copies is not None and worker in self.copies)

    def wants(self) -> list[tuple[Client, int]]:
        """Who wants the result, each with its local id."""
        if self.client is None:
            return []
        return [(self.client, self.local), *(self.others or ())]


class Worker:
    """One worker: what it may do, what it has been given, what it holds."""

    __slots__ = (
        "address",
        "busy_us",
        "closing",
        "coming_bytes",
        "died",
        "expected",
        "free_resources",
        "gone_at",
        "heap",
        "held",
        "info",
        "known_peers",
        "known_recipes",
        "last_seen",
        "long_running",
        "memory_limit",
        "metrics",
        "name",
        "nanny",
        "nbytes",
        "nthreads",
        "number",
        "out",
        "peer",
        "processing",
        "queued_us",
        "recalled",
        "resources",
        "restricted",
        "slices",
        "status",
        "told_us",
        "unconfirmed",
        "unique",
    )

    def __init__(self, number: int, peer: int, address: str, name: str, nthreads: int, memory_limit: int) -> None:
        self.number = number
        self.peer = peer  # the shell's number of its comm
        self.address = address
        self.name = name
        self.nthreads = nthreads
        self.memory_limit = memory_limit
        self.nanny = ""
        self.info: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.status = "running"  # "running", "paused", "closing", "gone"
        self.closing = ""  # why it is asked to leave, "" if it isn't
        self.last_seen = 0.0
        self.gone_at = -1.0  # when its comm closed, while the nanny's report is awaited; -1 otherwise
        self.died: tuple[list[int], str] | None = None  # the nanny's report: task ids that ran, the reason
        self.resources: dict[str, float] = {}
        self.free_resources: dict[str, float] = {}
        # Sent tasks, by sending. Seceded ones are in `long_running` as well and take no room.
        self.processing: dict[Task, None] = {}
        self.long_running: dict[Task, None] = {}
        self.recalled: dict[Task, None] = {}  # asked back, not answered yet
        self.busy_us = 0  # sum of cost_us of sent tasks that aren't long-running
        self.coming_bytes = 0  # what their results are expected to take
        self.heap: list[tuple[int, Task]] = []  # its queue: tasks placed here for their data, or one by one
        self.slices: list[Slice] = []  # its queue: contiguous shares of submissions' roots
        self.queued_us = 0  # sum of cost_us of the tasks in `heap`
        self.restricted: dict[Options, None] = {}  # sets with queued tasks that it may run
        self.held: set[Task] = set()  # results; iterate by id, a set has no order
        self.nbytes = 0  # of these
        self.unconfirmed: dict[Task, None] = {}  # those of `held` that it was given to hold, and hasn't reported
        self.expected: dict[Task, None] = {}  # data that clients were told to put here, and that it hasn't reported
        self.unique: dict[
            Task, Worker | None
        ] = {}  # while it leaves: what nobody else has, and who is to fetch it (None: can't)
        self.known_recipes: set[int] = set()  # numbers that it was told
        self.told_us: dict[int, int] = {}  # {recipe number: expected duration as it was told}
        self.known_peers: set[int] = set()  # numbers of workers whose address it was told
        self.out: list[Message] = []

    def __repr__(self) -> str:
        return f"<Worker {self.name!r} {self.address} {self.status}: {len(self.processing)} processing, {len(self.held)} held>"

    @property
    def backlog(self) -> int:
        """Queued tasks in its own queues; some may have been given up meanwhile."""
        return len(self.heap) + sum(len(part.tasks) for part in self.slices)


class Slice:
    """A contiguous share of one submission's roots, in order, owned by one worker."""

    __slots__ = ("siblings", "tasks")

    def __init__(self, siblings: deque[Slice]) -> None:
        self.tasks: deque[Task] = deque()
        self.siblings = siblings  # all shares of the submission, by their order; stolen ones at the end


class Submission:
    """An upload in progress."""

    __slots__ = (
        "first",
        "left",
        "n_left",
        "n_roots",
        "number",
        "refused",
        "reserved",
        "rows",
        "serial",
        "shares",
        "unwanted",
    )

    def __init__(self, number: int, first: int, serial: int, reserved: int) -> None:
        self.number = number
        self.first = first  # local id of its first row
        self.serial = serial  # serial of the task id of its first row: ids are reserved for all rows
        self.reserved = reserved  # serials, for as many rows as were announced
        self.rows = 0  # arrived
        self.left: list[int] = []  # {row: announced dependents that are still to arrive}
        self.n_left = 0  # sum of these
        self.unwanted: list[int] = []  # local ids of rows that the client doesn't hold: known for the rows to come only
        self.refused: dict[
            int, Failure
        ] = {}  # {local id: why} of rows whose keys mean something else, and what needs them
        self.n_roots = 0  # arrived
        self.shares: list[
            tuple[int, Worker, Slice]
        ] = []  # (root ordinal at which it ends, owner, share), the last one first


class Client:
    """A session: the local ids that it uses and what it is to be told."""

    __slots__ = (
        "behind",
        "credit_due",
        "gone",
        "info",
        "last_seen",
        "name",
        "out",
        "peer",
        "recipes",
        "session",
        "submissions",
        "takes_values",
        "tasks",
    )

    def __init__(self, session: int, peer: int, name: str, info: dict[str, Any]) -> None:
        self.session = session
        self.peer = peer  # the shell's number of its comm
        self.name = name
        self.info = info
        self.gone = False
        self.takes_values = True  # False while it is slow: it fetches small results as it does large ones
        self.last_seen = 0.0
        self.credit_due = 0  # upload chunks that were taken and haven't been acknowledged
        self.tasks: Pages[Task] = Pages()  # {local id: task}: wanted ones, and all rows of open submissions
        self.recipes: dict[int, Recipe] = {}  # {the session's number: recipe}
        self.submissions: dict[int, Submission] = {}  # open ones
        self.behind: deque[Message] | None = None  # what it said while what it gave up before is still let go
        self.out: list[Message] = []

    def __repr__(self) -> str:
        return f"<Client {self.name!r}: {len(self.tasks)} tasks>"


class GivingUp:
    """Tasks that are given up with all that depends on them, and how far that has come; see `cancelling`."""

    __slots__ = ("askers", "force", "left", "parts", "reason")

    def __init__(self, askers: dict[Client, None], force: bool, reason: str) -> None:
        self.askers = askers  # those who want them no more
        self.force = force  # whether others are to want them no more, either, and the processes that run them to end
        self.reason = reason
        self.left: dict[Task, int] = {}  # {found task that is still to end: dependents that end before it}
        self.parts: Iterator[list[Task]] = iter(())  # what ends together, still to come
