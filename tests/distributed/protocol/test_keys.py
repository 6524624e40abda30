import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.keys import decode_keys, encode_keys

scalars = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8), st.integers(), st.floats(allow_nan=False), st.booleans()
)
keys = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8)
same_shape = st.lists(st.tuples(st.sampled_from(["x-1", "x-2"]), st.integers(0, 9), st.text("ab", max_size=3)))


def through_the_wire(column):
    return msgpack.unpackb(msgpack.packb(column), strict_map_key=False)


def types(key):
    return tuple(map(types, key)) if type(key) is tuple else type(key)


@given(st.one_of(st.lists(keys, max_size=12), same_shape, st.lists(st.text("ab", max_size=20))))
@pytest.mark.slow
def test_keys_come_back_with_their_types(given_keys):
    back = decode_keys(through_the_wire(encode_keys(given_keys)))
    assert back == given_keys
    assert list(map(types, back)) == list(map(types, given_keys))


@given(st.binary(max_size=60))
def test_any_bytes_are_keys_or_a_protocol_error(data):
    try:
        column = msgpack.unpackb(data, strict_map_key=False)
    except Exception:
        return
    try:
        decode_keys(column)
    except ProtocolError:
        pass


columns = st.recursive(
    st.one_of(st.integers(-2, 6), st.text("ab", max_size=3), st.none(), st.binary(max_size=3), st.floats()),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


@given(columns)
def test_any_column_is_keys_or_a_protocol_error(column):
    try:
        decode_keys(column)
    except ProtocolError:
        pass


@pytest.mark.parametrize(
    ("given_keys", "column"),
    [
        ([], [0]),
        (["a"], [0, "a"]),
        (["ab1", "ab2"], [1, "ab", "1", "2"]),
        (["b", "a"], [0, "b", "a"]),
        ([("x", 0)], [0, ["x", 0]]),
        ([("x", 0, 1), ("x", 0, 2)], [2, [3, "x"], [0, 0, 0], [0, 1, 2]]),
        ([("x", 0), ("x", 0)], [2, [3, "x"], [0, 0, 0]]),
        ([("x",), ("x",)], [2, [0, "x", "x"]]),
        ([("a", i) for i in range(2)] + [("b", i) for i in range(3)], [2, [4, ["a", "b"], [0, 0, 1, 1, 1]], [0, 0, 1, 0, 1, 2]]),
        ([(("a", 1), 2), (("a", 2), 3)], [2, [2, [3, "a"], [0, 1, 2]], [0, 2, 3]]),
        ([1, 2.5, "a"], [0, 1, 2.5, "a"]),
        ([(), (1,)], [0, [], [1]]),
    ],
)  # fmt: skip
def test_forms(given_keys, column):
    assert encode_keys(given_keys) == column
    assert decode_keys(column) == given_keys


def test_large_integers_and_odd_floats():
    given_keys = [2**63, -(2**63) - 1, 2**63 - 1, -(2**63), 10**50, math.inf, ("x", 10**40), -0.0]
    back = decode_keys(through_the_wire(encode_keys(given_keys)))
    assert back == given_keys
    assert math.copysign(1, back[-1]) == -1
    assert math.isnan(decode_keys(through_the_wire(encode_keys([math.nan])))[0])


def test_names_of_collections_travel_once():
    given_keys = [("a-name-of-a-collection-" + "0" * 32, i) for i in range(1000)]
    assert len(msgpack.packb(encode_keys(given_keys))) < 4 * len(given_keys)
    texts = [f"inc-{'0' * 32}-{i}" for i in range(1000)]
    assert len(msgpack.packb(encode_keys(texts))) < 5 * len(texts)


@pytest.mark.parametrize("wrong", [None, b"x", ["a"], {"a": 1}, ("x", None), object()])
def test_what_can_not_be_a_key_is_refused(wrong):
    with pytest.raises(TypeError, match="a key must be a str, int, float or a tuple of them, not "):
        encode_keys(["x", wrong])


def test_endless_nesting_is_refused():
    deep = ()
    for _ in range(500):
        deep = (deep,)
    with pytest.raises(TypeError, match="nested more than 100 levels"):
        encode_keys([deep, 1])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (None, "not a list"),
        ([], "not a list"),
        ([9], "has the form 9"),
        ([0, None], "a NoneType can't be a key"),
        ([1, "x" * 257, "a"], "prefix"),
        ([1, 3, "a"], "prefix"),
        ([1], "malformed"),
        ([1, "a", 3], "malformed"),
        ([2], "keys of 0 items"),
        ([2, *[[3, "x"]] * 40, [0, 1]], "keys of 41 items"),
        ([2, [3, "x"]], "differ in length"),
        ([2, [0, 1], [0, 1, 2]], "differ in length"),
        ([4, ["a"], [1]], "malformed"),
        ([4, ["a"], [-1]], "refers to texts"),
        ([4, [None], [0]], "refers to texts"),
        ([4, ["a"], 3], "malformed"),
        ([3, "x"], "has the form 3"),
        ([5, [1, 2], [1, [0, ["a"]]]], "announces other lengths"),
        ([5, [1], [1, [0, ["a"], ["b"]]]], "announces other lengths"),
        ([5, [1], [1]], "malformed"),
        ([5, [[]], [1, [0, ["a"]]]], "malformed"),
        ([5, 3, [1, [0, ["a"]]]], "malformed"),
        ([5], "malformed"),
    ],
)
def test_malformed_columns(column, message):
    with pytest.raises(ProtocolError, match=message):
        decode_keys(column)


def test_tuples_of_few_lengths_stand_in_columns():
    keys = [key for i in range(4) for key in (("x", i), ("sum", 0, i), ("x", -i - 1))]
    column = encode_keys(keys)
    assert column[:2] == [5, [2, 3, 2] * 4]
    assert decode_keys(column) == keys
    many = [("x", *range(length)) for length in range(20)]
    assert encode_keys(many)[0] == 0
    assert decode_keys(encode_keys(many)) == many
    assert decode_keys(encode_keys([(), ("x",)])) == [(), ("x",)]


def test_deeply_nested_columns_are_refused():
    column = [0, 1]
    for _ in range(150):
        column = [2, column]
    with pytest.raises(ProtocolError, match="not a list that begins with its form"):
        decode_keys(column)
    item = 1
    for _ in range(5000):
        item = [item]
    with pytest.raises(ProtocolError, match="malformed"):
        decode_keys([0, item])
