"""Values between workers and from clients: `DataServer` gives and takes them, `Fetcher` fetches what tasks depend on.

Place in the flow: the worker's listener hands every bulk connection to `DataServer.serve`, each on a thread of its own; the
worker's shell gives the machine's wish to fetch to a `Fetcher`, whose threads report to a callback. Both block, neither is
ever called on an event loop (`Fetcher.fetch` and `forget` may be: they return at once).

What crosses, entry for entry of ``Data.payloads`` and ``PutData.payloads``: a ``Payload``; ``bytes`` for what is small;
``ByReference`` within one process; and, in ``Data`` alone, the fields of `protocol.failures` (a dict) where a value is held
but can't be sent. A ``PutData`` that can't be taken is answered with an ``Answer`` that has a failure.

Invariants: large memory isn't copied on its way out; every task that was asked for is in exactly one of a `Fetched`'s
fields; a connection on which anything went wrong isn't used again; after `Fetcher.close` nothing is reported.

Not for: which holder to ask for what, and when to ask another one (`worker.machine`).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from typing import Any, TypeVar

from minidask.sizeof import sizeof
from minidask_distributed.comm.base import Bulk
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import Answer, Data, GetData, Message, Pieces, PutData, Stored
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.failures import pack_failure, unpack_failure
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.protocol.payload import ByReference, Payload, unpack
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.activities import WORTH_BYTES

__all__ = ["DataServer", "Fetched", "Fetcher", "Store"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

Store = Callable[[list[int], list[Any], list[Any], list[int]], None]
"""(task ids, keys, values, their bytes): hold these, and tell the scheduler, before returning."""

OnActivity = Callable[[str, float, float, int, str, str], object]
"""(kind, when it began by `perf_counter`, seconds, bytes, peer, type): what took time, see `activities`. Mustn't raise."""

# A transfer slower than this is given up, over and above the time for an answer.
SLOWEST_BYTES_PER_S = 1_000_000
# Shorter transfers measure latency, and smaller values pickling; each other one moves the average by this much.
MEASURED_BYTES = 1_000_000
MEASURED_BYTES_A_TASK = 1 << 16
WEIGHT = 0.2
MOST_TYPE_NAME = 80  # characters
# Connections and threads that aren't used for so long are given up; a connection costs the peer a thread.
KEEP_S = 60.0
KEEP_PER_PEER = 2


class DataServer:
    """Answer `GetData` and `PutData` from what a worker holds.

    Parameters
    ----------
    data : SpillBuffer
    store : callable
        What to do with data that a client puts, see `Store`.
    most : int
        How many answers are made and sent at a time; the other peers wait.
    on_activity : callable, optional
        Told of each answer that was sent with data, with the peer's name.
    """

    def __init__(
        self, data: SpillBuffer, store: Store, *, most: int = 10, on_activity: OnActivity | None = None
    ) -> None:
        self._data = data
        self._on_activity = on_activity
        self._store = store
        self._slots = threading.BoundedSemaphore(most)
        self.answers: dict[type[Message], Callable[[Any, bool], Message]] = {}
        """What further messages are answered with, by their kind; called with whether the answer leaves the process."""

    def serve(self, bulk: Bulk) -> None:
        """Answer a peer until it closes the connection, or something goes wrong with it, which is logged."""
        try:
            with bulk:
                while True:
                    message = bulk.recv()
                    with self._slots:
                        self._send(bulk, self._answer(message, bulk.serialized))
        except CommClosedError as error:
            logger.debug("%s", error)
        except (OSError, ProtocolError, MemoryError) as error:
            logger.warning("a connection that fetched data from this worker is closed: %s", error)

    def _send(self, bulk: Bulk, answer: Message) -> None:
        begin = perf_counter()
        bulk.send(answer)
        if self._on_activity is not None and bulk.serialized and (nbytes := _data_bytes(answer)):
            self._on_activity("transfer-out", begin, perf_counter() - begin, nbytes, bulk.peer.name, "")

    def _answer(self, message: Message, serialized: bool) -> Message:
        if isinstance(message, GetData):
            return self.give(message.tasks, serialized)
        if isinstance(message, PutData):
            try:
                return self._take(message)
            except Exception as error:  # reading a value runs the user's code
                return Answer(0, None, pack_failure(error))
        if type(message) in self.answers:
            return self.answers[type(message)](message, serialized)
        raise ProtocolError(f"{type(message).__name__} is no message for a bulk connection")

    def give(self, wanted: Sequence[int], serialized: bool) -> Data:
        """Return results that are held, in wire form or by reference; what can't be read has its failure in its place. Blocks."""
        tasks: list[int] = []
        payloads: list[Any] = []
        missing: list[int] = []
        data = self._data
        for task in wanted:
            try:
                payloads.append(data.payload(task) if serialized else ByReference(data[task]))
            except KeyError:
                missing.append(task)
                continue
            except Exception as error:  # pickling a value runs the user's code
                payloads.append(pack_failure(error))
            tasks.append(task)
        return Data(tasks, payloads, missing)

    def _take(self, message: PutData) -> Stored:
        keys = decode_keys(message.keys)
        values = []
        for key, payload in zip(keys, message.payloads, strict=True):
            try:
                values.append(unpack(payload))
            except Exception as error:
                error.add_note(f"Raised by the worker when it read the data {key!r} that were sent to it.")
                raise
        sizes = [sizeof(value) for value in values]
        self._store(message.tasks, keys, values, sizes)
        return Stored(sizes)


@dataclass(slots=True)
class Fetched:
    """What one request to a peer came to; each task is in one of ``values``, ``missing``, ``failures``, ``unanswered``."""

    address: str
    tag: Any  # as given to `Fetcher.fetch`
    values: dict[int, Any] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)  # bytes of each of `values`; of small ones, as they were sent
    missing: list[int] = field(default_factory=list)  # the peer doesn't hold these
    failures: dict[int, BaseException] = field(
        default_factory=dict
    )  # held, but can't be sent or read: no holder will do
    unanswered: list[int] = field(default_factory=list)  # the peer was lost or too slow, see `error`: ask another one
    error: Exception | None = None
    begin: float = 0.0  # when the question was sent, by `perf_counter`
    seconds: float = 0.0  # from the question to the whole answer
    nbytes: int = 0  # on the wire


class _Job:
    __slots__ = ("address", "nbytes", "tag", "tasks")

    def __init__(self, address: str, tasks: list[int], nbytes: int, tag: Any) -> None:
        self.address = address
        self.tasks = tasks
        self.nbytes = nbytes
        self.tag = tag


class Fetcher:
    """Fetch values from other workers, on threads of its own.

    Parameters
    ----------
    connect : callable
        ``connect(address) -> Bulk``, blocking, with a timeout of its own.
    done : callable
        Gets each `Fetched`, on one of the threads. It shouldn't raise; what it raises is logged.
    most : int
        How many requests are on their way at a time; the others wait, first come first served.
    timeout_s : float
        How long a peer may take for an answer, plus a second a megabyte that is expected.
    on_activity : callable, optional
        Told of each answer with data.
    """

    def __init__(
        self,
        connect: Callable[[str], Bulk],
        done: Callable[[Fetched], None],
        *,
        most: int = 50,
        timeout_s: float = 30.0,
        on_activity: OnActivity | None = None,
    ) -> None:
        if most < 1:
            raise ValueError(f"most must be at least 1, got {most}")
        self.bandwidth = 0
        """Bytes per second of recent large transfers, 0: none was measured."""
        self._connect = connect
        self._done = done
        self._most = most
        self._timeout_s = timeout_s
        self._on_activity = on_activity
        self._changed = threading.Condition(threading.Lock())
        self._jobs: deque[_Job] = deque()
        self._threads: set[threading.Thread] = set()
        self._waiting = 0  # threads that wait for a job
        # Connections that nobody uses, with the time of their last use, the most recent last; and those in use.
        self._idle: dict[str, list[tuple[float, Bulk]]] = {}
        self._busy: dict[str, set[Bulk]] = {}
        self._closed = False

    def fetch(self, address: str, tasks: Sequence[int], *, nbytes: int = 0, tag: Any = None) -> None:
        """Fetch from a peer what it holds; returns at once, `done` is called once. After `close` nothing happens.

        Parameters
        ----------
        address : str
        tasks : sequence of int
            Task ids.
        nbytes : int
            How much is expected.
        tag : Any
            Comes back in `Fetched`.
        """
        with self._changed:
            if self._closed:
                return
            self._jobs.append(_Job(address, list(tasks), nbytes, tag))
            if self._waiting >= len(self._jobs):
                self._changed.notify()
            elif len(self._threads) < self._most:
                # Daemons: an interpreter that ends without `close` must not wait for a peer.
                thread = threading.Thread(target=self._run, name="minidask fetch", daemon=True)
                self._threads.add(thread)
                thread.start()

    def forget(self, address: str) -> None:
        """Close all connections to a peer, which is gone; requests that are on their way there end with an error."""
        with self._changed:
            bulks = [bulk for _, bulk in self._idle.pop(address, ())] + list(self._busy.get(address, ()))
        for bulk in bulks:
            bulk.close()

    def close(self, timeout_s: float = 5.0) -> None:
        """Close all connections and end the threads; one that is still connecting after ``timeout_s`` ends by itself."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            bulks = [bulk for idle in self._idle.values() for _, bulk in idle]
            bulks += [bulk for busy in self._busy.values() for bulk in busy]
            self._idle.clear()
            threads = list(self._threads)
            self._changed.notify_all()
        for bulk in bulks:
            bulk.close()
        deadline = monotonic() + timeout_s
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - monotonic()))

    # ------------------------------------------------------------ the threads

    def _run(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                fetched = self._fetched(job)
                if not self._closed:
                    try:
                        self._done(fetched)
                    except Exception:
                        logger.exception("what was fetched from %s could not be taken in", job.address)
                # Neither values nor tags are kept alive while this thread waits.
                del job, fetched
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())

    def _next_job(self) -> _Job | None:
        with self._changed:
            if not self._jobs and not self._closed:
                self._waiting += 1
                self._changed.wait(KEEP_S)
                self._waiting -= 1
            if self._jobs:
                return self._jobs.popleft()
            # Nothing to do for a while: leave, under the lock, so that no job can be given to this thread any more.
            self._threads.discard(threading.current_thread())
            surplus = self._surplus(monotonic())
        for bulk in surplus:
            bulk.close()
        return None

    def _fetched(self, job: _Job) -> Fetched:
        fetched = Fetched(job.address, job.tag)
        try:
            data = self._ask(job, fetched)
        except Exception as error:  # whatever it is: a request that isn't answered must be reported
            fetched.error = error
            fetched.unanswered = job.tasks
            return fetched
        begin = perf_counter()
        for task, payload in zip(data.tasks, data.payloads, strict=True):
            try:
                if isinstance(payload, dict):
                    raise unpack_failure(payload)
                fetched.values[task] = value = unpack(payload)
                fetched.sizes[task] = len(payload) if type(payload) is bytes else sizeof(value)
            except BaseException as error:  # reading a value runs the user's code
                fetched.values.pop(task, None)
                fetched.failures[task] = error
        fetched.missing = data.missing
        if self._on_activity is not None and fetched.nbytes:
            kind = _largest_type(fetched) if fetched.nbytes >= WORTH_BYTES else ""
            self._on_activity("transfer-in", fetched.begin, fetched.seconds, fetched.nbytes, job.address, kind)
            self._on_activity("deserialize", begin, perf_counter() - begin, fetched.nbytes, "", kind)
        return fetched

    def ask(self, address: str, message: Message, timeout_s: float) -> Message:
        """Ask a peer, on the calling thread, and return its answer.

        Raises
        ------
        OSError
            If the peer can't be reached, is lost, or takes longer than ``timeout_s``.
        ProtocolError
            If what comes is no message.
        """

        def exchange(bulk: Bulk) -> Message:
            begin = perf_counter()
            bulk.send(message)
            answer = bulk.recv(timeout_s)
            if self._on_activity is not None and bulk.serialized and (nbytes := _data_bytes(answer)):
                self._on_activity("transfer-in", begin, perf_counter() - begin, nbytes, address, "")
            self._give_back(address, bulk)
            return answer

        return self._with_connection(address, exchange)

    def _ask(self, job: _Job, fetched: Fetched) -> Data:
        return self._with_connection(job.address, lambda bulk: self._ask_once(bulk, job, fetched))

    def _with_connection(self, address: str, use: Callable[[Bulk], T]) -> T:
        bulk, used_before = self._take(address)
        try:
            try:
                return use(bulk)
            except CommClosedError:
                if not used_before or self._closed:
                    raise
            # The peer may have closed it while nobody used it.
            self._drop(address, bulk)
            bulk = self._made(address)
            return use(bulk)
        except BaseException:
            self._drop(address, bulk)
            raise

    def _ask_once(self, bulk: Bulk, job: _Job, fetched: Fetched) -> Data:
        fetched.begin = perf_counter()
        bulk.send(GetData(job.tasks))
        answer = bulk.recv(self._timeout_s + job.nbytes / SLOWEST_BYTES_PER_S)
        fetched.seconds = perf_counter() - fetched.begin
        if not isinstance(answer, Data) or sorted([*answer.tasks, *answer.missing]) != sorted(job.tasks):
            raise ProtocolError(f"{job.address} didn't answer what it was asked for")
        if bulk.serialized:
            fetched.nbytes = sum(_wire_bytes(payload) for payload in answer.payloads)
            self._measure(fetched, len(answer.tasks))
        self._give_back(job.address, bulk)
        return answer

    def _measure(self, fetched: Fetched, tasks: int) -> None:
        if fetched.nbytes >= max(MEASURED_BYTES, MEASURED_BYTES_A_TASK * tasks):
            rate = fetched.nbytes / max(fetched.seconds, 1e-9)
            with self._changed:
                self.bandwidth = int(self.bandwidth * (1 - WEIGHT) + rate * WEIGHT) if self.bandwidth else int(rate)

    # ------------------------------------------------------------ connections

    def _take(self, address: str) -> tuple[Bulk, bool]:
        """A connection, and whether it was used before."""
        with self._changed:
            idle = self._idle.get(address)
            if idle:
                _, bulk = idle.pop()
                self._busy.setdefault(address, set()).add(bulk)
                return bulk, True
        return self._made(address), False

    def _made(self, address: str) -> Bulk:
        bulk = self._connect(address)
        with self._changed:
            closed = self._closed
            if not closed:
                self._busy.setdefault(address, set()).add(bulk)
        if closed:
            bulk.close()
            raise CommClosedError(f"the connection to {address} is closed: this worker closes")
        return bulk

    def _give_back(self, address: str, bulk: Bulk) -> None:
        now = monotonic()
        with self._changed:
            self._not_busy(address, bulk)
            if not self._closed and not bulk.closed:
                self._idle.setdefault(address, []).append((now, bulk))
            surplus = self._surplus(now)
        for bulk in surplus:
            bulk.close()

    def _drop(self, address: str, bulk: Bulk) -> None:
        with self._changed:
            self._not_busy(address, bulk)
        bulk.close()

    def _not_busy(self, address: str, bulk: Bulk) -> None:
        busy = self._busy.get(address)
        if busy is not None:
            busy.discard(bulk)
            if not busy:
                del self._busy[address]

    def _surplus(self, now: float) -> list[Bulk]:
        """Take out the connections that were not used for long, or are more than one needs."""
        surplus: list[Bulk] = []
        for address, idle in list(self._idle.items()):
            while idle and (len(idle) > KEEP_PER_PEER or idle[0][0] < now - KEEP_S):
                surplus.append(idle.pop(0)[1])
            if not idle:
                del self._idle[address]
        return surplus


def _wire_bytes(payload: Any) -> int:
    if isinstance(payload, Payload):
        return payload.nbytes
    return len(payload) if isinstance(payload, bytes) else 0


def _data_bytes(message: Message) -> int:
    """The bytes of the data in an answer; 0 if there are none."""
    if isinstance(message, Data):
        return sum(map(_wire_bytes, message.payloads))
    return _wire_bytes(message.payload) if isinstance(message, Pieces) else 0


def _largest_type(fetched: Fetched) -> str:
    """The name of the largest value's type, "" if none could be read."""
    if not fetched.sizes:
        return ""
    kind = type(fetched.values[max(fetched.sizes, key=fetched.sizes.__getitem__)])
    package = kind.__module__.partition(".")[0]
    return (kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}")[:MOST_TYPE_NAME]
