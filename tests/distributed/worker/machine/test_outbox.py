"""Reports: merged where neighbours are of one kind, never out of order."""

from __future__ import annotations

from minidask_distributed.messages import Erred, Finished, Held, LongRunning, Lost, NeedRecipes, Notice, Recalled
from minidask_distributed.worker.machine.outbox import STOP, Outbox, Row


def row(task, attempt=1, start=10.0, stop=10.5, value=None):
    return tuple(Row(task, attempt, 8, start, stop, 2, value))


def test_columns_of_finished_tasks():
    outbox = Outbox()
    outbox.offset_s = 1000.0
    outbox.rows += [row(1, start=10.5), row(2, attempt=3, start=10.25, value=b"v")]
    (message,) = outbox.take()
    assert message == Finished(
        tasks=[1, 2],
        attempts=[1, 3],
        nbytes=[8, 8],
        durations=[0, 250_000],
        starts=[250_000, 0],
        threads=[2, 2],
        since=1010_250_000,
        values=[None, b"v"],
    )
    assert outbox.take() == []


def test_columns_that_are_left_out():
    outbox = Outbox()
    outbox.rows.append(row(1))
    (message,) = outbox.take()
    assert (message.attempts, message.values) == (None, None)


def test_the_oldest():
    outbox = Outbox()
    assert (outbox.oldest_s(), bool(outbox)) == (None, False)
    outbox.rows += [row(1, stop=3.0), row(2, stop=4.0)]
    assert (outbox.oldest_s(), bool(outbox)) == (3.0, True)
    assert Row._fields[STOP] == "stop_s"


def test_neighbours_are_merged():
    outbox = Outbox()
    for number in (1, 2):
        outbox.held(number, 5)
    for number in (1, 2):
        outbox.lost(number)
    for number in (1, 2):
        outbox.long_running(number, 6)
    for number in (1, 2):
        outbox.recalled([number], [number])
    for number in (1, 2):
        outbox.need_recipe(number)
    for number in (1, 2):
        outbox.erred(number, 1, 7, {})
    assert outbox.take() == [
        Held([1, 2], [5, 5]),
        Lost([1, 2]),
        LongRunning([1, 2], [6, 6]),
        Recalled([1, 2], [1, 2]),
        NeedRecipes([1, 2]),
        Erred([1, 2], None, [7, 7], [{}, {}]),
    ]


def test_attempts_of_failures():
    outbox = Outbox()
    outbox.erred(1, 2, 7, {})
    outbox.erred(2, 1, 7, {})
    assert outbox.take()[0].attempts == [2, 1]
    outbox.erred(1, 1, 7, {})
    outbox.erred(2, 2, 7, {})
    outbox.erred(3, 1, 7, {})
    assert outbox.take()[0].attempts == [1, 2, 1]


def test_the_order_is_kept():
    outbox = Outbox()
    outbox.held(1, 5)
    outbox.rows.append(row(2))
    outbox.held(3, 5)
    outbox.rows.append(row(4))
    outbox.post(Notice("t", 0.0, None))
    outbox.held(5, 5)
    kinds = [type(message) for message in outbox.take()]
    assert kinds == [Held, Finished, Held, Finished, Notice, Held]


def test_forgetting_all():
    outbox = Outbox()
    outbox.rows.append(row(1))
    outbox.held(2, 5)
    outbox.clear()
    assert outbox.take() == []
