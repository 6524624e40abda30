"""Which result is asked of which peer, and when: coalesced by peer, bounded by count and bytes.

Place in the flow: `machine` puts wanted results in line at every peer that should have them; `start` forms the requests, one at
a time to a peer. Whoever has the most urgent result in line goes first.

State
- ``queued``: ``{task id: task}`` in line and in no request. A task may stand in line at many peers; entries at the others are
  passed over once it is on its way (their lines are heaps, cleaned as they are read).
- ``flights``: ``{serial: Flight}`` on their way. ``nbytes``: expected bytes of these.

Invariants: a peer has at most one request at a time; at most ``count`` requests and ``limit_bytes`` are on their way, except
that one result larger than that goes alone. No clock; ties go by task id and peer number.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from minidask_distributed.worker.machine.instructions import Fetch
from minidask_distributed.worker.machine.records import Task


@dataclass(slots=True, frozen=True)
class Flight:
    """A request that is on its way."""

    serial: int
    number: int  # of the peer
    address: str
    tasks: list[Task]
    nbytes: int


class _Peer:
    __slots__ = ("address", "line", "number", "serial")

    def __init__(self, number: int, address: str) -> None:
        self.number = number
        self.address = address
        self.serial = 0  # of its request on its way, 0: none
        self.line: list[tuple[int, int]] = []  # heap of (priority, task id)


class Fetches:
    """Plan the fetches.

    Parameters
    ----------
    count : int
        Requests on their way at a time.
    limit_bytes : int
        Bytes on their way at a time.
    message_bytes : int
        Bytes of one request.

    Raises
    ------
    ValueError
        If a bound is less than 1.
    """

    __slots__ = ("_serial", "_turns", "count", "flights", "limit_bytes", "message_bytes", "nbytes", "peers", "queued")

    def __init__(self, count: int, limit_bytes: int, message_bytes: int) -> None:
        if count < 1 or limit_bytes < 1 or message_bytes < 1:
            raise ValueError(f"fetches are bounded by at least 1, got {count=}, {limit_bytes=}, {message_bytes=}")
        self.count = count
        self.limit_bytes = limit_bytes
        self.message_bytes = message_bytes
        self.peers: dict[int, _Peer] = {}
        self.queued: dict[int, Task] = {}
        self.flights: dict[int, Flight] = {}
        self.nbytes = 0
        self._serial = 0
        self._turns: list[tuple[int, int]] = []  # heap of (priority of a result in line, peer number)

    def name(self, addresses: dict[int, str]) -> None:
        """Take note of workers' addresses."""
        for number, address in addresses.items():
            if number not in self.peers:
                self.peers[number] = _Peer(number, address)

    def queue(self, task: Task) -> None:
        """Put a wanted result in line at all its holders, whose addresses must be known."""
        want = task.want
        assert want is not None
        want.serial = 0
        self.queued[task.id] = task
        for number in want.holders:
            peer = self.peers[number]
            heappush(peer.line, (want.priority, task.id))
            if not peer.serial:
                heappush(self._turns, (want.priority, number))

    def discard(self, task: Task) -> None:
        """Take a result out of the lines; what is on its way isn't touched."""
        self.queued.pop(task.id, None)

    def start(self) -> list[Fetch]:
        """Form the requests that can go now."""
        started: list[Fetch] = []
        turns = self._turns
        while turns and len(self.flights) < self.count:
            peer = self.peers.get(turns[0][1])
            if peer is None or peer.serial or not self._clean(peer):
                heappop(turns)
                continue
            if not self._fits(self._size(peer)):
                break
            heappop(turns)
            started.append(self._request(peer))
        return started

    def _clean(self, peer: _Peer) -> bool:
        """Drop what isn't wanted of this peer any more from the front of its line; return whether something is left."""
        line, queued = peer.line, self.queued
        while line:
            task = queued.get(line[0][1])
            if task is not None and task.want is not None and peer.number in task.want.holders:
                return True
            heappop(line)
        return False

    def _size(self, peer: _Peer) -> int:
        want = self.queued[peer.line[0][1]].want
        assert want is not None
        return want.size

    def _fits(self, size: int) -> bool:
        return not self.flights or self.nbytes + size <= self.limit_bytes

    def _request(self, peer: _Peer) -> Fetch:
        self._serial += 1
        serial = self._serial
        batch: list[Task] = []
        nbytes = 0
        while self._clean(peer):
            size = self._size(peer)
            if batch and (nbytes + size > self.message_bytes or self.nbytes + nbytes + size > self.limit_bytes):
                break
            task = self.queued.pop(heappop(peer.line)[1])
            assert task.want is not None
            task.want.serial = serial
            nbytes += size
            batch.append(task)
        peer.serial = serial
        self.flights[serial] = Flight(serial, peer.number, peer.address, batch, nbytes)
        self.nbytes += nbytes
        return Fetch(serial, peer.number, peer.address, [task.id for task in batch], nbytes)

    def ended(self, serial: int) -> Flight | None:
        """Take note that a request was answered or failed; return it, or None if it was given up before."""
        flight = self.flights.pop(serial, None)
        if flight is None:
            return None
        self.nbytes -= flight.nbytes
        peer = self.peers.get(flight.number)
        if peer is not None:
            peer.serial = 0
            if peer.line:
                heappush(self._turns, (peer.line[0][0], peer.number))
        return flight

    def in_line(self, number: int) -> list[Task]:
        """Return the results in line at a peer, the most urgent first."""
        peer = self.peers.get(number)
        if peer is None:
            return []
        found: dict[int, Task] = {}
        for _, id in sorted(peer.line):
            task = self.queued.get(id)
            if task is not None and task.want is not None and number in task.want.holders:
                found[id] = task
        return list(found.values())

    def gone(self, number: int) -> Flight | None:
        """Forget a peer and give its request up; return that, if there was one. What was in line is the caller's to move."""
        peer = self.peers.pop(number, None)
        return self.ended(peer.serial) if peer is not None and peer.serial else None

    def clear(self) -> None:
        """Forget all peers, lines and requests."""
        self.peers.clear()
        self.queued.clear()
        self.flights.clear()
        self._turns.clear()
        self.nbytes = 0
