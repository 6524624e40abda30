"""Timers of the virtual clock."""

from __future__ import annotations

from minidask_distributed.testing import VirtualClock


def test_timers_run_in_order_and_ties_as_they_were_set():
    clock, seen = VirtualClock(), []
    clock.call_later(2, lambda: seen.append(("late", clock.now)))
    clock.call_later(1, lambda: seen.append(("one", clock.now)))
    clock.call_at(1, lambda: seen.append(("two", clock.now)))
    while clock.run_next():
        pass
    assert seen == [("one", 1), ("two", 1), ("late", 2)]
    assert clock.n_run == 3


def test_what_is_past_happens_now():
    clock = VirtualClock(now=5.0)
    clock.call_at(1, lambda: None)
    assert clock.run_next()
    assert clock.now == 5.0


def test_cancelled_timers_do_nothing():
    clock, seen = VirtualClock(), []
    timer = clock.call_later(1, lambda: seen.append(1))
    timer.cancel()
    clock.call_later(2, lambda: seen.append(2))
    assert clock.run_next()
    assert seen == [2]
    timer.cancel()
    assert not clock.run_next()


def test_nobody_waits_for_background_timers():
    clock = VirtualClock()
    clock.call_later(1, lambda: None, background=True)
    assert not clock.busy
    clock.call_later(1, lambda: None)
    assert clock.busy
    clock.run_until(3)
    assert (clock.busy, clock.now) == (False, 3)


def test_run_until_runs_what_is_added_on_the_way():
    clock, seen = VirtualClock(), []

    def again():
        seen.append(clock.now)
        clock.call_later(1, again)

    again()
    clock.run_until(3.5)
    assert seen == [0, 1, 2, 3]
    assert clock.now == 3.5
