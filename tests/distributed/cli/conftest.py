"""Commands that run in the tests' own process must not tune it."""

from __future__ import annotations

import pytest

from minidask_distributed.cli import scheduler, worker


@pytest.fixture(autouse=True)
def untuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of their own are tuned, and `tests/distributed/test_tuning.py` looks at one."""
    for module in (scheduler, worker):
        monkeypatch.setattr(module, "tune_process", lambda: None)
