"""Flags that the command lines share, and the reading of their values.

Place in the flow: `scheduler` and `worker` decorate their commands with these, and turn what comes out into arguments.

Invariants: every flag has a help text that says what it is for; a value that makes no sense is a usage error that names
the flag, before anything is started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import click

import minidask
from minidask.units import parse_timedelta
from minidask_distributed.comm.interfaces import interface_ip
from minidask_distributed.dashboard.service import DEFAULT_PORT, Dashboard
from minidask_distributed.security import Security

Command = TypeVar("Command", bound=Callable[..., Any])

_PATH = click.Path(dir_okay=False, resolve_path=True)

UNBUILT = {
    "--jupyter": "run `jupyter lab` beside the scheduler",
    "--lifetime": "send the process SIGTERM, which has it hand its results over, from a timer of the job system",
    "--lifetime-restart": "start workers again from the job system",
    "--lifetime-stagger": "spread the job system's timers",
    "--nanny-port": "a nanny listens on no port: it connects to the scheduler",
    "--scheduler-sni": "name the scheduler by an address that its certificate has",
    "--use-xheaders": "use --dashboard-prefix where a proxy stands before the dashboard",
}
"""{flag of the field that isn't built: what to do instead}."""


class Program(click.Command):
    """A command that says what to do instead of a flag that isn't built."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Raises click.UsageError for those that make no sense."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            instead = UNBUILT.get(error.option_name)
            if instead is None:
                raise
            raise click.UsageError(f"{error.option_name} isn't built; instead: {instead}", ctx) from None


def security_options(role: str) -> Callable[[Command], Command]:
    """Return a decorator that adds ``--token-file`` and the flags of TLS to a command.

    Parameters
    ----------
    role
        Whose certificate the help speaks of.
    """
    return _decorate(
        click.option(
            "--token-file",
            type=_PATH,
            help="File with the secret that scheduler, workers and clients share (mode 0600). Default: the variables "
            "MINIDASK_TOKEN or MINIDASK_TOKEN_FILE, or else ~/.config/minidask/token, which is made on first use.",
        ),
        click.option(
            "--tls-ca-file",
            type=_PATH,
            help="Certificates (PEM) that those of the others must be signed by; for tls://.",
        ),
        click.option("--tls-cert", type=_PATH, help=f"The {role}'s certificate (PEM)."),
        click.option(
            "--tls-key", type=_PATH, help=f"The {role}'s private key (PEM), if it isn't in the certificate's file."
        ),
    )


def preload_options(role: str) -> Callable[[Command], Command]:
    """Return a decorator that adds ``--preload`` and ``--preload-argv`` to a command."""
    return _decorate(
        click.option(
            "--preload",
            multiple=True,
            help=f"Module, .py file or address of one to run when the {role} starts: its dask_setup({role}) is called, and "
            f"dask_teardown({role}) at the end. May be given several times.",
        ),
        click.option(
            "--preload-argv",
            multiple=True,
            help="Argument for dask_setup, where that is a click command. May be given several times.",
        ),
    )


def dashboard_options(role: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the flags of dashboards to a command.

    Parameters
    ----------
    role
        "scheduler" or "worker".
    """
    default = "8787, or any if it is taken" if role == "scheduler" else "any free one"
    return _decorate(
        click.option(
            "--dashboard-address",
            help=f"Where the {role}'s pages listen: PORT or :PORT (loopback), HOST:PORT. Default: loopback, port {default}. "
            "0.0.0.0:PORT are all networks of this machine.",
        ),
        click.option(
            "--dashboard/--no-dashboard",
            default=True,
            show_default=True,
            help=f"Whether the {role} has pages to look at.",
        ),
        click.option(
            "--dashboard-prefix", help="A path that all addresses of the pages begin with, behind a proxy: /minidask."
        ),
    )


def make_dashboard(
    role: str, address: str | None, dashboard: bool, prefix: str | None
) -> list[Callable[[], Dashboard]]:
    """Return the services that the flags say: what makes a dashboard, or nothing.

    Parameters
    ----------
    role
        "scheduler" or "worker".
    address, dashboard, prefix
        The flags.

    Raises
    ------
    click.UsageError
        If they make no sense, together or alone.
    """
    if not dashboard:
        if address is not None or prefix is not None:
            raise click.UsageError("--no-dashboard means none: leave out --dashboard-address and --dashboard-prefix")
        return []
    given = address if address is not None else f":{DEFAULT_PORT}" if role == "scheduler" else ":0"
    make = partial(Dashboard, given, prefix, strict=None if role == "scheduler" else False)
    try:
        make()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return [make]


def common_options() -> Callable[[Command], Command]:
    """Return a decorator that adds ``--pid-file``, ``--log-level``, ``--version`` and ``--help`` to a command."""
    return _decorate(
        click.option("--pid-file", type=_PATH, help="File to write the number of this process to; removed at the end."),
        click.option(
            "--log-level",
            type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
            default="info",
            show_default=True,
            help="Least important lines of the log that are written (to standard error).",
        ),
        click.version_option(minidask.__version__, message="%(prog)s %(version)s"),
        click.help_option("-h", "--help"),
    )


def _decorate(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def check_place(interface: str | None) -> None:
    """Refuse an interface that this machine doesn't have, before anything is waited for.

    Raises
    ------
    click.BadParameter
        It says which ones there are.
    """
    if interface is not None:
        try:
            interface_ip(interface)
        except (OSError, ValueError) as error:
            raise click.BadParameter(str(error), param_hint="--interface") from None


def read_span(flag: str, text: str | None) -> float | None:
    """Read a span of time in seconds.

    Raises
    ------
    click.BadParameter
        If it is something else.

    Examples
    --------
    >>> read_span("--death-timeout", "2 min"), read_span("--death-timeout", None)
    (120, None)
    """
    try:
        return parse_timedelta(text)
    except (TypeError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=flag) from None


def make_security(
    role: str,
    token_file: str | None,
    tls_ca_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    token: str | None = None,
) -> Security:
    """Return the credentials that the flags say.

    Parameters
    ----------
    role
        "scheduler" or "worker": whose certificate it is.
    token_file, tls_ca_file, tls_cert, tls_key
        The flags.
    token
        From a scheduler file; a token file that is named wins over it.

    Raises
    ------
    click.UsageError
        If they make no sense together, or a file can't be used.
    """
    if tls_key and not tls_cert:
        raise click.UsageError("--tls-key needs --tls-cert: the certificate that the key belongs to")
    if tls_cert and not tls_ca_file:
        raise click.UsageError("--tls-cert needs --tls-ca-file: the certificates to judge the others by")
    tls: Mapping[str, Any] = {f"tls_{role}_cert": tls_cert, f"tls_{role}_key": tls_key, "tls_ca_file": tls_ca_file}
    try:
        return Security(token=None if token_file else token, token_file=token_file, **tls)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def parse_resources(text: str | None) -> dict[str, float] | None:
    """Read ``"GPU=1 MEM=10e9"``, the parts separated by blanks or commas.

    Raises
    ------
    click.BadParameter
        If it is something else.

    Examples
    --------
    >>> parse_resources("GPU=2, MEM=10e9")
    {'GPU': 2.0, 'MEM': 10000000000.0}
    """
    if text is None:
        return None
    resources: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        name, equals, amount = part.partition("=")
        try:
            if not name or not equals:
                raise ValueError
            resources[name] = float(amount)
        except ValueError:
            raise click.BadParameter(
                f"can't read {part!r}: write NAME=NUMBER, as in --resources 'GPU=2 MEM=10e9'", param_hint="--resources"
            ) from None
    return resources


def parse_ports(text: str | None, count: int) -> list[int | None]:
    """Read ``"3000"`` or ``"3000:3010"``: a port for each of ``count`` workers, None for any.

    Raises
    ------
    click.BadParameter
        If it is something else, or too few.

    Examples
    --------
    >>> parse_ports("3000:3010", 2), parse_ports(None, 2), parse_ports("0", 2)
    ([3000, 3001], [None, None], [0, 0])
    """
    if text is None:
        return [None] * count
    first, colon, last = text.partition(":")
    try:
        low = int(first)
        high = int(last) if colon else low
        if not 0 <= low <= high <= 65535:
            raise ValueError
    except ValueError:
        raise click.BadParameter(
            f"can't read {text!r}: write a port, or a range of them as 3000:3010", param_hint="--worker-port"
        ) from None
    if not low and not high:
        return [0] * count
    if high - low + 1 < count:
        raise click.BadParameter(
            f"{text} is {high - low + 1} port(s) for {count} workers: write a range as {low}:{low + count - 1}",
            param_hint="--worker-port",
        )
    return [low + number for number in range(count)]
