"""The log of moves: bounded, with the stimulus of each move."""

from __future__ import annotations

from minidask_distributed.scheduler.machine.log import MoveLog


def test_moves_belong_to_the_stimulus_before_them():
    log = MoveLog(limit=100)
    for now, name in enumerate(["first", "empty", "second"]):
        log.stimulus(name, float(now))
        if name != "empty":
            log.tasks.append(now)
            log.moves.append(0 << 4 | 1)
    assert [(task, name) for task, _, _, name, _ in log.story()] == [(0, "first"), (2, "second")]
    assert list(log.story({2})) == [(2, "released", "waiting", "second", 2.0)]
    # A stimulus that moved nothing isn't kept.
    assert len(log.stimuli) == 2


def test_old_moves_go_and_the_rest_keep_their_stimuli():
    log = MoveLog(limit=10)
    for at in range(100):
        log.stimulus(f"s{at}", float(at))
        log.tasks.append(at)
        log.moves.append(0 << 4 | 1)
    assert 10 <= len(log) <= 21
    assert all(name == f"s{task}" for task, _, _, name, _ in log.story())
    assert len(log.stimuli) <= 22
    assert log.dropped + len(log) == 100


def test_an_empty_log():
    assert list(MoveLog(5).story()) == []
