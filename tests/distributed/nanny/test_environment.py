"""The environment of worker processes: whose word counts."""

import pytest

from minidask import config
from minidask_distributed.nanny.environment import worker_environment


def test_environments(monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "8")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    env = worker_environment({"A": 1, "PATH": None})
    assert env["MKL_NUM_THREADS"] == "8"  # the user's own choice wins over the setting
    assert env["OMP_NUM_THREADS"] == "1"
    assert env["A"] == "1"
    assert "PATH" not in env
    with config.set({"distributed.nanny.environ": {"OMP_NUM_THREADS": 4, "MKL_NUM_THREADS": None}}):
        env = worker_environment()
        assert env["OMP_NUM_THREADS"] == "4"
        assert "MKL_NUM_THREADS" not in env


def test_settings_go_along():
    with config.set({"num_workers": 3}):
        inherited = worker_environment(settings_over={"num_workers": 5})
    assert config.collect_env(inherited)["num_workers"] == 5


def test_names_are_texts():
    with pytest.raises(TypeError, match="env: names of variables are texts, got 3"):
        worker_environment({3: "x"})
