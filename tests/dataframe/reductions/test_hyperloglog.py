from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.reductions.hyperloglog import MOST, REGISTERS, estimate, join_registers, registers
from minidask.dataframe.shuffle.hashing import hash_rows

ERROR = 1.04 / np.sqrt(REGISTERS)


@pytest.mark.parametrize("number", [0, 1, 10, 1000, 20_000, 60_000, 300_000])
def test_the_promised_error(number):
    found = registers(hash_rows([pd.Series(np.arange(number))], number))
    assert estimate(found) == pytest.approx(number, rel=4 * ERROR, abs=0.1)


def test_unbiased_on_average():
    rng = np.random.default_rng(0)
    for number in (5_000, 40_000, 100_000):
        found = [estimate(registers(rng.integers(0, 2**64, number, dtype=np.uint64))) for _ in range(20)]
        assert np.mean(found) == pytest.approx(number, rel=4 * ERROR / np.sqrt(20))


def test_joining_is_like_seeing_all():
    hashes = np.random.default_rng(0).integers(0, 2**64, 5000, dtype=np.uint64)
    joined = join_registers([registers(part) for part in np.array_split(hashes, 7)])
    np.testing.assert_array_equal(joined, registers(hashes))


def test_bits():
    hashes = np.array([0, 1, 1 << 31, 1 << 32, 1 << 49, (1 << 50) - 1], dtype=np.uint64)
    found = [registers(hashes[at : at + 1])[0] for at in range(len(hashes))]
    assert found == [MOST, MOST - 1, MOST - 32, MOST - 33, 1, 1]
    assert registers(np.array([2**64 - 1], dtype=np.uint64))[REGISTERS - 1] == 1
