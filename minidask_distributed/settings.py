"""The settings of the cluster (`distributed.*`): names, types, defaults, meanings; and how they are read.

Place in the flow: beside `security`, above `minidask.config`, which checks what users set. Importing this module
declares the settings; the edges (servers, the client's constructor, command lines) read them through the functions at
the end, in the units that the code uses, and pass them inwards as arguments.

Invariants: names and defaults are the field's documented ones where they exist; a default passes its own kind's check;
a setting that nothing reads isn't declared. The table of the user guide is made of these declarations:
``python -m minidask.config.reference docs/configuration.rst minidask_distributed.settings``.

Not for: reading a setting deep inside the machinery, or secrets (`security` has the token).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from minidask import config
from minidask.config import Setting, kinds
from minidask.config.kinds import Kind, either, optional
from minidask.units import parse_bytes, parse_timedelta

T = TypeVar("T")


def _require(right_type: bool, right_value: bool = True) -> None:
    if not right_type:
        raise TypeError
    if not right_value:
        raise ValueError


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or isinstance(value, float)


def _check_count(value: Any) -> None:
    _require(_is_integer(value), _is_integer(value) and value >= 0)


def _check_fraction(value: Any) -> None:
    if value is not False:
        _require(_is_number(value), _is_number(value) and 0 < value <= 1)


def _check_texts(value: Any) -> None:
    _require(isinstance(value, list | tuple) and all(isinstance(part, str) for part in value))


def _check_amounts(value: Any) -> None:
    _require(isinstance(value, Mapping) and all(_is_number(amount) for amount in value.values()))
    _require(True, all(amount >= 0 for amount in value.values()))


def _check_variables(value: Any) -> None:
    _require(isinstance(value, Mapping) and all(isinstance(name, str) for name in value))
    _require(all(isinstance(item, str | int | float) or item is None for item in value.values()))


def _check_tls_version(value: Any) -> None:
    _require(_is_number(value), value in (1.2, 1.3))


COUNT: Final = Kind("a whole number of at least 0", _check_count)
FRACTION: Final = Kind("a fraction of the memory limit between 0 and 1, or False for never", _check_fraction)
TEXTS: Final = Kind("a list of texts", _check_texts)
AMOUNTS: Final = Kind("a mapping of names to numbers", _check_amounts)
VARIABLES: Final = Kind(
    "a mapping of names of variables to texts or numbers, or None to take one away", _check_variables
)
TLS_VERSION: Final = Kind("1.2 or 1.3", _check_tls_version)
CODEC: Final = either(kinds.FALSE, kinds.choice("auto", "lz4", "zstd", "none"))
SOME_SECONDS: Final = optional(kinds.SECONDS)
SOME_PATH: Final = optional(kinds.PATH)

_PRELOAD = (
    "Modules, files or lines of Python that run when the {0} starts: a module's functions ``dask_setup({0})`` and "
    "``dask_teardown({0})`` are called when it has started and before it ends."
)
_PRELOAD_ARGV = "Arguments for the command lines of those modules: what ``dask_setup`` takes as click options."


def _preloads(server: str) -> tuple[Setting, Setting]:
    return (
        Setting(f"distributed.{server}.preload", [], either(TEXTS, kinds.TEXT), _PRELOAD.format(server)),
        Setting(f"distributed.{server}.preload-argv", [], TEXTS, _PRELOAD_ARGV),
    )


def _credentials(role: str) -> tuple[Setting, Setting]:
    return (
        Setting(f"distributed.comm.tls.{role}.cert", None, SOME_PATH, f"The {role}'s certificate, a PEM file."),
        Setting(
            f"distributed.comm.tls.{role}.key",
            None,
            SOME_PATH,
            f"The {role}'s private key, a PEM file. None: it stands in the file of the certificate.",
        ),
    )


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "distributed.admin.large-graph-warning-threshold",
        "10 MB",
        kinds.BYTES,
        "Warn, with the name of the culprit, when one task or function that is sent to the scheduler is larger than this.",
        unit="bytes",
    ),
    Setting(
        "distributed.admin.log-format",
        "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
        kinds.TEXT,
        "How the command lines write a line of their logs, as the standard library's ``logging`` has it.",
    ),
    Setting(
        "distributed.admin.log-length",
        10_000,
        kinds.POSITIVE_INTEGER,
        "How many of its last log lines a scheduler, worker or nanny keeps for ``Client.get_scheduler_logs`` and its kin.",
        unit="lines",
    ),
    Setting(
        "distributed.admin.low-level-log-length",
        1000,
        kinds.POSITIVE_INTEGER,
        "How many events of a topic the scheduler keeps.",
        unit="events",
    ),
    Setting(
        "distributed.admin.max-error-bytes",
        "256 kiB",
        kinds.BYTES,
        "Largest exception of a task that is sent as it is; a larger one arrives as its type, its text and its traceback.",
        unit="bytes",
    ),
    Setting(
        "distributed.admin.max-error-length",
        10_000,
        kinds.POSITIVE_INTEGER,
        "How long the message of a task's exception, its traceback and its notes may each be; longer ones are cut in the middle.",
        unit="characters",
    ),
    Setting(
        "distributed.admin.system-monitor.interval",
        "500 ms",
        kinds.SECONDS,
        "How often the scheduler measures the cluster and itself, while a dashboard or a ``MemorySampler`` reads that.",
    ),
    Setting(
        "distributed.admin.system-monitor.log-length",
        7200,
        kinds.POSITIVE_INTEGER,
        "How many of these measurements the scheduler keeps; each takes about 1 kB.",
        unit="samples",
    ),
    Setting(
        "distributed.admin.tick.limit",
        "3 s",
        kinds.SECONDS,
        "Warn when the event loop of a scheduler was blocked for longer than this.",
    ),
    Setting("distributed.client.heartbeat", "5 s", kinds.SECONDS, "How often a client says that it is alive."),
    Setting(
        "distributed.comm.compression",
        False,
        CODEC,
        "How large frames are compressed on the way to other hosts, if a sample of them shrinks: ``'lz4'``, ``'zstd'``, "
        "or ``'auto'`` for the first that both sides have. False: not at all.",
    ),
    Setting(
        "distributed.comm.default-scheme",
        "tcp",
        kinds.TEXT,
        "What an address without ``scheme://`` is taken to be.",
    ),
    Setting(
        "distributed.comm.require-encryption",
        None,
        optional(kinds.BOOLEAN),
        "Refuse to listen on, or connect to, other hosts without TLS. None: a warning.",
    ),
    Setting(
        "distributed.comm.same-host-memory",
        True,
        kinds.BOOLEAN,
        "Whether large values between processes of one host are read from the other's memory, where the system allows that "
        "(Linux). False: they go through a socket, as to other hosts.",
    ),
    Setting(
        "distributed.comm.socket-backlog", 2048, kinds.POSITIVE_INTEGER, "Connections that may wait to be accepted."
    ),
    Setting(
        "distributed.comm.timeouts.connect",
        "30 s",
        kinds.SECONDS,
        "How long connecting is tried, handshake included.",
    ),
    Setting(
        "distributed.comm.timeouts.tcp",
        "30 s",
        kinds.SECONDS,
        "How long a connection may stay silent, against the system's probes, until it counts as dead.",
    ),
    Setting(
        "distributed.comm.tls.ca-file", None, SOME_PATH, "The certificates that peers' ones must be signed by (PEM)."
    ),
    Setting(
        "distributed.comm.tls.ciphers",
        None,
        optional(kinds.TEXT),
        "Ciphers for TLS 1.2 as OpenSSL lists them. None: Python's choice.",
    ),
    *_credentials("client"),
    Setting("distributed.comm.tls.max-version", None, optional(TLS_VERSION), "Highest version of TLS. None: no bound."),
    Setting("distributed.comm.tls.min-version", 1.2, TLS_VERSION, "Lowest version of TLS."),
    *_credentials("scheduler"),
    *_credentials("worker"),
    Setting(
        "distributed.dashboard.allowed-hosts",
        [],
        TEXTS,
        "Further names by which browsers may ask for the dashboard, without ports: that of a proxy, as "
        "``['hub.example.org']``. ``'*'`` allows all. Loopback and the address that it listens on are allowed anyway.",
    ),
    Setting(
        "distributed.dashboard.frame-ancestors",
        ["'self'", "http://localhost:*", "http://127.0.0.1:*"],
        TEXTS,
        "Pages that may show the dashboard in a frame, as the header Content-Security-Policy writes them; JupyterLab's "
        "extension does that.",
    ),
    Setting(
        "distributed.dashboard.link",
        "{scheme}://{host}:{port}{prefix}/status",
        kinds.TEXT,
        "The address of the dashboard that clients and clusters show. Variables of the environment may stand in it, too: "
        "``{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status``.",
    ),
    Setting(
        "distributed.dashboard.prefix",
        None,
        optional(kinds.TEXT),
        "A path that all addresses of the dashboard begin with, as ``/minidask``.",
    ),
    Setting(
        "distributed.nanny.environ",
        {},
        VARIABLES,
        "Variables of the environment of worker processes, over those of ``pre-spawn-environ``.",
    ),
    Setting(
        "distributed.nanny.pre-spawn-environ",
        {
            "MALLOC_MMAP_THRESHOLD_": 16 << 20,
            "MALLOC_TRIM_THRESHOLD_": 128 << 20,
            "OMP_NUM_THREADS": 1,
            "MKL_NUM_THREADS": 1,
            "OPENBLAS_NUM_THREADS": 1,
        },
        VARIABLES,
        "Variables that are set before a worker process loads its libraries: by default each of the worker's threads "
        "does its linear algebra alone, and the allocator keeps up to 128 MiB that tasks freed (in pieces below 16 MiB) for "
        "those that follow, until the worker's memory is above one of its thresholds.",
    ),
    *_preloads("nanny"),
    Setting(
        "distributed.p2p.comm.message-bytes-limit",
        "16 MiB",
        kinds.BYTES,
        "Most bytes that a worker sends another one in a message of a shuffle, unless a single piece is larger.",
        unit="bytes",
    ),
    Setting(
        "distributed.p2p.storage.buffer",
        False,
        either(kinds.FALSE, kinds.BYTES),
        "Bytes that a worker keeps in memory for shuffles; what is more goes to disk. False: a fifth of its memory limit.",
        unit="bytes",
    ),
    Setting(
        "distributed.scheduler.allowed-failures",
        3,
        COUNT,
        "How many workers may die while they run a task before the task is given up.",
    ),
    Setting(
        "distributed.scheduler.bandwidth",
        "100 MB",
        kinds.BYTES,
        "Bandwidth between workers, per second, until it has been measured.",
        unit="bytes",
    ),
    Setting(
        "distributed.scheduler.blocked-handlers",
        [],
        TEXTS,
        "Calls that the scheduler refuses, as ``['run_on_scheduler', 'restart']``.",
    ),
    Setting(
        "distributed.scheduler.contact-address",
        None,
        optional(kinds.TEXT),
        "The address that the scheduler tells others, where that isn't the one it listens on.",
    ),
    Setting(
        "distributed.scheduler.dashboard.activities-length",
        10_000,
        kinds.POSITIVE_INTEGER,
        "How many transfers, writes to disk and the like the scheduler remembers for the task stream; each takes about 25 bytes.",
        unit="activities",
    ),
    Setting(
        "distributed.scheduler.dashboard.records-length",
        1000,
        kinds.POSITIVE_INTEGER,
        "How many failed tasks, workers that left, moves of tasks between workers, and pairs of workers that exchanged data "
        "the scheduler remembers, of each.",
        unit="records",
    ),
    Setting(
        "distributed.scheduler.dashboard.tasks.task-stream-length",
        10_000,
        kinds.POSITIVE_INTEGER,
        "How many finished tasks the scheduler remembers for the task stream; each takes about 100 bytes.",
        unit="tasks",
    ),
    Setting(
        "distributed.scheduler.events-cleanup-delay",
        "1 h",
        kinds.SECONDS,
        "How long the events of a worker or client are kept after it has left.",
    ),
    Setting(
        "distributed.scheduler.idle-timeout",
        None,
        SOME_SECONDS,
        "Close the scheduler when it has had nothing to do for so long. None: never.",
    ),
    *_preloads("scheduler"),
    Setting(
        "distributed.scheduler.validate",
        False,
        kinds.BOOLEAN,
        "Check the invariants of the scheduler's state all the time. Slow; for finding its errors.",
    ),
    Setting(
        "distributed.scheduler.worker-ttl",
        "5 minutes",
        SOME_SECONDS,
        "A worker that hasn't said anything for so long is given up. None: never.",
    ),
    Setting(
        "distributed.worker.connections.incoming",
        10,
        kinds.POSITIVE_INTEGER,
        "How many peers a worker gives data to at a time; others wait.",
    ),
    Setting(
        "distributed.worker.connections.outgoing",
        50,
        kinds.POSITIVE_INTEGER,
        "How many peers a worker fetches data from at a time.",
    ),
    Setting(
        "distributed.worker.look-time",
        "1 ms",
        kinds.SECONDS,
        "For how long an idle thread of a worker looks for the next task before it sleeps, once several short tasks came one "
        "after the other, each within that time. Others who want the processor go first. 0: it sleeps at once.",
    ),
    Setting(
        "distributed.worker.memory.max-spill",
        False,
        either(kinds.FALSE, kinds.BYTES),
        "Most bytes on disk for results that don't fit into memory. False: no bound.",
        unit="bytes",
    ),
    Setting(
        "distributed.worker.memory.monitor-interval",
        "100 ms",
        kinds.SECONDS,
        "How often a worker looks at its process's memory.",
    ),
    Setting(
        "distributed.worker.memory.pause",
        0.8,
        FRACTION,
        "Begin no tasks while the process uses more than this part of its memory limit.",
    ),
    Setting(
        "distributed.worker.memory.recent-to-old-time",
        "30 s",
        kinds.SECONDS,
        "Memory that isn't results counts as recent until it has been there for so long: what came and goes with tasks, "
        "rather than libraries and leaks.",
    ),
    Setting(
        "distributed.worker.memory.spill",
        0.7,
        FRACTION,
        "Write results to disk while the process uses more than this part of its memory limit.",
    ),
    Setting(
        "distributed.worker.memory.target",
        0.6,
        FRACTION,
        "Write results to disk when they are together more than this part of the memory limit.",
    ),
    Setting(
        "distributed.worker.memory.terminate",
        0.95,
        FRACTION,
        "The nanny ends a worker process that uses more than this part of its memory limit, and starts another one.",
    ),
    Setting(
        "distributed.worker.memory.transfer",
        0.1,
        FRACTION,
        "Fetch no more data at a time than this part of the memory limit, unless a single result is larger.",
    ),
    *_preloads("worker"),
    Setting(
        "distributed.worker.profile.cycle",
        "1 s",
        kinds.SECONDS,
        "Samples of the profile are kept by spans of so long; older spans are merged.",
    ),
    Setting(
        "distributed.worker.profile.enabled",
        True,
        kinds.BOOLEAN,
        "Sample where the threads are that run tasks and, a fifth as often, the event loops of workers and scheduler, for "
        "``Client.profile``.",
    ),
    Setting("distributed.worker.profile.interval", "10 ms", kinds.SECONDS, "How often the profile takes a sample."),
    Setting(
        "distributed.worker.profile.low-level",
        False,
        kinds.FALSE,
        "Sample native frames, too. That isn't built: only False.",
    ),
    Setting(
        "distributed.worker.resources", {}, AMOUNTS, "What a worker offers to tasks that ask for it: ``{'GPU': 2}``."
    ),
    Setting(
        "distributed.worker.transfer.message-bytes-limit",
        "50 MB",
        kinds.BYTES,
        "Most bytes that a worker asks a peer for in one message, unless a single result is larger.",
        unit="bytes",
    ),
    Setting(
        "distributed.worker.validate",
        False,
        kinds.BOOLEAN,
        "Check the invariants of the worker's state all the time. Slow; for finding its errors.",
    ),
)

config.declare(*SETTINGS)


def get(name: str, override: T | None = None) -> Any:
    """Return a setting's value, or ``override`` if that isn't None.

    Parameters
    ----------
    name
        Without the ``distributed.`` that all of them begin with.
    override
        The argument that the setting stands in for.

    Raises
    ------
    KeyError
        If there is no such setting.

    Examples
    --------
    >>> get("scheduler.allowed-failures"), get("scheduler.allowed-failures", 7)
    (3, 7)
    """
    return config.get(f"distributed.{name}") if override is None else override


def seconds(name: str, override: Any = None) -> float:
    """Return a setting (or the argument that overrides it) in seconds.

    Raises
    ------
    KeyError
        If there is no such setting.
    TypeError, ValueError
        If ``override`` is no span of time, or the setting is None (`some_seconds` takes that).

    Examples
    --------
    >>> seconds("scheduler.worker-ttl"), seconds("scheduler.worker-ttl", "2 s")
    (300.0, 2.0)
    """
    found = some_seconds(name, override)
    if found is None:
        raise ValueError(f"setting 'distributed.{name}' is None; a span of time is needed here")
    return found


def some_seconds(name: str, override: Any = None) -> float | None:
    """Return a setting (or the argument that overrides it) in seconds, or None if it is None.

    Raises
    ------
    KeyError
        If there is no such setting.
    TypeError, ValueError
        If ``override`` is no span of time.

    Examples
    --------
    >>> some_seconds("scheduler.idle-timeout"), some_seconds("scheduler.idle-timeout", "1 h")
    (None, 3600.0)
    """
    value = get(name, override)
    parsed = parse_timedelta(value)
    return None if parsed is None else float(parsed)


def size(name: str, override: int | str | None = None) -> int:
    """Return a setting (or the argument that overrides it) in bytes; 0 if it is False.

    Raises
    ------
    KeyError
        If there is no such setting.
    TypeError, ValueError
        If ``override`` is no number of bytes.

    Examples
    --------
    >>> size("scheduler.bandwidth"), size("scheduler.bandwidth", "1 GB"), size("worker.memory.max-spill")
    (100000000, 1000000000, 0)
    """
    value = get(name, override)
    return 0 if value is False else parse_bytes(value)


def texts(name: str, override: str | list[str] | tuple[str, ...] | None = None) -> list[str]:
    """Return a setting (or the argument that overrides it) as a list of texts; a single text is a list of one.

    Raises
    ------
    KeyError
        If there is no such setting.

    Examples
    --------
    >>> texts("scheduler.preload"), texts("scheduler.preload", "my_site")
    ([], ['my_site'])
    """
    value = get(name, override)
    return [value] if isinstance(value, str) else list(value)
