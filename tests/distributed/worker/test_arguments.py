"""What a worker may be made with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from minidask import config
from minidask_distributed.worker.arguments import (
    Bounds,
    Place,
    executor_threads,
    memory_limit_bytes,
    positive,
    processors,
)

TOTAL = psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, 0),
        (0, 0),
        ("0", 0),
        (123, 123),
        (1e9, 10**9),
        ("1 kB", 1000),
        ("1 GiB", 2**30),
        (0.5, int(TOTAL * 0.5)),
        (1.0, TOTAL),
        ("auto", TOTAL),
    ],
)
def test_memory_limit(limit, expected):
    assert memory_limit_bytes(limit, processors()) == expected


def test_memory_limit_auto_is_the_share_of_the_threads():
    assert memory_limit_bytes("auto", 1) == int(TOTAL / processors())
    assert memory_limit_bytes("auto", 1000) == TOTAL


@pytest.mark.parametrize(
    ("limit", "error", "text"),
    [
        (True, TypeError, "memory_limit must be bytes, a text, a fraction or None, got bool"),
        ([1], TypeError, "got list"),
        (-1, ValueError, "memory_limit must be at least 0"),
        ("much", ValueError, "much"),
    ],
)
def test_memory_limit_makes_no_sense(limit, error, text):
    with pytest.raises(error, match=text):
        memory_limit_bytes(limit, 1)


@pytest.mark.parametrize(("value", "error"), [(True, TypeError), (1.0, TypeError), ("1", TypeError), (-1, ValueError)])
def test_positive(value, error):
    with pytest.raises(error, match="nthreads must be"):
        positive("nthreads", value)
    assert positive("nthreads", 3) == 3


def test_executor_threads():
    with ThreadPoolExecutor(3) as pool:
        assert executor_threads("x", pool) == 3
    assert executor_threads("x", 2) == 2
    with pytest.raises(
        TypeError, match=r"executor\['x'\] must be a concurrent.futures.Executor or a number of threads"
    ):
        executor_threads("x", "threads")
    with pytest.raises(ValueError, match=r"executor\['x'\] must be at least 1, got 0"):
        executor_threads("x", 0)


class TestPlace:
    @pytest.mark.parametrize(
        ("scheduler", "arguments", "towards", "expected"),
        [
            ("tcp://127.0.0.1:8786", {}, "tcp://127.0.0.1:5000", "tcp://127.0.0.1:0"),
            ("tcp://10.0.0.1:8786", {}, "tcp://10.0.0.9:5000", "tcp://10.0.0.9:0"),
            ("tls://10.0.0.1:8786", {"port": 99}, "tls://10.0.0.9:5000", "tls://10.0.0.9:99"),
            ("tcp://[::1]:8786", {}, "tcp://[::1]:5000", "tcp://[::1]:0"),
            ("tcp://10.0.0.1:8786", {"host": "0.0.0.0"}, "tcp://10.0.0.9:5000", "tcp://0.0.0.0:0"),
            ("tcp://10.0.0.1:8786", {"host": "tls://h", "port": 1}, "tcp://10.0.0.9:5000", "tls://h:1"),
            ("tcp://10.0.0.1:8786", {"interface": "lo"}, "tcp://10.0.0.9:5000", "tcp://:0"),
            ("tcp://10.0.0.1:8786", {"listen_address": "tcp://x:1"}, "tcp://10.0.0.9:5000", "tcp://x:1"),
            ("tcp://10.0.0.1:8786", {"protocol": "inproc://"}, "tcp://10.0.0.9:5000", "inproc://"),
            ("inproc://1/2", {}, "inproc://1/3", "inproc://"),
            ("inproc://1/2", {"protocol": "tcp"}, "inproc://1/3", "tcp://:0"),
        ],
    )
    def test_where_to_listen(self, scheduler, arguments, towards, expected):
        assert Place.of(scheduler, **arguments).address(towards) == expected

    def test_contradiction(self):
        with pytest.raises(ValueError, match="listen_address says all that host, port, interface and protocol do"):
            Place.of("tcp://h:1", listen_address="tcp://x:1", port=1)

    def test_no_address(self):
        with pytest.raises(TypeError, match="scheduler_address must be a text like 'tcp://host:8786', got None"):
            Place.of(None)


class TestBounds:
    def test_defaults(self):
        bounds = Bounds.of(None, 1000, None, None, None)
        assert (bounds.nthreads, bounds.memory_limit, bounds.resources) == (processors(), 1000, {})
        assert (bounds.fetch_bytes, bounds.policy.target_bytes, bounds.death_timeout_s) == (100, 600, None)

    def test_without_a_limit(self):
        bounds = Bounds.of(1, None, None, None, None)
        assert bounds.fetch_bytes == 1 << 62
        assert bounds.policy.target_bytes is None

    def test_settings_and_arguments_over_them(self):
        with config.set({"distributed.worker.resources": {"GPU": 2}, "distributed.worker.validate": True}):
            bounds = Bounds.of(1, 0, None, "1 minute", None)
            assert (bounds.resources, bounds.validate, bounds.death_timeout_s) == ({"GPU": 2.0}, True, 60.0)
            bounds = Bounds.of(1, 0, {"X": 1}, None, False)
            assert (bounds.resources, bounds.validate) == ({"X": 1.0}, False)
        assert bounds.look_s == 0.001
        with config.set({"distributed.worker.look-time": "20 us"}):
            assert Bounds.of(1, 0, None, None, None).look_s == 2e-5

    @pytest.mark.parametrize(
        ("resources", "error", "text"),
        [
            ("GPU=1", TypeError, "resources must be a mapping of names to numbers, got str"),
            ({"GPU": "1"}, TypeError, "resources must map names to numbers, got 'GPU': '1'"),
            ({1: 1}, TypeError, "resources must map names to numbers, got 1: 1"),
            ({"GPU": -1}, ValueError, r"resources\['GPU'\] must be at least 0, got -1"),
        ],
    )
    def test_resources_make_no_sense(self, resources, error, text):
        with pytest.raises(error, match=text):
            Bounds.of(1, 0, resources, None, None)
