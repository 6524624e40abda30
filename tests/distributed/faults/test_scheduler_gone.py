"""Schedulers that are killed, closed or frozen in the middle of a computation, and those that come back."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import cloudpickle
import pytest

from minidask.delayed import delayed
from minidask_distributed.client.as_completed import as_completed
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureLostError
from minidask_distributed.client.waiting import wait
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.security import Security
from tests.distributed.faults.stage import (
    PATIENCE_S,
    TOKEN,
    Gate,
    Program,
    address_of,
    is_running,
    scheduler_program,
    scratch,
    until,
    within,
    worker_program,
)

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def inc(x):
    return x + 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs; whatever of them is left is killed."""
    programs: list[Program] = []

    def add(program: Program) -> Program:
        programs.append(program)
        return program

    yield add
    for program in reversed(programs):
        program.__exit__()


def connect(address: str, timeout_s: float = 5) -> Client:
    return Client(address, security=Security(token=TOKEN), timeout=timeout_s)


# A worker that waits for a scheduler for 3 s must have begun by then, too.
@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_scheduler_that_ends_during_a_computation(start, tmp_path: Path, gate: Gate, number: signal.Signals):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    workers = {
        "stays": start(worker_program(tmp_path, address, "--name", "stays")),
        "patient": start(worker_program(tmp_path, address, "--name", "patient", "--death-timeout", "3s")),
        "leaves": start(worker_program(tmp_path, address, "--name", "leaves", "--no-reconnect")),
        "bare": start(worker_program(tmp_path, address, "--name", "bare", "--no-nanny", "--no-reconnect")),
    }
    with connect(address, 2) as client:
        client.wait_for_workers(4, timeout=PATIENCE_S)
        done = client.submit(inc, 1)
        assert done.result(PATIENCE_S) == 2
        held = client.submit(bytes, 1_000_000)
        wait(held, timeout=PATIENCE_S)
        running = client.submit(gate, workers=["stays"])
        gate.until_begun()
        waiting = client.map(inc, range(100, 200), workers=["stays"])
        scheduler.signal(number)
        if number == signal.SIGKILL:
            reason = f"the connection to the scheduler at {address} was lost"
        else:
            reason = f"the scheduler at {address} ended the session: SIGTERM"
        with within(3):
            with pytest.raises(FutureLostError, match=f"{re.escape(running.key)}' has no result: {reason}"):
                running.result(PATIENCE_S)
            with pytest.raises(OSError, match=reason):
                client.gather(waiting)
            with pytest.raises(CancelledError, match=reason):
                client.gather(held)
            with pytest.raises(FutureLostError, match=reason):
                [future.result() for future in as_completed(waiting)]
            assert wait(waiting, timeout=1).not_done == set()
            assert {future.status for future in waiting} == {"lost"}
            # What is here already isn't lost.
            assert done.result(PATIENCE_S) == 2
        late = None
        if number == signal.SIGKILL:
            # It may come back: what is submitted waits for it, as long as connecting may take.
            late = client.submit(inc, 5)
            final = f"{reason}.* and couldn't be made again within 2 s: nothing listens there; make a new Client"
            with within(4), pytest.raises(FutureLostError, match=final):
                late.result(PATIENCE_S)
        with within(3):
            for action in (
                lambda: client.submit(inc, 2),
                lambda: client.map(inc, range(3)),
                lambda: client.scatter(5),
                lambda: client.scheduler_info(),
                lambda: client.run(inc, 1),
                lambda: delayed(inc)(1).compute(),
                lambda: client.persist(delayed(inc)(1)),
            ):
                with pytest.raises(CommClosedError, match=reason):
                    action()
    # With --no-reconnect they go at once, with --death-timeout after that; the others do as they are told.
    if number == signal.SIGKILL:
        with within(10):
            for name in ("leaves", "bare", "patient"):
                assert workers[name].wait() == 1, workers[name].output
        assert "the scheduler closed the connection" in workers["leaves"].output
        assert "couldn't be reached for 3 s" in workers["patient"].output
        assert is_running(workers["stays"].process.pid)
        workers["stays"].signal(signal.SIGTERM)
    gate.let_on()
    with within(10):
        for name, program in workers.items():
            program.wait()
            assert program.process.returncode == (1 if number == signal.SIGKILL and name != "stays" else 0), (
                program.output
            )
    assert not scratch(tmp_path)


def test_a_scheduler_that_comes_back(start, tmp_path: Path, gate: Gate):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    port = int(address.rpartition(":")[2])
    for name, flags in (("alice", ("--nanny",)), ("bob", ("--no-nanny",))):
        start(worker_program(tmp_path, address, "--name", name, *flags))
    with connect(address) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        held = client.map(bytes, [100_000] * 4, pure=False)
        wait(held, timeout=PATIENCE_S)
        running = client.submit(gate, "old", workers=["alice"])
        gate.until_begun()
        pids = client.run(pid_of_process)
        scheduler.signal(signal.SIGKILL)
        scheduler.wait()
        with pytest.raises(FutureLostError):
            running.result(PATIENCE_S)
    start(scheduler_program(tmp_path, port=port))
    with within(10), connect(address) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        # They are the same processes; what ran for nobody any more gives its thread back when it ends.
        assert client.run(pid_of_process) == pids
        assert not client.has_what() or not any(client.has_what().values())
        gate.let_on()
        assert client.gather(client.map(inc, range(100))) == list(range(1, 101))
        assert client.submit(inc, 1, workers=["alice"]).result(PATIENCE_S) == 2
        total = client.submit(sum, client.map(inc, range(10)))
        assert total.result(PATIENCE_S) == 55
        # The nanny comes back, too.
        until(lambda: len(client.run(pid_of_process, nanny=True)) == 1)
        again = client.submit(gate, "new", workers=["alice"])
        gate.until_begun()
        client.restart_workers(["alice"], timeout=PATIENCE_S)
        gate.until_begun()
        gate.let_on()
        assert again.result(PATIENCE_S) == "new"


def pid_of_process():
    import os

    return os.getpid()


def test_a_client_finds_a_scheduler_that_comes_back(start, tmp_path: Path, gate: Gate):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    start(worker_program(tmp_path, address, "--name", "alice", "--no-nanny"))
    with connect(address, PATIENCE_S) as client:
        assert client.submit(inc, 1).result(PATIENCE_S) == 2
        running = client.submit(gate)
        gate.until_begun()
        scheduler.signal(signal.SIGKILL)
        scheduler.wait()
        with pytest.raises(FutureLostError):
            running.result(PATIENCE_S)
        waiting = client.map(inc, range(10))
        start(scheduler_program(tmp_path, port=int(address.rpartition(":")[2])))
        gate.let_on()
        with within(15):
            assert client.gather(waiting) == list(range(1, 11))
            assert delayed(inc)(1).compute() == 2
            assert list(client.scheduler_info()["workers"].values())[0]["name"] == "alice"


def test_a_client_does_not_trust_another_scheduler_in_its_place(start, tmp_path: Path):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    with connect(address, PATIENCE_S) as client:
        scheduler.signal(signal.SIGKILL)
        scheduler.wait()
        start(scheduler_program(tmp_path, port=int(address.rpartition(":")[2]), MINIDASK_TOKEN="bad0" * 16))
        with within(10), pytest.raises(FutureLostError, match=r"was lost.* and couldn't be made again: .*token"):
            client.submit(inc, 1).result(PATIENCE_S)
        with pytest.raises(CommClosedError):
            client.submit(inc, 1)


def test_a_scheduler_with_another_token_is_not_served(start, tmp_path: Path):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    worker = start(worker_program(tmp_path, address, "--name", "alice"))
    worker.until_said("its scheduler is")
    scheduler.signal(signal.SIGKILL)
    scheduler.wait()
    start(scheduler_program(tmp_path, port=int(address.rpartition(":")[2]), MINIDASK_TOKEN="bad0" * 16))
    with within(10):
        assert worker.wait() == 1
    assert "token" in worker.output
    assert not scratch(tmp_path)


def test_a_frozen_scheduler_keeps_nobody_longer_than_asked(start, tmp_path: Path):
    scheduler = start(scheduler_program(tmp_path))
    address = address_of(scheduler)
    start(worker_program(tmp_path, address))
    with connect(address) as client:
        client.wait_for_workers(1, timeout=PATIENCE_S)
        scheduler.signal(signal.SIGSTOP)
        future = client.submit(inc, 1)
        with within(2), pytest.raises(TimeoutError, match=r"isn't done after 0\.2 s"):
            future.result(timeout=0.2)
        with within(2), pytest.raises(TimeoutError, match=f"took the connection|{address}"):
            Client(address, security=Security(token=TOKEN), timeout=0.5)
        scheduler.signal(signal.SIGCONT)
        assert future.result(PATIENCE_S) == 2
        scheduler.signal(signal.SIGSTOP)
        with within(8):
            client.close()
        scheduler.signal(signal.SIGCONT)
    with connect(address) as client:
        until(lambda: len(client.scheduler_info()["workers"]) == 1)
        assert client.submit(inc, 1).result(PATIENCE_S) == 2
