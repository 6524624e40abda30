import mmap
from pickle import PickleBuffer

import numpy as np
import pytest

from minidask_distributed.protocol.buffers import allocate, flat, reserve


@pytest.mark.parametrize("order", ["C", "F"])
def test_contiguous_memory_is_not_copied(order):
    array = np.arange(12, dtype="i4").reshape(3, 4).copy(order)
    view = flat(array.data)
    assert (view.ndim, view.nbytes, view.format) == (1, 48, "B")
    array[0, 0] = 77
    assert bytes(view[:4]) == np.int32(77).tobytes()


def test_flat_bytes_pass_as_they_are():
    data = b"abc"
    assert flat(data) is data
    assert bytes(flat(PickleBuffer(bytearray(b"xy")))) == b"xy"


def test_strided_memory_is_copied_in_the_order_of_its_elements():
    array = np.arange(10, dtype="u1")[::-2]
    assert flat(array.data) == array.tobytes()


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_nothing_is_empty_bytes(shape):
    assert flat(np.zeros(shape).data) == b""


def test_read_only_memory_stays_so():
    array = np.arange(4)
    array.flags.writeable = False
    assert flat(array.data).readonly


def test_what_is_no_buffer_is_refused():
    with pytest.raises(TypeError, match="bytes-like object is required"):
        flat("text")  # type: ignore[arg-type]


@pytest.mark.parametrize("nbytes", [0, 1, 1 << 20, (3 << 20) + 5])
def test_allocated_memory_is_writable_and_of_that_size(nbytes):
    memory = allocate(nbytes)
    assert (memory.nbytes, memory.readonly, memory.format) == (nbytes, False, "B")
    if nbytes:
        memory[-1] = 7
        assert memory[nbytes - 1] == 7


def test_memory_that_the_machine_does_not_have_is_a_memory_error():
    with pytest.raises(MemoryError, match="no room for a frame of"):
        allocate(1 << 62)


def test_large_memory_is_not_touched():
    # A terabyte would not be there; address space is.
    assert isinstance(allocate(1 << 30).obj, mmap.mmap)
    held = [reserve(1 << 34) for _ in range(20)]
    assert sum(memory.nbytes for memory in held) == 20 << 34


def test_reserved_memory_is_zero_and_writable():
    memory = reserve(5)
    memory[4] = 1
    assert bytes(memory) == b"\0\0\0\0\1"
