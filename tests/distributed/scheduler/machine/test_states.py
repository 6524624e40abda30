"""The table of moves: complete for what random lives do, nothing impossible in it."""

from __future__ import annotations

from minidask_distributed.scheduler.machine.states import (
    FORGOTTEN,
    MEANINGS,
    NAMES,
    RELEASED,
    TRANSITIONS,
    diagram,
    name_of,
)


def test_every_state_has_a_name_a_meaning_and_a_way_in():
    assert set(MEANINGS) | {FORGOTTEN} == set(range(len(NAMES)))
    ends = {finish for _, finish in TRANSITIONS}
    assert ends == set(range(len(NAMES)))
    assert {name_of(state) for state in MEANINGS} == set(NAMES)


def test_nothing_leaves_the_forgotten_and_no_move_stays():
    assert all(start not in (FORGOTTEN, finish) for start, finish in TRANSITIONS)
    assert (RELEASED, FORGOTTEN) in TRANSITIONS


def test_the_diagram_shows_every_move():
    text = diagram()
    assert text.count("->") == len(TRANSITIONS)
    assert "no_worker -> queued" in text
