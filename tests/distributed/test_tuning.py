"""Tuning, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CODE = """
import gc, json, sys
before = gc.get_freeze_count()
from minidask_distributed.tuning import tune_process
tune_process()
print(json.dumps([sys.getswitchinterval(), gc.get_threshold(), before, gc.get_freeze_count()]))
"""


@pytest.mark.slow
def test_tune_process():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    interval, thresholds, before, frozen = json.loads(done.stdout)
    assert interval == pytest.approx(2e-4)
    assert thresholds == [50_000, 20, 100]
    assert before == 0 < frozen
