"""Tests of `minidask_distributed.settings`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import minidask_distributed
from minidask import config
from minidask.config.sources import collect_env
from minidask.config.tree import lookup
from minidask_distributed import settings
from minidask_distributed.settings import SETTINGS

PACKAGE = Path(minidask_distributed.__file__).parent


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_declarations_are_whole(setting):
    setting.kind.check(setting.default)
    assert setting.name.startswith("distributed.")
    assert setting.name == setting.name.lower()
    assert setting.doc.endswith(".")
    assert setting.kind.description


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_variable_of_the_environment_leads_back_to_the_setting(setting):
    found = lookup(collect_env({setting.environment_variable: str(setting.default)}), setting.path)
    assert found == setting.default
    assert type(found) is type(setting.default)


def test_names_are_unique_and_sorted():
    names = [setting.name for setting in SETTINGS]
    assert names == sorted(set(names))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_is_declared_is_read_somewhere(setting):
    name = setting.name.removeprefix("distributed.")
    if name.startswith("comm.tls.") and name.endswith((".cert", ".key")):
        name = "comm.tls.{role}"
    readers = [path for path in PACKAGE.rglob("*.py") if path.name != "settings.py" and name in path.read_text("utf-8")]
    assert readers, f"nothing reads {setting.name}: take its declaration away"


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("scheduler.allowed-failures", -1, ValueError, "a whole number of at least 0"),
        ("scheduler.allowed-failures", 1.5, TypeError, "a whole number of at least 0"),
        ("scheduler.allowed-failures", True, TypeError, "a whole number of at least 0"),
        ("worker.memory.target", 1.5, ValueError, "a fraction of the memory limit"),
        ("worker.memory.target", 0, ValueError, "a fraction of the memory limit"),
        ("worker.memory.target", "60%", TypeError, "a fraction of the memory limit"),
        ("worker.memory.target", True, TypeError, "a fraction of the memory limit"),
        ("scheduler.blocked-handlers", "restart", TypeError, "a list of texts"),
        ("scheduler.blocked-handlers", [1], TypeError, "a list of texts"),
        ("worker.resources", {"GPU": "2"}, TypeError, "a mapping of names to numbers"),
        ("worker.resources", {"GPU": -2}, ValueError, "a mapping of names to numbers"),
        ("nanny.environ", {"A": [1]}, TypeError, "a mapping of names of variables"),
        ("nanny.environ", [("A", 1)], TypeError, "a mapping of names of variables"),
        ("comm.tls.min-version", 1.1, ValueError, "1.2 or 1.3"),
        ("comm.tls.min-version", "1.2", TypeError, "1.2 or 1.3"),
        ("comm.compression", True, ValueError, "one of 'auto', 'lz4', 'zstd', 'none'"),
        ("comm.compression", "gzip", ValueError, "one of 'auto', 'lz4', 'zstd', 'none'"),
        ("scheduler.worker-ttl", "soon", ValueError, "a span of time"),
    ],
)
def test_values_of_another_kind(name, value, error, text):
    with pytest.raises(error, match=f"distributed.{name}.*{text}"):
        config.set({f"distributed.{name}": value})


def test_a_misspelt_setting_is_warned_of():
    with pytest.warns(UserWarning, match=r"did you mean 'distributed\.scheduler\.allowed-failures'"):
        with config.set({"distributed.scheduler.allowed-failure": 1}):
            assert settings.get("scheduler.allowed-failures") == 3


def test_values_in_the_units_of_the_code():
    with config.set({"distributed.scheduler.worker-ttl": "2 minutes", "distributed.scheduler.bandwidth": "1 kB"}):
        assert settings.seconds("scheduler.worker-ttl") == 120.0
        assert settings.size("scheduler.bandwidth") == 1000
    assert settings.seconds("scheduler.worker-ttl", timedelta(seconds=3)) == 3.0
    assert settings.some_seconds("scheduler.idle-timeout") is None
    assert settings.size("worker.memory.max-spill") == 0
    assert settings.size("worker.memory.max-spill", "1 kB") == 1000
    assert settings.texts("scheduler.preload", ["a", "b"]) == ["a", "b"]
    with config.set({"distributed.scheduler.preload": "one_module"}):
        assert settings.texts("scheduler.preload") == ["one_module"]


def test_values_that_can_not_be_had():
    with pytest.raises(KeyError, match=r"did you mean 'distributed\.scheduler\.worker-ttl'"):
        settings.get("scheduler.worker-tt")
    with pytest.raises(ValueError, match=r"'distributed\.scheduler\.idle-timeout' is None"):
        settings.seconds("scheduler.idle-timeout")
    with pytest.raises(ValueError, match="span of time"):
        settings.seconds("scheduler.worker-ttl", "soon")


def test_a_mapping_is_one_value():
    with config.set({"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 4, "A": None}}):
        assert settings.get("nanny.pre-spawn-environ") == {"OMP_NUM_THREADS": 4, "A": None}
    assert settings.get("nanny.pre-spawn-environ")["OMP_NUM_THREADS"] == 1
