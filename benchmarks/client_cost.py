"""What a task costs in the client's process: microseconds of processor time for submit, map, graphs, completion and gather.

The scheduler is left out: a recording comm encodes what the client sends, as a socket would, and the answers are read from
bytes, as from a socket. Run it with ``python -m benchmarks.client_cost``; figures are the best of several rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Callable
from operator import add
from typing import Any

from minidask.delayed import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.comm.base import Comm
from minidask_distributed.messages import Done, Message, SessionOpened, Upload, UploadTaken
from minidask_distributed.protocol import wire

REPORT = 512  # results in one message, as many as a scheduler's callback brings when it is busy


class RecordingComm(Comm):
    """Take messages, encode them, and answer nothing."""

    serialized = True
    same_host = True

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.bytes = 0
        self.encoding_s = 0.0

    def start(self, on_messages: Any, on_close: Any) -> None:
        raise NotImplementedError

    def send(self, messages: list[Message]) -> None:
        before = time.thread_time()
        self.bytes += sum(memoryview(piece).nbytes for piece in wire.encode(messages, None))
        self.encoding_s += time.thread_time() - before
        self.sent += messages

    @property
    def pending_bytes(self) -> int:
        return 0

    async def drain(self, below_bytes: int = 0) -> None:
        return

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return

    def abort(self) -> None:
        return

    async def close(self) -> None:
        return

    @property
    def closed(self) -> bool:
        return False


def unconnected_client() -> tuple[Client, RecordingComm]:
    """Return a client that believes in a session."""
    client = Client("tcp://nowhere:1", asynchronous=True, set_as_default=False)
    comm = RecordingComm()
    client.loop = asyncio.new_event_loop()
    client._thread_id = -1
    client._comm = comm
    client._receive([SessionOpened(1, 1, 1_000_000, True)])
    return client, comm


def answers(first: int, count: int) -> list[bytes]:
    """Return the bytes of the messages that say that so many tasks are done."""
    out = []
    for start in range(first, first + count, REPORT):
        tasks = list(range(start, min(start + REPORT, first + count)))
        message = Done(tasks, [b"\x80\x05K\x01."] * len(tasks), [28] * len(tasks))
        out.append(b"".join(bytes(piece) for piece in wire.encode([message], None)))
    return out


def receive(client: Client, data: list[bytes]) -> None:
    """Read answers as from a socket."""
    decoder = wire.Decoder()
    for piece in data:
        view = decoder.get_buffer()
        view[: len(piece)] = piece
        client._receive(decoder.advance(len(piece)))


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds that a call took, and its result."""
    gc.collect()
    before = time.thread_time()
    result = function()
    return time.thread_time() - before, result


def mapped(count: int) -> dict[str, float]:
    """Map and gather."""
    client, comm = unconnected_client()
    map_s, futures = timed(lambda: client.map(abs, range(count)))
    first = next(message.first for message in comm.sent if isinstance(message, Upload))
    data = answers(first, count)
    done_s, _ = timed(lambda: receive(client, data))
    gather_s, values = timed(lambda: client._results([future._state for future in futures], "raise", None))
    assert values == [1] * count

    def drop() -> None:
        futures.clear()
        client._flush()

    drop_s, _ = timed(drop)
    total = map_s + done_s + gather_s + drop_s
    return {
        "map, encoding included": map_s,
        "  of it, frames": comm.encoding_s,
        "completion": done_s,
        "gather": gather_s,
        "release": drop_s,
        "map + gather, all in all": total,
        "bytes a task": comm.bytes / 1e6,
    }


def submitted(count: int) -> dict[str, float]:
    """Submit one by one."""
    client, _comm = unconnected_client()

    def submit() -> list[Any]:
        futures = [client.submit(abs, at) for at in range(count)]
        client._flush()
        return futures

    submit_s, futures = timed(submit)
    assert len(futures) == count
    return {"submit": submit_s}


def reduced(leaves: int) -> dict[str, float]:
    """Send the graph of a tree reduction of delayed calls."""

    def build() -> Any:
        level = [delayed(abs)(at) for at in range(leaves)]
        while len(level) > 1:
            level = [delayed(add)(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        return level[0]

    build_s, root = timed(build)
    client, comm = unconnected_client()
    send_s, _future = timed(lambda: client.compute(root))
    rows = sum(len(message.recipe) for message in comm.sent if isinstance(message, Upload))
    assert rows == 2 * leaves - 1
    client._receive([UploadTaken(1)])
    return {"building (not the client's)": build_s, "optimise, order, send": send_s, "  of it, frames": comm.encoding_s}


def report(title: str, count: int, rounds: int, work: Callable[[], dict[str, float]]) -> None:
    """Print the best of some rounds, in microseconds a task."""
    runs = [work() for _ in range(rounds)]
    print(f"{title} ({count} tasks)")
    for name in runs[0]:
        print(f"  {min(run[name] for run in runs) / count * 1e6:8.2f}  {name}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    count, leaves = options.count, 1 << max(1, (options.count // 2).bit_length())
    print("microseconds of processor time a task")
    report("map", count, options.rounds, lambda: mapped(count))
    report("submit", count // 10, options.rounds, lambda: submitted(count // 10))
    report("tree reduction", 2 * leaves - 1, options.rounds, lambda: reduced(leaves))


if __name__ == "__main__":
    main()
