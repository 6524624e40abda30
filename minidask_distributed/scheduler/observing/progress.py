"""How far the tasks are, by the prefix of their keys: how many are in which state, exactly, at any number of tasks.

Place in the flow: `Recorder` begins it with the first reader, and has it look at the machine's log of moves after flushes;
the pages of progress and groups read `Progress.columns` and `edges`.

How: every known task has its prefix's number in an array by serial (two bytes a task); moves are taken in together, some
hundred or more at a time, as NumPy arrays where NumPy is there and one by one otherwise. A task that isn't known yet (it is
new, or older than the first reader) enters with the state that it has *now*, and its earlier moves are skipped: that is
right whenever all moves so far are taken in at once, which is the rule here. Older tasks are found a stride at a time.

State: {prefix: number}, from 1 on; counts, eight for each number; the number of each known task; the total of moves that
were taken in.

Invariants: with the scan complete the counts are those of a recount of all tasks; no more than ``length`` prefixes have
numbers (tasks of more count as `OTHER`); memory is bounded by the tasks that are alive. Not for: anything that decides.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from typing import Any, TypeAlias, cast

from minidask.graph.task import Key
from minidask_distributed.prefixes import prefix_of
from minidask_distributed.scheduler.machine.records import Task
from minidask_distributed.scheduler.machine.state import SERIAL_MASK, ClusterState
from minidask_distributed.scheduler.machine.states import (
    FORGOTTEN,
    NAMES,
    NO_WORKER,
    PROCESSING,
    QUEUED,
)
from minidask_distributed.scheduler.observing.stems import shared_stem

OTHER = "(other)"
"""Where tasks are counted whose prefixes are too many."""

COLUMNS = ("name", "all", *NAMES, "retries", "age")
"""``all`` is the sum of the states; ``forgotten`` and ``retries`` (runs after an error) count since the prefix's tasks last
came into being; ``age``: seconds since the last move."""

TOGETHER = 8_192
"""Moves that are worth a look after a flush, a millisecond's work; fewer wait for a reader, unless there are new tasks."""

SINGLY = 64
"""With fewer moves the calls of NumPy would take longer than a loop."""

STRIDE = 2_000
"""Tasks that are looked for at a flush, about a millisecond; the timer, which nobody waits for, looks for ten times as many."""

WINDOW = 1 << 20
"""A longer array of numbers is cut at the front when most of its tasks are gone."""

MOST_HEADS = 10_000

MOST_DEPS = 16
"""Dependencies of a task that are followed for the edges."""


SAMPLED = 16
"""Of many tasks of a prefix one in so many is asked for dependencies."""

Numbers: TypeAlias = "tuple[list[int], Counter[int], list[tuple[int, Task]]]"


class Progress:
    """Tasks by prefix and state, between `begin` and `end`.

    Parameters
    ----------
    state
        The machine's; it is only read.
    length
        Prefixes that are told apart.

    Examples
    --------
    >>> from minidask_distributed.scheduler.machine import Limits
    >>> state = ClusterState(1, Limits())
    >>> progress = Progress(state, length=100)
    >>> progress.begin()
    >>> progress.complete, progress.columns()["name"]
    (True, [])
    """

    def __init__(self, state: ClusterState, length: int) -> None:
        if not 0 < length < 1 << 15:
            raise ValueError(f"length must lie between 1 and 32767, got {length}")
        self._state = state
        self._length = length
        self._numpy: Any = None
        self._active = False
        self._clear()

    def _clear(self) -> None:
        self._at = 0  # moves taken in
        self._serial = 0  # the machine's next serial when it was looked at
        self._base = 0  # serial of the first entry of `_window`
        self._window = array("H")  # number of the prefix of each known task, 0: not known
        self._older: dict[int, int] = {}  # likewise, by serial, of tasks below the window
        self._n_known = 0
        self._pages: list[int] = []  # pages of the machine's table that are still to be looked at
        self._numbers: dict[str, int] = {OTHER: 1}
        self._names = ["", OTHER]
        self._heads: dict[str, int] = {}  # the numbers of parts of keys, found before
        self._free: list[int] = []  # numbers that may be given again
        self._counts = array("q", bytes(2 * 8 * 8))
        self._retries = array("q", bytes(2 * 8))
        self._changed = array("d", bytes(2 * 8))
        self._edges: dict[tuple[int, int], None] = {}  # (number of a dependency's prefix, of the dependent's)

    # ------------------------------------------------------------ begin and end

    def begin(self) -> None:
        """Count from now on; the tasks that are there already are found by and by, see `complete`."""
        if self._numpy is None:
            self._numpy = _numpy_or_none()
        self._active = True
        self._clear()
        self._rescan()

    def end(self) -> None:
        """Count no more, and forget what was counted."""
        self._active = False
        self._clear()

    @property
    def complete(self) -> bool:
        """Whether all tasks are known."""
        return not self._pages

    def _rescan(self) -> None:
        """Forget which tasks are known and look for all again."""
        state = self._state
        self._at = state.log.dropped + len(state.log.tasks)
        self._serial = state.next_serial
        # Descending, so that the last one is looked at first.
        self._pages = sorted(state.tasks.pages, reverse=True)
        self._base = self._first_of_window()
        self._window, self._older, self._n_known = array("H"), {}, 0
        for at in range(len(self._counts)):
            if at & 7 != FORGOTTEN:
                self._counts[at] = 0

    def _first_of_window(self) -> int:
        """Where a window of all known tasks begins, but for the few that are much older than the others."""
        base = self._state.next_serial
        for count, page in enumerate(self._pages, 1):
            if self._state.next_serial - (page << 10) <= WINDOW + 4 * (count << 10):
                base = min(base, page << 10)
        return base

    # ------------------------------------------------------------ the recorder

    def collect(self) -> None:
        """Take moves in if that is worth it; after a flush."""
        if not self._active:
            return
        state = self._state
        log = state.log
        begin = self._at - log.dropped  # below 0: a short log has forgotten some
        if begin < 0 or len(log.tasks) - begin >= TOGETHER or state.next_serial != self._serial:
            self._take()
        if self._pages:
            self.advance(STRIDE)

    def advance(self, tasks: int = 10 * STRIDE) -> None:
        """Look for so many of the tasks that were there before."""
        if not self._active:
            return
        self._take()
        table = self._state.tasks.pages
        while self._pages and tasks > 0:
            number = self._pages.pop()
            page = table.get(number)
            if page is None:
                continue
            first = number << 10
            serials = [serial for serial, task in enumerate(page, first) if task is not None]
            self._enter([serial for serial in serials if not self._number_of(serial)])
            tasks -= len(serials)

    # ------------------------------------------------------------ readers

    def columns(self) -> dict[str, list[Any]]:
        """Return the prefixes as columns, see `COLUMNS`, in the order in which they appeared; none when nobody is attached."""
        if self._active:
            self._take()
        rows = []
        for name, number in self._numbers.items():
            counts = self._counts[8 * number : 8 * number + 8].tolist()
            total = sum(counts)
            if total:
                age = max(self._state.now - self._changed[number], 0.0)
                rows.append((name, total, *counts, self._retries[number], age))
        columns = zip(*rows, strict=True) if rows else [[] for _ in COLUMNS]
        return {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}

    def edges(self) -> list[tuple[str, str]]:
        """Return which prefixes' results are used by which: (of the dependency, of the dependent); of samples of the tasks."""
        return [(self._names[source], self._names[target]) for source, target in self._edges]

    def totals(self) -> dict[str, int]:
        """Return {state: tasks} of all tasks; also when nobody is attached."""
        return dict(zip(NAMES[:FORGOTTEN], self._state.counts, strict=False))

    # ------------------------------------------------------------ moves

    def _take(self) -> None:
        state = self._state
        log = state.log
        begin = self._at - log.dropped
        if begin < 0:
            self._rescan()
            return
        self._at, self._serial = log.dropped + len(log.tasks), state.next_serial
        moves = log.moves[begin:]
        if not moves:
            return
        for finish in (QUEUED, NO_WORKER):
            if PROCESSING << 4 | finish in moves:
                self._count_retries(log.tasks[begin:], moves, PROCESSING << 4 | finish)
        if self._numpy is None or len(moves) < SINGLY:
            self._take_singly([one & SERIAL_MASK for one in log.tasks[begin:]], moves)
        else:
            self._take_together(self._numpy, log.tasks, moves)
        while len(self._window) > WINDOW and len(self._window) > 4 * self._n_known:
            self._cut()

    def _take_singly(self, serials: list[int], moves: bytearray) -> None:
        counts, changed, now = self._counts, self._changed, self._state.now
        fresh: dict[int, None] = {}
        for serial, move in zip(serials, moves, strict=True):
            number = self._number_of(serial)
            if not number:
                fresh[serial] = None
                continue
            counts[number * 8 + (move >> 4)] -= 1
            counts[number * 8 + (move & 15)] += 1
            changed[number] = now
            if move & 15 == FORGOTTEN:
                self._forget(serial)
        self._enter(list(fresh))

    def _take_together(self, np: Any, tasks: list[int], moves: bytearray) -> None:
        """Take in moves of the last tasks of a list."""
        # From the end, so that nothing is copied; `np.array` would look at all types first.
        ids = np.fromiter(reversed(tasks), np.int64, len(moves))[::-1]
        at = (ids & SERIAL_MASK) - self._base
        codes = np.frombuffer(moves, np.uint8)
        older = at < 0
        if older.any():
            self._take_singly((at[older] + self._base).tolist(), bytearray(codes[older].tobytes()))
            at, codes = at[~older], codes[~older]
            if not len(at):
                return
        self._grow(int(at.max()) + 1)
        window = np.frombuffer(self._window, np.uint16)
        numbers = window[at]
        unknown = numbers == 0
        fresh: list[int] = []
        if unknown.any():
            fresh = _distinct(np, at[unknown], self._base)
            at, codes, numbers = at[~unknown], codes[~unknown], numbers[~unknown]
        finish = codes & 15
        first = numbers.astype(np.intp) << 3
        counts = np.frombuffer(self._counts, np.int64)
        came = np.bincount(first + finish, minlength=len(counts))
        counts += came
        counts -= np.bincount(first + (codes >> 4), minlength=len(counts))
        np.frombuffer(self._changed, np.float64)[came.reshape(-1, 8).any(1)] = self._state.now
        gone = at[finish == FORGOTTEN]
        window[gone] = 0
        self._n_known -= len(gone)
        # The arrays can't grow while NumPy looks at them.
        del window, counts
        self._enter(fresh)

    def _count_retries(self, ids: list[int], moves: bytearray, move: int) -> None:
        """Count the moves of a kind that errors set off."""
        stimuli, begin = self._state.log.stimuli, self._at - len(ids)
        at = max(bisect_left(stimuli, (begin + 1,)) - 1, 0)
        ends = [number for number, _, _ in stimuli[at + 1 :]] + [self._at]
        for (number, name, _), end in zip(stimuli[at:], ends, strict=True):
            if name != "Erred":
                continue
            place = max(number - begin, 0)
            while (place := moves.find(move, place, end - begin)) >= 0:
                self._retries[self._number_of(ids[place] & SERIAL_MASK)] += 1
                place += 1

    # ------------------------------------------------------------ tasks

    def _number_of(self, serial: int) -> int:
        at = serial - self._base
        if at < 0:
            return self._older.get(serial, 0)
        return self._window[at] if at < len(self._window) else 0

    def _grow(self, length: int) -> None:
        if length > len(self._window):
            self._window.frombytes(bytes(2 * (length - len(self._window))))

    def _forget(self, serial: int) -> None:
        at = serial - self._base
        if at < 0:
            del self._older[serial]
        else:
            self._window[at] = 0
        self._n_known -= 1

    def _enter(self, serials: list[int]) -> None:
        """Make tasks known, with the states that they have now; those that are forgotten already stay unknown."""
        if not serials:
            return
        base, counts = self._base, self._counts
        is_run = serials[-1] - serials[0] == len(serials) - 1
        tasks = self._run_of_tasks(serials) if is_run else list(map(self._state.tasks.get, serials))
        given, places, users = self._numbers_at_once(tasks) or self._numbers_of(tasks)
        for place, count in places.items():
            counts[place] += count
        self._n_known += places.total()
        if is_run and serials[0] >= base:
            self._grow(serials[-1] + 1 - base)
            self._window[serials[0] - base : serials[-1] + 1 - base] = array("H", given)
        else:
            self._grow(max(serials) + 1 - base)
            for serial, number in zip(serials, given, strict=True):
                if serial >= base:
                    self._window[serial - base] = number
                elif number:
                    self._older[serial] = number
        for number, task in users:
            self._follow(number, task)

    def _numbers_at_once(self, tasks: list[Task | None]) -> Numbers | None:
        """Return what `_numbers_of` does, in a fifth of the time; None unless it is clear that all share a stem."""
        if len(tasks) < SINGLY or None in tasks:
            return None
        there = cast("list[Task]", tasks)
        states = [task.state for task in there]
        stem = "" if FORGOTTEN in states else shared_stem([task.key for task in there])
        if not stem:
            return None
        number = self._heads.get(stem) or self._number_for(stem)
        self._renew(number)
        places = Counter({number << 3 | state: states.count(state) for state in set(states)})
        users = [(number, task) for task in there[::-SAMPLED] if task.deps]
        return [number] * len(tasks), places, users[:1] + users[-1:]

    def _numbers_of(self, tasks: list[Task | None]) -> Numbers:
        """Return the number of each task's prefix, 0 for the gone; how many have which place in the counts; users of others."""
        heads = self._heads
        given: list[int] = []
        places: list[int] = []
        # The first and the last one: of a tree's sums the one at its root needs sums alone.
        firsts: dict[int, Task] = {}
        users: dict[int, Task] = {}
        last, before = 0, None
        for task in tasks:
            if task is None or task.state == FORGOTTEN:
                given.append(0)
                continue
            key = task.key
            head = key[0] if type(key) is tuple and key else key
            if head is before:
                number = last
            elif type(head) is str:
                # As `prefix_of` does: like keys share a stem.
                stem, _, word = head.rpartition("-")
                if not stem or word.isalpha() or "_" in word:
                    stem = head
                number = heads.get(stem) or self._number_for(stem)
            else:
                number = self._number_for(head)
            before = head
            if number != last:
                last = number
                self._renew(number)
            given.append(number)
            places.append(number << 3 | task.state)
            if task.deps:
                if number not in users:
                    firsts[number] = task
                users[number] = task
        return given, Counter(places), [*firsts.items(), *users.items()]

    def _run_of_tasks(self, serials: list[int]) -> list[Task | None]:
        """The tasks of serials without gaps, ascending."""
        found: list[Task | None] = []
        first, end = serials[0], serials[-1] + 1
        while first < end:
            page = self._state.tasks.pages.get(first >> 10)
            stop = min(end, (first >> 10) + 1 << 10)
            found += [None] * (stop - first) if page is None else page[first & 1023 : ((stop - 1) & 1023) + 1]
            first = stop
        return found

    def _renew(self, number: int) -> None:
        """New tasks of a prefix came; if all the earlier ones are gone, counting begins anew."""
        self._changed[number] = self._state.now
        if not self._is_alive(number):
            self._counts[number * 8 + FORGOTTEN] = self._retries[number] = 0

    def _is_alive(self, number: int) -> bool:
        return any(self._counts[number * 8 : number * 8 + FORGOTTEN])

    def _follow(self, number: int, task: Task) -> None:
        for dep in task.deps[:MOST_DEPS]:
            source = self._numbers.get(prefix_of(dep.key))
            if source is not None and source != number and len(self._edges) < 8 * self._length:
                self._edges[source, number] = None

    # ------------------------------------------------------------ prefixes

    def _number_for(self, head: Key) -> int:
        """The number of the prefix of a key, or of the first part of one."""
        prefix = prefix_of(head)
        number = self._numbers.get(prefix) or self._new_number(prefix)
        if type(head) is str and number != self._numbers[OTHER]:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[head] = number
        return number

    def _new_number(self, prefix: str) -> int:
        if not self._free and len(self._numbers) > self._length:
            self._drop_dead()
        if self._free:
            number = self._free.pop()
            self._names[number] = prefix
        elif len(self._numbers) <= self._length:
            number = len(self._names)
            self._names.append(prefix)
            self._counts.frombytes(bytes(8 * 8))
            self._retries.append(0)
            self._changed.append(0.0)
        else:
            return self._numbers[OTHER]
        self._numbers[prefix] = number
        return number

    def _drop_dead(self) -> None:
        """Forget the prefixes without tasks that changed longest ago: a tenth of them, and one at least."""
        dead = [number for name, number in self._numbers.items() if name != OTHER and not self._is_alive(number)]
        dead.sort(key=self._changed.__getitem__)
        self._heads.clear()
        for number in dead[: len(dead) // 10 + 1]:
            del self._numbers[self._names[number]]
            self._counts[number * 8 + FORGOTTEN] = self._retries[number] = 0
            self._edges = {edge: None for edge in self._edges if number not in edge}
            self._free.append(number)

    def _cut(self) -> None:
        """Take the front half of the window off; the few tasks in it that are alive are kept in a dict."""
        cut = len(self._window) // 2
        for at, number in enumerate(self._window[:cut]):
            if number:
                self._older[self._base + at] = number
        del self._window[:cut]
        self._base += cut


def _distinct(np: Any, at: Any, base: int) -> list[int]:
    """The serials at so many places after the base, ascending, each once."""
    first, span = at.min(), int(at.max() - at.min()) + 1
    if span > 16 * len(at):
        places = np.unique(at)
    else:
        # Sorting would take a hundred times as long.
        there = np.zeros(span, bool)
        there[at - first] = True
        places = np.flatnonzero(there) + first
    serials: list[int] = (places + base).tolist()
    return serials


def _numpy_or_none() -> Any:
    """NumPy, where it is installed: it makes this several times as fast, and nothing else here needs it."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy
