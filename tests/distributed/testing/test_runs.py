"""Slots of a simulated worker."""

from __future__ import annotations

import pytest

from minidask_distributed.testing.runs import Loaded, Run, Slots, failure_of
from minidask_distributed.worker.machine import Task


def test_a_slot_is_taken_and_given_back_once():
    slots = Slots(1)
    run = Run(Task(1, "x"), slots.take("default"), [], 0.0)
    assert slots.free == {"default": [], "side": [0]}
    slots.give_back(run)
    slots.give_back(run)
    assert slots.free == {"default": [0], "side": [0]}


def test_a_slot_that_is_free_cannot_be_given_back():
    slots = Slots(1)
    with pytest.raises(AssertionError, match="two tasks run in slot 0 of 'default'"):
        slots.give_back(Run(Task(1, "x"), ("default", 0), [], 0.0))


def test_what_may_be_read():
    assert Loaded("sum").name == "sum"
    assert (failure_of("no")["text"], failure_of("no")["kind"]) == ("no", "raised")
