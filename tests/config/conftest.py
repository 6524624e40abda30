"""Give every test of the settings a process that nobody has configured, and leave none of its traces."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest

import minidask
from minidask import config
from minidask.config.change import forget_writers
from minidask.config.schema import SCHEMA, Schema
from minidask.config.settings import RESERVED, SETTINGS


def refill(schema):
    """Give the schema of the process this content; its containers are shared with other modules and stay."""
    for name, value in schema.items():
        container = getattr(SCHEMA, name)
        container.clear()
        container.extend(value) if isinstance(container, list) else container.update(value)


@pytest.fixture(autouse=True)
def pristine():
    before = copy.copy(config.global_config)
    defaults = list(config.defaults)
    schema = {name: copy.copy(value) for name, value in vars(SCHEMA).items()}
    # Other tests may have imported packages that declare settings of their own.
    refill(vars(Schema(SETTINGS, RESERVED)))
    config.defaults[:] = [SCHEMA.defaults()]
    config.refresh(paths=[], env={})
    yield
    config.defaults[:] = defaults
    refill(schema)
    config.global_config.clear()
    config.global_config.update(before)
    forget_writers()


@pytest.fixture
def run_python():
    """Run code in a new interpreter with just these MINIDASK_ variables; return what it printed."""

    def run(code: str, **env: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MINIDASK_")}
        kept["PYTHONPATH"] = str(Path(minidask.__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-c", code], env={**kept, **env}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
