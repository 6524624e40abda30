"""ResourceProfiler: samples during blocks and computations, and that the sampler process always ends."""

import os
import subprocess
import sys
import textwrap
from operator import add

import psutil
import pytest

from minidask.diagnostics import ResourceProfiler
from minidask.schedulers import sync, threads

GRAPH = {"x": 1, "y": (add, "x", 10)}

# Each test starts an interpreter.
pytestmark = pytest.mark.slow


def children():
    return {child.pid for child in psutil.Process().children()}


@pytest.fixture(autouse=True)
def no_process_is_left():
    before = children()
    yield
    assert children() <= before


@pytest.mark.parametrize("get", [sync.get, threads.get])
def test_a_block(get):
    with ResourceProfiler(dt=0.01) as prof:
        assert get(GRAPH, "y") == 11
    assert len(prof.results) >= 2
    assert prof.results[0]._fields == ("time", "mem", "cpu")
    moments = [record.time for record in prof.results]
    assert moments == sorted(moments)
    assert all(record.mem > 1 for record in prof.results)
    assert prof.results[0].cpu == 0


def test_memory_of_tasks_is_seen_even_if_they_keep_the_interpreter_lock():
    def allocate():
        block = bytearray(b"x") * 80_000_000
        sorted(range(1_500_000), key=None)  # one call into C
        return len(block)

    with ResourceProfiler(dt=0.005) as prof:
        sync.get({"x": (allocate,)}, "x")
    memory = [record.mem for record in prof.results]
    assert max(memory) > memory[0] + 70


def test_a_block_begins_anew():
    prof = ResourceProfiler(dt=10)
    for _ in range(2):
        with prof:
            pass
        assert len(prof.results) == 2


def test_registered_samples_only_during_computations():
    prof = ResourceProfiler(dt=10)
    prof.register()
    try:
        assert prof.results == []
        assert prof._sampler is None
        sync.get(GRAPH, "y")
        assert len(prof.results) == 2
        sampler = prof._sampler.process.pid
        sync.get(GRAPH, "y")
        assert len(prof.results) == 4
        assert prof._sampler.process.pid == sampler
    finally:
        prof.unregister()
    assert prof._sampler is None
    prof.clear()
    assert prof.results == []


def test_nested_computations_are_sampled_once():
    with ResourceProfiler(dt=10) as prof:
        sync.get({"x": (lambda: sync.get(GRAPH, "y"),)}, "x")
    assert len(prof.results) == 2


def test_close_and_go_on():
    prof = ResourceProfiler(dt=10)
    prof.register()
    try:
        sync.get(GRAPH, "y")
        prof.close()
        assert prof._sampler is None
        sync.get(GRAPH, "y")
        assert len(prof.results) == 4
    finally:
        prof.unregister()


def test_a_task_that_raises():
    with ResourceProfiler(dt=10) as prof, pytest.raises(ZeroDivisionError):
        sync.get({"x": (divmod, 1, 0)}, "x")
    assert len(prof.results) == 2


def test_a_sampler_that_was_killed():
    def kill():
        prof._sampler.process.kill()
        prof._sampler.process.wait()

    prof = ResourceProfiler(dt=10)
    with pytest.raises(RuntimeError, match="the process that samples memory and CPU has ended"), prof:
        sync.get({"x": (kill,)}, "x")
    with prof:
        sync.get(GRAPH, "y")
    assert len(prof.results) == 2


def test_a_forgotten_profiler_ends_its_sampler():
    prof = ResourceProfiler(dt=10)
    prof.register()
    sync.get(GRAPH, "y")
    process = psutil.Process(prof._sampler.process.pid)
    # What register() does without what unregister() adds: the process ends with the object.
    super(ResourceProfiler, prof).unregister()
    del prof
    assert not process.is_running()


def test_the_sampler_ends_with_a_program_that_is_killed():
    program = """
        import os, signal
        from minidask.diagnostics import ResourceProfiler
        prof = ResourceProfiler()
        with prof:
            print(prof._sampler.process.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=os.getcwd(), check=False
    )
    sampler = int(done.stdout)
    if psutil.pid_exists(sampler):
        process = psutil.Process(sampler)
        gone, _ = psutil.wait_procs([process], timeout=30)
        assert gone or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("dt", [0, -1, float("nan"), float("inf"), "1s", None])
def test_bad_dt(dt):
    with pytest.raises(ValueError, match="dt is the seconds between samples and must be a positive number"):
        ResourceProfiler(dt=dt)


def test_without_psutil():
    program = """
        import sys
        sys.modules["psutil"] = None
        from minidask.diagnostics import ResourceProfiler
        try:
            ResourceProfiler()
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=os.getcwd(), check=False
    )
    assert "pip install minidask[diagnostics]" in done.stdout, done.stderr
