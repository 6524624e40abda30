"""The sampler program: what it measures, its protocol, and that it ends with its parent."""

import os
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from minidask.diagnostics import sampler

SAMPLER = sampler.__file__


@pytest.fixture
def program():
    process = subprocess.Popen(
        [sys.executable, SAMPLER, str(os.getpid()), "0.01"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        assert process.wait(30) == 0


def ask(process, command):
    process.stdin.write(command + "\n")
    process.stdin.flush()


def samples(process):
    ask(process, "stop")
    lines = list(iter(process.stdout.readline, "end\n"))
    return [tuple(map(float, line.split())) for line in lines]


@pytest.mark.slow
def test_protocol(program):
    for _ in range(2):
        ask(program, "start")
        assert program.stdout.readline() == "started\n"
        taken = samples(program)
        assert len(taken) >= 2
        moments = [moment for moment, _, _ in taken]
        assert moments == sorted(moments)
        assert abs(moments[-1] - time.time()) < 30
        assert all(memory_mb > 1 for _, memory_mb, _ in taken)
        assert taken[0][2] == 0


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.slow
def test_cpu_of_this_process():
    meter = sampler.TreeMeter(os.getpid(), set())
    begin = time.time()
    before = time.process_time()
    burn(0.2)
    now, _, percent = meter.measure(time.time())
    used = time.process_time() - before
    # The kernel counts in ticks of 10 ms.
    assert percent == pytest.approx(100 * used / (now - begin), abs=15, rel=0.25)


@pytest.mark.slow
def test_children_count_while_they_live_and_after_they_were_reaped():
    hungry = """
        import sys, time
        data = bytearray(b"x") * 60_000_000
        end = time.process_time() + 0.2
        while time.process_time() < end: pass
        print("fed", flush=True)
        sys.stdin.read()
    """
    meter = sampler.TreeMeter(os.getpid(), set())
    _, alone_mb, _ = meter.measure(time.time())
    begin = time.time()
    meter.reset(begin)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(hungry)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "fed\n"
        now, memory_mb, percent = meter.measure(time.time())
        assert memory_mb > alone_mb + 55
        assert percent * (now - begin) / 100 > 0.15
        excluding = sampler.TreeMeter(os.getpid(), {child.pid})
        assert excluding.measure(time.time())[1] < alone_mb + 30
        meter.reset(begin)
        before = meter.marked_cpu_s
    assert meter._totals()[1] >= before - 0.02


def test_intervals_too_short_to_divide_by_keep_the_last_percentage():
    meter = sampler.TreeMeter(os.getpid(), set())
    meter.percent = 42.0
    _, _, percent = meter.measure(meter.marked_at + sampler.CPU_INTERVAL_S / 2)
    assert percent == 42.0


def test_a_process_that_is_gone():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(psutil.NoSuchProcess):
        sampler.TreeMeter(process.pid, set())


@pytest.mark.slow
def test_ends_when_its_input_ends_though_interrupted(program):
    psutil.Process(program.pid).send_signal(2)
    ask(program, "start")
    assert program.stdout.readline() == "started\n"
