"""Memory of another process: read whole, recognised, and refused where it isn't there."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from minidask_distributed.comm import same_host
from minidask_distributed.comm.same_host import PART_BYTES, Witness, address_of, is_there, own_witness, read

pytestmark = pytest.mark.skipif(
    not (same_host.is_possible and is_there(own_witness())), reason="this system reads no other process's memory"
)

CHILD = """
import os, sys, numpy
from minidask_distributed.comm.same_host import address_of, own_witness
memory = numpy.arange(int(sys.argv[1]), dtype="u8").tobytes()
print(*own_witness()[:2], own_witness().content.hex(), address_of(memory), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child():
    """A function that starts a process with numbers in its memory; returns its witness and where they lie."""
    processes = []

    def start(count):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        pid, at, content, place = process.stdout.readline().split()
        return process, Witness(int(pid), int(at), bytes.fromhex(content)), int(place)

    yield start
    for process in processes:
        process.communicate()


@pytest.mark.parametrize("count", [1, 1000, PART_BYTES // 8 + 1, PART_BYTES // 2 + 3])
def test_another_process_is_read(child, count):
    process, witness, place = child(count)
    assert witness.pid == process.pid
    assert is_there(witness)
    room = bytearray(8 * count)
    read(witness.pid, place, memoryview(room))
    assert (np.frombuffer(room, "u8") == np.arange(count)).all()


def test_a_process_that_has_ended_is_not_there(child):
    process, witness, place = child(10)
    process.communicate()
    assert not is_there(witness)
    with pytest.raises(ProcessLookupError, match=f"memory of process {process.pid} can't be read"):
        read(witness.pid, place, memoryview(bytearray(8)))


def test_another_process_is_not_taken_for_it(child):
    _, witness, _ = child(10)
    assert not is_there(own_witness()._replace(pid=witness.pid))
    assert not is_there(witness._replace(pid=os.getpid()))
    assert own_witness().content != witness.content


def test_what_is_not_there_raises():
    with pytest.raises(OSError, match="Bad address"):
        read(os.getpid(), 4096, memoryview(bytearray(10)))
    # Of several parts, any may fail; the others end all the same.
    with pytest.raises(OSError, match="Bad address"):
        read(os.getpid(), 4096, memoryview(bytearray(4 * PART_BYTES)))


def test_nothing_is_read_of_nothing():
    read(os.getpid(), 0, memoryview(b""))


def test_addresses_of_read_only_memory():
    data = b"0123456789"
    room = bytearray(4)
    read(os.getpid(), address_of(memoryview(data)[3:7]), memoryview(room))
    assert room == b"3456"
