"""``minidask-worker``: one or several workers, each a process with a nanny in this one.

Place in the flow: started on every machine that shall compute; finds the scheduler by its address or by its scheduler
file. All work is `nanny.server.Nanny`'s, or, with ``--no-nanny``, `worker.server.Worker`'s.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import click

from minidask_distributed import settings
from minidask_distributed.cli import options as flags
from minidask_distributed.cli.running import Stop, run
from minidask_distributed.comm.address import DEFAULT_SCHEDULER_PORT
from minidask_distributed.limits import cpu_count, parse_memory_limit, workers_and_threads
from minidask_distributed.nanny.child import find_class
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.security import read_scheduler_file
from minidask_distributed.tuning import tune_process
from minidask_distributed.worker.server import Worker

# Named, since a program that is run is called __main__.
logger = logging.getLogger("minidask_distributed.cli.worker")

GRACE_S = 60.0
"""After SIGTERM workers have so long to hand over their data; schedulers of jobs send SIGKILL about then."""


@click.command(cls=flags.Program, context_settings={"max_content_width": 110})
@click.argument("scheduler", required=False, metavar="[ADDRESS]")
@click.option(
    "--scheduler-file",
    type=click.Path(dir_okay=False, resolve_path=True),
    help="The file that minidask-scheduler --scheduler-file writes, instead of ADDRESS; waited for.",
)
@click.option(
    "--nworkers",
    default="1",
    show_default=True,
    help="Workers to start, each a process. auto: by the number of processors, with --nthreads chosen to suit. A negative "
    "number leaves processors free: -1 is one worker a processor, -2 one less.",
)
@click.option(
    "--nthreads",
    type=click.IntRange(min=1),
    help="Threads of each worker: tasks that it runs at a time. Default: its share of the processors.",
)
@click.option(
    "--memory-limit",
    default="auto",
    show_default=True,
    help="Memory of each worker: bytes, a text like 4GiB, a fraction of the machine's like 0.25, auto for the part of it "
    "that its threads are of the processors, or 0 for no limit.",
)
@click.option("--name", help="Name of the worker; with several, -0, -1 ... are appended. Default: its address.")
@click.option(
    "--local-directory",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where workers make folders for spilled results and uploaded files; fast and large disks suit best.",
)
@click.option("--resources", help="What each worker offers to tasks that ask for it: 'GPU=1 MEM=10e9'.")
@click.option(
    "--nanny/--no-nanny",
    default=True,
    show_default=True,
    help="Whether workers are processes of their own, watched by this one: started again when they die, ended when their "
    "memory is used up.",
)
@click.option(
    "--death-timeout",
    help="Give up when the scheduler couldn't be reached for so long: '60s'. Default: never; when the worker starts, after "
    "the setting distributed.comm.timeouts.connect.",
)
@click.option(
    "--reconnect/--no-reconnect",
    default=True,
    show_default=True,
    help="Whether a worker that lost its scheduler looks for it again, and keeps its results meanwhile.",
)
@click.option("--host", help="Name or number of the address to listen on, for other workers and clients.")
@click.option("--interface", help="Network interface to listen on, instead of --host: eth0, ib0 ...")
@click.option("--protocol", help="tcp, or tls for encryption. Default: the scheduler's.")
@click.option(
    "--worker-port", help="Port to listen on, or a range for several workers: 3000:3010. Default: any free one."
)
@click.option("--listen-address", help="Address to listen on, instead of the four above: tcp://0.0.0.0:9000.")
@click.option(
    "--contact-address", help="Address to tell others, where that isn't the one to listen on: tcp://node7:9000."
)
@click.option("--worker-class", help="Class to use instead of Worker, by its import path: package.module.Class.")
@click.option("--preload-nanny", multiple=True, help="As --preload, in this process, when a nanny starts.")
@flags.security_options("worker")
@flags.preload_options("worker")
@flags.dashboard_options("worker")
@flags.common_options()
def main(
    scheduler: str | None,
    scheduler_file: str | None,
    nworkers: str,
    nthreads: int | None,
    memory_limit: str,
    name: str | None,
    local_directory: str | None,
    resources: str | None,
    nanny: bool,
    death_timeout: str | None,
    reconnect: bool,
    host: str | None,
    interface: str | None,
    protocol: str | None,
    worker_port: str | None,
    listen_address: str | None,
    contact_address: str | None,
    worker_class: str | None,
    preload_nanny: tuple[str, ...],
    token_file: str | None,
    tls_ca_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    preload: tuple[str, ...],
    preload_argv: tuple[str, ...],
    dashboard_address: str | None,
    dashboard: bool,
    dashboard_prefix: str | None,
    pid_file: str | None,
    log_level: str,
) -> None:
    """Start workers, which run the tasks of the scheduler at ADDRESS (tcp://HOST:PORT).

    A worker runs as many tasks at a time as it has threads (--nthreads). Several workers (--nworkers) suit tasks of pure
    Python, which hold the interpreter's lock; many threads suit NumPy and pandas, which don't.

    SIGTERM and Ctrl-C have running tasks end, hand results over to other workers, and end; a second one ends all at once.
    """
    if (scheduler is None) == (scheduler_file is None):
        raise click.UsageError("give the scheduler's ADDRESS (tcp://host:8786) or --scheduler-file, one of them")
    count, threads = _count(nworkers, nthreads)
    if not nanny and count > 1:
        raise click.UsageError("--no-nanny runs the worker in this process: it goes with --nworkers 1 only")
    if not nanny and preload_nanny:
        raise click.UsageError("--preload-nanny needs a nanny, and there is none with --no-nanny")
    if listen_address is not None and (host or interface or worker_port):
        raise click.UsageError(
            "--listen-address says host and port itself: leave out --host, --interface, --worker-port"
        )
    if count > 1 and (listen_address or contact_address):
        raise click.UsageError(
            "--listen-address and --contact-address are for one worker; there are more by --nworkers"
        )
    ports = flags.parse_ports(worker_port, count)
    offered = flags.parse_resources(resources)
    flags.check_place(interface)
    patience_s = flags.read_span("--death-timeout", death_timeout)
    try:
        limit = parse_memory_limit(memory_limit, threads / cpu_count())
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    token = None
    if scheduler_file is not None:
        found = _find(scheduler_file, patience_s)
        scheduler, token = found["address"], found.get("token")
    assert scheduler is not None
    address = _complete(scheduler)
    security = flags.make_security("worker", token_file, tls_ca_file, tls_cert, tls_key, token)
    services = flags.make_dashboard("worker", dashboard_address, dashboard, dashboard_prefix)
    arguments: list[dict[str, Any]] = [
        {
            "nthreads": threads,
            "memory_limit": limit,
            "name": name if name is None or count == 1 else f"{name}-{number}",
            "local_directory": local_directory,
            "resources": offered,
            "security": security,
            "death_timeout": patience_s,
            "reconnect": reconnect,
            "host": host,
            "interface": interface,
            "protocol": protocol,
            "port": port,
            "listen_address": listen_address,
            "contact_address": contact_address,
            "preload": list(preload) or None,
            "preload_argv": list(preload_argv) or None,
            "services": services,
        }
        for number, port in enumerate(ports)
    ]

    async def serve() -> int:
        if nanny:
            more: dict[str, Any] = {
                "worker_class": worker_class,
                "preload_nanny": list(preload_nanny) or None,
                "silence_logs": log_level.upper(),
            }
            return await _serve_nannies([Nanny(address, **each, **more) for each in arguments])
        tune_process()
        return await _serve_worker(find_class(worker_class)(address, **arguments[0]))

    run(serve, log_level=log_level, pid_file=pid_file)


async def _serve_nannies(nannies: list[Nanny]) -> int:
    def kill() -> None:
        for nanny in nannies:
            nanny.kill()

    stop = Stop(emergency=kill)
    try:
        if await stop.during(_all(nanny.start() for nanny in nannies)) is not None:
            await stop.during(_all(nanny.finished() for nanny in nannies))
        if stop.reason:
            await _all(nanny.close_gracefully(GRACE_S) for nanny in nannies)
    finally:
        await _all(nanny.close() for nanny in nannies)
    return int(any(nanny.failed for nanny in nannies))


async def _serve_worker(worker: Worker) -> int:
    stop = Stop(emergency=lambda: None)
    try:
        if await stop.during(worker.start()) is not None:
            await stop.during(worker.finished())
        if stop.reason:
            async with asyncio.timeout(GRACE_S):
                await worker.close_gracefully(stop.reason)
    finally:
        await worker.close(stop.reason or "it has ended")
    return int(worker.failed)


async def _all(works: Any) -> list[Any]:
    """Await all, also when one fails; raise the first error then."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def _count(nworkers: str, nthreads: int | None) -> tuple[int, int]:
    """Return how many workers with how many threads each."""
    processors = cpu_count()
    if nworkers == "auto":
        if nthreads is not None:
            raise click.UsageError(
                "--nworkers auto chooses the threads, too: leave out --nthreads, or give a number of workers"
            )
        return workers_and_threads(processors)
    try:
        count = int(nworkers)
    except ValueError:
        raise click.BadParameter(f"must be a number or auto, got {nworkers!r}", param_hint="--nworkers") from None
    if count < 0:
        count += processors + 1
    if count < 1:
        raise click.BadParameter(
            f"{nworkers} leaves no worker on a machine of {processors} processors", param_hint="--nworkers"
        )
    return count, nthreads or max(1, processors // count)


def _find(scheduler_file: str, patience_s: float | None) -> dict[str, Any]:
    wait_s = settings.seconds("comm.timeouts.connect") if patience_s is None else patience_s
    try:
        return read_scheduler_file(scheduler_file, wait_s)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _complete(address: str) -> str:
    """Return an address with the port that schedulers have by default, where it names none."""
    host = address.rpartition("://")[2]
    has_port = ":" in (host.rpartition("]")[2] if host.startswith("[") else host)
    return address if has_port or not host else f"{address}:{DEFAULT_SCHEDULER_PORT}"


if __name__ == "__main__":
    main(prog_name="minidask-worker")
