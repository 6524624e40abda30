"""Tasks that are ready, the least priority first: a heap of ints beside a dict, so that taking one away costs O(1).

Place in the flow: `machine` pushes and discards, `take` pops. Invariants: priorities of tasks that are in line together differ
(`messages.priority_of`); the heap may name priorities that were taken away, which are passed over when they come up.
"""

from __future__ import annotations

from heapq import heappop, heappush

from minidask_distributed.worker.machine.records import Task


class ReadyQueue:
    """A line of tasks.

    Examples
    --------
    >>> queue = ReadyQueue()
    >>> for number in (3, 1, 2):
    ...     queue.push(Task(number, "x"))
    >>> queue.discard(queue.tasks[1])
    >>> len(queue), queue.peek(), queue.pop(), queue.pop(), queue.pop()
    (2, <Task 'x' (2) released>, <Task 'x' (2) released>, <Task 'x' (3) released>, None)
    """

    __slots__ = ("heap", "tasks")

    def __init__(self) -> None:
        self.heap: list[int] = []
        self.tasks: dict[int, Task] = {}  # {priority: task}

    def push(self, task: Task) -> None:
        """Put a task in line."""
        heappush(self.heap, task.priority)
        self.tasks[task.priority] = task

    def pop(self) -> Task | None:
        """Take the first task; None if there is none."""
        heap, tasks = self.heap, self.tasks
        while heap:
            task = tasks.pop(heappop(heap), None)
            if task is not None:
                return task
        return None

    def peek(self) -> Task | None:
        """Return the first task without taking it; None if there is none."""
        heap, tasks = self.heap, self.tasks
        while heap:
            task = tasks.get(heap[0])
            if task is not None:
                return task
            heappop(heap)
        return None

    def discard(self, task: Task) -> None:
        """Take a task, which must be in line, out of it."""
        del self.tasks[task.priority]
        if not self.tasks:
            self.heap.clear()

    def __len__(self) -> int:
        return len(self.tasks)
