"""The command that makes the guide's pictures."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("playwright")

SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "screenshots.py"
IMAGES = SOURCE.parents[1] / "images"


def run(*arguments):
    command = [sys.executable, str(SOURCE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.network
def test_a_picture(needs_program, tmp_path):
    needs_program("chromium")
    done = run("workers", "--workers", 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    [picture] = tmp_path.iterdir()
    content = picture.read_bytes()
    assert picture.name == "dashboard-workers.png"
    assert struct.unpack(">II", content[16:24]) == (1500, 660)
    assert len(content) > 10_000


@pytest.mark.slow
def test_other_pages_are_refused():
    done = run("nix")
    assert done.returncode == 2
    assert "not of 'nix'" in done.stderr


def test_the_guide_shows_pictures_that_are_there_and_small():
    for page in ("dashboard", "dashboard_plots"):
        text = (SOURCE.parents[1] / f"{page}.rst").read_text(encoding="utf-8")
        names = [line.split()[-1] for line in text.splitlines() if line.startswith(".. image::")]
        assert names
        for name in names:
            assert (SOURCE.parents[1] / name).stat().st_size < 300_000
