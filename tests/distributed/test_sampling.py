"""Sampling threads: what is seen, what it keeps (no frames), how it ends, how much it holds."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
import time
import weakref
from contextlib import contextmanager

import pytest

import minidask.config as config
from minidask_distributed import sampling
from minidask_distributed.profile_tree import merge
from minidask_distributed.sampling import Profile, Profiling, Sampler, stack_of, unwatch_loop, watch_loop


class Everything:
    """A source of given threads, that counts what it sees."""

    def __init__(self, *threads):
        self.threads = threads
        self.profile = Profile()
        self.seen = threading.Event()

    def idents(self):
        return [(thread.ident, thread.name) for thread in self.threads]

    def see(self, frame, what, now):
        calls, frames = stack_of(frame)
        self.profile.add(what, calls, lambda at: frames[at].f_lineno, now)
        self.seen.set()
        return True


class Value:
    """Something whose end can be seen."""


@contextmanager
def a_busy_thread():
    over, begun, refs = threading.Event(), threading.Event(), []

    def outer():
        value = Value()
        refs.append(weakref.ref(value))
        inner()

    def inner():
        begun.set()
        over.wait(30)

    thread = threading.Thread(target=outer, name="busy")
    thread.start()
    assert begun.wait(10)
    try:
        yield thread, refs
    finally:
        over.set()
        thread.join()


def names(tree):
    found, todo = set(), [tree]
    while todo:
        node = todo.pop()
        found.update(call[1].rpartition(".")[2] for call in node.children)
        todo += node.children.values()
    return found


def test_a_thread_is_seen_and_nothing_of_it_is_kept():
    sampler = Sampler()
    with a_busy_thread() as (thread, refs):
        source = Everything(thread)
        sampler.add(source, 0.001)
        try:
            assert source.seen.wait(10)
        finally:
            sampler.remove(source)
    gc.collect()
    assert refs[0]() is None
    assert {"outer", "inner", "wait"} <= names(source.profile.tree())
    assert sampler.looks >= 1
    # With the last source the thread has ended, and a new one begins with the next.
    assert sampler._thread is None
    sampler.remove(source)


def test_looking_holds_no_frame():
    with a_busy_thread() as (thread, _refs):
        source = Everything(thread)
        sampler = Sampler()
        sampler._sources[source] = 0.01
        assert sampler.look(time.time())
        frame = sys._current_frames()[thread.ident]
        before = len(gc.get_referrers(frame))
        assert sampler.look(time.time())
        assert len(gc.get_referrers(frame)) == before
        del frame


def test_threads_that_are_gone_are_no_matter():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    source = Everything(thread)
    sampler = Sampler()
    sampler._sources[source] = 0.01
    assert not sampler.look(0.0)
    sampler._sources.clear()
    assert not sampler.look(0.0)


def test_stacks():
    def inner():
        return stack_of(sys._getframe()), stack_of(sys._getframe(), outer.__code__), stack_of(sys._getframe(), int_code)

    def outer():
        return inner()

    int_code = compile("0", "nowhere", "exec")
    whole, within, nowhere = outer()
    assert [call[1].rpartition(".")[2] for call in whole[0]][-2:] == ["outer", "inner"]
    assert [call[1].rpartition(".")[2] for call in within[0]] == ["inner"]
    assert nowhere is None
    assert stack_of(sys._getframe(), sys._getframe().f_code) is None


def test_deep_stacks_are_cut_at_the_outer_end():
    def down(n):
        return down(n - 1) if n else stack_of(sys._getframe())

    calls, _ = down(sampling.DEEPEST + 50)
    assert len(calls) == sampling.DEEPEST


def add(profile, now, name="f", call="f"):
    profile.add(name, [("x.py", call, 1)], lambda at: 1, now)


def test_spans():
    profile = Profile(cycle_s=1.0)
    for now in (0.0, 0.5, 1.0, 3.0, 2.0):
        add(profile, now)
    assert [when for when, _ in profile.timeline()] == [0.0, 1.0, 3.0, 2.0]
    assert profile.tree().count == 5
    assert profile.tree(start=0.9).count == 3
    assert profile.tree(stop=0.9).count == 2
    assert profile.tree(start=0.4, stop=1.5).count == 3
    assert profile.tree(name="g").count == 0
    assert profile.names() == {"f": 5}


def test_memory_is_bounded_and_old_spans_lose_detail_before_they_go():
    profile = Profile(cycle_s=1.0, most_nodes=1_000)
    for n in range(10_000):
        add(profile, float(n), call=f"f{n % 7}")
    assert len(profile) <= 1_000
    timeline = profile.timeline()
    # The same calls again and again: merging makes room enough to reach far back.
    assert timeline[0][0] < 5_000
    lengths = [sum(counts.values()) for _, counts in timeline]
    assert lengths[0] > lengths[-1] == 1
    assert all(one[0] < other[0] for one, other in itertools.pairwise(timeline))


def test_memory_is_bounded_when_nothing_can_be_merged():
    profile = Profile(cycle_s=1.0, most_nodes=1_000)
    for n in range(5_000):
        add(profile, float(n), call=f"f{n}")
    assert len(profile) <= 1_000


def test_one_span_is_bounded():
    profile = Profile(cycle_s=1e9)
    for n in range(2 * sampling.MOST_NODES_A_SPAN):
        add(profile, float(n), call=f"f{n}")
    assert len(profile) <= sampling.MOST_NODES_A_SPAN
    assert profile.tree().count == 2 * sampling.MOST_NODES_A_SPAN
    for n in range(2 * sampling.MOST_NAMES):
        add(profile, 0.0, name=f"name{n}")
    assert len(profile.names()) <= sampling.MOST_NAMES + 1
    assert profile.names()[sampling.OTHER] > 0


def test_reading_while_samples_are_added():
    profile, over = Profile(cycle_s=0.001), threading.Event()

    def write():
        while not over.is_set():
            add(profile, time.time())

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(50):
            assert merge([profile.tree()]).count >= 0
            profile.timeline()
    finally:
        over.set()
        thread.join()


def test_event_loops_are_sampled_while_they_work():
    def spin(until):
        while time.monotonic() < until:
            sum(range(100))

    async def main():
        ident = threading.get_ident()
        one, other = watch_loop(ident, Profiling(True, 0.001, 1.0)), watch_loop(ident, Profiling(True, 0.001, 1.0))
        assert one is other
        try:
            for _ in range(200):
                spin(time.monotonic() + 0.02)
                await asyncio.sleep(0)
                if one.tree().count >= 2:
                    break
        finally:
            unwatch_loop(ident)
            unwatch_loop(ident)
        return one.tree()

    tree = asyncio.run(main())
    assert "spin" in names(tree)
    assert threading.get_ident() not in sampling._loops


def test_a_loop_that_waits_is_not_counted():
    async def main():
        source = sampling.LoopSource(threading.get_ident(), 1.0)
        sampler = Sampler()
        sampler._sources[source] = 0.01
        # From another thread, while this one's loop waits in its selector for the answer.
        looks = [await asyncio.to_thread(sampler.look, 0.0) for _ in range(3)]
        return source.profile.tree().count, looks

    count, looks = asyncio.run(main())
    assert count == looks.count(True)
    assert False in looks


def test_it_can_be_switched_off():
    with config.set({"distributed.worker.profile.enabled": False, "distributed.worker.profile.interval": "20 ms"}):
        assert Profiling.from_settings() == Profiling(False, 0.02, 1.0)
    ident = -1
    profile = watch_loop(ident, Profiling(False))
    unwatch_loop(ident)
    assert profile.tree().count == 0
    with pytest.raises(ValueError, match=r"profile\.low-level"):
        config.set({"distributed.worker.profile.low-level": True})


@pytest.mark.slow
def test_idle_threads_are_looked_at_more_rarely():
    class Idle:
        asked = 0

        def idents(self):
            Idle.asked += 1
            return []

        def see(self, frame, what, now):
            raise AssertionError

    sampler, source = Sampler(), Idle()
    sampler.add(source, 0.001)
    try:
        deadline = threading.Event()
        deadline.wait(0.8)
    finally:
        sampler.remove(source)
    assert 5 < Idle.asked < 200
