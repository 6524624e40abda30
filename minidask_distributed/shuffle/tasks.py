"""What runs: transfers, the barrier, unpacks.

Place in the flow: `method` makes tasks of these, they run on workers' threads. On another scheduler (``scheduler="threads"``
while a client is there) they do the same in memory.

Invariants: an output's rows come in the order of the sources, each in its own order; a shuffle that can't go on here raises an
error that names it, or names what has to be computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minidask.dataframe.shuffle.pieces import Split, join_all, split_rows
from minidask.schedulers.failure import add_note
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.shuffle.form import encode
from minidask_distributed.shuffle.store import Stub, Ticket, store_of
from minidask_distributed.worker.context import ResultsLost, running


class Routes(NamedTuple):
    """The barrier's result: where the pieces of each source are, in columns; small for the scheduler to pass on."""

    shuffle: str
    keys: Any  # of the transfers, a column of protocol.keys
    addresses: list[str]  # distinct
    at: list[int]  # index into them, for each source
    runs: list[int]
    digests: list[bytes]  # distinct
    kinds: list[int]  # index into them, for each source

    @classmethod
    def of(cls, shuffle: str, stubs: Sequence[Stub]) -> Routes:
        """Return the routes to what stubs stand for."""
        addresses = {address: at for at, address in enumerate(dict.fromkeys(stub.address for stub in stubs))}
        digests = {digest: at for at, digest in enumerate(dict.fromkeys(stub.digest for stub in stubs))}
        return cls(
            shuffle,
            encode_keys([stub.key for stub in stubs]),
            list(addresses),
            [addresses[stub.address] for stub in stubs],
            [stub.run for stub in stubs],
            list(digests),
            [digests[stub.digest] for stub in stubs],
        )

    def stubs(self) -> list[Stub]:
        """Return the stubs, in the order of the sources."""
        return [
            Stub(key, self.addresses[at], run, self.digests[kind])
            for key, at, run, kind in zip(decode_keys(self.keys), self.at, self.runs, self.kinds, strict=True)
        ]


def transfer(shuffle: str, frame: Any, targets: Any, npartitions: int, wanted: Sequence[int] | None) -> Ticket | Split:
    """Split a partition by where its rows go, and leave the pieces on this worker.

    Parameters
    ----------
    shuffle : str
        Its name.
    frame : DataFrame, Series or Index
    targets : Targets
    npartitions : int
    wanted : sequence of int, optional
        Outputs that are wanted; default: all.

    Raises
    ------
    TypeError
        If a column holds what can't be pickled.
    OSError
        If neither memory nor disk has room.
    """
    split = split_rows(frame, targets, npartitions)
    del frame
    task = running.get()
    if task is None:
        return split
    try:
        encoded = encode(split, range(npartitions) if wanted is None else wanted)
    except Exception as error:
        add_note(error, f"Raised when rows were to be sent by the shuffle {shuffle!r}.")
        raise
    del split
    return store_of(task.worker).put(shuffle, task.key, encoded)


def barrier(shuffle: str, *tickets: Ticket | Stub | Split) -> Routes | tuple[Any, ...]:
    """Gather what the transfers of a shuffle returned."""
    stubs = [ticket.stub if isinstance(ticket, Ticket) else ticket for ticket in tickets]
    if any(isinstance(stub, Split) for stub in stubs):
        return tuple(stubs)
    return Routes.of(shuffle, stubs)  # type: ignore[arg-type]


def unpack(routes: Routes | tuple[Any, ...], output: int) -> Any:
    """Put an output partition together.

    Raises
    ------
    ResultsLost
        If pieces are gone: the transfers that made them have to run again.
    """
    if not isinstance(routes, Routes):
        return join_all(output, routes)
    task = running.get()
    if task is None:
        raise RuntimeError(f"the shuffle {routes.shuffle!r} was begun on a cluster and can't be ended elsewhere")
    store = store_of(task.worker)
    stubs = routes.stubs()
    pieces, gone = store.collect(stubs, output, routes.shuffle)
    if gone:
        reason = f"the shuffle {routes.shuffle!r} lost pieces of {len(gone)} of {len(stubs)} partitions: {gone[0][1]}"
        raise ResultsLost([stub.key for stub, _ in gone], reason)
    try:
        frame = join_all(output, pieces)
    except Exception as error:
        add_note(error, f"Raised when partition {output} of the shuffle {routes.shuffle!r} was put together.")
        raise
    store.finish(stubs, output)
    return frame
