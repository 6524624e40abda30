from __future__ import annotations

import threading

import numpy as np
import pytest

from minidask.array.random.streams import OfGenerator, OfRandomState, Stream, next_stream, seeds_of, spawn


def test_seeds_of_every_kind():
    assert seeds_of(5)[0].entropy == 5
    assert seeds_of([1, 2])[0].entropy == [1, 2]
    assert seeds_of(None)[0].entropy != seeds_of(None)[0].entropy
    sequence = np.random.SeedSequence(7)
    assert seeds_of(sequence) == (sequence, None)
    bits = np.random.Philox(sequence)
    assert seeds_of(bits) == (sequence, bits)
    assert seeds_of(np.random.Generator(bits)) == (sequence, bits)


def test_bit_generators_without_a_sequence_give_numbers_instead():
    one, other = np.random.RandomState(1), np.random.RandomState(1)
    first = seeds_of(one)[0].entropy
    assert first == seeds_of(other)[0].entropy
    assert first != seeds_of(one)[0].entropy


@pytest.mark.parametrize(("seed", "error"), [("5", TypeError), (1.5, TypeError), (-1, ValueError)])
def test_what_is_no_seed_raises(seed, error):
    with pytest.raises(error):
        seeds_of(seed)


def test_blocks_differ_from_each_other_and_from_spawned_streams():
    seeds = np.random.SeedSequence(5)
    make = OfGenerator(np.random.PCG64)
    streams = [next_stream(seeds, make) for _ in range(3)]
    drawn = [stream.at(place).random() for stream in streams for place in [(), (0,), (1,), (0, 0), (0, 1)]]
    drawn += [make(child).random() for child in spawn(seeds, 3)]
    assert len(set(drawn)) == len(drawn)


def test_a_block_draws_the_same_whenever_it_is_asked():
    stream = Stream(OfRandomState(), 5, (1,), 4)
    assert stream.at((3, 4)).normal() == stream.at((3, 4)).normal()
    assert isinstance(stream.at(()), np.random.RandomState)
    assert isinstance(stream._replace(make=OfGenerator(np.random.SFC64)).at(()).bit_generator, np.random.SFC64)


def test_threads_that_share_a_generator_get_different_streams():
    seeds, keys = np.random.SeedSequence(5), []
    threads = [
        threading.Thread(target=lambda: keys.extend(child.spawn_key for _ in range(200) for child in spawn(seeds, 1)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 800
