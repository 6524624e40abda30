"""No test finds, or makes, the token file of whoever runs it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("MINIDASK_TOKEN", raising=False)
    monkeypatch.delenv("MINIDASK_TOKEN_FILE", raising=False)
    return folder
