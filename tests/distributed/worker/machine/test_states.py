"""The table of states and moves."""

from __future__ import annotations

import inspect

from minidask_distributed.worker.machine import states
from minidask_distributed.worker.machine.states import RUNNING, STATES, TRANSITIONS, diagram


def test_moves_name_states():
    for start, finish in TRANSITIONS:
        assert {start, finish} <= set(STATES)
        assert start != finish
    assert set(STATES) >= RUNNING


def test_every_state_can_be_reached_and_left():
    reached = {"released"}
    while True:
        more = {finish for start, finish in TRANSITIONS if start in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(STATES)
    assert {start for start, _ in TRANSITIONS} == set(STATES) - {"error"}


def test_constants_are_the_states():
    constants = {value for name, value in inspect.getmembers(states) if name.isupper() and isinstance(value, str)}
    assert constants == set(STATES)


def test_diagram():
    text = diagram()
    assert text.startswith("digraph worker {")
    assert text.count("->") == len(TRANSITIONS)
