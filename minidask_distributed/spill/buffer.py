"""Results in memory, the least recently used ones on disk: a mapping over a store of files.

Place in the flow: a worker keeps what its tasks returned in one of these, by task id; executor threads and the data server
read it, the memory monitor asks it to `spill`. By itself it spills when what it holds in memory exceeds ``target_bytes``.

How: values stay in memory until the buffer's own thread (started when there is something to spill) has written the oldest
one, so that putting and reading never wait for a write. A value that is read again comes back into memory and its file
stays, so that the next time it is dropped without being written again; when the disk is full, such files go first. Files
hold values in wire form (`protocol.payload`), which is how `payload` gives them to peers without making objects of them.

Invariants:

- a value is in memory, or in a file, or both; it is dropped from memory only when its file is complete;
- no lock is held while a file is written or read, while a value is pickled, or while one is destroyed;
- what can't be pickled stays in memory, and so does everything while the disk is full: that is logged once, and tried again;
- every byte of a file is covered by its checksum; a damaged file costs that value, which raises `SpillDamaged`;
- `close` leaves no file and no thread.

Values of less than 1 KiB are never spilled: a file and its entry take as much. Values must not be changed by their users.
Not for: deciding when memory is short (`worker.memory`), or keeping results beyond the life of the process.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, TypeAlias

from minidask.sizeof import sizeof
from minidask_distributed.protocol.payload import Payload, pack, unpack
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.spill.accounting import MISSING, Entry, Memory
from minidask_distributed.spill.files import FileStore, SpillDamaged, StoredFile, WriteAbandoned

__all__ = ["SpillBuffer"]

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5.0
LOG_EVERY_S = 60.0

OnActivity: TypeAlias = "Callable[[str, float, float, int], object]"


def _nobody(kind: str, begin_s: float, seconds: float, nbytes: int) -> None:
    """Nobody wants to know what the buffer does."""


class SpillBuffer(MutableMapping[int, Any]):
    """Keep values by task id, in memory or on disk. All methods may be called by any thread.

    Parameters
    ----------
    directory : path, optional
        Where files go, made when the first one is written; nothing else may be in there. None: nothing is spilled.
    target_bytes : int, optional
        Spill what was used longest ago while more than this is in memory. None: only when `spill` asks.
    max_disk_bytes : int
        Most bytes on disk; 0: no bound.
    on_lost : callable, optional
        Called with the task id of each value whose file turned out to be damaged, on the thread that found that out.
    on_activity : callable, optional
        Told what took time, on the thread that did it: ("disk-write", "disk-read", "serialize" or "deserialize", when it began,
        by `time.perf_counter`, seconds, bytes). It mustn't raise.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data = SpillBuffer(Path(folder) / "spill", target_bytes=15_000)
    ...     data[1], data[2] = b"a" * 10_000, b"b" * 10_000
    ...     data.settle(), sorted(data), data.spilled(), data[1][:3]
    ...     data.close()
    (True, [1, 2], [1], b'aaa')
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        target_bytes: int | None = None,
        max_disk_bytes: int = 0,
        on_lost: Callable[[int], None] | None = None,
        on_activity: OnActivity = _nobody,
    ) -> None:
        self.target_bytes = target_bytes
        self.max_disk_bytes = max_disk_bytes
        self.spill_count = 0  # values written to disk so far
        self.load_count = 0  # values brought back into memory so far
        self.error = ""  # why nothing can be written at the moment, "" if all is well
        self._store = FileStore(directory) if directory is not None else None
        self._on_lost = on_lost
        self._on_activity = on_activity
        self._entries: dict[int, Entry] = {}
        # What may be spilled, by task id, oldest use first; the one that is being written isn't in here unless it was used.
        self._order: OrderedDict[int, Entry] = OrderedDict()
        self._memory = Memory()
        self.slow_bytes = 0
        """Bytes that the values on disk alone would take in memory."""
        self._demand = 0
        self._trash: list[StoredFile] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._busy = self._closed = False
        self._blocked_until = self._log_after = 0.0

    # ------------------------------------------------------------ for the worker and its threads

    @property
    def fast_bytes(self) -> int:
        """Bytes of the values in memory; shared memory counts once where that is known."""
        return self._memory.total

    @property
    def disk_bytes(self) -> int:
        """Bytes of all files."""
        return self._store.nbytes if self._store is not None else 0

    def put(self, task: int, value: Any, nbytes: int | None = None) -> None:
        """Keep a value in memory, in place of the one that this task may have had; never waits for the disk.

        Parameters
        ----------
        task : int
        value : Any
        nbytes : int, optional
            Its ``sizeof``, if that is known already.
        """
        entry = Entry(task, value, sizeof(value) if nbytes is None else nbytes)
        with self._lock:
            old = self._entries.get(task)
            before = self._forget(old) if old is not None else None
            self._entries[task] = entry
            self._enter_memory(entry)
        # Destroyed here, not under the lock: it may run code of the user's.
        del before

    __setitem__ = put

    def __getitem__(self, task: int) -> Any:
        entry = self._entries[task]
        value = entry.value
        if value is MISSING:
            return self._load(entry)
        if not entry.fixed:
            with self._lock:
                self._touch(entry)
        return value

    def payload(self, task: int) -> Payload | bytes:
        """Return a value in wire form (bytes if it is small, see `protocol.small`); what is on disk stays there.

        Raises
        ------
        KeyError
            If there is no such value; `SpillDamaged`, if its file is damaged.
        TypeError
            If it can't be pickled.
        """
        entry = self._entries[task]
        value = entry.value
        if value is MISSING:
            found = self._read(entry)
            if isinstance(found, Payload):
                return found
            value = found[0]
        small = dumps_small(value, nbytes=entry.nbytes)
        return self._packed(value) if small is None else small

    def __delitem__(self, task: int) -> None:
        with self._lock:
            value = self._forget(self._entries[task])
        del value

    def discard(self, task: int) -> None:
        """Forget a value, if it is there; its file is removed soon."""
        with self._lock:
            entry = self._entries.get(task)
            value = self._forget(entry) if entry is not None else None
        del value

    def __contains__(self, task: object) -> bool:
        return task in self._entries

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        for task in self:
            self.discard(task)

    def nbytes(self, task: int) -> int:
        """Return the bytes that a value takes, or would take, in memory. Raises KeyError."""
        return self._entries[task].nbytes

    def spilled(self) -> list[int]:
        """Return the task ids of the values that are only on disk."""
        with self._lock:
            return [task for task, entry in self._entries.items() if entry.value is MISSING]

    def spill(self, nbytes: int) -> None:
        """Ask for so many bytes of memory to be freed soon, in place of what was asked before; 0: no more."""
        with self._lock:
            self._demand = nbytes
            self._wake()

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Wait until all that should be spilled or removed is, or nothing more can be; return whether that was in time."""
        with self._lock:
            return self._changed.wait_for(lambda: not self._busy and not self._has_work(), timeout_s)

    def close(self) -> None:
        """End the thread, remove all files, forget all values. What is put afterwards stays in memory. May be called twice."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self.clear()
        if self._store is not None:
            self._store.close()

    # ------------------------------------------------------------ under the lock

    def _is_current(self, entry: Entry) -> bool:
        return self._entries.get(entry.task) is entry

    def _enter_memory(self, entry: Entry) -> None:
        if entry.fixed:
            # Most results are small: no call for them.
            self._memory.total += entry.nbytes
            return
        self._memory.add(entry)
        self._order[entry.task] = entry
        if self.target_bytes is not None and entry.nbytes > self.target_bytes:
            # It goes first rather than everything else and then itself.
            self._order.move_to_end(entry.task, last=False)
        self._wake()

    def _leave_memory(self, entry: Entry) -> Any:
        value, entry.value = entry.value, MISSING
        entry.reading = threading.Lock()
        self._demand = max(0, self._demand - self._memory.take(entry))
        self.slow_bytes += entry.nbytes
        return value

    def _touch(self, entry: Entry) -> None:
        if entry.value is not MISSING and not entry.fixed and self._is_current(entry):
            self._order[entry.task] = entry
            self._order.move_to_end(entry.task)

    def _forget(self, entry: Entry) -> Any:
        """Take an entry out; the value is returned, to be destroyed outside the lock."""
        del self._entries[entry.task]
        self._order.pop(entry.task, None)
        if entry.value is MISSING:
            self.slow_bytes -= entry.nbytes
        else:
            self._memory.take(entry)
        value, entry.value = entry.value, MISSING
        if entry.file is not None:
            self._throw(entry.file)
            entry.file = None
        return value

    def _throw(self, file: StoredFile) -> None:
        self._trash.append(file)
        self._blocked_until = 0.0
        self._wake()

    def _wants_room(self) -> bool:
        over = self.target_bytes is not None and self._memory.total > self.target_bytes
        return (over or self._demand > 0) and bool(self._order) and self._store is not None

    def _has_work(self) -> bool:
        return not self._closed and (bool(self._trash) or (self._wants_room() and monotonic() >= self._blocked_until))

    def _wake(self) -> None:
        if self._closed or not (self._trash or self._wants_room()):
            return
        if self._thread is None:
            # A daemon: an interpreter that ends without `close` must not wait for a slow disk.
            self._thread = threading.Thread(target=self._run, name="minidask spill", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    # ------------------------------------------------------------ reading

    def _load(self, entry: Entry) -> Any:
        found = self._read(entry, keep=True)
        return unpack(found) if isinstance(found, Payload) else found[0]

    def _read(self, entry: Entry, keep: bool = False) -> Payload | tuple[Any]:
        """The payload of an entry, or a tuple of its value if that is in memory (again); ``keep`` brings it there."""
        reading, store = entry.reading, self._store
        if reading is None or store is None:
            raise KeyError(entry.task)
        with reading:
            with self._lock:
                if not self._is_current(entry):
                    raise KeyError(entry.task)
                if entry.value is not MISSING:
                    self._touch(entry)
                    return (entry.value,)
                file = entry.file
            assert file is not None  # by the first invariant
            payload = self._checked(store, file, entry)
            if not keep or (self.target_bytes is not None and entry.nbytes > self.target_bytes):
                return payload
            begin = perf_counter()
            try:
                value = unpack(payload)
            except Exception as error:
                error.add_note(f"The result of task {entry.task} was spilled to disk and can't be read back.")
                raise
            self._on_activity("deserialize", begin, perf_counter() - begin, payload.nbytes)
            with self._lock:
                self.load_count += 1
                if self._is_current(entry):
                    entry.value = value
                    self.slow_bytes -= entry.nbytes
                    self._enter_memory(entry)
            return (value,)

    def _packed(self, value: Any) -> Payload:
        begin = perf_counter()
        payload = pack(value)
        self._on_activity("serialize", begin, perf_counter() - begin, payload.nbytes)
        return payload

    def _checked(self, store: FileStore, file: StoredFile, entry: Entry) -> Payload:
        begin = perf_counter()
        try:
            payload = store.read(file)
        except SpillDamaged as error:
            with self._lock:
                lost = self._is_current(entry)
                if lost:
                    self._forget(entry)
            if not lost:
                # It was forgotten, and its file removed, while it was read.
                raise KeyError(entry.task) from None
            logger.error("%s", error)
            if self._on_lost is not None:
                self._on_lost(entry.task)
            raise
        self._on_activity("disk-read", begin, perf_counter() - begin, file.nbytes)
        return payload

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            with self._lock:
                self._busy = False
                while not self._has_work():
                    if self._closed:
                        return
                    self._changed.notify_all()
                    wait_s = self._blocked_until - monotonic()
                    self._changed.wait(wait_s if self._wants_room() and wait_s > 0 else None)
                self._busy = True
                trash, self._trash = self._trash, []
                chosen = self._choose()
            assert self._store is not None  # nothing wants room, and no file is thrown, without one
            for file in trash:
                self._store.remove(file)
            if chosen is not None:
                entry, value, written = chosen
                # What was dropped is destroyed with `value`; what has to be written is written first.
                if not written:
                    self._write(self._store, entry, value)
                del entry, value
            del chosen

    def _choose(self) -> tuple[Entry, Any, bool] | None:
        """Return an entry to take out of memory, its value, and whether it has a file: then it is out already.

        Somebody may read it back before the thread comes to it, which must not have it written a second time.
        """
        if not self._wants_room() or monotonic() < self._blocked_until:
            return None
        _, entry = self._order.popitem(last=False)
        if entry.file is not None:
            return entry, self._leave_memory(entry), True
        return entry, entry.value, False

    def _write(self, store: FileStore, entry: Entry, value: Any) -> None:
        def unwanted() -> bool:
            return self._closed or not self._is_current(entry)

        try:
            payload = self._packed(value)
            if self.max_disk_bytes and store.nbytes + payload.nbytes > self.max_disk_bytes:
                raise OSError(errno.ENOSPC, f"the limit of {self.max_disk_bytes} bytes for spilled results is reached")
            begin = perf_counter()
            file = store.write(entry.task, payload, unwanted)
            self._on_activity("disk-write", begin, perf_counter() - begin, file.nbytes)
        except WriteAbandoned:
            return
        except (OSError, MemoryError) as error:
            self._put_back(entry, error)
            return
        except Exception as error:  # anything that pickling a user's object may raise
            self._fix(entry, error)
            return
        with self._lock:
            self.spill_count += 1
            self.error = ""
            if not self._is_current(entry):
                self._trash.append(file)
                return
            entry.file = file
            # Used while it was written: it stays in memory, too, and is dropped later without being written again.
            if entry.task not in self._order:
                self._leave_memory(entry)

    def _fix(self, entry: Entry, error: Exception) -> None:
        logger.warning("the result of task %s stays in memory, it can't be spilled: %s", entry.task, error)
        with self._lock:
            entry.fixed = True
            if self._is_current(entry):
                self._order.pop(entry.task, None)

    def _put_back(self, entry: Entry, error: Exception) -> None:
        """The disk is full, or the like: make room of what is in memory as well, or try again later with another value."""
        now = monotonic()
        with self._lock:
            if self._is_current(entry):
                self._order.setdefault(entry.task, entry)
            copies = [other for other in self._order.values() if other.file is not None]
            for other in copies:
                assert other.file is not None
                self._trash.append(other.file)
                other.file = None
            if copies:
                if entry.task in self._order:
                    self._order.move_to_end(entry.task, last=False)
                return
            # Said once, until it is mended.
            log = not self.error and now >= self._log_after
            self.error = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._blocked_until = now + RETRY_AFTER_S
            if log:
                self._log_after = now + LOG_EVERY_S
        if log:
            assert self._store is not None  # it was written to
            logger.error(
                "results stay in memory, since they can't be written to %s: %s. It is tried again every %g s; make room there, "
                "or start workers with another local_directory",
                self._store.directory, self.error, RETRY_AFTER_S,
            )  # fmt: skip
