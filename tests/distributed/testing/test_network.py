"""Links and requests of the simulated network."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.messages import Free
from minidask_distributed.testing import Network, Process, VirtualClock
from minidask_distributed.testing.network import TIMEOUT_S


class Wire:
    """Two processes and a link between them, and what came at either end."""

    def __init__(self, seed=1):
        self.clock = VirtualClock()
        self.network = Network(self.clock, Random(seed))
        self.one, self.two = Process(self.network, "one"), Process(self.network, "two")
        self.near, self.far = self.network.link(self.one, self.two)
        self.seen = []
        for name, end in (("near", self.near), ("far", self.far)):
            end.on_messages = lambda messages, name=name: self.seen.extend((name, m.tasks[0]) for m in messages)
            end.on_close = lambda name=name: self.seen.append((name, "closed"))

    def run(self, seconds=10):
        self.clock.run_until(self.clock.now + seconds)
        return self.seen


@pytest.mark.parametrize("seed", range(20))
def test_a_link_keeps_order_and_loses_nothing(seed):
    wire = Wire(seed)
    for number in range(30):
        wire.near.send([Free([number])])
        wire.clock.run_until(wire.clock.now + 0.001)
    assert wire.run() == [("far", number) for number in range(30)]


def test_links_overtake_each_other():
    orders = set()
    for seed in range(20):
        wire = Wire(seed)
        other, far = wire.network.link(wire.one, wire.two)
        far.on_messages = lambda messages, wire=wire: wire.seen.append("other")
        wire.near.send([Free([1])])
        other.send([Free([2])])
        orders.add(tuple(map(str, wire.run())))
    assert len(orders) == 2


@pytest.mark.parametrize("seed", range(20))
def test_of_a_cut_link_both_ends_hear_after_what_still_came(seed):
    wire = Wire(seed)
    for number in range(5):
        wire.near.send([Free([number])])
    wire.near.cut()
    wire.near.send([Free([99])])
    seen = wire.run()
    assert ("near", "closed") in seen
    far = [what for name, what in seen if name == "far"]
    assert far == [*range(len(far) - 1), "closed"]
    assert not wire.near.open
    assert not wire.far.open


def test_a_closed_link_delivers_what_was_sent():
    wire = Wire()
    wire.near.send([Free([1])])
    wire.far.send([Free([2])])
    wire.near.close()
    wire.far.send([Free([3])])
    wire.near.close()
    assert wire.run() == [("far", 1), ("far", "closed")]


def test_a_silent_link_loses_all_and_is_noticed_late():
    wire = Wire()
    wire.near.send([Free([1])])
    wire.near.silence(8.0)
    wire.far.send([Free([2])])
    assert wire.run(0.05) == []
    assert sorted(wire.run(8.0)) == [("far", "closed"), ("near", "closed")]


def test_a_silent_link_may_be_closed_by_who_gives_up():
    wire = Wire()
    wire.near.silence(8.0)
    wire.near.close()
    assert wire.run() == [("far", "closed")]


def test_a_frozen_process_gets_everything_when_it_thaws():
    wire = Wire()
    wire.two.freeze(2.0)
    wire.two.freeze(9.0)
    wire.two.after(0.5, lambda: wire.seen.append("timer"))
    wire.near.send([Free([1])])
    wire.near.send([Free([2])])
    assert wire.run(1.9) == []
    assert "frozen" in repr(wire.two)
    assert wire.run(0.2) == [("far", 1), ("far", 2), "timer"]
    wire.two.thaw()


def test_a_dead_process_does_nothing():
    wire = Wire()
    wire.two.after(1.0, lambda: wire.seen.append("timer"))
    wire.network.listeners["there"] = wire.two
    wire.far.send([Free([1])])
    wire.two.die()
    seen = wire.run()
    assert seen[-1] == ("near", "closed")
    assert {name for name, _ in seen} == {"near"}
    assert wire.network.listeners == {}
    assert "dead" in repr(wire.two)


def test_what_is_in_flight():
    wire = Wire()
    wire.near.send([Free([1]), Free([2])])
    wire.near.close()
    assert list(wire.far.in_flight()) == [Free([1]), Free([2])]


def ask(wire, address="there"):
    answers = []
    wire.network.rough = False
    wire.network.ask(
        wire.one, address, lambda who: who.name, answers.append, lambda: answers.append(("failed", wire.clock.now))
    )
    return answers


def test_a_request_is_answered_once():
    wire = Wire()
    wire.network.listeners["there"] = wire.two
    answers = ask(wire)
    wire.run()
    assert answers == ["two"]


def test_nobody_listens():
    wire = Wire()
    answers = ask(wire, "nowhere")
    wire.run()
    ((word, when),) = answers
    assert word == "failed"
    assert when < 0.1


def test_a_frozen_peer_is_not_waited_for_for_ever():
    wire = Wire()
    wire.network.listeners["there"] = wire.two
    wire.two.freeze(TIMEOUT_S + 2)
    answers = ask(wire)
    wire.run()
    assert answers == [("failed", TIMEOUT_S)]


def test_a_dead_asker_hears_nothing():
    wire = Wire()
    wire.network.listeners["there"] = wire.two
    answers = ask(wire)
    wire.one.die()
    wire.run()
    assert answers == []


def test_rough_networks_lose_some_requests():
    failed = 0
    for seed in range(100):
        wire = Wire(seed)
        wire.network.listeners["there"] = wire.two
        answers = ask(wire)
        wire.network.rough = True
        wire.run()
        assert len(answers) == 1
        failed += answers != ["two"]
    assert 0 < failed < 20
