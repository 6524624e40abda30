"""What this process uses."""

from __future__ import annotations

import os
import time

import psutil

from minidask_distributed.scheduler.observing.process import open_files, process_meter


def test_readings():
    meter = process_meter()
    meter()
    begin = time.process_time()
    while time.process_time() - begin < 0.05:
        sum(range(1000))
    reading = meter()
    assert reading.cpu > 1.0
    assert reading.memory > 10_000_000


def test_open_files_are_counted():
    process = psutil.Process()
    before = open_files(process)
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        assert open_files(process) == before + 1
    finally:
        os.close(descriptor)


def test_a_system_that_does_not_say():
    assert open_files(object()) == 0
