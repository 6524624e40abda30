"""`LocalCluster`: a scheduler and workers on this machine, for one user and without any set-up.

Place in the flow: ``Client()`` makes one. The scheduler runs in this process; workers are processes of their own, each
looked after by a nanny in this process, or (``processes=False``) threads of this process, to which everything passes by
reference.

Choices, as the field makes them: processes by default; one process a processor up to four, then about as many processes
as threads in each; memory split evenly. Everything is on loopback, with a token of the cluster's own.

Not for: several machines (start `minidask-scheduler` and `minidask-worker` there).
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Mapping
from typing import Any

from minidask_distributed.client.client import register_default_cluster
from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.deploy.crew import Name, Spec
from minidask_distributed.deploy.dashboards import takes_services, worker_dashboard
from minidask_distributed.deploy.spec import SpecCluster
from minidask_distributed.limits import cpu_count, parse_memory_limit, workers_and_threads
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker


class LocalCluster(SpecCluster):
    """A cluster on this machine.

    Parameters
    ----------
    name : str, optional
        For people.
    n_workers : int, optional
        Workers to begin with, at least 0. Default: by the number of processors.
    threads_per_worker : int, optional
        Threads of each worker. Default: the processors shared among the workers.
    processes : bool, optional
        Whether workers are processes of their own. Default: True, unless ``worker_class`` is a `Worker`.
    host : str, optional
        Where the scheduler listens. Default: loopback. ``ip`` is another name for it.
    scheduler_port : int
        Its port; 0 is any free one.
    silence_logs : int or str, optional
        Level from which on logs are shown; None or False leaves loggers as they are.
    dashboard_address : str, optional
        Where the dashboard listens: ``":8787"`` is loopback, at any free port if that one is taken; ``"0.0.0.0:8787"`` are all
        networks of this machine. None: no dashboards.
    worker_dashboard_address : str, optional
        Where each worker's own pages listen. Default: on loopback, at any free port.
    asynchronous : bool
        True: await the cluster to start it, and its methods.
    security : Security or bool, optional
        Credentials. True: encryption with certificates made for this cluster. Default: a token made for this cluster.
    protocol : str, optional
        ``"tcp"``, ``"tls"`` or ``"inproc"``. Default: what suits the other arguments.
    interface : str, optional
        Network interface to listen on, instead of ``host``.
    worker_class : class, optional
        Instead of `Worker`, or of `Nanny`.
    memory_limit : str, int, float or None
        Of each worker; see `minidask_distributed.limits.parse_memory_limit`. ``"auto"``: the machine's memory, split evenly.
    scheduler_kwargs : mapping, optional
        Further arguments of the `Scheduler`.
    loop, scheduler_sync_interval
        Not needed; taken so that programs that pass them go on working.
    **worker_kwargs
        Further arguments of each `Worker` (``local_directory, resources, preload …``) or `Nanny` (``env …``).

    Raises
    ------
    TypeError, ValueError
        For arguments that make no sense, alone or together.
    OSError
        If the port is in use.
    WorkerStartError
        If a worker process can't start.

    Examples
    --------
    >>> with LocalCluster(n_workers=1, threads_per_worker=2, processes=False) as cluster:
    ...     cluster.scheduler_address.split(":")[0], len(cluster.workers), cluster.nthreads
    ('inproc', 1, 2)
    """

    def __init__(
        self,
        name: str | None = None,
        n_workers: int | None = None,
        threads_per_worker: int | None = None,
        processes: bool | None = None,
        loop: Any = None,
        *,
        host: str | None = None,
        ip: str | None = None,
        scheduler_port: int = 0,
        silence_logs: int | str | bool | None = logging.WARNING,
        dashboard_address: str | None = ":8787",
        worker_dashboard_address: str | None = None,
        asynchronous: bool = False,
        security: Security | bool | None = None,
        protocol: str | None = None,
        interface: str | None = None,
        worker_class: type[Any] | None = None,
        memory_limit: str | float | None = "auto",
        scheduler_kwargs: Mapping[str, Any] | None = None,
        scheduler_sync_interval: Any = 1,
        **worker_kwargs: Any,
    ) -> None:
        if host is not None and ip is not None:
            raise TypeError("give host or ip, which mean the same, not both")
        host = ip if host is None else host
        processes = _processes(processes, worker_class)
        n_workers, threads = _shares(n_workers, threads_per_worker, processes)
        security, protocol = _credentials(security, protocol, host, scheduler_port, processes)
        if protocol == "inproc":
            if processes:
                raise ValueError(
                    "protocol='inproc' reaches no other process: use processes=False with it, or protocol='tcp'"
                )
            scheduler: dict[str, Any] = {"addresses": ["inproc://"]}
        else:
            place = host.rpartition("://")[2] if host is not None else None
            if place is None and interface is None:
                place = "127.0.0.1"
            scheduler = {"host": place, "port": scheduler_port, "protocol": protocol, "interface": interface}
            worker_kwargs = {"host": place, "interface": interface, "protocol": protocol, **worker_kwargs}
        cls = worker_class or (Nanny if processes else Worker)
        _check_names(cls, worker_kwargs)
        if dashboard_address is not None:
            scheduler["services"] = [Dashboard(dashboard_address)]
            if takes_services(cls, worker_class):
                worker_kwargs.setdefault("services", [worker_dashboard(worker_dashboard_address)])
        share = min(threads / cpu_count(), 1 / max(1, n_workers))
        options = {
            "nthreads": threads,
            "memory_limit": parse_memory_limit(memory_limit, share),
            "security": security,
            **worker_kwargs,
        }
        if processes:
            options.setdefault("silence_logs", silence_logs)
            if worker_class is not None and not issubclass(worker_class, Nanny):
                # A worker's class for processes: the nanny's affair.
                cls, options["worker_class"] = Nanny, worker_class
        worker: Spec = {"cls": cls, "options": options}
        workers: dict[Name, Spec] = dict.fromkeys(range(n_workers), worker)
        super().__init__(
            workers=workers,
            scheduler={
                "cls": Scheduler,
                "options": {"security": security, **scheduler, **dict(scheduler_kwargs or {})},
            },
            worker=worker,
            asynchronous=asynchronous,
            security=security,
            silence_logs=silence_logs,
            name=name,
        )


def _processes(processes: bool | None, worker_class: type[Any] | None) -> bool:
    if worker_class is not None and not isinstance(worker_class, type):
        raise TypeError(f"worker_class must be a class, got {worker_class!r:.100}")
    if processes is None:
        return worker_class is None or issubclass(worker_class, Nanny)
    if not isinstance(processes, bool):
        raise TypeError(f"processes must be True or False, got {processes!r:.80}; the number of workers is n_workers")
    if not processes and worker_class is not None and issubclass(worker_class, Nanny):
        raise ValueError("a Nanny looks after a process: worker_class=Nanny needs processes=True")
    return processes


def _shares(n_workers: int | None, threads: int | None, processes: bool) -> tuple[int, int]:
    """Return how many workers with how many threads each."""
    for name, value, least in (("n_workers", n_workers, 0), ("threads_per_worker", threads, 1)):
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an int, got {type(value).__name__}: {value!r:.80}")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
    processors = cpu_count()
    if n_workers is None and threads is None:
        return workers_and_threads(processors) if processes else (1, processors)
    if n_workers is None:
        assert threads is not None
        return (max(1, processors // threads) if processes else 1), threads
    if threads is None:
        # Rather a thread too many in each worker than an idle processor.
        threads = max(1, math.ceil(processors / max(1, n_workers)))
    return n_workers, threads


def _credentials(
    security: Security | bool | None, protocol: str | None, host: str | None, port: int, processes: bool
) -> tuple[Security, str]:
    if security is True:
        security = Security.temporary()
    elif security is None or security is False:
        security = Security(token=new_token())
    elif not isinstance(security, Security):
        raise TypeError(f"security must be a Security, True or None, got {type(security).__name__}")
    if protocol is None:
        if host is not None and "://" in host:
            protocol = host.partition("://")[0]
        elif security.has_tls:
            protocol = "tls"
        else:
            protocol = "tcp" if processes or port else "inproc"
    return security, protocol.removesuffix("://")


def _check_names(cls: type[Any], options: Mapping[str, Any]) -> None:
    """Raise TypeError for arguments that no part takes, before any part is made."""
    known: set[str] = set()
    for taker in (cls, Worker) if issubclass(cls, Nanny) else (cls,):
        parameters = inspect.signature(taker).parameters.values()
        if taker is not Nanny and any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return
        known.update(parameter.name for parameter in parameters)
    unknown = sorted(set(options) - known)
    if unknown:
        raise TypeError(
            f"LocalCluster doesn't take {', '.join(unknown)}: neither it nor {cls.__name__} knows that argument"
        )


register_default_cluster(LocalCluster)
