"""Lines of ready tasks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.worker.machine.queues import ReadyQueue
from minidask_distributed.worker.machine.records import Task


@given(st.lists(st.tuples(st.sampled_from(["push", "discard", "pop", "peek"]), st.integers(0, 9))))
def test_like_a_sorted_list(steps):
    queue, model = ReadyQueue(), {}
    for step, number in steps:
        first = model[min(model)] if model else None
        if step == "push" and number not in model:
            model[number] = Task(number, "x")
            queue.push(model[number])
        elif step == "discard" and number in model:
            queue.discard(model.pop(number))
        elif step == "pop":
            assert queue.pop() is first
            model.pop(min(model), None) if model else None
        else:
            assert queue.peek() is first
        assert len(queue) == len(model)


def test_a_queue_that_is_emptied_by_discarding_keeps_nothing():
    queue = ReadyQueue()
    task = Task(1, "x")
    queue.push(task)
    queue.discard(task)
    assert queue.heap == []
