"""Tokens of pyarrow objects: chunking, offsets and the memory of nulls make no difference."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.tokenize import tokenize

D = decimal.Decimal
NOON = datetime.datetime(2020, 1, 1, 12)
COLUMNS = {
    "int": (pa.int64(), [1, None, 3, 4]),
    "small": (pa.int8(), [1, None, 3, 4]),
    "half": (pa.float16(), [1.0, None, 3.0, 4.0]),
    "float": (pa.float64(), [1.0, None, float("nan"), -0.0]),
    "bool": (pa.bool_(), [True, None, False, True]),
    "null": (pa.null(), [None, None, None, None]),
    "string": (pa.string(), ["a", None, "", "bcd"]),
    "large string": (pa.large_string(), ["a", None, "", "bcd"]),
    "binary": (pa.binary(), [b"a", None, b"", b"bcd"]),
    "large binary": (pa.large_binary(), [b"a", None, b"", b"bcd"]),
    "fixed": (pa.binary(2), [b"ab", None, b"cd", b"ef"]),
    "decimal": (pa.decimal128(10, 2), [D("1.00"), None, D("2.50"), D(0)]),
    "timestamp": (pa.timestamp("us"), [NOON, None, NOON, NOON]),
    "zoned": (pa.timestamp("us", "UTC"), [NOON, None, NOON, NOON]),
    "date": (pa.date32(), [NOON.date(), None, NOON.date(), NOON.date()]),
    "duration": (pa.duration("s"), [datetime.timedelta(1), None, datetime.timedelta(2), datetime.timedelta(0)]),
    "list": (pa.list_(pa.int64()), [[1], None, [], [2, None, 3]]),
    "large list": (pa.large_list(pa.string()), [["a"], None, [], ["b", None]]),
    "fixed list": (pa.list_(pa.int64(), 2), [[1, 2], None, [3, None], [4, 5]]),
    "struct": (
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, None, {"a": None, "b": ""}, {"a": 2, "b": "y"}],
    ),
    "nested": (pa.list_(pa.list_(pa.string())), [[["a"], None], None, [], [[], ["b", "c"]]]),
    "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1)], None, [], [("b", 2), ("c", None)]]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", None, "b", "a"]),
    "string view": (pa.string_view(), ["a", None, "", "a long string that isn't inlined"]),
    "list view": (pa.list_view(pa.int64()), [[1], None, [], [2, 3]]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_chunks_and_offsets_do_not_matter(name):
    type_, values = COLUMNS[name]
    whole = pa.array(values, type_)
    expected = tokenize(pa.chunked_array([whole]))
    longer = pa.concat_arrays([whole, whole, whole])
    assert tokenize(longer[4:8]) == tokenize(whole)
    for chunks in ([whole[:1], whole[1:]], [whole[:2], whole[2:2], whole[2:3], whole[3:]], [longer[4:6], longer[2:4]]):
        assert tokenize(pa.chunked_array(chunks, type_)) == expected
    table = pa.table({"a": whole})
    assert tokenize(table) == tokenize(pa.concat_tables([table[:1], table[1:]]))
    assert tokenize(pa.table({"a": whole[1:]})) == tokenize(table[1:])


@pytest.mark.parametrize("name", COLUMNS)
def test_values_and_nulls_count(name):
    type_, values = COLUMNS[name]
    variants = [values, values[:3], values[::-1], [*values, None], [None, *values[1:]], [values[0], *values[2:], None]]
    different = {repr(v): v for v in variants}
    assert len({tokenize(pa.array(v, type_)) for v in different.values()}) == len(different)


def test_types_differ():
    arrays = [pa.array(values, type_) for type_, values in COLUMNS.values()]
    for make in (
        lambda a: a,
        lambda a: a[:0],
        lambda a: a.type,
        lambda a: pa.field("a", a.type),
        lambda a: pa.table({"a": a}),
    ):
        assert len({tokenize(make(a)) for a in arrays}) == len(arrays)


def test_memory_of_nulls_does_not_matter():
    validity = pa.py_buffer(b"\x05")
    one, two = (
        pa.Array.from_buffers(pa.int32(), 3, [validity, pa.py_buffer(b"\1\0\0\0" + x * 4 + b"\2\0\0\0")])
        for x in (b"a", b"b")
    )
    assert one.equals(two)
    assert tokenize(one) == tokenize(two) == tokenize(pa.array([1, None, 2], pa.int32()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.text(max_size=3)), st.lists(st.none() | st.text(max_size=3)), st.integers(0, 5))
def test_strings_agree_exactly_where_equal(a, b, cut):
    left, right = (pa.chunked_array([pa.array(x, pa.string())]) for x in (a, b))
    assert (tokenize(left) == tokenize(right)) == (a == b)
    assert tokenize(
        pa.chunked_array([left.slice(0, cut).combine_chunks(), left.slice(cut).combine_chunks()])
    ) == tokenize(left)


def test_dictionaries_of_chunks_are_unified():
    one = pa.chunked_array([pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()])
    two = pa.chunked_array([pa.array(["a", "b", "c", "a"]).dictionary_encode()])
    assert tokenize(one) == tokenize(two)


def test_unions_and_runs():
    runs = pc.run_end_encode(pa.array([1, 1, 2]))
    assert (
        tokenize(runs)
        == tokenize(pc.run_end_encode(pa.array([1, 1, 2])))
        != tokenize(pc.run_end_encode(pa.array([1, 2, 2])))
    )

    def union(codes):
        return pa.UnionArray.from_sparse(pa.array(codes, pa.int8()), [pa.array([1, 2]), pa.array([1.0, 2.0])])

    assert tokenize(union([0, 1])) == tokenize(union([0, 1])) != tokenize(union([1, 0]))


def test_extension_types():
    class Own(pa.ExtensionType):
        def __init__(self, name="own"):
            super().__init__(pa.int64(), name)

        def __arrow_ext_serialize__(self):
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            return cls()

    def make(values, name="own"):
        return pa.ExtensionArray.from_storage(Own(name), pa.array(values))

    assert tokenize(make([1, 2])) == tokenize(make([0, 1, 2])[1:])
    assert len({tokenize(x) for x in (make([1, 2]), make([1, 3]), make([1, 2], "other"), pa.array([1, 2]))}) == 4


def test_tables_and_schemas():
    table = pa.table({"a": [1, 2]})
    forms = [
        table,
        table.rename_columns(["b"]),
        table.replace_schema_metadata({"k": "v"}),
        table.cast(pa.schema([("a", pa.int32())])),
        table.cast(pa.schema([pa.field("a", pa.int64(), nullable=False)])),
        table.to_batches()[0],
        table.schema,
        table["a"],
        table["a"].chunk(0),
        table.select([]),
    ]
    assert len({tokenize(x, ensure_deterministic=True) for x in forms}) == len(forms)


def test_scalars_buffers_expressions():
    values = [
        pa.scalar(1),
        pa.scalar(2),
        pa.scalar(1, pa.int8()),
        pa.scalar("1"),
        pa.scalar(None),
        pa.scalar(None, pa.int64()),
        1,
    ]
    values += [pa.scalar([1, 2]), pa.scalar({"a": 1}), pa.scalar(NOON), pa.py_buffer(b"a"), pa.py_buffer(b"b"), b"a"]
    values += [pc.field("a") > 1, pc.field("a") > 2, pc.field("b") > 1, pc.field("a") < 1, pc.scalar(1)]
    assert len({tokenize(x, ensure_deterministic=True) for x in values}) == len(values)
    assert tokenize(pc.field("a") > 1) == tokenize(pc.field("a") > 1)
