"""HyperLogLog: about how many distinct values there are, in 16 kilobytes. Pure.

Each value's 64-bit hash chooses a register by its first ``BITS`` bits; the register keeps the largest number of leading zeros
(plus one) of the rest. Registers of several partitions are joined by their maxima. Source: Flajolet, Fusy, Gandouet, Meunier,
"HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007. The estimate is that of Ertl, "New
cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6: it needs no tables and no other method for small
numbers.

The relative standard error is ``1.04 / sqrt(2 ** BITS)``, 0.8 % (the tests allow four of it).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

BITS = 14
REGISTERS = 1 << BITS
# The largest value of a register: all bits behind the first are zero.
MOST = 64 - BITS + 1


def registers(hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return the registers of some values, given by their hashes."""
    found = np.zeros(REGISTERS, dtype=np.uint8)
    if not len(hashes):
        return found
    places = (hashes >> np.uint64(64 - BITS)).astype(np.int64)
    rest = hashes & np.uint64((1 << (64 - BITS)) - 1)
    # Two halves, since float64 holds 53 bits exactly: frexp gives the number of bits of each.
    high, low = (rest >> np.uint64(32)).astype(np.float64), (rest & np.uint64(0xFFFFFFFF)).astype(np.float64)
    length = np.where(high > 0, np.frexp(high)[1] + 32, np.frexp(low)[1])
    np.maximum.at(found, places, (MOST - length).astype(np.uint8))
    return found


def join_registers(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the registers of all values that several stand for."""
    return np.maximum.reduce(parts)


def estimate(found: NDArray[np.uint8]) -> float:
    """Return about how many distinct values the registers have seen.

    Examples
    --------
    >>> estimate(registers(np.zeros(0, dtype=np.uint64)))
    0.0
    >>> few = np.arange(1, 11, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    >>> round(estimate(registers(few)))
    10
    """
    counts = np.bincount(found, minlength=MOST + 1).astype(float)
    m = float(REGISTERS)
    if counts[0] == m:
        return 0.0
    z = m * _tau(1 - counts[MOST] / m)
    for k in range(MOST - 1, 0, -1):
        z = 0.5 * (z + counts[k])
    z += m * _sigma(counts[0] / m)
    return m / (2 * math.log(2)) * m / z


def _sigma(x: float) -> float:
    """``x + sum(x ** (2 ** k) * 2 ** (k - 1))`` over k from 1."""
    y, z = 1.0, x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if z == before:
            return z


def _tau(x: float) -> float:
    """``(1 - x - sum((1 - x ** (2 ** -k)) ** 2 * 2 ** -k)) / 3`` over k from 1."""
    if x in (0.0, 1.0):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
        if z == before:
            return z / 3
