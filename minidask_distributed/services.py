"""What a scheduler or worker runs beside its own work: services, such as a dashboard.

Place in the flow: whoever makes a server (a cluster, a command line, a nanny's child) gives it services; the server starts them
when it listens, tells others where they are, and closes them first of all. It knows nothing else of them.

Invariants: all services of a server are started or none is; closing closes all, whatever one of them raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

logger = logging.getLogger(__name__)


_NAMES = ("name", "port", "start", "close", "describe")


class Service(Protocol):
    """What a server needs of a service."""

    name: str
    port: int  # 0 where it has none, or before its start

    async def start(self, server: Any) -> None:
        """Begin."""

    async def close(self) -> None:
        """End; may be called again, and before `start`."""

    def describe(self) -> dict[str, Any]:
        """Return where it is, as plain values: ``scheme, host`` ("" for the server's own), ``port, prefix``."""


class Services:
    """The services of one server.

    Parameters
    ----------
    services
        In the order in which they start; each a service, or what makes one when it is called: where several servers are made of
        one specification, or of one that travels to another process.

    Raises
    ------
    TypeError
        If one of them is no service.
    ValueError
        If two have one name.

    Examples
    --------
    >>> Services([]).ports()
    {}
    """

    def __init__(self, services: Iterable[Service | Callable[[], Service]]) -> None:
        self._services: list[Any] = [each if hasattr(each, "start") else _made(each) for each in services]
        self._started: list[Service] = []
        self.places: dict[str, dict[str, Any]] = {}  # {name: what `describe` says} of those that run
        for service in self._services:
            if not all(hasattr(service, name) for name in _NAMES):
                raise TypeError(f"a service has {', '.join(_NAMES)}; got {type(service).__name__}")
        names = [service.name for service in self._services]
        if len(set(names)) < len(names):
            raise ValueError(f"services need different names, got {names}")

    def ports(self) -> dict[str, int]:
        """Return {name: port} of those that run."""
        return {service.name: service.port for service in self._started}

    async def start(self, server: Any) -> None:
        """Start all.

        Raises
        ------
        Whatever one of them raises; none runs then.
        """
        try:
            for service in self._services:
                await service.start(server)
                self._started.append(service)
                self.places[service.name] = service.describe()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all that were started; what one of them raises is logged."""
        self.places.clear()
        while self._started:
            service = self._started.pop()
            try:
                await service.close()
            except Exception:
                logger.exception("closing the service %s failed", service.name)


def _made(maker: Any) -> Any:
    if not callable(maker):
        raise TypeError(f"a service has {', '.join(_NAMES)}; got {type(maker).__name__}")
    return maker()
