"""Dashboards for the parts of a cluster: what users say of them in arguments and specifications, as services.

Place in the flow: `local` and `spec` call these before they make anything; schedulers and workers themselves know services alone.

Invariants: what is made can be made several times and in other processes, so that each worker has a dashboard of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from minidask_distributed.dashboard.service import DEFAULT_PORT, Dashboard
from minidask_distributed.deploy.crew import Spec
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.worker.server import Worker

_OPTIONS = ("dashboard", "dashboard_address", "dashboard_prefix")


def worker_dashboard(address: str | None = None, prefix: str | None = None) -> Callable[[], Dashboard]:
    """Return what makes a worker its dashboard.

    Parameters
    ----------
    address
        Where to listen; a port that is taken, as by the worker beside it, gives way. Default: loopback, any free port.
    prefix
        See `Dashboard`.

    Raises
    ------
    TypeError, ValueError
        For an address or prefix that is none.

    Examples
    --------
    >>> worker_dashboard("9000")()
    <Dashboard on 127.0.0.1:9000, not started>
    """
    make = partial(Dashboard, ":0" if address is None else address, prefix, strict=False)
    make()
    return make


def takes_services(cls: type[Any], worker_class: type[Any] | None = None) -> bool:
    """Say whether workers of a class can be given services; classes of users' own needn't.

    Parameters
    ----------
    cls
        Of a worker or nanny.
    worker_class
        Of the nanny's worker.

    Examples
    --------
    >>> takes_services(Worker), takes_services(Nanny), takes_services(dict)
    (True, True, False)
    """
    taker = (worker_class or Worker) if issubclass(cls, Nanny) else cls
    if issubclass(taker, Nanny):
        taker = Worker
    if not issubclass(taker, Worker | Scheduler):
        return False
    parameters = inspect.signature(taker).parameters
    return "services" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def with_dashboard(spec: Spec) -> Spec:
    """Return a specification whose options ``dashboard``, ``dashboard_address`` and ``dashboard_prefix`` have become a service.

    Specifications of other classes than ours are left as they are.

    Raises
    ------
    TypeError, ValueError
        For an address or prefix that is none.

    Examples
    --------
    >>> made = with_dashboard({"cls": Scheduler, "options": {"dashboard_address": ":0", "port": 0}})
    >>> made["options"]["port"], made["options"]["services"][0]()
    (0, <Dashboard on 127.0.0.1:0, not started>)
    """
    cls, options = spec["cls"], dict(spec.get("options", {}))
    if not issubclass(cls, Scheduler | Worker | Nanny) or not any(name in options for name in _OPTIONS):
        return spec
    wanted, address, prefix = (options.pop(name, None) for name in _OPTIONS)
    if wanted or (wanted is None and address is not None):
        if issubclass(cls, Scheduler):
            make: Callable[[], Dashboard] = partial(
                Dashboard, f":{DEFAULT_PORT}" if address is None else address, prefix
            )
            make()
        else:
            make = worker_dashboard(address, prefix)
        options["services"] = [*options.get("services", ()), make]
    return {**spec, "options": options}
