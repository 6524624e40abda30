"""Bytes by shuffle are counted, for the last shuffles."""

from __future__ import annotations

from minidask_distributed.shuffle.tally import MOST, Tally


def test_the_last_shuffles_are_known():
    tally = Tally()
    for at in range(MOST):
        tally.add(f"s-{at}", split=at)
    tally.add("s-0", spilled=5)
    tally.add("one-more", fetched=7)
    told = tally.told()
    assert len(told) == MOST
    # The one that wasn't used for longest is forgotten.
    assert told[0] == ["s-2", 2, 0, 0]
    assert told[-2:] == [["s-0", 0, 0, 5], ["one-more", 0, 7, 0]]
