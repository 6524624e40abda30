"""What the shell is asked to do."""

from __future__ import annotations

import dataclasses

import pytest

from minidask_distributed.worker.machine.instructions import Abandon, Fetch, Interrupt, Keep
from minidask_distributed.worker.machine.records import Task


@pytest.mark.parametrize(
    "instruction",
    [
        Fetch(1, 2, "tcp://two:2", [3], 4),
        Abandon(1, 2, "tcp://two:2"),
        Interrupt(Task(1, "x"), "why"),
        Keep([1], [b""]),
    ],
)
def test_instructions_do_not_change(instruction):
    name = dataclasses.fields(instruction)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(instruction, name, None)
    assert instruction == dataclasses.replace(instruction)
