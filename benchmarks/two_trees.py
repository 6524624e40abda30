"""Round trips of a cluster of two processes, by the code of two source trees side by side: ``two_trees.py OLD NEW [ROUNDS]``.

Each tree's code runs in a process and cluster of its own, and both live all the while; blocks of calls alternate between them,
so that an hour in which the machine is slow slows both. The ratio is that of neighbours in time. A tree of an older commit is
made with ``git worktree add --detach FOLDER COMMIT``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from operator import abs as call

BLOCK = 300
WARM_UP = 500
RANKS = {"median": 0.5, "10% are below": 0.1, "99% are below": 0.99}


def serve() -> None:
    """Measure a block of round trips for each line of the standard input."""
    from minidask_distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        for number in range(WARM_UP):
            client.submit(call, -number).result()
        print("ready", flush=True)
        number = 0
        for _ in sys.stdin:
            times = []
            for _ in range(BLOCK):
                number += 1
                start = time.perf_counter()
                client.submit(call, number).result()
                times.append(time.perf_counter() - start)
            times.sort()
            print(*(times[int(share * BLOCK)] for share in RANKS.values()), flush=True)


def started(tree: str) -> subprocess.Popen[str]:
    """Start a process with the code of a tree, and wait until its cluster is warm."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "PYTHONPATH": os.path.abspath(tree)},
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise SystemExit(f"the code in {tree} didn't start a cluster")
    return process


def block(process: subprocess.Popen[str]) -> list[float]:
    """Have a process measure a block; return the seconds by rank."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    return [float(text) for text in process.stdout.readline().split()]


def main(old: str, new: str, rounds: int) -> None:
    """Compare two trees and print what came of it."""
    processes = started(old), started(new)
    measured: tuple[list[list[float]], list[list[float]]] = [], []
    for number in range(rounds):
        # Every other round runs backwards, so that nobody always follows the other.
        for which in (0, 1) if number % 2 else (1, 0):
            measured[which].append(block(processes[which]))
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    for at, name in enumerate(RANKS):
        before, after = ([times[at] for times in side] for side in measured)
        low, middle, high = statistics.quantiles((b / a for a, b in zip(before, after, strict=True)), n=4)
        print(
            f"{name:14s} {statistics.median(before) * 1e6:6.0f} µs, {statistics.median(after) * 1e6:6.0f} µs: "
            f"{middle:.3f} (half of the rounds: {low:.3f} to {high:.3f})"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    elif len(sys.argv) in (3, 4):
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 40)
    else:
        raise SystemExit(__doc__)
