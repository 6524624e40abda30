"""How values move: a large array from worker to worker, between client and workers, and many small objects.

The limits are the project's goals beside dask.distributed in one run, two worker processes each. Ray keeps values of one
machine in memory that its processes share, so that it moves nothing: its figures stand beside for the scale, unlimited. So do
those of a bare socket: the same bytes over one loopback connection into fresh memory, and nothing else, which is the least that
any transfer by TCP can take.

Where the machine is a virtual one that gives free memory back to its host, memory that wasn't used for two seconds comes at
1 GB/s when it is touched again. What is measured here is the way of the values, so that for all libraries alike such memory is
touched and freed just before.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from itertools import count
from multiprocessing import get_context
from typing import Any

from benchmarks.bench_cluster import Measure, Measured, of_family, require, timed
from benchmarks.clusters import BEST, ray
from benchmarks.workload import Workload, size, workload

LARGE, MEDIUM = size(500_000_000, 2_000_000), size(200_000_000, 1_000_000)  # bytes
OBJECTS = size(10_000, 200)


def random_array(nbytes: int, seed: int) -> Any:
    """Return numbers that no compression shrinks; integers, as sums of floats depend on where in memory they lie."""
    import numpy

    return numpy.random.default_rng(seed).integers(0, 1 << 62, nbytes // 8)


def warm_memory(nbytes: int) -> None:
    """Have the system hold so much free memory that it needn't get from a host first."""
    import mmap

    memory = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # As large values come into: memory of the other kind lies elsewhere.
    memory.madvise(mmap.MADV_HUGEPAGE)
    for at in range(0, nbytes, mmap.PAGESIZE):
        memory[at] = 1
    memory.close()


def touch(array: Any) -> tuple[int, int]:
    """Look at both ends of an array, which must be here for it."""
    return array.nbytes, int(array[0] ^ array[-1])


def total(array: Any) -> int:
    """Add up all of an array, modulo 2**64."""
    return int(array.sum())


def against_distributed(limit: float) -> dict[str, float]:
    """Return the limit of the ratio for both settings of distributed."""
    return {"distributed": limit, BEST: limit}


# ---------------------------------------------------------------- between workers

between = workload(
    "worker-to-worker-500MB",
    f"a task on one worker gets an array of {LARGE / 1e6:g} MB that another has (Ray: shared memory)",
    kind="measure",
    limit=against_distributed(1),
    goal=LARGE / 3e9,
)


@of_family(between)
def _(client: Any) -> Measure:
    here, there = sorted(client.scheduler_info()["workers"])
    numbers = count()

    def measure() -> Measured:
        # The same numbers each time, under a new key.
        made = client.submit(random_array, LARGE, 0, workers=[here], key=f"made-{next(numbers)}")
        before = client.submit(total, made, workers=[here], pure=False).result()
        warm_memory(3 * LARGE)
        seconds, ends = timed(lambda: client.submit(touch, made, workers=[there], pure=False).result())
        after = client.submit(total, made, workers=[there], pure=False).result()
        require(before == after)
        return seconds, [*ends, after]

    measure()  # at full size: memory that a virtual machine has never used before comes slowly
    return measure


@between.case("ray")
def _() -> Iterator[Measure]:
    with ray() as library:
        make, look, add_up = map(library.remote, (random_array, touch, total))

        def measure() -> Measured:
            made = make.remote(LARGE, 0)
            value = library.get(add_up.remote(made))
            warm_memory(3 * LARGE)
            seconds, ends = timed(lambda: library.get(look.remote(made)))
            return seconds, [*ends, value]

        measure()
        yield measure


# ---------------------------------------------------------------- between client and workers

scattered = workload(
    "scatter-200MB",
    f"client.scatter of an array of {MEDIUM / 1e6:g} MB (Ray: put)",
    kind="measure",
    limit=against_distributed(1 / 4),
)
gathered = workload(
    "gather-200MB",
    f"client.gather of an array of {MEDIUM / 1e6:g} MB (Ray: get, without a copy)",
    kind="measure",
    limit=against_distributed(1 / 4),
)


def scattering(scatter: Callable[[Any], Any], add_up: Callable[[Any], int]) -> Measure:
    """Measure the way out of arrays, no two of them equal."""
    array = random_array(MEDIUM, 0)
    numbers = count()

    def measure() -> Measured:
        array[0] = next(numbers)
        expected = total(array)
        warm_memory(4 * MEDIUM)
        seconds, there = timed(lambda: scatter(array))
        require(add_up(there) == expected)
        return seconds, array.nbytes

    for _ in range(4):  # on both workers: the first array that a process sees makes it load NumPy
        measure()
    return measure


@of_family(scattered)
def _(client: Any) -> Measure:
    return scattering(client.scatter, lambda there: client.submit(total, there, pure=False).result())


@scattered.case("ray")
def _() -> Iterator[Measure]:
    with ray() as library:
        add_up = library.remote(total)
        yield scattering(library.put, lambda there: library.get(add_up.remote(there)))


def gathering(make: Callable[[int], Any], gather: Callable[[Any], Any]) -> Measure:
    """Measure the way back of arrays that tasks have made and the client hasn't seen."""
    seeds = count()

    def measure() -> Measured:
        seed = next(seeds)
        there = make(seed)
        warm_memory(4 * MEDIUM)
        seconds, array = timed(lambda: gather(there))
        require(total(array) == total(random_array(MEDIUM, seed)))
        return seconds, array.nbytes

    measure()
    return measure


@of_family(gathered)
def _(client: Any) -> Measure:
    def make(seed: int) -> Any:
        made = client.submit(random_array, MEDIUM, seed, pure=False)
        client.submit(total, made, pure=False).result()
        return made

    return gathering(make, client.gather)


@gathered.case("ray")
def _() -> Iterator[Measure]:
    with ray() as library:
        make, add_up = library.remote(random_array), library.remote(total)

        def made(seed: int) -> Any:
            there = make.remote(MEDIUM, seed)
            library.get(add_up.remote(there))
            return there

        yield gathering(made, library.get)


# ---------------------------------------------------------------- a bare socket

SEND, TAKE = b"s", b"t"


def received(sock: socket.socket, nbytes: int) -> Any:
    """Return an array of so many bytes that come over a socket."""
    import numpy

    array = numpy.empty(nbytes // 8, "i8")
    room = memoryview(array).cast("B")
    at = 0
    while at < nbytes:
        at += sock.recv_into(room[at : at + (1 << 18)])
    return array


def obey(port: int, nbytes: int) -> None:
    """Send an array, or take one and answer with its sum, as often as the other process says so."""
    array = random_array(nbytes, 0)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        while order := sock.recv(1):
            if order == SEND:
                sock.sendall(array)
            else:
                taken = received(sock, nbytes)
                sock.sendall(TAKE)
                sock.sendall(total(taken).to_bytes(8, "big", signed=True))


def over_a_socket(order: bytes) -> Iterator[Measure]:
    """Measure one way."""
    nbytes = MEDIUM // 8 * 8
    array = random_array(nbytes, 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = get_context("spawn").Process(target=obey, args=(server.getsockname()[1], nbytes))
        process.start()
        sock, _ = server.accept()

    def put() -> None:
        sock.sendall(TAKE)
        sock.sendall(array)
        require(sock.recv(1) == TAKE)

    def measure() -> Measured:
        warm_memory(4 * nbytes)
        if order == TAKE:
            seconds, _ = timed(put)
            require(int.from_bytes(sock.recv(8, socket.MSG_WAITALL), "big", signed=True) == total(array))
        else:
            sock.sendall(SEND)
            seconds, taken = timed(lambda: received(sock, nbytes))
            require(total(taken) == total(array))
        return seconds, MEDIUM

    with sock:
        measure()
        yield measure
    process.join()


for _way, _order in ((scattered, TAKE), (gathered, SEND)):

    @_way.case("socket")
    def _(order: bytes = _order) -> Iterator[Measure]:
        yield from over_a_socket(order)


# ---------------------------------------------------------------- many small objects


def objects(first: int) -> list[Any]:
    """Return small objects, no two of them equal."""
    return [(i, str(i)) for i in range(first, first + OBJECTS)]


def small(way: str, about: str) -> Workload:
    """Declare one of the two ways."""
    return workload(
        f"{way}-10k-small",
        about,
        kind="measure",
        per=OBJECTS,
        limit=against_distributed(1 / 10),
        goal=OBJECTS * 10e-6,
        rounds=3,
    )


out = small("scatter", f"client.scatter of a list of {OBJECTS} small objects (Ray: put each)")
back = small("gather", f"client.gather of {OBJECTS} small objects that were scattered")


def both_ways(scatter: Callable[[list[Any]], list[Any]], gather: Callable[[list[Any]], list[Any]], way: str) -> Measure:
    """Measure one way; the other one checks it."""
    starts = count(0, OBJECTS)

    def measure() -> Measured:
        values = objects(next(starts))
        scatter_s, there = timed(lambda: scatter(values))
        gather_s, results = timed(lambda: gather(there))
        require(results == values)
        return scatter_s if way == "scatter" else gather_s, len(results)

    measure()
    return measure


for _way, _made in (("scatter", out), ("gather", back)):

    @of_family(_made)
    def _(client: Any, way: str = _way) -> Measure:
        return both_ways(client.scatter, client.gather, way)

    @_made.case("ray")
    def _(way: str = _way) -> Iterator[Measure]:
        with ray() as library:
            yield both_ways(lambda values: [library.put(value) for value in values], library.get, way)
