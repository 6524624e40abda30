"""What one worker keeps of all shuffles, as a machine: which pieces there are, where, which are written to disk next.

Place in the flow: `store` hands in events and does what comes of them: it holds the bytes, writes and removes files. Pieces are
known by their run (one execution of a transfer) and output.

Writing: when more than three quarters of the limit are in memory, the output that has most there is written, one file an output
on each shelf, so that it is read from one place, and its room is given back as soon as it has been consumed.

Invariants (`check`): a piece is in memory or in a file until it is consumed or its run is released; a file exists exactly while
a piece in it is alive, or while it is written; what was released while it was written never comes back. Pure: no clock, no
thread, no input or output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

WRITE_BYTES = 64 << 20
"""Most bytes of a single write: whoever waits for room looks again after each."""


class Place(NamedTuple):
    """Where in a file a piece is: ``stored`` compressed bytes from ``offset`` on, whose CRC-32 is ``checksum``."""

    file: int
    offset: int
    stored: int
    checksum: int


class Write(NamedTuple):
    """Pieces of one output to be appended to a file."""

    file: int
    output: int
    runs: list[int]
    nbytes: int


class Run:
    """One execution of a transfer: the bytes of its pieces that aren't consumed, by output."""

    __slots__ = ("consumed", "pieces", "shuffle")

    def __init__(self, shuffle: str, pieces: Mapping[int, int]) -> None:
        self.shuffle = shuffle
        self.pieces = dict(pieces)
        self.consumed: set[int] = set()  # outputs


class Bucket:
    """One output of one shuffle: the pieces in memory, those in its file."""

    __slots__ = ("file", "in_memory", "key", "nbytes", "places")

    def __init__(self, key: tuple[str, int]) -> None:
        self.key = key
        self.in_memory: dict[int, int] = {}  # {run: bytes}
        self.nbytes = 0  # of these
        self.places: dict[int, Place] = {}  # {run: where it is}
        self.file = 0  # its number, 0: none


class Shelf:
    """The pieces of one worker.

    Parameters
    ----------
    limit_bytes : int
        What may be in memory; a single transfer may be larger while nothing else is there.

    Examples
    --------
    >>> shelf = Shelf(100)
    >>> shelf.put(1, "s", {0: 60, 1: 30}), shelf.admits(20)
    (None, False)
    >>> write = shelf.next_write()
    >>> write.output, write.runs, shelf.written([Place(write.file, 0, 25, 7)]), shelf.admits(20)
    (0, [1], None, True)
    >>> shelf.find(1, 0), shelf.find(1, 1)
    (Place(file=1, offset=0, stored=25, checksum=7), 30)
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.memory_bytes = 0
        self.error = ""  # why nothing can be written, "" if all is well
        self.dropped: list[
            tuple[int, int]
        ] = []  # (run, output) whose bytes in memory aren't needed; the shell drains it
        self.removed: list[int] = []  # numbers of files to remove; the shell drains it
        self._runs: dict[int, Run] = {}
        self._buckets: dict[tuple[str, int], Bucket] = {}
        self._live: dict[int, int] = {}  # {file: pieces in it that are alive}
        self._writing: tuple[Bucket, Write] | None = None
        self._next_file = 1

    # ------------------------------------------------------------ what comes and goes

    def admits(self, nbytes: int) -> bool:
        """Whether a transfer of so many bytes may come in now."""
        return not self.memory_bytes or self.memory_bytes + nbytes <= self.limit_bytes

    def put(self, run: int, shuffle: str, pieces: Mapping[int, int]) -> None:
        """Keep the pieces of a run: bytes by output, those without rows left out. Raises ValueError for a run that is there."""
        if run in self._runs:
            raise ValueError(f"the run {run} is on the shelf already")
        self._runs[run] = Run(shuffle, pieces)
        for output, nbytes in pieces.items():
            bucket = self._buckets.get((shuffle, output))
            if bucket is None:
                bucket = self._buckets[shuffle, output] = Bucket((shuffle, output))
            bucket.in_memory[run] = nbytes
            bucket.nbytes += nbytes
            self.memory_bytes += nbytes

    def find(self, run: int, output: int) -> Place | int | None:
        """Return where a piece is: in a file, or in memory (its bytes, 0 if it has no rows); None if it is gone."""
        kept = self._runs.get(run)
        if kept is None or output in kept.consumed:
            return None
        if output not in kept.pieces:
            return 0
        bucket = self._buckets[kept.shuffle, output]
        return bucket.places.get(run) or bucket.in_memory[run]

    def size(self, run: int, output: int) -> int:
        """Return the bytes of a piece that is there, wherever it is."""
        return self._runs[run].pieces[output]

    def shuffle_of(self, run: int) -> str:
        """Return the name of the shuffle to which a run that is there belongs."""
        return self._runs[run].shuffle

    def consumed(self, runs: Iterable[int], output: int) -> None:
        """Let go of an output's pieces, which have been put together."""
        for run in runs:
            kept = self._runs.get(run)
            if kept is not None and output not in kept.consumed:
                kept.consumed.add(output)
                self._forget(kept, run, output)

    def released(self, run: int) -> None:
        """Let go of a run, which nobody needs; one that isn't there is ignored."""
        kept = self._runs.get(run)
        if kept is None:
            return
        for output in list(kept.pieces):
            self._forget(kept, run, output)
        del self._runs[run]

    def _forget(self, kept: Run, run: int, output: int) -> None:
        if kept.pieces.pop(output, None) is None:
            return
        bucket = self._buckets[kept.shuffle, output]
        place = bucket.places.pop(run, None)
        if place is None:
            self._leave_memory(bucket, run, output)
        else:
            self._live[place.file] -= 1
        self._tidy(bucket)

    def _leave_memory(self, bucket: Bucket, run: int, output: int) -> None:
        nbytes = bucket.in_memory.pop(run)
        bucket.nbytes -= nbytes
        self.memory_bytes -= nbytes
        self.dropped.append((run, output))

    def _tidy(self, bucket: Bucket) -> None:
        """Give up a file in which nothing is alive, and a bucket that is empty; not while it is written."""
        if self._writing is not None and self._writing[0] is bucket:
            return
        if bucket.file and not self._live[bucket.file]:
            del self._live[bucket.file]
            self.removed.append(bucket.file)
            bucket.file = 0
            self.error = ""
        if not bucket.in_memory and not bucket.places:
            del self._buckets[bucket.key]

    # ------------------------------------------------------------ the disk

    def next_write(self, pressed: bool = False) -> Write | None:
        """Return what is to be written now, None for nothing; `written` or `not_written` has to follow.

        ``pressed`` says that somebody waits for room: then there is something to write as long as anything is in memory.
        """
        enough = 0 if pressed else 3 * self.limit_bytes
        if self._writing is not None or self.error or 4 * self.memory_bytes <= enough:
            return None
        bucket = max(self._buckets.values(), key=lambda one: one.nbytes)
        if not bucket.file:
            bucket.file = self._next_file
            self._next_file += 1
            self._live[bucket.file] = 0
        runs: list[int] = []
        nbytes = 0
        for run, size in bucket.in_memory.items():
            if runs and nbytes + size > WRITE_BYTES:
                break
            runs.append(run)
            nbytes += size
        write = Write(bucket.file, bucket.key[1], runs, nbytes)
        self._writing = bucket, write
        return write

    def written(self, places: Iterable[Place]) -> None:
        """The pieces of the last write are in the file, in its order."""
        bucket, write = self._end_write()
        for run, place in zip(write.runs, places, strict=True):
            kept = self._runs.get(run)
            if kept is None or write.output not in kept.pieces:
                continue  # nobody needs it any more
            self._leave_memory(bucket, run, write.output)
            bucket.places[run] = place
            self._live[place.file] += 1
        self._tidy(bucket)

    def not_written(self, reason: str) -> None:
        """The last write failed, and the file is as before: its pieces stay in memory; nothing is written until `try_again`."""
        bucket, _ = self._end_write()
        self._tidy(bucket)
        self.error = reason

    def try_again(self) -> None:
        """Write again, though it failed."""
        self.error = ""

    def _end_write(self) -> tuple[Bucket, Write]:
        assert self._writing is not None, "nothing was to be written"
        ended, self._writing = self._writing, None
        return ended

    # ------------------------------------------------------------ looking

    @property
    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not self._runs and not self._buckets and not self._live

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken. For tests."""
        in_memory = live = 0
        for (shuffle, output), bucket in self._buckets.items():
            writing = self._writing is not None and self._writing[0] is bucket
            assert bucket.in_memory or bucket.places or writing, "an empty bucket is kept"
            assert not set(bucket.in_memory) & set(bucket.places), "a piece is in two places"
            assert bucket.nbytes == sum(bucket.in_memory.values()), "the bytes of a bucket"
            for run in [*bucket.in_memory, *bucket.places]:
                assert self._runs[run].shuffle == shuffle, "a bucket has a piece of another shuffle"
                assert output in self._runs[run].pieces, "a bucket has a piece that is gone"
            assert all(place.file == bucket.file for place in bucket.places.values()), "a piece is in another's file"
            if bucket.file:
                assert self._live[bucket.file] == len(bucket.places), "pieces alive in a file"
                assert bucket.places or writing, "a file without pieces is kept"
                live += 1
            in_memory += bucket.nbytes
        assert live == len(self._live), "a file belongs to no bucket"
        assert in_memory == self.memory_bytes, "bytes in memory"
        for run, kept in self._runs.items():
            for output in kept.pieces:
                bucket = self._buckets[kept.shuffle, output]
                assert run in bucket.in_memory or run in bucket.places, "a piece is nowhere"
                assert output not in kept.consumed, "a consumed piece is kept"
