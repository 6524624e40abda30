"""The log of moves: which task went from which state to which, and what set it off.

Place in the flow: `transitions` appends, `check` and people (`story`) read. Columnar and bounded: nine bytes a move.

A *stimulus* is one event that the machine handled; all moves up to the next one belong to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from minidask_distributed.scheduler.machine.states import NAMES


class MoveLog:
    """The latest moves, at least ``limit`` of them once there were so many.

    Examples
    --------
    >>> log = MoveLog(limit=10)
    >>> log.stimulus("Upload from 3", 1.5)
    >>> log.tasks.append(7), log.moves.append(0 << 4 | 2)
    (None, None)
    >>> list(log.story({7}))
    [(7, 'released', 'queued', 'Upload from 3', 1.5)]
    """

    __slots__ = ("dropped", "limit", "moves", "stimuli", "tasks")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.tasks: list[int] = []  # ids
        self.moves = bytearray()  # start << 4 | finish
        self.stimuli: list[tuple[int, str, float]] = []  # (number of the first move since the start, name, time)
        self.dropped = 0  # moves that were forgotten at the front

    def stimulus(self, name: str, now: float) -> None:
        """Begin the moves of an event; the place to forget old ones."""
        total = self.dropped + len(self.tasks)
        if self.stimuli and self.stimuli[-1][0] == total:
            self.stimuli.pop()
        self.stimuli.append((total, name, now))
        if len(self.tasks) > 2 * self.limit:
            del self.tasks[: self.limit], self.moves[: self.limit]
            self.dropped += self.limit
            keep = next(
                (at for at in range(1, len(self.stimuli)) if self.stimuli[at][0] > self.dropped), len(self.stimuli)
            )
            del self.stimuli[: keep - 1]

    def story(self, tasks: set[int] | None = None) -> Iterator[tuple[int, str, str, str, float]]:
        """Yield (task id, start, finish, stimulus, time) of the given tasks' moves, or of all, oldest first."""
        at = 0
        for place, (task, move) in enumerate(zip(self.tasks, self.moves, strict=True), self.dropped):
            if tasks is not None and task not in tasks:
                continue
            while at + 1 < len(self.stimuli) and self.stimuli[at + 1][0] <= place:
                at += 1
            _, name, now = self.stimuli[at] if self.stimuli else (0, "", 0.0)
            yield task, NAMES[move >> 4], NAMES[move & 15], name, now

    def __len__(self) -> int:
        return len(self.tasks)
