"""How connections behave: times, sizes, compression. And what a backend needs to make one.

Place in the flow: the edges make an `Options` from the settings (`Options.from_settings`); `endpoints` hands it inwards as
part of the `Terms`.

Invariants: values are checked when an `Options` is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from minidask_distributed import settings
from minidask_distributed.comm.peer import Identity
from minidask_distributed.protocol.compression import codec
from minidask_distributed.protocol.wire import MAX_FRAME_BYTES
from minidask_distributed.security import Security


@dataclass(frozen=True, slots=True)
class Options:
    """Times, sizes and compression of connections.

    Raises
    ------
    ValueError
        If a number is too small or the compression unknown.
    ImportError
        If the compression's library isn't installed.

    Examples
    --------
    >>> Options(compression="lz4").silence_timeout_s
    30.0
    """

    compression: str | None = None  # "lz4", "zstd", "auto": of large frames to other hosts; None: not at all
    same_host_memory: bool = True  # large values on one host are read from memory, where the system allows it
    max_frame_bytes: int = MAX_FRAME_BYTES  # of what is received; also bounds what is decompressed
    silence_timeout_s: float = 30.0  # until a peer whose host doesn't answer the system's probes counts as dead
    handshake_timeout_s: float = 10.0  # for those who call a listener
    backlog: int = 2048  # connections that may wait to be accepted

    def __post_init__(self) -> None:
        codec(self.compression)
        for name, least in (
            ("max_frame_bytes", 1),
            ("silence_timeout_s", 2),
            ("handshake_timeout_s", 0.001),
            ("backlog", 1),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)!r}")

    @classmethod
    def from_settings(cls) -> Options:
        """Return what the settings ``distributed.comm.*`` say.

        Examples
        --------
        >>> Options.from_settings() == Options()
        True
        """
        return cls(
            compression=settings.get("comm.compression") or None,
            same_host_memory=settings.get("comm.same-host-memory"),
            silence_timeout_s=max(2.0, settings.seconds("comm.timeouts.tcp")),
            backlog=settings.get("comm.socket-backlog"),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What one side brings to a connection: who it is, its credentials, and how the connection shall behave."""

    identity: Identity
    security: Security
    options: Options
