"""``minidask-scheduler``: a scheduler as a process of its own.

Place in the flow: started by hand, by a service manager or by a job; ``minidask-worker`` and clients find it by its
address or by its scheduler file. All work is `scheduler.server.Scheduler`'s.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import webbrowser
from typing import Any

import click

from minidask_distributed.cli import options as flags
from minidask_distributed.cli.running import Stop, run
from minidask_distributed.client.dashboard_link import dashboard_link
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.tuning import tune_process

# Named, since a program that is run is called __main__.
logger = logging.getLogger("minidask_distributed.cli.scheduler")


@click.command(cls=flags.Program, context_settings={"max_content_width": 110})
@click.option(
    "--host",
    help="Name or number of the address to listen on. Default: 127.0.0.1, which other machines can't reach; 0.0.0.0 is all "
    "addresses of this one.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0: any free one. Default: 8786, or any if it is taken.",
)
@click.option("--interface", help="Network interface to listen on, instead of --host: eth0, ib0 ...")
@click.option("--protocol", help="tcp, or tls for encryption. Default: the setting distributed.comm.default-scheme.")
@click.option(
    "--contact-address", help="Address to tell others, where that isn't the one to listen on (tcp://gate:8786)."
)
@click.option(
    "--scheduler-file",
    type=click.Path(dir_okay=False, resolve_path=True),
    help="File to write address and token to (mode 0600), for --scheduler-file of workers and clients; removed at the end.",
)
@click.option("--state-dir", type=click.Path(file_okay=False), help="Directory for what should outlive this process.")
@click.option("--idle-timeout", help="End when there was nothing to do for so long: '10 min'. Default: never.")
@flags.security_options("scheduler")
@flags.preload_options("scheduler")
@flags.dashboard_options("scheduler")
@click.option("--show/--no-show", default=False, help="Open the dashboard in this machine's browser.")
@flags.common_options()
def main(
    host: str | None,
    port: int | None,
    interface: str | None,
    protocol: str | None,
    contact_address: str | None,
    scheduler_file: str | None,
    state_dir: str | None,
    idle_timeout: str | None,
    token_file: str | None,
    tls_ca_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    preload: tuple[str, ...],
    preload_argv: tuple[str, ...],
    dashboard_address: str | None,
    dashboard: bool,
    dashboard_prefix: str | None,
    show: bool,
    pid_file: str | None,
    log_level: str,
) -> None:
    """Start a scheduler: the process that hands tasks to workers.

    It listens on this machine alone unless --host or --interface say otherwise. Start workers with

        minidask-worker tcp://ADDRESS:PORT

    and connect from Python with Client("tcp://ADDRESS:PORT"). All of them must have the same token: on machines with a
    common home directory that works by itself; otherwise copy the token file, or use --scheduler-file.

    SIGTERM and Ctrl-C end it and its workers; a second one ends it at once.
    """
    if show and not dashboard:
        raise click.UsageError("--show needs a dashboard: leave out --no-dashboard")
    if host is not None and interface is not None:
        raise click.UsageError("give --host or --interface, not both")
    flags.check_place(interface)
    security = flags.make_security("scheduler", token_file, tls_ca_file, tls_cert, tls_key)
    if protocol is None and security.has_tls:
        protocol = "tls"
    arguments: dict[str, Any] = {
        "host": host,
        "port": port,
        "interface": interface,
        "protocol": None if protocol is None else protocol.removesuffix("://"),
        "contact_address": contact_address,
        "security": security,
        "idle_timeout": flags.read_span("--idle-timeout", idle_timeout),
        "scheduler_file": scheduler_file,
        "state_dir": state_dir,
        "preload": list(preload) or None,
        "preload_argv": list(preload_argv) or None,
        "services": flags.make_dashboard("scheduler", dashboard_address, dashboard, dashboard_prefix),
    }

    tune_process()

    async def serve() -> int:
        stop = Stop(emergency=lambda: None)
        scheduler = Scheduler(**arguments)
        try:
            if await stop.during(scheduler.start()) is not None:
                logger.info("workers join with: minidask-worker %s", _how_to_find(scheduler_file, scheduler.address))
                if not security.has_tls:
                    logger.info("who may join: whoever has the token of %s", security.token_origin)
                _tell_link(scheduler)
                if show:
                    await asyncio.to_thread(webbrowser.open, _link(scheduler, token=True))
                await stop.during(scheduler.finished())
        finally:
            await scheduler.close(stop.reason or "it has ended")
        logger.info("scheduler has ended")
        return 0

    run(serve, log_level=log_level, pid_file=pid_file)


def _tell_link(scheduler: Scheduler) -> None:
    """Log where the dashboard is; with its token on a terminal alone, since files of logs are read by others."""
    is_seen = sys.stderr.isatty()
    link = _link(scheduler, token=is_seen)
    if link:
        logger.info(
            "dashboard: %s%s", link, "" if is_seen else " (client.dashboard_link has the address with its token)"
        )


def _link(scheduler: Scheduler, token: bool) -> str:
    return dashboard_link(scheduler.services.places.get("dashboard"), scheduler.address, scheduler.security, token)


def _how_to_find(scheduler_file: str | None, address: str) -> str:
    return address if scheduler_file is None else f"--scheduler-file {scheduler_file}"


if __name__ == "__main__":
    main(prog_name="minidask-scheduler")
