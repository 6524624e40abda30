"""Tests of `minidask_distributed.scheduler.peers`."""

from __future__ import annotations

from minidask_distributed import messages
from minidask_distributed.messages import KINDS, Free, Upload
from minidask_distributed.scheduler.peers import OPENERS, SPOKEN, describe
from tests.distributed.scheduler.scripted import upload


def test_every_message_to_the_scheduler_belongs_to_one_role():
    to_scheduler = {kind for kind in KINDS.values() if kind.RECEIVER == "scheduler"}
    said = [*OPENERS.values(), *(kind for kinds in SPOKEN.values() for kind in kinds)]
    assert set(said) == to_scheduler
    assert len(said) == len(to_scheduler)


def test_an_opener_is_said_once():
    for role, opener in OPENERS.items():
        assert opener not in SPOKEN[role]
    assert SPOKEN["rpc"] == frozenset()
    assert Upload in SPOKEN["client"]
    assert messages.WorkerDied in SPOKEN["nanny"]


def test_descriptions_are_short():
    assert describe(Free([1, 2])) == "Free(tasks=[1, 2])"
    large = upload(*[f"a-long-key-{number}" for number in range(10_000)], literals=[b"x" * 10_000] * 10_000)
    text = describe(large)
    assert text.startswith("Upload(submission=0, first=0, announced=10000")
    assert len(text) < 2500
    assert len(describe("x" * 10_000)) < 100
