"""The scheduler: who computes what where, and the server around it.

Place in the flow: `machine` decides, without sockets or clocks; `server` connects it with the world. Clients and workers
don't import this package: they speak to it in `messages`. `Scheduler` is loaded on first use, so that simulations of the
machine load no sockets.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidask_distributed.scheduler.server import Scheduler

__all__ = ["Scheduler"]


def __getattr__(name: str) -> Any:
    if name != "Scheduler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from minidask_distributed.scheduler.server import Scheduler

    return Scheduler
