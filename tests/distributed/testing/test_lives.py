"""Random lives: the seeds that always run, and more of them when asked for."""

from __future__ import annotations

import pytest

from minidask_distributed.testing import lives
from minidask_distributed.testing.lives import Life, SimulationError, main

BLOCK = 25


@pytest.mark.slow
@pytest.mark.parametrize("block", range(12))
def test_short_lives(block):
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        Life(seed).live()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_longer_lives(seed):
    Life(seed, acts=150).live()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "acts"), [(1194, 40), (10408, 200), (11436, 200), (30751, 60)])
def test_lives_that_once_went_wrong(seed, acts):
    Life(seed, acts=acts).live()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(40))
def test_many_lives(block):
    for seed in range(10_000 + block * 100, 10_000 + (block + 1) * 100):
        Life(seed, acts=40 if seed % 4 else 200).live()


def break_at(monkeypatch, seed):
    real = Life._calm

    def calm(life):
        real(life)
        assert life.seed != seed, "something is wrong"

    monkeypatch.setattr(Life, "_calm", calm)


def test_a_failure_says_how_to_replay_it(monkeypatch):
    break_at(monkeypatch, 5)
    with pytest.raises(SimulationError) as caught:
        Life(5, acts=3).live()
    text = str(caught.value)
    assert "seed 5, 3 acts" in text
    assert "AssertionError: something is wrong" in text
    assert "python -m minidask_distributed.testing.lives --seed 5 --acts 3 --verbose" in text


def test_the_program(capsys, monkeypatch):
    assert main(["--seed", "4", "--count", "2", "--acts", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["seed 4", "seed 5"]
    break_at(monkeypatch, 5)
    assert main(["--seed", "4", "--count", "2", "--acts", "5"]) == 1
    captured = capsys.readouterr()
    assert "seed 4:" in captured.out
    assert "seed 5, 5 acts" in captured.err
    with pytest.raises(SimulationError):
        main(["--seed", "5", "--acts", "5", "--verbose"])


def test_a_life_without_end_is_noticed(monkeypatch):
    monkeypatch.setattr(lives, "MOST_EVENTS", 50)
    with pytest.raises(SimulationError, match="50 events, and no end"):
        Life(1).live()
