"""The profilers' clock."""

import time

from minidask.diagnostics.clock import clock


def test_seconds_since_the_epoch_that_never_run_backwards():
    moments = [clock() for _ in range(1000)]
    assert moments == sorted(moments)
    assert abs(moments[-1] - time.time()) < 5
