"""The shell of a worker's shelf: bytes in memory, the thread that writes, and the way to other workers' shelves.

Place in the flow: made by `store_of` when the first task of a shuffle runs on a worker, and closed with it, as a plugin of that
worker alone. Transfer tasks `put`, unpack tasks `collect`; peers come through the worker's data server (`GetPieces` and
`DropPieces`).

A `Ticket` is what a transfer returns; it is the life of its pieces. When the worker drops it (nobody needs it, or it was
cancelled) its finalizer tells the writing thread, by a queue that may be used in finalizers, to let the pieces go.

Invariants: a lock is held while the shelf is asked, never while anything is written, read, sent or compressed; after `close` no
file and no thread is left.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from minidask.graph.task import Key
from minidask.sizeof import sizeof
from minidask_distributed import settings
from minidask_distributed.limits import system_memory
from minidask_distributed.messages import DropPieces, GetPieces, Message, Pieces
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.protocol.pickling import loads
from minidask_distributed.shuffle.files import PieceFiles, PiecesDamaged
from minidask_distributed.shuffle.form import Encoded, Head, Piece
from minidask_distributed.shuffle.shelf import Place, Shelf
from minidask_distributed.shuffle.tally import Tally
from minidask_distributed.worker.transfer import Fetcher

logger = logging.getLogger(__name__)

NAME = "minidask-shuffle"
"""Of the plugin."""

ANSWER_S = 60.0
SLOWEST_BYTES_PER_S = 1_000_000
# As with every condition in a task's thread: one that is told to stop looks up that often.
LOOK_UP_S = 0.5
_HEADS = 64


class Stub(NamedTuple):
    """A ticket on its way: where the pieces of one run are, and what kind of pieces."""

    key: Key  # of the transfer task
    address: str
    run: int
    digest: bytes  # of the head


class Ticket:
    """The result of a transfer, on the worker that holds the pieces; travels as its `Stub`."""

    __slots__ = ("__weakref__", "_store", "stub")

    def __init__(self, store: Store, stub: Stub) -> None:
        self.stub = stub
        self._store = store

    def __reduce__(self) -> tuple[Any, ...]:
        return Stub, tuple(self.stub)

    def __del__(self) -> None:
        self._store.let_go(self.stub.run)


TICKET_BYTES = 300
"""So little that a ticket rides along with the report of its transfer, and is never spilled: that would be its end."""

sizeof.register(Ticket, lambda ticket: TICKET_BYTES)


class Store:
    """The pieces that one worker keeps.

    Parameters
    ----------
    directory : Path
        For its files.
    address : str
        The worker's.
    fetcher : Fetcher
        The way to other workers.
    limit_bytes : int
        Pieces in memory.
    most_disk_bytes : int
        Pieces in files, 0: no bound.
    message_bytes : int
        An answer to a peer.
    """

    def __init__(
        self,
        directory: Path,
        address: str,
        fetcher: Fetcher,
        *,
        limit_bytes: int,
        most_disk_bytes: int = 0,
        message_bytes: int = 16 << 20,
    ) -> None:
        self.address = address
        self.spilled_bytes = 0  # written to files so far
        self.tally = Tally()
        self._fetcher = fetcher
        self._message_bytes = message_bytes
        self._shelf = Shelf(limit_bytes)
        self._files = PieceFiles(directory, most_disk_bytes)
        self._bytes: dict[tuple[int, int], Any] = {}  # {(run, output): bytes in memory}
        self._heads: dict[int, tuple[bytes, bytes]] = {}  # {run: (digest, head)}
        self._known: OrderedDict[bytes, Head] = OrderedDict()  # heads that were read, by digest, the last used last
        self._changed = threading.Condition(threading.Lock())
        self._closed = False
        self._waiting = 0  # threads that wait for room
        # Runs to let go, 0 to look for something to write, -1 to end. Unlike a condition it may be used in finalizers.
        self._orders: SimpleQueue[int] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="minidask shuffle", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ for tasks

    def put(self, shuffle: str, key: Key, encoded: Encoded) -> Ticket:
        """Keep the pieces of a transfer; wait until there is room. The pieces live as long as the ticket that is returned.

        Raises
        ------
        OSError
            If there is no room, and none can be made since the disk is full, or can't be written.
        RuntimeError
            If the worker closes.
        """
        run = secrets.randbits(62) + 1
        sizes = {at: memoryview(piece).nbytes for at, piece in encoded.pieces.items()}
        nbytes = sum(sizes.values())
        with self._changed:
            self._waiting += 1
            try:
                self._wait_for_room(shuffle, nbytes)
            finally:
                self._waiting -= 1
            if self._closed:
                raise RuntimeError(f"the worker {self.address} closes, it takes no more of the shuffle {shuffle!r}")
            self._shelf.put(run, shuffle, sizes)
            self._heads[run] = encoded.digest, encoded.head
            self._bytes.update(((run, at), piece) for at, piece in encoded.pieces.items())
        self.tally.add(shuffle, split=nbytes)
        self._orders.put(0)
        return Ticket(self, Stub(key, self.address, run, encoded.digest))

    def _wait_for_room(self, shuffle: str, nbytes: int) -> None:
        """Under the lock, which is given up meanwhile."""
        shelf = self._shelf
        shelf.try_again()
        while not self._closed and not shelf.admits(nbytes):
            if shelf.error:
                raise OSError(
                    errno.ENOSPC,
                    f"the shuffle {shuffle!r} needs {nbytes} bytes more on the worker {self.address}, whose "
                    f"{shelf.limit_bytes} bytes of memory for shuffles are in use and whose disk doesn't take them "
                    f"({shelf.error}): free space in {self._files.directory.parent}, or give the workers another "
                    "local_directory or more memory",
                )
            self._orders.put(0)
            self._changed.wait(LOOK_UP_S)

    def collect(
        self, stubs: Sequence[Stub], output: int, shuffle: str = ""
    ) -> tuple[list[Piece], list[tuple[Stub, str]]]:
        """Return the pieces of an output, from here and from other workers, and those that are gone, with a reason.

        Parameters
        ----------
        stubs, output
            Of which runs the pieces are wanted, and of which output.
        shuffle
            By its name the bytes are counted that come from other workers.
        """
        fetched = 0
        found: dict[int, Any] = {}
        gone: list[tuple[Stub, str]] = []
        by_address: dict[str, list[Stub]] = {}
        for stub in stubs:
            by_address.setdefault(stub.address, []).append(stub)
        addresses = sorted(by_address)
        # Each output begins with another peer, so that not all ask the same one at a time.
        start = output % len(addresses)
        for address in addresses[start:] + addresses[:start]:
            wanted = by_address[address]
            try:
                answered = self._ask(address, [stub.run for stub in wanted], output, {stub.digest for stub in wanted})
            except (OSError, ProtocolError) as error:
                logger.info("pieces of a shuffle can't be fetched from %s: %s", address, error)
                gone += [(stub, f"{address} can't be reached: {error}") for stub in wanted]
                continue
            for stub, data in zip(wanted, answered, strict=True):
                if data is None:
                    gone.append((stub, f"{address} doesn't have it any more"))
                found[stub.run] = data
                if data and address != self.address:
                    fetched += memoryview(data).nbytes
        if fetched:
            self.tally.add(shuffle, fetched=fetched)
        if gone:
            return [], gone
        return [Piece(self._known_head(stub.digest), found[stub.run] or None) for stub in stubs], []

    def finish(self, stubs: Sequence[Stub], output: int) -> None:
        """Tell all that an output has been put together."""
        by_address: dict[str, list[int]] = {}
        for stub in stubs:
            by_address.setdefault(stub.address, []).append(stub.run)
        for address, runs in by_address.items():
            if address == self.address:
                self._drop(runs, output)
                continue
            try:
                self._fetcher.ask(address, DropPieces(runs, output), ANSWER_S)
            except (OSError, ProtocolError) as error:
                # They go with their tickets at the latest.
                logger.info("%s can't be told to drop pieces of a shuffle: %s", address, error)

    def let_go(self, run: int) -> None:
        """Let the pieces of a run go, soon. Any thread, finalizers too."""
        self._orders.put(run)

    # ------------------------------------------------------------ peers

    def answer(self, message: Any, serialized: bool) -> Message:
        """Answer `GetPieces` and `DropPieces`."""
        if isinstance(message, DropPieces):
            self._drop(message.runs, message.output)
            return Pieces([], None, [])
        found = self._find(message.runs, message.output, message.most)
        nbytes = [-1 if data is None else memoryview(data).nbytes for data in found]
        heads = self._heads_of(message.runs[: len(found)])
        known = set(message.known)
        return Pieces(
            nbytes,
            Payload("pieces", b"", [data for data in found if data]),
            [[digest, head] for digest, head in heads.items() if digest not in known],
        )

    def _ask(self, address: str, runs: list[int], output: int, digests: set[bytes]) -> list[Any]:
        """Return the pieces of runs on one worker: bytes, empty for those without rows, None for those that are gone."""
        answered: list[Any] = []
        while len(answered) < len(runs):
            left = runs[len(answered) :]
            if address == self.address:
                answered += self._find(left, output, 0)
                self._learn(self._heads_of(left))
                continue
            with self._changed:
                known = [digest for digest in digests if digest in self._known]
            question = GetPieces(left, output, self._message_bytes, known)
            reply = self._fetcher.ask(address, question, ANSWER_S + self._message_bytes / SLOWEST_BYTES_PER_S)
            if not isinstance(reply, Pieces) or not 0 < len(reply.nbytes) <= len(left):
                raise ProtocolError(f"{address} didn't answer what it was asked for")
            self._learn(dict(reply.layouts))
            buffers = iter(reply.payload.buffers)
            answered += [next(buffers) if size > 0 else (None if size < 0 else b"") for size in reply.nbytes]
        return answered

    def _find(self, runs: Sequence[int], output: int, most: int) -> list[Any]:
        """The pieces of the first runs, of at most so many bytes (0: of all); None for what is gone."""
        with self._changed:
            places = [self._shelf.find(run, output) for run in runs]
            found: list[Any] = [
                self._bytes[run, output] if type(place) is int and place else (None if place is None else b"")
                for run, place in zip(runs, places, strict=True)
            ]
            sizes = {run: size for run, place in zip(runs, places) if (size := self._size(run, output, place))}
        if most:
            total = 0
            for at, run in enumerate(runs):
                total += sizes.get(run, 0)
                if at and total > most:
                    found, places = found[:at], places[:at]
                    break
        on_disk = [(place, at) for at, place in enumerate(places) if isinstance(place, Place)]
        for _, group in groupby(on_disk, key=lambda entry: entry[0].file):
            entries = list(group)
            try:
                read = self._files.read([(place, sizes[runs[at]]) for place, at in entries])
            except PiecesDamaged as error:
                logger.warning("%s", error)
                read = [None] * len(entries)
            for (_, at), data in zip(entries, read, strict=True):
                found[at] = data
        return found

    def _size(self, run: int, output: int, place: Place | int | None) -> int:
        return self._shelf.size(run, output) if place else 0

    def _heads_of(self, runs: Sequence[int]) -> dict[bytes, bytes]:
        with self._changed:
            return dict(self._heads[run] for run in runs if run in self._heads)

    def _learn(self, heads: dict[bytes, bytes]) -> None:
        for digest, head in heads.items():
            with self._changed:
                known = digest in self._known
            if not known:
                # Outside of the lock: reading it may run the user's code.
                read = loads(head)
                with self._changed:
                    self._known[digest] = read

    def _known_head(self, digest: bytes) -> Head:
        with self._changed:
            head = self._known[digest]
            self._known.move_to_end(digest)
            while len(self._known) > _HEADS:
                self._known.popitem(last=False)
            return head

    def _drop(self, runs: Sequence[int], output: int) -> None:
        with self._changed:
            self._shelf.consumed(runs, output)
        self._orders.put(0)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while (order := self._orders.get()) >= 0:
            with self._changed:
                if order:
                    self._shelf.released(order)
                    self._heads.pop(order, None)
                self._tidy()
                write = self._shelf.next_write(self._waiting > 0)
                shuffle = self._shelf.shuffle_of(write.runs[0]) if write is not None else ""
                data = [self._bytes[run, write.output] for run in write.runs] if write is not None else []
            if write is None:
                continue
            try:
                places = self._files.append(write.file, data)
            except (OSError, MemoryError) as error:
                logger.warning("pieces of a shuffle stay in memory, they can't be written: %s", error)
                with self._changed:
                    self._shelf.not_written(f"{type(error).__name__}: {error}")
                    self._tidy()
            else:
                with self._changed:
                    self._shelf.written(places)
                    self.spilled_bytes += write.nbytes
                    self._tidy()
                self.tally.add(shuffle, spilled=write.nbytes)
                self._orders.put(0)
            del data

    def _tidy(self) -> None:
        """Do what the shelf says about bytes and files. Under the lock."""
        shelf = self._shelf
        for piece in shelf.dropped:
            del self._bytes[piece]
        shelf.dropped.clear()
        for file in shelf.removed:
            self._files.remove(file)
        shelf.removed.clear()
        self._changed.notify_all()

    # ------------------------------------------------------------ looking, and the end

    @property
    def memory_bytes(self) -> int:
        """Bytes of pieces in memory."""
        return self._shelf.memory_bytes

    @property
    def disk_bytes(self) -> int:
        """Bytes of pieces in files."""
        return self._files.nbytes

    @property
    def empty(self) -> bool:
        """Whether nothing is kept, in memory or on disk."""
        with self._changed:
            return self._shelf.empty and not self._bytes and not self._heads and not self._files.nbytes

    def until_empty(self, timeout_s: float) -> bool:
        """Wait until nothing is kept; return whether that was in time."""

        def is_empty() -> bool:
            return self._shelf.empty and not self._bytes and not self._heads and not self._files.nbytes

        with self._changed:
            return self._changed.wait_for(is_empty, timeout_s)

    def close(self) -> None:
        """End the thread, forget all pieces, remove all files."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._orders.put(-1)
        self._thread.join()
        with self._changed:
            self._bytes.clear()
            self._heads.clear()
            self._known.clear()
        self._files.close()


class ShufflePlugin(WorkerPlugin):
    """Keeps a `Store` for as long as a worker lives."""

    name = NAME
    store: Store

    def setup(self, worker: Any) -> None:
        """Make the store."""
        share = settings.size("p2p.storage.buffer") or (worker.memory_limit or system_memory()) // 5
        self.store = Store(
            Path(worker.local_directory) / "shuffle",
            worker.address,
            worker.engine.fetcher,
            limit_bytes=share,
            most_disk_bytes=settings.size("worker.memory.max-spill"),
            message_bytes=settings.size("p2p.comm.message-bytes-limit"),
        )
        for kind in (GetPieces, DropPieces):
            worker.data_server.answers[kind] = self.store.answer
        worker.meter.sources["shuffles"] = self.store.tally.told

    def teardown(self, worker: Any) -> None:
        """Close it."""
        worker.meter.sources.pop("shuffles", None)
        for kind in (GetPieces, DropPieces):
            worker.data_server.answers.pop(kind, None)
        self.store.close()


_making = threading.Lock()


def store_of(worker: Any) -> Store:
    """Return a worker's store, made on first use. On threads of tasks only.

    Raises
    ------
    RuntimeError
        If the worker closes.
    """
    plugin = worker.plugins.get(NAME)
    if plugin is None:
        with _making:
            plugin = worker.plugins.get(NAME)
            if plugin is None:
                if worker.status not in ("starting", "running"):
                    raise RuntimeError(f"the worker {worker.address} closes, it takes no part in a shuffle")
                plugin = ShufflePlugin()
                asyncio.run_coroutine_threadsafe(worker.add_plugin(NAME, plugin), worker.loop).result()
    return plugin.store
