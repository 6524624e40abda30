from __future__ import annotations

import pyarrow as pa
import pytest

from minidask.dataframe.io.parquet_schema import (
    check_schema,
    fused_type,
    holds_null_type,
    same_type,
    typed_elsewhere,
    widened,
)


def test_typed_elsewhere():
    one, other = pa.schema([("x", pa.null()), ("y", pa.null())]), pa.schema([("x", pa.int64()), ("y", pa.null())])
    assert {name: schema.field(name).type for name, schema in typed_elsewhere([one, other]).items()} == {
        "x": pa.int64()
    }


def test_messages_name_file_and_column():
    one = pa.schema([("x", pa.int64())])
    check_schema("a", one, "b", one)
    with pytest.raises(ValueError, match="b: the column 'x' is string, but int64 in a"):
        check_schema("a", one, "b", pa.schema([("x", pa.string())]))
    with pytest.raises(ValueError, match=r"b: the columns differ from those of a: missing: \['x'\]"):
        check_schema("a", one, "b", pa.schema([]))


def test_same_type():
    assert same_type(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string()))
    assert not same_type(pa.dictionary(pa.int8(), pa.string()), pa.string())
    assert not same_type(pa.dictionary(pa.int8(), pa.string(), ordered=True), pa.dictionary(pa.int8(), pa.string()))
    assert same_type(pa.null(), pa.int8())
    assert not same_type(pa.timestamp("us"), pa.timestamp("us", tz="UTC"))
    assert not same_type(pa.int32(), pa.int64())


def test_types_inside_lists_and_structures():
    numbers, nulls = pa.list_(pa.int64()), pa.list_(pa.null())
    assert fused_type(nulls, numbers) == fused_type(numbers, nulls) == numbers
    assert fused_type(pa.list_(nulls), pa.list_(numbers)) == pa.list_(numbers)
    assert fused_type(numbers, pa.list_(pa.string())) is None
    one, other = pa.struct([("a", pa.null()), ("b", pa.int8())]), pa.struct([("a", pa.string()), ("b", pa.null())])
    assert fused_type(one, other) == pa.struct([("a", pa.string()), ("b", pa.int8())])
    assert fused_type(one, pa.struct([("a", pa.null())])) is None
    assert [holds_null_type(kind) for kind in (one, nulls, numbers, pa.null(), pa.int8())] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_decimals_of_two_widths_are_one():
    assert fused_type(pa.decimal128(3, 1), pa.decimal128(4, 3)) == pa.decimal128(5, 3)
    assert fused_type(pa.decimal128(38, 0), pa.decimal128(4, 3)) == pa.decimal256(41, 3)
    assert fused_type(pa.decimal256(76, 0), pa.decimal128(4, 3)) is None
    assert fused_type(pa.list_(pa.decimal128(3, 1)), pa.list_(pa.decimal128(3, 2))) == pa.list_(pa.decimal128(4, 2))
    assert fused_type(pa.decimal128(3, 1), pa.int64()) is None


def test_types_that_differ_in_width_alone_have_one_that_holds_both():
    assert same_type(pa.list_(pa.int8()), pa.large_list(pa.int8()))
    assert same_type(pa.binary(), pa.large_binary())
    assert not same_type(pa.binary(), pa.string())
    schemas = [
        pa.schema([("d", kind), ("s", text), ("n", null), ("c", code)])
        for kind, text, null, code in [
            (pa.decimal128(3, 2), pa.string_view(), pa.null(), pa.dictionary(pa.int8(), pa.string())),
            (pa.decimal128(4, 1), pa.string(), pa.int8(), pa.dictionary(pa.int32(), pa.large_string())),
            (pa.null(), pa.large_string(), pa.null(), pa.null()),
        ]
    ]
    assert widened(schemas) == {"d": pa.decimal128(5, 2), "s": pa.string()}
