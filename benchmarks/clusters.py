"""Start the clusters of each library alike, for ``bench_cluster``, ``bench_overhead`` and ``bench_transfer``.

Place: the files ``bench_*.py`` say what is done on a cluster and how it is measured; here is how one is made, and how it
ends. Libraries are imported by the functions alone, so that a process imports only the one that it measures.

`FAMILY` names those that share an interface: minidask, distributed as it comes, and distributed in its best setting for
short tasks (``worker-saturation: inf``: it then queues tasks at the workers). Each has two workers with one thread each.
"""

from __future__ import annotations

import importlib
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

__all__ = ["FAMILY", "Apart", "Counted", "apart", "count_messages", "local", "package", "pool", "ray"]

BEST = "distributed-inf"
FAMILY = ("minidask", "distributed", BEST)
ROOT = Path(__file__).parent.parent

STARTING_S = 60  # a loaded machine takes several seconds for three interpreters
ENDING_S = 20
RAY_STORE_BYTES = 2_000_000_000


def package(library: str) -> Any:
    """Import the one of `FAMILY`; return the module with its `Client` and `LocalCluster`."""
    return importlib.import_module("minidask.distributed" if library == "minidask" else "distributed")


@contextmanager
def settings(library: str) -> Iterator[None]:
    """Have the best setting in force where it is asked for."""
    if library != BEST:
        yield
        return
    import dask

    with dask.config.set({"distributed.scheduler.worker-saturation": math.inf}):
        yield


def make_local(library: str, processes: bool, dashboard: str | None = None) -> Any:
    """Return a `LocalCluster` of one of `FAMILY`, with two workers of one thread."""
    return package(library).LocalCluster(
        n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=dashboard
    )


@contextmanager
def local(library: str, processes: bool = True) -> Iterator[Any]:
    """Give a client of a `LocalCluster` of one of `FAMILY`: the scheduler runs in this process, as users have it."""
    # A dashboard's port of its own, since clusters of both settings are there at a time.
    with settings(library), make_local(library, processes, ":0") as cluster, package(library).Client(cluster) as client:
        yield client


@dataclass
class Apart:
    """A cluster whose scheduler and workers are processes that can be looked at.

    Attributes
    ----------
    client : Client
        In this process.
    scheduler : psutil.Process
    workers : list of psutil.Process
        Without nannies.
    """

    client: Any
    scheduler: Any
    workers: list[Any]


@contextmanager
def apart(library: str, n_workers: int = 2, dashboard: bool = True) -> Iterator[Apart]:
    """Start one of `FAMILY` by its command lines; minidask with a dashboard or without."""
    import psutil

    with ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "scheduler.json"
        if library == "minidask":
            scheduler, worker = ["minidask_distributed.cli.scheduler"], ["minidask_distributed.cli.worker"]
            quiet = ["--log-level", "warning"]
        else:
            scheduler, worker = ["dask", "scheduler"], ["dask", "worker"]
            quiet = ["--no-dashboard", "--dashboard-address", ":0"]
        environment = os.environ | {"DASK_LOGGING__DISTRIBUTED": "warning", "MINIDASK_TOKEN": token_hex(32)}
        if library == BEST:
            environment["DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION"] = "inf"

        def start(command: list[str], *options: str) -> Any:
            arguments = [sys.executable, "-m", *command, "--scheduler-file", str(file), *options, *quiet]
            process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=sys.stderr)
            stack.callback(end, process)
            return psutil.Process(process.pid)

        first = start(scheduler, "--port", "0", *([] if dashboard or library != "minidask" else ["--no-dashboard"]))
        # Workers that come before the scheduler has written its file wait for it.
        others = [start(worker, "--nthreads", "1", "--no-nanny") for _ in range(n_workers)]
        wait_for(file, first)
        with package(library).Client(scheduler_file=str(file), timeout=STARTING_S) as client:
            client.wait_for_workers(n_workers, timeout=STARTING_S)
            yield Apart(client, first, others)


def wait_for(file: Path, process: Any) -> None:
    """Wait until a scheduler has written its file; RuntimeError if it ends instead, TimeoutError if it takes too long."""
    deadline = time.monotonic() + STARTING_S
    while not (file.exists() and file.stat().st_size):
        if process.status() == "zombie":
            raise RuntimeError("the scheduler has ended before it was ready; what it wrote tells why")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the scheduler isn't ready after {STARTING_S} s")
        time.sleep(0.01)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, by force if it doesn't by itself."""
    process.terminate()
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def ray() -> Iterator[Any]:
    """Start Ray with two worker processes; give its module."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=RAY_STORE_BYTES,
            _temp_dir=folder,
        )
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def pool() -> Iterator[ProcessPoolExecutor]:
    """Give the standard library's pool of two processes."""
    with ProcessPoolExecutor(2) as executor:
        yield executor


@dataclass
class Counted:
    """Messages that a scheduler of ours took in and gave out, each a column of tasks or something else."""

    taken: int = 0
    given: int = 0


@contextmanager
def count_messages(scheduler: Any) -> Iterator[Counted]:
    """Count the messages between a scheduler's machine and its peers, while a block runs.

    Parameters
    ----------
    scheduler : minidask_distributed.scheduler.server.Scheduler
        In this process.
    """
    machine = scheduler.machine
    handle, flush = machine.handle, machine.flush
    counted = Counted()

    def counting_handle(*event: Any) -> None:
        counted.taken += 1
        handle(*event)

    def counting_flush(now: float) -> Any:
        messages = flush(now)
        counted.given += sum(map(len, messages.values()))
        return messages

    machine.handle, machine.flush = counting_handle, counting_flush
    try:
        yield counted
    finally:
        del machine.handle, machine.flush  # the class's own ones show again
