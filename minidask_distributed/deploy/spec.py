"""`SpecCluster`: a cluster by specification, a class and its options for the scheduler and for each worker.

Place in the flow: `LocalCluster` is one, and deployments that start workers elsewhere (by ssh, in a queue of jobs) are
made of classes that fit in here: called with the scheduler's address and the options, with `start` and `close`, as
`ProcessInterface` has them. `crew` does what awaits.

Invariants: ``worker_spec`` says what is wanted and ``workers`` what there is; `scale` changes the first, and the second
follows.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from minidask.units import parse_bytes, parse_timedelta
from minidask_distributed import settings
from minidask_distributed.deploy.cluster import Cluster
from minidask_distributed.deploy.crew import Crew, Name, Spec, address_of
from minidask_distributed.deploy.dashboards import with_dashboard
from minidask_distributed.security import Security


class ProcessInterface:
    """Base for what a `SpecCluster` starts: a scheduler or worker somewhere.

    Derive from it, override `start` and `close`, and call theirs at the end of yours.

    Parameters
    ----------
    scheduler
        Address of the scheduler, for workers.
    name
        The worker's name.

    Examples
    --------
    >>> class Job(ProcessInterface):
    ...     async def start(self):
    ...         self.address = "tcp://10.0.0.7:4000"
    ...         await super().start()
    >>> Job("tcp://10.0.0.1:8786", name=3)
    <Job: created>
    """

    def __init__(self, scheduler: str | None = None, name: Name | None = None) -> None:
        self.scheduler = scheduler
        self.name = name
        self.address = ""
        self.status = "created"
        self._ended = asyncio.Event()

    def __await__(self) -> Generator[Any, None, Self]:
        async def start() -> Self:
            if self.status == "created":
                await self.start()
            return self

        return start().__await__()

    async def start(self) -> None:
        """Submit the process, or start it."""
        self.status = "running"

    async def close(self) -> None:
        """End the process, or the job."""
        self.status = "closed"
        self._ended.set()

    async def finished(self) -> None:
        """Wait until it has ended."""
        await self._ended.wait()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.status}>"

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class SpecCluster(Cluster):
    """A cluster that is specified part by part.

    Parameters
    ----------
    workers : mapping, optional
        {name: {"cls": class, "options": {…}}}. The class is called with the scheduler's address, ``name`` and the
        options, and its object awaited. ``"group"``: suffixes of names, where one part is several workers.
    scheduler : mapping
        {"cls": class, "options": {…}}. Of our own classes the options may have ``dashboard_address``, as
        ``":8787"``, and ``dashboard_prefix``; so may those of workers.
    worker : mapping, optional
        What `scale` adds.
    asynchronous : bool
        True: await the cluster to start it, and its methods.
    security : Security, optional
        Credentials, for clients and for the cluster's own calls to its scheduler.
    silence_logs : int or str, optional
        Level below which this package's loggers are quiet.
    name : str, optional
        For people.
    shutdown_on_close, shutdown_scheduler : bool
        Whether `close` ends what was started; only True is possible.
    loop, scheduler_sync_interval
        Not needed; taken so that programs that pass them go on working.

    Raises
    ------
    TypeError, ValueError
        For specifications that are none.
    Whatever the scheduler or a worker raises that can't start; nothing is left then.
    """

    _parts: Crew

    def __init__(
        self,
        workers: Mapping[Name, Mapping[str, Any]] | None = None,
        scheduler: Mapping[str, Any] | None = None,
        worker: Mapping[str, Any] | None = None,
        asynchronous: bool = False,
        loop: Any = None,
        security: Security | None = None,
        silence_logs: int | str | bool | None = False,
        name: str | None = None,
        shutdown_on_close: bool = True,
        scheduler_sync_interval: Any = 1,
        shutdown_scheduler: bool = True,
    ) -> None:
        if not (shutdown_on_close and shutdown_scheduler):
            raise NotImplementedError(
                "a cluster always ends what it started: start what is to stay by `minidask-scheduler` and `minidask-worker`"
            )
        if scheduler is None:
            raise TypeError("SpecCluster needs a scheduler, as {'cls': Scheduler, 'options': {'port': 0}}")
        self.new_spec = None if worker is None else _check_spec("worker", worker)
        crew = Crew(
            _check_spec("scheduler", scheduler),
            {key: _check_spec(f"workers[{key!r}]", spec) for key, spec in (workers or {}).items()},
            security,
            settings.seconds("comm.timeouts.connect"),
        )
        super().__init__(crew, asynchronous=asynchronous, name=name, silence_logs=silence_logs, security=security)

    # ------------------------------------------------------------ what it is

    @property
    def scheduler(self) -> Any:
        """The scheduler, None before the start."""
        return self._parts.scheduler

    @property
    def scheduler_address(self) -> str:
        """Where clients connect to; "" before the start and after the end."""
        return self._parts.address if self.status in ("running", "starting") else ""

    @property
    def worker_spec(self) -> dict[Name, Spec]:
        """{name: specification} of the workers that are wanted."""
        return self._parts.spec

    @property
    def workers(self) -> dict[Name, Any]:
        """{name: worker or nanny} of the workers that there are."""
        return self._parts.workers

    @property
    def plan(self) -> set[str]:
        """Names of the workers that are wanted."""
        return {f"{name}{suffix}" for name, spec in self.worker_spec.items() for suffix in spec.get("group", [""])}

    @property
    def requested(self) -> set[str]:
        """Names of the workers that were asked for: started, or starting."""
        return {
            f"{name}{suffix}"
            for name, spec in self.worker_spec.items()
            if name in self.workers
            for suffix in spec.get("group", [""])
        }

    @property
    def observed(self) -> set[str]:
        """Names of the workers that are there."""
        return {str(name) for name, worker in list(self.workers.items()) if worker.status == "running"}

    # ------------------------------------------------------------ what it does

    def new_worker_spec(self) -> dict[Name, Spec]:
        """Return {name: specification} of one more worker.

        Raises
        ------
        ValueError
            If the cluster was made without a specification for new workers.
        """
        if self.new_spec is None:
            raise ValueError(
                "this cluster doesn't know how to add workers: give SpecCluster(worker={'cls': …, 'options': …})"
            )
        used = set(self.worker_spec) | set(self.workers)
        number = 0
        while number in used:
            number += 1
        return {number: copy.copy(self.new_spec)}

    def scale(self, n: int | None = None, memory: Any = None, cores: int | None = None) -> Any:
        """Want so many workers. They are started, or retired with their data handed over, in the background.

        Parameters
        ----------
        n
            Workers, at least 0.
        memory, cores
            Instead: as many workers as have this much memory, or so many threads, together.

        Returns
        -------
        An awaitable that ends when the workers are there or gone if the cluster is asynchronous, otherwise None.

        Raises
        ------
        TypeError, ValueError
            For numbers that make no sense, or where a new worker's memory or threads aren't known.
        """
        wanted = self._count(n, memory, cores)
        spec = self._open_spec()
        # Workers that somebody retired may still be on their way out: they don't count, and go by themselves.
        staying = self._parts.staying()
        for name in staying[wanted:]:
            del spec[name]
        for _ in range(wanted - len(staying)):
            spec.update(self.new_worker_spec())
        return self._correct()

    def scale_up(self, n: int | None = None, memory: Any = None, cores: int | None = None) -> Any:
        """Want so many workers: another name for `scale`."""
        return self.scale(n, memory, cores)

    def scale_down(self, workers: Iterable[Name] | Name) -> Any:
        """Want some workers no more. They are retired with their data handed over, in the background.

        Parameters
        ----------
        workers
            Names, as in ``cluster.workers``, or addresses.

        Returns
        -------
        As `scale`.

        Raises
        ------
        ValueError
            If there is no such worker; then none is retired.
        """
        spec = self._open_spec()
        names = {name: name for name in spec} | {str(name): name for name in spec}
        for name, worker in self.workers.items():
            address = address_of(worker)
            if address and name in spec:
                names[address] = name
        asked = [workers] if isinstance(workers, str | int) else list(workers)
        unknown = [one for one in asked if one not in names]
        if unknown:
            raise ValueError(f"there is no worker {unknown[0]!r}; there are {', '.join(map(str, spec)) or 'none'}")
        for name in {names[one]: None for one in asked}:
            del spec[name]
        return self._correct()

    def _open_spec(self) -> dict[Name, Spec]:
        """What is wanted, to be changed; raise RuntimeError if the cluster is closed."""
        if self.status not in ("created", "starting", "running"):
            raise RuntimeError(f"{self!r} is closed")
        return self.worker_spec

    def _correct(self) -> Any:
        """Have what there is follow what is wanted."""
        if self._asynchronous:
            return _Done() if self.status == "created" else self._parts.correct_soon()
        assert self._thread is not None
        self._thread.call_soon(self._parts.correct_soon)
        return None

    def _count(self, n: int | None, memory: Any, cores: int | None) -> int:
        if n is None and memory is None and cores is None:
            raise TypeError("scale() needs a number of workers, as scale(4), or memory= or cores=")
        wanted = 0 if n is None else n
        if isinstance(wanted, bool) or not isinstance(wanted, int):
            raise TypeError(f"the number of workers must be an int, got {type(wanted).__name__}: {wanted!r:.80}")
        if wanted < 0:
            raise ValueError(f"the number of workers must be at least 0, got {wanted}")
        for what, amount, option in (
            ("memory", None if memory is None else parse_bytes(memory), "memory_limit"),
            ("cores", cores, "nthreads"),
        ):
            if amount is not None:
                each = (self.new_spec or {}).get("options", {}).get(option)
                each = parse_bytes(each) if isinstance(each, str) and each != "auto" else each
                if not isinstance(each, int) or each < 1:
                    raise ValueError(
                        f"scale({what}=…) needs to know the {option} of a new worker: give the number of workers"
                    )
                wanted = max(wanted, math.ceil(amount / each))
        return wanted

    def wait_for_workers(self, n_workers: int, timeout: float | str | None = None) -> Any:
        """Wait until so many workers have registered.

        Parameters
        ----------
        n_workers
            At least so many.
        timeout
            Seconds to wait; None: as long as it takes.

        Raises
        ------
        TimeoutError
            If there are fewer then.
        """
        return self.sync(self._wait_for_workers, n_workers, parse_timedelta(timeout))

    async def _wait_for_workers(self, n_workers: int, timeout_s: float | None) -> None:
        assert self._parts.link is not None
        await self._parts.link.call("wait_for_workers", n=n_workers, timeout=timeout_s)

    def get_logs(self, cluster: bool = True, scheduler: bool = True, workers: bool | list[Name] = True) -> Any:
        """Return {"Scheduler" or name of a worker: its last log lines as one text}.

        Parameters
        ----------
        cluster
            Taken for programs that pass it: the cluster itself logs with the scheduler, which is in the same process.
        scheduler
            Whether to have the scheduler's.
        workers
            Whether to have the workers', or the names of some.
        """
        return self.sync(self._get_logs, scheduler, workers)

    async def _get_logs(self, scheduler: bool, workers: bool | list[Name]) -> dict[str, str]:
        logs: dict[str, str] = {}
        kept = getattr(self.scheduler, "logs", None)
        if scheduler and kept is not None:
            logs["Scheduler"] = "\n".join(line for _, line in reversed(kept.last()))
        names = list(self.workers) if workers is True else workers or []
        for name in names:
            if name not in self.workers:
                raise KeyError(f"there is no worker {name!r}; there are {sorted(map(str, self.workers))}")
            log = getattr(self.workers[name], "log", ())
            logs[str(name)] = "\n".join(log)
        return logs


class _Done:
    """An awaitable that is done, and that nobody has to await."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


def _check_spec(what: str, spec: Mapping[str, Any]) -> Spec:
    if not isinstance(spec, Mapping) or not isinstance(spec.get("cls"), type):
        raise TypeError(
            f"{what} must be a mapping with a class under 'cls', as {{'cls': Nanny, 'options': {{}}}}, got {spec!r:.100}"
        )
    if not isinstance(spec.get("options", {}), Mapping):
        raise TypeError(f"the options of {what} must be a mapping, got {type(spec['options']).__name__}")
    unknown = set(spec) - {"cls", "options", "group"}
    if unknown:
        raise ValueError(f"{what} has the unknown entries {sorted(unknown)}; known are 'cls', 'options' and 'group'")
    return with_dashboard({**spec, "options": dict(spec.get("options", {}))})
