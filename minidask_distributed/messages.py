"""Every message between client, scheduler, worker and nanny: its name, fields, direction and who answers it.

Place in the flow: the bottom layer; `protocol.wire` turns the rows into bytes and back, the machines of scheduler and
worker take messages in and give messages out, and nothing else crosses a comm.

Messages are batches in columns: one message speaks of many tasks, the fields that end in an ``s`` or are said to be
columns hold an entry a task, and an optional column is None where every entry would be the default. Nothing here is
sent on a timer: a sender flushes at the end of each receive callback, or before it waits.

Who is who on the wire:

- a **local id** is an int that a client allots to a task, ascending in the order of a submission's rows, never reused;
- a **task id** is the scheduler's own 64-bit int, never reused, whose upper bits are the scheduler's *epoch*
  (`EPOCH_SHIFT`); workers, nannies and bulk connections speak of tasks by it;
- an **attempt** counts how often the scheduler assigned a task id; a report about an older attempt is void;
- a **recipe number** names a recipe (function and call shape, see `protocol.calls`) for one connection;
- a **worker number** names a worker for the scheduler's life.

Keys travel once in each direction, as a column of `protocol.keys`. Functions, arguments, results and exceptions are
opaque here: bytes (or, on in-process comms, the objects themselves), a `protocol.payload.Payload`, or the plain fields
of `protocol.failures`. Priorities aren't sent: a task goes before another one if ``priority_of`` is less.

Invariants: a message is never changed after it was sent.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from minidask_distributed.rows import KINDS as KINDS
from minidask_distributed.rows import Message as Message
from minidask_distributed.rows import from_row as from_row
from minidask_distributed.rows import message

PROTOCOL_VERSION = 1
"""Raised with every change of a message that older peers can't read; peers of another version are refused."""

EPOCH_SHIFT = 48
"""Task ids are ``epoch << EPOCH_SHIFT | serial``."""

MAX_PRIORITY = 16_000
"""User priorities are whole numbers of at most this size: more than anybody ranks, and arithmetic stays short."""

Column: TypeAlias = list[Any]


def priority_of(task: int, user_priority: int) -> int:
    """Return the number by which tasks are ordered, the least first: higher user priority, then earlier arrival.

    Examples
    --------
    >>> priority_of(5, 0) < priority_of(6, 0), priority_of(6, 1) < priority_of(5, 0)
    (True, True)
    """
    return task - (user_priority << EPOCH_SHIFT)


# ---------------------------------------------------------------- any two peers


@message(1, "any", "any", ("Answer",))
class Call(Message):
    """Ask the other side to do something by name and answer; the servers' handlers are the list of names."""

    request: int  # the asker's number for it
    name: str
    arguments: dict[str, Any]  # plain values and Payloads


@message(2, "any", "any")
class Answer(Message):
    """What a `Call` came to."""

    request: int
    value: Any  # plain or Payload; None if it failed
    failure: dict[str, Any] | None  # fields of protocol.failures


@message(3, "any", "any")
class Bye(Message):
    """The sender closes on purpose; the end of the connection that follows is no accident."""

    reason: str


# ---------------------------------------------------------------- client -> scheduler


@message(10, "client", "scheduler", ("SessionOpened",))
class OpenSession(Message):
    """The first message of a client."""

    name: str  # unique name of the client, for people and logs
    info: dict[str, Any]


@message(11, "client", "scheduler", ("UploadTaken", "Done", "Failed"))
class Upload(Message):
    """A chunk of a submission: rows are tasks in order of execution, so a row names earlier rows only.

    Row ``i`` has the local id ``first + i``. ``dependents`` announces how many rows *of the whole submission*
    will name it as a dependency, so that nothing is released before its last dependent has arrived.
    """

    submission: int  # the client's number of it, ascending
    first: int
    announced: int  # rows of the whole submission
    roots: int  # rows without dependencies of the whole submission
    last: bool
    keys: Column  # protocol.keys
    recipes: list[list[Any]]  # [number, digest, blob or Recipe] of those that this session hasn't sent before
    recipe: Column  # recipe number of each row
    literals: Column  # bytes | None (in-process: protocol.calls.Literals)
    deps: Column  # local ids, row after row
    n_deps: Column  # how many of `deps` belong to each row
    dependents: Column
    wanted: Column | None  # rows that the client holds futures of; None: all
    named: Column  # rows whose key the user chose: a live key with another recipe is an error there
    options: list[
        dict[str, Any]
    ]  # distinct sets of: workers, allow_other_workers, resources, retries, priority, annotations
    option: Column | None  # index into `options` of each row (-1: none); None: no row has any


@message(12, "client", "scheduler")
class Release(Message):
    """The client no longer wants these results."""

    tasks: Column  # local ids


@message(13, "client", "scheduler", ("Cancelled",))
class Cancel(Message):
    """Give these tasks up: also what depends on them; ``force`` for all clients, and kills the process that runs one."""

    tasks: Column  # local ids
    force: bool
    reason: str


@message(14, "client", "scheduler", ("Undone", "Done", "Failed"))
class Retry(Message):
    """Run these failed tasks again, and the failed ones that they depend on."""

    tasks: Column  # local ids


@message(15, "client", "scheduler", ("Done", "Failed", "Undone", "Cancelled"))
class Want(Message):
    """Hold results that exist already, by key: futures that came from another client, a queue or a pickle."""

    first: int  # local id of the first; the others follow
    keys: Column


@message(16, "client", "scheduler", ("Destinations", "Done"))
class Scatter(Message):
    """Data to hold: either with their payloads, or only announced (None) to be put to workers by the client itself."""

    first: int
    keys: Column
    nbytes: Column
    payloads: Column  # Payload | None (in-process: protocol.payload.ByReference)
    workers: list[str] | None  # addresses or names that may hold them
    copies: int  # 1, or 0 for all workers (broadcast)


@message(17, "client", "scheduler")
class KeepUntilDone(Message):
    """Fire and forget: the scheduler itself wants these until they are done or failed."""

    tasks: Column  # local ids


@message(18, "client", "scheduler")
class ClientBeat(Message):
    """The client is alive."""


@message(19, "client", "scheduler")
class ForgetRecipes(Message):
    """The session won't name these recipes again: definitions that a notebook has replaced, closures used once."""

    recipes: Column  # the session's numbers


# ---------------------------------------------------------------- scheduler -> client


@message(30, "scheduler", "client")
class SessionOpened(Message):
    """The session exists; uploads may begin."""

    session: int
    epoch: int
    credit: int  # how many upload chunks may be on their way
    serialize: bool  # False: recipes, literals and data may be the objects themselves (every worker is in this process)


@message(31, "scheduler", "client")
class UploadTaken(Message):
    """So many more upload chunks may be sent."""

    credit: int


@message(32, "scheduler", "client")
class Done(Message):
    """These results are in memory; small ones come along."""

    tasks: Column  # local ids
    values: Column | None  # bytes | ByReference | None (to be gathered); None: no value comes along
    nbytes: Column


@message(33, "scheduler", "client")
class Failed(Message):
    """These tasks won't give a result."""

    tasks: Column  # local ids
    culprit: Column  # index into `failures` of each
    failures: list[dict[str, Any]]  # fields of protocol.failures and: key, worker, name (of the function), kind


@message(34, "scheduler", "client")
class Undone(Message):
    """These results are lost and are computed again, or are being run again: pending."""

    tasks: Column


@message(35, "scheduler", "client")
class Cancelled(Message):
    """These are given up; a `Want` of a key that doesn't exist ends here, too."""

    tasks: Column
    reason: str


@message(36, "scheduler", "client")
class Destinations(Message):
    """Where the client is to put announced data: answers a `Scatter` without payloads."""

    first: int
    tasks: Column  # task ids
    addresses: list[list[str]]  # for each, the workers that are to hold it


@message(37, "scheduler", "client")
class Event(Message):
    """Something for people or subscribers: prints and warnings of tasks (topics "print", "warn") and logged events."""

    topic: str
    stamp: float  # seconds since the epoch
    content: Any  # plain or Payload


# ---------------------------------------------------------------- worker -> scheduler


@message(50, "worker", "scheduler", ("WorkerRegistered", "Bye"))
class RegisterWorker(Message):
    """The first message of a worker; ``held`` says what it holds already, when it comes back."""

    address: str  # contact address, also for bulk connections
    name: str
    nthreads: int
    memory_limit: int  # bytes, 0: none
    resources: dict[str, float]
    nanny: str  # the nanny's id, "" without
    info: dict[str, Any]  # pid, host, local_directory, versions …
    held: Column  # keys
    held_nbytes: Column


@message(51, "worker", "scheduler")
class Finished(Message):
    """Tasks that gave a result, in the order in which they ended."""

    tasks: Column
    attempts: Column | None  # None: all first attempts
    nbytes: Column
    durations: Column  # whole microseconds on the thread
    starts: Column  # microseconds since `since`
    threads: Column  # small ints, one for each executor thread
    since: int  # microseconds since the epoch
    values: Column | None  # small results: bytes | ByReference | None


@message(52, "worker", "scheduler")
class Erred(Message):
    """Tasks that raised, or whose function or arguments can't be read; attempt 0: data that it was to hold can't be read."""

    tasks: Column
    attempts: Column | None
    durations: Column
    failures: list[dict[str, Any]]  # one a task


@message(53, "worker", "scheduler")
class Held(Message):
    """Copies that the worker holds now: fetched, stored, or acquired."""

    tasks: Column
    nbytes: Column


@message(54, "worker", "scheduler", ("Holders",))
class Missing(Message):
    """Dependencies that none of the named holders could give."""

    tasks: Column
    tried: list[list[int]]  # worker numbers that didn't have each


@message(55, "worker", "scheduler")
class Recalled(Message):
    """The answer to `Recall`: what it gives back unstarted, and what it keeps (started, or gone already)."""

    given: Column
    kept: Column


@message(56, "worker", "scheduler", ("Recipes",))
class NeedRecipes(Message):
    """Recipes that this worker doesn't hold any more."""

    recipes: Column  # numbers


@message(57, "worker", "scheduler")
class LongRunning(Message):
    """Tasks that left the executor's slots (seceded), with their seconds until then, in microseconds."""

    tasks: Column
    durations: Column


@message(58, "worker", "scheduler")
class WorkerStatus(Message):
    """ "running", "paused" (gets no new tasks) or "closing" (wants to hand its data over and leave)."""

    status: str


@message(59, "worker", "scheduler")
class WorkerBeat(Message):
    """The worker is alive; measurements for people, and the bandwidth that it saw."""

    metrics: dict[str, Any]
    bandwidth: int  # bytes per second between workers, 0: not measured


@message(60, "worker", "scheduler")
class Lost(Message):
    """Results that the worker reported and can't give any more: damaged on disk, unreadable, or copies that it was told to free.

    The latter, because the report of a copy (`Held`) may have crossed the `Free`.
    """

    tasks: Column


@message(61, "worker", "scheduler")
class Notice(Message):
    """Something for clients or the log, see `Event`."""

    topic: str
    stamp: float
    content: Any


# ---------------------------------------------------------------- scheduler -> worker


@message(70, "scheduler", "worker")
class WorkerRegistered(Message):
    """The worker belongs to the cluster now; tasks that it says it held have these ids (0: drop it)."""

    number: int
    epoch: int
    held: Column  # task ids for RegisterWorker.held


@message(71, "scheduler", "worker", ("Finished", "Erred", "LongRunning", "NeedRecipes"))
class Compute(Message):
    """Tasks to run. Dependencies that the worker doesn't hold come inlined or with their holders."""

    tasks: Column
    attempts: Column | None  # None: all first attempts
    keys: Column  # protocol.keys
    recipes: list[list[Any]]  # [number, blob or Recipe] of those that the worker hasn't been given yet
    recipe: Column
    literals: Column
    deps: Column  # task ids, row after row
    n_deps: Column
    options: list[dict[str, Any]]
    option: Column | None  # as in Upload
    expected: dict[int, int]  # {recipe number: expected microseconds} where known, -1: unknown
    inlined: dict[int, Any]  # {dependency: value as in Finished.values}, for these executions alone
    holders: dict[int, list[int]]  # {dependency: worker numbers}
    sizes: dict[int, int]  # {dependency: bytes} of those in `holders`
    peers: dict[int, str]  # {worker number: address} of those not named to this worker before


@message(72, "scheduler", "worker")
class Free(Message):
    """Forget these: drop results, don't start what isn't started, ignore what runs when it ends."""

    tasks: Column


@message(73, "scheduler", "worker")
class Stop(Message):
    """Ask running tasks to stop (they were cancelled): their slots are free at once."""

    tasks: Column
    reason: str


@message(74, "scheduler", "worker", ("Recalled",))
class Recall(Message):
    """Give back tasks that haven't started."""

    tasks: Column


@message(75, "scheduler", "worker")
class Holders(Message):
    """Where dependencies are now; an empty list: nowhere, the tasks that wait for it are recalled or freed by the scheduler."""

    holders: dict[int, list[int]]
    sizes: dict[int, int]
    peers: dict[int, str]


@message(76, "scheduler", "worker")
class Recipes(Message):
    """The answer to `NeedRecipes`."""

    recipes: list[list[Any]]  # [number, blob or Recipe]


@message(77, "scheduler", "worker", ("Held",))
class Store(Message):
    """Hold these data."""

    tasks: Column
    keys: Column
    payloads: Column  # Payload | ByReference | bytes (a small result's pickle)


@message(78, "scheduler", "worker", ("Held", "Missing"))
class Acquire(Message):
    """Fetch copies of results that other workers hold, and keep them (a worker retires)."""

    tasks: Column
    keys: Column
    holders: dict[int, list[int]]
    sizes: dict[int, int]
    peers: dict[int, str]


@message(79, "scheduler", "worker")
class WorkerGone(Message):
    """These workers are gone: don't fetch from them."""

    workers: Column  # numbers


@message(80, "scheduler", "worker")
class Leave(Message):
    """Close: what it held is safe elsewhere or not wanted."""

    reason: str


# ---------------------------------------------------------------- nanny <-> scheduler


@message(90, "nanny", "scheduler")
class RegisterNanny(Message):
    """The first message of a nanny."""

    nanny: str  # its id, as in RegisterWorker.nanny
    name: str
    info: dict[str, Any]


@message(91, "nanny", "scheduler")
class WorkerDied(Message):
    """The worker process ended: why, and which tasks were on its threads at that moment."""

    nanny: str
    address: str  # the worker's, "" if it never registered
    running: Column  # task ids
    reason: str  # for people: exit code or signal, memory limit, with the last lines of its log
    restarts: bool  # whether the nanny starts another one


@message(92, "scheduler", "nanny")
class KillWorker(Message):
    """End the worker process now; start another one if ``restart``."""

    restart: bool
    reason: str


# ---------------------------------------------------------------- bulk connections (client or worker -> worker)


@message(110, "any", "worker", ("Data",))
class GetData(Message):
    """Ask for results."""

    tasks: Column


@message(111, "worker", "any")
class Data(Message):
    """The results that the worker holds, and those that it doesn't."""

    tasks: Column
    payloads: Column
    missing: Column


@message(112, "client", "worker", ("Stored",))
class PutData(Message):
    """Hold these data, as `Destinations` said; the worker reports `Held` to the scheduler before it answers."""

    tasks: Column
    keys: Column
    payloads: Column


@message(113, "worker", "client")
class Stored(Message):
    """The data are held."""

    nbytes: Column


@message(114, "any", "worker", ("Pieces",))
class GetPieces(Message):
    """Ask for what split partitions have for one output of a shuffle."""

    runs: Column  # ids of splits, see shuffle.tasks
    output: int
    most: int  # bytes, unless a single piece is larger
    known: Column  # digests of the layouts that the asker has


@message(115, "worker", "any")
class Pieces(Message):
    """The pieces of as many of the first runs that were asked for as fit."""

    nbytes: Column  # of each; 0: it has no rows for that output; -1: it isn't there any more
    payload: Any  # Payload, whose buffers are the pieces that have rows
    layouts: Column  # [digest, bytes] of those that the asker didn't have


@message(116, "any", "worker", ("Pieces",))
class DropPieces(Message):
    """These pieces have been put together: they needn't be kept."""

    runs: Column
    output: int


@message(117, "any", "any", ("MemoryRead",))
class ReadMemory(Message):
    """Between processes of one host: a message whose large frames lie in the sender's memory, until they were read."""

    pid: int  # the sender's process, with what is found at an address of it: see comm.same_host
    witness_at: int
    witness: bytes
    frame: bytes  # the first one of the message, see protocol.wire
    places: Column  # addresses of the others
    nbytes: Column


@message(118, "any", "any", ("MemoryKept",))
class MemoryRead(Message):
    """Whether that could be read; if not, the message comes as others do."""

    done: bool


@message(119, "any", "any")
class MemoryKept(Message):
    """The memory was as it should be until it had been read; without this word, what was read is void."""
