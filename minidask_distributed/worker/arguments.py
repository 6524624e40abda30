"""What a worker is made with: arguments checked, texts read as numbers, settings filled in.

Place in the flow: `server.Worker` makes a `Place` of where it is to listen and a `Bounds` of the rest, once; inwards go numbers.

Invariants: every error is raised when the worker is made, says which argument is wrong, and what it must be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import psutil

from minidask.units import parse_bytes
from minidask_distributed import settings
from minidask_distributed.comm.address import host_of, parse_address, unparse_host_port
from minidask_distributed.protocol.failures import ErrorLimits
from minidask_distributed.worker.memory import MemoryPolicy


def positive(name: str, value: Any) -> int:
    """Return a whole number of at least 1.

    Raises
    ------
    TypeError, ValueError
        If it isn't one.

    Examples
    --------
    >>> positive("nthreads", 0)
    Traceback (most recent call last):
    ...
    ValueError: nthreads must be at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}: {value!r:.80}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return value


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit_bytes(limit: Any, nthreads: int) -> int:
    """Return a limit in bytes, 0 for none.

    Parameters
    ----------
    limit
        Bytes, a text, a fraction of the machine's memory (a float of at most 1), ``"auto"``, or None.
    nthreads
        Whose part of the processors ``"auto"`` takes as the part of the memory.

    Raises
    ------
    TypeError, ValueError
        For anything else.

    Examples
    --------
    >>> memory_limit_bytes("2 GB", 1), memory_limit_bytes(None, 1)
    (2000000000, 0)
    """
    if limit is None:
        return 0
    total = psutil.virtual_memory().total
    if limit == "auto":
        return int(total * min(1.0, nthreads / processors()))
    if isinstance(limit, bool) or not isinstance(limit, int | float | str):
        raise TypeError(f"memory_limit must be bytes, a text, a fraction or None, got {type(limit).__name__}")
    if isinstance(limit, float) and 0 < limit <= 1:
        return int(total * limit)
    found = int(parse_bytes(limit))
    if found < 0:
        raise ValueError(f"memory_limit must be at least 0 (no limit), got {limit!r}")
    return found


def executor_threads(name: str, given: Any) -> int:
    """Return how many tasks run at a time in an executor that was given by name.

    Raises
    ------
    TypeError, ValueError
        If it is neither an executor nor a number of threads.

    Examples
    --------
    >>> executor_threads("gpu", 1)
    1
    """
    if isinstance(given, Executor):
        return int(getattr(given, "_max_workers", 1))
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(
            f"executor[{name!r}] must be a concurrent.futures.Executor or a number of threads, got {type(given).__name__}"
        )
    return positive(f"executor[{name!r}]", given)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker listens: a whole address, or parts of one.

    Examples
    --------
    >>> Place.of("tcp://10.0.0.1:8786", host="10.0.0.7").address("tcp://10.0.0.7:4711")
    'tcp://10.0.0.7:0'
    >>> Place.of("tcp://127.0.0.1:8786").address("tcp://127.0.0.1:4711")
    'tcp://127.0.0.1:0'
    """

    whole: str | None
    protocol: str
    host: str | None
    port: int
    interface: str | None
    contact_address: str | None

    @classmethod
    def of(
        cls,
        scheduler_address: str,
        *,
        host: str | None = None,
        port: int | None = None,
        interface: str | None = None,
        protocol: str | None = None,
        listen_address: str | None = None,
        contact_address: str | None = None,
    ) -> Place:
        """Return the place that arguments mean.

        Raises
        ------
        TypeError, ValueError
            If an address is none, or arguments contradict each other.
        """
        if not isinstance(scheduler_address, str):
            raise TypeError(f"scheduler_address must be a text like 'tcp://host:8786', got {scheduler_address!r:.80}")
        if listen_address is not None and (host, port, interface, protocol) != (None, None, None, None):
            raise ValueError("listen_address says all that host, port, interface and protocol do: give it, or them")
        scheme = parse_address(scheduler_address)[0] if protocol is None else protocol.removesuffix("://")
        if host is not None and "://" in host:
            scheme, host = parse_address(host)
        return cls(listen_address, scheme, host, port or 0, interface, contact_address)

    def address(self, towards_scheduler: str) -> str:
        """Return the address to listen on.

        Parameters
        ----------
        towards_scheduler
            This side's address of the connection to the scheduler: by its host others on that network reach this one.
        """
        if self.whole is not None:
            return self.whole
        if self.protocol == "inproc":
            return "inproc://"
        host = self.host
        if host is None and self.interface is None and not towards_scheduler.startswith("inproc://"):
            host = host_of(towards_scheduler)
        return f"{self.protocol}://{unparse_host_port(host or '', self.port)}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes, counts and times of a worker, as its arguments and the settings say."""

    nthreads: int
    memory_limit: int
    resources: dict[str, float]
    policy: MemoryPolicy
    connect_s: float
    death_timeout_s: float | None
    memory_interval_s: float
    recent_s: float
    look_s: float
    incoming: int
    outgoing: int
    fetch_bytes: int
    message_bytes: int
    max_spill_bytes: int
    errors: ErrorLimits
    validate: bool

    @classmethod
    def of(
        cls,
        nthreads: int | None,
        memory_limit: Any,
        resources: Mapping[str, float] | None,
        death_timeout: float | str | None,
        validate: bool | None,
    ) -> Bounds:
        """Return the bounds that arguments and settings mean. Raises TypeError or ValueError for what makes no sense."""
        threads = processors() if nthreads is None else positive("nthreads", nthreads)
        limit = memory_limit_bytes(memory_limit, threads)
        fraction = settings.get("worker.memory.transfer")
        return cls(
            nthreads=threads,
            memory_limit=limit,
            resources=_resources(settings.get("worker.resources", resources)),
            policy=MemoryPolicy(
                limit,
                target=settings.get("worker.memory.target"),
                spill=settings.get("worker.memory.spill"),
                pause=settings.get("worker.memory.pause"),
            ),
            connect_s=settings.seconds("comm.timeouts.connect"),
            death_timeout_s=None if death_timeout is None else settings.seconds("comm.timeouts.connect", death_timeout),
            memory_interval_s=settings.seconds("worker.memory.monitor-interval"),
            recent_s=settings.seconds("worker.memory.recent-to-old-time"),
            look_s=settings.seconds("worker.look-time"),
            incoming=settings.get("worker.connections.incoming"),
            outgoing=settings.get("worker.connections.outgoing"),
            # Without a limit, as good as none.
            fetch_bytes=max(1, int(limit * fraction)) if limit and fraction is not False else 1 << 62,
            message_bytes=settings.size("worker.transfer.message-bytes-limit"),
            max_spill_bytes=settings.size("worker.memory.max-spill"),
            errors=ErrorLimits(settings.get("admin.max-error-length"), settings.size("admin.max-error-bytes")),
            validate=settings.get("worker.validate", validate),
        )


def _resources(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise TypeError(f"resources must be a mapping of names to numbers, got {type(given).__name__}: {given!r:.80}")
    for name, amount in given.items():
        if not isinstance(name, str) or isinstance(amount, bool) or not isinstance(amount, int | float):
            raise TypeError(f"resources must map names to numbers, got {name!r:.80}: {amount!r:.80}")
        if amount < 0:
            raise ValueError(f"resources[{name!r}] must be at least 0, got {amount}")
    return {name: float(amount) for name, amount in given.items()}
